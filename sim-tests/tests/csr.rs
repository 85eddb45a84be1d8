//! `csr` against its golden, and faults that this finds.

mod common;
use alberti_rtl::Design;
use common::{design, equals_its_golden, finds, variant};

/// The fewest address bits, a wide program base, block sparsity.
fn narrow() -> Design {
    variant("pu16_8of16", &[("csr: {}", "csr: {address_bits: 8, program_address_bits: 40}")])
}

/// The most address bits, masks with error correction.
fn wide() -> Design {
    let masks = "latency: 1, masks: {words: 4096, latency: 2, ecc: secded}}\n  activation";
    let csr = "csr: {address_bits: 32, program_address_bits: 64}";
    variant("pu4", &[("latency: 1}\n  activation", masks), ("csr: {}", csr)])
}

equals_its_golden! { "csr":
    holds_for_pu4 => design("pu4");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_the_fewest_address_bits => narrow();
    holds_for_the_most_address_bits => wide();
}

finds! { "csr":
    a_write_that_does_not_wait_for_its_data_is_found: design("pu4"), "alb_csr.v",
        "write = aw_full_q && w_full_q &&" => "write = aw_full_q &&";
    a_write_that_does_not_wait_for_its_address_is_found: design("pu4"), "alb_csr.v",
        "write = aw_full_q && w_full_q &&" => "write = w_full_q &&";
    a_write_that_overtakes_a_response_is_found: design("pu4"), "alb_csr.v",
        "w_full_q && (!b_valid_q || s_axil_bready)" => "w_full_q";
    a_write_that_waits_for_an_idle_response_channel_is_found: design("pu4"), "alb_csr.v",
        "w_full_q && (!b_valid_q || s_axil_bready)" => "w_full_q && !b_valid_q";
    a_read_that_overtakes_a_response_is_found: design("pu4"), "alb_csr.v",
        "ar_full_q && (!r_valid_q || s_axil_rready)" => "ar_full_q";
    an_address_that_changes_while_it_waits_is_found: design("pu4"), "alb_csr.v",
        "if (!aw_full_q) aw_address_q" => "aw_address_q";
    data_that_change_while_they_wait_are_found: design("pu4"), "alb_csr.v",
        "if (!w_full_q) begin" => "begin";
    a_read_address_that_changes_while_it_waits_is_found: design("pu4"), "alb_csr.v",
        "if (!ar_full_q) ar_address_q" => "ar_address_q";
    a_response_to_a_write_that_is_not_held_is_found: design("pu4"), "alb_csr.v",
        "write || (b_valid_q && !s_axil_bready)" => "write";
    a_response_to_a_read_that_is_not_held_is_found: design("pu4"), "alb_csr.v",
        "read || (r_valid_q && !s_axil_rready)" => "read";
    a_strobe_of_another_byte_is_found: design("pu4"), "alb_csr.v",
        "{8{w_strobe_q[1]}}" => "{8{w_strobe_q[2]}}";
    a_cleared_bit_of_a_setting_that_stays_is_found: design("pu4"), "alb_csr.v",
        "(program_base_q & ~mask) | ones" => "program_base_q | ones";
    bytes_without_strobe_that_are_cleared_are_found: design("pu4"), "alb_csr.v",
        "(program_base_q & ~mask) | ones" => "ones";
    an_event_that_a_clearing_swallows_is_found: design("pu4"), "alb_csr.v",
        "if (interrupt_cause_done_i) interrupt_cause_done_q <= 1'b1;\n            else if (write_interrupt_cause && ones[0]) \
         interrupt_cause_done_q <= 1'b0;" =>
        "if (write_interrupt_cause && ones[0]) interrupt_cause_done_q <= 1'b0;\n            else if (interrupt_cause_done_i) \
         interrupt_cause_done_q <= 1'b1;";
    a_cause_that_zeros_clear_is_found: design("pu4"), "alb_csr.v",
        "else if (write_interrupt_cause && ones[1])" => "else if (write_interrupt_cause)";
    a_command_that_stays_is_found: design("pu4"), "alb_csr.v",
        "control_start_q <= write_control && ones[0]" => "control_start_q <= control_start_q || write_control && ones[0]";
    a_command_without_its_strobe_is_found: design("pu4"), "alb_csr.v",
        "write_control && ones[0]" => "write_control && w_data_q[0]";
    counters_that_are_read_without_a_snapshot_are_found: design("pu4"), "alb_csr.v",
        "else if (counters_snapshot_q)" => "else";
    a_cause_that_is_not_enabled_and_interrupts_is_found: design("pu4"), "alb_csr.v",
        "(interrupt_cause_error_q && interrupt_enable_error_q)" => "interrupt_cause_error_q";
    a_write_to_nowhere_that_is_well_is_found: design("pu4"), "alb_csr.v",
        "if (write) b_error_q <= !write_known" => "if (write) b_error_q <= 1'b0";
    a_read_of_nowhere_that_is_well_is_found: design("pu4"), "alb_csr.v",
        "read_known = 1'b0" => "read_known = 1'b1";
    an_error_of_another_kind_is_found: design("pu4"), "alb_csr.v",
        "s_axil_rresp   = {r_error_q, 1'b0}" => "s_axil_rresp   = {r_error_q, r_error_q}";
    a_register_that_is_seen_twice_is_found: design("pu4"), "alb_csr.v",
        "case ({ar_address_q, 2'b00})" => "case ({1'b0, ar_address_q[ADDR_W-2:2], 2'b00})";
    a_response_that_a_reset_leaves_is_found: design("pu4"), "alb_csr.v",
        "r_valid_q <= 1'b0;" => "r_valid_q <= r_valid_q;";
    a_request_that_a_reset_leaves_is_found: design("pu4"), "alb_csr.v",
        "            aw_full_q <= 1'b0;" => "            aw_full_q <= aw_full_q;";
    a_setting_that_a_reset_leaves_is_found: design("pu4"), "alb_csr.v",
        "program_length_q <= 32'h0;" => "program_length_q <= program_length_q;";
    a_magic_number_that_is_wrong_is_found: design("pu4"), "alb_csr.v",
        "32'h414c4254" => "32'h414c4255";
}

//! `dma` against its golden, and faults that this finds.

mod common;
use alberti_rtl::Design;
use common::{equals_its_golden, finds, variant};

/// An accelerator with another port to external memory.
fn port(address_bits: u32, data_bits: u32, burst_beats: u32) -> Design {
    let axi = format!("{{address_bits: {address_bits}, data_bits: {data_bits}, burst_beats: {burst_beats}}}");
    variant("accelerator4", &[("{address_bits: 40, data_bits: 64, burst_beats: 16}", &axi)])
}

fn accelerator4() -> Design {
    common::design("accelerator4")
}

equals_its_golden! { "dma":
    holds_for_accelerator4 => accelerator4();
    holds_for_the_narrowest_port => port(32, 32, 64);
    holds_for_the_widest_port => port(64, 128, 64);
    holds_for_the_longest_bursts => port(40, 64, 256);
    holds_for_longest_bursts_of_a_page => port(48, 128, 256);
    holds_for_single_beats => port(40, 32, 1);
    holds_for_bursts_that_do_not_divide_a_page => port(33, 64, 100);
}

finds! { "dma":
    a_burst_that_crosses_a_boundary_is_found: accelerator4(), "alb_dma.v",
        "span = left < BURST ? left : BURST" => "span = BURST";
    a_burst_of_one_beat_too_many_is_found: accelerator4(), "alb_dma.v",
        "length_less_one = length - 1'b1" => "length_less_one = length";
    a_last_burst_that_is_as_long_as_the_others_is_found: accelerator4(), "alb_dma.v",
        "is_last ? left_q[SPAN_W-1:0] : span_q" => "span_q";
    a_last_burst_of_the_longest_length_that_is_not_the_last_is_found: accelerator4(), "alb_dma.v",
        "after[BEATS_W] || after[BEATS_W-1:0] == {BEATS_W{1'b0}}" => "after[BEATS_W]";
    an_address_that_changes_while_it_waits_is_found: accelerator4(), "alb_dma.v",
        "write_q ? !aw_valid_q || m_axi_awready : !ar_valid_q || m_axi_arready" => "1'b1";
    an_address_that_is_not_held_is_found: accelerator4(), "alb_dma.v",
        "else if (m_axi_arready) ar_valid_q <= 1'b0" => "else ar_valid_q <= 1'b0";
    an_address_that_is_offered_twice_is_found: accelerator4(), "alb_dma.v",
        "else if (m_axi_awready) aw_valid_q <= 1'b0" => "else if (m_axi_awready && !m_axi_wvalid) aw_valid_q <= 1'b0";
    a_page_that_is_not_counted_on_is_found: accelerator4(), "alb_dma.v",
        "if (next_offset[OFFSET_W]) address_q" => "if (1'b0) address_q";
    more_open_bursts_than_are_promised_are_found: accelerator4(), "alb_dma.v",
        "open_q != OPEN && channel_free" => "channel_free";
    bursts_that_wait_for_the_one_before_are_found: accelerator4(), "alb_dma.v",
        "open_q != OPEN && channel_free" => "open_q == {OPEN_W{1'b0}} && channel_free";
    a_burst_that_is_begun_after_an_abort_is_found: accelerator4(), "alb_dma.v",
        "more_q && !stop_q && open_q" => "more_q && open_q";
    an_abort_while_a_command_is_taken_that_is_forgotten_is_found: accelerator4(), "alb_dma.v",
        "if (take) stop_q <= abort_i" => "if (take) stop_q <= 1'b0";
    an_abort_that_lasts_on_is_found: accelerator4(), "alb_dma.v",
        "if (take) stop_q <= abort_i;\n        else if" => "if (abort_i) stop_q <= 1'b1;\n        else if";
    a_command_that_is_taken_during_an_abort_is_found: accelerator4(), "alb_dma.v",
        "ready_q <= state_d == IDLE && !abort_i" => "ready_q <= state_d == IDLE";
    a_range_that_wraps_and_is_moved_is_found: accelerator4(), "alb_dma.v",
        "refused = wraps ||" => "refused =";
    a_range_that_ends_at_the_highest_address_and_is_refused_is_found: accelerator4(), "alb_dma.v",
        " && end_low[31:0] != 32'd0" => "";
    a_range_that_ends_at_four_gigabytes_and_is_refused_is_found: accelerator4(), "alb_dma.v",
        " && address_q[ADDR_W-1:32] == {(ADDR_W-32){1'b1}}" => "";
    an_address_that_is_not_aligned_and_is_moved_is_found: accelerator4(), "alb_dma.v",
        "wraps || address_q[BYTE_W-1:0] != {BYTE_W{1'b0}}" => "wraps";
    a_partial_beat_that_is_lost_is_found: accelerator4(), "alb_dma.v",
        "{1'b0, bytes_q[31:BYTE_W]} + {{(BEATS_W-1){1'b0}}, partial}" => "{1'b0, bytes_q[31:BYTE_W]}";
    a_partial_beat_that_is_written_whole_is_found: accelerator4(), "alb_dma.v",
        "data_last && partial ? tail : {BYTES{1'b1}}" => "{BYTES{1'b1}}";
    whole_last_beats_without_a_strobe_are_found: accelerator4(), "alb_dma.v",
        "data_last && partial ? tail :" => "data_last ? tail :";
    data_that_come_before_their_address_are_found: accelerator4(), "alb_dma.v",
        "due        = due_q != {OPEN_W{1'b0}}" => "due        = due_q != {OPEN_W{1'b0}} || begins && write_q || state_q == RUN && more_q";
    data_that_wait_for_their_address_to_be_taken_are_found: accelerator4(), "alb_dma.v",
        "due        = due_q != {OPEN_W{1'b0}}" => "due        = due_q != {OPEN_W{1'b0}} && !aw_valid_q";
    strobes_after_an_abort_are_found: accelerator4(), "alb_dma.v",
        "strobe & {BYTES{!stop_q}}" => "strobe";
    data_that_are_taken_after_an_abort_are_found: accelerator4(), "alb_dma.v",
        "write_ready_o = due && !stop_q && pushed_ready" => "write_ready_o = due && pushed_ready";
    beats_behind_an_error_that_are_given_are_found: accelerator4(), "alb_dma.v",
        "m_axi_rvalid && !stop_q && !m_axi_rresp[1]" => "m_axi_rvalid && !m_axi_rresp[1]";
    a_beat_with_an_error_that_is_given_is_found: accelerator4(), "alb_dma.v",
        "m_axi_rvalid && !stop_q && !m_axi_rresp[1]" => "m_axi_rvalid && !stop_q";
    a_last_of_every_burst_is_found: accelerator4(), "alb_dma.v",
        "taken_data   = {data_last, m_axi_rdata}" => "taken_data   = {data_end, m_axi_rdata}";
    a_write_whose_bursts_have_no_last_is_found: accelerator4(), "alb_dma.v",
        "{data_end, strobe" => "{data_last, strobe";
    a_burst_whose_data_are_counted_over_the_boundary_is_found: accelerator4(), "alb_dma.v",
        "data_end ? span(data_next) : data_span_q - 1'b1" => "data_end ? BURST : data_span_q - 1'b1";
    an_error_that_does_not_stop_the_command_is_found: accelerator4(), "alb_dma.v",
        "|| abort_i || (state_q == RUN && fails)" => "|| abort_i";
    the_last_of_several_failures_is_found: accelerator4(), "alb_dma.v",
        "else if (!failed_q && fails) begin" => "else if (fails) begin";
    the_address_of_a_later_burst_is_found: accelerator4(), "alb_dma.v",
        "else if (!failed_q && answered) begin" => "else if (answered) begin";
    a_failure_whose_page_is_wrong_is_found: accelerator4(), "alb_dma.v",
        "if (answer_offset[OFFSET_W]) answer_address_q" => "if (1'b0) answer_address_q";
    a_failure_that_the_next_command_inherits_is_found: accelerator4(), "alb_dma.v",
        "response_q       <= {1'b0, refused}" => "response_q       <= response_q | {1'b0, refused}";
    a_command_that_is_done_before_its_answers_is_found: accelerator4(), "alb_dma.v",
        " && open_q == {OPEN_W{1'b0}} && !read_valid_o" => " && !read_valid_o && !aw_valid_q && !ar_valid_q";
    a_command_that_is_done_before_its_beats_are_taken_is_found: accelerator4(), "alb_dma.v",
        "open_q == {OPEN_W{1'b0}} && !read_valid_o" => "open_q == {OPEN_W{1'b0}}";
    a_burst_that_a_reset_leaves_is_found: accelerator4(), "alb_dma.v",
        "open_q     <= {OPEN_W{1'b0}};" => "open_q     <= open_q;";
    data_that_a_reset_leaves_are_found: accelerator4(), "alb_dma.v",
        "if (!rst_ni) due_q <= {OPEN_W{1'b0}};" => "if (!rst_ni) due_q <= due_q;";
    an_address_that_a_reset_leaves_is_found: accelerator4(), "alb_dma.v",
        "            aw_valid_q <= 1'b0;\n            ar" => "            aw_valid_q <= aw_valid_q;\n            ar";
    bytes_of_dropped_data_that_are_counted_are_found: accelerator4(), "alb_dma.v",
        "{(BYTE_W+1){write_beat && !stop_q}}" => "{(BYTE_W+1){write_beat}}";
    bytes_of_a_partial_beat_that_count_as_whole_are_found: accelerator4(), "alb_dma.v",
        "data_last && partial ? {1'b0, bytes_q[BYTE_W-1:0]} :" => "1'b0 ? {1'b0, bytes_q[BYTE_W-1:0]} :";
    a_response_within_the_cycle_is_found: accelerator4(), "alb_dma.v",
        "m_axi_rready = taken_ready || stop_q" => "m_axi_rready = (taken_ready || stop_q) && m_axi_rvalid";
}

#[test]
fn beats_that_nobody_takes_after_an_abort_hang_and_are_found() {
    let change = (
        "alb_dma.v",
        "pushed_valid  = due && (stop_q || write_valid_i)",
        "pushed_valid  = due && !stop_q && write_valid_i",
    );
    common::hangs("dma", &accelerator4(), "beats_that_nobody_takes_after_an_abort_hang_and_are_found", change);
}

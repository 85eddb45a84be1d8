//! The whole accelerator against the interpreter of its programs, instruction by instruction, and faults that
//! this finds.

mod common;
use common::{accelerator4_2of4, accelerator4_2of4_with, design, equals_its_golden, failure, finds, variant};

equals_its_golden! { "accelerator":
    holds_for_four_lanes => design("accelerator4");
    holds_for_a_wide_bus_and_one_bank => variant("accelerator4", &[
        ("banks: 2", "banks: 1"),
        ("data_bits: 64, burst_beats: 16", "data_bits: 128, burst_beats: 256"),
    ]);
    holds_for_five_functions => variant("accelerator4", &[("activation: gelu", "activation: [gelu_erf, tanh, silu]")]);
    holds_for_blocks_of_four => accelerator4_2of4();
    holds_for_a_block_a_lane_and_four_banks => variant("accelerator4", &[
        ("datapath:\n  n: 4", "datapath:\n  n: 8\n  sparsity: {kind: block, nonzeros: 8, block: 16}"),
        ("banks: 2", "banks: 4"),
    ]);
    holds_for_blocks_without_zero_skip => accelerator4_2of4_with(&[("  n: 4", "  n: 4\n  zero_skip: false")]);
}

finds! { "accelerator":
    a_result_that_waits_for_one_memory_only_is_found: design("accelerator4"), "alb_matrix_engine.v",
        "&& (!wide_due || wide_write_ready_i)" => "";
    records_that_the_next_instruction_changes_are_found: design("accelerator4"), "alb_matrix_engine.v",
        "if (taken[SOURCE] && !from_rows) begin" => "if (taken[SOURCE]) begin";
    a_gathered_row_that_is_not_filled_with_zeros_is_found: design("accelerator4"), "alb_matrix_engine.v",
        "vector_data & {(N*CODE_W){!beyond_masks}}" => "vector_data";
    a_tile_of_columns_that_is_loaded_by_rows_is_found: design("accelerator4"), "alb_matrix_engine.v",
        "tile_columns_q      <= gemm_source_i[0];" => "tile_columns_q      <= 1'b0;";
    a_wait_for_one_instruction_fewer_is_found: design("accelerator4"), "alb_sequencer.v",
        "unfinished_q <= most;" => "unfinished_q <= most + 2'd1;";
    a_loop_of_one_iteration_more_is_found: design("accelerator4"), "alb_sequencer.v",
        "again     = loop_remaining_q != 16'd1" => "again     = loop_remaining_q != 16'd0";
    an_exit_that_forgets_iterations_is_found: design("accelerator4"), "alb_sequencer.v",
        "exit_layer + iteration_q" => "exit_layer";
    a_bit_that_no_field_has_and_that_is_let_pass_is_found: design("accelerator4"), "alb_sequencer.v",
        "wire legal = stray == 512'd0" => "wire legal = stray[479:0] == 480'd0";
    a_watchdog_that_sleeps_is_found: design("accelerator4"), "alb_sequencer.v",
        "starved = watchdog_limit_i != 32'd0 &&" => "starved = 1'b0 &&";
    a_program_that_runs_past_its_end_is_found: design("accelerator4"), "alb_sequencer.v",
        "past_end  = pc_q == count_q" => "past_end  = 1'b0";
    a_halt_that_does_not_wait_is_found: design("accelerator4"), "alb_sequencer.v",
        "FINISH: if (&idle) begin" => "FINISH: begin";
    a_row_of_another_bank_is_found: design("accelerator4"), "alb_global_buffer_activation.v",
        "stream_bank_q <= stream_address_i[WORD_W +: BANK_W];" => "stream_bank_q <= stream_address_i[0 +: BANK_W];";
    a_write_that_is_lost_while_a_bank_is_read_is_found: design("accelerator4"), "alb_global_buffer_activation.v",
        "write_ready[i]                 = write_free[b];" => "write_ready[i]                 = 1'b1;";
    a_row_past_the_end_that_nobody_reports_is_found: design("accelerator4"), "alb_global_buffer_wide.v",
        "else out_of_range_q <= out_of_range;" => "else out_of_range_q <= 1'b0;";
    a_beat_that_is_put_elsewhere_is_found: design("accelerator4"), "alb_transfer_engine.v",
        "<< (beat_q * BEAT_W)" => "<< (last_beat_q * BEAT_W)";
    data_that_count_from_the_program_are_found: design("accelerator4"), "alb_transfer_engine.v",
        "(of_data ? data_base_i : program_base_i)" => "program_base_i";
    rows_of_one_bank_that_are_not_counted_are_found: design("accelerator4"), "alb_event_counters.v",
        "{1'd0, activation_read_i[1]}" => "{1'd0, activation_read_i[0]}";
    a_write_that_is_counted_before_it_is_taken_is_found: design("accelerator4"), "alb_global_buffer_activation.v",
        "written_q <= write_grant & write_free;" => "written_q <= write_grant;";
    an_exit_that_is_not_counted_is_found: design("accelerator4"), "alb_sequencer.v",
        "issued_q <= 1'b1;" => "issued_q <= !is_exit;";
    counters_that_a_fault_resets_are_found: design("accelerator4"), "alb_accelerator.v",
        "u_event_counters (\n        .clk_i                      (clk_i),\n        .rst_ni                     (rst_ni)"
        => "u_event_counters (\n        .clk_i                      (clk_i),\n        .rst_ni                     (units_rst_n)";
    a_unit_that_is_busy_when_it_is_idle_is_found: design("accelerator4"), "alb_sequencer.v",
        "matrix_busy_o     = !idle[0]" => "matrix_busy_o     = idle[0]";
    vectors_of_odd_passes_that_are_those_of_even_ones_are_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "assign odd_base     = gemm_stream_base_i + {{(ADDR_W-16){1'b0}}, gemm_stream_pass_i};"
        => "assign odd_base     = gemm_stream_base_i;";
    odd_passes_where_there_are_none_are_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "has_odd      = gemm_passes_i != 16'd1" => "has_odd      = 1'b1";
    a_job_of_a_tile_for_each_pass_is_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "job_passes_q   <= tiles_of_job[PASS_W-1:0] - 1'b1" => "job_passes_q   <= gemm_passes_i[PASS_W-1:0] - 1'b1";
    a_last_pass_that_is_taken_for_half_a_tile_of_blocks_is_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "tile_blocks_q && !(tile_odd_q && passes_remaining_q == 16'd1)" => "tile_blocks_q";
    a_tile_of_blocks_whatever_the_instruction_says_is_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "tile_blocks_q       <= gemm_blocks_i;" => "tile_blocks_q       <= 1'b1;";
    values_of_a_block_that_are_spread_by_its_mask_are_found: accelerator4_2of4(), "alb_matrix_engine.v",
        "mask_data[N-1:0] | {N{mask_block}}" => "mask_data[N-1:0]";
    masks_that_do_not_wait_for_their_values_are_found: accelerator4_2of4(), "alb_matrix_engine.v",
        ".mask_i   (vector_mask)" => ".mask_i   (mask_data)";
    blocks_of_what_is_no_record_are_found: accelerator4_2of4(), "alb_sequencer.v",
        "&& !(is_gemm && gemm_blocks_o && gemm_source_o != 2'd0)" => "";
    a_row_of_a_bank_that_is_not_its_own_is_found: accelerator4_2of4(), "alb_global_buffer_activation.v",
        "odd_bank_q <= odd_address_i[0 +: BANK_W];" => "odd_bank_q <= odd_address_i[WORD_W +: BANK_W];";
    a_transfer_that_ends_before_its_response_is_found: design("accelerator4"), "alb_transfer_engine.v",
        "default: if ((done_seen_q || done_valid_i) && settled" => "default: if (settled";
    weights_that_are_kept_though_they_were_loaded_anew_are_found: design("accelerator4"), "alb_accelerator.v",
        "forget         = values_written || masks_written || sequencer_fetch_valid" => "forget         = sequencer_fetch_valid";
}

/// Demands that a fault is found at an instruction of a kind, and how it differs.
fn names(mutation: &str, change: (&str, &str, &str), kind: &str, what: &str) {
    let error = failure("accelerator", &design("accelerator4"), mutation, change).to_string();
    let (_, named) =
        error.split_once("of those done), ").unwrap_or_else(|| panic!("{mutation} names nothing: {error}"));
    let (instruction, difference) = named.split_once('\n').unwrap_or_default();
    assert!(instruction.starts_with(kind), "{mutation}: {instruction}");
    let difference = difference.lines().next().unwrap_or_default();
    assert!(what.split('*').all(|part| difference.contains(part)), "{mutation}: {difference}");
}

/// One test for each fault whose first effect must be put down to the instruction that it has it in.
macro_rules! named {
    ($($name:ident: $file:literal, $from:literal => $to:literal, $kind:literal, $what:literal;)*) => {$(
        #[test]
        fn $name() {
            names(stringify!($name), ($file, $from, $to), $kind, $what);
        }
    )*};
}

named! {
    a_wrong_sum_of_powers_is_a_softmax: "alb_softmax.v", "(sum_q >> risen_q)" => "sum_q",
        "softmax", "of the activation memory, lane *: expected 0x*, got 0x";
    a_wrong_sum_of_rows_is_an_elementwise: "alb_elementwise_engine.v",
        "(elementwise_b_shift_i)" => "(elementwise_a_shift_i)",
        "elementwise", "of the wide memory, lane *: expected *, got ";
    a_wrong_tile_is_a_gemm: "alb_matrix_engine.v", "tile_columns_q      <= gemm_source_i[0];" => "tile_columns_q      <= 1'b0;",
        "gemm source=", "memory, lane *: expected ";
    an_instruction_that_is_done_too_early_is_named: "alb_matrix_engine.v",
        "done_q      <= result_taken && result_address_last;" => "done_q      <= taken[RESULTS];",
        "gemm", "is not written when it is done";
    a_row_that_is_written_twice_is_named: "alb_matrix_engine.v",
        "code_sent_q <= !result_taken && (code_sent_q ||" => "code_sent_q <= 1'b0 && (code_sent_q ||",
        "gemm", "of the activation memory";
    a_row_that_goes_to_another_place_is_named: "alb_global_buffer_wide.v",
        "write_row[b*WORD_W +: WORD_W]  = write_address[i*ADDR_W +: WORD_W];"
        => "write_row[b*WORD_W +: WORD_W]  = write_address[i*ADDR_W +: WORD_W] ^ {{(WORD_W-1){1'b0}}, i != 2};",
        "", "expected row *of the wide memory, got row ";
    a_row_that_nobody_asked_for_is_named: "alb_global_buffer_parameter.v",
        "bank_write_valid   = write_grant;" => "bank_write_valid   = write_grant | {BANKS{read_valid == 0 && write_valid == 0}};",
        "", "of the parameter memory: no unit writes it";
    a_store_of_other_bytes_is_named: "alb_transfer_engine.v",
        "else content_q <= content_q >> BEAT_W;" => "else content_q <= content_q;",
        "store", "of external memory: expected ";
}

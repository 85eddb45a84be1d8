//! `processing_unit` against its golden: whole matrix multiplies under all stalls, and faults that this finds.

mod common;
use alberti_rtl::Design;
use common::{design, edge4_2of4, edge4_with_pipeline, edge8_4of8, equals_its_golden, finds, variant};

/// The fewest lanes: weight tiles load faster than a sum comes back.
fn two_lanes() -> Design {
    variant("edge4", &[("datapath:\n  n: 4", "datapath:\n  n: 2")])
}

// Of the largest memories a part will do: filling them is what takes the time.
equals_its_golden! { "processing_unit":
    holds_for_two_lanes => two_lanes();
    holds_for_four_lanes => design("edge4");
    holds_for_six_lanes => design("odd6");
    holds_for_sixteen_lanes => design("edge16");
    holds_for_thirty_two_lanes => variant("edge32", &[("weight: {values: 4194304", "weight: {values: 131072")]);
    #[ignore = "a minute of compilation: `make test-full` runs it"]
    holds_for_sixty_four_lanes => design("edge64");
    holds_for_block_sparse_weights => design("edge16_8of16");
    holds_for_blocks_of_four => edge4_2of4();
    holds_for_blocks_of_eight => edge8_4of8();
    holds_for_fixed_point_of_8_bits => design("edge8_q3_5");
    holds_for_fixed_point_of_16_bits => variant("edge16_q3_13", &[("weight: {values: 1048576", "weight: {values: 131072")]);
    holds_for_relu_alone => variant("edge4", &[("activation: gelu", "activation: relu")]);
    holds_without_activation => variant("edge4", &[("activation: gelu", "activation: none")]);
    holds_for_one_register => edge4_with_pipeline(1);
    holds_for_three_registers => edge4_with_pipeline(3);
    holds_for_slow_memories => variant("edge4", &[
        ("weight: {values: 16384, latency: 1}", "weight: {values: 16384, latency: 5}"),
        ("activation: {values: 4096, latency: 1}", "activation: {values: 4096, latency: 8}"),
    ]);
    holds_without_zero_skip => variant("edge4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  zero_skip: false")]);
}

finds! { "processing_unit":
    a_counter_that_does_not_clear_is_found: design("edge4"), "alb_processing_unit.v",
        "clear_i ? {COUNT_W{1'b0}} : held_count_q" => "1'b0 ? {COUNT_W{1'b0}} : held_count_q";
    a_unit_that_reads_a_row_before_its_sum_is_written_is_found: two_lanes(), "alb_processing_unit.v",
        "localparam [1:0]        SHORT     = 3" => "localparam [1:0]        SHORT     = 2";
    a_unit_that_starts_a_pass_without_its_weights_is_found: design("edge4"), "alb_processing_unit.v",
        "(tile_full_q && gap_q == 2'd0)" => "(gap_q == 2'd0)";
    a_unit_that_loads_weights_over_those_that_wait_is_found: design("edge4"), "alb_processing_unit.v",
        "assign row_ready = !tile_full_q || swap" => "assign row_ready = 1'b1";
    a_unit_whose_results_run_over_under_back_pressure_is_found: design("edge4"), "alb_processing_unit.v",
        "(!last_pass || room_q != {ROOM_W{1'b0}})" => "1'b1";
    a_unit_for_four_lanes_only_is_found: design("odd6"), "alb_processing_unit.v",
        "LAST_LANE = 5" => "LAST_LANE = 3";
    a_unit_that_takes_its_first_pass_for_its_last_is_found: design("edge4"), "alb_processing_unit.v",
        ".token_first_i (first_pass)" => ".token_first_i (last_pass)";
    a_zero_skip_that_tests_the_weights_is_found_in_the_unit: design("edge4"), "alb_vmac_array.v",
        "significand[i*SIGNIFICAND_W+SIGNIFICAND_W-1]" => "load_weight_i[i*8 +: 7] != 7'd0";
    an_accumulator_of_16_bits_is_found_in_the_unit: design("edge4"), "alb_accumulator.v",
        "read_data[j*ACC_W +: ACC_W]" => "{{(ACC_W-16){read_data[j*ACC_W+15]}}, read_data[j*ACC_W +: 16]}";
    a_plain_tile_that_always_takes_the_even_slot_is_found: edge4_2of4(), "alb_processing_unit.v",
        "odd_q <= !last_pass && (odd_q ^ !blocks)" => "odd_q <= 1'b0";
    a_function_that_does_not_wait_for_its_sums_is_found: design("edge4"), "alb_processing_unit.v",
        "final_function = final_scale[SCALES_W +: FUNC_W]" => "final_function = job_function_i";
    a_shift_after_gelu_that_does_not_wait_for_its_sums_is_found: design("edge4"), "alb_processing_unit.v",
        "final_after    = final_scale[SCALES_W+FUNC_W +: AFTER_W]" => "final_after    = job_after_i";
    a_function_of_the_job_before_is_found: design("edge4"), "alb_accumulator.v",
        "if (start[ADD]) final_scale_q <= scale_q;" => "if (start[READ]) final_scale_q <= scale_q;";
    results_that_go_past_the_activation_are_found: design("edge4"), "alb_processing_unit.v",
        ".scale_i      (activated_scale)" => ".scale_i      (final_shift)";
    a_buffer_without_room_for_the_rows_in_the_activation_is_found: design("edge4"), "alb_processing_unit.v",
        "localparam ROOM     = 9" => "localparam ROOM     = 11";
    a_segment_that_is_closed_by_every_job_is_found: design("edge4"), "alb_processing_unit.v",
        "last_row && (first ? job_close_i : close_q)" => "last_row";
}

#[test]
fn a_unit_that_never_gives_room_back_hangs_and_is_found() {
    let change = ("alb_processing_unit.v", "else if (give && !(go && last_pass)) room_q <= room_q + 1'b1;", "");
    common::hangs("processing_unit", &design("edge4"), "a_unit_that_never_gives_room_back_hangs_and_is_found", change);
}

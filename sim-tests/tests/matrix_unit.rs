//! `matrix_unit` against its golden: jobs of all kinds under all stalls, and faults that this finds.

mod common;
use alberti_rtl::Design;
use common::{accelerator4_2of4, design, equals_its_golden, finds, pu4_2of4, pu4_with_pipeline, pu8_4of8, variant};

/// The fewest lanes: weight tiles load faster than a sum comes back.
fn two_lanes() -> Design {
    variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 2")])
}

/// An accelerator with another number of registers between operands and sum.
fn accelerator4_with_pipeline(registers: u32) -> Design {
    variant("accelerator4", &[("datapath:\n  n: 4", &format!("datapath:\n  n: 4\n  pipeline: {registers}"))])
}

equals_its_golden! { "matrix_unit":
    holds_for_two_lanes => two_lanes();
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_blocks_of_four => pu4_2of4();
    holds_for_blocks_of_eight => pu8_4of8();
    holds_for_fixed_point_of_8_bits => design("pu8_q3_5");
    holds_for_one_register => pu4_with_pipeline(1);
    holds_for_three_registers => pu4_with_pipeline(3);
    holds_without_zero_skip => variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  zero_skip: false")]);
    holds_in_an_accelerator => design("accelerator4");
    holds_in_an_accelerator_without_activation => variant("accelerator4", &[("activation: gelu", "activation: none")]);
    holds_in_an_accelerator_with_relu_alone => variant("accelerator4", &[("activation: gelu", "activation: relu")]);
    holds_in_an_accelerator_with_blocks_of_four => accelerator4_2of4();
    holds_in_an_accelerator_with_one_register => accelerator4_with_pipeline(1);
    holds_in_an_accelerator_with_three_registers => accelerator4_with_pipeline(3);
}

finds! { "matrix_unit":
    a_counter_that_does_not_clear_is_found: design("pu4"), "alb_matrix_unit.v",
        "clear_i ? {COUNT_W{1'b0}} : held_count_q" => "1'b0 ? {COUNT_W{1'b0}} : held_count_q";
    a_unit_that_reads_a_row_before_its_sum_is_written_is_found: two_lanes(), "alb_matrix_unit.v",
        "localparam [1:0]        SHORT     = 3" => "localparam [1:0]        SHORT     = 2";
    a_unit_that_waits_a_cycle_too_long_after_short_passes_is_found: two_lanes(), "alb_matrix_unit.v",
        "SHORT - rows[1:0]" => "SHORT";
    a_unit_that_starts_a_pass_without_its_weights_is_found: design("pu4"), "alb_matrix_unit.v",
        "(tile_full_q && gap_q == 2'd0)" => "(gap_q == 2'd0)";
    a_unit_that_loads_weights_over_those_that_wait_is_found: design("pu4"), "alb_matrix_unit.v",
        "assign weight_ready_o = !tile_full_q || swap" => "assign weight_ready_o = 1'b1";
    a_unit_that_loads_the_next_tile_a_cycle_late_is_found: design("pu4"), "alb_matrix_unit.v",
        "assign weight_ready_o = !tile_full_q || swap" => "assign weight_ready_o = !tile_full_q";
    a_unit_whose_results_run_over_under_back_pressure_is_found: design("pu4"), "alb_matrix_unit.v",
        "(!last_pass || room_q != {ROOM_W{1'b0}})" => "1'b1";
    a_unit_for_four_lanes_only_is_found: design("pu6"), "alb_matrix_unit.v",
        "LAST_LANE = 5" => "LAST_LANE = 3";
    a_unit_that_takes_its_first_pass_for_its_last_is_found: design("pu4"), "alb_matrix_unit.v",
        ".token_first_i (first_pass)" => ".token_first_i (last_pass)";
    a_plain_tile_that_always_takes_the_even_slot_is_found: pu4_2of4(), "alb_matrix_unit.v",
        "odd_q <= !last_pass && (odd_q ^ !blocks)" => "odd_q <= 1'b0";
    a_plain_item_that_takes_what_a_selector_says_is_found: pu4_2of4(), "alb_matrix_unit.v",
        "weight_select_i & {N*SELECT_W{weight_block_i}}" => "weight_select_i";
    an_item_of_the_other_kind_that_is_not_counted_is_found: pu4_2of4(), "alb_matrix_unit.v",
        "(weight_block_i != tile_block || (weight_block_i" => "((weight_block_i";
    a_tile_of_the_kind_of_its_last_item_is_found: pu4_2of4(), "alb_matrix_unit.v",
        "tile_block = lane_q == {LANE_W{1'b0}} ? weight_block_i : tile_block_q" => "tile_block = weight_block_i";
    a_function_that_does_not_wait_for_its_sums_is_found: design("pu4"), "alb_matrix_unit.v",
        "final_function = final_scale[SCALES_W +: FUNC_W]" => "final_function = job_function_i";
    a_shift_after_gelu_that_does_not_wait_for_its_sums_is_found: design("pu4"), "alb_matrix_unit.v",
        "final_activation_shift = final_scale[SCALES_W+FUNC_W +: ACTIVATION_SHIFT_W]" => "final_activation_shift = job_activation_shift_i";
    a_function_of_the_job_before_is_found: design("pu4"), "alb_accumulator.v",
        "if (start[ADD]) final_scale_q <= scale_q;" => "if (start[READ]) final_scale_q <= scale_q;";
    results_that_go_past_the_activation_are_found: design("pu4"), "alb_matrix_unit.v",
        ".scale_i      (activated_scale)" => ".scale_i      (final_shift)";
    a_buffer_without_room_for_the_rows_in_the_activation_is_found: design("pu4"), "alb_matrix_unit.v",
        "localparam ROOM     = 9" => "localparam ROOM     = 11";
    a_segment_that_is_closed_by_every_job_is_found: design("pu4"), "alb_matrix_unit.v",
        "last_row && (first ? job_close_i : close_q)" => "last_row";
    a_tile_by_columns_of_every_item_that_says_so_is_found: design("accelerator4"), "alb_matrix_unit.v",
        "columns = lane_q == {LANE_W{1'b0}} ? weight_columns_i : columns_q" => "columns = weight_columns_i";
    a_tile_by_columns_that_keeps_the_choices_of_the_one_before_is_found: accelerator4_2of4(), "alb_vmac.v",
        "if (load_place_i[k]) shadow_select_q" => "if (1'b0) shadow_select_q";
    a_wide_shift_that_does_not_wait_for_the_activation_is_found: design("accelerator4"), "alb_matrix_unit.v",
        "assign wide_shift = wide_shift_q[1*WIDE_SHIFT_W +: WIDE_SHIFT_W]" => "assign wide_shift = wide_shift_q[0 +: WIDE_SHIFT_W]";
    a_wide_shift_of_the_shift_after_gelu_is_found: design("accelerator4"), "alb_matrix_unit.v",
        "final_scale[SCALES_W+FUNC_W+ACTIVATION_SHIFT_W +: WIDE_SHIFT_W]" => "final_scale[SCALES_W+FUNC_W +: WIDE_SHIFT_W]";
    wide_results_in_the_place_of_codes_are_found: design("accelerator4"), "alb_matrix_unit.v",
        "assign result_wide_o = oldest[N*CODE_W +: WIDES_W]" => "assign result_wide_o = oldest[0 +: WIDES_W]";
}

#[test]
fn a_unit_that_never_gives_room_back_hangs_and_is_found() {
    let change = ("alb_matrix_unit.v", "else if (give && !(go && last_pass)) room_q <= room_q + 1'b1;", "");
    common::hangs("matrix_unit", &design("pu4"), "a_unit_that_never_gives_room_back_hangs_and_is_found", change);
}

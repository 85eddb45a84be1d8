//! `processing_unit` against its golden: whole matrix multiplies under all stalls, and faults that this
//! finds.

mod common;
use alberti_rtl::Design;
use common::{design, equals_its_golden, finds, pu4_2of4, pu4_with_pipeline, pu8_4of8, variant};

/// The fewest lanes: weight tiles load faster than a sum comes back.
fn two_lanes() -> Design {
    variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 2")])
}

// Of the largest memories a part will do: filling them is what takes the time.
equals_its_golden! { "processing_unit":
    holds_for_two_lanes => two_lanes();
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_thirty_two_lanes => variant("pu32", &[("weight: {values: 4194304", "weight: {values: 131072")]);
    #[ignore = "a minute of compilation: `make test-full` runs it"]
    holds_for_sixty_four_lanes => design("pu64");
    holds_for_block_sparse_weights => design("pu16_8of16");
    holds_for_blocks_of_four => pu4_2of4();
    holds_for_blocks_of_eight => pu8_4of8();
    holds_for_fixed_point_of_8_bits => design("pu8_q3_5");
    holds_for_fixed_point_below_one => design("pu8_q1_7");
    holds_for_fixed_point_of_16_bits => variant("pu16_q3_13", &[("weight: {values: 1048576", "weight: {values: 131072")]);
    holds_for_relu_alone => variant("pu4", &[("activation: gelu", "activation: relu")]);
    holds_without_activation => variant("pu4", &[("activation: gelu", "activation: none")]);
    holds_for_one_register => pu4_with_pipeline(1);
    holds_for_three_registers => pu4_with_pipeline(3);
    holds_for_slow_memories => variant("pu4", &[
        ("weight: {values: 16384, latency: 1}", "weight: {values: 16384, latency: 5}"),
        ("activation: {values: 4096, latency: 1}", "activation: {values: 4096, latency: 8}"),
    ]);
    holds_in_an_accelerator => design("accelerator4");
    holds_without_zero_skip => variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  zero_skip: false")]);
}

// What the matrix unit may do wrong is found by its own scenario; here, that the unit around it would show it
// as well.
finds! { "processing_unit":
    a_unit_that_reads_a_row_before_its_sum_is_written_is_found: two_lanes(), "alb_matrix_unit.v",
        "localparam [1:0]        SHORT     = 3" => "localparam [1:0]        SHORT     = 2";
    a_unit_whose_results_run_over_under_back_pressure_is_found: design("pu4"), "alb_matrix_unit.v",
        "(!last_pass || room_q != {ROOM_W{1'b0}})" => "1'b1";
    a_zero_skip_that_tests_the_weights_is_found_in_the_unit: design("pu4"), "alb_vmac_array.v",
        "significand[i*SIGNIFICAND_W+SIGNIFICAND_W-1]" => "load_weight_i[i*8 +: 7] != 7'd0";
    an_accumulator_of_16_bits_is_found_in_the_unit: design("pu4"), "alb_accumulator.v",
        "read_data[j*ACC_W +: ACC_W]" => "{{(ACC_W-16){read_data[j*ACC_W+15]}}, read_data[j*ACC_W +: 16]}";
    a_plain_tile_that_always_takes_the_even_slot_is_found: pu4_2of4(), "alb_matrix_unit.v",
        "odd_q <= !last_pass && (odd_q ^ !blocks)" => "odd_q <= 1'b0";
    a_segment_that_is_closed_by_every_job_is_found: design("pu4"), "alb_matrix_unit.v",
        "last_row && (first ? job_close_i : close_q)" => "last_row";
    a_block_item_that_takes_as_many_values_as_its_mask_has_ones_is_found: pu4_2of4(), "alb_processing_unit.v",
        "weight_data_i[N-1:0] | {N{weight_block_i}}" => "weight_data_i[N-1:0]";
    masks_that_do_not_wait_for_their_values_are_found: pu4_2of4(), "alb_processing_unit.v",
        "assign mask_read_ready  = row_valid && row_ready" => "assign mask_read_ready  = row_valid";
    an_accelerator_that_takes_compressed_weights_by_columns_is_found: design("accelerator4"), "alb_processing_unit.v",
        "assign no_columns    = 1'b0" => "assign no_columns    = 1'b1";
}

#[test]
fn a_unit_that_never_gives_room_back_hangs_and_is_found() {
    let change = ("alb_matrix_unit.v", "else if (give && !(go && last_pass)) room_q <= room_q + 1'b1;", "");
    common::hangs("processing_unit", &design("pu4"), "a_unit_that_never_gives_room_back_hangs_and_is_found", change);
}

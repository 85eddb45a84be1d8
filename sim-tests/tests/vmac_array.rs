//! `vmac_array` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, pu4_2of4, pu4_with_pipeline, variant};

equals_its_golden! { "vmac_array":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_block_sparse_weights => design("pu16_8of16");
    holds_for_blocks_of_four => pu4_2of4();
    holds_for_fixed_point_of_8_bits => design("pu8_q3_5");
    holds_for_fixed_point_of_16_bits => variant("pu16_q3_13", &[("datapath:\n  n: 16", "datapath:\n  n: 8")]);
    holds_for_three_registers => pu4_with_pipeline(3);
    holds_in_an_accelerator => design("accelerator4");
    holds_without_zero_skip => variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  zero_skip: false")]);
}

finds! { "vmac_array":
    a_zero_skip_that_tests_the_wrong_operand_is_found: design("pu4"), "alb_vmac_array.v",
        "significand[i*SIGNIFICAND_W+SIGNIFICAND_W-1]" => "load_weight_i[i*8 +: 7] != 7'd0";
    a_zero_skip_that_takes_the_negative_zero_for_a_value_is_found: pu4_2of4(), "alb_vmac_array.v",
        "assign nonzero[i] = code[OP_W-2:0] != {(OP_W-1){1'b0}}" => "assign nonzero[i] = code != {OP_W{1'b0}}";
    a_zero_skip_that_comes_a_cycle_early_is_found: design("pu4"), "alb_vmac_array.v",
        "assign skip   = skip_q[ADD-1]" => "assign skip   = skip_q[ADD-2]";
    an_array_that_loads_every_lane_is_found: design("pu4"), "alb_vmac_array.v",
        "load_valid_i && load_lane_i == j[LANE_W-1:0]" => "load_valid_i";
    a_column_that_loads_its_lane_as_well_is_found: design("accelerator4"), "alb_vmac_array.v",
        "load_valid_i && !load_columns_i && load_lane_i" => "load_valid_i && load_lane_i";
    a_column_that_every_lane_takes_from_the_first_is_found: design("accelerator4"), "alb_vmac_array.v",
        ".load_code_i   (load_weight_i[lane*OP_W +: OP_W])" => ".load_code_i   (load_weight_i[0 +: OP_W])";
    an_array_that_decodes_the_raw_code_of_zero_as_a_value_is_found: design("pu4"), "alb_af8_3_decode.v",
        "hidden = |code_i[6:0]" => "hidden = 1'b1";
}

//! `vmac` against its golden, every product of 8-bit codes among it, and faults that this finds.

mod common;
use common::{accelerator4_2of4, design, equals_its_golden, finds, pu4_2of4, pu4_with_pipeline, variant};

equals_its_golden! { "vmac":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_block_sparse_weights => design("pu16_8of16");
    holds_for_blocks_of_four => pu4_2of4();
    holds_for_fixed_point_of_8_bits => design("pu8_q3_5");
    holds_for_fixed_point_below_one => design("pu8_q1_7");
    holds_for_fixed_point_of_16_bits => design("pu16_q3_13");
    holds_for_one_register => pu4_with_pipeline(1);
    holds_for_three_registers => pu4_with_pipeline(3);
    holds_for_fixed_point_with_one_register => variant("pu8_q3_5", &[("datapath:\n  n: 8", "datapath:\n  n: 4\n  pipeline: 1")]);
    holds_for_fixed_point_with_three_registers => variant("pu8_q3_5", &[("datapath:\n  n: 8", "datapath:\n  n: 4\n  pipeline: 3")]);
    holds_in_an_accelerator => design("accelerator4");
    holds_in_an_accelerator_with_blocks_of_four => accelerator4_2of4();
    holds_without_zero_skip => variant("pu4", &[("datapath:\n  n: 4", "datapath:\n  n: 4\n  zero_skip: false")]);
}

finds! { "vmac":
    an_accumulator_of_16_bits_that_wraps_silently_is_found: design("pu4"), "alb_vmac.v",
        "skip_i ? addend_i : total" => "skip_i ? addend_i : {{(ACC_W-16){total[15]}}, total[15:0]}";
    a_multiplier_that_takes_the_raw_code_of_zero_for_a_value_is_found: design("pu4"), "alb_vmac.v",
        "a[4] && w[6:0] != 7'd0" => "a[4]";
    a_multiplier_that_forgets_the_sign_of_the_weight_is_found: design("pu4"), "alb_vmac.v",
        "a[8] ^ w[7]" => "a[8]";
    a_dot_product_with_its_last_term_in_place_of_the_first_is_found: design("pu4"), "alb_vmac.v",
        "dot + terms[k*DOT_W +: DOT_W]" => "dot + terms[(k == 0 ? N - 1 : k)*DOT_W +: DOT_W]";
    a_negative_product_without_its_carry_is_found: design("pu4"), "alb_vmac.v",
        "{{(DOT_W-1){1'b0}}, part_q[k*PART_W + 17]}" => "{DOT_W{1'b0}}";
    a_skip_that_drops_the_addend_is_found: design("pu4"), "alb_vmac.v",
        "skip_i ? addend_i" => "skip_i ? {ACC_W{1'b0}}";
    a_swap_that_takes_the_weights_of_the_next_load_is_found: design("pu4"), "alb_vmac.v",
        "weight_q <= shadow_q" => "weight_q <= load_i ? load_weight_i : shadow_q";
    a_place_that_takes_the_lanes_own_weight_is_found: design("accelerator4"), "alb_vmac.v",
        "shadow_q[k*OP_W +: OP_W] <= load_code_i" => "shadow_q[k*OP_W +: OP_W] <= load_weight_i[k*OP_W +: OP_W]";
    a_place_that_loads_the_whole_lane_is_found: design("accelerator4"), "alb_vmac.v",
        "if (load_place_i[k])" => "if (load_place_i != {N{1'b0}})";
    a_place_that_does_not_take_its_first_choice_is_found: accelerator4_2of4(), "alb_vmac.v",
        "shadow_select_q[k*SELECT_W +: SELECT_W] <= {SELECT_W{1'b0}}" =>
        "shadow_select_q[k*SELECT_W +: SELECT_W] <= load_select_i[k*SELECT_W +: SELECT_W]";
    a_multiplier_that_adds_the_sign_row_of_a_negative_weight_is_found: design("pu8_q3_5"), "alb_vmac.v",
        "{1'b0, {(OP_W-1){1'b1}}}" => "{1'b1, {(OP_W-1){1'b0}}}";
}

//! `activation` against its golden, and faults that this finds.

mod common;
use alberti_arith::ActivationSet;
use alberti_rtl::{Design, design::activation_words};
use common::{check, design, equals_its_golden, finds, variant};

/// Four lanes with ReLU alone.
fn relu() -> Design {
    with("relu")
}

/// Four lanes with other functions.
fn with(functions: &str) -> Design {
    variant("pu4", &[("activation: gelu", &format!("activation: {functions}"))])
}

/// Each function as a design asks for it, whichever there are.
#[test]
fn every_function_holds() {
    for (word, set) in activation_words() {
        let design = with(word);
        assert_eq!(design.datapath.activation, set, "{word}");
        if set != ActivationSet::IDENTITY {
            check("activation", &design);
        }
    }
}

equals_its_golden! { "activation":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes_by_the_error_function => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_relu_alone => relu();
    holds_for_both_forms_of_gelu => with("[gelu, gelu_erf]");
    holds_for_a_table_beside_a_function_that_ends => with("[gelu, relu6]");
    holds_for_two_tables_beside_a_function_that_ends => with("[gelu, gelu_erf, relu6]");
    holds_for_the_widest_sums => variant("pu4", &[("accumulator_bits: 35", "accumulator_bits: 48")]);
    holds_for_the_narrowest_sums =>
        variant("pu8_q3_5", &[
            ("accumulator_bits: 28", "accumulator_bits: 24\n  activation: gelu"),
            ("reduction_max: 3072", "reduction_max: 504"),
        ]);
}

finds! { "activation":
    a_shift_that_does_not_round_is_found: design("pu4"), "alb_activation_lane.v",
        "{{VALUE_W{1'b0}}, span[0]}" => "{(VALUE_W+1){1'b0}}";
    a_half_of_a_negative_sum_that_rounds_down_is_found: design("pu4"), "alb_activation_lane.v",
        "span = {{(SPAN_W-ACC_W){1'b0}}, from, below}" => "span = {{(SPAN_W-ACC_W){1'b0}}, from, 1'b0}";
    a_sum_that_wraps_at_24_bits_is_found: design("pu4"), "alb_activation_lane.v",
        "= lost || carry" => "= carry";
    a_sum_that_rounds_up_out_of_range_is_found: design("pu4"), "alb_activation_lane.v",
        "= lost || carry" => "= lost";
    a_far_shift_to_the_left_that_comes_round_is_found: design("pu4"), "alb_activation_lane.v",
        "by[4:0] & {5{!by[6] || by[5]}}" => "by[4:0]";
    a_far_shift_to_the_right_that_comes_round_is_found: design("pu4"), "alb_activation_lane.v",
        "if (by[5]) span = span >> 32;" => "";
    an_identity_that_is_shifted_is_found: design("pu4"), "alb_activation_lane.v",
        "scale_i & {SHIFT_W{gelu}}" => "scale_i";
    a_table_that_reaches_too_far_is_found: design("pu4"), "alb_activation_lane.v",
        "gelu_q && !over && value_q[VALUE_W-1:TABLE_W]" => "gelu_q && !over && value_q[VALUE_W-1:TABLE_W+1]";
    a_table_that_identity_looks_up_is_found: design("pu4"), "alb_activation_lane.v",
        "covered = gelu_q && " => "covered = ";
    a_small_negative_result_without_its_sign_is_found: design("pu4"), "alb_activation_lane.v",
        "below_q       <= total[PRODUCT_W-1]" => "below_q       <= 1'b0";
    a_negative_sum_that_relu_lets_through_is_found: design("pu4"), "alb_activation_lane.v",
        "sign && function_i != {FUNCTION_W{1'b0}}" => "sign && gelu";
    a_place_in_the_segment_from_its_beginning_is_found: design("pu4"), "alb_activation_lane.v",
        "{!value_q[2*DIGITS-1], " => "{value_q[2*DIGITS-1], ";
    a_line_of_the_other_form_is_found: design("pu6"), "alb_gelu_erf_line.v",
        "slope_o = 9'd462;" => "slope_o = 9'd463;";
    a_line_of_the_wrong_function_is_found: with("[gelu, gelu_erf]"), "alb_activation_lane.v",
        "assign middle = function_q == 2'd2" => "assign middle = function_q != 2'd2";
    a_function_that_the_next_row_brings_is_found: with("[gelu, gelu_erf]"), "alb_activation_lane.v",
        "assign slope  = function_q == 2'd2" => "assign slope  = function_i == 2'd2";
    a_shift_after_gelu_from_the_next_row_is_found: design("pu4"), "alb_activation.v",
        ".activation_shift_i (activation_shift_q" => ".activation_shift_i (activation_shift_i";
    a_shift_after_gelu_for_all_functions_is_found: design("pu4"), "alb_activation_lane.v",
        "gelu_q ? activation_shift_i : scale_q" => "activation_shift_i";
    a_row_end_that_comes_a_cycle_early_is_found: design("pu4"), "alb_activation.v",
        "activated_last_o  = last_q[STAGES-1]" => "activated_last_o  = last_q[0]";
    an_end_of_another_place_is_found: with("relu6"), "alb_activation_lane.v",
        "MOST = 23'd6144" => "MOST = 23'd6145";
    an_end_that_a_sum_out_of_range_passes_is_found: with("relu6"), "alb_activation_lane.v",
        "ends_q && (over || value_q" => "ends_q && (value_q";
    an_end_of_all_functions_of_numbers_is_found: with("[gelu, relu6]"), "alb_activation_lane.v",
        "ends = ends_q && " => "ends = gelu_q && ";
    a_table_that_a_function_without_one_looks_up_is_found: with("[gelu, relu6]"), "alb_activation_lane.v",
        "covered = tabled_q && " => "covered = gelu_q && ";
    a_relu_of_the_sign_of_another_column_is_found: relu(), "alb_activation.v",
        "function_i && sum_i[j*ACC_W+ACC_W-1]" => "function_i && sum_i[ACC_W-1]";
    a_relu_that_is_always_applied_is_found: relu(), "alb_activation.v",
        "function_i && sum_i" => "sum_i";
}

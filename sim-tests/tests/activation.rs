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
    holds_for_tanh_beside_gelu => with("[gelu_erf, tanh]");
    holds_for_silu_beside_gelu => with("[gelu, silu]");
    holds_for_tanh_and_silu_alone => with("[tanh, silu]");
    holds_for_an_adapter_and_a_pooled_head => with("[gelu_erf, tanh, silu]");
    holds_for_every_function_at_once => with("[gelu, gelu_erf, tanh, silu]");
    holds_for_tanh_and_silu_of_the_widest_sums =>
        variant("pu4", &[
            ("accumulator_bits: 35", "accumulator_bits: 48"),
            ("activation: gelu", "activation: [gelu_erf, tanh, silu]"),
        ]);
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
        "scale_i & {SHIFT_W{number}}" => "scale_i";
    a_table_that_reaches_too_far_is_found: design("pu4"), "alb_activation_lane.v",
        "value_q[VALUE_W-1:TABLE_W] == {" => "value_q[VALUE_W-1:TABLE_W+1] == {";
    a_table_that_identity_looks_up_is_found: design("pu4"), "alb_activation_lane.v",
        "covered = number_q && " => "covered = ";
    a_small_negative_result_without_its_sign_is_found: design("pu4"), "alb_activation_lane.v",
        "below_q       <= result[TABLE_W]" => "below_q       <= 1'b0";
    a_negative_sum_that_relu_lets_through_is_found: design("pu4"), "alb_activation_lane.v",
        "sign && function_i != {FUNCTION_W{1'b0}}" => "sign && number";
    a_place_in_the_segment_from_its_beginning_is_found: design("pu4"), "alb_activation_lane.v",
        "{!seen[2*DIGITS-1], " => "{seen[2*DIGITS-1], ";
    a_line_of_the_other_form_is_found: design("pu6"), "alb_gelu_erf_line.v",
        "slope_o = 9'd462;" => "slope_o = 9'd463;";
    a_line_of_the_wrong_function_is_found: with("[gelu, gelu_erf]"), "alb_activation_lane.v",
        "assign middle = gelu_erf_q ?" => "assign middle = !gelu_erf_q ?";
    a_function_that_the_next_row_brings_is_found: with("[gelu, gelu_erf]"), "alb_activation_lane.v",
        "assign slope  = gelu_erf_q ?" => "assign slope  = function_i[0] ?";
    a_shift_after_gelu_from_the_next_row_is_found: design("pu4"), "alb_activation.v",
        ".activation_shift_i (activation_shift_q" => ".activation_shift_i (activation_shift_i";
    a_shift_after_gelu_for_all_functions_is_found: design("pu4"), "alb_activation_lane.v",
        "number_q ? activation_shift_i : scale_q" => "activation_shift_i";
    a_row_end_that_comes_a_cycle_early_is_found: design("pu4"), "alb_activation.v",
        "activated_last_o  = last_q[STAGES-1]" => "activated_last_o  = last_q[0]";
    a_relu_of_the_sign_of_another_column_is_found: relu(), "alb_activation.v",
        "function_i && sum_i[j*ACC_W+ACC_W-1]" => "function_i && sum_i[ACC_W-1]";
    a_relu_that_is_always_applied_is_found: relu(), "alb_activation.v",
        "function_i && sum_i" => "sum_i";
    a_tangent_below_zero_that_rounds_down_is_found: with("tanh"), "alb_activation_lane.v",
        "ONE - 1'b1" => "ONE";
    a_tangent_that_is_always_mirrored_is_found: with("tanh"), "alb_activation_lane.v",
        "mirrored_q        <= sign &&" => "mirrored_q        <=";
    a_tangent_that_follows_its_number_is_found: with("tanh"), "alb_activation_lane.v",
        "{FUNCTION_W{1'b0}} ||" => "{FUNCTION_W{1'b0}} &&";
    a_tangent_whose_limit_others_have_is_found: with("[gelu_erf, tanh]"), "alb_activation_lane.v",
        "ONE & {VALUE_W{tanh_q}}" => "ONE & {VALUE_W{number_q}}";
    a_gelu_that_is_mirrored_is_found: with("[gelu_erf, tanh]"), "alb_activation_lane.v",
        "mirrored_q        <= sign && function_i == 2'd3" => "mirrored_q        <= sign && function_i != 2'd1";
    a_table_that_reaches_as_far_as_another_is_found: with("[gelu_erf, silu]"), "alb_activation_lane.v",
        "silu_q || value_q[13:12]" => "number_q || value_q[13:12]";
    a_place_of_another_step_is_found: with("[gelu_erf, silu]"), "alb_activation_lane.v",
        "seen    = silu_q ?" => "seen    = number_q ?";
    a_step_of_all_functions_is_found: with("[gelu_erf, silu]"), "alb_activation_lane.v",
        "seen    = silu_q ?" => "seen    = 1'b0 ?";
    a_narrower_middle_without_its_sign_is_found: with("[gelu_erf, silu]"), "alb_activation_lane.v",
        "{1{gelu_erf_middle[11]}}" => "{1{1'b0}}";
    a_row_past_the_end_of_a_table_is_found: with("silu"), "alb_silu_line.v",
        "middle_o = 13'd2;" => "middle_o = 13'd9;";
}

//! `requantize` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, variant};

equals_its_golden! { "requantize":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_fixed_point_results_of_16_bits => design("pu8_q3_5");
    holds_for_fixed_point_results_below_one => design("pu8_q1_7");
    holds_for_fixed_point_sums_of_43_bits => variant("pu16_q3_13", &[("datapath:\n  n: 16", "datapath:\n  n: 4")]);
    holds_for_fixed_point_results_of_8_bits => variant("pu8_q3_5", &[("result: q9.7", "result: q3.5")]);
    holds_in_an_accelerator => design("accelerator4");
    holds_for_the_widest_sums => variant("pu4", &[("accumulator_bits: 35", "accumulator_bits: 48")]);
}

finds! { "requantize":
    a_mantissa_that_rounds_up_to_two_without_carry_is_found: design("pu4"), "alb_af8_3_round.v",
        "scaled = {offset, mantissa_i} + {11'd0, up}" => "scaled = {offset, mantissa_i + {3'd0, up}}";
    a_value_that_rounds_onto_the_code_of_zero_is_found: design("pu4"), "alb_af8_3_round.v",
        "else if (!(|scaled[6:0]))" => "else if (1'b0)";
    a_magnitude_that_wraps_instead_of_saturating_is_found: design("pu4"), "alb_af8_3_round.v",
        "else if (|scaled[10:7])" => "else if (1'b0)";
    a_tie_that_rounds_away_from_even_is_found: design("pu4"), "alb_af8_3_round.v",
        "round_i & (sticky_i | mantissa_i[0])" => "round_i";
    a_large_negative_sum_that_saturates_to_the_positive_maximum_is_found: design("pu8_q3_5"), "alb_fixed_round_16.v",
        "if (sign_i) begin\n            kept" => "if (sign_i && !overflow) begin\n            kept";
    a_round_up_at_the_positive_end_that_wraps_is_found: design("pu8_q3_5"), "alb_fixed_round_16.v",
        "overflow | (!sign_i & (kept == 16'h7fff))" => "overflow";
    a_row_end_that_comes_a_cycle_early_is_found: design("pu4"), "alb_requantize.v",
        "code_last_q  <= first_last_q" => "code_last_q  <= sum_last_i";
    a_wide_shift_that_wraps_is_found: design("accelerator4"), "alb_requantize.v",
        "moved[SHIFT_W] == moved[SHIFT_W-1]" => "1'b1";
    a_wide_shift_without_its_sign_is_found: design("accelerator4"), "alb_requantize.v",
        "{wide_shift_i[SHIFT_W-1], wide_shift_i}" => "{1'b0, wide_shift_i}";
    wide_results_by_the_shift_of_the_codes_are_found: design("accelerator4"), "alb_requantize.v",
        "wide_scale[wide_first*SHIFT_W +: SHIFT_W]" => "scale_i[wide_first*SHIFT_W +: SHIFT_W]";
    one_shift_for_all_columns_is_found: design("pu4"), "alb_requantize.v",
        "scale_q[second*SHIFT_W +: SHIFT_W]" => "scale_q[0 +: SHIFT_W]";
}

//! `elementwise` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, hangs, variant};

equals_its_golden! { "elementwise":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_two_lanes_of_sixteen => design("pu16");
    holds_for_sixteen_lanes => variant("pu16", &[("elementwise: {lanes: 2}", "elementwise: {}")]);
    holds_for_thirty_two_lanes => variant("pu16", &[("n: 16 ", "n: 32 ")]);
}

finds! { "elementwise":
    a_sum_of_raw_codes_is_found: design("pu4"), "alb_elementwise_lane.v",
        "b_float_i ? significand(b_i[7:0]) : b_i" => "b_i";
    a_significand_of_zero_with_a_hidden_one_is_found: design("pu4"), "alb_elementwise_lane.v",
        "code[6:0] != 7'd0" => "1'b1";
    an_operand_that_saturates_at_25_bits_is_found: design("pu4"), "alb_elementwise_lane.v",
        "{(SUMMAND_W-1){lost}}" => "{(SUMMAND_W-1){1'b0}}";
    a_large_negative_sum_that_saturates_to_the_positive_maximum_is_found: design("pu4"), "alb_elementwise_lane.v",
        "{sign, {(VALUE_W-1){!sign}}}" => "{1'b0, {(VALUE_W-1){1'b1}}}";
    a_half_that_rounds_away_from_zero_is_found: design("pu4"), "alb_elementwise_lane.v",
        "up      = (span[0] ^ sign)" => "up      = span[0]";
    a_round_up_at_the_positive_end_that_wraps_is_found: design("pu4"), "alb_elementwise_lane.v",
        " && (sign || kept != {(SUMMAND_W-1){1'b1}})" => "";
    a_product_whose_negative_rows_lack_a_one_is_found: design("pu4"), "alb_elementwise_lane.v",
        "{{(PRODUCT_W-1){1'b0}}, negative[r]}" => "{PRODUCT_W{1'b0}}";
    a_gain_that_is_applied_to_a_sum_is_found: design("pu4"), "alb_elementwise.v",
        "job_scale_i ? job_gain_i : {{(VALUE_W-1){1'b0}}, 1'b1}" => "job_gain_i";
    a_product_with_the_other_stream_added_is_found: design("pu4"), "alb_elementwise.v",
        "b_data_i & {(N*VALUE_W){!job_scale_q}}" => "b_data_i";
    a_job_that_changes_under_the_vectors_of_the_one_before_is_found: design("pu4"), "alb_elementwise.v",
        "a_distance_q <= job_a_distance_q" => "a_distance_q <= distance(job_a_shift_i)";
    an_end_of_b_that_is_not_counted_is_found: design("pu4"), "alb_elementwise.v",
        "a_last_i != b_last_i" => "a_last_i && !b_last_i";
    a_sum_that_does_not_wait_is_found: design("pu4"), "alb_elementwise.v",
        "= !valid_q[STAGES-1] || sum_ready_i" => "= 1'b1";
}

#[test]
fn a_scale_that_waits_for_the_other_stream_hangs() {
    let change = ("alb_elementwise.v", "= enable && job_valid_q;", "= enable && job_valid_q && b_valid_i;");
    hangs("elementwise", &design("pu4"), "a scale that waits for stream b", change);
}

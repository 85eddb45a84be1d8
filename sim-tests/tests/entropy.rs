//! `entropy` against its golden, and faults that this finds.

#![allow(clippy::unwrap_used)]

mod common;
use alberti_harness::Seed;
use alberti_rtl::{Design, blocks::entropy::latency};
use alberti_scenarios::entropy::{EntropyStimulus, drive};
use common::{design, equals_its_golden, finds, hangs, subject, variant};

/// Four lanes, and another unit.
fn unit(classes_max: u32) -> Design {
    variant("pu4", &[("classes_max: 8", &format!("classes_max: {classes_max}"))])
}

equals_its_golden! { "entropy":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes_and_three_classes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_32_lanes => variant("pu16", &[("n: 16  ", "n: 32  "), ("classes_max: 16", "classes_max: 20")]);
    holds_for_two_classes => unit(2);
    holds_for_64_classes => unit(64);
}

/// Cycles of rows of these numbers of classes.
fn cycles(design: &Design, classes: &[usize]) -> u64 {
    let seed = Seed::from_env().unwrap();
    let subject = subject("entropy", design);
    let library = subject.build().unwrap();
    let rows: Vec<_> =
        classes.iter().map(|&classes| EntropyStimulus { logits: vec![7; classes], threshold: 500 }).collect();
    drive(&subject, &library, &rows, "entropy.cycles", seed).unwrap().cycles
}

#[test]
fn a_row_takes_a_cycle_for_each_class_and_word_and_28() {
    assert_eq!(cycles(&design("pu4"), &[2]), 2 + 8 + 28);
    assert_eq!(cycles(&design("pu4"), &[2]), u64::from(latency(2, 8)) + 1);
    assert_eq!(cycles(&design("pu4"), &[2, 8, 5]), (2 + 8 + 5) + 3 * (8 + 28));
    assert_eq!(cycles(&design("pu16"), &[16; 10]), 10 * (16 + 16 + 28));
    assert_eq!(cycles(&design("pu6"), &[3]), 3 + 4 + 28);
}

finds! { "entropy":
    raw_logits_where_those_of_base_2_were_meant_are_found: design("pu4"), "alb_entropy.v",
        "{15'd0, logit_q} * 31'd23637 + 31'd8192" => "{1'b0, logit_q, 14'd0}";
    a_logarithm_of_the_last_vector_alone_is_found: design("pu4"), "alb_entropy.v",
        "turn && timer_q[CLASS_W-1:0] <= classes_q" => "turn && timer_q[CLASS_W-1:0] <= (classes_q & 3'd3)";
    an_exponential_of_the_product_with_the_distance_is_found: design("pu4"), "alb_entropy.v",
        "octave_q    <= distance[14:10]" => "octave_q    <= (scores_q[14:10] * distance[14:10])";
    an_unscaled_divide_is_found: design("pu4"), "alb_entropy.v",
        "sum_q & {SUM_W{margin_q[0]}}" => "{4'b0001, 15'd0} & {SUM_W{margin_q[0]}}";
    a_maximum_that_starts_from_zero_is_found: design("pu4"), "alb_entropy.v",
        "if (open) maximum_q <= {SCORE_W{1'b0}};" => "if (open) maximum_q <= 17'd47274;";
    a_logit_that_is_cut_off_and_not_rounded_is_found: design("pu4"), "alb_entropy.v",
        "31'd23637 + 31'd8192" => "31'd23637 + 31'd0";
    a_power_that_is_cut_off_and_not_rounded_is_found: design("pu4"), "alb_entropy.v",
        "shifted[POWER_W:1] + {{(POWER_W-1){1'b0}}, shifted[0]}" => "shifted[POWER_W:1]";
    a_distance_that_wraps_past_32_octaves_is_found: design("pu4"), "alb_entropy.v",
        "!counts || distance[16:15] != 2'b00" => "!counts";
    an_entropy_that_equals_the_threshold_and_exits_is_found: design("pu4"), "alb_entropy.v",
        "weighted_q} < {high_q, margin_q}" => "weighted_q} <= {high_q, margin_q}";
    a_threshold_below_the_logarithm_that_wraps_is_found: design("pu4"), "alb_entropy.v",
        "& {MARGIN_W{!margin[MARGIN_W]}}" => "& {MARGIN_W{1'b1}}";
    a_comparison_a_bit_too_early_is_found: design("pu4"), "alb_entropy.v",
        "COMPARE_TIME = MARGIN_W;" => "COMPARE_TIME = MARGIN_W - 1;";
    a_sum_that_goes_on_in_the_next_row_is_found: design("pu4"), "alb_entropy.v",
        "sum_q      <= clear ?" => "sum_q      <= 1'b0 ?";
    a_logarithm_of_half_the_sum_is_found: design("pu4"), "alb_entropy.v",
        "CLASS_W[ZEROS_W-1:0] - zeros" => "CLASS_W[ZEROS_W-1:0] - 1'b1 - zeros";
    a_product_that_meets_the_next_class_is_found: design("pu4"), "alb_entropy.v",
        "distance_q3} *" => "distance_q2} *";
    a_vector_that_goes_on_where_the_last_one_ended_is_found: design("pu4"), "alb_entropy.v",
        "open || vector_end ? {LANE_W{1'b0}}" => "vector_end && !over ? {LANE_W{1'b0}}";
    lanes_that_wrap_only_at_powers_of_two_are_found: variant("pu6", &[("classes_max: 3", "classes_max: 9")]),
        "alb_entropy.v", "over || lane_q == LAST_LANE[LANE_W-1:0]" => "over || lane_q == 3'd7";
    a_decision_that_does_not_wait_is_found: design("pu4"), "alb_entropy.v",
        "default: if (decision_ready_i) state_q" => "default: state_q";
    an_announced_end_that_ends_the_row_is_found: design("pu4"), "alb_entropy.v",
        "LOAD:    if (step && over)" => "LOAD:    if (step && (over || (lane_q == 2'd3 && logit_last_i)))";
    an_end_in_the_wrong_place_that_is_not_counted_is_found: design("pu4"), "alb_entropy.v",
        "logit_last_i != over" => "logit_last_i && !over";
    a_counter_that_does_not_clear_is_found: design("pu4"), "alb_entropy.v",
        "length_error_count_q <= clear_i ?" => "length_error_count_q <= 1'b0 ?";
}

#[test]
fn a_unit_that_never_compares_is_found() {
    let change = ("alb_entropy.v", "LOG:     if (over) state_q <= COMPARE", "LOG:     if (over) state_q <= LOG");
    hangs("entropy", &design("pu4"), "a unit that never compares", change);
}

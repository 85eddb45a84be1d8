//! `hierarchical_softmax` against its golden, and faults that this finds.

#![allow(clippy::unwrap_used)]

mod common;
use alberti_golden::hierarchical_softmax::Hierarchy;
use alberti_harness::Seed;
use alberti_rtl::{Design, blocks::hierarchical_softmax as unit};
use alberti_scenarios::hierarchical_softmax::{HierarchicalStimulus, drive};
use common::{design, equals_its_golden, finds, hangs, subject, variant};

/// Vectors of so many lanes, and another unit.
fn of(lanes: u32, parents_max: u32, children_max: u32) -> Design {
    let other = format!("parents_max: {parents_max}, children_max: {children_max}");
    let lanes = format!("length_max: 32, lanes: {lanes}");
    variant("pu4", &[("parents_max: 8, children_max: 4", &other), ("length_max: 32", &lanes)])
}

equals_its_golden! { "hierarchical_softmax":
    holds_for_four_lanes => design("pu4");
    holds_for_two_lanes_and_the_memory_of_the_paper => of(2, 16, 3);
    holds_for_two_parents_of_one_child => of(2, 2, 1);
    holds_for_64_parents_of_16_children => of(4, 64, 16);
    holds_for_six_lanes => variant("pu6",
        &[("  entropy: {classes_max: 3}\n", "  entropy: {classes_max: 3}\n  hierarchical_softmax: {parents_max: 10, children_max: 3}\n")]);
    holds_without_a_softmax => variant("pu4", &[("  softmax: {length_max: 32}\n", "")]);
    holds_for_lanes_of_the_accelerator => design("accelerator4");
}

/// Cycles of rows of these numbers of parents and children.
fn cycles(design: &Design, shapes: &[(usize, usize)]) -> u64 {
    let seed = Seed::from_env().unwrap();
    let subject = subject("hierarchical_softmax", design);
    let library = subject.build().unwrap();
    let row = |&(parents, children): &(usize, usize)| {
        let of = Hierarchy { parents, children, largest: 2 };
        HierarchicalStimulus { of, scores: vec![3; of.scores()] }
    };
    let rows: Vec<_> = shapes.iter().map(row).collect();
    drive(&subject, &library, &rows, "hierarchical_softmax.cycles", seed).unwrap().cycles
}

#[test]
fn a_row_takes_two_cycles_for_each_score_one_for_each_child_of_a_parent_and_15() {
    assert_eq!(cycles(&of(4, 16, 4), &[(16, 3)]), 5 + 2 * 64 + 3 + 15);
    assert_eq!(cycles(&of(4, 16, 4), &[(16, 3)]), u64::from(unit::cycles(16, 3)) + 5);
    assert_eq!(cycles(&of(4, 16, 4), &[(16, 3); 10]), 10 * 146 + 5);
    assert_eq!(cycles(&of(2, 16, 4), &[(1, 1), (5, 2)]), (4 + 1 + 15) + (30 + 2 + 15) + 5);
}

finds! { "hierarchical_softmax":
    equals_in_the_wrong_order_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "p[PARENT_W-1:0] < self_q" => "p[PARENT_W-1:0] > self_q";
    equals_that_do_not_precede_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "p[PARENT_W-1:0] < self_q" => "1'b0";
    a_parent_too_many_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "rank <= {1'b0, largest_q}" => "rank <= {1'b0, largest_q} + 1'b1";
    a_parent_too_few_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "rank <= {1'b0, largest_q}" => "rank < {1'b0, largest_q}";
    parents_of_the_row_before_that_count_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "p[PARENT_W-1:0] >= oldest" => "1'b1";
    a_sum_over_all_parents_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "rank_valid_q ? chosen : counts_q" => "rank_valid_q ? 1'b1 : counts_q";
    children_of_others_that_weigh_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "sum_q || chosen_q" => "1'b1";
    negative_scores_above_positive_ones_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "[lane_q*SCORE_W +: SCORE_W] ^ 16'h8000" => "[lane_q*SCORE_W +: SCORE_W]";
    a_maximum_of_the_row_before_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "if (first_q || score_q > maximum_q)" => "if (score_q > maximum_q)";
    a_maximum_over_the_children_of_all_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "first_q || score_q > largest_child_q ?" => "score_q > largest_child_q ?";
    a_maximum_that_comes_too_early_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "if (end_q) peak_q <= larger" => "peak_q <= larger";
    a_buffer_of_one_child_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "leaving = group_q[position_q*SCORE_W" => "leaving = group_q[0*SCORE_W";
    a_sum_that_goes_on_at_the_next_parent_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "total_q & {SUM_W{!sum_first_q[2]}}" => "total_q & {SUM_W{!(sum_first_q[2] && of_parents_q[2])}}";
    children_of_the_parent_before_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "sums && parent_q != {PARENT_W{1'b0}}" => "sums";
    an_offset_of_the_next_children_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "peaks_q[5*SCORE_W +: SCORE_W]" => "peaks_q[2*SCORE_W +: SCORE_W]";
    a_distance_of_the_parent_that_is_left_out_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "rank_valid_q ? exponent_q" => "rank_valid_q ? {OFFSET_W{1'b0}}";
    a_logarithm_of_the_parents_that_is_left_out_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "parent_log_q}\n" => "parent_log_q & {LOG_W{1'b0}}}\n";
    a_logarithm_of_half_the_sum_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "OCTAVES - zeros" => "OCTAVES - 1'b1 - zeros";
    offsets_that_are_not_counted_anew_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "|| (state_q == SUMMED && landed)) slot_q" => ") slot_q";
    parents_that_are_ranked_too_early_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "SUMMED:  if (landed)" => "SUMMED:  if (move)";
    children_that_are_weighed_too_early_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "RANKED:  if (landed)" => "RANKED:  if (move)";
    a_power_that_is_cut_off_and_not_rounded_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "shifted[POWER_W:1] + {{(POWER_W-1){1'b0}}, shifted[0]}" => "shifted[POWER_W:1]";
    an_exponent_that_wraps_past_32_octaves_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "{5{exponent[OFFSET_W-1:15] != {(OFFSET_W-15){1'b0}}}}" => "{5{1'b0}}";
    codes_of_another_scale_are_found: design("pu4"), "alb_hierarchical_softmax.v",
        "code_scale  = 7'd7" => "code_scale  = 7'd8";
    a_vector_filled_with_what_was_before_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "codes_q <= {{((LANES-1)*CODE_W){1'b0}}, code}" => "codes_q[0 +: CODE_W] <= code";
    a_vector_that_goes_on_where_the_last_one_ended_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "lane_q <= vector_end ? {LANE_W{1'b0}}" => "lane_q <= vector_end && !pass_end ? {LANE_W{1'b0}}";
    a_pipeline_that_does_not_wait_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "move = !code_valid_q || code_ready_i" => "move = 1'b1";
    an_announced_end_that_ends_the_pass_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "vector_end = pass_end ||" => "vector_end = pass_end || score_last_i ||";
    an_end_in_the_wrong_place_that_is_not_counted_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "score_last_i != pass_end" => "score_last_i && !pass_end";
    a_counter_that_does_not_clear_is_found: design("pu4"), "alb_hierarchical_softmax.v",
        "length_error_count_q <= clear_i ?" => "length_error_count_q <= 1'b0 ?";
}

#[test]
fn a_pass_that_never_ends_is_found() {
    let change = ("alb_hierarchical_softmax.v", "FLUSH:   if (step_end)", "FLUSH:   if (1'b0)");
    hangs("hierarchical_softmax", &design("pu4"), "a pass that never ends", change);
}

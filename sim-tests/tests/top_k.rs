//! `top_k` against its golden, and faults that this finds.

#![allow(clippy::unwrap_used)]

mod common;
use alberti_harness::Seed;
use alberti_rtl::Design;
use alberti_scenarios::top_k::drive;
use common::{design, equals_its_golden, finds, hangs, subject, variant};

/// Four lanes, and another unit.
fn unit(length_max: u32, k: u32) -> Design {
    let other = format!("top_k: {{length_max: {length_max}, k: {k}}}");
    variant("pu4", &[("top_k: {length_max: 16, k: 4}", &other)])
}

equals_its_golden! { "top_k":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes_and_argmax => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_32_lanes =>
        variant("pu16", &[("n: 16  ", "n: 32  "), ("length_max: 64, k: 4", "length_max: 48, k: 5")]);
    holds_for_two_of_two => unit(2, 2);
    holds_for_a_row_in_order => unit(13, 13);
    holds_for_all_of_the_longest => unit(64, 64);
}

/// Cycles of rows of these lengths.
fn cycles(design: &Design, lengths: &[usize]) -> u64 {
    let seed = Seed::from_env().unwrap();
    let subject = subject("top_k", design);
    let library = subject.build().unwrap();
    let rows: Vec<_> = lengths.iter().map(|&length| vec![7; length]).collect();
    drive(&subject, &library, &rows, "top_k.cycles", seed).unwrap().cycles
}

#[test]
fn a_row_takes_a_cycle_for_each_element_and_each_entry() {
    assert_eq!(cycles(&design("pu4"), &[1]), 2 + 1 + 1);
    assert_eq!(cycles(&design("pu4"), &[16]), 2 + 16 + 4);
    assert_eq!(cycles(&design("pu4"), &[16, 3, 9]), 2 + (16 + 4) + (3 + 3) + (9 + 4));
    assert_eq!(cycles(&design("pu16"), &[64; 10]), 2 + 10 * (64 + 4));
    assert_eq!(cycles(&design("pu6"), &[20, 1, 7]), 2 + 21 + 2 + 8);
}

finds! { "top_k":
    equals_in_the_wrong_order_are_found: design("pu4"), "alb_top_k.v",
        "element_value_q > entry_q" => "element_value_q >= entry_q";
    a_row_maximum_that_starts_from_zero_is_found: design("pu4"), "alb_top_k.v",
        "!used[i+1] || element_value_q > entry_q[POS_W +: VALUE_W]"
            => "element_value_q > (used[i+1] ? entry_q[POS_W +: VALUE_W] : 16'h8000)";
    negative_values_above_positive_ones_are_found: design("pu4"), "alb_top_k.v",
        "element_value_q > entry_q[POS_W +: VALUE_W]"
            => "(element_value_q ^ 16'h8000) > (entry_q[POS_W +: VALUE_W] ^ 16'h8000)";
    a_vector_that_goes_on_where_the_last_one_ended_is_found: design("pu4"), "alb_top_k.v",
        "open || vector_end ? {LANE_W{1'b0}}" => "vector_end && !last ? {LANE_W{1'b0}}";
    positions_that_go_on_in_the_next_row_are_found: design("pu6"), "alb_top_k.v",
        "position_q <= {POS_W{1'b0}};" => "position_q <= position_q + 1'b1;";
    lanes_that_wrap_only_at_powers_of_two_are_found: design("pu6"), "alb_top_k.v",
        "last || lane_q == LAST_LANE[LANE_W-1:0]" => "last || lane_q == 3'd7";
    an_element_that_replaces_what_should_move_up_is_found: design("pu4"), "alb_top_k.v",
        "else if (insert && precedes[i]) entry_q <= entries[i*ENTRY_W +: ENTRY_W];"
            => "else if (insert && precedes[i]) entry_q <= entry_q;";
    an_element_that_does_not_wait_for_the_row_before_is_found: design("pu4"), "alb_top_k.v",
        "element_free = !element_valid_q || !leaving_q" => "element_free = 1'b1";
    entries_that_do_not_wait_are_found: design("pu4"), "alb_top_k.v",
        "= leaving_q && entry_ready_i" => "= leaving_q";
    an_end_after_the_last_entry_is_found: design("pu4"), "alb_top_k.v",
        "assign entry_last_o     = leaves_last" => "assign entry_last_o     = 1'b0";
    an_announced_end_that_ends_the_row_is_found: design("pu4"), "alb_top_k.v",
        "last       = position_q == length_q" => "last       = position_q == length_q || (lane_q == 3 && value_last_i)";
    an_end_in_the_wrong_place_that_is_not_counted_is_found: design("pu4"), "alb_top_k.v",
        "value_last_i != last" => "value_last_i && !last";
    a_counter_that_does_not_clear_is_found: design("pu4"), "alb_top_k.v",
        "length_error_count_q <= clear_i ?" => "length_error_count_q <= 1'b0 ?";
}

#[test]
fn a_row_that_never_ends_is_found() {
    let change = ("alb_top_k.v", "(insert && element_last_q) ||", "(insert && element_last_q && 1'b0) ||");
    hangs("top_k", &design("pu4"), "a row that never ends", change);
}

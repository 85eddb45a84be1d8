//! `record_reader` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, variant};

const PU4: &str = "weight: {values: 16384, latency: 1}";

/// A design with a memory for its masks.
fn masked(name: &str, weight: &str, masks: &str) -> alberti_rtl::Design {
    variant(name, &[(weight, &weight.replace('}', &format!(", masks: {{words: {masks}}}}}")))])
}

fn pu4() -> alberti_rtl::Design {
    masked("pu4", PU4, "4096")
}

fn blocks() -> alberti_rtl::Design {
    let (dense, sparse) = ("datapath:\n  n: 4", "datapath:\n  n: 8\n  sparsity: {kind: block, nonzeros: 4, block: 8}");
    variant("pu4", &[(dense, sparse), (PU4, &PU4.replace('}', ", masks: {words: 1000}}"))])
}

equals_its_golden! { "record_reader":
    holds_for_four_lanes => pu4();
    holds_for_six_lanes => masked("pu6", "weight: {values: 24576, latency: 1}", "3000, latency: 2");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_blocks => blocks();
    holds_for_a_slow_memory => masked("pu4", PU4, "4096, latency: 8");
    holds_for_words_that_a_code_guards => masked("pu4", PU4, "4096, latency: 3, ecc: secded");
}

finds! { "record_reader":
    a_reader_that_trusts_the_ones_is_found: pu4(), "alb_record_reader.v",
        "= place_first_q || misplaced;" => "= place_first_q;";
    a_reader_that_expects_a_record_where_the_last_one_ended_is_found: pu4(), "alb_record_reader.v",
        "next_lane_q & {LANE_W{!place_first_q}}" => "next_lane_q";
    a_reader_that_forgets_the_row_of_an_offset_is_found: pu4(), "alb_record_reader.v",
        "place_lane_q != due_lane || place_row_q != due_row" => "place_lane_q != due_lane";
    a_reader_that_counts_lanes_only_at_powers_of_two_is_found:
        masked("pu6", "weight: {values: 24576, latency: 1}", "3000"), "alb_record_reader.v",
        "next_past = next_lane >= LANES" => "next_past = next_lane[LANE_W]";
    a_reader_that_believes_in_any_lane_is_found:
        masked("pu6", "weight: {values: 24576, latency: 1}", "3000"), "alb_record_reader.v",
        "point_past = {1'b0, point_lane} >= LANES" => "point_past = 1'b0";
    a_reader_that_asks_without_room_is_found: pu4(), "alb_record_reader.v",
        "ask  = active_q && room_q != {ROOM_W{1'b0}}" => "ask  = active_q";
    a_reader_that_gives_a_base_over_the_one_that_waits_is_found: pu4(), "alb_record_reader.v",
        " && (!starts || !base_valid_q || base_ready_i)" => "";
    a_reader_that_lets_the_last_item_wait_is_found: pu4(), "alb_record_reader.v",
        "weight_last_o  = give_end_q || starts" => "weight_last_o  = starts";
    a_reader_that_takes_the_upper_masks_of_plain_items_is_found: blocks(), "alb_record_reader.v",
        "read_word_q[MASK_W-1:N] & {(MASK_W-N){read_block}}" => "read_word_q[MASK_W-1:N]";
}

#[test]
fn a_reader_that_never_gives_room_back_hangs_and_is_found() {
    let change = ("alb_record_reader.v", "else if (shift && !ask) room_q <= room_q + 1'b1;", "");
    common::hangs("record_reader", &pu4(), "a_reader_that_never_gives_room_back_hangs_and_is_found", change);
}

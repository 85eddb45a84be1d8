//! `bitmask_decoder` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, variant};

equals_its_golden! { "bitmask_decoder":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_codes_of_16_bits => design("pu16_q3_13");
    holds_for_a_slow_memory => variant("pu4", &[("weight: {values: 16384, latency: 1}", "weight: {values: 16384, latency: 8}")]);
    holds_for_a_memory_that_is_no_power_of_two => variant("pu6", &[("weight: {values: 24576, latency: 1}", "weight: {values: 25002, latency: 3}")]);
}

finds! { "bitmask_decoder":
    a_decoder_that_forgets_the_wrap_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "row_q  <= wraps ? next_row : row" => "row_q  <= row";
    a_decoder_that_reads_the_row_that_it_has_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "lead || fresh ? row : next_row" => "row";
    a_decoder_that_wraps_only_at_powers_of_two_is_found: design("pu6"), "alb_bitmask_decoder_weight.v",
        "wraps   = past >= N[COUNT_W-1:0]" => "wraps   = past[LANE_W]";
    a_decoder_that_reads_a_row_too_early_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        ": past > N[COUNT_W-1:0]" => ": past >= N[COUNT_W-1:0]";
    a_decoder_that_reads_a_row_for_nothing_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "fresh ? count != {COUNT_W{1'b0}}" => "fresh ? 1'b1";
    a_decoder_that_takes_any_row_for_the_one_it_has_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "(kept_valid_q && kept_row_q == base_row_i)" => "kept_valid_q";
    a_decoder_that_keeps_a_row_over_a_reset_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "kept_valid_q <= 1'b0;" => "";
    a_decoder_that_takes_masks_without_room_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "wire               room = room_q != {ROOM_W{1'b0}}" => "wire               room = 1'b1";
    a_decoder_that_keeps_the_base_of_the_segment_before_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        "first_q ? base_lane_i : lane_q" => "lane_q";
    a_decoder_that_forgets_the_mask_is_found: design("pu4"), "alb_bitmask_decoder_weight.v",
        " & {OP_W{turned_mask_q[g]}}" => "";
}

#[test]
fn a_decoder_that_never_gives_room_back_hangs_and_is_found() {
    let change = ("alb_bitmask_decoder_weight.v", "else if (give && !take) room_q <= room_q + 1'b1;", "");
    common::hangs("bitmask_decoder", &design("pu4"), "a_decoder_that_never_gives_room_back_hangs_and_is_found", change);
}

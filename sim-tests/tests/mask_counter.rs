//! `mask_counter` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, variant};

equals_its_golden! { "mask_counter":
    holds_for_eight_lanes => design("codec_counted");
    holds_for_four_lanes => variant("codec_counted", &[("  n: 8", "  n: 4")]);
    holds_for_the_widest_mask => variant("codec_counted", &[("  n: 8", "  n: 64"), ("rows: 32", "rows: 64")]);
}

finds! { "mask_counter":
    a_counter_that_forgets_the_top_bit_is_found: design("codec_counted"), "alb_mask_counter.v",
        "i < N;" => "i < N - 1;";
    a_counter_that_counts_a_mask_that_waits_is_found: design("codec_counted"), "alb_mask_counter.v",
        "counted_q    <= accept" => "counted_q    <= in_valid_i";
    a_counter_of_bits_that_are_not_taken_is_found: design("codec_counted"), "alb_mask_counter.v",
        "ones_q       <= accept ? ones" => "ones_q       <= in_valid_i ? ones";
    a_counter_of_masks_that_is_not_cleared_is_found: design("codec_counted"), "alb_mask_counter.v",
        "mask_count_q <= clear_i" => "mask_count_q <= 1'b0";
    a_counter_of_bits_that_is_not_cleared_is_found: design("codec_counted"), "alb_mask_counter.v",
        "ones_count_q <= clear_i" => "ones_count_q <= 1'b0";
    a_mask_that_overtakes_is_found: design("codec_counted"), "alb_mask_counter.v",
        "spare_valid_q ? spare_q :" => "1'b0 ? spare_q :";
    a_spare_register_that_loses_its_mask_is_found: design("codec_counted"), "alb_mask_counter.v",
        "!advance && (spare_valid_q || accept)" => "1'b0";
    a_counter_that_stops_every_other_cycle_is_found: design("codec_counted"), "alb_mask_counter.v",
        "assign in_ready_o  = !spare_valid_q" => "assign in_ready_o  = !out_valid_q";
}

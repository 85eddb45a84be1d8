//! `bitmask_encoder` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds};

equals_its_golden! { "bitmask_encoder":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_codes_of_16_bits => design("pu8_q3_5");
}

finds! { "bitmask_encoder":
    an_encoder_that_writes_all_rows_to_one_place_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "row_q       <= beyond ? row + 1'b1 : row" => "row_q       <= row";
    an_encoder_that_writes_a_row_too_early_is_found: design("pu6"), "alb_bitmask_encoder.v",
        "beyond   = past > N[COUNT_W:0]" => "beyond   = past >= N[COUNT_W:0]";
    an_encoder_that_forgets_the_last_row_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "flush_q <= move && vector_last_q && past != {(COUNT_W+1){1'b0}}" => "flush_q <= 1'b0";
    an_encoder_that_writes_an_empty_row_is_found: design("pu4"), "alb_bitmask_encoder.v",
        " && past != {(COUNT_W+1){1'b0}}" => "";
    an_encoder_that_keeps_codes_of_the_segment_before_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "gathered_q & {N*CODE_W{!vector_first_q}}" => "gathered_q";
    an_encoder_that_flushes_again_after_a_reset_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "            flush_q      <= 1'b0;\n" => "";
    an_encoder_that_takes_the_raw_code_of_zero_for_a_value_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "vector_data_i[i*CODE_W +: CODE_W-1] != {(CODE_W-1){1'b0}}" => "vector_data_i[i*CODE_W +: CODE_W] != {CODE_W{1'b0}}";
    an_encoder_that_writes_zero_for_the_highest_code_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "& {CODE_W{mask[i]}}" => "& {CODE_W{mask[i] && i != N - 1}}";
    an_encoder_that_never_ends_a_segment_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "else if (take) first_q <= vector_last_i" => "else if (take) first_q <= 1'b0";
    an_encoder_that_writes_a_held_vector_again_is_found: design("pu4"), "alb_bitmask_encoder.v",
        "(move && beyond)" => "(vector_valid_q && beyond)";
}

//! `block_select` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, pu4_2of4, pu8_4of8, variant};

equals_its_golden! { "block_select":
    holds_for_every_mask_of_2_of_4 => pu4_2of4();
    holds_for_every_mask_of_4_of_8 => pu8_4of8();
    holds_for_a_lane_of_one_block => variant("pu16_8of16", &[("  n: 16", "  n: 8")]);
    holds_for_every_mask_of_8_of_16 => design("pu16_8of16");
}

finds! { "block_select":
    a_selector_that_raises_no_error_for_a_surplus_bit_is_found: pu4_2of4(), "alb_block_select.v",
        "!gen_seen[BLOCK].seen[NONZEROS]" => "!(gen_seen[BLOCK].seen[NONZEROS] || gen_seen[BLOCK].seen[NONZEROS+1])";
    a_selector_that_raises_no_error_for_too_few_bits_is_found: pu4_2of4(), "alb_block_select.v",
        "assign error[b] = !gen_seen[BLOCK].seen[NONZEROS]" => "assign error[b] = gen_seen[BLOCK].seen[NONZEROS+1]";
    a_selector_that_takes_the_lowest_bit_for_all_multipliers_is_found: pu4_2of4(), "alb_block_select.v",
        "gen_seen[k+i].seen[k]" => "gen_seen[k+i].seen[0]";
}

//! `secded` against its golden, and faults that this finds.

mod common;
use common::{equals_its_golden, finds, variant};

/// Masks that a code guards.
fn guarded(name: &str) -> alberti_rtl::Design {
    let weight = match name {
        "pu4" => "weight: {values: 16384, latency: 1}",
        _ => "weight: {values: 24576, latency: 1}",
    };
    let masks = weight.replace('}', ", masks: {words: 4096, ecc: secded}}");
    variant(name, &[(weight, &masks)])
}

equals_its_golden! { "secded":
    holds_for_four_lanes => guarded("pu4");
    holds_for_six_lanes => guarded("pu6");
    holds_for_sixteen_lanes => variant("pu16", &[("latency: 2, kind: rram", "latency: 2, kind: rram, ecc: secded")]);
}

finds! { "secded":
    a_code_that_corrects_what_has_two_errors_is_found: guarded("pu4"), "alb_secded.v",
        "(hit & {DATA_W{odd}})" => "hit";
    a_code_that_takes_two_errors_for_none_is_found: guarded("pu4"), "alb_secded.v",
        ": syndrome != 5'd0;" => ": 1'b0;";
    a_code_that_takes_an_error_of_the_parity_for_two_is_found: guarded("pu4"), "alb_secded.v",
        "odd && (check_hit ||" => "odd && (check_hit && syndrome != 5'd0 ||";
    a_code_that_mistakes_a_column_is_found: guarded("pu4"), "alb_secded.v",
        "syndrome == 5'd3;" => "syndrome == 5'd31;";
}

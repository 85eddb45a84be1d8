//! `layernorm` against its golden, and faults that this finds.

#![allow(clippy::unwrap_used)]

mod common;
use alberti_harness::{Seed, Stall};
use alberti_rtl::Design;
use alberti_scenarios::layernorm::{NormStimulus, cycles, drive};
use common::{design, equals_its_golden, finds, hangs, subject, variant};

fn pu4_small() -> Design {
    variant("pu4", &[("layernorm: {length_max: 64}", "layernorm: {length_max: 64, row_buffer: false}")])
}

/// The design whose layer norm has these keys instead.
fn pu16(instead: &str) -> Design {
    variant("pu16", &[("layernorm: {length_max: 768, lanes: 2}", &format!("layernorm: {{{instead}}}"))])
}

equals_its_golden! { "layernorm":
    holds_for_four_lanes => design("pu4");
    holds_for_four_lanes_without_row_buffer => pu4_small();
    holds_for_six_lanes_without_row_buffer => design("pu6");
    holds_for_six_lanes => variant("pu6", &[("length_max: 50, row_buffer: false", "length_max: 50")]);
    holds_for_two_lanes_of_sixteen => design("pu16");
    holds_for_eight_lanes_of_sixteen_without_row_buffer => pu16("length_max: 50, lanes: 8, row_buffer: false");
    holds_for_sixteen_lanes => pu16("length_max: 768");
    holds_for_thirty_two_lanes_and_the_longest_rows
        => variant("pu16", &[("n: 16 ", "n: 32 "), ("layernorm: {length_max: 768, lanes: 2}", "layernorm: {length_max: 8192}")]);
    holds_for_rows_shorter_than_a_vector
        => pu16("length_max: 9");
    holds_for_rows_of_two => variant("pu4", &[("layernorm: {length_max: 64}", "layernorm: {length_max: 2}")]);
}

finds! { "layernorm":
    gamma_that_is_read_for_beta_is_found: design("pu4"), "alb_layernorm_lane.v",
        "beta_q        <= beta_i" => "beta_q        <= gamma_i";
    a_second_vector_with_the_scale_of_the_row_before_is_found: design("pu4"), "alb_layernorm.v",
        "done && front && !loaded_q;" => "done && front;";
    a_row_that_ends_with_its_last_and_not_with_its_length_is_found: design("pu4"), "alb_layernorm.v",
        "close = gather && ending;" => "close = gather && ending && residual_last_i;";
    sums_that_only_the_last_vector_enters_are_found: design("pu4"), "alb_layernorm.v",
        "sum_q     <= (sum_q & {SUM_W{!opens_q[2]}}) +" => "sum_q     <=";
    sums_that_the_row_before_has_left_something_in_are_found: design("pu4"), "alb_layernorm.v",
        "(squares_q & {SQUARES_W{!opens_q[2]}})" => "squares_q";
    a_channel_beyond_the_row_that_counts_is_found: design("pu4"), "alb_layernorm.v",
        "& {VALUE_W{used[v]}}" => "";
    a_channel_beyond_the_row_that_comes_out_is_found: design("pu6"), "alb_layernorm_lane.v",
        " & {VALUE_W{used_i}}" => "";
    a_variance_without_the_square_of_the_mean_is_found: design("pu4"), "alb_layernorm_scale.v",
        "- ((sum << 1) & {TOTAL_W{digit_q[1]}})" => "";
    a_root_without_interpolation_is_found: design("pu4"), "alb_layernorm_scale.v",
        "fraction = mantissa_q[8:0]" => "fraction = 9'd0";
    a_plain_row_that_is_normalised_is_found: design("pu4"), "alb_layernorm_scale.v",
        "plain_q ? ONE : factor" => "factor";
    a_plain_row_about_another_centre_is_found: design("pu4"), "alb_layernorm_scale.v",
        "plain_q ? CENTRE : total" => "total";
    a_plain_row_that_is_moved_is_found: design("pu4"), "alb_layernorm_scale.v",
        "plain_q ? 5'd0 : pair" => "pair";
    a_plain_row_that_is_the_next_one_is_found: design("pu4"), "alb_layernorm.v",
        "scale_plain_q  <= plain_q" => "scale_plain_q  <= row_plain_i";
    a_half_that_is_missing_is_found: design("pu4"), "alb_layernorm_scale.v",
        " + (half << pair_q)" => "";
    a_y_that_wraps_is_found:
        variant("pu16", &[("n: 16 ", "n: 32 "), ("layernorm: {length_max: 768, lanes: 2}", "layernorm: {length_max: 8192}")]),
        "alb_layernorm_lane.v", "wire [VALUE_W-1:0] y = fits ?" => "wire [VALUE_W-1:0] y = 1'b1 ?";
    a_large_negative_z_that_saturates_to_the_positive_maximum_is_found: design("pu4"), "alb_layernorm_lane.v",
        "{below, {(VALUE_W-1){!below}}}" => "{1'b0, {(VALUE_W-1){1'b1}}}";
    one_channel_shift_for_all_lanes_is_found: design("pu4"), "alb_layernorm.v",
        "parameter_shift_i[lane*CHANNEL_W +: CHANNEL_W]" => "parameter_shift_i[0 +: CHANNEL_W]";
    the_bias_of_the_row_behind_is_found: design("pu4"), "alb_layernorm.v",
        "bias_term_q    <= bias_raw_q" => "bias_term_q    <= scale_bias_q";
    a_last_at_the_wrong_place_that_is_not_counted_is_found: design("pu4"), "alb_layernorm.v",
        "residual_last_i != ending" => "residual_last_i && !ending";
    a_row_that_is_overwritten_before_it_is_read_is_found: design("pu4"), "alb_layernorm.v",
        "room_q  <= level != WORDS[LEVEL_W-1:0]" => "room_q  <= 1'b1";
    a_scale_that_is_overrun_is_found: variant("pu4", &[("layernorm: {length_max: 64}", "layernorm: {length_max: 24}")]),
        "alb_layernorm.v", "room_q && !(ending && busy_q)" => "room_q";
    a_norm_that_does_not_wait_is_found: design("pu4"), "alb_layernorm.v",
        "= !row_at_norm_q || norm_ready_i" => "= 1'b1";
    parameters_that_are_not_waited_for_are_found: design("pu4"), "alb_layernorm.v",
        "(back && parameter_valid_i)" => "back";
}

#[test]
fn a_scale_that_is_never_free_again_hangs() {
    let change = ("alb_layernorm.v", "else if (hand_over) busy_q <= 1'b0;", "else if (hand_over) busy_q <= 1'b1;");
    hangs("layernorm", &design("pu4"), "a scale that stays busy", change);
}

#[test]
fn a_constant_row_is_beta_and_divides_by_nothing() {
    let (seed, design) = (Seed::from_env().unwrap(), design("pu4"));
    let subject = subject("layernorm", &design);
    let library = subject.build().unwrap_or_else(|error| panic!("{error}"));
    let mut rng = seed.rng("layernorm.constant");
    let rows: Vec<_> = [0, 1, -1, 300, i16::MIN, i16::MAX]
        .into_iter()
        .flat_map(|value| [2, 5, 64].map(|length| (length, value)))
        .map(|(length, value)| NormStimulus::constant(length, value, true, &mut rng))
        .collect();
    let report = drive(&subject, &library, &rows, (Stall::None, Stall::None), "layernorm.constant", seed);
    assert!(report.unwrap_or_else(|error| panic!("{error}")).compared > 100);
}

/// Cycles of 128 rows of 768 channels, and what one pass of them takes.
fn rows_of_768(design: &Design) -> (u64, u64) {
    let (seed, rows) = (Seed::from_env().unwrap(), 128);
    let subject = subject("layernorm", design);
    let library = subject.build().unwrap_or_else(|error| panic!("{error}"));
    let name = format!("layernorm.768.{}", design.units.layernorm.unwrap().row_buffer);
    let mut rng = seed.rng(&name);
    let all: Vec<_> = (0..rows).map(|i| NormStimulus::random(768, i + 1 == rows, &mut rng)).collect();
    let report = drive(&subject, &library, &all, (Stall::None, Stall::None), &name, seed);
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.cycles, cycles(&subject, 48, rows), "seed {seed}");
    (report.cycles, 48 * rows)
}

#[test]
fn rows_take_one_pass_with_the_row_buffer() {
    let (cycles, pass) = rows_of_768(&pu16("length_max: 768"));
    assert!(10 * cycles <= 11 * pass, "{cycles} cycles, {pass} for each pass");
}

#[test]
fn rows_take_two_passes_without() {
    let (cycles, pass) = rows_of_768(&pu16("length_max: 768, row_buffer: false"));
    assert!(10 * cycles <= 21 * pass, "{cycles} cycles, {pass} for each pass");
}

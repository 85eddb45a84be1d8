//! `softmax` against its golden, and faults that this finds.

#![allow(clippy::unwrap_used)]

mod common;
use alberti_harness::{Report, Seed, Stall};
use alberti_rtl::Design;
use alberti_scenarios::softmax::{SoftmaxStimulus, drive};
use common::{design, equals_its_golden, finds, subject, variant};

/// A design whose softmax has these keys instead.
fn with(name: &str, keys: &str, instead: &str) -> Design {
    variant(name, &[(&format!("softmax: {{{keys}}}"), &format!("softmax: {{{instead}}}"))])
}

fn pu4(instead: &str) -> Design {
    with("pu4", "length_max: 32", instead)
}

fn pu16(instead: &str) -> Design {
    with("pu16", "length_max: 128, lanes: 4", instead)
}

fn pu6(instead: &str) -> Design {
    with("pu6", "length_max: 48, maximum: row", instead)
}

/// Thirty-two lanes.
fn pu32(instead: &str) -> Design {
    let unit = format!("softmax: {{{instead}}}");
    variant("pu16", &[("  n: 16 ", "  n: 32 "), ("softmax: {length_max: 128, lanes: 4}", &unit)])
}

equals_its_golden! { "softmax":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_four_lanes_of_sixteen => design("pu16");
    holds_for_two_lanes_of_sixteen => pu16("length_max: 18, lanes: 2");
    holds_for_sixteen_lanes => pu16("length_max: 128");
    holds_for_thirty_two_lanes => pu32("length_max: 256");
    holds_for_four_lanes_with_the_row_maximum => pu4("length_max: 32, maximum: row");
    holds_for_four_lanes_without_buffer => pu4("length_max: 32, row_buffer: false");
    holds_for_six_lanes_with_the_running_maximum => pu6("length_max: 48");
    holds_for_six_lanes_without_buffer => pu6("length_max: 48, row_buffer: false");
    holds_for_sixteen_lanes_with_the_row_maximum => pu16("length_max: 128, maximum: row");
    holds_for_sixteen_lanes_without_buffer => pu16("length_max: 128, row_buffer: false");
    holds_for_thirty_two_lanes_with_the_row_maximum => pu32("length_max: 64, maximum: row");
    holds_for_thirty_two_lanes_without_buffer => pu32("length_max: 64, row_buffer: false");
    holds_for_rows_of_one_vector => pu4("length_max: 4");
    holds_for_rows_of_one_vector_with_the_row_maximum => pu4("length_max: 4, maximum: row");
    holds_for_rows_of_one_vector_without_buffer => pu4("length_max: 4, row_buffer: false");
    holds_for_the_longest_rows => pu4("length_max: 4096");
    holds_for_the_longest_rows_with_the_row_maximum => pu4("length_max: 4096, maximum: row");
}

finds! { "softmax":
    // Faults of others, by name.
    a_row_maximum_that_starts_from_zero_is_found: design("pu4"), "alb_softmax.v",
        "octave_before = moving_first_q ? {OCTAVE_W{1'b0}} : octave_q" =>
        "octave_before = moving_first_q ? 9'd128 : octave_q";
    a_maximum_that_survives_its_row_is_found: pu4("length_max: 32, maximum: row"), "alb_softmax.v",
        "if (tops_valid_q && (tops_first_q || " => "if (tops_valid_q && (";
    a_logarithm_taken_once_a_vector_is_found: design("pu4"), "alb_softmax.v",
        "sum_done_q <= branches_valid_q && branches_last_q" => "sum_done_q <= branches_valid_q";
    a_sum_that_loses_its_rounding_is_found: pu16("length_max: 128"), "alb_softmax.v",
        "+ {{(SUM_W-1){1'b0}}, shifted_q[(a+1)*SHARE_W]}" => "";
    a_sum_that_keeps_its_last_vector_alone_is_found: design("pu4"), "alb_softmax.v",
        "sum_q <= sum_before + trunk" => "sum_q <= trunk";
    a_sum_that_does_not_move_to_a_higher_maximum_is_found: design("pu4"), "alb_softmax.v",
        "(sum_q >> risen_q)" => "sum_q";
    a_rise_beyond_the_sums_width_that_wraps_is_found: design("pu4"), "alb_softmax.v",
        "(rise[4:0] | {5{rise[8:5] != 4'd0}})" => "rise[4:0]";
    a_power_that_does_not_fall_within_its_octave_is_found: design("pu4"), "alb_exp2_interpolate.v",
        "exact = base_i - {6'd0, product[14:0]}" => "exact = base_i";
    a_distance_of_many_octaves_that_wraps_is_found: design("pu4"), "alb_softmax.v",
        " || distance[16:12] != 5'd0" => "";
    // What is this unit's own.
    a_row_that_ends_where_the_scores_say_is_found: design("pu4"), "alb_softmax.v",
        "last  = left < N[LENGTH_W-1:0]" => "last  = score_last_i";
    a_wrong_end_that_is_not_counted_is_found: design("pu4"), "alb_softmax.v",
        "take && score_last_i != last" => "take && score_last_i && !last";
    elements_beyond_the_valid_ones_are_found: design("pu4"), "alb_softmax.v",
        "lanes[l] = l[VALID_W-1:0] < valid_left" => "lanes[l] = 1'b1";
    the_octave_of_the_next_row_is_found: design("pu4"), "alb_softmax.v",
        "head_octave_q <= total_octave_q +" => "head_octave_q <= octave_q +";
    the_maximum_of_the_next_row_is_found: pu4("length_max: 32, maximum: row"), "alb_softmax.v",
        "log_maximum = walking_q[5*SCORE_W +: SCORE_W]" => "log_maximum = walking_q[2*SCORE_W +: SCORE_W]";
    a_reference_that_leaves_before_its_row_is_found: design("pu4"), "alb_softmax.v",
        "reference_taken = out_take && out_last" => "reference_taken = out_take";
    rows_that_overrun_the_references_are_found: design("pu4"), "alb_softmax.v",
        "rows_free = rows_q != ROWS" => "rows_free = 1'b1";
    a_store_that_wraps_at_powers_of_two_alone_is_found: pu6("length_max: 36"), "alb_softmax.v",
        "out_store_tail_q == 4'd11" => "out_store_tail_q == 4'd15";
    a_store_that_is_written_beyond_its_end_is_found: design("pu4"), "alb_softmax.v",
        "row_open_q && out_store_room && " => "row_open_q && ";
    a_mask_of_one_that_counts_as_none_is_found: design("pu4"), "alb_softmax.v",
        "mask[7] || (mask[6] && mask[5])" => "mask[6] && mask[5]";
    a_mask_that_leaves_out_the_rounding_is_found: design("pu4"), "alb_softmax.v",
        "mask & {MASK_W{up}}" => "mask & {MASK_W{1'b0}}";
    one_mask_for_all_lanes_is_found: design("pu4"), "alb_softmax.v",
        "mask_data_i[g*MASK_W +: MASK_W]" => "mask_data_i[0 +: MASK_W]";
    shares_that_are_asked_for_before_the_sum_is_there_are_found: pu4("length_max: 32, row_buffer: false"),
        "alb_softmax.v", "(share_pass_q ? reference_valid : row_open_q)" => "(share_pass_q || row_open_q)";
    a_run_that_goes_on_beyond_its_last_row_is_found: pu4("length_max: 32, row_buffer: false"), "alb_softmax.v",
        "advance ? row_last_q : close" => "!advance && close";
    shares_of_the_row_behind_are_found: pu4("length_max: 32, row_buffer: false"), "alb_softmax.v",
        "share_open_q ? share_close && summed_q : close" => "close";
    a_share_from_zero_is_found: pu4("length_max: 32, row_buffer: false"), "alb_softmax.v",
        "reference & {REFER_W{share_pass_q}}" => "{REFER_W{1'b0}}";
    shares_that_the_octave_moves_are_found: pu4("length_max: 32, row_buffer: false"), "alb_softmax.v",
        " & {OCTAVE_W{lane_sum_q}}" => "";
    shares_that_are_summed_are_found: pu4("length_max: 32, row_buffer: false"), "alb_softmax.v",
        "add          = shifted_valid_q && shifted_sum_q" => "add          = shifted_valid_q";
}

/// With rows that are not a multiple of the lanes the count of what is left never meets this end.
#[test]
fn a_row_that_never_ends_for_some_lengths_is_found() {
    let change = ("alb_softmax.v", "last  = left < N[LENGTH_W-1:0]", "last  = left == N[LENGTH_W-1:0] - 1'b1");
    common::hangs("softmax", &design("pu6"), "a_row_that_never_ends_for_some_lengths_is_found", change);
}

fn cycles(design: &Design, lengths: &[usize]) -> Report {
    let seed = Seed::from_env().unwrap();
    let subject = subject("softmax", design);
    let library = subject.build().unwrap();
    let mut rng = seed.rng("cycles");
    let rows: Vec<_> = lengths
        .iter()
        .map(|&length| SoftmaxStimulus::plain((0..length).map(|_| rng.bits(11) as i16).collect()))
        .collect();
    drive(&subject, &library, &rows, (Stall::None, Stall::None), "cycles", seed).unwrap()
}

/// Rows of V vectors, kept, one after another without a stall: the first takes `first(V)` cycles, and each
/// further one V or, where that is longer, three of them 2V + 6.
fn kept(v: u64, rows: u64, first: u64) -> u64 {
    let others = rows - 1;
    first + if v < 6 { others / 3 * (2 * v + 6) + others % 3 * v } else { others * v }
}

/// The same, sent twice, with the passes of neighbours alternating: shares begin 6 cycles after their row's
/// sum has ended or later, and 4 cycles after a vector is taken its codes are.
fn sent_twice(v: u64, rows: u64) -> u64 {
    let (mut now, mut before) = (1, None);
    for row in 0..=rows {
        let sum = (row < rows).then(|| {
            now += v;
            now
        });
        if let Some(ended) = std::mem::replace(&mut before, sum) {
            now = now.max(ended + 6) + v;
        }
    }
    now + 4
}

/// Rows of one to as many vectors as the unit takes, and one to 128 of them.
fn cycles_are_exact(design: &Design, expected: impl Fn(u64, u64) -> u64) {
    let unit = design.units.softmax.unwrap();
    let n = unit.lanes as usize;
    for vectors in 1..=u64::from(unit.length_max) / n as u64 {
        for rows in [1, 2, 10, 128] {
            // The last vector of a row may be less than whole.
            let lengths: Vec<_> = (0..rows as usize).map(|row| vectors as usize * n - row % n).collect();
            assert_eq!(cycles(design, &lengths).cycles, expected(vectors, rows), "{rows} rows of {vectors} vectors");
        }
    }
}

#[test]
fn cycles_of_kept_rows_are_exact() {
    cycles_are_exact(&design("pu4"), |v, rows| kept(v, rows, 2 * v + 11));
    cycles_are_exact(&pu16("length_max: 128"), |v, rows| kept(v, rows, 2 * v + 11));
}

#[test]
fn cycles_of_kept_rows_with_the_row_maximum_are_exact() {
    cycles_are_exact(&design("pu6"), |v, rows| kept(v, rows, 3 * v + 13));
    cycles_are_exact(&pu16("length_max: 128, maximum: row"), |v, rows| kept(v, rows, 3 * v + 13));
}

#[test]
fn cycles_of_rows_that_are_sent_twice_are_exact() {
    cycles_are_exact(&pu4("length_max: 32, row_buffer: false"), sent_twice);
    cycles_are_exact(&pu16("length_max: 128, row_buffer: false"), sent_twice);
}

/// What a head of 128 tokens takes, and its vectors.
fn head(unit: &str) -> (u64, u64) {
    (cycles(&pu16(unit), &[128; 128]).cycles, 128 * 8)
}

#[test]
fn a_head_of_128_tokens_takes_1_1_cycles_a_vector_at_the_most() {
    for unit in ["length_max: 128", "length_max: 128, maximum: row"] {
        let (cycles, vectors) = head(unit);
        assert!(10 * cycles <= 11 * vectors, "{cycles} cycles");
    }
}

#[test]
fn without_buffer_it_takes_2_1_at_the_most() {
    let (cycles, vectors) = head("length_max: 128, row_buffer: false");
    assert!(10 * cycles <= 21 * vectors, "{cycles} cycles");
}

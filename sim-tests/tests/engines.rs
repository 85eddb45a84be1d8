//! The accelerator's engines against its golden, and faults that this finds.

mod common;
use alberti_harness::Seed;
use alberti_rtl::{Design, blocks::accelerator::part};
use alberti_scenarios::{Outcome, Result, Subject, engines};
use common::{design, variant};

/// The small accelerator with other lanes: of the array, and of softmax, layer norm and elementwise.
fn accelerator(n: u32, [softmax, layernorm, elementwise]: [u32; 3]) -> Design {
    variant(
        "accelerator4",
        &[
            ("  n: 4\n", &format!("  n: {n}\n")),
            ("length_max: 64, lanes: 2", &format!("length_max: 64, lanes: {softmax}")),
            ("length_max: 128, lanes: 2", &format!("length_max: 128, lanes: {layernorm}")),
            ("elementwise: {lanes: 2}", &format!("elementwise: {{lanes: {elementwise}}}")),
        ],
    )
}

fn subject<'a>(design: &'a Design, kind: &str) -> Subject<'a> {
    // Both kinds of softmax have one engine.
    let kind = kind.trim_start_matches("hierarchical_");
    Subject::new(design, &part(design, &format!("{kind}_engine")).expect("the accelerator has it"))
}

fn without_hierarchy() -> Design {
    variant("accelerator4", &[("  hierarchical_softmax: {parents_max: 8, children_max: 4}\n", "")])
}

fn seed() -> Seed {
    Seed::from_env().expect("ALBERTI_SEED holds a number")
}

fn check(kind: &str, design: &Design) {
    let outcome = engines::run(kind, &subject(design, kind), seed());
    let outcome = outcome.unwrap_or_else(|error| panic!("{kind} of {}: {error}", design.name));
    assert!(outcome.compared > 0 && outcome.cycles > 0, "{kind}: nothing was compared");
}

/// Changes one place of the emitted Verilog and demands that the scenario fails on it.
fn finds(kind: &str, (file, from, to): (&str, &str, &str)) {
    let design = design("accelerator4");
    let mutated = subject(&design, kind).mutate(file, from, to).unwrap_or_else(|error| panic!("{error}"));
    let result: Result<Outcome> = engines::run(kind, &mutated, seed());
    match result {
        Ok(_) => panic!("{from} => {to} is not found ({}={})", Seed::VARIABLE, seed()),
        Err(error) => assert!(error.is_difference(), "{to}: {error}"),
    }
}

/// One test for each engine and accelerator.
macro_rules! equal_their_golden {
    ($($name:ident: $kind:literal, $design:expr;)*) => {$(
        #[test]
        fn $name() {
            check($kind, &$design);
        }
    )*};
}

equal_their_golden! {
    elementwise_holds_for_half_the_lanes: "elementwise", design("accelerator4");
    elementwise_holds_for_as_many_lanes_as_the_array: "elementwise", accelerator(16, [4, 2, 16]);
    elementwise_holds_for_four_of_four_lanes: "elementwise", accelerator(4, [4, 4, 4]);
    softmax_holds_for_half_the_lanes: "softmax", design("accelerator4");
    softmax_holds_for_four_of_sixteen_lanes: "softmax", accelerator(16, [4, 2, 16]);
    softmax_holds_for_as_many_lanes_as_the_array: "softmax", accelerator(4, [4, 4, 4]);
    hierarchical_softmax_holds_for_half_the_lanes: "hierarchical_softmax", design("accelerator4");
    hierarchical_softmax_holds_for_four_of_sixteen_lanes: "hierarchical_softmax", accelerator(16, [4, 2, 16]);
    hierarchical_softmax_holds_for_as_many_lanes_as_the_array: "hierarchical_softmax", accelerator(4, [4, 4, 4]);
    softmax_without_a_hierarchical_one_holds: "softmax", without_hierarchy();
    layernorm_holds_for_half_the_lanes: "layernorm", design("accelerator4");
    layernorm_holds_for_two_of_sixteen_lanes: "layernorm", accelerator(16, [4, 2, 16]);
    layernorm_holds_for_as_many_lanes_as_the_array: "layernorm", accelerator(4, [4, 4, 4]);
    exit_holds_for_two_tiles: "exit", design("accelerator4");
    exit_holds_for_part_of_a_tile: "exit", accelerator(16, [4, 2, 16]);
}

#[test]
fn softmax_with_a_pass_for_the_maximum_holds() {
    let row = ("length_max: 64, lanes: 2", "length_max: 64, lanes: 2, maximum: row");
    check("softmax", &variant("accelerator4", &[row]));
}

/// One test for each fault that a scenario must find: engine, file, what stands there, what stands there
/// instead.
macro_rules! finds {
    ($($name:ident: $kind:literal, $file:literal, $from:literal => $to:literal;)*) => {$(
        #[test]
        fn $name() {
            finds($kind, ($file, $from, $to));
        }
    )*};
}

finds! {
    an_operand_that_is_read_for_nothing_is_found: "elementwise", "alb_elementwise_engine.v",
        "start && !elementwise_scale_i" => "start";
    a_row_that_the_wrong_memory_takes_is_found: "elementwise", "alb_elementwise_engine.v",
        "a_code_q ? a_code_ready_i : a_wide_ready_i" => "a_code_q ? a_wide_ready_i : a_code_ready_i";
    an_operand_of_the_other_s_memory_is_found: "elementwise", "alb_elementwise_engine.v",
        "b_code_q <= elementwise_b_code_i" => "b_code_q <= elementwise_a_code_i";
    an_instruction_that_is_taken_while_one_is_at_work_is_found: "elementwise", "alb_elementwise_engine.v",
        "elementwise_ready_o = !busy_q" => "elementwise_ready_o = 1'b1";
    an_address_that_goes_without_its_row_is_found: "elementwise", "alb_row_writer_elementwise.v",
        "address_ready    = row_valid && free" => "address_ready    = free";
    an_end_before_the_last_write_is_taken_is_found: "elementwise", "alb_row_writer_elementwise.v",
        "both && free && address_last" => "both && address_last";
    a_write_that_waits_for_ready_is_found: "elementwise", "alb_row_writer_elementwise.v",
        "memory_valid_o   = both && keep_q" => "memory_valid_o   = both && keep_q && memory_ready_i";
    a_read_that_waits_for_ready_is_found: "elementwise", "alb_row_reader_elementwise.v",
        "memory_valid_o   = address_valid && room" => "memory_valid_o   = address_valid && room && memory_ready_i";
    a_row_that_is_asked_for_without_room_is_found: "elementwise", "alb_row_reader_elementwise.v",
        "room = room_q != {ROOM_W{1'b0}}" => "room = 1'b1";
    a_row_that_is_given_in_part_is_found: "elementwise", "alb_row_split_elementwise.v",
        "row_end_i ? tail_i : LAST" => "{PIECE_W{1'b0}}";

    rows_that_keep_the_place_of_the_first_are_found: "softmax", "alb_softmax_engine.v",
        "place_q        <= row_place_q - 1'b1;" => "place_q        <= row_place_q;";
    masks_that_do_not_wait_are_found: "softmax", "alb_softmax_engine.v",
        "= !stage_valid_q[2] || mask_ready" => "= 1'b1";
    a_distance_with_its_sign_is_found: "softmax", "alb_softmax_engine.v",
        "? reach_q + distance_q" => "? reach_q - distance_q";
    a_place_beyond_the_ramp_that_counts_is_found: "softmax", "alb_softmax_engine.v",
        "if (remaining[PLACE_W-1]) part = {MASK_W{1'b0}};" => "if (remaining[PLACE_W-1]) part = 8'd1;";
    a_ramp_of_one_length_is_found: "softmax", "alb_softmax_engine.v",
        "<< (3'd7 - ramp)" => "<< 3'd1";
    a_span_without_limit_is_found: "softmax", "alb_softmax_engine.v",
        "limit_q ? part(" => "ramp_q[0] ? part(";
    a_row_too_many_is_found: "softmax", "alb_softmax_engine.v",
        "rows_remaining_q <= softmax_rows_i - 1'b1" => "rows_remaining_q <= softmax_rows_i";
    a_step_of_the_wrong_level_is_found: "softmax", "alb_softmax_engine.v",
        "{{(ADDR_W-COUNT_W){1'b0}}, softmax_result_row_i}" => "{{(ADDR_W-COUNT_W){1'b0}}, softmax_result_tile_i}";

    one_pass_over_a_hierarchy_is_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "{{(COUNT_W-2){1'b0}}, tree, !tree}" => "{{(COUNT_W-1){1'b0}}, 1'b1}";
    passes_over_different_rows_are_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "again        = {ADDR_W{1'b0}}" => "again        = {{(ADDR_W-1){1'b0}}, 1'b1}";
    pieces_after_the_last_score_are_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "tree ? final_place[TILE_W-1:LANE_W] :" => "1'b0 ? final_place[TILE_W-1:LANE_W] :";
    tiles_of_scores_where_those_of_weights_were_meant_are_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "tree ? weight_tile + 1'b1" => "tree ? score_tile + 1'b1";
    scores_without_those_of_the_parents_are_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "+ {{(SCORES_W-PARENTS_W){1'b0}}, parents} - 1'b1" => "- 1'b1";
    scores_that_the_other_unit_takes_are_found: "hierarchical_softmax", "alb_softmax_engine.v",
        "piece_ready      = tree_q ? tree_score_ready : score_ready" => "piece_ready      = score_ready";

    a_tail_that_is_read_in_full_is_found: "layernorm", "alb_layernorm_engine.v",
        "tail  = final_q[TILE_W-1:LANE_W]" => "tail  = {(TILE_W-LANE_W){1'b1}}";
    a_row_left_of_what_was_before_it_is_found: "layernorm", "alb_row_join_layernorm_wide.v",
        "row_q <= {{((PIECES-1)*WIDTH){1'b0}}, piece_data_i}" => "row_q[0 +: WIDTH] <= piece_data_i";
    parameters_of_the_next_tile_are_found: "layernorm", "alb_layernorm_engine.v",
        "stay   = 24'd0" => "stay   = 24'd1";
    vectors_that_one_writer_misses_are_found: "layernorm", "alb_layernorm_engine.v",
        "norm_ready = code_ready && wide_ready" => "norm_ready = code_ready";
    a_vector_that_one_writer_takes_twice_is_found: "layernorm", "alb_layernorm_engine.v",
        "wide_valid = norm_valid && code_ready" => "wide_valid = norm_valid";
    an_end_with_the_first_of_two_results_is_found: "layernorm", "alb_layernorm_engine.v",
        " && (wide_done || !wide_active_q)" => "";
    a_result_that_nobody_asked_for_is_found: "layernorm", "alb_row_writer_layernorm_wide.v",
        "keep_q <= command_keep_i" => "keep_q <= 1'b1";
    a_result_that_is_dropped_and_waits_is_found: "layernorm", "alb_row_writer_layernorm_code.v",
        "free = memory_ready_i || !keep_q" => "free = memory_ready_i";

    a_class_too_many_is_found: "exit", "alb_exit_engine.v",
        "classes = final_class[CLASS_W-1:0]" => "classes = exit_classes_i[CLASS_W-1:0]";
    a_tile_too_many_is_found: "exit", "alb_exit_engine.v",
        "final_class[COUNT_W-1:TILE_W]} + 1'b1" => "exit_classes_i[COUNT_W-1:TILE_W]} + 1'b1";
}

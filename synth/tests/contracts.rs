//! Short contracts of the blocks, proved; and what breaks them, refuted.

mod common;

use alberti_arith::{Activation, Domain};
use alberti_rtl::{
    Design,
    blocks::{BLOCKS, Block},
    design::{MemoryKind, activation_words},
    memory::{Demand, Technology, demands},
    netlist::Netlist,
};
use alberti_synth::{Cache, FormalJob, FormalResult, Source, prove};

const HOLD: &str = include_str!("../formal/hold.v");
const IN_ORDER: &str = include_str!("../formal/in_order.v");
const STREAM_FIFO: &str = include_str!("../formal/stream_fifo.v");
const CODEC: &str = include_str!("../formal/codec.v");
const ELEMENTWISE: &str = include_str!("../formal/elementwise.v");
const LAYERNORM: &str = include_str!("../formal/layernorm.v");
const SOFTMAX: &str = include_str!("../formal/softmax.v");
const HIERARCHICAL_SOFTMAX: &str = include_str!("../formal/hierarchical_softmax.v");
const BLOCK_SELECT: &str = include_str!("../formal/block_select.v");
const ENTROPY: &str = include_str!("../formal/entropy.v");
const ACTIVATION: &str = include_str!("../formal/activation.v");
const MEMORY: &str = include_str!("../formal/memory.v");
const RRAM: &str = include_str!("../formal/rram.v");
const SECDED: &str = include_str!("../formal/secded.v");
const RECORD_READER: &str = include_str!("../formal/record_reader.v");
const CSR: &str = include_str!("../formal/csr.v");
const DMA: &str = include_str!("../formal/dma.v");
const TOP_K: &str = include_str!("../formal/top_k.v");

/// An accelerator small enough for a solver: `n` lanes, memories of 16 rows.
fn small(n: u32) -> Design {
    small_with(n, "")
}

/// The same with a special function unit.
fn small_with(n: u32, unit: &str) -> Design {
    small_of(n, "", unit)
}

/// The same with another key of the datapath.
fn small_of(n: u32, key: &str, unit: &str) -> Design {
    let values = 16 * n;
    let text = format!(
        "name: tiny\ndatapath: {{n: {n}, operand: af8_3, accumulator_bits: 35, accumulator_rows: {n}, \
         reduction_max: {n}, pipeline: 1{key}}}\nmemories:\n  weight: {{values: {values}}}\n  activation: {{values: {values}}}\n  \
         result: {{values: {values}}}\nunits: {{{unit}}}\nclock: {{frequency_mhz: 500}}\n"
    );
    Design::parse("tiny.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The files of several blocks, each once.
fn blocks(design: &Design, names: &[&str]) -> Vec<Source> {
    let mut all: Vec<Source> = Vec::new();
    for name in names {
        let block = Block::named(name).expect("registered");
        let (_, sources) = common::sources(design, block).expect("the design has this block");
        all.extend(sources);
    }
    all.sort_by(|a, b| a.file.cmp(&b.file));
    all.dedup();
    all
}

/// A contract: its module, how far to look, whether for all time.
struct Contract {
    top: &'static str,
    depth: u32,
    induction: bool,
    sources: Vec<Source>,
}

impl Contract {
    fn new(top: &'static str, (depth, induction): (u32, bool), wrappers: &[&str], dut: Vec<Source>) -> Self {
        let wrappers = wrappers.iter().enumerate().map(|(i, text)| Source::new(format!("contract{i}.v"), *text));
        Contract { top, depth, induction, sources: wrappers.chain(dut).collect() }
    }

    /// Sets a parameter of the wrappers.
    fn with(mut self, name: &str, value: u32) -> Self {
        for source in &mut self.sources {
            let set = |line: &str| {
                let is_it = line
                    .trim_start()
                    .strip_prefix("parameter ")
                    .is_some_and(|rest| rest.split_whitespace().next() == Some(name));
                let comma = if line.ends_with(',') { "," } else { "" };
                if is_it { format!("    parameter {name} = {value}{comma}") } else { line.to_string() }
            };
            if source.file.starts_with("contract") {
                source.text = source.text.lines().map(set).collect::<Vec<_>>().join("\n") + "\n";
            }
        }
        self
    }

    fn prove(&self) -> FormalResult {
        let (depth, induction) = (self.depth, self.induction);
        let job = FormalJob { top: self.top, sources: &self.sources, depth, induction };
        prove(&Cache::open().expect("a cache"), &job).expect("a result")
    }

    /// Of blocks whose modules must be among the sources.
    fn holds(&self, blocks: &[&str]) {
        for block in blocks {
            let is_it = |source: &Source| source.file.contains(&format!("alb_{block}"));
            assert!(self.sources.iter().any(is_it), "{} is not about {block}", self.top);
        }
        let expected = if self.induction { FormalResult::Proved } else { FormalResult::Holds { steps: self.depth } };
        assert_eq!(self.prove(), expected, "{}", self.top);
    }

    /// With one place of one file changed the contract must not hold.
    fn refutes(mut self, file: &str, from: &str, to: &str) {
        let source = self.sources.iter_mut().find(|source| source.file.ends_with(file)).expect("the file");
        assert_eq!(source.text.matches(from).count(), 1, "`{from}` stands once in {file}");
        source.text = source.text.replace(from, to);
        let result = self.prove();
        assert!(matches!(result, FormalResult::Failed { .. }), "{} with `{to}`: {result:?}", self.top);
    }
}

fn fifo() -> Contract {
    let dut = blocks(&small(2), &["stream_fifo"]);
    Contract::new("stream_fifo_contract", (14, false), &[HOLD, IN_ORDER, STREAM_FIFO], dut)
}

fn fifo_hold() -> Contract {
    let dut = blocks(&small(2), &["stream_fifo"]);
    Contract::new("stream_fifo_holds", (4, true), &[HOLD, IN_ORDER, STREAM_FIFO], dut)
}

fn codec(top: &'static str, n: u32, look: (u32, bool)) -> Contract {
    let dut = blocks(&small(n), &["bitmask_encoder", "bitmask_decoder"]);
    let contract = Contract::new(top, look, &[HOLD, IN_ORDER, CODEC], dut).with("N", n);
    if top == "bitmask_encoder_holds" { contract } else { contract.with("LANE_W", if n == 2 { 1 } else { 2 }) }
}

fn elementwise() -> Contract {
    let dut = blocks(&small_with(2, "elementwise: {}"), &["elementwise"]);
    Contract::new("elementwise_holds", (4, true), &[HOLD, ELEMENTWISE], dut)
}

fn softmax(unit: &str) -> Contract {
    let design = small_with(2, &format!("softmax: {{length_max: 4, {unit}}}"));
    let form = if unit.contains("row_buffer: false") { "`define ROW_LAST\n" } else { "" };
    Contract::new("softmax_holds", (4, true), &[HOLD, &format!("{form}{SOFTMAX}")], blocks(&design, &["softmax"]))
}

fn select(n: u32, nonzeros: u32, select_w: u32) -> Contract {
    let sparsity = format!("{{kind: block, nonzeros: {nonzeros}, block: {}}}", 2 * nonzeros);
    let design = common::variant("pu4", &[("n", &n.to_string()), ("sparsity", &sparsity)]);
    let contract =
        Contract::new("block_select_contract", (1, false), &[BLOCK_SELECT], blocks(&design, &["block_select"]));
    contract.with("N", n).with("NONZEROS", nonzeros).with("BLOCK", 2 * nonzeros).with("SELECT_W", select_w)
}

fn layernorm() -> Contract {
    let dut = blocks(&small_with(2, "layernorm: {length_max: 4}"), &["layernorm"]);
    Contract::new("layernorm_holds", (2, true), &[HOLD, LAYERNORM], dut)
}

fn entropy(depth: u32) -> Contract {
    let dut = blocks(&small_with(2, "entropy: {classes_max: 2}"), &["entropy"]);
    Contract::new("entropy_holds", (depth, true), &[HOLD, ENTROPY], dut)
}

/// The function of most contracts.
const GELU: &str = "gelu";

fn activation() -> Contract {
    activation_of(GELU)
}

/// The contract of functions of numbers.
fn activation_of(word: &str) -> Contract {
    let dut = blocks(&small_of(2, &format!(", activation: {word}"), ""), &["activation"]);
    let function = Activation::of_word(word).expect("a function");
    let least = (-1 << 15..0).map(|x| function.number(x)).min().unwrap_or(0);
    Contract::new("activation_passes", (6, false), &[HOLD, ACTIVATION], dut).with("LEAST", -least as u32)
}

fn csr() -> Contract {
    let text = common::text_of("pu4").replace("csr: {}", "csr: {address_bits: 8}");
    let text = text.replace("  entropy: {classes_max: 8}\n", "");
    let design = Design::parse("pu4.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    Contract::new("csr_axi", (6, true), &[HOLD, CSR], blocks(&design, &["csr"]))
}

/// A port of 32 bits both ways; bursts are short, so that a command of few beats has several, or as long as
/// all they may be.
fn dma(top: &'static str, burst_beats: u32, look: (u32, bool)) -> Contract {
    let text = common::text_of("accelerator4");
    let axi = "{address_bits: 40, data_bits: 64, burst_beats: 16}";
    assert_eq!(text.matches(axi).count(), 1, "the design has this port");
    let text = text.replace(axi, &format!("{{address_bits: 32, data_bits: 32, burst_beats: {burst_beats}}}"));
    let design = Design::parse("accelerator4.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let open = alberti_rtl::blocks::dma::open_bursts(design.accelerator.expect("an accelerator").axi);
    let contract = Contract::new(top, look, &[HOLD, DMA], blocks(&design, &["dma"]));
    contract.with("BURST", burst_beats).with("OPEN", open)
}

fn hierarchical_softmax(depth: u32) -> Contract {
    let design = small_with(2, "hierarchical_softmax: {parents_max: 2, children_max: 2}");
    let dut = blocks(&design, &["hierarchical_softmax"]);
    Contract::new("hierarchical_softmax_holds", (depth, true), &[HOLD, HIERARCHICAL_SOFTMAX], dut)
}

fn top_k(top: &'static str, look: (u32, bool)) -> Contract {
    let dut = blocks(&small_with(2, "top_k: {length_max: 4, k: 2}"), &["top_k"]);
    Contract::new(top, look, &[HOLD, TOP_K], dut)
}

/// A contract, its name and the blocks that it is about: a test each, and the list of the blocks.
macro_rules! holds {
    ($($name:ident => $blocks:expr, $($contract:expr),+;)*) => {
        $(
            #[test]
            fn $name() {
                $($contract.holds(&$blocks);)+
            }
        )*

        /// The blocks of each contract that is proved.
        const PROVED: &[&[&str]] = &[$(&$blocks),*];
    };
}

holds! {
    a_stream_fifo_gives_what_it_took_in_order_and_never_overflows => ["stream_fifo"], fifo();
    a_stream_fifo_holds_under_stall => ["stream_fifo"], fifo_hold();
    the_encoders_masks_hold_under_stall => ["bitmask_encoder"],
        codec("bitmask_encoder_holds", 2, (4, true)), codec("bitmask_encoder_holds", 4, (4, true));
    the_decoders_vectors_hold_under_stall => ["bitmask_decoder"],
        codec("bitmask_decoder_holds", 2, (4, true)), codec("bitmask_decoder_holds", 4, (4, true));
    encoder_and_decoder_of_two_give_back_every_vector => ["bitmask_encoder", "bitmask_decoder"],
        codec("codec_contract", 2, (13, false));
    encoder_and_decoder_of_three_give_back_every_vector => ["bitmask_encoder", "bitmask_decoder"],
        codec("codec_contract", 3, (13, false));
    encoder_and_decoder_of_four_give_back_every_vector => ["bitmask_encoder", "bitmask_decoder"],
        codec("codec_contract", 4, (13, false));
    elementwise_sums_hold_under_stall => ["elementwise"], elementwise();
    the_codes_of_softmax_hold_under_stall => ["softmax"],
        softmax("maximum: running"), softmax("maximum: row"), softmax("row_buffer: false");
    the_codes_of_a_hierarchical_softmax_hold_under_stall => ["hierarchical_softmax"], hierarchical_softmax(4);
    masks_select_what_their_set_bits_say => ["block_select"], select(4, 2, 2), select(8, 4, 3), select(8, 8, 4);
    an_activation_passes_rows_in_two_cycles_unless_it_is_told_otherwise => ["activation"], activation();
    the_largest_of_a_row_hold_under_stall => ["top_k"], top_k("top_k_holds", (4, true));
    the_largest_of_a_row_come_in_order_and_equals_as_they_stood => ["top_k"], top_k("top_k_order", (12, false));
    a_decision_holds_under_stall => ["entropy"], entropy(10);
    norms_hold_under_stall => ["layernorm"], layernorm();
    registers_keep_to_axi4_lite_and_to_their_kinds => ["csr"], csr();
    each_address_of_a_tiled_memory_is_one_place => [], memory();
    every_read_of_an_rram_is_answered_rightly_or_with_an_error => ["rram"], rram(0, 13);
    no_word_of_an_rram_is_programmed_more_often_than_it_lives_for => ["rram"], rram(1, 20);
    one_flipped_bit_of_any_word_is_corrected_and_two_are_detected => ["secded"], secded();
    masks_and_bases_of_records_hold_under_stall => ["record_reader"], record_reader(4);
    a_port_to_external_memory_holds_what_it_offers_and_stays_within_4_kb => ["dma"],
        dma("dma_holds", 7, (4, true)), dma("dma_holds", 8, (4, true));
    a_read_of_external_memory_is_given_once_and_answered_for => ["dma"],
        dma("dma_command", 2, (12, false)).with("WRITE", 0);
    a_write_to_external_memory_is_moved_once_and_answered_for => ["dma"],
        dma("dma_command", 2, (11, false)).with("WRITE", 1);
}

/// Blocks without a contract, and why.
const WITHOUT: [(&str, &str); 8] = [
    ("sram", "an array of the language, whose declaration is its contract; how a memory is tiled of several is proved"),
    ("vmac", "products are beyond the solver; every pair of 8-bit codes is co-simulated"),
    ("vmac_array", "lanes of products"),
    ("accumulator", "answers in a fixed cycle without a handshake, and adds: co-simulated against its golden"),
    ("requantize", "answers in a fixed cycle without a handshake, and rounds: co-simulated against its golden"),
    ("matrix_unit", "has the array within; its results leave through a stream_fifo"),
    ("processing_unit", "has the matrix unit within; its streams are those of decoders and encoder"),
    ("accelerator", "a program takes more cycles than a proof reaches; its buses are those of csr and dma"),
];

#[test]
fn every_block_has_a_contract_or_a_reason_to_have_none() {
    for block in BLOCKS {
        let proved = PROVED.iter().any(|blocks| blocks.contains(&block.name));
        let excused = WITHOUT.iter().any(|(name, _)| *name == block.name);
        assert!(proved || excused, "{}: no contract is proved of it", block.name);
        assert!(!(proved && excused), "{}: a contract is proved of it after all", block.name);
    }
    for (name, _) in WITHOUT {
        assert!(Block::named(name).is_some(), "{name} is no block");
    }
}

#[test]
fn a_stream_fifo_that_overwrites_an_entry_is_refuted() {
    fifo().refutes("alb_stream_fifo_result.v", "else if (push && !used[i])", "else if (push)");
}

#[test]
fn a_stream_fifo_that_takes_one_too_many_is_refuted() {
    fifo().refutes("alb_stream_fifo_result.v", "= !used_q[DEPTH-1];", "= !used_q[DEPTH-1] || out_ready_i;");
}

#[test]
fn a_stream_fifo_that_moves_on_without_a_transfer_is_refuted() {
    fifo_hold().refutes("alb_stream_fifo_result.v", "= out_valid_o && out_ready_i;", "= out_valid_o;");
}

#[test]
fn an_encoder_that_does_not_wait_is_refuted() {
    let contract = codec("bitmask_encoder_holds", 2, (6, true));
    contract.refutes("alb_bitmask_encoder.v", "= !mask_valid_q || mask_ready_i;", "= 1'b1;");
}

#[test]
fn a_decoder_whose_buffer_does_not_wait_is_refuted() {
    let contract = codec("bitmask_decoder_holds", 2, (10, true));
    contract.refutes("alb_stream_fifo_weight_vector.v", "= out_valid_o && out_ready_i;", "= out_valid_o;");
}

#[test]
fn a_codec_that_reads_one_row_too_low_after_a_wrap_is_refuted() {
    let contract = codec("codec_contract", 2, (13, false));
    contract.refutes("alb_bitmask_decoder_weight.v", "lead || fresh ? row : next_row", "row");
}

#[test]
fn a_codec_that_keeps_the_negative_zero_is_refuted() {
    let contract = codec("codec_contract", 2, (13, false));
    contract.refutes("alb_bitmask_encoder.v", "CODE_W +: CODE_W-1] != {(CODE_W-1){1'b0}}", "CODE_W +: CODE_W] != 8'd0");
}

#[test]
fn elementwise_sums_that_do_not_wait_are_refuted() {
    let mut contract = elementwise();
    contract.depth = 10;
    contract.refutes("alb_elementwise.v", "= !valid_q[STAGES-1] || sum_ready_i;", "= 1'b1;");
}

#[test]
fn a_softmax_whose_codes_do_not_wait_is_refuted() {
    let mut contract = softmax("row_buffer: false");
    contract.depth = 20;
    contract.refutes("alb_softmax.v", "code_free   = !code_valid_q || code_ready_i;", "code_free   = 1'b1;");
}

#[test]
fn a_selection_of_every_set_bit_is_refuted() {
    select(4, 4, 3).refutes("alb_block_select.v", "mask[k+i] && gen_seen[k+i].seen[k]", "mask[k+i]");
}

#[test]
fn an_activation_of_another_function_passes_rows_in_two_cycles_too() {
    for (word, set) in activation_words() {
        if word != GELU && set.of_domain(Domain::Numbers).next().is_some() {
            activation_of(word).holds(&["activation"]);
        }
    }
}

#[test]
fn an_identity_that_is_shifted_is_refuted() {
    activation().refutes("alb_activation_lane.v", "scale_i & {SHIFT_W{number}}", "scale_i");
}

#[test]
fn a_relu_that_a_negative_sum_passes_is_refuted() {
    activation().refutes("alb_activation_lane.v", "sign && function_i != {FUNCTION_W{1'b0}}", "sign && number");
}

#[test]
fn a_tangent_that_is_not_mirrored_is_refuted() {
    activation_of("tanh").refutes("alb_activation_lane.v", " ^ {(TABLE_W+1){mirrored_q}}", "");
}

#[test]
fn a_positive_sum_of_a_negative_gelu_is_refuted() {
    activation().refutes("alb_activation_lane.v", "value_q | {VALUE_W{over}}", "~value_q | {VALUE_W{over}}");
}

#[test]
fn entries_that_an_element_of_the_next_row_changes_are_refuted() {
    let contract = top_k("top_k_holds", (12, true));
    contract.refutes("alb_top_k.v", "insert = element_valid_q && !leaving_q;", "insert = element_valid_q;");
}

#[test]
fn a_maximum_that_starts_from_zero_is_refuted() {
    let contract = top_k("top_k_order", (12, false));
    contract.refutes("alb_top_k.v", "!used[i+1] || element_value_q > ", "element_value_q > ");
}

#[test]
fn equals_that_change_places_are_refuted() {
    let contract = top_k("top_k_order", (12, false));
    contract.refutes("alb_top_k.v", "element_value_q > entry_q", "element_value_q >= entry_q");
}

#[test]
fn codes_of_a_hierarchical_softmax_that_do_not_wait_are_refuted() {
    let change = "move = !code_valid_q || code_ready_i;";
    hierarchical_softmax(32).refutes("alb_hierarchical_softmax.v", change, "move = 1'b1;");
}

#[test]
fn a_decision_that_does_not_wait_is_refuted() {
    entropy(36).refutes("alb_entropy.v", "default: if (decision_ready_i) state_q", "default: state_q");
}

#[test]
fn norms_that_do_not_wait_are_refuted() {
    layernorm().refutes("alb_layernorm.v", "= !row_at_norm_q || norm_ready_i;", "= 1'b1;");
}

/// A macro of a line, read in a cycle.
fn of_macro(name: &str, words: u32, bits: u32, area: u32, write_ns: u32) -> String {
    format!(
        "  - {{name: {name}, cell: cell, source: test, words: {words}, bits: {bits}, ports: 1rw, write_enable_bits: 2, \
         area_um2: {area}, read_latency_ns: 1, write_latency_ns: {write_ns}, read_energy_pj: 1, write_energy_pj: 1, leakage_uw: 1}}\n"
    )
}

/// The files of a memory that is made of some macros.
fn made(cell: &str, macros: &str, demand: &Demand) -> Vec<Source> {
    let text =
        format!("name: test\nprocess: none\nsources: {{test: test}}\ncells: {{cell: {{{cell}}}}}\nmacros:\n{macros}");
    let technology = Technology::parse("test.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let design = small(2);
    let mut library = alberti_rtl::blocks::Library::new(&design);
    let module = library.memory(&technology, demand).unwrap_or_else(|problems| panic!("{problems}"));
    let netlist = Netlist::new(&module.name, library.into_modules());
    netlist.sources().into_iter().map(|(file, text)| Source::new(file, text)).collect()
}

#[test]
fn a_response_to_a_write_that_does_not_wait_is_refuted() {
    csr().refutes("alb_csr.v", "write || (b_valid_q && !s_axil_bready)", "write");
}

#[test]
fn data_of_a_read_that_change_while_they_wait_are_refuted() {
    csr().refutes("alb_csr.v", "if (read) begin", "begin");
}

#[test]
fn a_response_without_its_data_is_refuted() {
    csr().refutes("alb_csr.v", "write = aw_full_q && w_full_q &&", "write = aw_full_q &&");
}

#[test]
fn a_response_that_is_given_twice_is_refuted() {
    csr().refutes("alb_csr.v", "ar_full_q ? !read : s_axil_arvalid", "ar_full_q ? !s_axil_rready : s_axil_arvalid");
}

#[test]
fn a_response_that_comes_only_when_its_master_is_ready_is_refuted() {
    csr().refutes("alb_csr.v", "w_full_q && (!b_valid_q || s_axil_bready)", "w_full_q && s_axil_bready");
}

#[test]
fn a_cause_that_loses_an_event_is_refuted() {
    let event = "if (interrupt_cause_done_i) interrupt_cause_done_q <= 1'b1;";
    csr().refutes("alb_csr.v", event, "if (interrupt_cause_done_i && !write) interrupt_cause_done_q <= 1'b1;");
}

#[test]
fn a_program_that_follows_what_is_written_while_it_runs_is_refuted() {
    csr().refutes("alb_csr.v", "if (control_start_q && !status_busy_i)", "if (1'b1)");
}

#[test]
fn a_command_that_lasts_is_refuted() {
    csr().refutes(
        "alb_csr.v",
        "control_start_q <= write_control",
        "control_start_q <= control_start_q || write_control",
    );
}

/// Eleven words of six bits, tiled from macros of four by four and of two by two: of every tile there is a
/// rest.
fn memory() -> Contract {
    let demand = Demand { words: 11, bits: 6, codes: 1, ..demands(&small(2))[0].clone() };
    let sources = made("kind: sram", &(of_macro("four", 4, 4, 16, 1) + &of_macro("two", 2, 2, 5, 1)), &demand);
    Contract::new("memory_contract", (5, false), &[MEMORY], sources)
}

/// Three words of a cell of two bits each, that live for so many programmings; 0: for any number.
fn rram(limit: u32, depth: u32) -> Contract {
    let mut demand = Demand { words: 3, bits: 2, codes: 1, ..demands(&small(2))[0].clone() };
    (demand.storage.kind, demand.storage.bits_per_cell) = (MemoryKind::Rram, 2);
    let endurance = match limit {
        0 => String::new(),
        limit => format!(", endurance_cycles: {limit}, endurance_source: test"),
    };
    let cell = format!("kind: rram, bits_per_cell: 2{endurance}");
    let sources = made(&cell, &of_macro("four", 4, 2, 16, 4), &demand);
    Contract::new("rram_contract", (depth, false), &[HOLD, RRAM], sources).with("LIMIT", limit)
}

/// An accelerator whose masks have a memory.
fn masked(masks: &str) -> Design {
    let text = format!(
        "name: tiny\ndatapath: {{n: 2, operand: af8_3, accumulator_bits: 35, accumulator_rows: 2, reduction_max: 2, \
         pipeline: 1}}\nmemories:\n  weight: {{values: 32, masks: {{{masks}}}}}\n  activation: {{values: 32}}\n  \
         result: {{values: 32}}\nclock: {{frequency_mhz: 500}}\n"
    );
    Design::parse("tiny.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn secded() -> Contract {
    let dut = blocks(&masked("words: 8, ecc: secded"), &["secded"]);
    Contract::new("secded_contract", (1, false), &[SECDED], dut)
}

fn record_reader(depth: u32) -> Contract {
    let dut = blocks(&masked("words: 8"), &["record_reader"]);
    Contract::new("record_reader_holds", (depth, true), &[HOLD, RECORD_READER], dut)
}

#[test]
fn a_tile_that_takes_writes_of_another_is_refuted() {
    memory().refutes(
        "alb_tiles_weight.v",
        "wire tile0_writes = write_enable_i",
        "wire tile0_writes = 1'b1 || write_enable_i",
    );
}

#[test]
fn an_rram_that_answers_as_if_it_were_not_busy_is_refuted() {
    rram(0, 13).refutes("alb_rram_weight.v", "else refused_q <= read_enable_i && busy_q;", "else refused_q <= 1'b0;");
}

#[test]
fn an_rram_that_takes_a_word_over_another_is_refuted() {
    rram(0, 13).refutes("alb_rram_weight.v", "= !busy_q;", "= 1'b1;");
}

#[test]
fn an_rram_whose_lock_is_not_heard_is_refuted() {
    rram(0, 13).refutes("alb_rram_weight.v", "= locked_q ? LOCKED : outside", "= outside");
}

#[test]
fn an_rram_that_reads_another_word_while_it_programs_is_refuted() {
    rram(0, 13).refutes("alb_rram_weight.v", "= busy_q ? put_address_q : read_address_i;", "= read_address_i;");
}

#[test]
fn an_rram_that_forgets_to_count_is_refuted() {
    rram(1, 20).refutes("alb_rram_weight.v", "worn  = again && ", "worn  = 1'b0 && ");
}

#[test]
fn a_code_that_mistakes_a_column_is_refuted() {
    secded().refutes("alb_secded.v", "syndrome == 4'd9;", "syndrome == 4'd11;");
}

#[test]
fn a_code_that_corrects_what_has_two_errors_is_refuted() {
    secded().refutes("alb_secded.v", "(hit & {DATA_W{odd}})", "hit");
}

#[test]
fn a_base_that_is_given_over_the_one_that_waits_is_refuted() {
    record_reader(14).refutes("alb_record_reader.v", " && (!starts || !base_valid_q || base_ready_i)", "");
}

#[test]
fn masks_that_do_not_wait_are_refuted() {
    record_reader(14).refutes("alb_record_reader.v", "= (!give_valid_q || leave)", "= 1'b1");
}

#[test]
fn a_port_to_external_memory_that_crosses_a_boundary_is_refuted() {
    dma("dma_holds", 7, (8, false)).refutes("alb_dma.v", "span = left < BURST ? left : BURST", "span = BURST");
}

#[test]
fn an_address_that_changes_while_it_waits_is_refuted() {
    let free = "write_q ? !aw_valid_q || m_axi_awready : !ar_valid_q || m_axi_arready";
    dma("dma_holds", 7, (10, false)).refutes("alb_dma.v", free, "1'b1");
}

#[test]
fn a_read_that_gives_a_beat_that_failed_is_refuted() {
    let change = ("m_axi_rvalid && !stop_q && !m_axi_rresp[1]", "m_axi_rvalid && !stop_q");
    dma("dma_command", 2, (12, false)).with("WRITE", 0).refutes("alb_dma.v", change.0, change.1);
}

#[test]
fn a_write_whose_data_do_not_end_with_their_burst_is_refuted() {
    dma("dma_command", 2, (11, false)).with("WRITE", 1).refutes("alb_dma.v", "{data_end, strobe", "{data_last, strobe");
}

#[test]
fn a_write_that_is_done_before_it_is_answered_is_refuted() {
    let open = " && open_q == {OPEN_W{1'b0}} && !read_valid_o";
    dma("dma_command", 2, (11, false)).with("WRITE", 1).refutes("alb_dma.v", open, " && !aw_valid_q && !read_valid_o");
}

//! `alberti golden`.

mod array;
mod codec;
mod external;
mod matrix;
mod memory;
mod number;
mod program;
mod registers;
mod row;
mod storage;
mod text;
mod unit;

use crate::{
    exit::{Failure, Result},
    output::{self, Answer},
    source,
};
use alberti_diagnostic::Code;
use alberti_rtl::{Design, blocks::Block};
use serde_json::Value;
use std::path::PathBuf;
use text::{placed, read};

pub use number::lines;
pub use text::Text;

/// Computes what a block must output for inputs of your own, in JSON.
///
/// Codes are given as integers, `[56, 184]`, or as real numbers that are quantised, `{"values": [0.5, -0.5],
/// "scale": 0}`; a number's value is significand·2^(scale − fraction bits). Masks are integers or texts, `5`,
/// `"0x5"`, `"0b101"`; bit i is position i. `--example` prints a valid input for this block of this design;
/// start from it.
#[derive(clap::Args)]
#[command(after_long_help = FIELDS)]
pub struct Arguments {
    /// The design, a YAML file
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The block
    #[arg(short, long, value_name = "BLOCK", value_parser = source::block)]
    block: &'static str,
    /// The input, a JSON file; - for standard input
    #[arg(short, long, value_name = "FILE", required_unless_present = "example")]
    input: Option<PathBuf>,
    /// The file for the output [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print a valid input for this block of this design
    #[arg(long, conflicts_with = "input")]
    example: bool,
}

const FIELDS: &str = "\
Fields by block, n being the design's; those in brackets can be left out:
  vmac             weights: n codes, activations: n codes (2n with block sparsity), [addend],
                   selects: n numbers or null (with block sparsity)      -> sum, value
  vmac_array       weights: n rows of n codes, vectors: rows of n codes (2n), [addends: rows of n],
                   selects: n rows (with block sparsity)                 -> sums, values, held
  accumulator      bias: n integers, tokens: {row, first, last, sums: n} -> addends, finals
  activation       function: identity, or a word of datapath.activation, sums: rows of n integers,
                   shifts: n of -64 to 63, [activation_shift]
                                                                         -> sums, shifts
  requantize       sums: rows of n integers, shifts: n of -64 to 63, [scale], [wide_shift: in an accelerator]
                                                                         -> codes, values, [wide]
  block_select     mask: 2n bits                                         -> selects, errors
  bitmask_encoder  vectors: rows of n codes, [row]                       -> masks, packed, next_row
  bitmask_decoder  masks: of n bits, packed: codes, [base: {row, lane}], [scale]
                                                                         -> vectors, values, next
  sram             cycles: {[read: address], [write: {address, word}]}   -> words
  rram             words: hexadecimal                                    -> memory, levels as stored
  secded           words: hexadecimal, with check bits                   -> data, findings
  record_reader    words: of the mask memory, hexadecimal, fetches: {word, masks}  -> segments, misplaced
  stream_fifo      operations: integers to push, or null to pop          -> answers, left
  softmax          scores: codes in q8.8, base 2, [valid: elements that count], [mask: 0 to 128 each]
                                                                         -> probabilities, codes, values
  layernorm        residual: codes in q9.7, gamma: in q2.14, beta: in q6.10, [channel_shift: 0 to 3 each],
                   [exponent_bias: of the codes]                         -> wide, wide_values, codes, values
  elementwise      add: {a, b}, or scale: {a, gain}; a and b are {codes, format, [shift]}
                                                                         -> integers, codes
  entropy          logits: codes in q6.10, threshold_nats                -> exit, entropy_nats, ...
  top_k            values: integers of 16 bits                           -> entries
  csr              accesses: {read or write: name or address, [data], [strobes], [inputs: {port: value}]}
                                                                         -> answers
  matrix_unit      jobs: {tiles: {weights: n rows of n codes, vectors: rows of n codes (2n with selects),
                   [selects: n rows, of a block tile], [columns: true or false]}, shifts: n, [bias: n],
                   [close], [function, activation_shift: as above], [wide_shift]}, [scale: of the results]
                                                                         -> codes, values, last, counters, [wide]
  dma              command: {write, address, bytes}, [latency: cycles], [faults: {address, response: 2 or 3}]
                                                                         -> bursts, response, ...
  accelerator      program: instructions of 16 words, at address 0, [data_base], [entropy_threshold],
                   [memory: {address, bytes}], [show: {address, bytes: how many}]
                                                                         -> program, end, memory, counters
  processing_unit  activations: rows of K codes, weights: N rows of K codes, [bias: N], shifts: N,
                   [scale: of the results], [blocks: true or false], [function, activation_shift: as above]
                                       -> sums, sum_values, codes, values, segments, counters";

/// Example and answer of a block.
type Pair = (fn(&Design) -> Result<Value>, fn(&Design, &Text) -> Result<Value>);

fn pair(block: &str) -> Option<Pair> {
    Some(match block {
        "vmac" => (array::vmac_example, array::vmac),
        "vmac_array" => (array::vmac_array_example, array::vmac_array),
        "accumulator" => (array::accumulator_example, array::accumulator),
        "activation" => (array::activation_example, array::activation),
        "requantize" => (array::requantize_example, array::requantize),
        "block_select" => (codec::block_select_example, codec::block_select),
        "bitmask_encoder" => (codec::encoder_example, codec::encoder),
        "bitmask_decoder" => (codec::decoder_example, codec::decoder),
        "sram" => (storage::sram_example, storage::sram),
        "rram" => (memory::rram_example, memory::rram),
        "secded" => (memory::secded_example, memory::secded),
        "record_reader" => (memory::records_example, memory::records),
        "stream_fifo" => (storage::fifo_example, storage::fifo),
        "softmax" => (row::softmax_example, row::softmax),
        "layernorm" => (row::layernorm_example, row::layernorm),
        "elementwise" => (row::elementwise_example, row::elementwise),
        "entropy" => (row::entropy_example, row::entropy),
        "top_k" => (row::top_k_example, row::top_k),
        "csr" => (registers::example, registers::answer),
        "matrix_unit" => (matrix::example, matrix::answer),
        "dma" => (external::example, external::answer),
        "accelerator" => (program::example, program::answer),
        "processing_unit" => (unit::example, unit::answer),
        _ => return None,
    })
}

fn absent(design: &Design, block: &str) -> Failure {
    let message = format!("the design {} has no {block}", design.name);
    Failure::new(Code::BlockAbsent, message, "choose a block that it has: `alberti dump … --stage netlist` shows them")
}

/// A valid input of a block.
///
/// # Errors
/// A block that the design does not have.
pub fn example(design: &Design, block: &str) -> Result<Value> {
    let (example, _) = pair(block).ok_or_else(|| absent(design, block))?;
    example(design)
}

/// What a block answers to an input.
///
/// # Errors
/// An input that the block cannot be given, at its place.
pub fn answered(design: &Design, block: &str, text: &Text) -> Result<Value> {
    let (_, answer) = pair(block).ok_or_else(|| absent(design, block))?;
    answer(design, text).map_err(|failure| placed(failure, text))
}

/// Answers.
///
/// # Errors
/// The design's problems, or an input that the block cannot be given.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let file = output::File::at_any(arguments.output.as_deref())?;
    Block::named(arguments.block)
        .and_then(|block| block.netlist(&design))
        .ok_or_else(|| absent(&design, arguments.block))?;
    let data = match (&arguments.input, arguments.example) {
        (Some(path), false) => answered(&design, arguments.block, &read(path)?)?,
        _ => example(&design, arguments.block)?,
    };
    let text = format!("{}\n", lines(&data));
    match file {
        Some(file) => Ok(Answer::new("", &data).with_file(&file, text.as_bytes())),
        None => Ok(Answer::new(text, &data)),
    }
}

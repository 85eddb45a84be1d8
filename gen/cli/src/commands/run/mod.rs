//! `alberti run`.

pub mod answers;
mod rtl;
mod trained;

pub use trained::{Pruned, Prunings};

use crate::{exit::Result, machine, output::Answer, progress, source, table::decimals};
use alberti_model::compile::{self, Compiled, Session};
use answers::{Line, Summary};
use clap::ValueEnum;
use rayon::prelude::*;
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// Sentences through a trained encoder on the whole machine.
///
/// The checkpoint is quantised and laid out for the design's machine, compiled to programs, and run: on the golden model of the
/// machine, or on the machine itself in Verilator. An answer is the mean of the last layer's output over the tokens, scaled to
/// length 1. With --compare, each answer stands beside f32's, and the program's beside that of the encoder's equations in the
/// same integers, which must agree to the bit.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    /// The design, a YAML file with a section `machine`
    #[arg(value_name = "DESIGN")]
    design: PathBuf,
    /// The folder of a trained BERT-style encoder: model.safetensors, config.json, tokenizer.json; `make model` fetches
    /// one
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    prunings: Prunings,
    /// What the model reads; again for more [default: the built-in sentences]
    #[arg(long = "text", value_name = "TEXT")]
    texts: Vec<String>,
    /// A file with a sentence on each line
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What runs the program
    #[arg(long, value_name = "ENGINE", default_value = "golden")]
    engine: Engine,
    /// Compare with f32, and with the encoder's equations in integers
    #[arg(long)]
    compare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The interpreter of the machine's programs
    Golden,
    /// The generated Verilog in Verilator, whose cycles are counted
    Rtl,
}

const COLUMNS: &str = "\
Columns:
  vectors    that went through the array; held: of these zeros, for which it held still
  useful     products of real tokens and channels, of those that the array had places for
  read       bytes from external memory: program and list of rows; written: bytes of the answer
  embedding  cosine of the answer to f32's; with pruning also to that of the weights before it (`unpruned`)
  hidden     cosine of the last layer's output, all tokens, to f32's";

/// Runs.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, a machine that does not hold the model, and programs that
/// differ from the encoder's equations.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.design)?;
    let config = machine::config(&design)?;
    let texts = answers::texts(&arguments.texts, arguments.file.as_deref())?;
    let pruned = arguments.prunings.load(&arguments.model)?;
    let ids = texts.iter().map(|text| pruned.tokens(text)).collect::<Result<Vec<_>>>()?;
    let longest = ids.iter().map(Vec::len).max().unwrap_or_default();
    let compiled = pruned.compile(config, longest)?;
    let bar = progress::bar(texts.len());
    let (setup, lines, engine) = match arguments.engine {
        Engine::Golden => {
            let first = Session::new(&compiled)?;
            // A machine for each thread at most: one holds all weights.
            let machines = Mutex::new(vec![first.clone()]);
            let lines = (texts.par_iter().zip(&ids))
                .map(|(text, ids)| {
                    let free = machines.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let mut session = free.unwrap_or_else(|| first.clone());
                    let line = line(arguments, &pruned, &compiled, &mut session, (text, ids))?;
                    machines.lock().unwrap_or_else(PoisonError::into_inner).push(session);
                    bar.inc(1);
                    Ok(line)
                })
                .collect::<Result<Vec<Line>>>()?;
            (first.loaded, lines, "golden machine")
        }
        Engine::Rtl => {
            bar.set_message("building");
            let mut session = Session::on(&compiled, rtl::machine(&design, &compiled)?)?;
            bar.set_message("");
            let each = texts.iter().zip(&ids).map(|both| {
                let line = line(arguments, &pruned, &compiled, &mut session, both)?;
                bar.inc(1);
                Ok(line)
            });
            let lines = each.collect::<Result<Vec<Line>>>()?;
            (session.loaded, lines, "machine in Verilog")
        }
    };
    let setup = setup.iter().sum::<u64>();
    bar.finish_and_clear();
    let summary = Summary::of(&lines);
    let checkpoint = &pruned.model.checkpoint.config;
    let text = format!(
        "{}: {} layers of {} heads, {} channels; weights {}, embeddings {}; {} sentences on the {engine}\n\
         set up once with {} bytes, beside {} codes in {} words of masks\n\n{}{}",
        design.name,
        checkpoint.num_hidden_layers,
        checkpoint.num_attention_heads,
        checkpoint.hidden_size,
        pruned.weights,
        pruned.embeddings,
        lines.len(),
        crate::table::count(setup),
        crate::table::count(compiled.weights().0.len() as u64),
        crate::table::count(compiled.weights().1.words() as u64),
        answers::table(&lines).text(),
        summary.map_or_else(String::new, |summary| format!(
            "\nembedding: mean cosine to f32 {}, worst {}; every program equal to the equations, bit for bit\n",
            decimals(summary.mean_embedding_cosine, 5),
            decimals(summary.worst_embedding_cosine, 5),
        )),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "engine": arguments.engine.to_possible_value().map(|value| value.get_name().to_owned()),
        "pruning": {"weights": pruned.weights.to_string(), "embeddings": pruned.embeddings.to_string()},
        "setup_bytes": setup, "summary": summary, "sentences": lines,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()))
}

/// One sentence.
fn line<E: compile::Engine>(
    arguments: &Arguments,
    pruned: &Pruned,
    compiled: &Compiled,
    session: &mut Session<'_, E>,
    (text, ids): (&String, &Vec<u32>),
) -> Result<Line> {
    let answer = session.run(0, ids, 0)?;
    let comparison = arguments.compare.then(|| answers::compare(pruned, compiled, ids, &answer)).transpose()?;
    Ok(Line::new(text, ids.len(), compiled, &answer, comparison))
}

//! Proofs of short contracts: properties in Verilog, bounded model checking and induction by yosys-smtbmc and
//! z3.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::cache::{self, Cache, hash};
use crate::elaborate::{Source, write_sources};
use crate::error::{Error, Result};
use crate::flows;
use crate::tools::{Output, SMTBMC, YOSYS, Z3, yosys_version};

/// Properties to prove.
#[derive(Debug, Clone)]
pub struct FormalJob<'a> {
    /// The module that holds `assert` and `assume`, usually a wrapper around the module in question.
    pub top: &'a str,
    /// Every file, read as SystemVerilog with `FORMAL` defined.
    pub sources: &'a [Source],
    /// Clock edges to look at from the start, and length of the induction.
    pub depth: u32,
    /// Prove it for all time, and not for the first `depth` edges alone.
    pub induction: bool,
}

/// What a proof came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FormalResult {
    /// The properties hold for all time.
    Proved,
    /// The properties hold for the first `steps` edges; more was not asked.
    Holds {
        /// How many edges.
        steps: u32,
    },
    /// A property does not hold.
    Failed {
        /// The solver's words and the values of the top module's signals, step by step.
        trace: String,
    },
    /// Neither proved nor refuted.
    Unknown {
        /// Why, and what to try.
        reason: String,
    },
}

/// Prove the assertions of a design.
///
/// # Errors
/// Missing tools; whatever yosys refuses; a design without an assertion, or whose assumptions nothing
/// satisfies: both would be true of everything.
pub fn prove(cache: &Cache, job: &FormalJob) -> Result<FormalResult> {
    if !flows::is_identifier(job.top) {
        return Err(Error::invalid(job.top, "a top module's name is letters, digits and '_'"));
    }
    let (depth, induction) = (job.depth.to_string(), job.induction.to_string());
    let tools = format!("{} {}", yosys_version()?, Z3.version()?);
    let script = flows::formal(&[], job.top)?;
    let mut key: Vec<&str> = vec!["formal", &tools, &script, job.top, &depth, &induction];
    key.extend(job.sources.iter().flat_map(|source| [source.file.as_str(), source.text.as_str()]));
    let entry = cache.get("formal", &hash(&key), |folder| {
        let result = run(job)?;
        let text = serde_json::to_string(&result).map_err(|error| Error::invalid(job.top, error.to_string()))?;
        cache::write(&folder.join("result.json"), text)
    })?;
    let text = cache::read(&entry.join("result.json"))?;
    serde_json::from_str(&text).map_err(|error| Error::invalid(job.top, format!("a kept result is damaged: {error}")))
}

fn run(job: &FormalJob) -> Result<FormalResult> {
    let work = tempfile::tempdir().map_err(Error::io(std::path::Path::new(".")))?;
    let files = write_sources(work.path(), job.sources)?;
    cache::write(&work.path().join("run.ys"), flows::formal(&files, job.top)?)?;
    YOSYS.run(work.path(), ["-q", "run.ys"], &format!("preparing the proof of {}", job.top))?.checked()?;
    if !cache::read(&work.path().join("design.smt2"))?.contains("yosys-smt2-assert") {
        return Err(Error::invalid(job.top, "it asserts nothing: write properties as assert (…) in it"));
    }
    let depth = job.depth.to_string();
    let solve = |arguments: &[&str]| -> Result<Output> {
        // Unrolled, z3 sees bits; as functions over states even eight bits take it minutes.
        let common = ["-s", "z3", "--unroll", "--noprogress", "-t", depth.as_str()];
        let all = common.iter().chain(arguments).chain(&["design.smt2"]);
        SMTBMC.run(work.path(), all, &format!("proving {}", job.top))
    };
    let bounded = solve(&["--presat", "--dump-vcd", "trace.vcd"])?;
    if bounded.stdout.contains("unsatisfiable") {
        return Err(Error::invalid(job.top, "no input satisfies its assumptions: it would prove anything"));
    }
    match status(&bounded) {
        Some(true) if !job.induction => return Ok(FormalResult::Holds { steps: job.depth }),
        Some(true) => {}
        Some(false) => {
            let vcd = cache::read(&work.path().join("trace.vcd")).unwrap_or_default();
            let said = bounded.stdout.lines().filter(|line| line.contains("Assert failed")).map(without_clock);
            let said: Vec<&str> = said.collect();
            return Ok(FormalResult::Failed { trace: format!("{}\n{}", said.join("\n"), table(&vcd)) });
        }
        None => return Err(bounded.failure()),
    }
    let induction = solve(&["-i"])?;
    match status(&induction) {
        Some(true) => Ok(FormalResult::Proved),
        Some(false) => Ok(FormalResult::Unknown {
            reason: format!(
                "it holds for {depth} steps from the start, but {depth} good steps do not imply the next: \
                 look further, or assert more of the state"
            ),
        }),
        None => Err(induction.failure()),
    }
}

fn status(output: &Output) -> Option<bool> {
    let line = output.stdout.lines().rfind(|line| line.contains("Status:"))?.to_ascii_lowercase();
    if line.contains("passed") { Some(true) } else { line.contains("failed").then_some(false) }
}

/// "##   0:00:01  Assert failed in …" without the time, which would make every trace another.
fn without_clock(line: &str) -> &str {
    line.find("Assert failed").map_or(line, |at| &line[at..])
}

/// The signals of a trace's outermost scope, a line per step.
fn table(vcd: &str) -> String {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    let mut text = String::new();
    let (mut depth, mut step) = (0, None);
    for line in vcd.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["$scope", ..] => depth += 1,
            ["$upscope", ..] => depth -= 1,
            ["$var", _, _, id, name, ..] if depth == 1 && !name.contains('$') && *name != "smt_step" => {
                names.insert(name, id);
            }
            ["$var", _, _, id, "smt_step", ..] => {
                names.insert("step", id);
            }
            [time] if time.starts_with('#') => {
                let now = names.get("step").and_then(|id| values.get(id)).copied();
                if now != step {
                    text.push_str(&row(&names, &values));
                    step = now;
                }
            }
            [value, id] if value.starts_with('b') => {
                values.insert(id, &value[1..]);
            }
            [bit] if bit.starts_with(['0', '1', 'x']) && bit.len() > 1 => {
                values.insert(&bit[1..], &bit[..1]);
            }
            _ => {}
        }
    }
    text
}

fn row(names: &BTreeMap<&str, &str>, values: &BTreeMap<&str, &str>) -> String {
    let number = |bits: &str| u128::from_str_radix(bits, 2).map_or_else(|_| bits.to_string(), |n| format!("{n:x}"));
    let value = |id: &str| values.get(id).map_or_else(|| "-".to_string(), |bits| number(bits));
    let mut text = names.get("step").map_or_else(String::new, |id| format!("step {}:", value(id)));
    for (name, id) in names.iter().filter(|(name, _)| **name != "step") {
        let _ = write!(text, " {name}={}", value(id));
    }
    text + "\n"
}

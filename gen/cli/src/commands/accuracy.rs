//! `alberti accuracy`.

use crate::{
    encoder::EncoderArguments,
    exit::Result,
    output::Answer,
    source,
    table::{Table, count, decimals},
};
use alberti_cost::configuration::accuracy_units;
use alberti_model::{
    accuracy::{self, ErrorLine, Findings, Inputs, Mass, Rounded},
    demo::{self, Model},
    sentence::Reading,
};

/// Measures the errors of the special function units against f64, on a trained encoder.
///
/// The f32 encoder reads sentences. Its attention scores, residual sums, operands and pre-activations, of all
/// layers and heads, are rounded to the units' input formats (docs/arithmetic.md) and given to the golden
/// models, which the hardware equals bit for bit. `inputs rounded` compares the result with f64 on the same
/// rounded inputs: the unit's own error. `inputs f32` compares it with f64 on the inputs before rounding. The
/// encoder has no classifier: entropy and top_k get random logits, always the same, and grids of logits.
///
/// Only units of the design are measured, on rows that fit them. GELU has the design's form; for `inputs f32`
/// it is compared with the model's form.
#[derive(clap::Args)]
#[command(after_long_help = COLUMNS)]
pub struct Arguments {
    #[command(flatten)]
    encoder: EncoderArguments,
    /// A text that the model reads; repeat for more [default: the dozen sentences that ranges are taken from,
    /// one more, and a passage]
    #[arg(long = "sentence", value_name = "TEXT")]
    sentences: Vec<String>,
}

const COLUMNS: &str = "\
Columns:
  max error  largest |x - e|, e being what f64 gives
  places     the same in last places of the result; of af8_3 in mantissa places of e, within range
  rms        root of the mean (x - e)^2; the mean of |x - e| is in the JSON
  rms/std    rms over the standard deviation of e
  cosine     of a row of results to what it should be: mean, and the worst row
  of bound   largest error as a share of what docs/arithmetic.md promises, where it does: 1 at most
  mass lost  1 less the sum of a row's probabilities, mean and worst; gained: the most above 1.
             `row exponent` is what af8_3 would lose if each row had one: no unit does that yet
  scaled     the embeddings' sums times a power of two, which layer norm does not see: what storing
             their tables so would buy
  saturated  numbers past the ends of a format
  vanished   numbers other than zero that became zero";

/// Measures.
///
/// # Errors
/// The design's problems, or a model that cannot be used.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.encoder.design)?;
    let model = Model::load(arguments.encoder.source())?;
    let (tokenizer, checkpoint) = (&model.tokenizer, &model.checkpoint);
    let reading = Reading::of(arguments.sentences.clone(), demo::sentences(), tokenizer, checkpoint, usize::MAX)?;
    let report = accuracy::measure(&model, accuracy_units(&design), &reading.tokens)?;
    let text = format!(
        "{}: its units against f64, {} sentences of {} tokens, {} layers of {} heads\n{}{}",
        design.name,
        report.sentences,
        report.tokens,
        report.layers,
        report.heads,
        reading.note(),
        text(&report.findings)
    );
    let data = serde_json::json!({"design": design.name, "hash": design.hash, "seed": accuracy::SEED, "texts_cut": reading.cut.texts, "accuracy": report});
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&model.checkpoint))
}

/// The tables that have rows, each after an empty line.
fn text(findings: &Findings) -> String {
    let mut text: String = findings.omissions.iter().map(|omission| format!("not measured: {omission}\n")).collect();
    let tables = [
        (!findings.errors.is_empty()).then(|| errors(&findings.errors)),
        (!findings.masses.is_empty()).then(|| masses(&findings.masses)),
        (!findings.roundings.is_empty()).then(|| roundings(&findings.roundings)),
        (!findings.decisions.is_empty()).then(|| decisions(findings)),
    ];
    if tables.iter().all(Option::is_none) {
        text += "The design has no special function unit that the model feeds.\n";
    }
    for table in tables.into_iter().flatten() {
        text += &format!("\n{}", table.text());
    }
    if let Some(shifts) = &findings.channel_shifts {
        let [none, rest @ ..] = shifts.channels_by_shift;
        text += &format!(
            "\nlayernorm: {} norms have codes; of their channels {none} keep their scale, {} are divided by 2, {} by 4, {} by 8\n",
            shifts.norms, rest[0], rest[1], rest[2]
        );
    }
    if !findings.decisions.is_empty() {
        text += &format!("\nrandom logits: seed {}, standard deviations 0.3, 1, 2 and 4 nats\n", accuracy::SEED);
    }
    text
}

fn errors(lines: &[ErrorLine]) -> Table {
    let mut table = Table::new(&[
        "unit",
        "of",
        "result",
        "inputs",
        "rows",
        "values",
        "max error",
        "places",
        "rms",
        "rms/std",
        "cosine",
        "worst",
        "of bound",
    ]);
    for line in lines.iter().filter(|line| line.rows > 0) {
        table.row(vec![
            line.unit.into(),
            line.sample.into(),
            line.result.into(),
            match line.inputs {
                Inputs::Rounded => "rounded".into(),
                Inputs::F32 => "f32".into(),
            },
            count(line.rows),
            count(line.values),
            scientific(line.max_abs_error),
            decimals(line.max_error_places, 3),
            scientific(line.rms_error),
            scientific(line.rms_error_per_deviation),
            decimals(line.mean_cosine, 6),
            decimals(line.worst_cosine, 6),
            share(line.share_of_bound),
        ]);
    }
    table
}

fn masses(masses: &[Mass]) -> Table {
    let percent = |share: f64| format!("{:.3} %", 100.0 * share);
    let mut table =
        Table::new(&["unit", "of", "probabilities", "rows", "mass lost, mean", "worst", "gained", "of bound"]);
    for mass in masses {
        table.row(vec![
            mass.unit.into(),
            mass.sample.into(),
            mass.result.into(),
            count(mass.rows),
            percent(mass.mean_lost),
            percent(mass.worst_lost),
            percent(mass.worst_gained),
            share(mass.share_of_bound),
        ]);
    }
    table
}

fn roundings(roundings: &[Rounded]) -> Table {
    let mut table = Table::new(&["unit", "of", "rounded", "to", "values", "largest", "saturated", "vanished"]);
    for rounded in roundings.iter().filter(|rounded| rounded.values > 0) {
        table.row(vec![
            rounded.unit.into(),
            rounded.sample.into(),
            rounded.what.into(),
            rounded.format.into(),
            count(rounded.values),
            decimals(rounded.max_magnitude, 3),
            count(rounded.saturated),
            count(rounded.vanished),
        ]);
    }
    table
}

fn decisions(findings: &Findings) -> Table {
    let mut table = Table::new(&[
        "unit",
        "logits",
        "classes",
        "decisions",
        "differ, rounded",
        "differ, f64",
        "max error, nats",
        "of bound",
    ]);
    for line in &findings.decisions {
        let share_of = |differ: u64| format!("{:.4} %", 100.0 * differ as f64 / line.decisions.max(1) as f64);
        table.row(vec![
            line.unit.into(),
            line.logits.into(),
            count(line.classes as u64),
            count(line.decisions),
            share_of(line.differ_rounded),
            share_of(line.differ_f64),
            line.max_error_nats.map_or_else(|| "-".into(), scientific),
            share(line.share_of_bound),
        ]);
    }
    table
}

fn scientific(number: f64) -> String {
    if number == 0.0 { "0".into() } else { format!("{number:.2e}") }
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| decimals(share, 3))
}

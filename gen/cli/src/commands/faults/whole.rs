//! `alberti faults --whole`: the whole encoder on the interpreter.

use super::arguments::{Arguments, rates, settings, sites};
use crate::{
    encoder::{Prunings, lines, task_prefix},
    exit::Result,
    output::Answer,
    progress,
    table::{Table, decimals},
};
use alberti_cost::configuration;
use alberti_model::{
    Ranges, compile,
    faults::{Answers, WholeCampaign, WholeFinding, beside_f32},
    prune::Pruning,
    sentence::Reading,
};
use alberti_random::Seed;
use alberti_rtl::Design;

/// Runs.
///
/// # Errors
/// The design's problems, a model or a sentence that cannot be used, an accelerator that does not hold the
/// model.
pub fn run(arguments: &Arguments, design: &Design) -> Result<Answer> {
    let config = configuration::accelerator(design)?;
    let settings = settings(arguments, design)?;
    let (errors, rates) = rates(arguments, &settings)?;
    let texts = arguments.file.as_deref().map(lines).transpose()?;
    let prunings = Prunings { prune: arguments.prune, prune_embeddings: Pruning::Dense };
    let encoder = prunings.load(arguments.encoder.source(), arguments.task.task.as_slice())?;
    let (tokenizer, checkpoint) = (&encoder.tokenizer, &encoder.model.backbone);
    let reading = match texts {
        Some(texts) => Reading::whole(texts, tokenizer, checkpoint)?,
        None => arguments.layers.read(tokenizer, checkpoint, compile::longest(&checkpoint.config, &config))?,
    };
    let sentences = beside_f32(&encoder, &reading.tokens)?;
    let compiled = encoder.compile(config, reading.longest(), Ranges::Single)?;
    let campaign = WholeCampaign::new(&compiled, &settings, &sites(arguments), &rates, &sentences)?;
    let bar = progress::bar(campaign.trials(arguments.trials));
    let findings = campaign.run(arguments.trials, &|| bar.inc(1));
    bar.finish_and_clear();
    let findings = findings?;
    let text = format!(
        "{}: {}{} sentences on the interpreter, weights {}, masks {}; {} trials, seed {}\n{}\n{}",
        design.name,
        task_prefix(&encoder),
        sentences.len(),
        arguments.prune,
        if settings.secded { "with SECDED" } else { "without check bits" },
        arguments.trials,
        Seed(settings.seed),
        reading.note(),
        table(&findings).text(),
    );
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "pruning": arguments.prune.to_string(), "secded": settings.secded,
        "task": encoder.model.tasks[0].name, "sentences": sentences.len(), "texts_cut": reading.cut.texts, "trials": arguments.trials,
        "seed": Seed(settings.seed).to_string(), "technology": errors, "points": findings,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&encoder.model.backbone))
}

fn table(findings: &[WholeFinding]) -> Table {
    let decides = findings.iter().any(|finding| matches!(finding.answers, Answers::Decisions { .. }));
    let mut head = vec!["target", "rate", "wrong bits", "corrected", "detected", "misplaced"];
    head.extend(if decides {
        ["logits", "most", "labels", "least"]
    } else {
        ["embedding", "least", "hidden", "least"]
    });
    let mut table = Table::new(&head);
    for finding in findings {
        let mut row = vec![finding.target.to_owned(), finding.rate.clone()];
        let counts = [finding.wrong_bits, finding.corrected_words, finding.detected_words, finding.misplaced];
        row.extend(counts.map(|number| decimals(number, 1)));
        let answers = match finding.answers {
            Answers::Embeddings { embedding_cosine: a, hidden_cosine: b } => [a.mean, a.min, b.mean, b.min],
            Answers::Decisions { logit_difference: a, labels_alike: b } => [a.mean, a.max, b.mean, b.min],
        };
        row.extend(answers.map(|number| decimals(number, 5)));
        table.row(row);
    }
    table
}

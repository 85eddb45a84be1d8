//! `alberti faults`.

mod arguments;
mod whole;
mod words;

pub use arguments::Arguments;

use crate::{
    exit::Result,
    output::Answer,
    progress, source,
    table::{Table, count, decimals},
};
use alberti_cost::{configuration, faults::CellErrors};
use alberti_model::{
    ModelError,
    demo::Model,
    faults::{
        CellForm, Finding, Journal, Plan,
        names::{CODINGS, PLACINGS, name, rate_name},
    },
};
use alberti_random::Seed;
use arguments::{layouts, rates, settings, sites};

/// Runs a campaign.
///
/// # Errors
/// The design's problems, a model, technology or state file that cannot be used, or arguments that do not go
/// together.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let design = source::load(&arguments.encoder.design)?;
    if arguments.whole {
        return whole::run(arguments, &design);
    }
    let settings = settings(arguments, &design)?;
    let kinds = layouts(arguments, settings.sparsity.is_some())?;
    let (errors, rates) = rates(arguments, &settings)?;
    let target = configuration::unit_target(&design)?;
    let model = Model::load(arguments.encoder.source())?;
    let reading = arguments.layers.read(&model.tokenizer, &model.checkpoint, usize::MAX)?;
    let forward = model.read(&reading.tokens[0])?;
    let gemm = |layer: &String| model.gemm(&forward, layer, arguments.prune, &target);
    let gemms = arguments.layers.names(&model).iter().map(gemm).collect::<Result<_, ModelError>>()?;
    let plan = Plan::new(settings, rates, &sites(arguments), &kinds, gemms);
    let campaign = plan.campaign()?;
    let parameters = plan.parameters(&design.name, arguments.prune, &Seed(settings.seed).to_string());
    let journal = arguments.state.as_deref().map(|path| Journal::open(path, &parameters)).transpose()?;
    let bar = progress::bar(plan.points() * arguments.trials as usize);
    let findings = plan.run(&campaign, arguments.trials, journal.as_ref(), &|| bar.inc(1));
    bar.finish_and_clear();
    let findings = findings?;
    let text = text(arguments, &design.name, &plan, &errors, &findings) + &reading.note();
    let data = serde_json::json!({
        "design": design.name, "hash": design.hash, "parameters": parameters, "trials": arguments.trials,
        "texts_cut": reading.cut.texts,
        "technology": errors, "points": findings,
    });
    Ok(Answer::new(text, &data).with_warnings(design.warnings()).with_unused(&model.checkpoint))
}

/// What the terminal is told.
fn text(arguments: &Arguments, design: &str, plan: &Plan, errors: &CellErrors, findings: &[Finding]) -> String {
    let settings = &plan.settings;
    let cells = |form: &CellForm| {
        let bits = if form.bits == 1 { "1 bit".to_owned() } else { format!("{} bits", form.bits) };
        format!("{bits}, {}, {}", name(&CODINGS, form.coding), name(&PLACINGS, form.placing))
    };
    let rate = |rate: Option<f64>| rate.map_or_else(|| "not known".into(), |rate| rate_name(Some(shorter(rate))));
    let kept = if errors.retention.decades > 0.0 {
        format!(" after {} decades", errors.retention.decades)
    } else {
        String::new()
    };
    format!(
        "{design}: {} layers on {} tokens, weights {}; values in cells of {}; masks in cells of {}{}\n\
         {} trials, seed {}; bit error rate of {}{kept}: {} in values, {} in masks\n\n{}",
        plan.gemms.len(),
        plan.gemms.first().map_or(0, |gemm| gemm.activations.rows),
        arguments.prune,
        cells(&settings.values),
        cells(&settings.masks),
        if settings.secded { ", with SECDED" } else { "" },
        count(arguments.trials),
        Seed(settings.seed),
        errors.name,
        rate(errors.value_bit_error_rate),
        rate(errors.mask_bit_error_rate),
        table(settings.secded, findings).text()
    )
}

fn table(secded: bool, findings: &[Finding]) -> Table {
    let mut heads = vec!["target", "layout", "rate", "wrong bits", "weights", "seen"];
    heads.extend(secded.then_some(["corrected", "detected"]).iter().flatten());
    heads.extend(["cosine", "5 %", "least", "rms", "95 %"]);
    let mut table = Table::new(&heads);
    for finding in findings {
        let mut row = vec![finding.target.into(), finding.layout.into(), finding.rate.clone()];
        row.extend([finding.wrong_bits, finding.wrong_weights, finding.mask_errors].map(|number| decimals(number, 1)));
        if secded {
            row.extend([finding.corrected_words, finding.detected_words].map(|number| decimals(number, 1)));
        }
        row.extend([finding.cosine.mean, finding.cosine.q05, finding.cosine.min].map(|number| decimals(number, 5)));
        row.extend([finding.relative_rms.mean, finding.relative_rms.q95].map(|number| decimals(number, 4)));
        table.row(row);
    }
    table
}

/// Two digits of a rate, which is no better known.
fn shorter(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

//! What choices cost the trained encoder, on a few sentences: `docs/compression.md` has them on all.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_arith::{AdaptivFloat, Format};
use alberti_model::{
    adapted::Adapted,
    demo::{self, Model},
    prune::Pruning,
    quantise::Rules,
    sweep::{Candidate, Choice, Cosines},
};
use common::{encoders::accelerator, model};

const SENTENCES: [&str; 3] = [
    "The last bus had left an hour before, and nobody had thought of a taxi.",
    "Is it safe to eat mushrooms that grow on dead wood?",
    "Shares of the company fell by 4% after the announcement.",
];

/// Mean cosine of the answer to f32's with the same weights.
fn cosine(model: &Model, choice: &Choice) -> f64 {
    let (adapted, ranges) =
        (Adapted::from(model.checkpoint.clone()), demo::calibration(&model.tokenizer, &model.checkpoint, false));
    let ranges = ranges.expect("sentences that fit");
    let candidate = Candidate::new(&adapted, &ranges, choice, &accelerator(16), 1).expect("integers that hold it");
    let cosines = SENTENCES.map(|sentence| {
        let ids = model.tokenizer.encode(sentence, &model.checkpoint).expect("a short sentence");
        let (hidden, _) = candidate.answer(&ids).expect("a sound encoder");
        Cosines::between(&hidden, &candidate.exact(&ids).expect("ids that fit").forward.hidden).embedding
    });
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    println!("{}: {mean:.4}", choice.name);
    mean
}

#[test]
fn what_numbers_are_given_up_by_costs_what_is_documented() {
    let model = model();
    let rules = Rules::default();
    let measured = |name: &str, rules: Rules| cosine(&model, &Choice::by(name, rules));
    let accelerator = measured("accelerator", rules);
    let narrow = measured("residual of 8 bits", Rules { narrow_residual: true, ..rules });
    let matrix = measured("a scale for a matrix", Rules { weights_by_output: false, ..rules });
    let fixed = Rules { operand: Format::Q3_5, fitted: false, channel_shifts: false, narrow_residual: true, ..rules };
    let fixed = measured("q3.5 within -4 to 4", fixed);
    let af8_2 = AdaptivFloat::new(8, 2).expect("a format");
    let af8_2 = measured("af8_2", Rules { operand: Format::AdaptivFloat(af8_2), ..rules });
    let wide = measured("q3.13", Rules { operand: Format::Q3_13, ..rules });
    let af8_4 = AdaptivFloat::new(8, 4).expect("a format");
    let af8_4 = measured("af8_4", Rules { operand: Format::AdaptivFloat(af8_4), ..rules });
    assert!(accelerator > 0.997 && wide > 0.9995 && af8_4 < accelerator, "{accelerator} {wide} {af8_4}");
    assert!(matrix < 0.993 && narrow < matrix - 0.02 && af8_2 < narrow - 0.2 && fixed < 0.6);
    let half = Choice { weights: Pruning::Unstructured(0.5), ..Choice::accelerator("half of the weights") };
    assert!(cosine(&model, &half) > 0.997);
    let adapters = Choice { adapter: 32, ..Choice::accelerator("adapters") };
    assert!(cosine(&model, &adapters) > 0.99);
}

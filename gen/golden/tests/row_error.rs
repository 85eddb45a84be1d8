//! The error of softmax, plain and hierarchical, layer norm and the entropy exit against f64 and the checksum of their results, as a
//! committed table. `BLESS=1` writes it anew.

mod common;

use alberti_arith::Format;
use alberti_golden::{
    entropy,
    hierarchical_softmax::Hierarchy,
    layernorm::LayerNorm,
    softmax::{MASK_ONE, Maximum, Softmax},
};
use common::{Random, real_entropy, real_normalised, real_softmax};
use std::{fs, path::Path};

/// The spreads of rows: standard deviations in octaves, in places of Q9.7, in nats.
const SCORES: [f64; 4] = [0.25, 1.0, 3.0, 8.0];
const RESIDUALS: [f64; 4] = [3.0, 50.0, 1000.0, 9000.0];
const LOGITS: [f64; 4] = [0.3, 1.0, 2.0, 4.0];

/// FNV-1a over whole words.
fn hash(hash: u32, word: u32) -> u32 {
    (hash ^ word).wrapping_mul(0x0100_0193)
}

fn line(what: &str, elements: usize, [low, high, third]: [f64; 3], hash: u32) -> String {
    format!("{what:<16} {elements:>8} {low:>10.2e} {high:>10.2e} {third:>10.2e}  {hash:08x}\n")
}

fn rows(elements: usize) -> usize {
    (20_000 / elements).clamp(4, 500)
}

/// Mass gained and lost before the 8-bit rounding, the largest loss after it.
fn softmax(name: &str, maximum: Maximum, elements: usize) -> String {
    let block = Softmax::new(16, maximum).expect("lanes");
    let (mut random, mut low, mut high, mut coded, mut sum) = (Random(91), 0f64, 0f64, 0f64, !0);
    for octaves in SCORES {
        for _ in 0..rows(elements) {
            let scores = random.row(elements, 0.0, octaves * 256.0);
            let row = block.row(&scores, elements, &vec![MASK_ONE; elements]).expect("a row");
            let mass: f64 = row.probabilities.iter().map(|&p| f64::from(p) / 32_768.0).sum();
            let kept: f64 = row.codes.iter().map(|&code| Format::AF8_3.value(code, -8)).sum();
            let real: f64 = real_softmax(&scores).iter().sum();
            (low, high, coded) = (low.min(mass - real), high.max(mass - real), coded.min(kept - real));
            sum = row.codes.iter().chain(&row.probabilities).fold(sum, |sum, &word| hash(sum, word.into()));
        }
    }
    line(name, elements, [low, high, coded], sum)
}

/// The same of the weights of a hierarchy whose children are `elements`, of a parent three each.
fn hierarchical(elements: usize) -> String {
    let of = Hierarchy { parents: elements / 3, children: 3, largest: elements / 6 };
    let (mut random, mut low, mut high, mut coded, mut sum) = (Random(94), 0f64, 0f64, 0f64, !0);
    for octaves in SCORES {
        for _ in 0..rows(elements) {
            let row = of.row(&random.row(of.scores(), 0.0, octaves * 256.0)).expect("a row");
            let mass: f64 = row.weights.iter().map(|&w| f64::from(w) / 32_768.0).sum();
            let kept: f64 = row.codes.iter().map(|&code| Format::AF8_3.value(code, -8)).sum();
            (low, high, coded) = (low.min(mass - 1.0), high.max(mass - 1.0), coded.min(kept - 1.0));
            sum = row.codes.iter().chain(&row.weights).fold(sum, |sum, &word| hash(sum, word.into()));
        }
    }
    line("hierarchical", elements, [low, high, coded], sum)
}

/// Errors of y in places of Q.10, the largest of them as a share of what half a place and the root allow.
fn layernorm(elements: usize) -> String {
    let block = LayerNorm::new(vec![1 << 14; elements], vec![0; elements], &vec![1; elements], -7).expect("one");
    let (mut random, mut low, mut high, mut share, mut sum) = (Random(92), 0f64, 0f64, 0f64, !0);
    for deviation in RESIDUALS {
        for _ in 0..rows(elements) {
            let residuals = random.row(elements, 500.0, deviation);
            let row = block.row(&residuals).expect("a row");
            for (&y, real) in row.wide.iter().zip(real_normalised(&residuals)) {
                let error = f64::from(y) - (real * 1024.0).clamp(-32_768.0, 32_767.0);
                (low, high) = (low.min(error), high.max(error));
                share = share.max(error.abs() / (0.5 + 1.157e-4 * (real * 1024.0).abs()));
            }
            sum = row.wide.iter().fold(sum, |sum, &z| hash(sum, z as u32));
            sum = row.codes.iter().fold(sum, |sum, &code| hash(sum, code.into()));
        }
    }
    line("layernorm", elements, [low, high, share], sum)
}

/// Errors in nats, and the share of decisions that f64 makes otherwise.
fn exits(elements: usize) -> String {
    let (mut random, mut low, mut high, mut flips, mut count, mut sum) = (Random(93), 0f64, 0f64, 0u32, 0u32, !0);
    for nats in LOGITS {
        for _ in 0..4 * rows(elements) {
            let logits = random.row(elements, 0.0, nats * 1024.0);
            let real = real_entropy(&logits);
            for step in 1..=9 {
                let at = (elements as f64).ln() * f64::from(step) / 10.0;
                let threshold = entropy::threshold(at).expect("a threshold");
                let d = entropy::decide(&logits, threshold).expect("a decision");
                let bits = (f64::from(d.log) + d.weighted as f64 / d.sum as f64) / 1024.0;
                let error = bits * std::f64::consts::LN_2 - real;
                (low, high) = (low.min(error), high.max(error));
                (flips, count) = (flips + u32::from(d.exit != (real < at)), count + 1);
                sum = [d.exit.into(), d.sum as u32, d.weighted as u32, d.log].into_iter().fold(sum, hash);
            }
        }
    }
    line("entropy", elements, [low, high, f64::from(flips) / f64::from(count)], sum)
}

fn table() -> String {
    let mut text = String::from(
        "# Errors of rows of random numbers against f64. hash: FNV-1a over the results as 32-bit words.\n\
         # softmax, hierarchical: mass lost, mass gained, mass lost after rounding to AF<8,3>.\n\
         # layernorm: lowest and highest error of y in places of Q.10, share of the bound.\n\
         # entropy: lowest and highest error in nats, share of decisions that differ.\n\
         # unit           elements     lowest    highest      third  hash\n",
    );
    for elements in [2, 16, 100, 128, 384, 1000] {
        text += &softmax("softmax row", Maximum::Row, elements);
    }
    for elements in [2, 16, 100, 128, 384, 1000] {
        text += &softmax("softmax running", Maximum::Running, elements);
    }
    [6, 48, 192].into_iter().for_each(|elements| text += &hierarchical(elements));
    [2, 100, 384, 768, 8192].into_iter().for_each(|elements| text += &layernorm(elements));
    [2, 3, 5, 20, 64].into_iter().for_each(|elements| text += &exits(elements));
    text
}

#[test]
fn the_error_table_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/row_error.txt");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &table).expect("the snapshot can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, table, "{}: run with BLESS=1 if the change is meant", path.display());
}

//! Faults in all weights of an accelerator: where they are drawn, what is corrected, and that the accelerator
//! runs on what it reads.
#![allow(missing_docs)]

mod common;

use alberti_golden::cells::{Coding, Placing};
use alberti_model::{
    adapted::{Shape, synthetic},
    compile::{Compiled, Session, quantise_encoder},
    faults::{CellForm, Defects, FaultSite, Misreads, Stress, Whole},
};
use common::encoders::accelerator;

const SEED: u64 = 9;

fn compiled() -> Compiled {
    let model = synthetic(&Shape::small(32), SEED);
    let calibration = model.calibrate(&[(0..20).collect::<Vec<u32>>()]).expect("ids of the model");
    let config = alberti_golden::accelerator::AcceleratorConfig {
        value_rows: 16384,
        activation_rows: 1 << 13,
        ..accelerator(8)
    };
    let encoder = quantise_encoder(&model, &calibration, &config).expect("ranges that fit");
    Compiled::new(encoder, config, 20).expect("it fits")
}

fn form(bits: usize) -> CellForm {
    CellForm { bits, placing: Placing::Adjacent, coding: Coding::Gray }
}

fn stress(rate: f64) -> Stress {
    let defects = |bits| Defects { misreads: Misreads::uniform(bits, rate).expect("a rate"), stuck: 0.0 };
    Stress { values: defects(2), masks: defects(1) }
}

#[test]
fn faults_are_where_they_are_asked_for() {
    let compiled = compiled();
    let (values, masks) = compiled.weights();
    let whole = Whole::new(&compiled, [form(2), form(1)], false, SEED).expect("cells that hold words");
    let changed = |site| {
        let read = whole.read(site, &stress(5e-3), 1).expect("a trial");
        let codes = read.values.iter().zip(values).filter(|(a, b)| a != b).count();
        let words: Vec<usize> = (0..masks.words()).filter(|&word| read.masks.difference(masks, word) > 0).collect();
        (codes, words, read.wrong_bits)
    };
    let (codes, words, wrong) = changed(FaultSite::Values);
    assert!(codes > 100 && words.is_empty() && wrong >= codes as u64);
    let (codes, words, _) = changed(FaultSite::Pointers);
    assert!(codes == 0 && !words.is_empty() && words.iter().all(|&word| compiled.is_pointer(word)));
    let (codes, all, _) = changed(FaultSite::Masks);
    assert!(codes == 0 && all.len() > words.len() && words.iter().all(|word| all.contains(word)));
    let (codes, both, _) = changed(FaultSite::Both);
    assert!(codes > 100 && both == all);
    // The same again, and nothing at no rate.
    assert_eq!(changed(FaultSite::Both).1, both);
    let none = whole.read(FaultSite::Both, &stress(0.0), 1).expect("a trial");
    assert_eq!((none.values.as_slice(), none.wrong_bits), (values, 0));
}

#[test]
fn single_errors_of_mask_words_are_corrected_and_the_accelerator_runs_on_what_is_left() {
    let compiled = compiled();
    let (_, masks) = compiled.weights();
    let whole = Whole::new(&compiled, [form(2), form(1)], true, SEED).expect("cells that hold words");
    let read = whole.read(FaultSite::Masks, &stress(2e-4), 1).expect("a trial");
    assert!(read.corrected_words > 0 && read.detected_words == 0, "{}", read.corrected_words);
    assert!((0..masks.words()).all(|word| read.masks.difference(masks, word) == 0));
    let ids: Vec<u32> = (0..12).collect();
    let run = |values: &[u16], masks| {
        let mut session = Session::with_weights(&compiled, values, masks).expect("an accelerator");
        let answer = session.run(0, &ids, 0).expect("whatever it reads, it ends");
        (answer.logits, answer.counters.misplaced)
    };
    let right = run(&read.values, &read.masks);
    assert_eq!(right.1, 0);
    // Where there is nothing to correct with, records lie elsewhere than they say, and it is seen.
    let plain = Whole::new(&compiled, [form(2), form(1)], false, SEED).expect("cells that hold words");
    let read = plain.read(FaultSite::Both, &stress(1e-2), 2).expect("a trial");
    let wrong = run(&read.values, &read.masks);
    assert!(wrong.1 > 0 && wrong.0 != right.0);
}

//! Encoders on the machine in Verilog, which answers as its interpreter does, bit for bit.
#![allow(missing_docs)]

use alberti_golden::{
    accelerator::{Counters, Flat, Registers},
    entropy,
};
use alberti_model::{
    ModelError,
    adapted::{Shape, synthetic},
    compile::{Compiled, Done, Engine, Session, quantise_encoder},
};
use alberti_rtl::Design;
use alberti_sim::cosim::accelerator::{Rtl, config};

const LONGEST: usize = 32;

/// A machine of eight lanes with room for a small encoder.
fn machine8() -> Design {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../designs/machine4.yaml");
    let mut text = std::fs::read_to_string(path).expect("the design is there");
    for (from, to) in [
        ("name: machine4", "name: machine8"),
        ("n: 4", "n: 8"),
        ("accumulator_bits: 34", "accumulator_bits: 37"),
        ("reduction_max: 256", "reduction_max: 512"),
        ("activation: gelu", "activation: gelu_erf"),
        ("values: 65536", "values: 131072"),
        ("activation: {values: 32768,", "activation: {values: 65536,"),
        ("wide: {values: 16384}", "wide: {values: 32768}"),
        ("parameters: {rows: 256}", "parameters: {rows: 512}"),
        ("instructions: 64", "instructions: 256"),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    Design::parse("machine8.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The machine in Verilog.
struct Verilog(Rtl);

impl Engine for Verilog {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let run = self.0.run(registers, &mut memory.content).map_err(|error| ModelError::Shape(error.to_string()))?;
        Ok(Done { outcome: run.outcome, cycles: Some(run.cycles) })
    }
}

fn ids(seed: u32, count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (seed * 31 + i * i * 7 + i) % 50).collect()
}

#[test]
fn two_tasks_that_share_an_encoder_answer_from_verilog_as_from_the_interpreter() {
    let design = machine8();
    let model = synthetic(&Shape::small(LONGEST), 20);
    let sequences: Vec<_> = (0..12).map(|seed| ids(100 + seed, 8 + 2 * seed as usize)).collect();
    let calibration = model.calibrate(&sequences).expect("short sequences");
    let config = config(&design).expect("a machine");
    let encoder = quantise_encoder(&model, &calibration, &config).expect("a sound encoder");
    let compiled = Compiled::new(encoder, config, LONGEST).expect("it fits");

    let (values, masks) = compiled.weights();
    // The Verilog names the files of its weights: in one place, it is built once.
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine8");
    let rtl = Rtl::new(&design, values, masks, &folder).expect("a machine");
    let mut verilog = Session::on(&compiled, Verilog(rtl)).expect("a machine that is set up");
    let mut golden = Session::new(&compiled).expect("a machine that is set up");
    assert_eq!(verilog.loaded, golden.loaded);
    let threshold = entropy::threshold(0.5).expect("a threshold");
    let (mut whole, mut early) = (0, 0);
    for (seed, task) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let ids = ids(seed, 9 + 5 * seed as usize);
        for threshold in [0, threshold] {
            let (got, expected) = (verilog.run(task, &ids, threshold), golden.run(task, &ids, threshold));
            let (got, expected) = (got.expect("a sound program"), expected.expect("a sound program"));
            assert_eq!((&got.logits, got.exit), (&expected.logits, expected.exit), "task {task}, seed {seed}");
            let counts = |c: &Counters| (c.instructions, c.vectors, c.held, c.bytes_read, c.bytes_written);
            assert_eq!(counts(&got.counters), counts(&expected.counters), "task {task}, seed {seed}");
            match got.exit {
                None => whole += 1,
                Some(_) => early += 1,
            }
        }
    }
    // Switching a task moves its parameters alone, as many bytes as the interpreter says.
    assert_eq!(verilog.loaded, golden.loaded);
    assert_eq!(verilog.loaded.len(), 4);
    assert!(whole >= 4 && early > 0, "{whole} {early}");
}

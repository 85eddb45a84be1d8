//! How fast the whole accelerator simulates: thousands of clock cycles a second, on one core.
//!
//! `make bench`; `cargo bench -p alberti --bench accelerator -- accelerator16` for one design. Each answers a
//! sentence with an encoder whose weights are drawn, and whose answer must be its interpreter's. The last
//! column relates to the first row of the same run.

#![allow(clippy::print_stdout)]

use alberti_arith::Activation;
use alberti_cost::configuration;
use alberti_golden::accelerator::{Flat, Registers};
use alberti_model::{
    ModelError,
    adapted::{AdapterKind, OffRamps, Shape, Span, TaskShape, synthetic},
    compile::{Compiled, Done, Engine, Session, quantise_encoder},
};
use alberti_rtl::Design;
use alberti_scenarios::accelerator::Rtl;
use std::{path::Path, time::Instant};

/// Sentences that each design answers; the fastest counts.
const RUNS: u32 = 3;

/// A design, and a layer that it holds.
struct Case {
    design: &'static str,
    hidden: usize,
    heads: usize,
    tokens: usize,
    activation: Activation,
}

const CASES: [Case; 2] = [
    Case { design: "accelerator16", hidden: 384, heads: 12, tokens: 128, activation: Activation::GeluErf },
    Case { design: "accelerator4", hidden: 64, heads: 4, tokens: 32, activation: Activation::Gelu },
];

/// The accelerator in Verilog, and the time that it has run.
struct Verilog {
    rtl: Rtl,
    seconds: f64,
}

impl Engine for Verilog {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let start = Instant::now();
        let run = self.rtl.run(registers, &mut memory.content).map_err(|error| ModelError::Engine(error.into()))?;
        self.seconds = start.elapsed().as_secs_f64();
        Ok(Done { outcome: run.outcome, cycles: Some(run.cycles) })
    }
}

fn main() {
    println!("{:<16} {:>8} {:>10} {:>10} {:>8}", "design", "tokens", "cycles", "kHz", "relative");
    let mut first = None;
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for case in &CASES {
        let (name, tokens) = (case.design, case.tokens);
        if !chosen.is_empty() && !chosen.iter().any(|one| one == name) {
            continue;
        }
        let (cycles, khz) = measure(case);
        let relative = khz / *first.get_or_insert(khz);
        println!("{name:<16} {tokens:>8} {cycles:>10} {khz:>10.0} {relative:>8.2}");
    }
}

/// Cycles of a sentence, and thousands of them a second with the bus and its driver around.
fn measure(case: &Case) -> (u64, f64) {
    let &Case { design: name, hidden, heads, tokens, activation } = case;
    let path = format!("{}/../../designs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let design = Design::load(path).unwrap_or_else(|problems| panic!("{problems}"));
    let task = TaskShape {
        adapters: [0, 0],
        kind: AdapterKind::Houlsby,
        classes: 0,
        off_ramps: OffRamps::None,
        head_layers: 1,
        spans: vec![Span::Whole; heads],
    };
    let shape = Shape {
        embedding: hidden,
        hidden,
        heads,
        inner: 4 * hidden,
        shared: true,
        depth: 1,
        words: 50,
        positions: tokens,
        activation,
        tasks: vec![task],
    };
    let model = synthetic(&shape, 1);
    let ids: Vec<u32> = (0..tokens as u32).map(|i| (i * i * 7 + i) % 50).collect();
    let calibration = model.calibrate(std::slice::from_ref(&ids)).expect("a short sentence");
    let config = configuration::accelerator(&design).expect("an accelerator");
    let encoder = quantise_encoder(&model, &calibration, &config).expect("a sound encoder");
    let compiled = Compiled::new(encoder, config, tokens).expect("it fits");
    let (values, masks) = compiled.weights();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let rtl = Rtl::new(&design, values, masks, &folder).expect("an accelerator");
    let mut verilog = Session::on(&compiled, Verilog { rtl, seconds: 0.0 }).expect("it is set up");
    let expected = Session::new(&compiled).expect("it is set up").run(0, &ids, 0).expect("a sound program");
    let once = |_| {
        let answer = verilog.run(0, &ids, 0).expect("a sound program");
        assert_eq!(answer.hidden, expected.hidden, "{name}");
        let cycles = answer.cycles.expect("the accelerator counts them");
        (cycles, cycles as f64 / verilog.engine().seconds / 1e3)
    };
    (0..RUNS).map(once).max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are runs")
}

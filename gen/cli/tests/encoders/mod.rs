//! Encoders on accelerators: designs, programs, and both engines side by side.
#![allow(dead_code)]

use alberti_cost::configuration;
use alberti_golden::{
    accelerator::{Flat, Interpreter, Registers},
    entropy,
};
use alberti_isa::Operation;
use alberti_model::{
    ModelError,
    adapted::Adapted,
    compile::{Compiled, Done, Engine, Session, quantise_encoder},
};
use alberti_rtl::Design;
use alberti_scenarios::accelerator::Lockstep;
use std::path::Path;

/// A design of `designs/` with changes: text that stands there once, and what stands there instead.
pub fn design(name: &str, changes: &[(&str, &str)]) -> Design {
    let path = format!("{}/../../designs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(&path).expect("the design is there");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    Design::parse(&path, &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A model for an accelerator that reads sentences of up to `longest` tokens, with ranges of some sequences.
pub fn compiled(design: &Design, model: &Adapted, sequences: &[Vec<u32>], longest: usize) -> Compiled {
    let calibration = model.calibrate(sequences).expect("short sequences");
    let config = configuration::accelerator(design).expect("an accelerator");
    let encoder = quantise_encoder(model, &calibration, &config).expect("a sound encoder");
    Compiled::new(encoder, config, longest).unwrap_or_else(|error| panic!("{error}"))
}

/// The accelerator in Verilog and its interpreter, compared after every instruction.
pub struct Both(pub Lockstep);

impl Engine for Both {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let run = self.0.run(registers, &mut memory.content).map_err(|error| ModelError::Engine(error.into()))?;
        Ok(Done { outcome: run.outcome, cycles: Some(run.cycles) })
    }
}

/// Both accelerators with an encoder's weights. The Verilog names the files of its weights, which are in a
/// folder of each test's own: there it is built once.
pub fn both(test: &str, design: &Design, compiled: &Compiled) -> Both {
    let (values, masks) = compiled.weights();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.{test}", design.name));
    Both(Lockstep::new(design, values, masks, &folder).unwrap_or_else(|error| panic!("{error}")))
}

/// The interpreter, which keeps the logits of every off-ramp.
struct Logits(Interpreter, Vec<Vec<i16>>);

impl Engine for Logits {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let Self(accelerator, logits) = self;
        let outcome = accelerator.run(registers, memory, |step, memories| {
            if let Operation::Exit(exit) = step.instruction.operation {
                logits.push(memories.numbers(exit.source_base)[..exit.classes.get()].to_vec());
            }
        });
        let outcome = outcome.map_err(|error| ModelError::Engine(error.into()))?;
        Ok(Done { outcome, cycles: None })
    }
}

/// Layers after which some threshold ends a sentence, each with the lowest that does.
pub fn exits(compiled: &Compiled, task: usize, ids: &[u32]) -> Vec<(u32, u16)> {
    let mut interpreter = Interpreter::new(compiled.config().clone()).expect("an accelerator");
    let (values, masks) = compiled.weights();
    interpreter.set_weights(values, masks).expect("weights that fit");
    let mut session = Session::on(compiled, Logits(interpreter, Vec::new())).expect("an accelerator that is set up");
    session.run(task, ids, 0).expect("a sound program");
    let mut exits: Vec<(u32, u16)> = Vec::new();
    for (layer, logits) in (1..).zip(&session.engine().1) {
        let entropy::Decision { sum, weighted, log, .. } = entropy::decide(logits, 0).expect("classes");
        let threshold = ((sum * u64::from(log) + weighted) / sum + 1) as u16;
        // After a layer of lower entropy no threshold comes to this one.
        if exits.last().is_none_or(|&(_, least)| threshold < least) {
            exits.push((layer, threshold));
        }
    }
    exits
}

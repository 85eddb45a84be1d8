//! Sentences on an accelerator: the golden one, or whatever else runs its programs.

use super::{Compiled, Sentence, program, quantised::STREAM};
use crate::{Matrix, ModelError};
use alberti_golden::{
    Image,
    accelerator::{Counters, End, Flat, Interpreter, Outcome, Registers},
    encoder::{Encoder, Sequence},
};
use std::collections::{HashMap, hash_map::Entry};

/// What runs programs.
pub trait Engine {
    /// Runs a program on external memory, which lies from address 0 on.
    ///
    /// # Errors
    /// When the program, or the engine, is at fault.
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError>;
}

/// What became of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its end, and what happened.
    pub outcome: Outcome,
    /// Cycles that it took, where the engine has such.
    pub cycles: Option<u64>,
}

impl Engine for Interpreter {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let outcome = self.run(registers, memory, |_, _| {}).map_err(golden)?;
        Ok(Done { outcome, cycles: None })
    }
}

/// An accelerator that has been set up.
#[derive(Clone, Debug)]
pub struct Session<'a, E = Interpreter> {
    compiled: &'a Compiled,
    engine: E,
    task: Option<usize>,
    programs: HashMap<(usize, usize), Sentence>,
    /// Bytes that the setup read from external memory, and each task since.
    pub loaded: Vec<u64>,
}

/// What a sentence came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The last layer's output in Q6.10, tokens × channels; empty where a classifier answers.
    pub hidden: Vec<i16>,
    /// Logits in Q6.10; empty without one.
    pub logits: Vec<i16>,
    /// The layer whose off-ramp answers, counted from 1; none where the classifier does.
    pub exit: Option<u32>,
    /// What happened.
    pub counters: Counters,
    /// Cycles that it took, where the engine has such.
    pub cycles: Option<u64>,
}

impl<'a> Session<'a> {
    /// An interpreter with its weights programmed, set up.
    ///
    /// # Errors
    /// AE0711 when the accelerator cannot be built.
    pub fn new(compiled: &'a Compiled) -> Result<Self, ModelError> {
        let (values, masks) = compiled.weights();
        Self::with_weights(compiled, values, masks)
    }

    /// The same with what is read of its weight memories, right or not.
    ///
    /// # Errors
    /// AE0711 when the accelerator cannot be built, or has no room for them.
    pub fn with_weights(compiled: &'a Compiled, values: &[u16], masks: &Image) -> Result<Self, ModelError> {
        let mut engine = Interpreter::new(compiled.config.clone()).map_err(golden)?;
        engine.set_weights(values, masks).map_err(golden)?;
        Self::on(compiled, engine)
    }
}

impl<'a, E: Engine> Session<'a, E> {
    /// An accelerator whose weights are programmed, set up.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn on(compiled: &'a Compiled, engine: E) -> Result<Self, ModelError> {
        let mut session = Self { compiled, engine, task: None, programs: HashMap::new(), loaded: Vec::new() };
        session.load(&compiled.setup().bytes(), compiled.setup().program.bytes().len())?;
        Ok(session)
    }

    /// The accelerator.
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// The accelerator, to be asked for what it keeps.
    pub fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    fn load(&mut self, bytes: &[u8], program: usize) -> Result<(), ModelError> {
        let mut memory = Flat { content: bytes.to_vec() };
        let registers = Registers { program_length: program as u32, ..Registers::default() };
        let outcome = self.execute(&registers, &mut memory)?;
        self.loaded.push(outcome.outcome.counters.bytes_read);
        Ok(())
    }

    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> Result<Done, ModelError> {
        let done = self.engine.execute(registers, memory)?;
        match done.outcome.end {
            End::Stopped { fault, at } => {
                Err(ModelError::Shape(format!("the program stopped at instruction {at}: {fault}")))
            }
            End::Halted | End::Exited { .. } => Ok(done),
        }
    }

    /// Loads a task's parameters, where another task's are there; gives the bytes that this reads from
    /// external memory.
    ///
    /// # Errors
    /// AE0711 when the program is at fault.
    ///
    /// # Panics
    /// When there is no such task.
    pub fn switch(&mut self, task: usize) -> Result<u64, ModelError> {
        if self.task == Some(task) {
            return Ok(0);
        }
        let bundle = self.compiled.task(task);
        self.load(&bundle.bytes(), bundle.program.bytes().len())?;
        self.task = Some(task);
        Ok(self.loaded.last().copied().unwrap_or_default())
    }

    /// Runs a task on tokens; `threshold` is that of off-ramps.
    ///
    /// # Errors
    /// AE0705 when the sentence is longer than the accelerator was laid out for, AE0711 when the program is
    /// at fault.
    ///
    /// # Panics
    /// When there is no such task.
    pub fn run<'s>(
        &mut self,
        task: usize,
        sequence: impl Into<Sequence<'s>>,
        threshold: u16,
    ) -> Result<Answer, ModelError> {
        let (compiled, sequence) = (self.compiled, sequence.into());
        self.switch(task)?;
        let sentence = match self.programs.entry((task, sequence.len())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(compiled.sentence(task, sequence.len())?),
        };
        let Sentence { program, output, data_bytes, tokens, chunks, .. } = sentence;
        let (output, data_bytes, tokens, chunks) = (*output, *data_bytes, *tokens, chunks.clone());
        let mut memory = Flat { content: program.bytes() };
        let data_base = memory.content.len();
        memory.content.extend(compiled.input(sequence));
        memory.content.resize(data_base + data_bytes, 0);
        let registers = Registers {
            program_base: 0,
            program_length: data_base as u32,
            data_base: data_base as u64,
            entropy_threshold: threshold,
        };
        let Done { outcome, cycles } = self.execute(&registers, &mut memory)?;
        let rows = program::unpack(&compiled.config, output, &memory.content[data_base..]);
        let exit = match outcome.end {
            End::Exited { layer } => Some(layer),
            End::Halted | End::Stopped { .. } => None,
        };
        let counters = outcome.counters;
        if !output.is_hidden {
            let head = compiled.encoder.tasks[task].heads.as_ref().and_then(|heads| match exit {
                Some(layer) => heads.off_ramp(layer as usize),
                None => Some(heads.classifier()),
            });
            let classes = head.map_or(0, |classifier| program::outputs(classifier));
            let logits = rows.concat().into_iter().take(classes).collect();
            return Ok(Answer { hidden: Vec::new(), logits, exit, counters, cycles });
        }
        let (n, channels) = (compiled.config.n, compiled.encoder.width());
        let tiles = channels.div_ceil(n);
        let mut hidden = Vec::with_capacity(tokens * channels);
        for &(start, length) in &chunks {
            let row = |token: usize, c: usize| &rows[start * tiles + c / n * length + token];
            let real = 0..length.min(tokens.saturating_sub(start));
            hidden.extend(real.flat_map(|token| (0..channels).map(move |c| (token, c))).map(|(t, c)| row(t, c)[c % n]));
        }
        Ok(Answer { hidden, logits: Vec::new(), exit, counters, cycles })
    }
}

/// What an encoder answers without heads, as reals: tokens × channels.
///
/// # Panics
/// When they are no whole rows.
#[must_use]
pub fn outputs(encoder: &Encoder, hidden: &[i16]) -> Matrix {
    let factor = ((STREAM - encoder.output_fraction_bits) as f32).exp2();
    let mut reals = reals(hidden, encoder.width());
    reals.data.iter_mut().for_each(|x| *x *= factor);
    reals
}

/// Numbers in Q6.10 as reals, rows of so many columns.
///
/// # Panics
/// When they are no whole rows.
#[must_use]
pub fn reals(numbers: &[i16], cols: usize) -> Matrix {
    assert!(cols > 0 && numbers.len().is_multiple_of(cols), "whole rows");
    let data = numbers.iter().map(|&number| f32::from(number) / 1024.0).collect();
    Matrix { rows: numbers.len() / cols, cols, data }
}

fn golden(error: alberti_golden::Error) -> ModelError {
    ModelError::Shape(error.to_string())
}

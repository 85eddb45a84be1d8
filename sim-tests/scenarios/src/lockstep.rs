//! A block without handshakes, a cycle at a time: what it is given and what it must show are named by their
//! cycle.

use super::{Outcome, Subject};
use crate::{Error, Result};
use alberti_harness::{Bits, Library, Model, Port, Rng, Seed};
use std::collections::VecDeque;

/// A model whose inputs and expected outputs are planned ahead. An input that nothing is planned for is
/// random.
pub struct Lockstep {
    model: Model,
    name: String,
    seed: Seed,
    rng: Rng,
    inputs: Vec<(String, Port, u32)>,
    /// What happens in this cycle, and in those after it.
    plan: VecDeque<Vec<Step>>,
    compared: u64,
    start: u64,
}

enum Step {
    Drive(Port, Bits),
    Expect(Port, String, Bits),
}

impl Lockstep {
    /// A reset model under this name, which decides what is drawn from the seed.
    ///
    /// # Errors
    /// When the model stops at once.
    pub fn new(subject: &Subject, library: &Library, name: &str, seed: Seed) -> Result<Self> {
        let name = format!("{name}.{}", subject.design.name);
        let mut rng = seed.rng(&name);
        let mut model = library.model_of(&name, rng.u64())?;
        let mut inputs = Vec::new();
        for spec in library.port_specs() {
            if subject.is_input(&spec.name) && spec.name != "clk_i" && spec.name != "rst_ni" {
                inputs.push((spec.name.clone(), model.input(&spec.name)?, spec.width));
            }
        }
        if subject.has("rst_ni") {
            model.reset(2)?;
        }
        let start = model.cycle();
        Ok(Self { model, name, seed, rng, inputs, plan: VecDeque::new(), compared: 0, start })
    }

    /// The random numbers of the run.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Gives an input its value `delay` cycles from now, 0 being the cycle that comes.
    ///
    /// # Errors
    /// When there is no such input.
    pub fn drive(&mut self, delay: u32, port: &str, value: Bits) -> Result<()> {
        let found = self.inputs.iter().find(|(name, _, _)| name == port);
        let &(_, id, width) = found.ok_or_else(|| self.fail(format!("there is no input `{port}`")))?;
        if value.width() != width {
            return Err(self.fail(format!("{port} has {width} bits, not {}", value.width())));
        }
        self.at(delay).push(Step::Drive(id, value));
        Ok(())
    }

    /// Demands a value of an output `delay` cycles from now.
    ///
    /// # Errors
    /// When there is no such output.
    pub fn expect(&mut self, delay: u32, port: &str, value: Bits) -> Result<()> {
        let id = self.model.output(port)?;
        self.at(delay).push(Step::Expect(id, port.to_owned(), value));
        Ok(())
    }

    /// Resets the design in the middle of whatever it does: what is planned is forgotten.
    ///
    /// # Errors
    /// When the design stops.
    pub fn reset(&mut self, cycles: u32) -> Result<()> {
        self.plan.clear();
        Ok(self.model.reset(cycles)?)
    }

    fn at(&mut self, delay: u32) -> &mut Vec<Step> {
        let delay = delay as usize;
        if self.plan.len() <= delay {
            self.plan.resize_with(delay + 1, Vec::new);
        }
        &mut self.plan[delay]
    }

    /// One cycle.
    ///
    /// # Errors
    /// When an output differs, or the design stops.
    pub fn step(&mut self) -> Result<()> {
        let steps = self.plan.pop_front().unwrap_or_default();
        for (_, port, _) in &self.inputs {
            self.model.set_random(*port, &mut self.rng);
        }
        for step in &steps {
            if let Step::Drive(port, value) = step {
                self.model.set_bits(*port, value);
            }
        }
        self.model.settle()?;
        for step in steps {
            let Step::Expect(port, name, expected) = step else { continue };
            let got = self.model.bits(port);
            if got != expected {
                let cycle = self.model.cycle() - self.start;
                return Err(
                    self.fail(format!("cycle {cycle}: {name} differs\n  expected {expected}\n  got      {got}"))
                );
            }
            self.compared += 1;
        }
        Ok(self.model.clock()?)
    }

    /// Runs the cycles that are still planned, and answers with what was compared.
    ///
    /// # Errors
    /// As [`Lockstep::step`], and when nothing was compared.
    pub fn finish(mut self) -> Result<Outcome> {
        while !self.plan.is_empty() {
            self.step()?;
        }
        if self.compared == 0 {
            return Err(self.fail("nothing was compared".into()));
        }
        Ok(Outcome { runs: 1, compared: self.compared, cycles: self.model.cycle() - self.start })
    }

    fn fail(&self, what: String) -> Error {
        let error = Box::new(Error::differs(self.model.top(), what));
        Error::Run { name: self.name.clone(), seed: self.seed, error }
    }
}

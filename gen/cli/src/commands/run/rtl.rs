//! The accelerator in Verilog as an engine of sentences.

use crate::exit::Result;
use alberti_files::cache::Cache;
use alberti_golden::accelerator::{Flat, Registers};
use alberti_model::{
    ModelError,
    compile::{Compiled, Done, Engine},
};
use alberti_rtl::Design;
use alberti_scenarios::accelerator::Rtl;

/// The generated accelerator in Verilator.
pub struct RtlEngine(Rtl);

/// The accelerator of a design with a model's weights; its build is kept.
///
/// # Errors
/// What Verilator and the compiler say.
pub fn accelerator(design: &Design, compiled: &Compiled) -> Result<RtlEngine> {
    let (values, masks) = compiled.weights();
    Ok(RtlEngine(Rtl::new(design, values, masks, Cache::of("verilator")?.folder())?))
}

impl Engine for RtlEngine {
    fn execute(&mut self, registers: &Registers, memory: &mut Flat) -> std::result::Result<Done, ModelError> {
        let run = self.0.run(registers, &mut memory.content).map_err(|error| ModelError::Engine(error.into()))?;
        Ok(Done { outcome: run.outcome, cycles: Some(run.cycles) })
    }
}

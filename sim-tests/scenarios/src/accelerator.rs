//! `accelerator` against the interpreter: whole programs, from external memory to external memory.

pub mod bench;
mod disturbed;
pub mod driver;
mod faults;
mod lockstep;
mod outside;
pub mod programs;
mod rtl;
mod steps;
mod taps;
mod watch;

use super::{Outcome, Subject};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::accelerator::Interpreter;
use alberti_harness::{Seed, Stall, axi::Traffic};
use alberti_isa::{KINDS, Kind};
pub use lockstep::{Lockstep, Timed};
use outside::AT_ONCE;
pub use outside::{Outside, error_code, settings};
pub use rtl::{Rtl, Run};
pub use steps::Steps;

use bench::Bench;
use programs::Case;

/// Programs of a scenario.
const PROGRAMS: u64 = 12;

/// How external memory behaves: at once, and with everything that a bus may do.
const TRAFFIC: [Traffic; 2] = [
    AT_ONCE,
    Traffic { taken: Stall::Bursts { run: 8, pause: 12 }, given: Stall::Random(0.3), latency: 23, data_first: true },
];

/// A short program of every instruction, after power-up.
///
/// # Errors
/// As [`run`].
pub fn every_instruction(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let config = configuration::accelerator(subject.design)?;
    let name = format!("accelerator.{}.every_instruction", subject.design.name);
    let mut bench = Bench::new(subject.design, &subject.build()?, &name, seed, AT_ONCE)?;
    let mut interpreter = Interpreter::new(config.clone())?;
    let case = Case::every_instruction(&config, subject, &mut interpreter, &mut seed.rng(&name))?;
    let used = |kind: &Kind| case.program.instructions.iter().any(|one| one.operation.kind().opcode == kind.opcode);
    if let Some(missing) = KINDS.iter().find(|kind| !used(kind)) {
        return Err(Error::differs("the program", format!("it has no `{}`", missing.name)));
    }
    let mut outcome = Outcome::default();
    outcome.add_counts(case.stored, bench.compare(&case)?);
    Ok(outcome)
}

/// Random programs of every instruction, each followed by stores of all that they may have changed.
///
/// # Errors
/// When the build fails, an instruction writes other rows than the interpreter's or leaves others there, a
/// byte of external memory differs, a program follows what is written while it runs, or ends otherwise than
/// the interpreter says.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let config = configuration::accelerator(subject.design)?;
    let library = subject.clone().with_probes(taps::probes(subject.design, &config)?).build()?;
    let mut outcome = Outcome::default();
    for (pattern, traffic) in TRAFFIC.into_iter().enumerate() {
        let name = format!("accelerator.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.programs"));
        let mut bench = Bench::new(subject.design, &library, &name, seed, traffic)?;
        let mut interpreter = Interpreter::new(config.clone())?;
        for number in 0..PROGRAMS {
            let case = match number {
                1 => Case::growing(&config, &mut interpreter, &mut rng)?,
                2 => Case::reloaded(&config, &mut interpreter, &mut rng)?,
                3 if config.mask_check_bits > 0 => Case::wrong_masks(&config, &mut interpreter, &mut rng)?,
                _ => Case::random(&config, subject, &mut interpreter, number == 0, &mut rng)?,
            };
            let compared = bench.compare(&case).map_err(|error| {
                let error = Error::differs("the program", format!("{error}\n{}", case.program));
                Error::Run { name: format!("{name}, program {number}"), seed, error: Box::new(error) }
            })?;
            outcome.add_counts(case.stored, compared);
        }
        outcome.merge(
            disturbed::run(&mut bench, &config, subject, &mut interpreter, &mut rng).map_err(|error| Error::Run {
                name: format!("{name}.disturbed"),
                seed,
                error: Box::new(error),
            })?,
        );
        outcome.merge(
            faults::run(&mut bench, &config, subject, &mut interpreter, traffic, &mut rng)
                .map_err(|error| Error::Run { name: format!("{name}.faults"), seed, error: Box::new(error) })?,
        );
    }
    Ok(outcome)
}

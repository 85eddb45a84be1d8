//! `accelerator` against the interpreter: whole programs, from external memory to external memory.

pub mod bench;
pub mod driver;
mod faults;
mod lockstep;
pub mod programs;
mod rtl;
mod steps;
mod taps;
mod watch;

use super::{Outcome, Subject};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::accelerator::{End, External, Interpreter, Registers};
use alberti_harness::{
    Seed, Stall,
    axi::{Bytes, Traffic},
};
use alberti_isa::Fault;
pub use lockstep::{Lockstep, Timed};
pub use rtl::{Rtl, Run};
pub use steps::Steps;

use bench::Bench;
use programs::Case;
use std::ops::RangeInclusive;

/// Programs of a scenario.
const PROGRAMS: u64 = 12;

/// External memory that answers at once.
const AT_ONCE: Traffic = Traffic { taken: Stall::None, given: Stall::None, latency: 1, data_first: false };

/// How external memory behaves: at once, and with everything that a bus may do.
const TRAFFIC: [Traffic; 2] = [
    AT_ONCE,
    Traffic { taken: Stall::Bursts { run: 8, pause: 12 }, given: Stall::Random(0.3), latency: 23, data_first: true },
];

/// Random programs of every instruction, each followed by stores of all that they may have changed.
///
/// # Errors
/// When the build fails, an instruction writes other rows than the interpreter's or leaves others there, a byte of external memory
/// differs, or a program ends otherwise than the interpreter says.
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
                _ => Case::random(&config, subject, &mut interpreter, number == 0, &mut rng)?,
            };
            let compared = bench.compare(&case).map_err(|error| {
                let error = Error::differs("the program", format!("{error}\n{}", case.program));
                Error::Run { name: format!("{name}, program {number}"), seed, error: Box::new(error) }
            })?;
            outcome.add_counts(case.stored, compared);
        }
        outcome.merge(
            faults::run(&mut bench, &config, subject, &mut interpreter, traffic, &mut rng)
                .map_err(|error| Error::Run { name: format!("{name}.faults"), seed, error: Box::new(error) })?,
        );
    }
    Ok(outcome)
}

/// Bytes of external memory as the interpreter reaches them: what was never written is there, too.
pub struct Outside {
    /// The bytes.
    pub bytes: Bytes,
    /// Addresses that answer with a fault.
    pub faults: Vec<(RangeInclusive<u64>, Fault)>,
}

impl Outside {
    fn check(&self, address: u64, bytes: usize) -> std::result::Result<(), Fault> {
        let last = address + bytes as u64 - 1;
        let hit = self.faults.iter().find(|(range, _)| *range.start() <= last && address <= *range.end());
        hit.map_or(Ok(()), |(_, fault)| Err(*fault))
    }
}

impl External for Outside {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> std::result::Result<(), Fault> {
        self.check(address, bytes.len())?;
        bytes.copy_from_slice(&self.bytes.read(address, bytes.len()));
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> std::result::Result<(), Fault> {
        self.check(address, bytes.len())?;
        self.bytes.write(address, bytes);
        Ok(())
    }
}

/// The code that `status.error_code` shows for an end.
#[must_use]
pub fn error_code(end: End) -> u8 {
    match end {
        End::Stopped { fault, .. } => fault.code(),
        End::Halted | End::Exited { .. } => 0,
    }
}

/// What software writes before a start: names of registers and their values.
#[must_use]
pub fn settings(registers: &Registers) -> [(&'static str, u64); 4] {
    [
        ("program_base", registers.program_base),
        ("program_length", registers.program_length.into()),
        ("data_base", registers.data_base),
        ("entropy_threshold", registers.entropy_threshold.into()),
    ]
}

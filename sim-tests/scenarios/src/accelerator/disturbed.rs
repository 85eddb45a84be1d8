//! Software that writes while a program runs: nothing that the program uses follows.

use super::{bench::Bench, programs::Case};
use crate::{Error, Outcome, Result, Subject};
use alberti_golden::accelerator::{AcceleratorConfig, Interpreter};
use alberti_harness::Rng;
use alberti_rtl::registers::{Access, Map};

/// Programs during which a register is written again and again, from the cycle after the start to the
/// interrupt: each register that a program uses, and the start itself.
pub(super) fn run(
    bench: &mut Bench,
    config: &AcceleratorConfig,
    subject: &Subject,
    interpreter: &mut Interpreter,
    rng: &mut Rng,
) -> Result<Outcome> {
    let map = Map::of(subject.design).ok_or_else(|| Error::unfit("accelerator", "the design has no registers"))?;
    let used = map.fields().filter(|(_, field)| field.access == Access::Program);
    let writes: Vec<_> = used.map(|(register, field)| (register, rng.bits(field.bits) as u32)).collect();
    let mut outcome = Outcome::default();
    for (register, value) in writes {
        let before = bench.read(register.name)?;
        let case = Case::random(config, subject, interpreter, false, rng)?;
        bench.disturb(register.name, value)?;
        let cycles = bench.compare(&case);
        let named =
            |error: Error| Error::differs(format!("written to {} while it ran", register.name), error.to_string());
        outcome.add_counts(case.stored, cycles.map_err(named)?);
        if bench.read(register.name)? != value {
            return Err(Error::differs(register.name, "what was written while a program ran is lost"));
        }
        bench.write(register.name, before)?;
    }
    let case = Case::random(config, subject, interpreter, false, rng)?;
    bench.start_again();
    let cycles = bench.compare(&case).map_err(|error| Error::differs("started while it ran", error.to_string()))?;
    outcome.add_counts(case.stored, cycles);
    Ok(outcome)
}

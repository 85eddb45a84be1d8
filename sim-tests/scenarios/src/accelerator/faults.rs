//! What stops a program, and that the next one is right.

use super::{
    bench::{Bench, IDLE_LOOKS},
    outside::Outside,
    programs::Case,
};
use crate::{Error, Outcome, Result, Subject};
use alberti_golden::accelerator::{AcceleratorConfig, End, Interpreter};
use alberti_harness::{Rng, Stall, axi::Traffic};
use alberti_isa::{BYTES, Count, Elementwise, Fault, Gemm, Instruction, Operation, Source, Waits, functions};

/// Cycles that the watchdog waits in these tests: longer than any bus that goes on.
const WATCHDOG: u32 = 3000;

/// What is done to a program that was right.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// An opcode that is none.
    Opcode,
    /// A bit that no field has.
    Bit,
    /// Blocks of what is no record.
    Blocks,
    /// A function that the array lacks.
    Function,
    /// A count of zero.
    Count,
    /// An address past the end of its memory.
    Address,
    /// A unit that reads past the end of a memory.
    Row,
    /// The last instructions are missing.
    Truncated,
    /// A length that is none of a program.
    Length,
    /// A base that is not a multiple of the bus's width.
    Base,
    /// External memory answers with an error where the program lies.
    Fetch,
    /// Where data are loaded from.
    Load,
    /// Where results are stored.
    Store,
}

const HARMS: [Harm; 13] = [
    Harm::Opcode,
    Harm::Bit,
    Harm::Blocks,
    Harm::Function,
    Harm::Count,
    Harm::Address,
    Harm::Row,
    Harm::Truncated,
    Harm::Length,
    Harm::Base,
    Harm::Fetch,
    Harm::Load,
    Harm::Store,
];

/// Programs with each of the harms, resets at any moment and a bus that stalls; after each a program that is
/// right.
pub(super) fn run(
    bench: &mut Bench,
    config: &AcceleratorConfig,
    subject: &Subject,
    interpreter: &mut Interpreter,
    traffic: Traffic,
    rng: &mut Rng,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut right = |bench: &mut Bench, interpreter: &mut Interpreter, rng: &mut Rng, what: &str| -> Result<()> {
        let case = Case::random(config, subject, interpreter, false, rng)?;
        let cycles =
            bench.compare(&case).map_err(|error| Error::differs(format!("after {what}"), error.to_string()))?;
        outcome.add_counts(case.stored, cycles);
        Ok(())
    };
    bench.write("watchdog_limit", WATCHDOG)?;
    for harm in HARMS {
        if matches!(harm, Harm::Function) && lacking(config).is_empty() {
            continue;
        }
        let what = format!("{harm:?}");
        let mut case = Case::random(config, subject, &mut interpreter.clone(), false, rng)?;
        // It is not to end before it comes to the harm.
        case.registers.entropy_threshold = 0;
        let faults = harm.apply(&mut case, config, rng);
        let mut outside = Outside { bytes: case.before.clone(), faults };
        // Memories are as the accelerator leaves them: the next program loads all that it reads.
        let outcome = interpreter.clone().run(&case.registers, &mut outside, |_, _| {})?;
        let end = outcome.end;
        let End::Stopped { fault, .. } = end else {
            return Err(Error::differs("faults", format!("{what}: the interpreter says {end:?}\n{}", case.program)));
        };
        (case.end, case.counters) = (end, outcome.counters);
        let (testbench, bus) = bench.testbench();
        testbench.bus_mut(bus).faults =
            outside.faults.iter().map(|(range, fault)| (range.clone(), response(*fault))).collect();
        bench.compare(&case).map_err(|error| Error::differs(&what, format!("{fault:?}: {error}\n{}", case.program)))?;
        let (testbench, bus) = bench.testbench();
        testbench.bus_mut(bus).faults.clear();
        right(bench, interpreter, rng, &what)?;
    }
    for _ in 0..4 {
        let case = Case::random(config, subject, &mut interpreter.clone(), false, rng)?;
        bench.begin(&case, rng.below(6000))?;
        let Stop::Software = stop(bench, rng)? else {
            right(bench, interpreter, rng, "a reset")?;
            continue;
        };
        let status = bench.read("status")?;
        if status & !2 != 0 {
            return Err(Error::differs("soft_reset", format!("status {status:#x}")));
        }
        right(bench, interpreter, rng, "a reset by software")?;
    }
    patient(bench, config, subject, interpreter, traffic, rng)?;
    right(bench, interpreter, rng, "a bus that stalled, without a watchdog")?;
    for _ in 0..3 {
        cut_short(bench, config, subject, interpreter, rng)?;
        let case = Case::random(config, subject, interpreter, true, rng)?;
        bench.compare(&case).map_err(|error| Error::differs("after weights that were cut short", error.to_string()))?;
    }
    // A bus that takes nothing and gives nothing, until it does again.
    let mut case = Case::random(config, subject, &mut interpreter.clone(), false, rng)?;
    case.registers.entropy_threshold = 0;
    bench.begin(&case, 500 + rng.below(2000))?;
    bench.behave(stuck(traffic));
    bench.wait()?;
    let status = bench.read("status")? >> 8;
    if status != u32::from(Fault::Watchdog.code()) {
        return Err(Error::differs("watchdog", format!("the error code is {status}")));
    }
    bench.behave(traffic);
    bench.settle(IDLE_LOOKS)?;
    right(bench, interpreter, rng, "a bus that stalled")?;
    Ok(outcome)
}

/// A bus that stands still for longer than any watchdog, where there is none: the program waits, and ends as it
/// should.
fn patient(
    bench: &mut Bench,
    config: &AcceleratorConfig,
    subject: &Subject,
    interpreter: &mut Interpreter,
    traffic: Traffic,
    rng: &mut Rng,
) -> Result<()> {
    let case = Case::random(config, subject, interpreter, false, rng)?;
    bench.write("watchdog_limit", 0)?;
    bench.begin(&case, 200 + rng.below(500))?;
    bench.behave(stuck(traffic));
    let (testbench, _) = bench.testbench();
    for _ in 0..2 * WATCHDOG {
        testbench.step()?;
    }
    let status = bench.read("status")?;
    if status & 1 == 1 && status >> 8 != 0 {
        return Err(Error::differs("no watchdog", format!("status {status:#x} of a program that waits")));
    }
    bench.behave(traffic);
    if status & 1 == 1 {
        bench.wait()?;
    }
    bench.settle(IDLE_LOOKS)?;
    bench.same_memory(&case.after)?;
    bench.write("watchdog_limit", WATCHDOG)
}

/// A program that loads weights, stopped by software or by a reset while a word of them may be programmed.
fn cut_short(
    bench: &mut Bench,
    config: &AcceleratorConfig,
    subject: &Subject,
    interpreter: &Interpreter,
    rng: &mut Rng,
) -> Result<()> {
    let case = Case::random(config, subject, &mut interpreter.clone(), true, rng)?;
    bench.begin(&case, 200 + rng.below(4000))?;
    stop(bench, rng).map(drop)
}

/// What a program was stopped by.
enum Stop {
    Software,
    Reset,
}

/// Stops a program, by either.
fn stop(bench: &mut Bench, rng: &mut Rng) -> Result<Stop> {
    if rng.chance(0.5) {
        bench.write("control", 2)?;
        bench.settle(IDLE_LOOKS)?;
        return Ok(Stop::Software);
    }
    bench.testbench().0.reset(3)?;
    bench.write("watchdog_limit", WATCHDOG)?;
    Ok(Stop::Reset)
}

/// A bus that takes nothing and gives nothing.
fn stuck(traffic: Traffic) -> Traffic {
    Traffic { taken: Stall::Random(1.0), given: Stall::Random(1.0), ..traffic }
}

/// The codes of functions that the array lacks and an instruction can name.
fn lacking(config: &AcceleratorConfig) -> Vec<u32> {
    (config.activation.count()..functions()).collect()
}

/// The response of a bus for a fault.
fn response(fault: Fault) -> u8 {
    if fault == Fault::BusSlave { 2 } else { 3 }
}

type Faults = Vec<(std::ops::RangeInclusive<u64>, Fault)>;

impl Harm {
    /// Changes a case; gives the addresses at which external memory shall fail.
    fn apply(self, case: &mut Case, config: &AcceleratorConfig, rng: &mut Rng) -> Faults {
        let base = case.registers.program_base;
        let at = 1 + rng.below(case.program.instructions.len() as u64 - 2) as usize;
        let mut words = case.program.instructions[at].encode();
        let fault = *rng.pick(&[Fault::BusSlave, Fault::BusDecode]);
        let transfers = |case: &Case, store: bool| -> Faults {
            // Nothing follows the last row that is stored, of one beat, but the end: it is not to come before
            // the response.
            let last = |rows: Count| u64::from(rows.0 - 1) * config.bus_bytes as u64;
            let offset = |instruction: &Instruction| match instruction.operation {
                Operation::Load(load) if !store => Some(u64::from(load.address_offset)),
                Operation::Store(op) if store => Some(u64::from(op.address_offset) + last(op.rows)),
                _ => None,
            };
            let all: Vec<u64> = case.program.instructions.iter().filter_map(offset).collect();
            let address = case.registers.data_base + all[if store { all.len() - 1 } else { at % all.len() }];
            vec![(address..=address, fault)]
        };
        match self {
            Self::Opcode => words[0] = words[0] & !0xff | 0x7e,
            Self::Bit => words[15] |= 1 << rng.below(32),
            Self::Blocks => {
                let source = *rng.pick(&[Source::Listed, Source::Rows, Source::Columns]);
                let gemm = Gemm { source, blocks: true, ..Gemm::LEAST };
                words = Instruction { waits: Waits::NONE, operation: gemm.into() }.encode();
            }
            Self::Function => {
                let function = *rng.pick(&lacking(config));
                words = Instruction { waits: Waits::NONE, operation: Gemm { function, ..Gemm::LEAST }.into() }.encode();
            }
            Self::Count | Self::Address => {
                let is = |instruction: &&mut Instruction| matches!(instruction.operation, Operation::Store(_));
                let store = case.program.instructions.iter_mut().find(is).map(|store| &mut store.operation);
                let Some(Operation::Store(store)) = store else { return Vec::new() };
                match self {
                    Self::Count => store.rows.0 = 0,
                    _ => store.row = config.activation_rows as u32 - 1,
                }
                case.before.write(base, &case.program.bytes());
                return Vec::new();
            }
            Self::Row => {
                let past = config.wide_rows as u32;
                let elementwise = Elementwise { scale: true, a_base: past, gain: 1, ..Elementwise::LEAST };
                words = Instruction { waits: Waits::NONE, operation: elementwise.into() }.encode();
            }
            Self::Truncated => {
                case.registers.program_length = BYTES as u32 * (case.program.instructions.len() as u32 - 1);
                return Vec::new();
            }
            Self::Length => {
                let most = (config.program_instructions * BYTES) as u32;
                case.registers.program_length = *rng.pick(&[0, 63, 65, most + BYTES as u32]);
                return Vec::new();
            }
            Self::Base => {
                case.registers.program_base += config.bus_bytes as u64 / 2;
                return Vec::new();
            }
            Self::Fetch => return vec![(base + (at * BYTES) as u64..=base + (at * BYTES) as u64, fault)],
            Self::Load => return transfers(case, false),
            Self::Store => return transfers(case, true),
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        case.before.write(base + (at * BYTES) as u64, &bytes);
        Vec::new()
    }
}

//! The accelerator between external memory and software.

use super::{
    outside::{error_code, settings},
    programs::Case,
    steps::Steps,
    taps::Taps,
    watch::Watch,
};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::accelerator::{AcceleratorConfig, Counters, End, Registers};
use alberti_harness::{
    AxiId, Bits, Library, Seed, Testbench,
    axi::{Bytes, Rules, Traffic},
};
use alberti_isa::{Fault, Memory, Unit};
use alberti_rtl::{Design, registers::Map};

/// Cycles without a beat on the bus, or a row that is seen to be written, before a run is given up: the
/// accelerator has a watchdog of its own.
const PATIENCE: u64 = 1 << 24;

/// Looks at the status within which an accelerator that has stopped is idle.
pub(super) const IDLE_LOOKS: u32 = 2000;

/// The memory whose accesses each pair of counters counts, `count_<name>_read` and `count_<name>_written`.
const MEMORIES: [(Memory, &str); 6] = [
    (Memory::Activation, "activation"),
    (Memory::Wide, "wide"),
    (Memory::Parameter, "parameter"),
    (Memory::Index, "index"),
    (Memory::WeightValues, "values"),
    (Memory::WeightMasks, "masks"),
];

/// Commands of the register `counters`.
pub(super) const SNAPSHOT: u32 = 1;
pub(super) const CLEAR: u32 = 2;

/// An accelerator under test.
pub struct Bench {
    bench: Testbench,
    bus: AxiId,
    map: Map,
    config: AcceleratorConfig,
    taps: Option<Taps>,
    disturbance: Option<Disturbance>,
}

/// What software does right after the next start.
#[derive(Clone, Copy)]
enum Disturbance {
    /// Writes a value to an address, again and again.
    Writes(u64, u32),
    /// Starts once more.
    Starts,
}

impl Bench {
    /// An accelerator after reset.
    ///
    /// # Errors
    /// When the design has no registers, or stops at once.
    pub fn new(design: &Design, library: &Library, name: &str, seed: Seed, traffic: Traffic) -> Result<Self> {
        let missing = || Error::differs("accelerator", "the design has no accelerator");
        let (map, accelerator) = (Map::of(design).ok_or_else(missing)?, design.accelerator.ok_or_else(missing)?);
        let mut bench = Testbench::with_seed(library, name, seed)?;
        let rules = Rules { burst_beats: accelerator.axi.burst_beats, open_bursts: u32::MAX };
        let bytes = Bytes::new(0);
        let bus = bench.axi("m_axi", bytes, rules, traffic)?;
        let config = configuration::accelerator(design)?;
        let taps = Taps::new(design, &config, library, bench.model())?;
        let mut bench = Self { bench, bus, map, config, taps, disturbance: None };
        for port in ["awvalid", "wvalid", "arvalid", "bready", "rready", "awprot", "arprot"] {
            bench.set(port, 0)?;
        }
        Ok(bench)
    }

    fn set(&mut self, port: &str, value: u64) -> Result<()> {
        let port = self.bench.model().input(&format!("s_axil_{port}"))?;
        let width = self.bench.model().width(port);
        self.bench.model_mut().set_bits(port, &Bits::new(width, value));
        Ok(())
    }

    fn get(&self, port: &str) -> Result<u64> {
        Ok(self.bench.model().get(self.bench.model().output(port)?))
    }

    fn offset(&self, register: &str) -> Result<u64> {
        let found = self.map.registers.iter().find(|known| known.name == register);
        Ok(found.ok_or_else(|| Error::differs("csr", format!("there is no register {register}")))?.offset.into())
    }

    /// Steps until a handshake of the registers' port is done: each channel's valid and ready, those of a
    /// master.
    fn handshake(&mut self, channels: &[(&str, &str)]) -> Result<()> {
        let mut left: Vec<_> = channels.to_vec();
        while !left.is_empty() {
            self.bench.settle()?;
            let mut taken = Vec::new();
            for (mine, theirs) in &left {
                if self.get(&format!("s_axil_{theirs}"))? == 1 {
                    taken.push(*mine);
                }
            }
            self.bench.clock()?;
            for mine in &taken {
                self.set(mine, 0)?;
            }
            left.retain(|(mine, _)| !taken.contains(mine));
        }
        Ok(())
    }

    /// Takes an answer of the registers' port: what `field` shows while valid is up.
    ///
    /// # Errors
    /// When the answer is an error.
    fn answer(&mut self, channel: &str, field: &str, address: u64) -> Result<u64> {
        loop {
            self.bench.settle()?;
            let [valid, value, response] =
                ["valid", field, "resp"].map(|signal| self.get(&format!("s_axil_{channel}{signal}")));
            let (valid, value, response) = (valid?, value?, response?);
            self.bench.clock()?;
            if valid == 1 {
                self.set(&format!("{channel}ready"), 0)?;
                let refused = || Error::differs("csr", format!("{channel}resp is {response} of register {address:#x}"));
                return if response == 0 { Ok(value) } else { Err(refused()) };
            }
        }
    }

    /// Writes the register at an offset.
    ///
    /// # Errors
    /// When it answers with an error.
    pub fn write_at(&mut self, address: u64, value: u32) -> Result<()> {
        self.offer(address, value)?;
        self.handshake(&[("awvalid", "awready"), ("wvalid", "wready")])?;
        self.answer("b", "resp", address).map(drop)
    }

    /// Offers a write, and takes its response.
    fn offer(&mut self, address: u64, value: u32) -> Result<()> {
        let signals =
            [("awaddr", address), ("awvalid", 1), ("wdata", value.into()), ("wstrb", 15), ("wvalid", 1), ("bready", 1)];
        signals.into_iter().try_for_each(|(port, value)| self.set(port, value))
    }

    /// Has a register written again and again while the next program runs.
    ///
    /// # Errors
    /// When there is none.
    pub fn disturb(&mut self, register: &str, value: u32) -> Result<()> {
        self.disturbance = Some(Disturbance::Writes(self.offset(register)?, value));
        Ok(())
    }

    /// Has the next program started a second time while it runs.
    pub fn start_again(&mut self) {
        self.disturbance = Some(Disturbance::Starts);
    }

    /// Ends a disturbance: what is offered is taken, and all responses.
    fn calm(&mut self) -> Result<()> {
        if self.disturbance.take().is_some_and(|of| matches!(of, Disturbance::Writes(..))) {
            self.handshake(&[("awvalid", "awready"), ("wvalid", "wready")])?;
            for _ in 0..8 {
                self.bench.step()?;
            }
            self.set("bready", 0)?;
        }
        Ok(())
    }

    /// Reads the register at an offset.
    ///
    /// # Errors
    /// When it answers with an error.
    pub fn read_at(&mut self, address: u64) -> Result<u32> {
        for (port, value) in [("araddr", address), ("arvalid", 1), ("rready", 1)] {
            self.set(port, value)?;
        }
        self.handshake(&[("arvalid", "arready")])?;
        self.answer("r", "data", address).map(|data| data as u32)
    }

    /// Writes a register.
    ///
    /// # Errors
    /// When there is none, or it answers with an error.
    pub fn write(&mut self, register: &str, value: u32) -> Result<()> {
        self.write_at(self.offset(register)?, value)
    }

    /// Reads a register.
    ///
    /// # Errors
    /// When there is none, or it answers with an error.
    pub fn read(&mut self, register: &str) -> Result<u32> {
        self.read_at(self.offset(register)?)
    }

    /// Reads a register that the design may lack; 0 without it.
    ///
    /// # Errors
    /// As [`Bench::read`].
    pub fn read_if(&mut self, register: &str) -> Result<u32> {
        if self.offset(register).is_ok() { self.read(register) } else { Ok(0) }
    }

    /// External memory.
    pub fn memory(&mut self) -> &mut Bytes {
        &mut self.bench.bus_mut(self.bus).bytes
    }

    /// The testbench.
    pub fn testbench(&mut self) -> (&mut Testbench, AxiId) {
        (&mut self.bench, self.bus)
    }

    /// Waits until the accelerator is idle: it completes what it has begun on the bus.
    ///
    /// # Errors
    /// When it does not within so many looks.
    pub fn settle(&mut self, looks: u32) -> Result<()> {
        for _ in 0..looks {
            if self.read("status")? & 1 == 0 {
                return Ok(());
            }
        }
        Err(Error::differs("accelerator", format!("busy after {looks} looks at its status")))
    }

    /// Starts a program and waits for its interrupt; gives the cycles from start to interrupt.
    ///
    /// # Errors
    /// When nothing moves any more, or the protocol is broken.
    pub fn run(&mut self, registers: &Registers) -> Result<u64> {
        self.start(registers)?;
        self.wait()
    }

    /// The same, and compares what each instruction writes with what it should; gives as well the cycle in
    /// which each instruction of a unit was done.
    ///
    /// # Errors
    /// As [`Bench::run`], when the accelerator was built without probes, and the first instruction that
    /// differs.
    pub fn run_watched(&mut self, registers: &Registers, steps: &Steps) -> Result<(u64, Vec<Option<u64>>)> {
        self.start(registers)?;
        let begin = self.bench.model().cycle();
        let interrupt = self.bench.model().output("interrupt_o")?;
        self.bench.set_patience(PATIENCE);
        let Self { bench, bus, taps, config, .. } = self;
        let taps = taps.as_ref().ok_or_else(|| Error::differs("accelerator", "it was built without probes"))?;
        let mut watch = Watch::new(config, steps);
        let run = bench.run_watched(
            u64::MAX,
            |bench| bench.model().get(interrupt) == 1,
            |bench| match taps.look(bench.model()) {
                Some(events) => watch
                    .take(bench.model().cycle() - begin, events, &bench.bus(*bus).bytes)
                    .map(|()| true)
                    .map_err(|error| alberti_harness::Error::Watched { what: error.to_string() }),
                None => Ok(false),
            },
        );
        let cycles = bench.model().cycle() - begin;
        match (&run, watch.apart()) {
            (Ok(()), _) => Ok((cycles, watch.finish()?)),
            (Err(_), Some(apart)) => Err(apart),
            (Err(_), None) => self.explain(run.map_err(Error::from), cycles).map(|cycles| (cycles, Vec::new())),
        }
    }

    /// Starts a program.
    ///
    /// # Errors
    /// When a register does not answer.
    pub fn start(&mut self, registers: &Registers) -> Result<()> {
        for (name, value) in settings(registers) {
            self.write(name, value as u32)?;
            let high = format!("{name}_high");
            if self.map.registers.iter().any(|register| register.name == high) {
                self.write(&high, (value >> 32) as u32)?;
            }
        }
        self.write("interrupt_cause", 7)?;
        self.write("interrupt_enable", 7)?;
        self.write("control", 1)?;
        match self.disturbance {
            Some(Disturbance::Writes(address, value)) => self.offer(address, value),
            Some(Disturbance::Starts) => self.write("control", 1),
            None => Ok(()),
        }
    }

    /// Starts the program of a case on its memory, and leaves it after so many cycles.
    ///
    /// # Errors
    /// As [`Bench::start`], or when the protocol is broken.
    pub fn begin(&mut self, case: &Case, cycles: u64) -> Result<()> {
        *self.memory() = case.before.clone();
        self.start(&case.registers)?;
        for _ in 0..cycles {
            self.bench.step()?;
        }
        Ok(())
    }

    /// Has the bus behave otherwise from here on.
    pub fn behave(&mut self, traffic: Traffic) {
        self.bench.bus_mut(self.bus).behave(traffic);
    }

    /// Waits for the interrupt of a program that was started; gives the cycles from then on.
    ///
    /// # Errors
    /// When nothing moves any more, or the protocol is broken.
    pub fn wait(&mut self) -> Result<u64> {
        let begin = self.bench.model().cycle();
        let interrupt = self.bench.model().output("interrupt_o")?;
        self.bench.set_patience(PATIENCE);
        let run = self.bench.run_until(u64::MAX, |bench| bench.model().get(interrupt) == 1);
        let cycles = self.bench.model().cycle() - begin;
        self.explain(run.map_err(Error::from), cycles)
    }

    /// The cycles of a run, or where the accelerator was when it came to no end.
    fn explain(&mut self, run: Result<()>, cycles: u64) -> Result<u64> {
        match run {
            Ok(()) => Ok(cycles),
            Err(error) => {
                let (status, at) = (self.read("status")?, self.read("program_counter")?);
                let what = format!("status {status:#x} at instruction {at} after {cycles} cycles: {error}");
                Err(Error::differs("accelerator", what))
            }
        }
    }

    /// Runs a program on external memory and compares what it leaves; gives its cycles.
    ///
    /// # Errors
    /// When a byte differs, or the end does.
    pub fn compare(&mut self, case: &Case) -> Result<u64> {
        let Case { registers, before, after, end, counters, steps, .. } = case;
        let end = *end;
        *self.memory() = before.clone();
        self.write("counters", CLEAR)?;
        // Of a program that is stopped, what was under way is cut short.
        let cycles = match (&self.taps, end) {
            (Some(_), End::Halted | End::Exited { .. }) => self.run_watched(registers, steps)?.0,
            _ => self.run(registers)?,
        };
        self.calm()?;
        self.settle(IDLE_LOOKS)?;
        self.write("counters", SNAPSHOT)?;
        let (status, cause) = (self.read("status")?, self.read("interrupt_cause")?);
        let expected = match end {
            End::Halted => (2, 1),
            End::Exited { .. } => (2, 5),
            End::Stopped { .. } => (u32::from(error_code(end)) << 8, 2),
        };
        if (status, cause) != expected {
            let (pc, address) = (self.read("program_counter")?, self.read("error_address")?);
            let what = format!(
                "status {status:#x}, cause {cause:#x} at instruction {pc}, address {address:#x}: expected {:#x}, {:#x} ({end:?})",
                expected.0, expected.1
            );
            return Err(Error::differs("accelerator", what));
        }
        // An earlier program's layer and fault are forgotten.
        let layer = if let End::Exited { layer } = end { layer } else { 0 };
        let got = self.read("exit_layer")?;
        if got != layer {
            return Err(Error::differs("accelerator", format!("exit after layer {got}, expected {layer}")));
        }
        if error_code(end) == 0 {
            let address = self.read("error_address")?;
            if address != 0 {
                return Err(Error::differs("accelerator", format!("error_address is {address:#x} without a fault")));
            }
            self.same_memory(after)?;
        }
        self.count(end, counters)?;
        if error_code(end) == 0 {
            self.busy(case)?;
        }
        Ok(cycles)
    }

    /// Compares external memory with what it should hold.
    ///
    /// # Errors
    /// When a byte differs.
    pub fn same_memory(&mut self, after: &Bytes) -> Result<()> {
        if let Some(address) = self.memory().difference(after) {
            let (got, expected) = (self.memory().read(address, 16), after.read(address, 16));
            let what = format!(
                "byte {address:#x} of external memory differs\n  expected {expected:02x?}\n  got      {got:02x?}"
            );
            return Err(Error::differs("accelerator", what));
        }
        Ok(())
    }

    /// Sees whether units were busy as far as their instructions say: how long, only the accelerator knows.
    fn busy(&mut self, case: &Case) -> Result<()> {
        let cycles = self.read("count_cycles")?;
        for unit in Unit::ALL {
            let register = format!("count_{}_busy", unit.name());
            let busy = self.read(&register)?;
            let asked = case.program.instructions.iter().any(|instruction| instruction.operation.unit() == Some(unit));
            // A vector a cycle goes through the array.
            let least = if unit == Unit::Matrix { self.read("count_vectors")? } else { 0 };
            if busy > cycles || busy < least || (busy > 0 && !asked) {
                return Err(Error::differs("accelerator", format!("{register} is {busy} of {cycles} cycles")));
            }
        }
        Ok(())
    }

    /// Compares what was counted: all of a program that ended well. What was issued before an instruction
    /// that is none is known as well, and shows that a fault leaves counters alone.
    fn count(&mut self, end: End, counters: &Counters) -> Result<()> {
        let issued = ("count_instructions".to_owned(), counters.instructions);
        let expected = match end {
            End::Stopped { fault: Fault::Instruction | Fault::ProgramEnd, .. } => vec![issued],
            End::Stopped { .. } => Vec::new(),
            End::Halted | End::Exited { .. } => {
                let own = [
                    ("count_vectors", counters.vectors),
                    ("count_misplaced", counters.misplaced),
                    ("count_axi_read", counters.bytes_read),
                    ("count_axi_written", counters.bytes_written),
                    ("count_saturated", counters.saturated),
                ];
                // A design may lack what these count.
                let some = [
                    ("count_held", counters.held),
                    ("count_mask_errors", counters.mask_errors),
                    ("count_corrected", counters.corrected),
                    ("count_detected", counters.detected),
                ];
                let some: Vec<_> = some.into_iter().filter(|(name, _)| self.offset(name).is_ok()).collect();
                let rows = MEMORIES.iter().flat_map(|&(memory, name)| {
                    let accesses = counters.accesses(memory);
                    [(format!("count_{name}_read"), accesses.read), (format!("count_{name}_written"), accesses.written)]
                });
                let own = own.into_iter().chain(some).map(|(name, count)| (name.to_owned(), count));
                own.chain(rows).chain([issued]).collect()
            }
        };
        for (register, expected) in expected {
            let got = self.read(&register)?;
            if got != expected as u32 {
                return Err(Error::differs("accelerator", format!("{register} is {got}, expected {expected}")));
            }
        }
        Ok(())
    }
}

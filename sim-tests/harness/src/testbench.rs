//! A model with everything around it, stepped together once a cycle.
//!
//! In each cycle the drivers set their inputs, the logic settles, the monitors look, and the clock rises.
//! Before the first there is a reset of three cycles.

use crate::axi::{self, Axi};
use crate::bits::Bits;
use crate::build::Library;
use crate::error::{Error, Result};
use crate::memory::{BankedMemory, ReadPort, WritePort};
use crate::model::{Model, Port};
use crate::rows::{RowMemory, RowPort};
use crate::stall::Stall;
use crate::stream::{Sink, Source};
use alberti_random::{Rng, Seed};

/// A driver within a [`Testbench`].
#[derive(Clone, Copy, Debug)]
pub struct SourceId(usize);

/// A monitor within a [`Testbench`].
#[derive(Clone, Copy, Debug)]
pub struct SinkId(usize);

/// A memory within a [`Testbench`].
#[derive(Clone, Copy, Debug)]
pub struct MemoryId(usize);

/// External memory within a [`Testbench`].
#[derive(Clone, Copy, Debug)]
pub struct AxiId(usize);

/// A memory of rows within a [`Testbench`].
#[derive(Clone, Copy, Debug)]
pub struct RowsId(usize);

/// An output within a [`Testbench`] whose pulses are counted.
#[derive(Clone, Copy, Debug)]
pub struct PulseId(usize);

/// What a finished test did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// Cycles from the end of the last reset to the last transfer, both included.
    pub cycles: u64,
    /// Items compared, over all monitors.
    pub compared: u64,
    /// The seed of the run.
    pub seed: Seed,
}

/// A model, its drivers and monitors, and its memories.
pub struct Testbench {
    model: Model,
    name: String,
    seed: Seed,
    rng: Rng,
    sources: Vec<Source>,
    sinks: Vec<Sink>,
    memories: Vec<BankedMemory>,
    reads: Vec<ReadPort>,
    writes: Vec<WritePort>,
    buses: Vec<Axi>,
    rows: Vec<RowMemory>,
    row_ports: Vec<RowPort>,
    pulses: Vec<(Port, Vec<u64>)>,
    started: bool,
    first_cycle: u64,
    last_transfer: u64,
    patience: u64,
}

impl Testbench {
    /// A test of this name, with the seed of the environment. The name decides what is drawn: keep it unique.
    ///
    /// # Errors
    /// For a bad `ALBERTI_SEED`, a design that stops at once, or a waveform that cannot be written.
    pub fn new(library: &Library, name: &str) -> Result<Self> {
        Self::with_seed(library, name, Seed::from_env()?)
    }

    /// A test of this name with this seed.
    ///
    /// # Errors
    /// As [`Testbench::new`].
    pub fn with_seed(library: &Library, name: &str, seed: Seed) -> Result<Self> {
        let mut rng = seed.rng(name);
        let model = library.model_of(name, rng.u64())?;
        Ok(Testbench {
            model,
            name: name.to_owned(),
            seed,
            rng,
            sources: Vec::new(),
            sinks: Vec::new(),
            memories: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            buses: Vec::new(),
            rows: Vec::new(),
            row_ports: Vec::new(),
            pulses: Vec::new(),
            started: false,
            first_cycle: 0,
            last_transfer: 0,
            patience: 10_000,
        })
    }

    /// Drives the stream `<name>_valid_i`, `<name>_ready_o`, `<name>_<field>_i`. A field whose name is a port
    /// by itself (`<field>_i`) may go along; without a ready port the stream moves whenever it is valid. An
    /// empty name stands for ports without prefix.
    ///
    /// # Errors
    /// When the design has no such ports.
    pub fn source(&mut self, name: &str, fields: &[&str], stall: Stall) -> Result<SourceId> {
        self.sources.push(Source::new(&self.model, name, fields, stall)?);
        Ok(SourceId(self.sources.len() - 1))
    }

    /// Takes the stream `<name>_valid_o`, `<name>_ready_i`, `<name>_<field>_o`, as [`Testbench::source`]
    /// drives one.
    ///
    /// # Errors
    /// When the design has no such ports.
    pub fn sink(&mut self, name: &str, fields: &[&str], stall: Stall) -> Result<SinkId> {
        self.sinks.push(Sink::new(&self.model, name, fields, stall)?);
        Ok(SinkId(self.sinks.len() - 1))
    }

    /// Adds a memory, for ports to read and write. Several ports may share it.
    pub fn add_memory(&mut self, memory: BankedMemory) -> MemoryId {
        self.memories.push(memory);
        MemoryId(self.memories.len() - 1)
    }

    /// Lets the ports `<name>_enable_o`, `_row_o`, `_data_i` read a memory: cycle t is answered in t +
    /// `latency`. A read in the cycle of a write to the same value gets the old one.
    ///
    /// # Errors
    /// When the ports are missing or their widths do not fit the memory.
    pub fn read_port(&mut self, name: &str, memory: MemoryId, latency: u32) -> Result<()> {
        let memory = (memory.0, &self.memories[memory.0]);
        self.reads.push(ReadPort::new(&self.model, name, memory, latency)?);
        Ok(())
    }

    /// Lets the ports `<name>_enable_o`, `_row_o`, `_data_o` write a memory.
    ///
    /// # Errors
    /// When the ports are missing or their widths do not fit the memory.
    pub fn write_port(&mut self, name: &str, memory: MemoryId) -> Result<()> {
        let memory = (memory.0, &self.memories[memory.0]);
        self.writes.push(WritePort::new(&self.model, name, memory)?);
        Ok(())
    }

    /// Puts external memory at the AXI4 port `<name>_aw…`, `_w…`, `_b…`, `_ar…`, `_r…`.
    ///
    /// # Errors
    /// When the design has no such ports.
    pub fn axi(&mut self, name: &str, bytes: axi::Bytes, rules: axi::Rules, traffic: axi::Traffic) -> Result<AxiId> {
        self.buses.push(Axi::new(&self.model, name, bytes, rules, traffic)?);
        Ok(AxiId(self.buses.len() - 1))
    }

    /// External memory: its contents, and what the design asked of it.
    pub fn bus(&self, bus: AxiId) -> &Axi {
        &self.buses[bus.0]
    }

    /// External memory, to be loaded, to fail, or to behave otherwise.
    pub fn bus_mut(&mut self, bus: AxiId) -> &mut Axi {
        &mut self.buses[bus.0]
    }

    /// Items that a driver has sent.
    pub fn sent(&self, source: SourceId) -> u64 {
        self.sources[source.0].sent()
    }

    /// Takes back what a driver has not sent, as a reset of whoever feeds the design does.
    pub fn withdraw(&mut self, source: SourceId) {
        self.sources[source.0].forget();
    }

    /// Adds a memory of rows, for valid/ready ports. Several may share it.
    pub fn add_rows(&mut self, memory: RowMemory) -> RowsId {
        self.rows.push(memory);
        RowsId(self.rows.len() - 1)
    }

    /// Lets the ports `<name>_valid_o`, `_ready_i`, `_address_o`, `_data_i` read rows: what is taken in cycle
    /// t is answered in t + `latency`.
    ///
    /// # Errors
    /// When the ports are missing.
    pub fn read_rows(&mut self, name: &str, memory: RowsId, latency: u32, stall: Stall) -> Result<()> {
        self.row_ports.push(RowPort::read(&self.model, name, memory.0, latency, stall)?);
        Ok(())
    }

    /// Lets the ports `<name>_valid_o`, `_ready_i`, `_address_o`, `_data_o` write rows.
    ///
    /// # Errors
    /// When the ports are missing.
    pub fn write_rows(&mut self, name: &str, memory: RowsId, stall: Stall) -> Result<()> {
        self.row_ports.push(RowPort::write(&self.model, name, memory.0, stall)?);
        Ok(())
    }

    /// A memory of rows.
    pub fn rows(&self, memory: RowsId) -> &RowMemory {
        &self.rows[memory.0]
    }

    /// A memory of rows, to be loaded.
    pub fn rows_mut(&mut self, memory: RowsId) -> &mut RowMemory {
        &mut self.rows[memory.0]
    }

    /// Counts the cycles in which an output is high.
    ///
    /// # Errors
    /// When the design has no such output.
    pub fn count_pulses(&mut self, output: &str) -> Result<PulseId> {
        self.pulses.push((self.model.output(output)?, Vec::new()));
        Ok(PulseId(self.pulses.len() - 1))
    }

    /// The cycles in which an output was high, since the last reset.
    pub fn pulses(&self, output: PulseId) -> &[u64] {
        &self.pulses[output.0].1
    }

    /// Whether all that is queued has been sent.
    pub fn all_sent(&self) -> bool {
        self.sources.iter().all(Source::is_done)
    }

    /// Queues an item: one value for each field, in the order of the source's fields.
    ///
    /// # Errors
    /// When the number of values or a width does not fit.
    pub fn send(&mut self, source: SourceId, item: &[Bits]) -> Result<()> {
        self.sources[source.0].push(item)
    }

    /// Expects an item, as the next one of this monitor.
    ///
    /// # Errors
    /// When the number of values or a width does not fit.
    pub fn expect(&mut self, sink: SinkId, item: &[Bits]) -> Result<()> {
        self.sinks[sink.0].board.expect(item)
    }

    /// Lets a monitor keep its items for [`Testbench::collected`] and compare none.
    pub fn collect(&mut self, sink: SinkId) {
        self.sinks[sink.0].board.collect();
    }

    /// The items of a monitor that collects: one value for each field.
    pub fn collected(&self, sink: SinkId) -> &[Vec<Bits>] {
        self.sinks[sink.0].board.collected()
    }

    /// A memory's contents and counts.
    pub fn memory(&self, memory: MemoryId) -> &BankedMemory {
        &self.memories[memory.0]
    }

    /// A memory, to be loaded.
    pub fn memory_mut(&mut self, memory: MemoryId) -> &mut BankedMemory {
        &mut self.memories[memory.0]
    }

    /// The model: to read ports, between [`Testbench::settle`] and [`Testbench::clock`].
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model: to set ports that no driver has, before [`Testbench::settle`].
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The test's random numbers.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// How many cycles may pass without any transfer before a run is given up; 10 000 if not set.
    pub fn set_patience(&mut self, cycles: u64) {
        self.patience = cycles;
    }

    /// Resets the design in the middle of whatever it does: items that are queued or expected are forgotten.
    ///
    /// # Errors
    /// When the design has no reset, stops, or offers an item during reset.
    pub fn reset(&mut self, cycles: u32) -> Result<()> {
        self.sources.iter_mut().for_each(Source::forget);
        self.sinks.iter_mut().for_each(Sink::forget);
        self.buses.iter_mut().for_each(Axi::forget);
        let result = self.reset_quietly(cycles);
        self.named(result)
    }

    /// The first half of a cycle: drives and settles. Outputs can be read after it.
    ///
    /// # Errors
    /// When the design stops, or a stream's valid follows its ready.
    pub fn settle(&mut self) -> Result<()> {
        let result = self.settle_quietly();
        self.named(result)
    }

    /// The second half of a cycle: the monitors look, and the clock rises.
    ///
    /// # Errors
    /// When the design stops, a stream breaks its contract, or an item differs.
    pub fn clock(&mut self) -> Result<()> {
        let result = self.clock_quietly();
        self.named(result)
    }

    /// A whole cycle.
    ///
    /// # Errors
    /// As [`Testbench::settle`] and [`Testbench::clock`].
    pub fn step(&mut self) -> Result<()> {
        self.settle()?;
        self.clock()
    }

    /// Steps until every queue is empty and nothing more is expected.
    ///
    /// # Errors
    /// As [`Testbench::step`], and [`Error::NoProgress`] when nothing moves.
    pub fn run(&mut self) -> Result<()> {
        self.run_until(u64::MAX, |bench| bench.all_sent() && bench.sinks.iter().all(|sink| sink.board.is_done()))
    }

    /// Steps until `done` holds, at most `limit` cycles.
    ///
    /// # Errors
    /// As [`Testbench::step`], and [`Error::NoProgress`] when nothing moves or the limit is reached.
    pub fn run_until(&mut self, limit: u64, done: impl FnMut(&Self) -> bool) -> Result<()> {
        self.run_watched(limit, done, |_| Ok(false))
    }

    /// The same, and lets `watch` look at the model in every cycle, when its logic has settled, and say
    /// whether something moves inside.
    ///
    /// # Errors
    /// As [`Testbench::run_until`], and those of `watch`.
    pub fn run_watched(
        &mut self,
        limit: u64,
        mut done: impl FnMut(&Self) -> bool,
        mut watch: impl FnMut(&Self) -> Result<bool>,
    ) -> Result<()> {
        let result = self.start();
        self.named(result)?;
        let begin = self.model.cycle();
        while !done(self) {
            let still = self.model.cycle() - begin.max(self.last_transfer);
            let spent = self.model.cycle() - begin;
            if still >= self.patience || spent >= limit {
                let result = Err(self.no_progress(still.min(spent)));
                return self.named(result);
            }
            self.settle()?;
            if watch(self)? {
                self.last_transfer = self.model.cycle();
            }
            self.clock()?;
        }
        Ok(())
    }

    /// Runs to the end and 64 cycles more, in which nothing may come, and demands that every monitor compared
    /// all that it expected, and something.
    ///
    /// # Errors
    /// As [`Testbench::run`], and [`Error::Incomplete`].
    pub fn finish(&mut self) -> Result<Report> {
        self.run()?;
        for _ in 0..64 {
            self.step()?;
        }
        let result = self.sinks.iter().try_for_each(|sink| sink.board.finish());
        self.named(result)?;
        let compared = self.sinks.iter().map(|sink| sink.board.compared()).sum();
        let cycles = (self.last_transfer + 1).saturating_sub(self.first_cycle);
        Ok(Report { cycles, compared, seed: self.seed })
    }

    fn reset_quietly(&mut self, cycles: u32) -> Result<()> {
        self.started = true;
        for port in &mut self.reads {
            port.forget(&self.memories[port.memory], &mut self.rng);
        }
        self.row_ports.iter_mut().for_each(|port| port.forget(&mut self.rng));
        self.pulses.iter_mut().for_each(|(_, seen)| seen.clear());
        self.model.assert_reset()?;
        for _ in 0..cycles {
            self.drive();
            self.model.settle()?;
            self.sinks.iter().try_for_each(|sink| sink.check_reset(&self.model))?;
            self.buses.iter().try_for_each(|bus| bus.check_reset(&self.model))?;
            self.row_ports.iter().try_for_each(|port| port.check_reset(&self.model))?;
            self.model.clock()?;
        }
        self.model.release_reset()?;
        (self.first_cycle, self.last_transfer) = (self.model.cycle(), self.model.cycle());
        Ok(())
    }

    fn settle_quietly(&mut self) -> Result<()> {
        self.start()?;
        self.drive();
        self.model.settle()?;
        // A look at what follows ready costs an evaluation: once in a while is enough.
        if (!self.sinks.is_empty() || !self.row_ports.is_empty()) && self.rng.bits(3) == 0 {
            self.sinks.iter_mut().for_each(|sink| sink.invert_ready(&mut self.model));
            self.buses.iter_mut().for_each(|bus| bus.invert(&mut self.model));
            self.row_ports.iter_mut().for_each(|port| port.invert_ready(&mut self.model));
            self.model.probe()?;
            self.sinks.iter_mut().try_for_each(|sink| sink.restore_ready(&mut self.model))?;
            self.buses.iter_mut().try_for_each(|bus| bus.restore(&mut self.model))?;
            self.row_ports.iter_mut().try_for_each(|port| port.restore_ready(&mut self.model))?;
            self.model.probe()?;
        }
        Ok(())
    }

    /// The reset before the first cycle: what is queued by then waits for its end.
    fn start(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.started, true) || !self.model.has_reset() {
            return Ok(());
        }
        let sources = std::mem::take(&mut self.sources);
        let result = self.reset_quietly(3);
        self.sources = sources;
        result
    }

    fn drive(&mut self) {
        let Self { model, rng, .. } = self;
        self.sources.iter_mut().for_each(|source| source.drive(model, rng));
        self.sinks.iter_mut().for_each(|sink| sink.drive(model, rng));
        self.reads.iter().for_each(|port| port.drive(model));
        self.buses.iter_mut().for_each(|bus| bus.drive(model, rng));
        self.row_ports.iter_mut().for_each(|port| port.drive(model, rng));
    }

    fn answer(&mut self) {
        for port in &mut self.reads {
            port.sample(&self.model, &mut self.memories[port.memory], &mut self.rng);
        }
        for port in &mut self.writes {
            port.sample(&self.model, &mut self.memories[port.memory]);
        }
    }

    fn clock_quietly(&mut self) -> Result<()> {
        self.answer();
        let mut moved = false;
        for source in &mut self.sources {
            moved |= source.sample(&self.model);
        }
        for sink in &mut self.sinks {
            moved |= sink.sample(&self.model)?;
        }
        for bus in &mut self.buses {
            moved |= bus.sample(&self.model)?;
        }
        for port in &mut self.row_ports {
            moved |= port.sample(&self.model, &mut self.rows[port.memory], &mut self.rng)?;
        }
        for (port, seen) in &mut self.pulses {
            if self.model.get(*port) == 1 {
                seen.push(self.model.cycle());
            }
        }
        if moved {
            self.last_transfer = self.model.cycle();
        }
        self.model.clock()
    }

    fn no_progress(&self, cycles: u64) -> Error {
        let sources = self.sources.iter().filter_map(Source::waiting);
        let waiting: Vec<String> = sources
            .chain(self.sinks.iter().filter_map(Sink::waiting))
            .chain(self.buses.iter().filter_map(Axi::waiting))
            .collect();
        let waiting = if waiting.is_empty() { "no stream waits".to_owned() } else { waiting.join("; ") };
        Error::NoProgress { cycles, cycle: self.model.cycle(), waiting }
    }

    fn named<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| Error::Test { name: self.name.clone(), seed: self.seed, error: Box::new(error) })
    }
}

impl Drop for Testbench {
    /// A panic does not know the seed: it is told beside it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}={}", self.name, Seed::VARIABLE, self.seed);
        }
    }
}

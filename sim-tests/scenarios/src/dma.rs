//! `dma` against its golden: commands of every length and place, memories that pause, fail and answer late,
//! aborts and resets.

use super::{
    Outcome, Subject,
    subject::{counter, same},
};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::dma::{Burst, Command, Done, PAGE, Port, Response};
use alberti_harness::{
    AxiId, Bits, Rng, Seed, SinkId, SourceId, Stall, Testbench,
    axi::{Begun, Bytes, Rules, Traffic},
};
use alberti_rtl::{Design, blocks::dma::open_bursts, design::Axi};
use std::collections::BTreeSet;

/// Rounds under each stall pattern.
const ROUNDS: u32 = 120;
/// Cycles that commands may take.
const PATIENCE: u64 = 40_000;
/// What must have happened by the end.
const ALL: [&str; 13] = [
    "nothing to move",
    "refused",
    "a burst of one beat",
    "the longest burst",
    "a boundary",
    "the highest address",
    "a partial beat",
    "all bursts open",
    "SLVERR in a burst after the first",
    "DECERR",
    "a write that failed",
    "an abort that cut short",
    "a reset",
];

/// Random commands under all stall patterns; the first has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit differs, the port breaks its protocol, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let (mut outcome, mut met) = (Outcome::default(), BTreeSet::new());
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("dma.{}.{pattern}", subject.design.name);
        let mut bench = Bench::new(subject.design, Testbench::with_seed(&library, &name, seed)?, stalls, seed)?;
        let bus = bench.bus;
        for round in 0..ROUNDS {
            // The end of a burst is found by counting: a slave that announces it wrongly changes nothing.
            bench.bench.bus_mut(bus).wrong_last = round % 4 == 3;
            bench.round()?;
        }
        met.append(&mut bench.met);
        outcome.add_counts(bench.compared, bench.bench.model().cycle());
    }
    let missed: Vec<_> = ALL.iter().filter(|what| !met.contains(*what)).collect();
    let message = || format!("not met: {missed:?} ({}={seed})", Seed::VARIABLE);
    if missed.is_empty() { Ok(outcome) } else { Err(Error::differs("dma", message())) }
}

/// From which step on, and for how many, `abort_i` is high.
type Abort = (u64, u64);

struct Bench {
    bench: Testbench,
    seed: Seed,
    rng: Rng,
    port: Port,
    axi: Axi,
    stalls: (Stall, Stall),
    traffic: Traffic,
    command: SourceId,
    write: SourceId,
    read: SinkId,
    done: SinkId,
    bus: AxiId,
    /// What memory holds once all commands are done.
    expected: Bytes,
    /// What had moved when the commands under way began.
    before: Before,
    /// Bytes on the bus when the counters were cleared.
    cleared: [u64; 2],
    compared: u64,
    met: BTreeSet<&'static str>,
}

#[derive(Clone, Copy, Default)]
struct Before {
    read: usize,
    done: usize,
    begun: usize,
    commands: u64,
    written: u64,
    bytes: [u64; 2],
}

impl Bench {
    fn new(design: &Design, mut bench: Testbench, stalls: (Stall, Stall), seed: Seed) -> Result<Self> {
        let (axi, port) = (configuration::axi(design)?, configuration::external_memory(design)?);
        let traffic = Traffic { taken: stalls.1, given: stalls.0, latency: 1, data_first: false };
        let rules = Rules { burst_beats: axi.burst_beats, open_bursts: open_bursts(axi) };
        let expected = Bytes::new(bench.rng().u64());
        let mut this = Self {
            command: bench.source("command", &["write", "address", "bytes"], stalls.0)?,
            write: bench.source("write", &["data"], stalls.0)?,
            read: bench.sink("read", &["data", "last"], stalls.1)?,
            done: bench.sink("done", &["response", "address"], stalls.1)?,
            bus: bench.axi("m_axi", expected.clone(), rules, traffic)?,
            rng: bench.rng().fork(),
            bench,
            seed,
            port,
            axi,
            stalls,
            traffic,
            expected,
            before: Before::default(),
            cleared: [0; 2],
            compared: 0,
            met: BTreeSet::new(),
        };
        this.bench.collect(this.read);
        this.bench.collect(this.done);
        this.set("abort_i", false)?;
        this.set("clear_i", false)?;
        Ok(this)
    }

    /// A few commands one after the other, or one to which something happens.
    fn round(&mut self) -> Result<()> {
        let latency = *self.rng.pick(&[1, 1, 2, 9, 33]);
        self.traffic = Traffic { latency, data_first: self.rng.chance(0.2), ..self.traffic };
        self.bench.bus_mut(self.bus).behave(self.traffic);
        self.bench.bus_mut(self.bus).faults.clear();
        match self.rng.below(10) {
            0..=3 => {
                let commands: Vec<_> = (0..1 + self.rng.below(4)).map(|_| self.draw()).collect();
                self.run(&commands, None)
            }
            4..=5 => {
                let command = self.draw();
                self.fail_somewhere(&command);
                self.run(&[command], None)
            }
            6..=7 => {
                let command = self.draw();
                let beats = u64::from(self.port.beats(command.bytes));
                let latest = *self.rng.pick(&[4, 2 * beats + latency + 8]);
                let longest = *self.rng.pick(&[1, 60]);
                let abort = (self.rng.below(latest), 1 + self.rng.below(longest));
                self.run(&[command], Some(abort))
            }
            8 => self.wait_for_the_end_of_an_abort(),
            _ => self.reset(),
        }?;
        if self.rng.chance(0.2) {
            self.set("clear_i", true)?;
            self.bench.step()?;
            self.set("clear_i", false)?;
            self.cleared = self.bytes();
            same(self.seed, "bytes read, just cleared", counter(&self.bench, "read_count_o")?, 0)?;
            same(self.seed, "bytes written, just cleared", counter(&self.bench, "written_count_o")?, 0)?;
        }
        Ok(())
    }

    /// A command of a length and at a place that matter.
    fn draw(&mut self) -> Command {
        let (axi, rng) = (self.axi, &mut self.rng);
        let size = u64::from(axi.data_bits / 8);
        let burst = u64::from(axi.burst_beats) * size;
        let bytes = match rng.below(8) {
            0 => *rng.pick(&[0, 1, size - 1, size, size + 1]),
            1 => burst,
            2 => burst + rng.below(2 * size) + 1 - size,
            3 => (4 * burst).min(PAGE) + rng.below(3 * size),
            4 => rng.below((20 * burst).min(3 * PAGE)) + 1,
            _ => rng.below(24 * size) + 1,
        };
        let top = u64::MAX >> (64 - axi.address_bits);
        // Near the bottom, and where an address of 32 bits ends.
        let page = match axi.address_bits > 32 && rng.chance(0.2) {
            true => (1 << 32) - rng.below(3) * PAGE,
            false => (1 + rng.below(64)) * PAGE,
        };
        let address = match rng.below(8) {
            0 | 1 => page,
            2 | 3 => page - (rng.below(12) + 1) * size,
            4 => top - (bytes.next_multiple_of(size).max(size) - 1),
            _ => page + rng.below(PAGE / size) * size,
        };
        let address = match rng.below(24) {
            0 => address + 1 + rng.below(size - 1),
            1 => top - (size - 1) * (1 + rng.below(2)),
            _ => address,
        };
        Command { write: rng.chance(0.5), address, bytes: bytes as u32 }
    }

    /// Lets the memory fail at one or two of a command's beats.
    fn fail_somewhere(&mut self, command: &Command) {
        let size = u64::from(self.port.beat_bytes());
        for _ in 0..1 + self.rng.below(2) {
            let beat = self.rng.below(u64::from(self.port.beats(command.bytes)).max(1));
            let address = command.address.saturating_add(beat * size);
            let response = *self.rng.pick(&[2, 3]);
            self.bench.bus_mut(self.bus).faults.push((address..=address.saturating_add(size - 1), response));
        }
    }

    /// What becomes of a command as memory is now.
    fn golden(&self, command: &Command) -> Done {
        let bus = self.bench.bus(self.bus);
        let of_beat = |address| answer(bus.response(address));
        let of_burst = |burst: &Burst| answer(bus.response_to_write(burst.address, burst.beats));
        self.port.run(command, of_beat, of_burst)
    }

    /// Queues commands, and what those that write take.
    fn send(&mut self, commands: &[Command]) -> Result<Vec<Bits>> {
        let bus = self.bench.bus(self.bus);
        self.before = Before {
            read: self.bench.collected(self.read).len(),
            done: self.bench.collected(self.done).len(),
            begun: bus.begun.len(),
            commands: self.bench.sent(self.command),
            written: self.bench.sent(self.write),
            bytes: self.bytes(),
        };
        let width = 8 * self.port.beat_bytes();
        let address_bits = self.axi.address_bits;
        let mut items = Vec::new();
        for command in commands {
            let Command { write, address, bytes } = *command;
            let item = [write.into(), Bits::new(address_bits, address), Bits::new(32, bytes.into())];
            self.bench.send(self.command, &item)?;
            if write && self.port.bursts(command).is_some() {
                for _ in 0..self.port.beats(bytes) {
                    let mut words = vec![0; width.div_ceil(32) as usize];
                    self.rng.fill(&mut words, width);
                    items.push(Bits::from_words(width, &words));
                    self.bench.send(self.write, &items[items.len() - 1..])?;
                }
            }
        }
        Ok(items)
    }

    /// Commands from their beginning to their end, and all that is to be seen of them.
    fn run(&mut self, commands: &[Command], abort: Option<Abort>) -> Result<()> {
        let items = self.send(commands)?;
        self.follow(commands, &items, abort)
    }

    /// The same, of commands that are on their way.
    fn follow(&mut self, commands: &[Command], items: &[Bits], abort: Option<Abort>) -> Result<()> {
        let golden: Vec<_> = commands.iter().map(|command| self.golden(command)).collect();
        let [mut sent_at, mut done_at] = [0; 2];
        // Whether an abort met a command, and the bursts that were begun when it had been seen.
        let (mut aborted, mut limit) = (false, usize::MAX);
        let start = self.bench.model().cycle();
        for step in 0.. {
            let high = abort.is_some_and(|(from, cycles)| (from..from + cycles).contains(&step));
            self.set("abort_i", high)?;
            let cycle = self.bench.model().cycle();
            let (sent, done) = (self.bench.sent(self.command), self.bench.collected(self.done).len());
            self.bench.step()?;
            if self.bench.sent(self.command) > sent {
                sent_at = cycle;
            }
            if self.bench.collected(self.done).len() > done {
                done_at = cycle;
            }
            let taken = self.bench.sent(self.command) - self.before.commands == commands.len() as u64;
            let ended = self.bench.collected(self.done).len() - self.before.done == commands.len();
            let begun = self.bench.bus(self.bus).begun.len();
            if let Some((from, _)) = abort {
                aborted |= step == from && taken && !ended;
                limit = if aborted && step == from + 1 { begun } else { limit };
            }
            if begun > limit {
                return Err(self.fail("a burst is begun after an abort"));
            }
            if ended && !high {
                break;
            }
            if self.bench.model().cycle() - start > PATIENCE {
                let (cycles, waiting) = (PATIENCE, format!("{commands:x?} are not done"));
                let cycle = self.bench.model().cycle();
                return Err(alberti_harness::Error::NoProgress { cycles, cycle, waiting }.into());
            }
        }
        same(self.seed, "busy", counter(&self.bench, "busy_o")?, 0)?;
        let is_timed = self.stalls == (Stall::None, Stall::None) && !self.traffic.data_first;
        if let ([command], None, true) = (commands, abort, is_timed) {
            let bursts = self.port.bursts(command).filter(|_| golden[0].response == Response::Okay);
            if let Some(bursts) = bursts {
                let cycles = self.port.cycles(command.write, &bursts, self.traffic.latency);
                let what = format!("cycles of {command:x?} with a latency of {}", self.traffic.latency);
                same(self.seed, &what, done_at - sent_at, cycles)?;
            }
        }
        self.compare(commands, &golden, items, aborted)
    }

    /// What was seen against what must be.
    fn compare(&mut self, commands: &[Command], golden: &[Done], items: &[Bits], aborted: bool) -> Result<()> {
        let bus = self.bench.bus(self.bus);
        let mut read = self.bench.collected(self.read)[self.before.read..].iter();
        let done = &self.bench.collected(self.done)[self.before.done..];
        let mut begun = bus.begun[self.before.begun..].iter().copied().peekable();
        let sent = (self.bench.sent(self.write) - self.before.written) as u32;
        let mut left = sent;
        let mut items = items.iter();
        let mut moved = [0; 2];
        let is_whole = !aborted && golden.iter().all(|golden| golden.response <= Response::Refused);
        for ((command, golden), done) in commands.iter().zip(golden).zip(done) {
            let response = golden.response;
            if done[0].low() != response as u64 {
                return Err(self.fail(&format!("{command:x?} ends with {:?}, not {response:?}", done[0])));
            }
            let address = golden.address.filter(|_| response != Response::Okay);
            if address.is_some_and(|address| done[1].low() != address) {
                return Err(self.fail(&format!("{command:x?} failed at {}, not {address:x?}", done[1])));
            }
            let bursts = self.port.bursts(command).unwrap_or_default();
            let mut beats = 0;
            for burst in &bursts {
                let expected = Begun { write: command.write, address: burst.address, beats: burst.beats };
                let Some(found) = begun.next_if(|_| true) else { break };
                if found != expected {
                    return Err(self.fail(&format!("{command:x?} begins {found:x?}, not {expected:x?}")));
                }
                let fails = bus.response_to_write(burst.address, burst.beats) != 0;
                for beat in 0..burst.beats {
                    let address = burst.address + u64::from(beat * self.port.beat_bytes());
                    let strobes = self.port.strobes(command.bytes, beats);
                    beats += 1;
                    if !command.write || left == 0 {
                        continue;
                    }
                    left -= 1;
                    let item = items.next().expect("no more are sent than there are");
                    moved[1] += u64::from(strobes.count_ones());
                    for byte in (0..self.port.beat_bytes()).filter(|byte| !fails && strobes >> byte & 1 == 1) {
                        let value = item.element(byte as usize, 8) as u8;
                        self.expected.set(address + u64::from(byte), value);
                    }
                }
            }
            let all: u32 = bursts.iter().map(|burst| burst.beats).sum();
            if is_whole && beats != all {
                return Err(self.fail(&format!("{command:x?} begins bursts of {beats} beats")));
            }
            if command.write {
                continue;
            }
            let limit = if aborted { all } else { golden.read_beats };
            for beat in 0..limit {
                let Some(item) = read.next() else {
                    let message = format!("{command:x?} gives {beat} beats, not {limit}");
                    if aborted { break } else { return Err(self.fail(&message)) }
                };
                let address = command.address + u64::from(beat * self.port.beat_bytes());
                let data = Bits::pack(8, self.expected.read(address, self.port.beat_bytes() as usize));
                if item[0] != data || item[1].low() != u64::from(beat + 1 == all) {
                    return Err(self.fail(&format!("beat {beat} of {command:x?} is {item:?}, not {data}")));
                }
                self.compared += 1;
            }
            moved[0] += u64::from(beats * self.port.beat_bytes());
        }
        if read.next().is_some() || begun.next().is_some() {
            return Err(self.fail(&format!("{commands:x?} move more than they say")));
        }
        self.compared += done.len() as u64 + u64::from(sent);
        self.check_memory(&format!("{commands:x?}"))?;
        let bytes = self.bytes();
        let now = [0, 1].map(|way| bytes[way] - self.before.bytes[way]);
        same(self.seed, "bytes strobed", now[1], moved[1])?;
        same(self.seed, "bytes read", now[0], moved[0])?;
        self.check_counts()?;
        self.note(commands, golden, aborted);
        self.bench.withdraw(self.write);
        Ok(())
    }

    fn check_memory(&self, what: &str) -> Result<()> {
        let bytes = &self.bench.bus(self.bus).bytes;
        if *bytes == self.expected {
            return Ok(());
        }
        let at = bytes.difference(&self.expected);
        Err(self.fail(&format!("memory differs at {at:x?} after {what}")))
    }

    fn check_counts(&self) -> Result<()> {
        let bytes = self.bytes();
        same(self.seed, "read_count", counter(&self.bench, "read_count_o")?, bytes[0] - self.cleared[0])?;
        same(self.seed, "written_count", counter(&self.bench, "written_count_o")?, bytes[1] - self.cleared[1])
    }

    /// Bytes that were read from memory, and that were written to it.
    fn bytes(&self) -> [u64; 2] {
        let bus = self.bench.bus(self.bus);
        [bus.read_beats * u64::from(self.port.beat_bytes()), bus.strobed_bytes]
    }

    /// No command is taken while an abort lasts; the one that waits is then done like any other.
    fn wait_for_the_end_of_an_abort(&mut self) -> Result<()> {
        self.set("abort_i", true)?;
        self.bench.step()?;
        let command = self.draw();
        let items = self.send(&[command])?;
        for _ in 0..1 + self.rng.below(20) {
            self.bench.step()?;
            if self.bench.sent(self.command) > self.before.commands || counter(&self.bench, "busy_o")? == 1 {
                return Err(self.fail("a command is taken while an abort lasts"));
            }
        }
        self.follow(&[command], &items, None)
    }

    /// A reset in the middle of a command: nothing of it is left but what was written.
    fn reset(&mut self) -> Result<()> {
        let command = self.draw();
        self.send(&[command])?;
        for _ in 0..self.rng.below(2 * u64::from(self.port.beats(command.bytes)) + 8) {
            self.bench.step()?;
        }
        let cycles = 1 + self.rng.below(3) as u32;
        self.bench.reset(cycles)?;
        self.expected = self.bench.bus(self.bus).bytes.clone();
        self.cleared = self.bytes();
        self.check_counts()?;
        self.met.insert("a reset");
        Ok(())
    }

    /// What commands have met.
    fn note(&mut self, commands: &[Command], golden: &[Done], aborted: bool) {
        let axi = self.axi;
        let mut met = |what: &'static str, is: bool| is.then(|| self.met.insert(what));
        let bus = self.bench.bus(self.bus);
        met("all bursts open", bus.most_open == open_bursts(axi) as usize);
        let mut left = bus.begun.len() - self.before.begun;
        for (command, golden) in commands.iter().zip(golden) {
            let bursts = self.port.bursts(command).unwrap_or_default();
            let end = u128::from(command.address) + u128::from(command.bytes);
            met("nothing to move", command.bytes == 0);
            met("refused", golden.response == Response::Refused);
            met("a burst of one beat", bursts.iter().any(|burst| burst.beats == 1));
            met("the longest burst", bursts.iter().any(|burst| burst.beats == axi.burst_beats));
            let at_boundary = |burst: &Burst| burst.address.is_multiple_of(PAGE) && burst.address > command.address;
            met("a boundary", bursts.iter().any(at_boundary));
            met("the highest address", command.bytes > 0 && end == 1 << axi.address_bits);
            met("a partial beat", command.write && !command.bytes.is_multiple_of(self.port.beat_bytes()));
            let behind = golden.address.is_some_and(|address| address != command.address);
            met("SLVERR in a burst after the first", golden.response == Response::SlaveError && behind);
            met("DECERR", golden.response == Response::DecodeError);
            met("a write that failed", command.write && golden.response > Response::Refused);
            met("an abort that cut short", aborted && left < bursts.len());
            left = left.saturating_sub(bursts.len());
        }
    }

    fn set(&mut self, port: &str, value: bool) -> Result<()> {
        let model = self.bench.model_mut();
        let port = model.input(port)?;
        model.set(port, value.into());
        Ok(())
    }

    fn fail(&self, what: &str) -> Error {
        {
            let error = Box::new(Error::differs("dma", format!("cycle {}: {what}", self.bench.model().cycle())));
            Error::Run { name: "dma".into(), seed: self.seed, error }
        }
    }
}

/// A response on the bus.
fn answer(response: u8) -> Response {
    match response {
        2 => Response::SlaveError,
        3 => Response::DecodeError,
        _ => Response::Okay,
    }
}

//! A memory as AXI4 slave without identifiers: everything in order.

use super::bytes::Bytes;
use super::channel::{AcceptedChannel, OfferedChannel, Shown};
use crate::bits::Bits;
use crate::error::{Error, Result};
use crate::model::{Model, Port};
use crate::stall::Stall;
use alberti_random::Rng;
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// Signals of an address channel, and where they stand among its fields.
const ADDRESS: [&str; 6] = ["addr", "len", "size", "burst", "cache", "prot"];
/// Bytes between the boundaries that no burst may cross.
const PAGE: u64 = 4096;

/// How the memory behaves.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Pauses of the channels that it takes from: addresses and data of writes.
    pub taken: Stall,
    /// Pauses of those on which it answers.
    pub given: Stall,
    /// Cycles from an address to its first beat, from the last beat of a write to its response; at least 1.
    pub latency: u64,
    /// Takes the address of a write only after its first beat: a master may not wait for the address to be
    /// taken.
    pub data_first: bool,
}

/// What the master promises beyond the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Beats of its longest burst.
    pub burst_beats: u32,
    /// Bursts that are open at once.
    pub open_bursts: u32,
}

/// A burst that the master began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// To memory, else from it.
    pub write: bool,
    /// Of its first beat.
    pub address: u64,
    /// How many beats.
    pub beats: u32,
}

/// A burst that is under way.
struct Open {
    begun: Begun,
    /// Its address was taken, in that cycle.
    taken: Option<u64>,
    /// Beats that have moved.
    moved: u32,
    /// A write's response is due, in that cycle.
    due: Option<u64>,
}

/// A memory at the ports `<name>_aw…`, `_w…`, `_b…`, `_ar…` and `_r…` of the design.
pub struct Axi {
    /// What it holds.
    pub bytes: Bytes,
    /// Addresses at which it fails, with the response: 2 or 3. A burst that fails writes nothing.
    pub faults: Vec<(RangeInclusive<u64>, u8)>,
    /// Breaks the protocol: the last beat of a burst that is read is not announced, and every other is.
    pub wrong_last: bool,
    /// Every burst in the order in which it was begun.
    pub begun: Vec<Begun>,
    /// Beats read.
    pub read_beats: u64,
    /// Bytes whose strobe came with a beat.
    pub strobed_bytes: u64,
    /// Most bursts that were open at once.
    pub most_open: usize,
    traffic: Traffic,
    rules: Rules,
    aw: AcceptedChannel,
    w: AcceptedChannel,
    b: OfferedChannel,
    ar: AcceptedChannel,
    r: OfferedChannel,
    address_bits: u32,
    beat_bytes: u32,
    writes: VecDeque<Open>,
    reads: VecDeque<Open>,
    /// Outputs, and what they showed before all inputs changed within a cycle.
    outputs: Vec<(String, Port, Bits)>,
    inputs: [Port; 5],
}

impl Axi {
    pub(crate) fn new(model: &Model, name: &str, bytes: Bytes, rules: Rules, traffic: Traffic) -> Result<Self> {
        let channel = |suffix: &str| format!("{name}_{suffix}");
        let aw = AcceptedChannel::new(model, &channel("aw"), &ADDRESS, traffic.taken)?;
        let w = AcceptedChannel::new(model, &channel("w"), &["data", "strb", "last"], traffic.taken)?;
        let b = OfferedChannel::new(model, &channel("b"), &["resp"], traffic.given)?;
        let ar = AcceptedChannel::new(model, &channel("ar"), &ADDRESS, traffic.taken)?;
        let r = OfferedChannel::new(model, &channel("r"), &["data", "resp", "last"], traffic.given)?;
        let outputs = aw.outputs().chain(w.outputs()).chain(ar.outputs()).chain([b.output(), r.output()]);
        let outputs = outputs.map(|(name, port)| (name, port, Bits::zero(model.width(port)))).collect();
        Ok(Axi {
            bytes,
            faults: Vec::new(),
            wrong_last: false,
            begun: Vec::new(),
            read_beats: 0,
            strobed_bytes: 0,
            most_open: 0,
            traffic,
            rules,
            inputs: [aw.ready(), w.ready(), b.valid(), ar.ready(), r.valid()],
            address_bits: model.width(model.output(&channel("awaddr"))?),
            beat_bytes: model.width(model.output(&channel("wstrb"))?),
            aw,
            w,
            b,
            ar,
            r,
            writes: VecDeque::new(),
            reads: VecDeque::new(),
            outputs,
        })
    }

    /// Behaves otherwise from now on.
    pub fn behave(&mut self, traffic: Traffic) {
        self.traffic = traffic;
        [&mut self.aw, &mut self.w, &mut self.ar].into_iter().for_each(|channel| channel.set_stall(traffic.taken));
        [&mut self.b, &mut self.r].into_iter().for_each(|channel| channel.set_stall(traffic.given));
    }

    /// What it says of a beat.
    pub fn response(&self, address: u64) -> u8 {
        let last = address + u64::from(self.beat_bytes - 1);
        let fault = self.faults.iter().find(|(range, _)| *range.start() <= last && address <= *range.end());
        fault.map_or(0, |(_, response)| *response)
    }

    /// What it says of a burst that is written: what it says of the first of its beats that fails.
    pub fn response_to_write(&self, address: u64, beats: u32) -> u8 {
        let beats = (0..beats).map(|beat| self.response(address + u64::from(beat * self.beat_bytes)));
        beats.into_iter().find(|&response| response != 0).unwrap_or(0)
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.writes.is_empty() && self.reads.is_empty()
    }

    /// Forgets what is under way, as at a reset; what was written stays.
    pub(crate) fn forget(&mut self) {
        (self.writes, self.reads) = (VecDeque::new(), VecDeque::new());
        [&mut self.aw, &mut self.w, &mut self.ar].into_iter().for_each(AcceptedChannel::forget);
        [&mut self.b, &mut self.r].into_iter().for_each(OfferedChannel::forget);
    }

    pub(crate) fn check_reset(&self, model: &Model) -> Result<()> {
        [&self.aw, &self.w, &self.ar].into_iter().try_for_each(|channel| channel.check_reset(model))
    }

    pub(crate) fn drive(&mut self, model: &mut Model, rng: &mut Rng) {
        let now = model.cycle();
        let may_take = !self.traffic.data_first || self.writes.back().is_some_and(|open| open.moved > 0);
        self.aw.drive(model, rng, may_take);
        self.w.drive(model, rng, true);
        self.ar.drive(model, rng, true);
        let answer = self.writes.front().filter(|open| open.due.is_some_and(|due| due <= now));
        let answer = answer.map(|open| self.response_to_write(open.begun.address, open.begun.beats));
        self.b.drive(model, rng, |_| Some(vec![Bits::new(2, answer?.into())]));
        let beat =
            self.reads.front().filter(|open| open.taken.is_some_and(|taken| taken + self.traffic.latency <= now));
        let beat = beat.map(|open| {
            let address = open.begun.address + u64::from(open.moved * self.beat_bytes);
            (address, self.response(address), (open.moved + 1 == open.begun.beats) != self.wrong_last)
        });
        let (bytes, size) = (&self.bytes, self.beat_bytes);
        self.r.drive(model, rng, |rng| {
            let (address, response, last) = beat?;
            let data = match response {
                0 => Bits::pack(8, bytes.read(address, size as usize)),
                _ => Bits::random(8 * size, rng),
            };
            Some(vec![data, Bits::new(2, response.into()), last.into()])
        });
    }

    /// Inverts all inputs within a cycle, remembering the outputs. [`Axi::restore`] follows.
    pub(crate) fn invert(&mut self, model: &mut Model) {
        for (_, port, shown) in &mut self.outputs {
            *shown = model.bits(*port);
        }
        self.toggle(model);
    }

    /// Takes the inversion back, and checks that no output followed it.
    pub(crate) fn restore(&mut self, model: &mut Model) -> Result<()> {
        if let Some((name, ..)) = self.outputs.iter().find(|(_, port, shown)| model.bits(*port) != *shown) {
            let what = "follows an input within the cycle; all outputs come from registers".to_owned();
            return Err(Error::Protocol { stream: name.clone(), cycle: model.cycle(), what });
        }
        self.toggle(model);
        Ok(())
    }

    fn toggle(&self, model: &mut Model) {
        for port in self.inputs {
            model.set(port, 1 - model.get(port));
        }
    }

    /// Whether anything moved.
    pub(crate) fn sample(&mut self, model: &Model) -> Result<bool> {
        let now = model.cycle();
        let mut moved = false;
        if let Some(shown) = self.aw.sample(model)? {
            moved |= self.address(model, true, &shown)?;
        }
        if let Some(shown) = self.w.sample(model)? {
            moved |= self.data(model, &shown)?;
        }
        for open in &mut self.writes {
            if open.taken.is_some() && open.moved == open.begun.beats {
                open.due.get_or_insert(now + self.traffic.latency);
            }
        }
        if let Some(shown) = self.ar.sample(model)? {
            moved |= self.address(model, false, &shown)?;
        }
        if self.b.sample(model) {
            self.writes.pop_front();
            moved = true;
        }
        if self.r.sample(model) {
            self.read_beats += 1;
            moved = true;
            let open = self.reads.front_mut().expect("a beat is of a burst");
            open.moved += 1;
            if open.moved == open.begun.beats {
                self.reads.pop_front();
            }
        }
        Ok(moved)
    }

    /// A burst begins when its address is shown, and is under way.
    fn address(&mut self, model: &Model, write: bool, shown: &Shown) -> Result<bool> {
        if shown.is_new {
            let [address, len, ..] = [0, 1, 2, 3, 4, 5].map(|at| shown.fields[at].low());
            let begun = Begun { write, address, beats: len as u32 + 1 };
            if let Some(what) = self.breach(&begun, &shown.fields) {
                return Err(if write { &self.aw } else { &self.ar }.protocol(model, what));
            }
            self.begun.push(begun);
            let list = if write { &mut self.writes } else { &mut self.reads };
            list.push_back(Open { begun, taken: None, moved: 0, due: None });
            self.most_open = self.most_open.max(list.len());
            if list.len() > self.rules.open_bursts as usize {
                let what = format!("{} bursts are open, {} at most", list.len(), self.rules.open_bursts);
                return Err(if write { &self.aw } else { &self.ar }.protocol(model, what));
            }
        }
        if shown.moved {
            let list = if write { &mut self.writes } else { &mut self.reads };
            list.back_mut().expect("it was shown").taken = Some(model.cycle());
        }
        Ok(shown.moved)
    }

    /// What is wrong with a burst.
    fn breach(&self, begun: &Begun, fields: &[Bits]) -> Option<String> {
        let size = u64::from(self.beat_bytes);
        let bytes = u64::from(begun.beats) * size;
        let fixed = [(2, self.beat_bytes.trailing_zeros()), (3, 1), (4, 3), (5, 0)];
        let other = fixed.into_iter().find(|&(at, value)| fields[at].low() != u64::from(value));
        let address = begun.address;
        if let Some((at, value)) = other {
            return Some(format!("{} is {}, not {value}", ADDRESS[at], fields[at]));
        }
        if !address.is_multiple_of(size) {
            return Some(format!("address {address:#x} is not aligned to {size}"));
        }
        if begun.beats > self.rules.burst_beats {
            return Some(format!("a burst of {} beats, {} at most", begun.beats, self.rules.burst_beats));
        }
        if address % PAGE + bytes > PAGE {
            return Some(format!("{} beats from {address:#x} cross a boundary of 4 KB", begun.beats));
        }
        let end = u128::from(address) + u128::from(bytes);
        (end > 1 << self.address_bits).then(|| format!("{bytes} bytes from {address:#x} leave the address space"))
    }

    /// A beat of a write belongs to the first burst, of those whose address was shown, that lacks one.
    fn data(&mut self, model: &Model, shown: &Shown) -> Result<bool> {
        let Some(open) = self.writes.iter_mut().find(|open| open.moved < open.begun.beats) else {
            return Err(self.w.protocol(model, "a beat comes before the address of its burst is offered".into()));
        };
        let begun = open.begun;
        let [data, strobes, last] = &shown.fields[..] else { unreachable!("three fields") };
        let ends = open.moved + 1 == begun.beats;
        if (last.low() == 1) != ends {
            let what = format!("last is {last} at beat {} of {}", open.moved, begun.beats);
            return Err(self.w.protocol(model, what));
        }
        if !shown.moved {
            return Ok(false);
        }
        let address = begun.address + u64::from(open.moved * self.beat_bytes);
        open.moved += 1;
        let writes = self.response_to_write(begun.address, begun.beats) == 0;
        for byte in (0..self.beat_bytes as usize).filter(|&byte| strobes.bit(byte)) {
            self.strobed_bytes += 1;
            if writes {
                self.bytes.set(address + byte as u64, data.element(byte, 8) as u8);
            }
        }
        Ok(true)
    }

    /// What the memory waits for.
    pub(crate) fn waiting(&self) -> Option<String> {
        let (writes, reads) = (self.writes.len(), self.reads.len());
        let held = [&self.aw, &self.w, &self.ar].into_iter().find_map(AcceptedChannel::waits);
        let held = held.map_or_else(String::new, |name| format!(", {name} is held back"));
        (writes + reads > 0).then(|| format!("{writes} writes and {reads} reads are open on the bus{held}"))
    }
}

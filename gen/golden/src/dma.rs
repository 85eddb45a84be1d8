//! `dma`: what a command moves between external memory and a stream, by which bursts, and what is said of it.
//!
//! A memory answers; what it says of each beat, of each burst when writing, is an argument here.

use crate::{Error, Result};

/// Bytes between the boundaries that no burst crosses.
pub const PAGE: u64 = 4096;

/// The port, and how many bursts it has open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    address_bits: u32,
    data_bits: u32,
    burst_beats: u32,
    open_bursts: u32,
}

/// What to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// To memory, else from it.
    pub write: bool,
    /// Of the first byte.
    pub address: u64,
    /// How many.
    pub bytes: u32,
}

/// Beats at consecutive addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Of the first beat.
    pub address: u64,
    /// How many.
    pub beats: u32,
}

/// How a command or a beat ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Response {
    /// Done.
    #[default]
    Okay,
    /// Of a command: its address is not aligned, or its last byte lies above the highest address.
    Refused,
    /// The memory could not.
    SlaveError,
    /// There is nothing at that address.
    DecodeError,
}

/// What is said of a command when it ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The response of the first burst that failed.
    pub response: Response,
    /// Where that burst began, or the command that was refused; nothing when all is well.
    pub address: Option<u64>,
    /// Beats that a reader gets; of all of them the last carries `last`.
    pub read_beats: u32,
}

impl Port {
    /// A port of so many bits, its longest burst, and how many are open at once.
    ///
    /// # Errors
    /// For a port that cannot be built.
    pub fn new(address_bits: u32, data_bits: u32, burst_beats: u32, open_bursts: u32) -> Result<Self> {
        let valid = (32..=64).contains(&address_bits)
            && [32, 64, 128].contains(&data_bits)
            && (1..=256).contains(&burst_beats)
            && open_bursts > 0;
        let port = Self { address_bits, data_bits, burst_beats, open_bursts };
        if valid { Ok(port) } else { Err(Error::new(format!("there is no such port: {port:?}"))) }
    }

    /// Bytes of a beat.
    #[must_use]
    pub fn beat_bytes(&self) -> u32 {
        self.data_bits / 8
    }

    /// Beats of so many bytes.
    #[must_use]
    pub fn beats(&self, bytes: u32) -> u32 {
        bytes.div_ceil(self.beat_bytes())
    }

    /// The strobes of a beat of a command: the lowest bytes of its last may be all there is.
    #[must_use]
    pub fn strobes(&self, bytes: u32, beat: u32) -> u16 {
        let left = bytes.saturating_sub(beat * self.beat_bytes()).min(self.beat_bytes());
        ((1u32 << left) - 1) as u16
    }

    /// The bursts of a command; `None` where it is refused.
    #[must_use]
    pub fn bursts(&self, command: &Command) -> Option<Vec<Burst>> {
        let size = u64::from(self.beat_bytes());
        let end = u128::from(command.address) + u128::from(command.bytes);
        if !command.address.is_multiple_of(size) || end > 1 << self.address_bits {
            return None;
        }
        let (mut address, mut left) = (command.address, self.beats(command.bytes));
        let mut bursts = Vec::new();
        while left > 0 {
            let to_boundary = (PAGE - address % PAGE) / size;
            let beats = left.min(self.burst_beats).min(to_boundary as u32);
            bursts.push(Burst { address, beats });
            // After the last burst of all there may be no address.
            address = address.wrapping_add(u64::from(beats) * size);
            left -= beats;
        }
        Some(bursts)
    }

    /// What becomes of a command, given what the memory says of the beat at an address when it is read, and
    /// of a burst when it is written.
    pub fn run(
        &self,
        command: &Command,
        of_beat: impl Fn(u64) -> Response,
        of_burst: impl Fn(&Burst) -> Response,
    ) -> Done {
        let Some(bursts) = self.bursts(command) else {
            return Done { response: Response::Refused, address: Some(command.address), read_beats: 0 };
        };
        let mut read_beats = 0;
        for burst in &bursts {
            let fail = |response, read_beats| Done { response, address: Some(burst.address), read_beats };
            if command.write {
                let response = of_burst(burst);
                if response > Response::Refused {
                    return fail(response, 0);
                }
                continue;
            }
            for beat in 0..burst.beats {
                let response = of_beat(burst.address + u64::from(beat * self.beat_bytes()));
                if response > Response::Refused {
                    return fail(response, read_beats);
                }
                read_beats += 1;
            }
        }
        Done { response: Response::Okay, address: None, read_beats }
    }

    /// Cycles from a command's transfer to that of its `done`, when nothing waits and the memory answers an
    /// address with its first beat, the last beat of a write with its response, `latency` cycles later.
    #[must_use]
    pub fn cycles(&self, write: bool, bursts: &[Burst], latency: u64) -> u64 {
        // Cycles of a burst's address, of its last beat at the stream's side, of its end on the port.
        let (mut address, mut data, mut ends) = (2, 0, Vec::with_capacity(bursts.len()));
        for (k, burst) in bursts.iter().enumerate() {
            let freed = k.checked_sub(self.open_bursts as usize).map_or(0, |k| ends[k] + 2);
            address = freed.max(address + 1);
            let first = if write { address } else { address + latency };
            data = first.max(data + 1) + u64::from(burst.beats) - 1;
            ends.push(if write { data + 1 + latency } else { data });
        }
        // The last item of a read passes the buffer first.
        ends.last().map_or(3, |end| end + if write { 2 } else { 3 })
    }
}

//! `sram` against its golden: every word, and reads of the word that is being written.

use super::{Lockstep, Outcome, Subject, rram::MadeMemory};
use crate::Result;
use alberti_golden::sram::Sram;
use alberti_harness::{Bits, Seed};
use alberti_rtl::blocks::{Geometry, tiles};

/// Fills the memory, then reads and writes at random, the same word in one cycle now and then.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut bench = Lockstep::new(subject, &library, "sram", seed)?;
    let words = Geometry::new(subject.design).rows as usize;
    let (width, address_w) = (subject.width("write_data_i"), subject.width("read_address_i"));
    let mut golden = Sram::new(words, Bits::zero(width));
    let mut shown: Option<Bits> = None;
    for cycle in 0..words + 4000 {
        let filling = cycle < words;
        let address = |bench: &mut Lockstep| bench.rng().below(words as u64) as usize;
        let write = filling || bench.rng().chance(0.6);
        let write_address = if filling { cycle } else { address(&mut bench) };
        let read = !filling && bench.rng().chance(0.6);
        let read_address = if bench.rng().chance(0.3) { write_address } else { address(&mut bench) };
        let mut data = vec![0; width.div_ceil(32) as usize];
        bench.rng().fill(&mut data, width);
        let data = Bits::from_words(width, &data);

        bench.drive(0, "write_enable_i", write.into())?;
        bench.drive(0, "write_address_i", Bits::new(address_w, write_address as u64))?;
        bench.drive(0, "write_data_i", data.clone())?;
        bench.drive(0, "read_enable_i", read.into())?;
        bench.drive(0, "read_address_i", Bits::new(address_w, read_address as u64))?;
        let answer = golden.cycle(read.then_some(read_address), write.then_some((write_address, data)))?;
        // Without a read the port keeps what it showed.
        shown = answer.or(shown);
        if let Some(shown) = &shown {
            bench.expect(1, "read_data_o", shown.clone())?;
        }
        bench.step()?;
    }
    bench.finish()
}

/// A memory made of macros: traffic at random, and each cycle what waits.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn tiled(subject: &Subject, made: &MadeMemory, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut bench = Lockstep::new(subject, &library, "sram.tiled", seed)?;
    let MadeMemory { technology, demand, choice } = made;
    let tiled = tiles::TiledMemory { technology, demand, selection: choice };
    let (words, width, address_w) = (demand.words as usize, demand.bits, subject.width("read_address_i"));
    let writes_wait = demand.writes_per_cycle == 0;
    let lanes = if subject.has("write_lanes_i") { subject.width("write_lanes_i") } else { 1 };
    let mut golden = Sram::new(words, None::<Bits>);
    // Reads that the macros may still be busy with, latest first.
    let mut recent = vec![false; tiled.stages() as usize - 1];
    for cycle in 0..words + 6000 {
        let filling = cycle < words;
        let rng = bench.rng();
        let write_address = if filling { cycle } else { rng.below(words as u64) as usize };
        let read_address = if rng.chance(0.3) { write_address } else { rng.below(words as u64) as usize };
        let (write, read) = (filling || rng.chance(0.6), !filling && rng.chance(0.5));
        let lane = if filling { (1 << lanes) - 1 } else { rng.bits(lanes) };
        let data = Bits::random(width, rng);
        let write_takes = match writes_wait {
            true => !(recent.contains(&true) || read && (tiled.shared() || !recent.is_empty())),
            false => true,
        };
        let read_takes = writes_wait || !(write && tiled.shared());

        let (write_port, read_port) = match writes_wait {
            true => ("write_valid_i", "read_enable_i"),
            false => ("write_enable_i", "read_valid_i"),
        };
        bench.drive(0, write_port, write.into())?;
        bench.drive(0, "write_address_i", Bits::new(address_w, write_address as u64))?;
        bench.drive(0, "write_data_i", data.clone())?;
        if subject.has("write_lanes_i") {
            bench.drive(0, "write_lanes_i", Bits::new(lanes, lane))?;
        }
        bench.drive(0, read_port, read.into())?;
        bench.drive(0, "read_address_i", Bits::new(address_w, read_address as u64))?;
        match writes_wait {
            true => bench.expect(0, "write_ready_o", write_takes.into())?,
            false => bench.expect(0, "read_ready_o", read_takes.into())?,
        }
        let old = golden.words()[write_address].clone();
        let word = if subject.has("write_lanes_i") { merged(old, &data, lane, lanes) } else { Some(data) };
        let (read, write) = (read && read_takes, write && write_takes);
        let answer = golden.cycle(read.then_some(read_address), write.then_some((write_address, word)))?;
        if let Some(word) = answer.flatten() {
            bench.expect(demand.latency_cycles, "read_data_o", word)?;
        }
        let kept = recent.len();
        recent.rotate_right(1.min(kept));
        if let Some(latest) = recent.first_mut() {
            *latest = read;
        }
        bench.step()?;
    }
    bench.finish()
}

/// A word of which some lanes are written.
fn merged(old: Option<Bits>, data: &Bits, lane: u64, lanes: u32) -> Option<Bits> {
    let width = (data.width() / lanes) as usize;
    let mut word = if lane == (1 << lanes) - 1 { data.clone() } else { old? };
    // Lanes of any width: bit by bit.
    for bit in (0..data.width() as usize).filter(|bit| lane >> (bit / width) & 1 == 1) {
        word.set_element(bit, 1, data.element(bit, 1));
    }
    Some(word)
}

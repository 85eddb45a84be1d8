//! `rram` against its golden: reads and programmings at random, under resets, locks and wear.

use super::{Lockstep, Outcome, Subject};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_diagnostic::Location;
use alberti_golden::{
    Image,
    rram::{Inputs, Rram, RramConfig, Word},
};
use alberti_harness::{Bits, Rng, Seed};
use alberti_rtl::{
    blocks::rram::{BLOCK_WORDS, timing},
    design::MemoryKind,
    memory::{Demand, MacroSelection, Technology, choose, demands, fault_maps, images},
};
use std::path::Path;

/// A memory as it is made.
#[derive(Clone, Debug)]
pub struct MadeMemory {
    /// The technology of its macros.
    pub technology: Technology,
    /// What is asked of it.
    pub demand: Demand,
    /// Its macros.
    pub choice: MacroSelection,
}

impl MadeMemory {
    /// The best choice for a memory.
    ///
    /// # Errors
    /// When no macro serves.
    pub fn best(technology: Technology, demand: Demand) -> Result<Self> {
        let choice = choose(&technology, &demand, &Location::file("technology"));
        let choice = choice.map_err(|problem| Error::unfit("rram", problem.to_string()))?.remove(0);
        Ok(Self { technology, demand, choice })
    }

    /// The memory as its golden knows it.
    ///
    /// # Errors
    /// When the golden refuses it.
    pub fn golden(&self) -> Result<Rram> {
        let timing = timing(&self.technology, &self.demand, &self.choice);
        let storage = &self.demand.storage;
        Ok(Rram::new(RramConfig {
            words: self.demand.words as usize,
            width: self.demand.bits as usize,
            bits_per_cell: storage.bits_per_cell as usize,
            coding: configuration::coding(storage.coding),
            placing: configuration::placing(storage.placing),
            latency: timing.latency as usize,
            write_cycles: timing.write_cycles as usize,
            rounds: timing.rounds as usize,
            endurance: timing.endurance,
            block: BLOCK_WORDS as usize,
        })?)
    }

    /// Writes what the memory's macros load, image and fault map each by the stem of its files:
    /// `<stem>.<tile>.hex`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, image: (&Path, &[Word]), faults: (&Path, &[Vec<Word>])) -> Result<()> {
        let Self { technology, demand, choice } = self;
        files(image.0, &images(technology, demand, choice, image.1))?;
        files(faults.0, &fault_maps(technology, demand, choice, faults.1))
    }

    /// Writes the image of a memory's words, as its macros store them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_image(&self, stem: &Path, content: &Image) -> Result<()> {
        let Self { technology, demand, choice } = self;
        let stored = match demand.storage.kind {
            MemoryKind::Rram => words(&configuration::cells(demand)?.store(content)?),
            MemoryKind::Sram => words(content),
        };
        files(stem, &images(technology, demand, choice, &stored))
    }
}

/// Writes a file for each tile.
fn files(stem: &Path, texts: &[String]) -> Result<()> {
    for (tile, text) in texts.iter().enumerate() {
        let path = format!("{}.{tile}.hex", stem.display());
        std::fs::write(&path, text).map_err(|error| alberti_harness::Error::io("write", Path::new(&path), error))?;
    }
    Ok(())
}

/// The words of an image, bit by bit.
#[must_use]
pub fn words(image: &Image) -> Vec<Word> {
    let word = |word: usize| (0..image.width()).map(|bit| image.get(word, bit, 1) == 1).collect();
    (0..image.words()).map(word).collect()
}

/// The first memory of RRAM that the design has, of the macros that come along.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let all = demands(subject.design).into_iter();
    let demand = all.into_iter().find(|demand| demand.storage.kind == MemoryKind::Rram);
    let demand = demand.ok_or_else(|| Error::unfit("rram", "the design has none"))?;
    let technology = Technology::shipped().map_err(|problems| Error::unfit("rram", problems.to_string()))?;
    let made = MadeMemory::best(technology, demand)?;
    traffic(subject, &made, made.golden()?, seed)
}

/// A memory that starts from an image, of which cells read wrong.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run_faulty(subject: Subject<'_>, made: &MadeMemory, seed: Seed) -> Result<Outcome> {
    let folder = tempfile::tempdir()
        .map_err(|error| alberti_harness::Error::io("create", Path::new("a temporary folder"), error))?;
    let mut rng = seed.rng("rram.faults");
    let mut golden = made.golden()?;
    let (words, width, levels) = (made.demand.words, golden.stored_width(), 1 << made.demand.storage.bits_per_cell);
    let image: Vec<Word> = (0..words).map(|_| word(&mut rng, made.demand.bits as usize)).collect();
    let stored: Vec<Word> = image.iter().map(|word| golden.encode(word)).collect();
    let wrong = |rng: &mut Rng| (0..width).map(|_| rng.chance(0.02)).collect::<Word>();
    let map: Vec<Vec<Word>> = (0..words).map(|_| (0..levels).map(|_| wrong(&mut rng)).collect()).collect();
    let [image_stem, faults_stem] = ["image", "faults"].map(|name| folder.path().join(name));
    made.write((&image_stem, &stored), (&faults_stem, &map))?;
    golden.load(&image)?;
    golden.set_faults(map)?;
    let file = format!("alb_rram_{}.v", made.demand.memory);
    let subject = subject.mutate(&file, "IMAGE  = \"\"", &format!("IMAGE  = \"{}\"", image_stem.display()))?.mutate(
        &file,
        "FAULTS = \"\"",
        &format!("FAULTS = \"{}\"", faults_stem.display()),
    )?;
    traffic(&subject, made, golden, seed)
}

fn word(rng: &mut Rng, width: usize) -> Word {
    (0..width).map(|_| rng.chance(0.5)).collect()
}

fn bits(word: &[bool]) -> Bits {
    let mut words = vec![0; word.len().div_ceil(32)];
    word.iter().enumerate().for_each(|(i, &bit)| words[i / 32] |= u32::from(bit) << (i % 32));
    Bits::from_words(word.len() as u32, &words)
}

/// Random traffic on few words, so that they are met again: at the boundaries of tiles and of the memory, and
/// beyond it.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn traffic(subject: &Subject, made: &MadeMemory, mut golden: Rram, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut bench = Lockstep::new(subject, &library, "rram", seed)?;
    let (words, width, address_w) = (made.demand.words, made.demand.bits, subject.width("read_address_i"));
    let latency = made.demand.latency_cycles;
    let mut places: Vec<u64> = made.choice.tiles.iter().flat_map(|tile| [tile.words.0, tile.words.1]).collect();
    for _ in 0..12 {
        let near = bench.rng().below(words);
        places.extend([near, (near + 1).min(words - 1)]);
    }
    places.extend([words, (1 << address_w) - 1].into_iter().filter(|&place| place >= words && place < 1 << address_w));
    places.sort_unstable();
    places.dedup();
    let duration = golden.duration() as u64;
    let (mut offer, mut until_reset) = (None, duration * 5);
    for cycle in 0..places.len() as u64 * duration * 6 {
        let place = |rng: &mut Rng| places[rng.below(places.len() as u64) as usize] as usize;
        let rng = bench.rng();
        // First every word in turn, which one pass of wear takes.
        let first_pass = cycle < places.len() as u64 * duration;
        // At times nothing but reads, in more cycles than a word is programmed for: none of them programs.
        let only_reads = !first_pass && (cycle / (2 * duration)).is_multiple_of(4);
        if offer.is_none() && !only_reads && (first_pass || rng.chance(0.3)) {
            let in_turn = (cycle / duration) as usize;
            let address = if in_turn < places.len() { places[in_turn] as usize } else { place(rng) };
            offer = Some((address, word(rng, width as usize)));
        }
        let lock = !first_pass && rng.chance(0.1);
        // What is held as the reset comes is no read: macros may be busy with one of before.
        let read = (until_reset > 1 && (only_reads || rng.chance(0.7))).then(|| place(rng));
        let (address, data) = offer.clone().unwrap_or((0, vec![false; width as usize]));
        bench.drive(0, "lock_i", lock.into())?;
        bench.drive(0, "program_valid_i", offer.is_some().into())?;
        bench.drive(0, "program_address_i", Bits::new(address_w, address as u64))?;
        bench.drive(0, "program_data_i", bits(&data))?;
        bench.drive(0, "read_enable_i", read.is_some().into())?;
        bench.drive(0, "read_address_i", Bits::new(address_w, read.unwrap_or(0) as u64))?;
        let outputs = golden.cycle(Inputs { read, program: offer.clone(), lock })?;
        if !outputs.busy {
            offer = None;
        }
        bench.expect(0, "busy_o", outputs.busy.into())?;
        bench.expect(0, "program_ready_o", (!outputs.busy).into())?;
        bench.expect(0, "program_done_o", outputs.done.is_some().into())?;
        bench.expect(0, "program_error_o", Bits::new(3, outputs.done.map_or(0, |status| status as u64)))?;
        bench.expect(latency, "read_error_o", outputs.answer.as_ref().is_some_and(|answer| answer.error).into())?;
        if let Some(word) = outputs.answer.and_then(|answer| answer.word) {
            bench.expect(latency, "read_data_o", bits(&word))?;
        }
        bench.step()?;
        until_reset -= 1;
        if until_reset == 0 {
            bench.reset(latency)?;
            golden.reset();
            offer = None;
            until_reset = 1 + bench.rng().below(duration * 8);
        }
    }
    bench.finish()
}

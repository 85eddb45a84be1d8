//! `rram`: a memory of resistive cells at its ports, cycle by cycle: reads at the clock, words programmed
//! slowly, counted, and checked by reading them back.
//!
//! A word is programmed in two parts: first the bits of its levels that are to be set, then those to be
//! cleared. A reset in between leaves old, old or new, or new levels, and every other word as it was.

use crate::{
    Error, Result,
    cells::{Cells, Coding, Placing},
};

/// What a memory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RramConfig {
    /// Words.
    pub words: usize,
    /// Bits of a word.
    pub width: usize,
    /// Bits of a cell.
    pub bits_per_cell: usize,
    /// Which level stands for the bits of a cell.
    pub coding: Coding,
    /// Which bits of a word share one.
    pub placing: Placing,
    /// Cycles from a read to its word.
    pub latency: usize,
    /// Cycles that a word is programmed for.
    pub write_cycles: usize,
    /// Reads that check it.
    pub rounds: usize,
    /// How often a word can be programmed, if that is known.
    pub endurance: Option<u64>,
    /// Words that are counted together.
    pub block: usize,
}

/// Bits of a word, lowest first.
pub type Word = Vec<bool>;

/// How a programming ended, by its number at the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The word reads as it should.
    Well,
    /// The memory was locked.
    Locked,
    /// There is no such word.
    Outside,
    /// The block has been programmed as often as its cells live for.
    Worn,
    /// It reads otherwise.
    Differs,
}

/// What a read is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The word; `None` where nothing is known to be stored.
    pub word: Option<Word>,
    /// Whether the read came while a word was programmed, and gives zeros.
    pub error: bool,
}

/// What a memory is given in a cycle.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// An address to read.
    pub read: Option<usize>,
    /// A word to program, taken when the memory is ready.
    pub program: Option<(usize, Word)>,
    /// Whether it is locked.
    pub lock: bool,
}

/// What it shows in the same cycle, and the answer that it shows `latency` cycles later.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// Whether it programs, and takes no word.
    pub busy: bool,
    /// The programming that is over.
    pub done: Option<Status>,
    /// The answer to the read.
    pub answer: Option<Answer>,
}

#[derive(Clone, Debug)]
struct Programming {
    address: usize,
    levels: Word,
    locked: bool,
    step: usize,
}

/// A memory and what it is doing.
#[derive(Clone, Debug)]
pub struct Rram {
    config: RramConfig,
    cells: Cells,
    levels: Vec<Option<Word>>,
    /// For each word and each level, the bits of its levels that read wrong.
    faults: Option<Vec<Vec<Word>>>,
    /// For each block, how often it was programmed and which word was last.
    wear: Vec<(u64, usize)>,
    programming: Option<Programming>,
    done: Option<Status>,
}

impl Rram {
    /// A memory of which nothing is known.
    ///
    /// # Errors
    /// When it has no words, bits or cells, or no time.
    pub fn new(config: RramConfig) -> Result<Self> {
        let numbers = [config.words, config.latency, config.write_cycles, config.rounds, config.block];
        if numbers.contains(&0) {
            return Err(Error::new(format!("a memory that cannot be: {config:?}")));
        }
        let cells = Cells::new(config.width, config.bits_per_cell, config.placing, config.coding)?;
        let (words, blocks) = (config.words, config.words.div_ceil(config.block));
        let (levels, wear) = (vec![None; words], vec![(0, 0); blocks]);
        Ok(Self { config, cells, levels, faults: None, wear, programming: None, done: None })
    }

    /// Bits of a word as it is stored.
    #[must_use]
    pub fn stored_width(&self) -> usize {
        self.cells.per_word() * self.cells.bits()
    }

    /// Stores words from the first on.
    ///
    /// # Errors
    /// When they are too many, or of another width.
    pub fn load(&mut self, words: &[Word]) -> Result<()> {
        if words.len() > self.config.words || words.iter().any(|word| word.len() != self.config.width) {
            return Err(Error::new(format!(
                "words that do not fit in {} of {} bits",
                self.config.words, self.config.width
            )));
        }
        for (address, word) in words.iter().enumerate() {
            self.levels[address] = Some(self.encode(word));
        }
        Ok(())
    }

    /// Cycles from a word that is taken to the end of its programming.
    #[must_use]
    pub fn duration(&self) -> usize {
        3 * self.config.latency + self.config.write_cycles + self.config.rounds + 2
    }

    /// Lets cells read wrong: for each word and each level s, the bits that differ where level s is stored.
    ///
    /// # Errors
    /// When the map does not have the shape of the memory.
    pub fn set_faults(&mut self, map: Vec<Vec<Word>>) -> Result<()> {
        let (width, levels) = (self.stored_width(), 1 << self.config.bits_per_cell);
        let fits = |words: &Vec<Word>| words.len() == levels && words.iter().all(|wrong| wrong.len() == width);
        if map.len() != self.config.words || !map.iter().all(fits) {
            return Err(Error::new(format!("a fault map has {levels} times {width} bits for each word")));
        }
        self.faults = Some(map);
        Ok(())
    }

    /// The levels of a word, cell by cell, as a macro stores them.
    #[must_use]
    pub fn encode(&self, word: &[bool]) -> Word {
        let level = |cell| self.cells.level(cell, |bit| word[bit]);
        let bits = |level: u8| (0..self.cells.bits()).map(move |k| level >> k & 1 == 1);
        (0..self.cells.per_word()).flat_map(|cell| bits(level(cell))).collect()
    }

    fn decode(&self, levels: &[bool]) -> Word {
        let mut word = vec![false; self.config.width];
        for (cell, bits) in levels.chunks(self.cells.bits()).enumerate() {
            self.cells.bits_of(cell, level(bits)).for_each(|(bit, set)| word[bit] = set);
        }
        word
    }

    /// What the levels of a word read as, faults included.
    fn seen(&self, address: usize) -> Option<Word> {
        let stored = self.levels[address].clone()?;
        let Some(map) = &self.faults else { return Some(stored) };
        let b = self.config.bits_per_cell;
        let seen = |(i, &bit): (usize, &bool)| bit ^ map[address][level(&stored[i / b * b..][..b]) as usize][i];
        Some(stored.iter().enumerate().map(seen).collect())
    }

    /// One clock cycle.
    ///
    /// # Errors
    /// When a word has another width.
    pub fn cycle(&mut self, inputs: Inputs) -> Result<Outputs> {
        let busy = self.programming.is_some();
        let answer = inputs.read.map(|address| match address {
            _ if busy => Answer { word: Some(vec![false; self.config.width]), error: true },
            _ if address >= self.config.words => Answer { word: Some(vec![false; self.config.width]), error: false },
            _ => Answer { word: self.seen(address).map(|levels| self.decode(&levels)), error: false },
        });
        let outputs = Outputs { busy, done: self.done.take(), answer };
        if let Some(programming) = self.programming.take() {
            self.advance(programming);
        } else if let Some((address, word)) = inputs.program {
            if word.len() != self.config.width {
                return Err(Error::new(format!("a word of {} bits in a memory of {}", word.len(), self.config.width)));
            }
            let levels = self.encode(&word);
            self.programming = Some(Programming { address, levels, locked: inputs.lock, step: 0 });
        }
        Ok(outputs)
    }

    fn advance(&mut self, mut programming: Programming) {
        let RramConfig { latency, write_cycles, rounds, .. } = self.config;
        let (address, step) = (programming.address, programming.step);
        if step == 0
            && let Some(refusal) = self.refusal(&programming)
        {
            self.done = Some(refusal);
            return;
        }
        // Reads on their way are answered first, and the word is read, which each take the latency.
        if write_cycles > 1 && step == 2 * latency + write_cycles / 2 {
            let both = |old: &Word| old.iter().zip(&programming.levels).map(|(a, b)| a | b).collect();
            self.levels[address] = self.levels[address].as_ref().map(both);
        }
        if step == 2 * latency + write_cycles {
            self.levels[address] = Some(programming.levels.clone());
        }
        if step == 3 * latency + write_cycles + rounds {
            let well = self.seen(address).as_ref() == Some(&programming.levels);
            self.done = Some(if well { Status::Well } else { Status::Differs });
            return;
        }
        programming.step += 1;
        self.programming = Some(programming);
    }

    /// Why a word is not programmed; else it is counted.
    fn refusal(&mut self, programming: &Programming) -> Option<Status> {
        let (address, block) = (programming.address, self.config.block);
        if programming.locked {
            return Some(Status::Locked);
        }
        if address >= self.config.words {
            return Some(Status::Outside);
        }
        let limit = self.config.endurance?;
        let (count, last) = &mut self.wear[address / block];
        // Words one after the other count once: each is programmed at most as often as its block counts.
        if *count == 0 || address % block <= *last {
            if *count == limit {
                return Some(Status::Worn);
            }
            *count += 1;
        }
        *last = address % block;
        None
    }

    /// The reset: what is being programmed stays as far as it is.
    pub fn reset(&mut self) {
        (self.programming, self.done) = (None, None);
    }
}

/// The level that the bits of a cell are, lowest first.
fn level(bits: &[bool]) -> u8 {
    bits.iter().rev().fold(0, |level, &bit| level << 1 | u8::from(bit))
}

//! Words in cells of several bits, and what is read from cells that are faulty.
//!
//! A word of `width` bits lies in C = ⌈width / bits⌉ cells, each of which holds a level, 0 to 2^bits − 1. The
//! **placing** says which bits share a cell, the **coding** which level stands for them; bits beyond the word
//! are 0. A fault map has, for some cells, the level that is read for the level that is stored: `read =
//! stored ^ x[stored]`.

use crate::{Error, Image, Result};

/// Which bits of a word share a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Placing {
    /// Bits c·bits to c·bits + bits − 1 share cell c.
    #[default]
    Adjacent,
    /// Bit i lies in cell i mod C, as its bit i div C.
    Spread,
}

/// Which level stands for the bits of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Coding {
    /// bits = level ^ (level >> 1): neighbours differ in one bit.
    #[default]
    Gray,
    /// bits = level.
    Binary,
}

impl Coding {
    /// The level that stands for some bits, at most 8 of them.
    #[must_use]
    pub const fn level(self, bits: u8) -> u8 {
        match self {
            Self::Binary => bits,
            Self::Gray => {
                let level = bits ^ bits >> 1;
                let level = level ^ level >> 2;
                level ^ level >> 4
            }
        }
    }

    /// The bits that a level stands for.
    #[must_use]
    pub const fn bits(self, level: u8) -> u8 {
        match self {
            Self::Binary => level,
            Self::Gray => level ^ level >> 1,
        }
    }
}

/// How words lie in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cells {
    width: usize,
    bits: usize,
    placing: Placing,
    coding: Coding,
}

impl Cells {
    /// Words of `width` bits in cells of `bits` bits.
    ///
    /// # Errors
    /// When a word has no bits, or a cell not 1 to 4.
    pub fn new(width: usize, bits: usize, placing: Placing, coding: Coding) -> Result<Self> {
        if width == 0 || !(1..=4).contains(&bits) {
            return Err(Error::new(format!(
                "words of {width} bits in cells of {bits}: at least 1, in cells of 1 to 4"
            )));
        }
        Ok(Self { width, bits, placing, coding })
    }

    /// Bits of a cell.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Levels of a cell.
    #[must_use]
    pub fn levels(&self) -> usize {
        1 << self.bits
    }

    /// Cells of a word.
    #[must_use]
    pub fn per_word(&self) -> usize {
        self.width.div_ceil(self.bits)
    }

    /// The levels of words, cell c of each in bits [c·bits +: bits].
    ///
    /// # Errors
    /// When the words have another width.
    pub fn store(&self, words: &Image) -> Result<Image> {
        self.demand(words, self.width)?;
        let mut levels = Image::new(words.words(), self.per_word() * self.bits)?;
        for word in 0..words.words() {
            for cell in 0..self.per_word() {
                levels.set(word, cell * self.bits, self.bits, self.stored(words, word, cell).into());
            }
        }
        Ok(levels)
    }

    /// The words that levels stand for.
    ///
    /// # Errors
    /// When the levels are not those of such words.
    pub fn load(&self, levels: &Image) -> Result<Image> {
        self.demand(levels, self.per_word() * self.bits)?;
        let mut words = Image::new(levels.words(), self.width)?;
        for word in 0..levels.words() {
            for cell in 0..self.per_word() {
                self.put(&mut words, word, cell, levels.get(word, cell * self.bits, self.bits) as u8);
            }
        }
        Ok(words)
    }

    /// What is read of `words` with the faults of a map.
    ///
    /// # Errors
    /// When the words have another width, or the map is of other cells or fewer words.
    pub fn read(&self, words: &Image, map: &FaultMap) -> Result<Image> {
        self.demand(words, self.width)?;
        if map.shape != (map.shape.0, self.per_word(), self.bits) || map.shape.0 < words.words() {
            return Err(Error::new("a fault map of another memory"));
        }
        let mut read = words.clone();
        for fault in map.faults.iter().take_while(|fault| fault.word < words.words()) {
            if self.stored(words, fault.word, fault.cell) == fault.stored {
                self.put(&mut read, fault.word, fault.cell, fault.read);
            }
        }
        Ok(read)
    }

    /// The level of a cell of the word whose bit i is `bit(i)`.
    pub fn level(&self, cell: usize, bit: impl Fn(usize) -> bool) -> u8 {
        self.coding.level(self.places(cell).fold(0, |data, (k, of_word)| data | u8::from(bit(of_word)) << k))
    }

    /// The bits of the word that a level of a cell stands for, each with its number.
    pub fn bits_of(&self, cell: usize, level: u8) -> impl Iterator<Item = (usize, bool)> + use<> {
        let data = self.coding.bits(level);
        self.places(cell).map(move |(k, bit)| (bit, data >> k & 1 == 1))
    }

    fn stored(&self, words: &Image, word: usize, cell: usize) -> u8 {
        self.level(cell, |bit| words.get(word, bit, 1) == 1)
    }

    fn put(&self, words: &mut Image, word: usize, cell: usize, level: u8) {
        self.bits_of(cell, level).for_each(|(bit, set)| words.set(word, bit, 1, set.into()));
    }

    /// The bits of a cell that the word has: the bit of the cell, and that of the word.
    fn places(&self, cell: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (width, bits, step) = (self.width, self.bits, self.per_word());
        let placing = self.placing;
        let place = move |k| match placing {
            Placing::Adjacent => (k, cell * bits + k),
            Placing::Spread => (k, k * step + cell),
        };
        (0..bits).map(place).filter(move |&(_, bit)| bit < width)
    }

    fn demand(&self, image: &Image, width: usize) -> Result<()> {
        if image.width() != width {
            return Err(Error::new(format!("words of {} bits, {width} are needed", image.width())));
        }
        Ok(())
    }
}

/// A cell that misreads one of its levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// Word of the memory.
    pub word: usize,
    /// Cell of the word.
    pub cell: usize,
    /// The level stored.
    pub stored: u8,
    /// The level read, another one.
    pub read: u8,
}

/// The faults of a memory's cells: only those there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultMap {
    /// Words, cells of a word, bits of a cell.
    shape: (usize, usize, usize),
    faults: Vec<Fault>,
}

impl FaultMap {
    /// The map of a memory of `words` words. Faults may come in any order.
    ///
    /// # Errors
    /// When a fault lies outside of the memory, reads what is stored, or a level of a cell has two.
    pub fn new(cells: &Cells, words: usize, mut faults: Vec<Fault>) -> Result<Self> {
        faults.sort_unstable();
        let (per_word, levels) = (cells.per_word(), cells.levels());
        for fault in &faults {
            let inside = fault.word < words && fault.cell < per_word;
            if !inside || usize::from(fault.stored.max(fault.read)) >= levels || fault.stored == fault.read {
                return Err(Error::new(format!(
                    "{fault:?}: the memory has {words} words of {per_word} cells of {levels} levels"
                )));
            }
        }
        let key = |fault: &Fault| (fault.word, fault.cell, fault.stored);
        if let Some(pair) = faults.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
            return Err(Error::new(format!("{:?} and {:?}: one level read as two", pair[0], pair[1])));
        }
        Ok(Self { shape: (words, per_word, cells.bits), faults })
    }

    /// The faults by word, cell and level.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Words of the memory.
    #[must_use]
    pub fn words(&self) -> usize {
        self.shape.0
    }

    /// Bits of a line of the file: for each level, lowest first, the XOR masks of all cells of a word.
    #[must_use]
    pub fn line_bits(&self) -> usize {
        let (_, per_word, bits) = self.shape;
        (per_word * bits) << bits
    }

    /// The map for `$readmemh`, one line a word, the lowest first.
    ///
    /// # Errors
    /// None but those of an image without bits, which no map has.
    pub fn lines(&self) -> Result<impl Iterator<Item = String>> {
        let (words, per_word, bits) = self.shape;
        let mut line = Image::new(1, self.line_bits())?;
        let healthy = line.hex(0);
        let mut faults = self.faults.iter().peekable();
        Ok((0..words).map(move |word| {
            let mut touched = Vec::new();
            while let Some(fault) = faults.next_if(|fault| fault.word == word) {
                let low = usize::from(fault.stored) * per_word * bits + fault.cell * bits;
                line.set(0, low, bits, (fault.stored ^ fault.read).into());
                touched.push(low);
            }
            if touched.is_empty() {
                return healthy.clone();
            }
            let text = line.hex(0);
            touched.into_iter().for_each(|low| line.set(0, low, bits, 0));
            text
        }))
    }

    /// Reads the map of a memory of `words` words from lines as [`lines`](Self::lines) gives them.
    ///
    /// # Errors
    /// When there are more or fewer lines than words, or a line is no such line.
    pub fn parse<'a>(cells: &Cells, words: usize, lines: impl Iterator<Item = &'a str>) -> Result<Self> {
        let (per_word, bits) = (cells.per_word(), cells.bits);
        let mut map = Self { shape: (words, per_word, bits), faults: Vec::new() };
        let mut line = Image::new(1, map.line_bits())?;
        let mut count = 0;
        for (word, text) in lines.enumerate() {
            count += 1;
            let text = text.trim();
            line.set_hex(0, text).map_err(|error| error.within(format_args!("line {}", word + 1)))?;
            if text.bytes().all(|digit| digit == b'0') {
                continue;
            }
            for (cell, stored) in (0..per_word).flat_map(|cell| (0..cells.levels()).map(move |stored| (cell, stored))) {
                let x = line.get(0, (stored * per_word + cell) * bits, bits) as u8;
                let stored = stored as u8;
                if x != 0 {
                    map.faults.push(Fault { word, cell, stored, read: stored ^ x });
                }
            }
        }
        if count != words {
            return Err(Error::new(format!("{count} lines, the memory has {words} words")));
        }
        Ok(map)
    }
}

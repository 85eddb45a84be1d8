//! The seed of a run, and the random numbers that are drawn from it.
//!
//! Commands that simulate and commands that do not take the same seeds, written in the same way.

use std::fmt;
use std::str::FromStr;

/// The seed of a run. A test draws from it by its own name, so one seed reproduces any test, alone or among
/// others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The variable that gives a seed back.
    pub const VARIABLE: &str = "ALBERTI_SEED";

    /// The seed in `ALBERTI_SEED`, decimal or `0x…`; a fixed one when it is not set.
    ///
    /// # Errors
    /// When the variable does not hold a number of 64 bits.
    pub fn from_env() -> Result<Self, NoSeed> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => text.parse(),
            Err(_) => Ok(Seed(0xa1be_0001)),
        }
    }

    /// The random numbers of the test of this name.
    pub fn rng(self, name: &str) -> Rng {
        // FNV-1a: stable across versions, unlike the standard library's hasher.
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        Rng(fastrand::Rng::with_seed(hash ^ self.0.rotate_left(32)))
    }
}

impl FromStr for Seed {
    type Err = NoSeed;

    fn from_str(text: &str) -> Result<Self, NoSeed> {
        let text = text.trim();
        let number = match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        };
        number.map(Seed).map_err(|_| NoSeed { text: text.to_owned() })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A text that is no seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSeed {
    /// The text.
    pub text: String,
}

impl fmt::Display for NoSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}` is no seed; give a number of 64 bits, decimal or 0x…", Seed::VARIABLE, self.text)
    }
}

impl std::error::Error for NoSeed {}

/// A small deterministic generator of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(fastrand::Rng);

impl Rng {
    /// 64 random bits.
    pub fn u64(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// `width` random bits, at most 64.
    pub fn bits(&mut self, width: u32) -> u64 {
        self.u64() & mask(width)
    }

    /// A number from 0 to `limit − 1`.
    ///
    /// # Panics
    /// If `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.u64(..limit)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// Random words of which `width` bits are used.
    pub fn fill(&mut self, words: &mut [u32], width: u32) {
        for (i, word) in words.iter_mut().enumerate() {
            *word = self.0.u32(..) & mask(width.saturating_sub(32 * i as u32).min(32)) as u32;
        }
    }

    /// One of the choices.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// A generator of its own, for a part of a test.
    pub fn fork(&mut self) -> Rng {
        Rng(self.0.fork())
    }
}

/// The lowest `width` bits, at most 64.
fn mask(width: u32) -> u64 {
    u64::MAX.checked_shr(64 - width.min(64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_and_name_give_one_sequence() {
        let draw = |seed, name: &str| Seed(seed).rng(name).u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn a_seed_reads_back_what_it_prints() {
        let seed = Seed(0xdead_beef_0123);
        assert_eq!(seed.to_string().parse::<Seed>(), Ok(seed));
        assert_eq!("42".parse::<Seed>(), Ok(Seed(42)));
        assert!("forty-two".parse::<Seed>().is_err());
    }

    #[test]
    fn filled_words_keep_within_the_width() {
        let mut words = [0; 3];
        for width in [1, 31, 32, 33, 70, 96] {
            Seed(7).rng("fill").fill(&mut words, width);
            for (i, word) in (0..).zip(&words) {
                let bits = width.saturating_sub(32 * i).min(32);
                assert_eq!(u64::from(*word) & !mask(bits), 0, "width {width}");
            }
        }
        assert_eq!((mask(0), mask(1), mask(63), mask(64)), (0, 1, u64::MAX >> 1, u64::MAX));
    }
}

//! Every reader answers whatever a file holds, within its limits: seeds, findings of earlier runs, and seeds
//! that are changed at random. A test for each target.
//!
//! Bytes, words and pieces are changed, moved, doubled, left out, or taken from another seed: a few thousand
//! times from a fixed seed of numbers; `ALBERTI_SEED` gives another. What fails is shrunk to its least change.
#![allow(missing_docs, clippy::print_stdout)]

use alberti_fuzz::{LONGEST, TARGETS, Target, limits::Watch};
use libtest_mimic::{Arguments, Failed, Trial};
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use std::process::ExitCode;

/// Changes of a file at most.
const CHANGES: usize = 6;

/// Changed files of a target.
const CASES: u32 = 2000;

#[derive(Clone, Debug)]
enum Change {
    /// A byte becomes another.
    Byte(Index, u8),
    /// A bit is turned.
    Bit(Index, u8),
    /// Eight bytes become a number, little-endian.
    Number(Index, u64),
    /// A piece is left out.
    Cut(Index, u16),
    /// A piece is there again, somewhere else.
    Copy(Index, u16, Index),
    /// The file ends.
    End(Index),
    /// A word that readers know is put in.
    Word(Index, &'static str),
    /// Digits become another number.
    Digits(Index, Index),
}

const NUMBERS: [&str; 11] =
    ["0", "1", "-1", "65536", "4294967296", "18446744073709551615", "1e999", "nan", "0.5", "-0", ""];

fn change(words: &'static [&'static str]) -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let number =
        prop_oneof![any::<u64>(), (0u32..64).prop_map(|bit| 1 << bit), (0u32..64).prop_map(|bit| u64::MAX >> bit)];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        (at(), number).prop_map(|(at, number)| Change::Number(at, number)),
        (at(), 1u16..64).prop_map(|(at, length)| Change::Cut(at, length)),
        (at(), 1u16..2048, at()).prop_map(|(at, length, to)| Change::Copy(at, length, to)),
        at().prop_map(Change::End),
        (at(), at())
            .prop_map(|(at, word)| Change::Word(at, words.get(word.index(words.len().max(1))).copied().unwrap_or(""))),
        (at(), at()).prop_map(|(at, number)| Change::Digits(at, number)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        let piece = |at: &Index, length: u16| {
            let at = at.index(size);
            at..(at + usize::from(length)).min(size)
        };
        if size == 0 {
            return;
        }
        match self {
            Self::Byte(at, byte) => bytes[at.index(size)] = *byte,
            Self::Bit(at, bit) => bytes[at.index(size)] ^= 1 << bit,
            Self::Number(at, number) => {
                let range = piece(at, 8);
                let length = range.len();
                bytes[range].copy_from_slice(&number.to_le_bytes()[..length]);
            }
            Self::Cut(at, length) => drop(bytes.drain(piece(at, *length))),
            Self::Copy(at, length, to) => {
                let copied = bytes[piece(at, *length)].to_vec();
                let to = to.index(size + 1);
                bytes.splice(to..to, copied);
            }
            Self::End(at) => bytes.truncate(at.index(size)),
            Self::Word(at, word) => {
                let at = at.index(size + 1);
                bytes.splice(at..at, word.bytes());
            }
            Self::Digits(at, number) => {
                let at = at.index(size);
                let Some(first) = bytes[at..].iter().position(u8::is_ascii_digit).map(|first| at + first) else {
                    return;
                };
                let end = bytes[first..].iter().position(|byte| !byte.is_ascii_digit()).map_or(size, |end| first + end);
                bytes.splice(first..end, NUMBERS[number.index(NUMBERS.len())].bytes());
            }
        }
        bytes.truncate(LONGEST);
    }
}

/// The changed seed.
fn changed(seeds: &[Vec<u8>], file: &Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = file.get(seeds).clone();
    changes.iter().for_each(|change| change.apply(&mut bytes));
    bytes
}

/// Reads seeds, findings and changed seeds.
fn read(target: &Target) -> Result<(), Failed> {
    let (watch, seeds) = (Watch::new(target, "tested"), target.all_seeds());
    for (path, bytes) in target.regressions() {
        println!("{}", path.display());
        watch.read(&bytes);
    }
    seeds.iter().for_each(|seed| watch.read(seed));
    let number = std::env::var("ALBERTI_SEED").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let strategy = (any::<Index>(), prop::collection::vec(change(target.words), 1..=CHANGES));
    let outcome = runner.run(&strategy, |(file, changes)| {
        watch.read(&changed(&seeds, &file, &changes));
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, (file, changes))) => {
            let found = target.folder().join("findings/tested");
            std::fs::create_dir_all(target.folder().join("findings"))?;
            std::fs::write(&found, changed(&seeds, &file, &changes))?;
            let replay = format!("make replay FILE={}", found.display());
            Err(format!("{}, ALBERTI_SEED={number}: {reason}\n{changes:?}\n{replay}", target.name).into())
        }
        Err(other) => Err(other.into()),
    }
}

fn main() -> ExitCode {
    let test = |target: &'static Target| Trial::test(target.name, move || read(target));
    libtest_mimic::run(&Arguments::from_args(), TARGETS.iter().map(test).collect()).exit_code()
}

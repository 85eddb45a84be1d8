//! Cells: what is stored is read, and faults are read where they are.
#![allow(missing_docs, clippy::unwrap_used)]

use alberti_golden::{
    Image,
    cells::{Cells, Coding, Fault, FaultMap, Placing},
    secded::{Code, Finding},
};
use proptest::prelude::*;

const WAYS: [(Placing, Coding); 4] = [
    (Placing::Adjacent, Coding::Gray),
    (Placing::Adjacent, Coding::Binary),
    (Placing::Spread, Coding::Gray),
    (Placing::Spread, Coding::Binary),
];

fn image(words: usize, width: usize, seed: u64) -> Image {
    let mut image = Image::new(words, width).unwrap();
    let mut state = seed | 1;
    for word in 0..words {
        for bit in 0..width {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            image.set(word, bit, 1, u128::from(state >> 40 & 1));
        }
    }
    image
}

proptest! {
    #[test]
    fn levels_stand_for_the_words(width in 1usize..200, bits in 1usize..=4, seed in any::<u64>()) {
        let words = image(5, width, seed);
        for (placing, coding) in WAYS {
            let cells = Cells::new(width, bits, placing, coding).unwrap();
            let levels = cells.store(&words).unwrap();
            prop_assert_eq!(levels.width(), width.div_ceil(bits) * bits);
            prop_assert_eq!(&cells.load(&levels).unwrap(), &words);
        }
    }

    #[test]
    fn faults_of_words_are_those_of_their_levels(
        width in 1usize..90, bits in 1usize..=4, seed in any::<u64>(),
        drawn in prop::collection::btree_map((0usize..5, 0usize..90, 0u8..16), 1u8..16, 0..40),
    ) {
        let words = image(5, width, seed);
        for (placing, coding) in WAYS {
            let cells = Cells::new(width, bits, placing, coding).unwrap();
            let top = cells.levels() as u8 - 1;
            let inside = |&(&(_, cell, stored), _): &(&(usize, usize, u8), &u8)| cell < cells.per_word() && stored <= top;
            let fault = |(&(word, cell, stored), &x): (&(usize, usize, u8), &u8)| {
                Fault { word, cell, stored, read: stored ^ (x & top).max(1) }
            };
            let faults: Vec<_> = drawn.iter().filter(inside).map(fault).collect();
            let map = FaultMap::new(&cells, 5, faults.clone()).unwrap();
            let mut levels = cells.store(&words).unwrap();
            let stored = levels.clone();
            for f in &faults {
                if stored.get(f.word, f.cell * bits, bits) == f.stored.into() {
                    levels.set(f.word, f.cell * bits, bits, f.read.into());
                }
            }
            prop_assert_eq!(cells.read(&words, &map).unwrap(), cells.load(&levels).unwrap());
            let lines: Vec<String> = map.lines().unwrap().collect();
            prop_assert_eq!(FaultMap::parse(&cells, 5, lines.iter().map(String::as_str)).unwrap(), map);
        }
    }

    #[test]
    fn images_are_read_as_they_are_written(words in 0usize..6, width in 1usize..200, seed in any::<u64>()) {
        let image = image(words, width, seed);
        prop_assert_eq!(Image::parse(words, width, &image.readmemh()).unwrap(), image);
    }

    #[test]
    fn one_error_is_corrected_and_two_are_seen(width in 1usize..150, seed in any::<u64>(), a in any::<usize>(), b in any::<usize>()) {
        let (data, code) = (image(3, width, seed), Code::new(width).unwrap());
        let coded = code.encode(&data).unwrap();
        let flip = |image: &Image, bit: usize| {
            let mut image = image.clone();
            image.set(1, bit, 1, 1 ^ image.get(1, bit, 1));
            image
        };
        let (a, b) = (a % code.word_bits(), b % code.word_bits());
        prop_assert_eq!(code.decode(&coded).unwrap().data, data.clone());
        let one = code.decode(&flip(&coded, a)).unwrap();
        prop_assert_eq!((one.data, one.corrected, one.detected), (data.clone(), 1, 0));
        let mut two = flip(&flip(&coded, a), b);
        let faulty = two.clone();
        let finding = code.correct(&mut two, 1);
        prop_assert_eq!(finding, if a == b { Finding::Clean } else { Finding::Detected });
        prop_assert_eq!(two, faulty);
    }
}

#[test]
fn a_neighbouring_level_is_one_bit_away_in_gray_coding() {
    for level in 0..15 {
        assert_eq!((Coding::Gray.bits(level) ^ Coding::Gray.bits(level + 1)).count_ones(), 1);
    }
    let levels = |coding: Coding| (0..16).map(|bits| coding.level(bits)).collect::<Vec<_>>();
    assert_eq!(levels(Coding::Gray), [0, 1, 3, 2, 7, 6, 4, 5, 15, 14, 12, 13, 8, 9, 11, 10]);
    assert_eq!(levels(Coding::Binary), (0..16).collect::<Vec<u8>>());
}

#[test]
fn bits_lie_where_the_placing_says() {
    // Five bits in cells of two: three cells, the last half empty.
    let mut word = Image::new(1, 5).unwrap();
    word.set(0, 0, 5, 0b10110);
    let levels = |placing| Cells::new(5, 2, placing, Coding::Binary).unwrap().store(&word).unwrap().get(0, 0, 6);
    assert_eq!(levels(Placing::Adjacent), 0b01_01_10);
    // Cell 0 has bits 0 and 3, cell 1 bits 1 and 4, cell 2 bit 2.
    assert_eq!(levels(Placing::Spread), 0b01_11_00);
}

#[test]
fn a_map_is_written_level_by_level() {
    let cells = Cells::new(8, 2, Placing::Adjacent, Coding::Gray).unwrap();
    let fault = |cell, stored, read| Fault { word: 1, cell, stored, read };
    let map = FaultMap::new(&cells, 3, vec![fault(3, 2, 1), fault(0, 0, 1)]).unwrap();
    let lines: Vec<_> = map.lines().unwrap().collect();
    // Four bytes, level 3 first: level 2 of cell 3 has 2 ^ 1, level 0 of cell 0 has 0 ^ 1.
    assert_eq!(lines, ["00000000", "00c00001", "00000000"]);
}

#[test]
fn maps_that_cannot_be_are_errors() {
    let cells = Cells::new(8, 2, Placing::Adjacent, Coding::Gray).unwrap();
    let map = |faults: &[(usize, usize, u8, u8)]| {
        let fault = |&(word, cell, stored, read): &(usize, usize, u8, u8)| Fault { word, cell, stored, read };
        FaultMap::new(&cells, 2, faults.iter().map(fault).collect())
    };
    for bad in [[(2, 0, 0, 1)], [(0, 4, 0, 1)], [(0, 0, 4, 1)], [(0, 0, 1, 4)], [(0, 0, 1, 1)]] {
        assert!(map(&bad).is_err(), "{bad:?}");
    }
    assert!(map(&[(0, 0, 0, 1), (0, 0, 0, 2)]).is_err());
    let map = map(&[]).unwrap();
    assert!(cells.read(&Image::new(3, 8).unwrap(), &map).is_err(), "more words than the map");
    assert!(cells.read(&Image::new(2, 9).unwrap(), &map).is_err());
    for lines in [vec!["0"], vec!["0", "0", "0"], vec!["0", "g"], vec!["0", "100000000"], vec!["0", ""]] {
        assert!(FaultMap::parse(&cells, 2, lines.iter().copied()).is_err(), "{lines:?}");
    }
    assert!(Cells::new(0, 2, Placing::Adjacent, Coding::Gray).is_err());
    assert!(Cells::new(8, 5, Placing::Adjacent, Coding::Gray).is_err());
    assert!(Image::parse(2, 8, "00\n").is_err() && Image::parse(1, 7, "80\n").is_err() && Image::new(1, 0).is_err());
    assert!(Code::new(0).is_err() && Code::new(8).unwrap().encode(&Image::new(1, 9).unwrap()).is_err());
}

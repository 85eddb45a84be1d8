//! Encoder and decoder: inverse of each other, wherever a stream starts and however dense it is.

mod common;

use alberti_arith::Format;
use alberti_golden::{Banked, Pointer, Segment, bitmask_decoder::decode, bitmask_encoder::encode};
use common::{OPERANDS, Random};
use proptest::prelude::*;

fn vectors(random: &mut Random, format: Format, n: usize, count: usize, percent: usize) -> Vec<Vec<u16>> {
    (0..count).map(|_| random.codes(format, n, percent)).collect()
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_vectors_back(
        seed in any::<u64>(), n in 2usize..=64, count in 0usize..40, percent in 0usize..=100, which in 0usize..3, start in any::<usize>(),
    ) {
        let (format, mut random) = (OPERANDS[which], Random(seed));
        let mut memory = Banked::new(n, n * 40).expect("a memory");
        let start = memory.pointer(start % (n * memory.rows()));
        let vectors = vectors(&mut random, format, n, count, percent);
        let encoded = encode(format, &mut memory, start, &vectors).expect("encodes");
        let decoded = decode(&memory, start, &encoded.masks).expect("decodes");
        prop_assert_eq!(&decoded.vectors, &vectors);
        prop_assert_eq!(decoded.next, encoded.next);
        let kept = vectors.concat().iter().filter(|&&code| code != 0).count();
        prop_assert_eq!(encoded.next, memory.advance(start, kept));
    }

    #[test]
    fn the_encoder_writes_its_values_in_succession_and_nothing_else(
        seed in any::<u64>(), n in 2usize..=17, count in 1usize..20, percent in 0usize..=100, start in any::<usize>(),
    ) {
        let (format, mut random) = (Format::Q3_13, Random(seed));
        let total = { let m = Banked::new(n, n * 20).expect("a memory"); n * m.rows() };
        let before: Vec<u16> = (0..total).map(|_| random.next() as u16).collect();
        let mut memory = Banked::with_values(n, total, &before).expect("a memory");
        let vectors = vectors(&mut random, format, n, count, percent);
        let start = start % total;
        let pointer = memory.pointer(start);
        encode(format, &mut memory, pointer, &vectors).expect("encodes");
        let mut expected = before;
        for (i, code) in vectors.concat().into_iter().filter(|&code| code != 0).enumerate() {
            expected[(start + i) % total] = code;
        }
        prop_assert_eq!(memory.values(), &expected[..]);
    }
}

#[test]
fn a_vector_expands_as_the_mask_says() {
    let memory = Banked::with_values(4, 16, &[10, 11, 12, 13, 14, 15, 16, 17]).expect("a memory");
    let decoded = decode(&memory, Pointer { row: 0, bank: 2 }, &[0b1010, 0b0000, 0b1111]).expect("decodes");
    assert_eq!(decoded.vectors, [[0, 12, 0, 13], [0, 0, 0, 0], [14, 15, 16, 17]]);
    assert_eq!(decoded.next, Pointer { row: 2, bank: 0 });
}

#[test]
fn streams_wrap_from_the_last_row_to_the_first() {
    let mut memory = Banked::new(4, 16).expect("a memory");
    let start = Pointer { row: 3, bank: 3 };
    let encoded = encode(Format::Q3_5, &mut memory, start, &[vec![1, 2, 0, 3]]).expect("encodes");
    assert_eq!(encoded.masks, [0b1011]);
    assert_eq!(encoded.next, Pointer { row: 0, bank: 2 });
    assert_eq!((memory.values()[15], &memory.values()[..2]), (1, &[2, 3][..]));
    assert_eq!(decode(&memory, start, &encoded.masks).expect("decodes").vectors, [[1, 2, 0, 3]]);
}

#[test]
fn rows_are_a_power_of_two_as_addresses_are() {
    for (banks, capacity, rows) in [(16, 65536, 4096), (6, 65536, 16384), (4, 1, 2), (4, 8, 2), (4, 9, 4)] {
        assert_eq!(Banked::new(banks, capacity).expect("a memory").rows(), rows, "{capacity} values in {banks} banks");
    }
}

#[test]
fn both_codes_of_zero_are_dropped_and_come_back_as_the_one() {
    let mut memory = Banked::new(4, 16).expect("a memory");
    let encoded =
        encode(Format::AF8_3, &mut memory, Pointer::default(), &[vec![0x80, 0x81, 0x00, 0x01]]).expect("encodes");
    assert_eq!(encoded.masks, [0b1010]);
    let decoded = decode(&memory, Pointer::default(), &encoded.masks).expect("decodes");
    assert_eq!(decoded.vectors, [[0x00, 0x81, 0x00, 0x01]]);
    let fixed =
        encode(Format::Q3_5, &mut memory, Pointer::default(), &[vec![0x80, 0x81, 0x00, 0x01]]).expect("encodes");
    assert_eq!(fixed.masks, [0b1011], "0x80 is −4 in Q3.5, no zero");
}

#[test]
fn a_second_segment_continues_where_the_first_ended() {
    let mut memory = Banked::new(3, 30).expect("a memory");
    let first =
        encode(Format::Q3_5, &mut memory, Pointer::default(), &[vec![1, 2, 0], vec![0, 3, 4]]).expect("encodes");
    let second = encode(Format::Q3_5, &mut memory, first.next, &[vec![5, 0, 0]]).expect("encodes");
    assert_eq!(&memory.values()[..5], [1, 2, 3, 4, 5]);
    let all: Vec<u64> = first.masks.iter().chain(&second.masks).copied().collect();
    let decoded = decode(&memory, Pointer::default(), &all).expect("decodes");
    assert_eq!(decoded.vectors, [[1, 2, 0], [0, 3, 4], [5, 0, 0]]);
}

#[test]
fn segments_flatten_to_items_that_carry_last() {
    let segment = |items: &[u64]| Segment { base: Pointer::default(), items: items.to_vec() };
    let stream = Segment::flatten(&[segment(&[1, 2]), segment(&[3])]);
    assert_eq!(stream, [(1, false), (2, true), (3, true)]);
}

#[test]
fn what_no_encoder_or_decoder_could_be_given_is_an_error_that_names_it() {
    let mut memory = Banked::new(4, 16).expect("a memory");
    let outside = Pointer { row: 4, bank: 0 };
    let errors = [
        decode(&memory, Pointer::default(), &[1, 0x10]).map(drop),
        decode(&memory, outside, &[1]).map(drop),
        encode(Format::AF8_3, &mut memory, Pointer { row: 0, bank: 4 }, &[]).map(drop),
        encode(Format::AF8_3, &mut memory, Pointer::default(), &[vec![1; 3]]).map(drop),
        encode(Format::AF8_3, &mut memory, Pointer::default(), &[vec![1, 2, 0x100, 3]]).map(drop),
        Banked::with_values(4, 2, &[1, 2, 3]).map(drop),
        Banked::new(0, 2).map(drop),
    ];
    let texts = errors.map(|e| e.expect_err("must be refused").to_string());
    assert_eq!(
        texts,
        [
            "vector 1: a mask: 0x10 has bits above the lowest 4",
            "base row 4, bank 0: the memory has 4 rows of 4 banks",
            "base row 0, bank 4: the memory has 4 rows of 4 banks",
            "vector 0: the vector: 3 elements, 4 are needed",
            "vector 0: the vector[2]: 0x0100 is no code of af8_3, which has 8 bits",
            "3 values in a memory of 2",
            "a memory of no banks: at least one is needed",
        ]
    );
}

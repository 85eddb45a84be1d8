//! Encoder and decoder: inverse of each other, wherever a stream starts and however dense it is.

mod common;

use alberti_arith::Format;
use alberti_golden::{Packed, Pointer, Segment, bitmask_decoder::decode, bitmask_encoder::encode};
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
        let mut memory = Packed::new(n, n * 40).expect("a memory");
        let row = start % memory.rows();
        let vectors = vectors(&mut random, format, n, count, percent);
        let encoded = encode(format, &mut memory, row, &vectors).expect("encodes");
        let decoded = decode(&memory, Pointer { row, lane: 0 }, &encoded.masks).expect("decodes");
        prop_assert_eq!(&decoded.vectors, &vectors);
        let kept = vectors.concat().iter().filter(|&&code| code != 0).count();
        prop_assert_eq!(decoded.next, memory.advance(Pointer { row, lane: 0 }, kept));
        prop_assert_eq!(encoded.next_row, (row + kept.div_ceil(n)) % memory.rows());
    }

    #[test]
    fn a_stream_of_values_is_decoded_from_wherever_it_begins(
        seed in any::<u64>(), n in 2usize..=64, count in 0usize..40, percent in 0usize..=100, start in any::<usize>(),
    ) {
        let mut random = Random(seed);
        let mut memory = Packed::new(n, n * 40).expect("a memory");
        let start = memory.pointer(start % (n * memory.rows()));
        let vectors = vectors(&mut random, Format::Q3_13, n, count, percent);
        let kept: Vec<u16> = vectors.concat().into_iter().filter(|&code| code != 0).collect();
        let next = memory.write(start, &kept);
        let mask = |vector: &Vec<u16>| (0..n).filter(|&i| vector[i] != 0).map(|i| 1u64 << i).sum();
        let masks: Vec<u64> = vectors.iter().map(mask).collect();
        let decoded = decode(&memory, start, &masks).expect("decodes");
        prop_assert_eq!((decoded.vectors, decoded.next), (vectors, next));
    }

    #[test]
    fn the_encoder_writes_whole_rows_and_nothing_else(
        seed in any::<u64>(), n in 2usize..=17, count in 1usize..20, percent in 0usize..=100, row in any::<usize>(),
    ) {
        let (format, mut random) = (Format::Q3_13, Random(seed));
        let total = { let m = Packed::new(n, n * 20).expect("a memory"); n * m.rows() };
        let before: Vec<u16> = (0..total).map(|_| random.next() as u16).collect();
        let mut memory = Packed::with_values(n, total, &before).expect("a memory");
        let vectors = vectors(&mut random, format, n, count, percent);
        let row = row % memory.rows();
        encode(format, &mut memory, row, &vectors).expect("encodes");
        let mut expected = before;
        let mut kept: Vec<u16> = vectors.concat().into_iter().filter(|&code| code != 0).collect();
        kept.resize(kept.len().next_multiple_of(n), 0);
        for (i, code) in kept.into_iter().enumerate() {
            expected[(row * n + i) % total] = code;
        }
        prop_assert_eq!(memory.values(), &expected[..]);
    }
}

#[test]
fn a_vector_expands_as_the_mask_says() {
    let memory = Packed::with_values(4, 16, &[10, 11, 12, 13, 14, 15, 16, 17]).expect("a memory");
    let decoded = decode(&memory, Pointer { row: 0, lane: 2 }, &[0b1010, 0b0000, 0b1111]).expect("decodes");
    assert_eq!(decoded.vectors, [[0, 12, 0, 13], [0, 0, 0, 0], [14, 15, 16, 17]]);
    assert_eq!(decoded.next, Pointer { row: 2, lane: 0 });
}

#[test]
fn streams_wrap_from_the_last_row_to_the_first() {
    let mut memory = Packed::new(4, 16).expect("a memory");
    let encoded = encode(Format::Q3_5, &mut memory, 3, &[vec![1, 2, 0, 3], vec![4, 5, 0, 0]]).expect("encodes");
    assert_eq!((encoded.masks.as_slice(), encoded.next_row), (&[0b1011, 0b0011][..], 1));
    assert_eq!((&memory.values()[12..], &memory.values()[..4]), (&[1, 2, 3, 4][..], &[5, 0, 0, 0][..]));
    let start = Pointer { row: 3, lane: 0 };
    assert_eq!(decode(&memory, start, &encoded.masks).expect("decodes").vectors, [[1, 2, 0, 3], [4, 5, 0, 0]]);
}

#[test]
fn rows_are_a_power_of_two_as_addresses_are() {
    for (lanes, capacity, rows) in [(16, 65536, 4096), (6, 65536, 16384), (4, 1, 2), (4, 8, 2), (4, 9, 4)] {
        assert_eq!(Packed::new(lanes, capacity).expect("a memory").rows(), rows, "{capacity} values in {lanes} lanes");
    }
}

#[test]
fn both_codes_of_zero_are_dropped_and_come_back_as_the_one() {
    let mut memory = Packed::new(4, 16).expect("a memory");
    let encoded = encode(Format::AF8_3, &mut memory, 0, &[vec![0x80, 0x81, 0x00, 0x01]]).expect("encodes");
    assert_eq!(encoded.masks, [0b1010]);
    let decoded = decode(&memory, Pointer::default(), &encoded.masks).expect("decodes");
    assert_eq!(decoded.vectors, [[0x00, 0x81, 0x00, 0x01]]);
    let fixed = encode(Format::Q3_5, &mut memory, 0, &[vec![0x80, 0x81, 0x00, 0x01]]).expect("encodes");
    assert_eq!(fixed.masks, [0b1011], "0x80 is −4 in Q3.5, no zero");
}

#[test]
fn a_second_segment_begins_with_the_next_row() {
    let mut memory = Packed::new(3, 30).expect("a memory");
    let first = encode(Format::Q3_5, &mut memory, 0, &[vec![1, 2, 0], vec![0, 3, 4]]).expect("encodes");
    let second = encode(Format::Q3_5, &mut memory, first.next_row, &[vec![5, 0, 0], vec![0, 6, 7]]).expect("encodes");
    let empty = encode(Format::Q3_5, &mut memory, second.next_row, &[vec![0, 0, 0]]).expect("encodes");
    assert_eq!(&memory.values()[..9], [1, 2, 3, 4, 0, 0, 5, 6, 7]);
    assert_eq!((first.next_row, second.next_row, empty.next_row), (2, 3, 3));
}

#[test]
fn segments_flatten_to_items_that_carry_last() {
    let segment = |items: &[u64]| Segment { base: Pointer::default(), items: items.to_vec() };
    let stream = Segment::flatten(&[segment(&[1, 2]), segment(&[3])]);
    assert_eq!(stream, [(1, false), (2, true), (3, true)]);
}

#[test]
fn what_no_encoder_or_decoder_could_be_given_is_an_error_that_names_it() {
    let mut memory = Packed::new(4, 16).expect("a memory");
    let outside = Pointer { row: 4, lane: 0 };
    let errors = [
        decode(&memory, Pointer::default(), &[1, 0x10]).map(drop),
        decode(&memory, Pointer { row: 0, lane: 4 }, &[1]).map(drop),
        decode(&memory, outside, &[1]).map(drop),
        encode(Format::AF8_3, &mut memory, 4, &[]).map(drop),
        encode(Format::AF8_3, &mut memory, 0, &[vec![1; 3]]).map(drop),
        encode(Format::AF8_3, &mut memory, 0, &[vec![1, 2, 0x100, 3]]).map(drop),
        Packed::with_values(4, 2, &[1, 2, 3]).map(drop),
        Packed::new(0, 2).map(drop),
    ];
    let texts = errors.map(|e| e.expect_err("must be refused").to_string());
    assert_eq!(
        texts,
        [
            "vector 1: a mask: 0x10 has bits above the lowest 4",
            "base row 0, lane 4: the memory has 4 rows of 4 lanes",
            "base row 4, lane 0: the memory has 4 rows of 4 lanes",
            "base row 4, lane 0: the memory has 4 rows of 4 lanes",
            "vector 0: the vector: 3 elements, 4 are needed",
            "vector 0: the vector[2]: 0x0100 is no code of af8_3, which has 8 bits",
            "3 values in a memory of 2",
            "a memory of rows without lanes: at least one is needed",
        ]
    );
}

//! Records: any one is found at random, whatever the others hold, and faults cost what the layout says.
#![allow(missing_docs, clippy::unwrap_used)]

use alberti_arith::Format;
use alberti_golden::{
    BlockSparsity, Image, Packed, Pointer,
    storage::{Cut, Encoded, RecordKind, RecordLayout},
};
use proptest::prelude::*;

const PLAIN: [RecordKind; 4] = [RecordKind::Stream, RecordKind::Row, RecordKind::Tile, RecordKind::Offset];

fn blocks(nonzeros: usize) -> BlockSparsity {
    BlockSparsity::new(nonzeros, 2 * nonzeros).unwrap()
}

/// Codes of which about `density` of 8 are not zero; in blocks no more than half.
fn codes(rows: usize, columns: usize, density: u64, half: Option<usize>, seed: u64) -> Vec<u16> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 20
    };
    let mut codes: Vec<u16> =
        (0..rows * columns).map(|_| if next() % 8 < density { (next() % 255 + 1) as u16 } else { 0 }).collect();
    for code in &mut codes {
        // The code of negative zero is a zero, and comes back as 0.
        *code = if *code == 0x80 { 1 } else { *code };
    }
    if let Some(nonzeros) = half {
        for block in codes.chunks_mut(columns).flat_map(|row| row.chunks_mut(2 * nonzeros)) {
            let mut kept = 0;
            for code in block {
                kept += usize::from(*code != 0);
                *code = if kept > nonzeros { 0 } else { *code };
            }
        }
    }
    codes
}

struct Stored {
    cut: Cut,
    layout: RecordLayout,
    encoded: Encoded,
    values: Packed,
}

fn store(cut: Cut, sparsity: Option<BlockSparsity>, base: usize, codes: &[u16]) -> Stored {
    let room = 2 * cut.rows.next_multiple_of(cut.n) * cut.columns.next_multiple_of(2 * cut.n);
    let layout = cut.layout(room, sparsity).unwrap();
    let mut values = Packed::new(cut.n, room).unwrap();
    let base = values.pointer(base);
    let encoded = layout.encode(Format::AF8_3, base, &cut.vectors(codes).unwrap()).unwrap();
    values.write(base, &encoded.values);
    Stored { cut, layout, encoded, values }
}

impl Stored {
    /// The matrix, its records decoded in any order, and the mask errors.
    fn load(&self, masks: &Image) -> (Vec<u16>, u64) {
        let mut codes = vec![0xffff; self.cut.rows * self.cut.columns];
        let mut errors = 0;
        for record in (0..self.encoded.starts.len()).rev() {
            let decoded = self.layout.decode(masks, 0, &self.values, record).unwrap();
            errors += decoded.mask_errors;
            self.cut.place(self.layout.masks(), record, &decoded.vectors, &mut codes);
        }
        (codes, errors)
    }
}

fn flip(image: &Image, word: usize, bit: usize) -> Image {
    let mut image = image.clone();
    image.set(word, bit, 1, 1 ^ image.get(word, bit, 1));
    image
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_record_is_found_from_any_base(
        n in prop::sample::select(vec![2usize, 3, 4, 8, 16, 64]), rows in 1usize..40, columns in 1usize..70,
        density in 0u64..=8, base in 0usize..5000, seed in any::<u64>(),
    ) {
        let codes = codes(rows, columns, density, None, seed);
        for kind in PLAIN {
            let stored = store(Cut { kind, rows, columns, n }, None, base, &codes);
            prop_assert_eq!(stored.load(&stored.encoded.masks), (codes.clone(), 0));
            let nonzero = codes.iter().filter(|&&code| code != 0).count();
            prop_assert_eq!(stored.encoded.values.len(), nonzero);
        }
    }

    #[test]
    fn blocks_are_found_at_a_fixed_stride(
        (n, nonzeros) in prop::sample::select(vec![(2usize, 2usize), (8, 8), (16, 8), (12, 4), (64, 8)]),
        rows in 1usize..20, columns in 1usize..70, density in 0u64..=8, base in 0usize..5000, seed in any::<u64>(),
    ) {
        let codes = codes(rows, columns, density, Some(nonzeros), seed);
        let cut = Cut { kind: RecordKind::Blocks, rows, columns, n };
        let stored = store(cut, Some(blocks(nonzeros)), base, &codes);
        prop_assert_eq!(stored.load(&stored.encoded.masks), (codes, 0));
        let items = stored.encoded.masks.words() / (1 + n) * n;
        prop_assert_eq!(stored.encoded.values.len(), items * n);
    }

    #[test]
    fn any_words_can_be_decoded(
        n in prop::sample::select(vec![2usize, 3, 16, 64]), sparse in any::<bool>(), offsets in any::<bool>(),
        words in prop::collection::vec(any::<[u128; 2]>(), 65),
    ) {
        let sparsity = (sparse && n % 2 == 0).then(|| blocks(2));
        let layout = RecordLayout::new(n, 40 * n, n, offsets, sparsity).unwrap();
        let mut masks = Image::new(layout.record_words(), layout.word_bits()).unwrap();
        for (word, value) in words.iter().enumerate().take(layout.record_words()) {
            let low = layout.word_bits().min(64);
            masks.set(word, 0, low, value[0]);
            masks.set(word, low, layout.word_bits() - low, value[1]);
        }
        let decoded = layout.decode(&masks, 0, &Packed::new(n, 40 * n).unwrap(), 0).unwrap();
        prop_assert_eq!(decoded.vectors.len(), n);
    }
}

#[test]
fn words_are_as_the_layout_says() {
    // n = 4, 16 rows: lane in 2 bits, row in 4, offset in 4 of words of 8.
    let layout = RecordLayout::new(4, 64, 4, true, None).unwrap();
    assert_eq!((layout.word_bits(), layout.pointer_bits(), layout.offset_bits()), (8, 6, 4));
    let vectors = [vec![1, 0, 2, 0], vec![0; 4], vec![3, 4, 5, 6], vec![0, 0, 0, 7]];
    let encoded = layout.encode(Format::AF8_3, Pointer { row: 5, lane: 3 }, &vectors).unwrap();
    let words: Vec<_> = (0..5).map(|word| encoded.masks.get(word, 0, 8)).collect();
    assert_eq!(words, [5 << 2 | 3, 0x05, 0x20, 0x2f, 0x68]);
    assert_eq!(encoded.values, [1, 2, 3, 4, 5, 6, 7]);
    // Blocks of 2:4: 8 mask bits, the top bit says so.
    let layout = RecordLayout::new(4, 64, 1, false, Some(blocks(2))).unwrap();
    let encoded = layout.encode(Format::AF8_3, Pointer::default(), &[vec![0, 1, 0, 2, 0, 0, 0, 9]]).unwrap();
    assert_eq!((encoded.masks.width(), encoded.masks.get(1, 0, 9)), (9, 0x1_9a));
    assert_eq!(encoded.values, [1, 2, 0, 9]);
    // n = 16 and 65,536 values: 24 bits with offsets, 33 with blocks.
    assert_eq!(RecordLayout::new(16, 1 << 16, 16, true, None).unwrap().word_bits(), 24);
    assert_eq!(RecordLayout::new(16, 1 << 16, 16, false, None).unwrap().word_bits(), 16);
    assert_eq!(RecordLayout::new(16, 1 << 16, 16, true, Some(blocks(8))).unwrap().word_bits(), 33);
}

/// Rows of n positions that a single wrong bit changes.
fn damage(kind: RecordKind, sparsity: Option<BlockSparsity>, word: usize, bit: usize) -> (usize, u64) {
    let (rows, columns, n) = (16, 64, 8);
    let codes = codes(rows, columns, 5, sparsity.map(BlockSparsity::nonzeros), 7);
    let stored = store(Cut { kind, rows, columns, n }, sparsity, 0, &codes);
    let (read, errors) = stored.load(&flip(&stored.encoded.masks, word, bit));
    let changed = read.chunks(n).zip(codes.chunks(n)).filter(|(a, b)| a != b).count();
    (changed, errors)
}

#[test]
fn a_wrong_mask_bit_costs_what_comes_behind_it_up_to_the_next_place_that_is_known() {
    let (rest_of_stream, _) = damage(RecordKind::Stream, None, 1, 0);
    let (rest_of_row, _) = damage(RecordKind::Row, None, 1, 0);
    let (rest_of_tile, unseen) = damage(RecordKind::Tile, None, 1, 0);
    assert!(
        rest_of_stream > 100 && rest_of_row == 8 && rest_of_tile == 8,
        "{rest_of_stream}, {rest_of_row}, {rest_of_tile}"
    );
    assert_eq!(unseen, 0, "without offsets nothing tells");
    // With offsets the item alone is wrong, and its follower shows it.
    assert_eq!(damage(RecordKind::Offset, None, 1, 0), (1, 1));
    // A wrong offset shows at its item and at the next.
    assert_eq!(damage(RecordKind::Offset, None, 2, 8), (1, 2));
    // The last item of a record has no follower.
    assert_eq!(damage(RecordKind::Offset, None, 8, 0), (1, 0));
    // A block shows its own error, and costs no more than its own 16 positions.
    assert_eq!(damage(RecordKind::Blocks, Some(blocks(8)), 1, 0), (2, 1));
}

#[test]
fn what_cannot_be_stored_is_an_error() {
    let layout = RecordLayout::new(4, 64, 2, true, Some(blocks(2))).unwrap();
    let refused = |vectors: &[Vec<u16>], said: &str| {
        let error = layout.encode(Format::AF8_3, Pointer::default(), vectors).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    refused(&[vec![0; 4]], "no records of 2");
    refused(&[vec![0; 4], vec![0; 8]], "record 0, item 1");
    refused(&[vec![0; 5], vec![0; 5]], "n = 4");
    refused(&[vec![256, 0, 0, 0], vec![0; 4]], "no code of af8_3");
    refused(&[vec![1; 8], vec![1; 8]], "at most 2");
    refused(&vec![vec![1; 4]; 18], "72 values in a memory of 64");
    assert!(RecordLayout::new(4, 64, 5, true, None).is_err(), "offsets reach n items");
    assert!(RecordLayout::new(4, 64, 5, false, None).is_ok());
    assert!(RecordLayout::new(4, 64, 0, false, None).is_err());
    assert!(RecordLayout::new(6, 64, 6, false, Some(blocks(8))).is_err());
    let masks = Image::new(3, layout.word_bits()).unwrap();
    assert!(layout.decode(&masks, 0, &Packed::new(4, 64).unwrap(), 0).is_ok());
    assert!(layout.decode(&masks, 0, &Packed::new(4, 64).unwrap(), 1).is_err());
    assert!(layout.decode(&masks, 0, &Packed::new(4, 128).unwrap(), 0).is_err());
    assert!(layout.decode(&Image::new(3, 8).unwrap(), 0, &Packed::new(4, 64).unwrap(), 0).is_err());
}

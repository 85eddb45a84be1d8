//! What the macros of a memory hold: the files that `$readmemh` reads, one a tile.

use super::{demand::Demand, selection::MacroSelection, technology::Technology};
use crate::design::MemoryKind;

/// Bits of a memory's word as it is stored, lowest first.
pub type Stored = Vec<bool>;

/// The images of a memory's tiles, as text for `$readmemh`: words of the memory, as they are stored, at their
/// places in the macros. Words beyond the last are zero. The file of tile t is `<name>.<t>.hex`.
#[must_use]
pub fn images(technology: &Technology, demand: &Demand, selection: &MacroSelection, words: &[Stored]) -> Vec<String> {
    split(technology, demand, selection, |word, bit| words.get(word).is_some_and(|bits| bits[bit]), 1)
}

/// The fault maps of a memory's tiles: for each word and each level the bits that read wrong where it is
/// stored. In a line of a file the bits for level 0 are lowest.
#[must_use]
pub fn fault_maps(
    technology: &Technology,
    demand: &Demand,
    selection: &MacroSelection,
    map: &[Vec<Stored>],
) -> Vec<String> {
    let (levels, width) = (1 << demand.storage.bits_per_cell, demand.stored_bits() as usize);
    let bit = |word: usize, bit: usize| map.get(word).is_some_and(|levels| levels[bit / width][bit % width]);
    split(technology, demand, selection, bit, levels)
}

/// The lines of each tile; `of` knows bit `part · stored bits + bit` of a word.
fn split(
    technology: &Technology,
    demand: &Demand,
    selection: &MacroSelection,
    of: impl Fn(usize, usize) -> bool,
    parts: usize,
) -> Vec<String> {
    let width = demand.stored_bits() as usize;
    let mut files = Vec::new();
    for tile in &selection.tiles {
        let Some(hard_macro) = technology.macros.iter().find(|hard_macro| hard_macro.name == tile.name) else {
            continue;
        };
        let grain = match demand.storage.kind {
            MemoryKind::Sram => hard_macro.write_enable_bits,
            MemoryKind::Rram => demand.storage.bits_per_cell,
        };
        let stride =
            if tile.fold == 1 { hard_macro.bits } else { hard_macro.bits / tile.fold / grain * grain } as usize;
        let (fold, bits) = (u64::from(tile.fold), hard_macro.bits as usize);
        let mut text = String::new();
        for row in 0..u64::from(hard_macro.words) {
            let mut line = vec![false; parts * bits];
            for folded in 0..fold {
                let word = tile.words.0 + row * fold + folded;
                if word > tile.words.1 {
                    continue;
                }
                for (part, bit) in (0..parts).flat_map(|part| (tile.bits.0..=tile.bits.1).map(move |bit| (part, bit))) {
                    let at = part * bits + folded as usize * stride + (bit - tile.bits.0) as usize;
                    line[at] = of(word as usize, part * width + bit as usize);
                }
            }
            text += &hex(&line);
            text.push('\n');
        }
        files.push(text);
    }
    files
}

/// Bits, lowest first, as a hexadecimal number.
fn hex(bits: &[bool]) -> String {
    let digit = |bits: &[bool]| bits.iter().rev().fold(0, |digit, &bit| digit << 1 | u32::from(bit));
    bits.chunks(4).rev().filter_map(|bits| char::from_digit(digit(bits), 16)).collect()
}

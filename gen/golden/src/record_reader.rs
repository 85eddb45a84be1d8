//! `record_reader`: fetches records of a mask memory at random, and gives masks and bases to a decoder.
//!
//! A record begins a segment. So does an item that does not begin where the one before ended, which only a
//! fault can bring about: its offset brings the decoder back to where its values lie.

use crate::{Image, Result, Segment, processing_unit::WeightItem, storage::RecordLayout};

/// A record to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The word of its pointer.
    pub word: usize,
    /// Its masks, 1 to n.
    pub masks: usize,
}

/// What comes of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Items, with where their values begin.
    pub segments: Vec<Segment<WeightItem>>,
    /// Items that did not begin where the one before ended.
    pub misplaced: u64,
}

/// Fetches records.
///
/// # Errors
/// When a record lies outside of the mask memory.
pub fn read(layout: &RecordLayout, masks: &Image, fetches: &[Fetch]) -> Result<Output> {
    let mut output = Output { segments: Vec::new(), misplaced: 0 };
    for fetch in fetches {
        let record = layout.items(masks, fetch.word, fetch.masks)?;
        for (i, item) in record.items.iter().enumerate() {
            output.misplaced += u64::from(item.misplaced);
            if i == 0 || item.misplaced {
                let base = layout.place(record.pointer, item.position);
                output.segments.push(Segment { base, items: Vec::new() });
            }
            if let Some(segment) = output.segments.last_mut() {
                segment.items.push(item.word);
            }
        }
    }
    Ok(output)
}

//! What was expected against what came.

use std::collections::VecDeque;

use crate::bits::{Bits, fits, hex, words_of};
use crate::error::{Error, Result};

/// Name and width in bits of each field of an item.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldLayout(pub Vec<(String, u32)>);

impl FieldLayout {
    /// Words of one item: every field begins with a word of its own.
    pub fn words(&self) -> usize {
        self.0.iter().map(|(_, width)| words_of(*width)).sum()
    }

    /// Appends an item's words.
    pub fn push(&self, at: &str, item: &[Bits], to: &mut VecDeque<u32>) -> Result<()> {
        if item.len() != self.0.len() {
            let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Error::usage(at, format!("an item has {} fields: {}", names.len(), names.join(", "))));
        }
        for ((name, width), bits) in self.0.iter().zip(item) {
            if !fits(bits.words(), *width) {
                return Err(Error::usage(at, format!("{name} has {width} bits, {bits} does not fit")));
            }
        }
        for ((_, width), bits) in self.0.iter().zip(item) {
            to.extend((0..words_of(*width)).map(|i| bits.words().get(i).copied().unwrap_or(0)));
        }
        Ok(())
    }

    /// The fields of an item with their ranges of words.
    pub fn fields(&self) -> impl Iterator<Item = (&str, u32, std::ops::Range<usize>)> {
        let mut at = 0;
        self.0.iter().map(move |(name, width)| {
            let range = at..at + words_of(*width);
            at = range.end;
            (name.as_str(), *width, range)
        })
    }

    fn show(&self, words: &[u32]) -> String {
        let fields: Vec<String> =
            self.fields().map(|(name, width, range)| format!("{name}={}", hex(&words[range], width))).collect();
        fields.join(" ")
    }

    fn bits(&self, words: &[u32]) -> Vec<Bits> {
        self.fields().map(|(_, width, range)| Bits::from_words(width, &words[range])).collect()
    }
}

/// Compares items in order. It is satisfied only when it compared as many as it expected, and more than none.
#[derive(Clone, Debug)]
pub struct Scoreboard {
    name: String,
    layout: FieldLayout,
    expected: VecDeque<u32>,
    total: u64,
    compared: u64,
    collected: Option<Vec<Vec<Bits>>>,
}

impl Scoreboard {
    /// A scoreboard for items of these fields: name and width in bits.
    pub fn new(name: &str, fields: &[(&str, u32)]) -> Self {
        Self::with_layout(name, FieldLayout(fields.iter().map(|(name, width)| ((*name).to_owned(), *width)).collect()))
    }

    pub(crate) fn with_layout(name: &str, layout: FieldLayout) -> Self {
        let expected = VecDeque::new();
        Scoreboard { name: name.to_owned(), layout, expected, total: 0, compared: 0, collected: None }
    }

    /// Expects this item next: one value for each field.
    ///
    /// # Errors
    /// When the number of fields or a width does not fit, or the items are collected.
    pub fn expect(&mut self, item: &[Bits]) -> Result<()> {
        if self.collected.is_some() {
            return Err(Error::usage(&self.name, "its items are collected; they cannot be compared as well"));
        }
        self.layout.push(&self.name, item, &mut self.expected)?;
        self.total += 1;
        Ok(())
    }

    /// Keeps items for [`Scoreboard::collected`] from now on, and compares none.
    pub fn collect(&mut self) {
        self.collected.get_or_insert_default();
    }

    /// The items that came since [`Scoreboard::collect`].
    pub fn collected(&self) -> &[Vec<Bits>] {
        self.collected.as_deref().unwrap_or_default()
    }

    /// Compares an item that came in this cycle.
    ///
    /// # Errors
    /// When it differs, or none was expected.
    pub fn receive(&mut self, item: &[Bits], cycle: u64) -> Result<()> {
        let mut words = VecDeque::new();
        self.layout.push(&self.name, item, &mut words)?;
        self.receive_words(words.make_contiguous(), cycle)
    }

    pub(crate) fn receive_words(&mut self, words: &[u32], cycle: u64) -> Result<()> {
        if let Some(items) = &mut self.collected {
            items.push(self.layout.bits(words));
            return Ok(());
        }
        let (stream, index) = (|| self.name.clone(), self.compared);
        if self.expected.is_empty() {
            return Err(Error::Surplus { stream: stream(), index, cycle, got: self.layout.show(words) });
        }
        if !self.expected.iter().take(words.len()).eq(words) {
            let expected: Vec<u32> = self.expected.iter().take(words.len()).copied().collect();
            let difference = self.layout.fields().find(|(_, _, range)| expected[range.clone()] != words[range.clone()]);
            let (field, width, range) = difference.expect("items that differ have a field that differs");
            return Err(Error::Mismatch {
                stream: stream(),
                index,
                cycle,
                field: field.to_owned(),
                expected: hex(&expected[range.clone()], width),
                got: hex(&words[range], width),
            });
        }
        self.expected.drain(..words.len());
        self.compared += 1;
        Ok(())
    }

    /// Items compared so far.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// Whether nothing more is expected.
    pub fn is_done(&self) -> bool {
        self.compared == self.total
    }

    /// Forgets what is still expected: after a reset it will not come.
    pub fn forget(&mut self) {
        self.expected.clear();
        self.total = self.compared;
    }

    /// The demand at the end of a test. Collected items are the test's own to check.
    ///
    /// # Errors
    /// When fewer items were compared than expected, or none.
    pub fn finish(&self) -> Result<()> {
        if self.collected.is_none() && (self.compared == 0 || !self.is_done()) {
            let (compared, expected) = (self.compared, self.total);
            return Err(Error::Incomplete { stream: self.name.clone(), compared, expected });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scoreboard() -> Scoreboard {
        Scoreboard::new("vector", &[("data", 40), ("last", 1)])
    }

    fn item(data: u64, last: bool) -> [Bits; 2] {
        [Bits::new(40, data), last.into()]
    }

    #[test]
    fn a_scoreboard_that_compared_nothing_fails() {
        assert!(matches!(scoreboard().finish(), Err(Error::Incomplete { compared: 0, expected: 0, .. })));
    }

    #[test]
    fn a_scoreboard_that_waits_for_an_item_fails() -> Result<()> {
        let mut board = scoreboard();
        board.expect(&item(1, false))?;
        board.expect(&item(2, true))?;
        board.receive(&item(1, false), 3)?;
        assert!(matches!(board.finish(), Err(Error::Incomplete { compared: 1, expected: 2, .. })));
        board.receive(&item(2, true), 4)?;
        board.finish()
    }

    #[test]
    fn the_first_difference_is_named() -> Result<()> {
        let mut board = scoreboard();
        board.expect(&item(5, true))?;
        let error = board.receive(&item(5, false), 9).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(error, "stream vector, item 0, cycle 9: last differs\n  expected 1'h1\n  got      1'h0");
        Ok(())
    }

    #[test]
    fn an_item_too_many_fails() {
        assert!(matches!(scoreboard().receive(&item(0, false), 1), Err(Error::Surplus { index: 0, cycle: 1, .. })));
    }

    #[test]
    fn an_item_of_another_shape_is_refused() {
        assert!(scoreboard().expect(&[Bits::zero(40)]).is_err());
        assert!(scoreboard().expect(&[Bits::zero(40), Bits::new(2, 2)]).is_err());
    }
}

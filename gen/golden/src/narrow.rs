//! Wide results: integers as numbers of 16 bits, and how many of them saturated.

use alberti_arith::saturate;

/// Numbers of 16 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// The numbers.
    pub numbers: Vec<i16>,
    /// How many of them stand for an integer past the end of 16 bits.
    pub saturated: u64,
}

impl Extend<i64> for Narrowed {
    fn extend<I: IntoIterator<Item = i64>>(&mut self, integers: I) {
        let Self { numbers, saturated } = self;
        numbers.extend(integers.into_iter().map(|integer| {
            let number = saturate(integer, 16);
            *saturated += u64::from(number != integer);
            number as i16
        }));
    }
}

impl FromIterator<i64> for Narrowed {
    fn from_iter<I: IntoIterator<Item = i64>>(integers: I) -> Self {
        let mut narrowed = Self::default();
        narrowed.extend(integers);
        narrowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_either_end_is_counted_and_the_ends_are_not() {
        let narrowed: Narrowed = [-32_769, -32_768, 0, 32_767, 32_768, i64::MAX].into_iter().collect();
        assert_eq!(narrowed.numbers, [i16::MIN, i16::MIN, 0, i16::MAX, i16::MAX, i16::MAX]);
        assert_eq!(narrowed.saturated, 3);
    }
}

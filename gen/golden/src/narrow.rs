//! Wide results: integers as numbers of 16 bits, and how many of them saturated.

use alberti_arith::saturate;

/// Numbers of 16 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// The numbers.
    pub numbers: Vec<i16>,
    /// How many of them lie at an end of 16 bits, where every integer past it is.
    pub saturated: u64,
}

impl Extend<i64> for Narrowed {
    fn extend<I: IntoIterator<Item = i64>>(&mut self, integers: I) {
        let Self { numbers, saturated } = self;
        numbers.extend(integers.into_iter().map(|integer| {
            let number = saturate(integer, 16);
            *saturated += u64::from([i16::MIN, i16::MAX].map(i64::from).contains(&number));
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
    fn what_is_at_either_end_is_counted() {
        let narrowed: Narrowed = [-32_769, -32_768, 0, 32_767, 32_768, i64::MAX].into_iter().collect();
        assert_eq!(narrowed.numbers, [i16::MIN, i16::MIN, 0, i16::MAX, i16::MAX, i16::MAX]);
        assert_eq!(narrowed.saturated, 5);
    }
}

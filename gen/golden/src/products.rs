//! Sums of products of whole tensors, exactly as an accumulator wide enough has them.

use alberti_arith::Format;

/// Products whose sum fits 32 bits: |d| ≤ 3968.
const SHORT: usize = 128;

/// The largest integer of which so many products fit.
const LARGEST: i64 = 3968;

/// The largest magnitude of 16 bits.
const LARGEST_HALF: i64 = 1 << 15;

/// The sum of products of integers that are no larger than those of AdaptivFloat<8,3>, in runs that fit 32
/// bits. Sums that are not checked become vector instructions in every profile.
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i64 {
    let short = |(a, b): (&[i16], &[i16])| -> i64 {
        let products = a.iter().zip(b).map(|(&a, &b)| i32::from(a).wrapping_mul(b.into()));
        products.fold(0i32, i32::wrapping_add).into()
    };
    a.chunks(SHORT).zip(b.chunks(SHORT)).map(short).sum()
}

/// The sum of products of any integers of 16 bits: each product fits 32 bits, a sum of two need not.
fn dot_wide(a: &[i16], b: &[i16]) -> i64 {
    let products = a.iter().zip(b).map(|(&a, &b)| i64::from(i32::from(a).wrapping_mul(b.into())));
    products.fold(0i64, i64::wrapping_add)
}

/// The integers that codes stand for, as narrow as their format allows.
#[derive(Clone, Debug)]
pub(crate) enum Integers {
    /// No larger than those of AdaptivFloat<8,3>.
    Short(Vec<i16>),
    /// Those of fixed point.
    Half(Vec<i16>),
    /// Any.
    Long(Vec<i64>),
}

impl Integers {
    /// Of codes of a format.
    pub fn new(format: Format, codes: impl IntoIterator<Item = u16>) -> Self {
        // One look a code, where that many can be kept.
        let table: [i64; 1 << 8] = std::array::from_fn(|code| format.significand(code as u16));
        let looked_up = format.bits() <= 8;
        let integer = |code: u16| if looked_up { table[usize::from(code as u8)] } else { format.significand(code) };
        let integers = codes.into_iter().map(integer);
        match format.max_significand() {
            ..=LARGEST => Self::Short(integers.map(|integer| integer as i16).collect()),
            largest if largest <= LARGEST_HALF => Self::Half(integers.map(|integer| integer as i16).collect()),
            _ => Self::Long(integers.collect()),
        }
    }

    /// The sums of products of row `row` with every row of `others`, all of so many integers.
    pub fn products(&self, row: usize, others: &Self, length: usize) -> Vec<i64> {
        match (self, others) {
            (Self::Short(a), Self::Short(b)) => {
                b.chunks_exact(length).map(|b| dot(&a[row * length..][..length], b)).collect()
            }
            (Self::Half(a), Self::Half(b)) => {
                b.chunks_exact(length).map(|b| dot_wide(&a[row * length..][..length], b)).collect()
            }
            (Self::Long(a), Self::Long(b)) => {
                let a = &a[row * length..][..length];
                b.chunks_exact(length).map(|b| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect()
            }
            _ => unreachable!("both are of one format"),
        }
    }
}

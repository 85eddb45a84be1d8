//! The checks that goldens share.

use crate::{Error, Result};
use alberti_arith::{Format, saturate};

/// Demands `expected` elements.
pub(crate) fn length<T>(what: &str, slice: &[T], expected: usize) -> Result<()> {
    if slice.len() != expected {
        return Err(Error::new(format!("{what}: {} elements, {expected} are needed", slice.len())));
    }
    Ok(())
}

/// Demands codes that fit their format.
pub(crate) fn codes(what: &str, format: Format, codes: &[u16]) -> Result<()> {
    match codes.iter().position(|&code| u32::from(code) >> format.bits() != 0) {
        Some(i) => Err(Error::new(format!(
            "{what}[{i}]: {:#06x} is no code of {format}, which has {} bits",
            codes[i],
            format.bits()
        ))),
        None => Ok(()),
    }
}

/// The integers that codes stand for.
pub(crate) fn significands(what: &str, format: Format, list: &[u16]) -> Result<Vec<i64>> {
    codes(what, format, list)?;
    Ok(list.iter().map(|&code| format.significand(code)).collect())
}

/// Demands integers that fit `bits` bits in two's complement.
pub(crate) fn signed(what: &str, bits: u32, list: &[i64]) -> Result<()> {
    match list.iter().position(|&x| saturate(x, bits) != x) {
        Some(i) => Err(Error::new(format!("{what}[{i}]: {} does not fit in {bits} bits with its sign", list[i]))),
        None => Ok(()),
    }
}

/// Demands a mask of at most `width` bits.
pub(crate) fn mask(what: &str, mask: u128, width: usize) -> Result<()> {
    if width < 128 && mask >> width != 0 {
        return Err(Error::new(format!("{what}: {mask:#x} has bits above the lowest {width}")));
    }
    Ok(())
}

/// Demands an accumulator that some design could have.
pub(crate) fn accumulator_bits(bits: u32) -> Result<()> {
    if !(24..=48).contains(&bits) {
        return Err(Error::new(format!("an accumulator of {bits} bits: 24 to 48 can be built")));
    }
    Ok(())
}

/// Demands a number of lanes that some design could have.
pub(crate) fn lanes(n: usize) -> Result<()> {
    if !(2..=64).contains(&n) {
        return Err(Error::new(format!("n = {n}: 2 to 64 lanes can be built")));
    }
    Ok(())
}

//! Sums that meet every edge of a width, and the boundary between numbers and ports.

use alberti_arith::wrap;

/// The bits of a number in a port of `bits` bits.
pub(super) fn unsigned(value: i64, bits: u32) -> u64 {
    value as u64 & (u64::MAX >> (64 - bits))
}

/// The `i`-th of a fixed sequence of random numbers (SplitMix64).
pub(super) fn random(i: u64) -> u64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Two's complement numbers of `bits` bits: all small ones, each power of two and each run of leading ones
/// with neighbours, in both signs, and `count` random ones of every magnitude.
pub(super) fn sums(bits: u32, count: usize) -> impl Iterator<Item = i64> {
    let small = -300..=300;
    let edges = (0..bits).flat_map(move |p| {
        let power = 1i64 << p;
        // 1.11111, 1.00001, 1.0001 and 1.11101 with the rest of the bits clear, set or one off.
        [power, power / 64 * 127, power / 32 * 63, power / 32 * 33, power / 16 * 17, power / 32 * 61, power / 32 * 35]
            .into_iter()
            .flat_map(|x| [x - 1, x, x + 1])
            .flat_map(|x| [x, -x])
    });
    let random = (0..count as u64).map(move |i| {
        let r = random(i);
        wrap(r as i64, bits) >> ((r >> 48) % u64::from(bits))
    });
    small.chain(edges.map(move |x| wrap(x, bits))).chain(random)
}

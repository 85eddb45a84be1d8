//! Layer norm against f64 in two passes.

mod common;

use alberti_arith::Format;
use alberti_golden::layernorm::{LayerNorm, NormalisedRow, Statistics};
use common::{Random, real_normalised};

const ONE: i16 = 1 << 14;
/// Channels, among them hidden sizes that are a multiple of no n.
const LENGTHS: [usize; 13] = [2, 3, 5, 8, 17, 31, 100, 384, 769, 768, 1024, 1026, 8192];
/// Mean and standard deviation of the rows, in last places of Q9.7.
const ROWS: [(f64, f64); 6] =
    [(0.0, 50.0), (0.0, 4000.0), (1000.0, 3.0), (30_000.0, 2.0), (-5000.0, 9000.0), (0.0, 0.6)];

/// y alone: γ one, β zero.
fn normalised(row: &[i16]) -> NormalisedRow {
    let n = row.len();
    LayerNorm::new(vec![ONE; n], vec![0; n], &vec![0; n], -7).expect("a layer norm").row(row).expect("a row")
}

#[test]
fn every_channel_is_within_half_a_place_and_the_error_of_the_root() {
    let mut random = Random(21);
    let mut tightest = 0f64;
    for length in LENGTHS {
        for (mean, deviation) in ROWS {
            for _ in 0..(20_000 / length).clamp(2, 200) {
                let row = random.row(length, mean, deviation);
                for (&y, real) in normalised(&row).wide.iter().zip(real_normalised(&row)) {
                    let real = (real * 1024.0).clamp(-32_768.0, 32_767.0);
                    let bound = 0.5 + 1.157e-4 * real.abs();
                    let error = (f64::from(y) - real).abs();
                    assert!(error <= bound, "{length} channels at {mean} ± {deviation}: {y}, not {real}");
                    tightest = tightest.max(error / bound);
                }
            }
        }
    }
    assert!(tightest > 0.99, "{tightest}");
}

#[test]
fn gamma_and_beta_add_half_a_place() {
    let mut random = Random(22);
    for length in LENGTHS {
        let gamma = random.row(length, 16_384.0, 5000.0);
        let beta = random.row(length, 0.0, 2000.0);
        let block = LayerNorm::new(gamma.clone(), beta.clone(), &vec![0; length], -7).expect("a layer norm");
        for (mean, deviation) in ROWS {
            let row = random.row(length, mean, deviation);
            let answer = block.row(&row).expect("a row");
            for (c, real) in real_normalised(&row).into_iter().enumerate() {
                let gain = f64::from(gamma[c]) / 16_384.0;
                let z = (real * 1024.0).clamp(-32_768.0, 32_767.0) * gain + f64::from(beta[c]);
                let bound = 0.5 + gain.abs() * (0.5 + 1.157e-4 * (real * 1024.0).abs());
                let error = (f64::from(answer.wide[c]) - z.clamp(-32_768.0, 32_767.0)).abs();
                assert!(error <= bound, "channel {c} of {length}: {error} above {bound}");
            }
        }
    }
}

#[test]
fn the_one_pass_variance_is_that_of_two_passes() {
    let mut random = Random(23);
    for length in LENGTHS {
        for (mean, deviation) in ROWS {
            let row = random.row(length, mean, deviation);
            let statistics = Statistics::from_row(&row).expect("a row");
            let (n, sum) = (length as i128, row.iter().map(|&r| i128::from(r)).sum::<i128>());
            // N²·variance = Σ(N·r − S1)²/N, exactly.
            let squares: i128 = row.iter().map(|&r| (n * i128::from(r) - sum).pow(2)).sum();
            assert_eq!(i128::from(statistics.variance) * n, squares, "{length} channels at {mean} ± {deviation}");
            assert_eq!(i128::from(statistics.sum), sum);
        }
    }
}

#[test]
fn a_small_deviation_at_a_large_mean_is_seen() {
    let mut random = Random(24);
    for length in [384, 768, 1024] {
        let row = random.row(length, 30_000.0, 2.0);
        let wide = normalised(&row).wide;
        let power: f64 = wide.iter().map(|&y| (f64::from(y) / 1024.0).powi(2)).sum::<f64>() / length as f64;
        assert!((power - 1.0).abs() < 2.5e-4, "{length} channels have a variance of {power}");
    }
}

#[test]
fn a_constant_row_becomes_beta() {
    let mut random = Random(25);
    for length in LENGTHS {
        for r in [i16::MIN, -1, 0, 1, 12_345, i16::MAX] {
            let beta = random.row(length, 0.0, 9000.0);
            let block =
                LayerNorm::new(vec![i16::MAX; length], beta.clone(), &vec![0; length], -7).expect("a layer norm");
            let answer = block.row(&vec![r; length]).expect("a row");
            assert_eq!((answer.statistics.variance, answer.wide), (0, beta), "{length} × {r}");
        }
    }
}

#[test]
fn a_plain_row_is_what_it_was_and_gets_its_codes() {
    let mut random = Random(26);
    for length in LENGTHS {
        let row = random.row(length, 0.0, 3000.0);
        let ones = LayerNorm::new(vec![1 << 14; length], vec![0; length], &vec![1; length], -7).expect("a layer norm");
        let answer = ones.plain(&row).expect("a row");
        assert_eq!(answer.wide, row);
        // Half of it, since the channel's shift is 1.
        for (&code, &r) in answer.codes.iter().zip(&row) {
            assert_eq!(code, Format::AF8_3.quantize(f64::from(r) / 2048.0, -7), "{r}");
        }
        let half = LayerNorm::new(vec![1 << 13; length], vec![5; length], &vec![0; length], -7).expect("a layer norm");
        let expected = row.iter().map(|&r| (f64::from(r) / 2.0 + 0.5).floor() as i16 + 5);
        assert!(half.plain(&row).expect("a row").wide.into_iter().eq(expected));
    }
}

#[test]
fn one_place_in_one_channel_is_the_smallest_variance() {
    for length in LENGTHS {
        let mut row = vec![-300; length];
        row[length / 3] += 1;
        let answer = normalised(&row);
        assert_eq!(answer.statistics.variance, length as u64 - 1);
        // The channel alone lies √(N − 1) deviations up, saturated past 32.
        let expected = (((length - 1) as f64).sqrt() * 1024.0).min(32_767.0);
        assert!(
            (f64::from(answer.wide[length / 3]) - expected).abs() <= 0.5 + 1.157e-4 * expected,
            "{length} channels"
        );
    }
}

#[test]
fn channels_at_the_extremes_fill_the_stated_widths() {
    for (length, bits) in [(768u32, [26, 40, 50, 27]), (8192, [29, 44, 56, 30])] {
        let half = length as usize / 2;
        let row = [vec![i16::MIN; half], vec![i16::MAX; half]].concat();
        let answer = normalised(&row);
        let all_low = Statistics::from_row(&vec![i16::MIN; 2 * half]).expect("a row");
        // Signed widths count the sign.
        let s1 = 65 - all_low.sum.unsigned_abs().saturating_sub(1).leading_zeros();
        let s2 = 64 - all_low.squares.leading_zeros();
        let v = 64 - answer.statistics.variance.leading_zeros();
        let distance = 65 - ((u64::from(length) - 1) * 65_535).leading_zeros();
        assert_eq!([s1, s2, v, distance], bits, "{length} channels");
        assert!(answer.wide[..half].iter().all(|&y| (-1024..=-1023).contains(&y)));
        assert!(answer.wide[half..].iter().all(|&y| (1023..=1024).contains(&y)));
    }
}

#[test]
fn y_saturates_beyond_1024_channels_only() {
    let outlier = |length: usize, sign: i16| {
        let mut row = vec![0; length];
        row[0] = sign * 20_000;
        normalised(&row).wide[0]
    };
    // √1023 is 32752 places; the root is off by two.
    assert_eq!((outlier(1024, 1), outlier(1024, -1)), (32_754, -32_754));
    assert_eq!((outlier(1100, 1), outlier(1100, -1)), (32_767, -32_768));
    // It is y that saturates, not z alone: half of it is 16, not 18.
    let mut row = vec![0; 1300];
    row[0] = -20_000;
    let half = LayerNorm::new(vec![ONE / 2; 1300], vec![0; 1300], &[0; 1300], -7).expect("a layer norm");
    assert_eq!(half.row(&row).expect("a row").wide[0], -16_384);
}

#[test]
fn z_saturates_on_either_side() {
    let block = LayerNorm::new(vec![i16::MAX; 2], vec![i16::MIN, i16::MAX], &[0, 0], -7).expect("a layer norm");
    assert_eq!(block.row(&[-100, 100]).expect("a row").wide, [i16::MIN, i16::MAX]);
    let block = LayerNorm::new(vec![i16::MIN; 2], vec![i16::MAX, i16::MIN], &[0, 0], -7).expect("a layer norm");
    assert_eq!(block.row(&[-100, 100]).expect("a row").wide, [i16::MAX, i16::MIN]);
}

#[test]
fn a_channel_shift_divides_the_code_by_its_power_of_two() {
    let mut random = Random(26);
    let (length, bias) = (97, -5);
    let shift: Vec<u8> = (0..length).map(|c| (c % 4) as u8).collect();
    let block =
        LayerNorm::new(random.row(length, 20_000.0, 3000.0), vec![40; length], &shift, bias).expect("a layer norm");
    let answer = block.row(&random.row(length, 50.0, 700.0)).expect("a row");
    for (c, &k) in shift.iter().enumerate() {
        let value = f64::from(answer.wide[c]) / 1024.0 / f64::from(1 << k);
        assert_eq!(answer.codes[c], Format::AF8_3.quantize(value, bias), "channel {c}, shift {k}");
    }
    assert!(answer.wide.iter().zip(&answer.codes).all(|(&z, &code)| (z < 0) == (code >= 0x80) || code == 0));
}

#[test]
fn what_no_layer_norm_can_be_is_refused() {
    let new = |channels: usize, beta: usize, shift: &[u8], bias| {
        LayerNorm::new(vec![ONE; channels], vec![0; beta], shift, bias)
    };
    assert!(new(2, 2, &[0, 3], -7).is_ok());
    assert!(new(1, 1, &[0], -7).is_err());
    assert!(new(8193, 8193, &[0; 8193], -7).is_err());
    assert!(new(2, 3, &[0, 0], -7).is_err());
    assert!(new(2, 2, &[0], -7).is_err());
    assert!(new(2, 2, &[0, 4], -7).is_err());
    assert!(new(2, 2, &[0, 0], 53).is_ok() && new(2, 2, &[0, 1], 53).is_err());
    assert!(new(2, 2, &[0, 0], -74).is_ok() && new(2, 2, &[1, 0], -75).is_err());
    assert!(new(2, 2, &[0, 0], i32::MAX).is_err());
    assert!(new(2, 2, &[0, 0], 0).expect("a layer norm").row(&[1, 2, 3]).is_err());
    assert!(Statistics::from_row(&[1]).is_err());
}

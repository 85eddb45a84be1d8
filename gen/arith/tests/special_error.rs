//! The error of each special function against f64 and the checksum of its results, as a committed table.
//! `BLESS=1` writes it anew.

mod common;

use alberti_arith::{exp2n, log2u, rsqrt};
use common::{numbers, real_activation, real_exp2n, real_log2u, sums, variances};
use std::{fs, path::Path};

/// What a function answered, as an integer that holds all of it, with its value and the real one in the same
/// unit.
type Answer = (u32, f64, f64);

fn row(name: &str, domain: &str, answers: impl Iterator<Item = Answer>) -> String {
    let (mut low, mut high, mut relative, mut squares, mut count, mut hash) = (0f64, 0f64, 0f64, 0f64, 0f64, !0u32);
    for (bits, value, real) in answers {
        let error = value - real;
        (low, high) = (low.min(error), high.max(error));
        relative = relative.max(if real == 0.0 { 0.0 } else { (error / real).abs() });
        squares += error * error;
        count += 1.0;
        // FNV-1a over whole words: every bit of every result counts, in order.
        hash = (hash ^ bits).wrapping_mul(0x0100_0193);
    }
    let rms = (squares / count).sqrt();
    // Of a result that passes through zero a relative error says nothing.
    let relative = if relative > 1.0 { "-".into() } else { format!("{relative:.3e}") };
    format!("{name:<9} {domain:<21} {low:>10.3e} {high:>10.3e} {relative:>10} {rms:>10.3e}  {hash:08x}\n")
}

fn exp2_row(domain: &str, inputs: std::ops::Range<u32>) -> String {
    row("exp2n", domain, inputs.map(|d| (exp2n(d).into(), f64::from(exp2n(d)), real_exp2n(d))))
}

fn table() -> String {
    let mut text = String::from(
        "# Errors of the special functions in last places of their results (relative: of the real value).\n\
         # rsqrt: in places of R. hash: FNV-1a over the results as 32-bit words, in the order of the inputs.\n\
         # function domain                    lowest    highest   relative        rms  hash\n",
    );
    text += &exp2_row("d < 1", 0..1 << 10);
    text += &exp2_row("d < 7", 0..7 << 10);
    text += &exp2_row("d < 32", 0..32 << 10);
    text += &row("log2u", "all heads", sums().map(|s| (log2u(s) as u32, f64::from(log2u(s)), real_log2u(s))));
    let roots = variances().map(|v| {
        let (r, k) = rsqrt(v);
        (u32::from(r) | (k as u32) << 16, f64::from(r), f64::from(23 + k).exp2() / (v as f64).sqrt())
    });
    text += &row("rsqrt", "all heads", roots);
    for function in numbers() {
        let answers = (-32768..32768).map(|x| {
            let real = real_activation(function, f64::from(x) / 1024.0) * 1024.0;
            (function.number(x.into()) as u32, function.number(x.into()) as f64, real)
        });
        text += &row(function.word(), "-32 <= x < 32", answers);
    }
    text
}

#[test]
fn the_error_table_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/special_error.txt");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &table).expect("the snapshot can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, table, "{}: run with BLESS=1 if the change is meant", path.display());
}

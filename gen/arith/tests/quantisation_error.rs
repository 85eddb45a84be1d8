//! The error of each operand format against f64, as a committed table. `BLESS=1` writes it anew.

use alberti_arith::Format;
use std::{fmt::Write, fs, path::Path};

/// A sweep of the magnitudes 2^−12 to 1, a thousand to the octave, with both signs.
fn sweep() -> impl Iterator<Item = f64> {
    (-12..0)
        .flat_map(|octave| (0..1000).map(move |i| (1.0 + f64::from(i) / 1000.0) * f64::from(octave).exp2()))
        .flat_map(|x| [x, -x])
}

fn table() -> String {
    let mut text = String::from(
        "# Quantisation error over magnitudes 2^-12 to 1, log-uniform, at the scale that the largest asks for.\n\
         # format  scale  largest_absolute  largest_relative  root_mean_square  share_that_became_zero\n",
    );
    for format in ["af8_3", "af8_2", "af8_4", "q3.5", "q3.13", "q1.7", "q1.15"] {
        let format: Format = format.parse().expect("a format");
        let scale = format.scale_for(sweep().fold(0.0, f64::max));
        let (mut absolute, mut relative, mut squares, mut zeros, mut count) = (0f64, 0f64, 0f64, 0u32, 0u32);
        for x in sweep() {
            let code = format.quantize(x, scale);
            let error = (format.value(code, scale) - x).abs();
            absolute = absolute.max(error);
            relative = relative.max(error / x.abs());
            squares += error * error;
            zeros += u32::from(format.is_zero(code));
            count += 1;
        }
        let rms = (squares / f64::from(count)).sqrt();
        let share = f64::from(zeros) / f64::from(count);
        let name = format.to_string();
        writeln!(text, "{name:<8} {scale:>6} {absolute:>17.3e} {relative:>17.3e} {rms:>17.3e} {share:>23.4}")
            .expect("text");
    }
    text
}

#[test]
fn the_error_table_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/quantisation_error.txt");
    let table = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &table).expect("the snapshot can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, table, "{}: run with BLESS=1 if the change is meant", path.display());
}

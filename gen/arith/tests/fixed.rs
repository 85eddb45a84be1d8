//! Fixed point, every Qi.f of 8 and 16 bits, exhaustively.

use alberti_arith::Fixed;

fn every_format() -> Vec<Fixed> {
    [8u32, 16]
        .into_iter()
        .flat_map(|bits| (1..=bits).map(move |i| Fixed::new(i, bits - i).expect("8 or 16 bits")))
        .collect()
}

#[test]
fn every_code_of_every_format_stands_for_its_twos_complement_and_comes_back() {
    let formats = every_format();
    assert_eq!(formats.len(), 8 + 16);
    for format in formats {
        let codes = 1u32 << format.bits();
        for code in 0..codes {
            let expected = if code < codes / 2 { i64::from(code) } else { i64::from(code) - i64::from(codes) };
            let code = code as u16;
            assert_eq!(format.significand(code), expected, "{format:?} code {code:#06x}");
            assert_eq!(format.code(expected), code, "{format:?} code {code:#06x}");
            for scale in [-3, 0, 6] {
                let value = expected as f64 / 2f64.powi(format.fraction_bits() as i32 - scale);
                assert_eq!(format.value(code, scale), value);
                assert_eq!(format.quantize(value, scale), code);
            }
        }
    }
}

#[test]
fn codes_outside_of_the_range_saturate() {
    for format in every_format() {
        let max = (1i64 << (format.bits() - 1)) - 1;
        for x in [max + 1, max + 2, 1 << 20, i64::MAX] {
            assert_eq!(format.code(x), max as u16);
        }
        for x in [-max - 2, -max - 3, -(1 << 20), i64::MIN] {
            assert_eq!(format.significand(format.code(x)), -max - 1);
        }
    }
}

#[test]
fn quantising_rounds_half_up_and_only_half() {
    let q = Fixed::Q3_5;
    for (scaled, expected) in [
        (0.5, 1),
        (0.5 - f64::EPSILON / 4.0, 0),
        (-0.5, 0),
        (-0.5 - f64::EPSILON / 2.0, -1),
        (-1e-300, 0),
        (1.5, 2),
        (-1.5, -1),
        (126.5, 127),
        (127.5, 127),
        (-128.5, -128),
        (f64::INFINITY, 127),
        (f64::NEG_INFINITY, -128),
        (f64::NAN, 0),
    ] {
        assert_eq!(q.significand(q.quantize(scaled / 32.0, 0)), expected, "{scaled} steps");
    }
}

#[test]
fn the_scale_rule_is_the_smallest_that_does_not_saturate() {
    for format in [Fixed::Q1_7, Fixed::Q3_5, Fixed::Q3_13] {
        let limit = 2f64.powi(format.bits() as i32 - 1) - 0.5;
        for max in [1e-6, 0.3, 0.99, 1.0, 3.9999, 4.0, 100.0, 224.0] {
            let scale = format.scale_for(max);
            let steps = |scale| max * 2f64.powi(format.fraction_bits() as i32 - scale);
            assert!(steps(scale) < limit, "{format:?} {max}");
            assert!(steps(scale - 1) >= limit, "{format:?} {max}: a smaller scale would do");
        }
        for none in [0.0, f64::NAN, f64::INFINITY] {
            assert_eq!(format.scale_for(none), 0);
        }
    }
}

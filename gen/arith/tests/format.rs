//! Formats by name, and how many bits their sums need.

use alberti_arith::Format;

fn every_format() -> Vec<Format> {
    let adaptiv = (4..=8).flat_map(|bits| (1..=4).map(move |e| format!("af{bits}_{e}")));
    let fixed = [8, 16].into_iter().flat_map(|bits| (1..=bits).map(move |i| format!("q{i}.{}", bits - i)));
    adaptiv.chain(fixed).filter_map(|name| name.parse().ok()).collect()
}

#[test]
fn every_name_reads_back_as_the_format_that_wrote_it() {
    let formats = every_format();
    assert_eq!(formats.len(), 17 + 24);
    for format in formats {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert_eq!("af8_3".parse(), Ok(Format::AF8_3));
    assert_eq!("q3.5".parse(), Ok(Format::Q3_5));
    assert_eq!("q3.13".parse(), Ok(Format::Q3_13));
}

#[test]
fn names_of_no_format_are_refused_with_what_to_write_instead() {
    let syntax = ["", "af", "q", "af8", "af8_", "af8.3", "q3_5", "Q3.5", "AF8_3", "q3.5 ", " q3.5", "q3.5.1", "int8"];
    let spelling = ["af08_3", "af+8_3", "q3.05", "q+3.5", "q-3.11", "af8_-3", "af99999999999_3"];
    for name in syntax.into_iter().chain(spelling) {
        let error = name.parse::<Format>().expect_err(name).to_string();
        assert!(error.contains("write af<bits>_<exponent bits>"), "`{name}`: {error}");
    }
    for name in ["af8_0", "af8_5", "af8_7", "af3_1", "af4_3", "af9_3", "af16_4", "af8_4294967295"] {
        let error = name.parse::<Format>().expect_err(name).to_string();
        assert!(error.contains("4 to 8 bits"), "`{name}`: {error}");
    }
    for name in ["q0.8", "q3.6", "q8.16", "q4294967295.1", "q1.4294967295", "q12.12"] {
        let error = name.parse::<Format>().expect_err(name).to_string();
        assert!(error.contains("add up to 8 or 16"), "`{name}`: {error}");
    }
}

#[test]
fn accumulators_hold_as_many_products_as_the_specification_says() {
    let af = Format::AF8_3;
    assert_eq!(af.product_bits(), 25);
    assert_eq!(af.exact_products(32), 136);
    assert_eq!(af.sum_bits(136), 32);
    assert_eq!(af.sum_bits(137), 33);
    assert_eq!(af.sum_bits(3072), 37);
    assert_eq!(Format::Q3_5.product_bits(), 16, "−128 × −128 = 2^14 needs the sixteenth bit");
    assert_eq!(Format::Q3_13.product_bits(), 32);
    assert_eq!(Format::Q3_13.sum_bits(3072), 43);
}

#[test]
fn the_width_of_a_sum_and_the_length_of_a_sum_are_inverse() {
    for format in every_format() {
        let largest = i128::from(format.max_significand()).pow(2);
        for bits in format.product_bits()..=60 {
            let products = format.exact_products(bits);
            assert!(largest * i128::from(products) < 1 << (bits - 1), "{format}, {bits} bits hold {products} products");
            assert!(largest * i128::from(products + 1) >= 1 << (bits - 1), "{format}, {bits} bits hold more");
            assert!(format.sum_bits(products) <= bits && format.sum_bits(products + 1) > bits, "{format}, {bits} bits");
        }
        assert_eq!(format.sum_bits(1), format.product_bits());
        assert_eq!(format.exact_products(format.product_bits() - 1), 0);
    }
}

#[test]
fn the_largest_significand_is_the_largest_of_all_codes() {
    for format in every_format() {
        let largest = (0..1u32 << format.bits()).map(|code| format.significand(code as u16).abs()).max();
        assert_eq!(largest, Some(format.max_significand()), "{format}");
    }
}

#[test]
fn zero_has_two_codes_in_adaptiv_float_and_one_in_fixed_point() {
    for format in every_format() {
        let zeros: Vec<u16> = (0..1u32 << format.bits()).map(|c| c as u16).filter(|&c| format.is_zero(c)).collect();
        match format {
            Format::AdaptivFloat(_) => assert_eq!(zeros, [0, 1 << (format.bits() - 1)], "{format}"),
            Format::Fixed(_) => assert_eq!(zeros, [0], "{format}"),
        }
    }
}

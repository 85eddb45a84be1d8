//! Scales, biases, shifts and the bounds that they keep.
#![allow(missing_docs)]

mod common;

use alberti_arith::Format;
use alberti_model::{
    Linear, Matrix, Metrics, ProcessingUnitTarget,
    calibration::LayerRange,
    quantise::{InputRule, Rules, channel_shifts, quantise, quantise_by},
};
use common::{Numbers, PLAIN, pu16, quantised, range_of};

fn linear(rows: usize, cols: usize, data: &[f32], bias: &[f32]) -> Linear {
    Linear { weight: Matrix { rows, cols, data: data.to_vec() }, bias: bias.to_vec() }
}

fn range(channel_max: &[f32], output_max: f32) -> LayerRange {
    LayerRange { channel_max: channel_max.to_vec(), output_max }
}

#[test]
fn each_output_has_the_scale_of_its_largest_weight_and_none_below_the_lowest() {
    let weights = [1.0, -0.3, 0.26, 0.1, 1e-7, -1e-8, 0.0, 0.0];
    let layer = quantise("l", &linear(4, 2, &weights, &[0.0; 4]), &range(&[1.0, 3.0], 5.0), PLAIN, &pu16())
        .expect("a layer that fits");
    // ⌊log2 max⌋ − 7; at least −16; an output of zeros takes the matrix's.
    assert_eq!(layer.weight_scale, [-7, -9, -16, -7]);
    assert_eq!(layer.activation_scale, 1 - 7);
    assert_eq!(layer.result_scale, 2 - 7);
    // s_j = 8 − b_a − b_w.
    assert_eq!(layer.sum_scale(1), 8 + 6 + 9);
    assert_eq!(layer.requantise_shift[1], 23 - 5);
    assert_eq!(&layer.weight.data[6..], [0, 0]);
}

#[test]
fn the_bias_is_an_integer_at_the_scale_of_the_sums() {
    let layer = quantise("l", &linear(2, 1, &[1.0, 0.5], &[1.5, -0.1]), &range(&[1.0], 2.0), PLAIN, &pu16())
        .expect("a layer that fits");
    for (j, bias) in [1.5f64, -0.1].into_iter().enumerate() {
        let exact = bias * f64::from(layer.sum_scale(j)).exp2();
        assert!((layer.bias[j] as f64 - exact).abs() <= 0.5);
    }
}

#[test]
fn a_bias_past_32_bits_makes_the_scale_of_its_output_coarser() {
    let two = linear(2, 1, &[1e-6, 1.0], &[100.0, 0.5]);
    let layer = quantise("l", &two, &range(&[0.01], 1.0), PLAIN, &pu16()).expect("a layer that fits");
    // s would be 8 + 14 + 16, and 100·2^38 < 2^45: 14 bits less.
    assert_eq!((layer.sum_scale(0), layer.bias[0]), (38 - 14, 100 << 24));
    assert_eq!(layer.requantise_shift[0] - layer.requantise_shift[1], layer.sum_scale(0) - layer.sum_scale(1));
    // The other output is as it is by itself.
    let one = quantise("l", &linear(1, 1, &[1.0], &[0.5]), &range(&[0.01], 1.0), PLAIN, &pu16()).expect("a layer");
    assert_eq!(
        (layer.weight_scale[1], layer.bias[1], layer.weight.data[1]),
        (one.weight_scale[0], one.bias[0], one.weight.data[0])
    );
    // The most and the least that 32 bits hold stay.
    let ends = [1.0 - f32::EPSILON, -1.0].map(|bias| {
        let layer = quantise("l", &linear(1, 1, &[1.9], &[bias * 512.0]), &range(&[1.9], 1.0), PLAIN, &pu16());
        layer.expect("a layer that fits").sum_scale(0)
    });
    assert_eq!(ends, [22, 22]);
    let rules = Rules { wide_bias: true, ..Rules::default() };
    let target = ProcessingUnitTarget { accumulator_bits: 48, ..pu16() };
    let layer = quantise_by("l", &linear(1, 1, &[1e-6], &[100.0]), &range(&[0.01], 1.0), PLAIN, &target, &rules);
    assert_eq!(layer.expect("as wide as the accumulator").bias, [100 << 38]);
}

#[test]
fn the_static_bound_is_exact_and_guards_the_accumulator() {
    // 100 weights of the largest significand, against activations of the same: 100·3968² < 2^31.
    let weights = vec![1.9375; 100];
    let mut target = pu16();
    target.accumulator_bits = 32;
    let narrow = linear(1, 100, &weights, &[0.0]);
    let layer = quantise("l", &narrow, &range(&[1.0; 100], 1.0), PLAIN, &target).expect("a layer that fits");
    assert_eq!(layer.static_bits, 32);
    let wide = linear(2, 137, &[vec![0.0; 137], vec![1.9375; 137]].concat(), &[0.0; 2]);
    let error = quantise("layer.3.output", &wide, &range(&[1.0; 137], 1.0), PLAIN, &target).expect_err("an overflow");
    assert_eq!(error.code().as_str(), "AE0709");
    let bound = 137u64 * 3968 * 3968;
    assert_eq!(
        error.to_string(),
        format!(
            "layer.3.output: the accumulator can overflow: the sum of output 1 can reach {bound}, which needs 33 bits, it has 32"
        )
    );
    assert_eq!(error.help(), "set accumulator_bits to 33");
}

#[test]
fn a_shift_past_the_port_is_an_error() {
    let error = quantise("l", &linear(1, 1, &[1e-5], &[0.0]), &range(&[1e-9], 1e9), PLAIN, &pu16())
        .expect_err("a shift out of range");
    assert_eq!(error.code().as_str(), "AE0710", "{error}");
}

#[test]
fn a_calibration_of_another_layer_is_refused() {
    let result = quantise("l", &linear(1, 2, &[1.0, 1.0], &[0.0]), &range(&[1.0], 1.0), PLAIN, &pu16());
    assert_eq!(result.map_err(|e| e.code().as_str()), Err("AE0711"));
}

#[test]
fn outlier_channels_are_shifted_by_their_distance_from_the_usual_at_most_3() {
    let mut channel_max = vec![1.5; 18];
    channel_max.extend([7.0, 100.0]);
    let shifts = channel_shifts(&channel_max);
    assert_eq!(&shifts[..18], [0; 18]);
    assert_eq!(&shifts[18..], [2, 3]);
    assert_eq!(channel_shifts(&[0.0; 5]), [0; 5]);
    assert!(channel_shifts(&[]).is_empty());
}

#[test]
fn channel_shifts_leave_the_sums_where_they_were_and_refine_the_rest() {
    let mut numbers = Numbers::new(3);
    let mut input = numbers.matrix(40, 64, 0.0);
    for r in 0..40 {
        input.row_mut(r)[5] *= 900.0;
    }
    let weight = numbers.matrix(24, 64, 0.0);
    let linear = Linear { weight, bias: vec![0.25; 24] };
    let exact = alberti_model::reference::linear(&linear, &input);
    let error = |channel_shifts| {
        let rule = InputRule { channel_shifts, clipped_octaves: 0 };
        let layer =
            quantise("l", &linear, &range_of(&input, exact.max_magnitude()), rule, &pu16()).expect("a layer that fits");
        let activations = layer.activations(&input).expect("its own inputs");
        Metrics::between(&layer.sum_values(&layer.sums(&activations).expect("its own inputs")), &exact)
    };
    let (with, without) = (error(true), error(false));
    assert!(with.relative_rms < 0.03, "{with}");
    assert!(with.max_abs.is_finite() && with.relative_rms <= without.relative_rms, "{with} against {without}");
}

#[test]
fn integer_results_are_near_f32_in_every_format() {
    let mut numbers = Numbers::new(11);
    let (input, weight) = (numbers.matrix(30, 96, 0.1), numbers.matrix(40, 96, 0.1));
    for (operand, result, bits, worst) in [
        (Format::AF8_3, Format::AF8_3, 37, 0.03),
        (Format::AF8_3, "q8.8".parse().expect("a format"), 37, 0.03),
        (Format::Q3_5, Format::Q3_5, 24, 0.02),
        (Format::Q3_13, Format::Q3_13, 40, 0.000_2),
    ] {
        let mut target = pu16();
        (target.operand, target.result, target.accumulator_bits) = (operand, result, bits);
        let layer = quantised(weight.clone(), &input, &target);
        let bias = (0..40).map(|j| j as f32 / 40.0 - 0.5).collect();
        let exact = alberti_model::reference::linear(&Linear { weight: weight.clone(), bias }, &input);
        let results = layer.results(&layer.activations(&input).expect("its own inputs")).expect("its own inputs");
        let metrics = Metrics::between(&layer.values(&results), &exact);
        assert!(metrics.relative_rms < worst, "{operand} to {result}: {metrics}");
        assert!(layer.static_bits <= bits);
    }
}

#[test]
fn activations_of_another_width_are_refused() {
    let layer = quantised(Numbers::new(1).matrix(4, 8, 0.0), &Matrix::zeros(2, 8), &pu16());
    assert_eq!(layer.activations(&Matrix::zeros(2, 9)).map_err(|e| e.code().as_str()), Err("AE0711"));
}

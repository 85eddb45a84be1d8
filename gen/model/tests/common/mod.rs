//! What several tests share.
#![allow(dead_code, missing_docs)]

pub mod encoders;

use alberti_arith::{Activation, Format};
use alberti_model::{
    BlockSparsity, Capacity, Linear, Matrix, ProcessingUnitTarget,
    calibration::LayerRange,
    demo::Model,
    quantise::{InputRule, QuantisedLinear, quantise},
};
use std::path::PathBuf;

/// The folder of the trained model, from `ALBERTI_MODEL` or where `make model` puts it.
pub fn model_folder() -> PathBuf {
    let folder = std::env::var_os("ALBERTI_MODEL").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../build/models/minilm")),
        PathBuf::from,
    );
    assert!(
        folder.join("model.safetensors").is_file(),
        "{} holds no model.safetensors: run `make model` first, or set ALBERTI_MODEL",
        folder.display()
    );
    folder
}

pub fn model() -> Model {
    Model::load(&model_folder()).expect("the trained model loads")
}

/// The processing unit of `designs/pu16.yaml`, with memories that hold any layer.
pub fn pu16() -> ProcessingUnitTarget {
    ProcessingUnitTarget {
        n: 16,
        operand: Format::AF8_3,
        result: Format::AF8_3,
        accumulator_bits: 37,
        accumulator_rows: 128,
        reduction_max: 3072,
        block: None,
        activation: Activation::Identity.into(),
        capacity: Capacity { weight: 1 << 20, activation: 1 << 18, result: 1 << 18 },
    }
}

pub fn block(nonzeros: usize) -> BlockSparsity {
    BlockSparsity::new(nonzeros, 2 * nonzeros).expect("blocks that can be built")
}

/// Repeatable numbers.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Uniform within −1..1.
    pub fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// A matrix in which a share of the elements is zero.
    pub fn matrix(&mut self, rows: usize, cols: usize, zeros: f32) -> Matrix {
        let data = (0..rows * cols)
            .map(|_| (self.next(), self.next()))
            .map(|(coin, x)| if (coin + 1.0) / 2.0 < zeros { 0.0 } else { x });
        Matrix { rows, cols, data: data.collect() }
    }
}

pub fn range_of(input: &Matrix, output_max: f32) -> LayerRange {
    let channel = |c: usize| (0..input.rows).fold(0.0f32, |max, r| max.max(input.row(r)[c].abs()));
    LayerRange { channel_max: (0..input.cols).map(channel).collect(), output_max }
}

pub const PLAIN: InputRule = InputRule { channel_shifts: false, clipped_octaves: 0 };

/// A quantised layer of these weights, each output with its own bias.
pub fn quantised(weight: Matrix, input: &Matrix, target: &ProcessingUnitTarget) -> QuantisedLinear {
    let bias = (0..weight.rows).map(|j| j as f32 / 40.0 - 0.5).collect();
    let output_max = (weight.cols as f32).sqrt();
    quantise("test", &Linear { weight, bias }, &range_of(input, output_max), PLAIN, target).expect("a layer that fits")
}

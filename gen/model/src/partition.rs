//! How much memory of each kind an accelerator for several tasks needs, by what of the model lies where.
//!
//! ```text
//! RRAM: w stored weights, a share s of them zero, in a format of b bits:
//!       w bits of masks in single-level cells, w·(1 − s)·b bits of values in cells of several bits
//! SRAM: parameters of the current task, dense, and activations
//! ```
//!
//! Two partitions are compared. **Backbone**: embeddings, attention and feed-forward nets are shared by all
//! tasks and lie in RRAM; adapters, layer norms and the classifier belong to a task and lie in SRAM.
//! **Embeddings**: a plain ALBERT that is trained whole for each task; its embeddings alone are shared and
//! lie in RRAM, its encoder lies in SRAM, pruned and encoded with its mask beside it.

use crate::ModelError;
use serde::Serialize;

/// The shape of an ALBERT encoder with adapters: one layer, which all layers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Token ids.
    pub vocabulary: u64,
    /// Width of an embedding, before its projection to `hidden`.
    pub embedding: u64,
    /// Width of the residual stream.
    pub hidden: u64,
    /// Width of the feed-forward net.
    pub feed_forward: u64,
    /// Longest sequence.
    pub positions: u64,
    /// Segment types.
    pub segments: u64,
    /// Width b of both adapters of a layer; 0 for none.
    pub adapter: u64,
    /// Classes of a task.
    pub classes: u64,
    /// Tokens that are worked on at once.
    pub tokens: u64,
}

impl Shape {
    /// ALBERT-base with adapters of 64, 128 tokens, two classes.
    pub const ALBERT_BASE: Self = Self {
        vocabulary: 30_000,
        embedding: 128,
        hidden: 768,
        feed_forward: 3072,
        positions: 512,
        segments: 2,
        adapter: 64,
        classes: 2,
        tokens: 128,
    };

    /// Numbers of parameters.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        let (e, h, f, b) = (self.embedding, self.hidden, self.feed_forward, self.adapter);
        let tables = (self.vocabulary + self.positions + self.segments) * e;
        Parameters {
            // The norm over the sum of the embeddings is as wide as they are.
            embeddings: tables + e * h + h,
            transformer: 4 * (h * h + h) + (h * f + f) + (f * h + h),
            pooler: h * h + h,
            adapters: if b == 0 { 0 } else { 2 * (2 * h * b + b + h) },
            norms: 2 * e + 2 * 2 * h,
            classifier: h * self.classes + self.classes,
        }
    }

    /// Elements of the largest set of activations that are needed at once: a feed-forward net's hidden layer,
    /// what comes of it, and the residual beside it.
    #[must_use]
    pub const fn activations(&self) -> u64 {
        self.tokens * (self.feed_forward + 2 * self.hidden)
    }
}

/// Numbers of parameters, biases included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// Tables of words, positions and segments, and the projection to the hidden width.
    pub embeddings: u64,
    /// Attention and feed-forward net of the one layer.
    pub transformer: u64,
    /// The dense layer before the classifier.
    pub pooler: u64,
    /// Both adapters.
    pub adapters: u64,
    /// Gains and offsets.
    pub norms: u64,
    /// The classifier.
    pub classifier: u64,
}

impl Parameters {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.embeddings + self.transformer + self.pooler + self.adapters + self.norms + self.classifier
    }

    /// Those that a task trains where the backbone is frozen.
    #[must_use]
    pub const fn trainable(&self) -> u64 {
        self.adapters + self.norms + self.classifier
    }
}

/// What lies in RRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Embeddings and transformer.
    Backbone,
    /// Embeddings alone; no adapters.
    Embeddings,
}

/// Shares of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sparsity {
    /// Of the embeddings.
    pub embeddings: f64,
    /// Of the transformer and the pooler.
    pub transformer: f64,
}

/// Bits of each kind of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// Masks, in RRAM of one bit a cell.
    pub slc_bits: u64,
    /// Values, in RRAM of several bits a cell.
    pub mlc_bits: u64,
    /// Parameters of the current task in SRAM.
    pub task_sram_bits: u64,
    /// Activations in SRAM.
    pub activation_sram_bits: u64,
    /// What a change of tasks loads.
    pub switch_bits: u64,
}

impl Needed {
    /// All SRAM.
    #[must_use]
    pub const fn sram_bits(&self) -> u64 {
        self.task_sram_bits + self.activation_sram_bits
    }
}

/// The memory that a partition needs with numbers of `bits` bits.
///
/// # Errors
/// AE0707 when a share of zeros is not within 0..=1.
pub fn needed(shape: &Shape, split: Split, sparsity: Sparsity, bits: u64) -> Result<Needed, ModelError> {
    for share in [sparsity.embeddings, sparsity.transformer] {
        if !(0.0..=1.0).contains(&share) {
            return Err(ModelError::Sparsity(format!("a sparsity of {share}: it must lie within 0 to 1")));
        }
    }
    let shape = match split {
        Split::Backbone => *shape,
        Split::Embeddings => Shape { adapter: 0, ..*shape },
    };
    let p = shape.parameters();
    let kept = |count: u64, share: f64| count - (share * count as f64 + 0.5).floor() as u64;
    let values = |count, share| kept(count, share) * bits;
    let embeddings = values(p.embeddings, sparsity.embeddings);
    let encoder = p.transformer + p.pooler;
    let encoder_values = values(encoder, sparsity.transformer);
    let activation_sram_bits = shape.activations() * bits;
    let dense = p.trainable() * bits;
    Ok(match split {
        Split::Backbone => Needed {
            slc_bits: p.embeddings + encoder,
            mlc_bits: embeddings + encoder_values,
            task_sram_bits: dense,
            activation_sram_bits,
            switch_bits: dense,
        },
        Split::Embeddings => Needed {
            slc_bits: p.embeddings,
            mlc_bits: embeddings,
            task_sram_bits: encoder + encoder_values + dense,
            activation_sram_bits,
            switch_bits: encoder + encoder_values + dense,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(number: u64, paper: f64, within: f64) {
        assert!((number as f64 / paper - 1.0).abs() < within, "{number}, the paper has {paper}");
    }

    #[test]
    fn parameters_are_those_of_the_paper() {
        let albert = Shape { adapter: 0, ..Shape::ALBERT_BASE }.parameters();
        near(albert.total(), 11.6e6, 0.01);
        // Shares of all parameters: the paper has 39.9 % embeddings and about 60 % transformer. The layer is
        // that; the embeddings come near only with the pooler counted to them.
        let share = |count: u64| 100.0 * count as f64 / albert.total() as f64;
        assert!((share(albert.transformer) - 60.0).abs() < 1.0, "{}", share(albert.transformer));
        assert!((share(albert.embeddings) - 34.3).abs() < 0.1, "{}", share(albert.embeddings));
        assert!((share(albert.embeddings + albert.pooler) - 39.9).abs() < 0.7);
        let with = |adapter| Shape { adapter, ..Shape::ALBERT_BASE }.parameters();
        near(with(64).total(), 11.88e6, 0.01);
        near(with(32).total(), 11.77e6, 0.01);
        near(with(128).total(), 12.06e6, 0.01);
        // Trainable: 200.4 K at 64, 100 to 400 K.
        near(with(64).trainable(), 200.4e3, 0.02);
        near(with(32).trainable(), 100e3, 0.06);
        near(with(128).trainable(), 400e3, 0.01);
    }

    #[test]
    fn a_frozen_backbone_moves_the_encoder_from_sram_to_rram() {
        let half = Sparsity { embeddings: 0.5, transformer: 0.5 };
        let bytes = |split, bits| needed(&Shape::ALBERT_BASE, split, half, bits).expect("shares");
        for bits in [32, 16, 8] {
            let (backbone, embeddings) = (bytes(Split::Backbone, bits), bytes(Split::Embeddings, bits));
            assert!(backbone.switch_bits * 15 < embeddings.switch_bits);
            assert!(backbone.sram_bits() < embeddings.sram_bits() && backbone.mlc_bits > embeddings.mlc_bits);
            assert_eq!(backbone.slc_bits, bytes(Split::Backbone, 32).slc_bits, "masks do not depend on the format");
        }
        assert_eq!(bytes(Split::Backbone, 16).mlc_bits, 2 * bytes(Split::Backbone, 8).mlc_bits);
        // A dense model has all of its values, and its masks say so.
        let none = Sparsity { embeddings: 0.0, transformer: 0.0 };
        let dense = needed(&Shape::ALBERT_BASE, Split::Backbone, none, 8).expect("shares");
        assert_eq!(dense.mlc_bits, 8 * dense.slc_bits);
        let wrong = Sparsity { embeddings: 1.1, transformer: 0.0 };
        assert_eq!(
            needed(&Shape::ALBERT_BASE, Split::Backbone, wrong, 8).map_err(|e| e.code().as_str()),
            Err("AE0707")
        );
    }
}

//! What the f32 encoder hands to the units.

use crate::{
    Matrix, ModelError, Site,
    checkpoint::{Norm, linear_name},
    demo::Model,
    layer_names,
    quantise::{InputRule, input_scaling},
    reference::{self, Forward},
    sentence::Tokens,
};
use alberti_arith::Format;

/// A model's forward passes.
pub struct Passes<'a> {
    /// The model.
    pub model: &'a Model,
    /// One a sentence.
    pub all: Vec<Pass>,
}

/// One sentence's.
pub struct Pass {
    /// word + position + type, tokens × channels of the embeddings.
    embedding_sum: Matrix,
    forward: Forward,
}

/// A layer norm of the encoder.
pub struct NormSite<'a> {
    /// γ and β.
    pub norm: &'a Norm,
    /// Its inputs, tokens × hidden, sentence by sentence.
    pub inputs: Vec<Matrix>,
    /// Channel shifts and exponent bias of its codes; none after the last layer, where no linear layer reads
    /// it.
    pub codes: Option<(Vec<u8>, i32)>,
}

/// The operands of a residual add, both tokens × hidden.
pub struct Residual<'a> {
    /// What goes around the linear layers.
    pub stream: &'a Matrix,
    /// What comes out of them.
    pub update: &'a Matrix,
}

impl<'a> Passes<'a> {
    /// Runs the sentences.
    ///
    /// # Errors
    /// AE0705 when one does not fit the model.
    pub fn run(model: &'a Model, sentences: &[Tokens]) -> Result<Self, ModelError> {
        let one = |tokens: &Tokens| {
            let forward = model.read(tokens)?;
            Ok(Pass { embedding_sum: reference::embedding_sum(&model.checkpoint, tokens.into()), forward })
        };
        Ok(Self { model, all: sentences.iter().map(one).collect::<Result<_, ModelError>>()? })
    }

    /// Tokens of all sentences.
    pub fn tokens(&self) -> usize {
        self.all.iter().map(Pass::tokens).sum()
    }

    /// Encoder layers that are passed, as often as they are where some share weights.
    pub fn layers(&self) -> usize {
        self.model.checkpoint.config.num_hidden_layers
    }

    /// Channel shifts and bias of the AF<8,3> codes that enter a linear layer of a layer that is passed, from
    /// calibration.
    pub fn scaling(&self, layer: usize, site: Site) -> Option<(Vec<u8>, i32)> {
        if layer >= self.layers() {
            return None;
        }
        self.scaling_of(&linear_name(self.model.checkpoint.index(layer), site), site)
    }

    fn scaling_of(&self, name: &str, site: Site) -> Option<(Vec<u8>, i32)> {
        let range = self.model.calibration.range(name)?;
        Some(input_scaling(Format::AF8_3, &range.channel_max, InputRule::for_site(site)))
    }

    /// Every layer norm, first to last: the embedding's, then two a layer.
    pub fn norms(&self) -> Vec<NormSite<'a>> {
        let checkpoint = &self.model.checkpoint;
        let mut norms = vec![NormSite {
            norm: &checkpoint.embeddings.norm,
            inputs: self.all.iter().map(|pass| pass.embedding_sum.clone()).collect(),
            // Its rows are as wide as the embeddings: what widens them reads them.
            codes: match checkpoint.projection {
                Some(_) => self.scaling_of(layer_names::PROJECTION, Site::Query),
                None => self.scaling(0, Site::Query),
            },
        }];
        for index in 0..self.layers() {
            let layer = &checkpoint.layers[checkpoint.index(index)];
            let sums = |half: fn(&Pass, usize) -> Residual| {
                self.all.iter().map(|pass| half(pass, index).sum()).collect::<Vec<_>>()
            };
            norms.push(NormSite {
                norm: &layer.attention_norm,
                inputs: sums(Pass::attention_residual),
                codes: self.scaling(index, Site::Intermediate),
            });
            norms.push(NormSite {
                norm: &layer.output_norm,
                inputs: sums(Pass::output_residual),
                codes: self.scaling(index + 1, Site::Query),
            });
        }
        norms
    }
}

impl Pass {
    /// Tokens of the sentence.
    pub fn tokens(&self) -> usize {
        self.embedding_sum.rows
    }

    fn input(&self, layer: usize, site: Site) -> &Matrix {
        &self.forward.traces[layer * Site::ALL.len() + site as usize].input
    }

    fn output(&self, layer: usize, site: Site) -> &Matrix {
        &self.forward.traces[layer * Site::ALL.len() + site as usize].output
    }

    /// A row of attention scores in base 2, `log2(e)/√d·q·k` over the tokens: what the folded Wq makes of
    /// them.
    pub fn scores(&self, layer: usize, heads: usize, head: usize, token: usize) -> Vec<f64> {
        let (q, k) = (self.output(layer, Site::Query), self.output(layer, Site::Key));
        let width = q.cols / heads;
        let span = head * width..(head + 1) * width;
        let scale = std::f64::consts::LOG2_E / (width as f64).sqrt();
        let query = &q.row(token)[span.clone()];
        let dot = |key: &[f32]| query.iter().zip(key).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum::<f64>();
        (0..k.rows).map(|t| scale * dot(&k.row(t)[span.clone()])).collect()
    }

    /// Before the activation, tokens × inner.
    pub fn pre_activations(&self, layer: usize) -> &Matrix {
        self.output(layer, Site::Intermediate)
    }

    /// Around the attention.
    pub fn attention_residual(&self, layer: usize) -> Residual<'_> {
        Residual { stream: self.input(layer, Site::Query), update: self.output(layer, Site::AttentionOutput) }
    }

    /// Around the feed-forward net.
    pub fn output_residual(&self, layer: usize) -> Residual<'_> {
        Residual { stream: self.input(layer, Site::Intermediate), update: self.output(layer, Site::Output) }
    }
}

impl Residual<'_> {
    fn sum(&self) -> Matrix {
        let data = self.stream.data.iter().zip(&self.update.data).map(|(a, b)| a + b).collect();
        Matrix { data, ..*self.stream }
    }
}

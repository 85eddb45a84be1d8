//! The encoder in f32, straight from the paper's equations: what the integers are measured against.

use crate::{
    Checkpoint, Linear, Matrix, ModelError, Site,
    checkpoint::{ModelConfig, Norm, linear_name},
    layer_names,
    sentence::check,
};
use alberti_arith::Activation;
use alberti_golden::encoder::{Sequence, Span};

/// What went into a linear layer and what came out, tokens × channels.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The layer's name.
    pub name: String,
    /// tokens × inputs.
    pub input: Matrix,
    /// tokens × outputs, with the bias, before any activation.
    pub output: Matrix,
}

/// One forward pass.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Every linear layer of the layers that were passed: those of [`Checkpoint::linear_names`] in that
    /// order, again and again where layers share weights. At the end what widens embeddings, where there is
    /// such.
    pub traces: Vec<Trace>,
    /// The residual sums.
    pub sums: Sums,
    /// The last layer's output, tokens × hidden.
    pub hidden: Matrix,
}

/// What layer norms take.
#[derive(Clone, Debug)]
pub struct Sums {
    /// The largest magnitude after the halves of each layer that was passed, two a layer.
    pub magnitudes: Vec<f32>,
    /// The least variance of a row of any layer norm, embeddings among them; rows of equal numbers aside,
    /// which are zeros whatever epsilon is.
    pub least_variance: f32,
}

impl Default for Sums {
    fn default() -> Self {
        Self { magnitudes: Vec::new(), least_variance: f32::INFINITY }
    }
}

impl Sums {
    /// The same for more rows.
    fn normalise(&mut self, x: &mut Matrix, norm: &Norm, epsilon: f32) {
        self.least_variance = self.least_variance.min(layer_norm(x, norm, epsilon));
    }
}

impl Forward {
    /// The trace of a layer.
    #[must_use]
    pub fn trace(&self, name: &str) -> Option<&Trace> {
        self.traces.iter().find(|trace| trace.name == name)
    }

    /// The sentence's embedding: the mean over tokens, scaled to length 1.
    #[must_use]
    pub fn sentence_embedding(&self) -> Vec<f32> {
        mean_embedding(&self.hidden)
    }
}

/// The mean over rows, scaled to length 1.
#[must_use]
pub fn mean_embedding(hidden: &Matrix) -> Vec<f32> {
    let mut sum = vec![0.0f32; hidden.cols];
    for r in 0..hidden.rows {
        sum.iter_mut().zip(hidden.row(r)).for_each(|(sum, x)| *sum += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    sum.iter_mut().for_each(|x| *x /= length);
    sum
}

/// Runs the encoder on one sequence of tokens, none masked.
///
/// # Errors
/// AE0705 when the ids do not fit the checkpoint.
pub fn forward<'a>(checkpoint: &Checkpoint, sequence: impl Into<Sequence<'a>>) -> Result<Forward, ModelError> {
    forward_with(checkpoint, sequence, |_, layer, input| Ok(linear(layer, input)))
}

/// As [`forward`], but every linear layer is computed by `apply` from its name, its weights and its input:
/// how the encoder fares when its GEMMs are pruned or done in integers.
///
/// # Errors
/// AE0705 when the ids do not fit the checkpoint, and those of `apply`.
pub fn forward_with<'a>(
    checkpoint: &Checkpoint,
    sequence: impl Into<Sequence<'a>>,
    mut apply: impl FnMut(&str, &Linear, &Matrix) -> Result<Matrix, ModelError>,
) -> Result<Forward, ModelError> {
    let sequence = sequence.into();
    check(sequence, checkpoint)?;
    let mut sums = Sums::default();
    let mut hidden = embed(checkpoint, sequence, &mut sums);
    let depth = checkpoint.config.num_hidden_layers;
    let mut traces = Vec::with_capacity(Site::ALL.len() * depth + 1);
    let projection = checkpoint.projection.as_ref().map(|projection| {
        let output = linear(projection, &hidden);
        Trace { name: layer_names::PROJECTION.into(), input: std::mem::replace(&mut hidden, output.clone()), output }
    });
    for index in (0..depth).map(|depth| checkpoint.index(depth)) {
        let layer = &checkpoint.layers[index];
        let spans = vec![Span::Whole; checkpoint.config.num_attention_heads];
        let step = |step: Step, input: &Matrix| {
            let Step::Site(site) = step else { return Ok(input.clone()) };
            let name = linear_name(index, site);
            let output = apply(&name, layer.linear(site), input)?;
            traces.push(Trace { name, input: input.clone(), output: output.clone() });
            Ok(output)
        };
        let norm = |half| if half == 0 { &layer.attention_norm } else { &layer.output_norm };
        hidden = encoder_layer(&checkpoint.config, &spans, &hidden, step, norm, &mut sums)?;
    }
    traces.extend(projection);
    Ok(Forward { traces, sums, hidden })
}

/// LN(word + position + type).
pub(crate) fn embed(checkpoint: &Checkpoint, sequence: Sequence, sums: &mut Sums) -> Matrix {
    let mut x = embedding_sum(checkpoint, sequence);
    sums.normalise(&mut x, &checkpoint.embeddings.norm, checkpoint.config.layer_norm_eps);
    x
}

/// word + position + type, tokens × channels, of tokens that fit.
pub(crate) fn embedding_sum(checkpoint: &Checkpoint, sequence: Sequence) -> Matrix {
    let embeddings = &checkpoint.embeddings;
    let mut x = Matrix::zeros(sequence.len(), embeddings.word.cols);
    for (position, [word, place, kind]) in sequence.rows().enumerate() {
        let parts = [embeddings.word.row(word), embeddings.position.row(place), embeddings.token_type.row(kind)];
        for part in parts {
            x.row_mut(position).iter_mut().zip(part).for_each(|(x, part)| *x += part);
        }
    }
    x
}

/// What a caller computes of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// A linear layer.
    Site(Site),
    /// What stands between the dense layer of the first or the second half and its residual sum; with the
    /// input of the half.
    Half(usize, &'a Matrix),
}

/// h = LN(x + attention(x)); LN(h + W₂·act(W₁·h)). `apply` computes the linear layers and what follows the
/// dense ones, `norm` names the layer norm of each half. What is said of both residual sums goes to `sums`.
pub(crate) fn encoder_layer<'a>(
    config: &ModelConfig,
    spans: &[Span],
    x: &Matrix,
    mut apply: impl FnMut(Step, &Matrix) -> Result<Matrix, ModelError>,
    norm: impl Fn(usize) -> &'a Norm,
    sums: &mut Sums,
) -> Result<Matrix, ModelError> {
    let [q, k, v] = [Site::Query, Site::Key, Site::Value].map(|site| apply(Step::Site(site), x));
    let context = attention(&q?, &k?, &v?, spans);
    let mut h = apply(Step::Site(Site::AttentionOutput), &context)?;
    h = apply(Step::Half(0, x), &h)?;
    add(&mut h, x);
    sums.magnitudes.push(h.max_magnitude());
    sums.normalise(&mut h, norm(0), config.layer_norm_eps);
    let mut inner = apply(Step::Site(Site::Intermediate), &h)?;
    activate(config.hidden_act, &mut inner);
    let mut y = apply(Step::Site(Site::Output), &inner)?;
    y = apply(Step::Half(1, &h), &y)?;
    add(&mut y, &h);
    sums.magnitudes.push(y.max_magnitude());
    sums.normalise(&mut y, norm(1), config.layer_norm_eps);
    Ok(y)
}

/// Applies the real function to every element.
pub(crate) fn activate(function: Activation, x: &mut Matrix) {
    x.data.iter_mut().for_each(|x| *x = function.real((*x).into()) as f32);
}

/// `y = x·Wᵀ + b`, tokens × outputs.
#[must_use]
pub fn linear(layer: &Linear, x: &Matrix) -> Matrix {
    /// Outputs that share one read of a row of x.
    const OUTPUTS: usize = 4;
    let mut y = Matrix::zeros(x.rows, layer.weight.rows);
    for from in (0..y.cols).step_by(OUTPUTS) {
        let to = (from + OUTPUTS).min(y.cols);
        for r in 0..x.rows {
            let row = x.row(r);
            for j in from..to {
                y.data[r * layer.weight.rows + j] = dot(row, layer.weight.row(j)) + layer.bias[j];
            }
        }
    }
    y
}

/// Dot product in eight interleaved sums, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// mask·softmax(q·kᵀ/√d)·v, head by head: a span scales probabilities and leaves their sum alone.
fn attention(q: &Matrix, k: &Matrix, v: &Matrix, spans: &[Span]) -> Matrix {
    let heads = spans.len();
    let width = q.cols / heads;
    let scale = (width as f32).sqrt().recip();
    let mut context = Matrix::zeros(q.rows, q.cols);
    for (head, seen) in spans.iter().enumerate() {
        let span = head * width..(head + 1) * width;
        for r in 0..q.rows {
            let mut scores: Vec<f32> =
                (0..k.rows).map(|t| dot(&q.row(r)[span.clone()], &k.row(t)[span.clone()]) * scale).collect();
            softmax(&mut scores);
            for (t, p) in scores.iter().enumerate() {
                let p = p * seen.share(t.abs_diff(r));
                let out = &mut context.row_mut(r)[span.clone()];
                out.iter_mut().zip(&v.row(t)[span.clone()]).for_each(|(out, v)| *out += p * v);
            }
        }
    }
    context
}

fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|x| *x /= sum);
}

pub(crate) fn add(x: &mut Matrix, other: &Matrix) {
    x.data.iter_mut().zip(&other.data).for_each(|(x, other)| *x += other);
}

/// LN(x + y).
pub(crate) fn normalised_sum(x: &Matrix, y: &Matrix, norm: &Norm, epsilon: f32) -> Matrix {
    let mut sum = x.clone();
    add(&mut sum, y);
    layer_norm(&mut sum, norm, epsilon);
    sum
}

/// γ·(x − mean)/√(variance + ε) + β, row by row; gives the least variance that is not zero.
fn layer_norm(x: &mut Matrix, norm: &Norm, epsilon: f32) -> f32 {
    let (width, mut least) = (x.cols as f32, f32::INFINITY);
    for row in x.data.chunks_exact_mut(x.cols) {
        let mean = row.iter().sum::<f32>() / width;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / width;
        if variance > 0.0 {
            least = least.min(variance);
        }
        let scale = (variance + epsilon).sqrt().recip();
        for ((x, gain), offset) in row.iter_mut().zip(&norm.gain).zip(&norm.offset) {
            *x = (*x - mean) * scale * gain + offset;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_product_counts_the_elements_past_the_last_chunk() {
        let a: Vec<f32> = (0..19).map(|i| i as f32).collect();
        assert_eq!(dot(&a, &a), (0..19).map(|i| (i * i) as f32).sum::<f32>());
    }
}

//! What faults in a layer's stored weights do to its results.
//!
//! ```text
//! weights ─▶ records ─▶ cells ─▶ faults ─▶ cells read ─▶ records decoded ─▶ weights' ─▶ results', against results
//! ```
//!
//! Activations are those of a sentence, results those of the golden model: integers throughout, so that a
//! trial without faults differs in nothing. What is the same in all trials is done once, and only records
//! that a fault touches are decoded again.

use super::{
    draw::Draws,
    memory::{FaultSite, Settings, Stress, faulty},
};
use crate::{Matrix, Metrics, ModelError, demo::Gemm, quantise::QuantisedLinear};
use alberti_arith::{Format, requantize, wrap};
use alberti_golden::{
    Image, Packed, Pointer, activation, secded,
    storage::{Cut, Encoded, RecordKind, RecordLayout},
};
use serde::{Deserialize, Deserializer, Serialize};
use std::{borrow::Cow, collections::BTreeSet};

/// What a trial is about.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// Where faults are.
    pub site: FaultSite,
    /// How the weights lie.
    pub kind: RecordKind,
    /// How often cells err.
    pub stress: &'a Stress,
}

/// What became of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Cosine of its results to those without faults.
    pub cosine: f64,
    /// √(Σ(x − e)² / Σe²), e without faults. JSON has no infinity: null stands for it.
    #[serde(deserialize_with = "or_infinite")]
    pub relative_rms: f64,
    /// Bits read wrong, before any correction.
    pub wrong_bits: u64,
    /// Weights that are others than they were.
    pub wrong_weights: u64,
    /// Masks that showed an error, in the records that faults touch.
    pub mask_errors: u64,
    /// Mask words corrected.
    pub corrected_words: u64,
    /// Mask words found wrong that could not be corrected.
    pub detected_words: u64,
}

fn or_infinite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

/// Layers with their weights stored in some layouts.
#[derive(Clone, Debug)]
pub struct Campaign {
    settings: Settings,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    linear: QuantisedLinear,
    /// Inputs × tokens.
    activations: Vec<i64>,
    /// Outputs × tokens.
    sums: Vec<i64>,
    /// Outputs × tokens.
    results: Matrix,
    stored: Vec<Stored>,
}

#[derive(Clone, Debug)]
struct Stored {
    cut: Cut,
    layout: RecordLayout,
    encoded: Encoded,
    values: Packed,
    /// The same values as words of n codes.
    value_words: Image,
    /// The mask memory, with check bits where it has them.
    mask_words: Image,
    code: Option<secded::Code>,
}

impl Campaign {
    /// Stores the weights of layers in each layout.
    ///
    /// # Errors
    /// AE0711 when a layer cannot be stored so, AE0712 when its values are more than the memory holds.
    pub fn new(gemms: &[Gemm], kinds: &[RecordKind], settings: Settings) -> Result<Self, ModelError> {
        let layers = gemms.iter().map(|gemm| Layer::new(gemm, kinds, &settings)).collect::<Result<_, _>>()?;
        Ok(Self { settings, layers })
    }

    /// Runs one trial: an outcome for each layer. The same trial draws the same numbers at every point.
    ///
    /// # Errors
    /// AE0711 when the point's layout was not asked for, or its cells are others than the settings'.
    pub fn trial(&self, point: Point<'_>, trial: u64) -> Result<Vec<Outcome>, ModelError> {
        let layers = self.layers.len() as u64;
        let run = |(number, layer): (usize, &Layer)| {
            // One stream for the values and one for the masks.
            let stream = 2 * (trial * layers + number as u64);
            layer.run(point, &self.settings, [stream, stream + 1])
        };
        self.layers.iter().enumerate().map(run).collect()
    }
}

impl Layer {
    fn new(gemm: &Gemm, kinds: &[RecordKind], settings: &Settings) -> Result<Self, ModelError> {
        let linear = &gemm.linear;
        let tokens = gemm.activations.rows;
        let (needed, available) =
            (linear.weight.data.iter().filter(|&&w| !linear.operand.is_zero(w)).count(), settings.capacity);
        if needed > available {
            return Err(ModelError::Capacity { layer: linear.name.clone(), memory: "weight", needed, available });
        }
        let by_token = linear.sums(&gemm.activations)?;
        let outputs = linear.weight.rows;
        let mut layer = Self {
            activations: transposed(tokens, gemm.activations.cols, |i| {
                linear.operand.significand(gemm.activations.data[i])
            }),
            sums: transposed(tokens, outputs, |i| by_token[i]),
            results: Matrix::zeros(outputs, tokens),
            stored: Vec::new(),
            linear: linear.clone(),
        };
        for output in 0..outputs {
            let row = layer.results(output, &layer.sums[output * tokens..][..tokens])?;
            layer.results.row_mut(output).copy_from_slice(&row);
        }
        for &kind in kinds {
            let stored = Stored::new(linear, kind, settings);
            layer.stored.push(stored.map_err(|error| misfit(&linear.name, &error))?);
        }
        Ok(layer)
    }

    /// Results of one output, all tokens, from its sums.
    fn results(&self, output: usize, sums: &[i64]) -> Result<Vec<f32>, ModelError> {
        let l = &self.linear;
        let shifts = vec![l.requantise_shift[output]; sums.len()];
        let row = activation::row(l.function, l.accumulator_bits, sums, &shifts, l.activation_shift);
        let row = row.map_err(|error| misfit(&l.name, &error))?;
        let codes = row.sums.iter().zip(&row.shifts).map(|(&sum, &shift)| requantize(l.result, sum, shift));
        Ok(codes.map(|code| l.result.value(code, l.result_scale) as f32).collect())
    }

    fn run(&self, point: Point<'_>, settings: &Settings, streams: [u64; 2]) -> Result<Outcome, ModelError> {
        let Some(stored) = self.stored.iter().find(|stored| stored.cut.kind == point.kind) else {
            return Err(ModelError::Shape(format!("{}: not stored as {:?}", self.linear.name, point.kind)));
        };
        let read = stored.read(point, self.linear.operand, settings, streams)?;
        let mut outcome = Outcome { cosine: 1.0, relative_rms: 0.0, ..read.outcome };
        if read.records.is_empty() {
            return Ok(outcome);
        }
        let mut weights = self.linear.weight.data.clone();
        for &record in &read.records {
            let decoded = stored.layout.decode(&read.masks, 0, &read.values, record);
            let decoded = decoded.map_err(|error| misfit(&self.linear.name, &error))?;
            outcome.mask_errors += decoded.mask_errors;
            stored.cut.place(stored.layout.masks(), record, &decoded.vectors, &mut weights);
        }
        let (results, wrong) = self.multiply(&weights)?;
        outcome.wrong_weights = wrong;
        let metrics = Metrics::between(&results, &self.results);
        (outcome.cosine, outcome.relative_rms) = (metrics.cosine, metrics.relative_rms);
        Ok(outcome)
    }

    /// The results with other weights, and how many those are: what changes is added to the sums that there
    /// were, and a sum wraps at the end as it does in every step.
    fn multiply(&self, weights: &[u16]) -> Result<(Matrix, u64), ModelError> {
        let (inputs, tokens) = (self.linear.weight.cols, self.results.cols);
        let significand = |code| self.linear.operand.significand(code);
        let (mut results, mut wrong) = (self.results.clone(), 0);
        let rows = weights.chunks_exact(inputs).zip(self.linear.weight.data.chunks_exact(inputs)).enumerate();
        for (output, (faulty, right)) in rows.filter(|(_, (faulty, right))| faulty != right) {
            let mut sums = self.sums[output * tokens..][..tokens].to_vec();
            for (input, (&faulty, &right)) in faulty.iter().zip(right).enumerate().filter(|(_, (f, r))| f != r) {
                wrong += 1;
                let change = significand(faulty) - significand(right);
                let activations = &self.activations[input * tokens..][..tokens];
                sums.iter_mut().zip(activations).for_each(|(sum, a)| *sum += change * a);
            }
            sums.iter_mut().for_each(|sum| *sum = wrap(*sum, self.linear.accumulator_bits));
            results.row_mut(output).copy_from_slice(&self.results(output, &sums)?);
        }
        Ok((results, wrong))
    }
}

/// What is read of a layer's memories.
struct Read<'a> {
    masks: Cow<'a, Image>,
    values: Cow<'a, Packed>,
    /// Records that faults touch.
    records: BTreeSet<usize>,
    outcome: Outcome,
}

impl Stored {
    fn new(linear: &QuantisedLinear, kind: RecordKind, settings: &Settings) -> alberti_golden::Result<Self> {
        let (n, capacity, weight) = (settings.n, settings.capacity, &linear.weight);
        let cut = Cut { kind, rows: weight.rows, columns: weight.cols, n };
        let layout = cut.layout(capacity, settings.sparsity)?;
        let encoded = layout.encode(linear.operand, Pointer::default(), &cut.vectors(&weight.data)?)?;
        let values = Packed::with_values(n, capacity, &encoded.values)?;
        let bits = linear.operand.bits() as usize;
        let mut value_words = Image::new(encoded.values.len().div_ceil(n), n * bits)?;
        for (value, &code) in encoded.values.iter().enumerate() {
            value_words.set(value / n, value % n * bits, bits, code.into());
        }
        let code = settings.secded.then(|| secded::Code::new(layout.word_bits())).transpose()?;
        let mask_words = code.as_ref().map_or_else(|| Ok(encoded.masks.clone()), |code| code.encode(&encoded.masks))?;
        Ok(Self { cut, layout, encoded, values, value_words, mask_words, code })
    }

    /// Draws the faults of a point and reads both memories with them.
    fn read(
        &self,
        point: Point<'_>,
        operand: Format,
        settings: &Settings,
        streams: [u64; 2],
    ) -> Result<Read<'_>, ModelError> {
        let none = Outcome {
            cosine: 1.0,
            relative_rms: 0.0,
            wrong_bits: 0,
            wrong_weights: 0,
            mask_errors: 0,
            corrected_words: 0,
            detected_words: 0,
        };
        let mut read = Read {
            masks: Cow::Borrowed(&self.encoded.masks),
            values: Cow::Borrowed(&self.values),
            records: BTreeSet::new(),
            outcome: none,
        };
        let draws = streams.map(|stream| Draws::new(settings.seed, stream));
        let [mut of_values, mut of_masks] = draws;
        let changeable = point.site.bits(operand);
        if changeable != 0 {
            let defects = &point.stress.values;
            let faulty = faulty(&self.value_words, &settings.values, defects, &mut of_values)?;
            self.take_values(&mut read, faulty, changeable, operand.bits() as usize);
        }
        if point.site.masks() {
            let defects = &point.stress.masks;
            let (image, mut words) = faulty(&self.mask_words, &settings.masks, defects, &mut of_masks)?;
            if point.site == FaultSite::Pointers {
                words.retain(|word| word.is_multiple_of(self.layout.record_words()));
            }
            self.take_masks(&mut read, (image, words));
        }
        Ok(read)
    }

    fn take_values(&self, read: &mut Read<'_>, (image, words): (Image, BTreeSet<usize>), changeable: u16, bits: usize) {
        let n = self.cut.n;
        for word in words {
            for lane in 0..n.min(self.encoded.values.len() - word * n) {
                let right = self.value_words.get(word, lane * bits, bits) as u16;
                let wrong = (image.get(word, lane * bits, bits) as u16 ^ right) & changeable;
                if wrong == 0 {
                    continue;
                }
                let value = word * n + lane;
                let pointer = self.values.pointer(value);
                read.values.to_mut().write(pointer, &[right ^ wrong]);
                read.outcome.wrong_bits += u64::from(wrong.count_ones());
                // The last record that begins no later; records without values begin where the next does.
                read.records.insert(self.encoded.starts.partition_point(|&start| start <= value) - 1);
            }
        }
    }

    fn take_masks(&self, read: &mut Read<'_>, (mut image, words): (Image, BTreeSet<usize>)) {
        for word in words {
            read.outcome.wrong_bits += u64::from(image.difference(&self.mask_words, word));
            match self.code.as_ref().map(|code| code.correct(&mut image, word)) {
                Some(secded::Finding::Corrected) => read.outcome.corrected_words += 1,
                Some(secded::Finding::Detected) => read.outcome.detected_words += 1,
                Some(secded::Finding::Clean) | None => {}
            }
            if image.difference(&self.mask_words, word) > 0 {
                read.masks.to_mut().copy(&image, word, self.layout.word_bits());
                read.records.insert(word / self.layout.record_words());
            }
        }
    }
}

fn misfit(what: &str, error: &alberti_golden::Error) -> ModelError {
    ModelError::Shape(format!("{what}: {error}"))
}

/// A rows × columns list as columns × rows, `element` giving its elements by their index.
fn transposed(rows: usize, columns: usize, element: impl Fn(usize) -> i64) -> Vec<i64> {
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| (row, column)))
        .map(|(r, c)| element(r * columns + c))
        .collect()
}

//! A quantised layer on its activations, cut into what a processing unit is given.
//!
//! The cutting is the golden model's ([`tiling`]); here is what a layer asks of it: which blocks its pruning
//! allows, and whether its values find room in the design's memories.

use crate::{BlockSparsity, Codes, ModelError, ProcessingUnitTarget, quantise::QuantisedLinear};
use alberti_golden::{
    Pointer,
    gemm::Gemm,
    processing_unit::{Input, MatrixUnitConfig, Output},
    tiling::{self, Placement, TilePlacement},
};

/// A GEMM of tokens × inputs by outputs × inputs, and the streams that make a processing unit compute it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The multiply.
    pub gemm: Gemm,
    /// The processing unit.
    pub config: MatrixUnitConfig,
    /// How the multiply is laid out.
    pub layout: TilePlacement,
    /// Jobs, streams and memories.
    pub input: Input,
}

impl Workload {
    /// Lays out `activations` (tokens × inputs) times the layer's weights for a target.
    ///
    /// `blocks` says that every block of the weights of this shape has few enough weights, and asks for the
    /// block-sparse rate; without it the weights are streamed by plain bitmasks, whatever their sparsity.
    ///
    /// # Errors
    /// AE0711 when shapes or formats do not belong together or the reduction is too long, AE0707 when blocks
    /// are asked for that the design does not have, AE0712 when a memory is too small.
    pub fn new(
        layer: &QuantisedLinear,
        activations: &Codes,
        blocks: Option<BlockSparsity>,
        zero_skip: bool,
        target: &ProcessingUnitTarget,
    ) -> Result<Self, ModelError> {
        target.check()?;
        check_shapes(layer, activations, target)?;
        check_blocks(&layer.name, blocks, target)?;
        check_capacity(layer, activations, blocks.is_some(), target)?;
        let place = |values| Placement { values, base: Pointer::default() };
        let layout = TilePlacement {
            rows_per_job: target.accumulator_rows.min(activations.rows),
            blocks: blocks.is_some(),
            weight: place(target.capacity.weight),
            activation: place(target.capacity.activation),
            result: place(target.capacity.result),
        };
        let (gemm, config) = (layer.golden(activations), target.config(zero_skip));
        let input = tiling::tile(&gemm, &config, &layout).map_err(|error| misfit(&layer.name, &error))?;
        Ok(Self { gemm, config, layout, input })
    }

    /// The tokens × outputs codes that the unit has answered.
    ///
    /// # Errors
    /// AE0711 when the output is not of this workload.
    pub fn results(&self, output: &Output) -> Result<Codes, ModelError> {
        let data = tiling::untile(&self.gemm, &self.config, &self.layout, output)
            .map_err(|error| misfit("the unit's output", &error))?;
        Ok(Codes { rows: self.gemm.rows, cols: self.gemm.columns, data })
    }
}

impl QuantisedLinear {
    /// The layer on some activations as the golden model takes it.
    #[must_use]
    pub fn golden(&self, activations: &Codes) -> Gemm {
        Gemm {
            operand: self.operand,
            result: self.result,
            accumulator_bits: self.accumulator_bits,
            rows: activations.rows,
            reduction: activations.cols,
            columns: self.weight.rows,
            activations: activations.data.clone(),
            weights: self.weight.data.clone(),
            bias: self.bias.clone(),
            scale: self.requantise_shift.clone(),
            function: self.function,
            activation_shift: self.activation_shift,
        }
    }
}

fn misfit(what: &str, error: &alberti_golden::Error) -> ModelError {
    ModelError::Shape(format!("{what}: {error}"))
}

fn check_shapes(layer: &QuantisedLinear, activations: &Codes, target: &ProcessingUnitTarget) -> Result<(), ModelError> {
    let wrong = |problem: String| Err(ModelError::Shape(format!("{}: {problem}", layer.name)));
    if activations.cols != layer.weight.cols {
        return wrong(format!("activations of {} channels for {} inputs", activations.cols, layer.weight.cols));
    }
    if activations.rows == 0 || layer.weight.rows == 0 || layer.weight.cols == 0 {
        return wrong(format!(
            "{} rows, {} inputs and {} outputs: none of them can be 0",
            activations.rows, layer.weight.cols, layer.weight.rows
        ));
    }
    if (layer.operand, layer.result, layer.accumulator_bits) != (target.operand, target.result, target.accumulator_bits)
    {
        return wrong(format!(
            "quantised for {} to {} in {} bits, the design is {} to {} in {}",
            layer.operand, layer.result, layer.accumulator_bits, target.operand, target.result, target.accumulator_bits
        ));
    }
    if layer.weight.cols > target.reduction_max {
        return wrong(format!(
            "a reduction of {}, the design's reduction_max is {}",
            layer.weight.cols, target.reduction_max
        ));
    }
    Ok(())
}

/// Weights of one shape keep to another when their blocks divide it.
fn check_blocks(layer: &str, blocks: Option<BlockSparsity>, target: &ProcessingUnitTarget) -> Result<(), ModelError> {
    let Some(blocks) = blocks else { return Ok(()) };
    let asked = format!("{layer}: weights of {}:{}", blocks.nonzeros(), blocks.block());
    match target.block {
        None => Err(ModelError::Sparsity(format!(
            "{asked} on a design without `datapath.sparsity: {{kind: block, …}}`, which would gain no cycles by them"
        ))),
        Some(shape) if !shape.nonzeros().is_multiple_of(blocks.nonzeros()) => Err(ModelError::Sparsity(format!(
            "{asked} on a design whose blocks are {}:{}",
            shape.nonzeros(),
            shape.block()
        ))),
        Some(_) => Ok(()),
    }
}

fn check_capacity(
    layer: &QuantisedLinear,
    activations: &Codes,
    blocks: bool,
    target: &ProcessingUnitTarget,
) -> Result<(), ModelError> {
    let (n, slots) = (target.n, if target.block.is_some() { 2 } else { 1 });
    let is_value = |code: &u16| !layer.operand.is_zero(*code);
    let outputs = layer.weight.rows.next_multiple_of(n);
    let weight = match blocks {
        true => outputs * layer.weight.cols.div_ceil(2 * n) * n,
        false => layer.weight.data.iter().filter(|code| is_value(code)).count(),
    };
    let mut activation = vec![0; slots];
    for row in 0..activations.rows {
        for (tile, codes) in activations.row(row).chunks(n).enumerate() {
            activation[tile % slots] += codes.iter().filter(|code| is_value(code)).count();
        }
    }
    // Which results are zero is known only afterwards: room for all of them.
    let result = activations.rows * outputs;
    let activation = activation.into_iter().max().unwrap_or(0);
    for (memory, needed, available) in [
        ("weight", weight, target.capacity.weight),
        ("activation", activation, target.capacity.activation),
        ("result", result, target.capacity.result),
    ] {
        if needed > available {
            return Err(ModelError::Capacity { layer: layer.name.clone(), memory, needed, available });
        }
    }
    Ok(())
}

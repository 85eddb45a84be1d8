//! Cuts a matrix multiply into the jobs and streams of a processing unit, and puts its answer together again.
//!
//! Rows are taken in chunks that the accumulator holds; for each chunk every output tile of n columns is a
//! job, whose passes go along the reduction. Shapes that are not a multiple of n are filled up with zeros,
//! which no memory stores. The weight stream and the activation streams are replayed from their base as often
//! as they are needed.

use crate::{
    BlockSparsity, Error, Packed, Pointer, Result, Segment, bitmask_decoder, bitmask_encoder, block_select,
    gemm::Gemm,
    processing_unit::{Input, Job, MatrixUnitConfig, Output, Slot, WeightItem},
};

/// A memory of values and where in it a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Capacity of the memory in codes.
    pub values: usize,
    /// The first value.
    pub base: Pointer,
}

/// How a matrix multiply is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePlacement {
    /// Rows of a chunk, at most the accumulator's.
    pub rows_per_job: usize,
    /// Whether weights are sent as blocks where they can be: a pair of input tiles is, if every block in it
    /// has few enough non-zero weights over all columns.
    pub blocks: bool,
    /// Where the packed weights go.
    pub weight: Placement,
    /// Where the packed activations go, in each slot, from a whole row on. Every chunk begins with the row
    /// after the one before.
    pub activation: Placement,
    /// Where the packed results go, from a whole row on.
    pub result: Placement,
}

/// One pass over the reduction: the first of its inputs, and whether it covers 2n of them in blocks.
#[derive(Clone, Copy)]
struct Pass {
    input: usize,
    block: Option<BlockSparsity>,
}

/// What a processing unit is to be given for `gemm`.
///
/// # Errors
/// When the multiply or the unit is faulty, they disagree on formats, or a memory is too small for its
/// values.
pub fn tile(gemm: &Gemm, config: &MatrixUnitConfig, layout: &TilePlacement) -> Result<Input> {
    gemm.check()?;
    config.check()?;
    if (gemm.operand, gemm.result, gemm.accumulator_bits) != (config.operand, config.result, config.accumulator_bits) {
        return Err(Error::new("the multiply and the processing unit differ in formats or accumulator"));
    }
    if layout.rows_per_job == 0 {
        return Err(Error::new("jobs of no rows: at least one"));
    }
    let n = config.n;
    let passes = passes(gemm, config, layout.blocks);
    let chunks = chunks(gemm, layout);
    let tiles = gemm.columns.div_ceil(n);

    let (weight_memory, weights) = pack_weights(gemm, config, layout, &passes)?;
    let mut activations = Vec::new();
    for slot in 0..config.slots() {
        activations.push(pack_slot(gemm, config, layout, &passes, slot)?);
    }
    let mut jobs = Vec::new();
    for &(_, rows) in &chunks {
        for tile in 0..tiles {
            let column = |k| tile * n + k;
            jobs.push(Job {
                rows,
                passes: passes.len(),
                close: tile + 1 == tiles,
                bias: (0..n).map(|k| gemm.bias.get(column(k)).copied().unwrap_or_default()).collect(),
                scale: (0..n).map(|k| gemm.scale.get(column(k)).copied().unwrap_or_default()).collect(),
                function: gemm.function,
                activation_shift: gemm.activation_shift,
                wide_shift: 0,
            });
        }
    }
    let result_memory = Packed::new(n, layout.result.values)?;
    // A segment may fill up to all of its places, so each begins where the one before would end at the
    // latest.
    let mut result_rows = Vec::new();
    let mut row = whole_row("results", layout.result)?;
    let mut places = 0;
    for &(_, rows) in &chunks {
        result_rows.push(row);
        row = (row + rows * tiles) % result_memory.rows();
        places += rows * tiles * n;
    }
    fits("results", places, layout.result)?;
    Ok(Input { jobs, weight_memory, weights: vec![weights; chunks.len()], activations, result_memory, result_rows })
}

/// The M × N codes that a processing unit has answered to what [`tile`] gave.
///
/// # Errors
/// When the output has other segments than the layout asks for.
pub fn untile(gemm: &Gemm, config: &MatrixUnitConfig, layout: &TilePlacement, output: &Output) -> Result<Vec<u16>> {
    let n = config.n;
    let tiles = gemm.columns.div_ceil(n);
    let chunks = chunks(gemm, layout);
    crate::check::length("result segments", &output.masks, chunks.len())?;
    let mut codes = vec![0; gemm.rows * gemm.columns];
    for (segment, &(first, rows)) in output.masks.iter().zip(&chunks) {
        let vectors = bitmask_decoder::decode(&output.memory, segment.base, &segment.items)?.vectors;
        crate::check::length("result vectors of a segment", &vectors, rows * tiles)?;
        for (i, vector) in vectors.iter().enumerate() {
            let (tile, row) = (i / rows, first + i % rows);
            let start = tile * n;
            let width = n.min(gemm.columns - start);
            codes[row * gemm.columns + start..][..width].copy_from_slice(&vector[..width]);
        }
    }
    Ok(codes)
}

/// First row and number of rows of each chunk.
fn chunks(gemm: &Gemm, layout: &TilePlacement) -> Vec<(usize, usize)> {
    let step = layout.rows_per_job.max(1);
    (0..gemm.rows).step_by(step).map(|first| (first, step.min(gemm.rows - first))).collect()
}

/// The passes along the reduction.
fn passes(gemm: &Gemm, config: &MatrixUnitConfig, blocks: bool) -> Vec<Pass> {
    let n = config.n;
    let Some(sparsity) = config.sparsity.filter(|_| blocks) else {
        return (0..gemm.reduction).step_by(n).map(|input| Pass { input, block: None }).collect();
    };
    let mut passes = Vec::new();
    for input in (0..gemm.reduction).step_by(2 * n) {
        let fits = (0..gemm.columns).all(|column| {
            codes(&gemm.weights, gemm.reduction, column, input, 2 * n)
                .chunks(sparsity.block())
                .all(|block| block.iter().filter(|&&w| !gemm.operand.is_zero(w)).count() <= sparsity.nonzeros())
        });
        if fits {
            passes.push(Pass { input, block: Some(sparsity) });
        } else {
            let plain = [input, input + n].into_iter().filter(|&input| input < gemm.reduction);
            passes.extend(plain.map(|input| Pass { input, block: None }));
        }
    }
    passes
}

/// `count` codes of a matrix row from column `start` on, zeros beyond its end (and for a row that does not
/// exist).
fn codes(matrix: &[u16], width: usize, row: usize, start: usize, count: usize) -> Vec<u16> {
    let row = matrix.get(row * width..(row + 1) * width).unwrap_or_default();
    (start..start + count).map(|k| row.get(k).copied().unwrap_or_default()).collect()
}

/// The weight stream of all output tiles, one segment.
fn pack_weights(
    gemm: &Gemm,
    config: &MatrixUnitConfig,
    layout: &TilePlacement,
    passes: &[Pass],
) -> Result<(Packed, Segment<WeightItem>)> {
    let n = config.n;
    let mut items = Vec::new();
    let mut values = Vec::new();
    for tile in 0..gemm.columns.div_ceil(n) {
        for pass in passes {
            for lane in 0..n {
                let inputs = if pass.block.is_some() { 2 * n } else { n };
                let row = codes(&gemm.weights, gemm.reduction, tile * n + lane, pass.input, inputs);
                let (mask, row_values) = match pass.block {
                    Some(sparsity) => block_select::pack(gemm.operand, sparsity, &row)?,
                    None => {
                        let (mask, row_values) = bitmask_encoder::pack(gemm.operand, &row);
                        (mask.into(), row_values)
                    }
                };
                items.push(WeightItem { mask, block: pass.block.is_some() });
                values.extend(row_values);
            }
        }
    }
    fits("weights", values.len(), layout.weight)?;
    let mut memory = Packed::new(n, layout.weight.values)?;
    memory.check(layout.weight.base)?;
    memory.write(layout.weight.base, &values);
    Ok((memory, Segment { base: layout.weight.base, items }))
}

/// The stream of one activation slot: a segment per chunk, once for every output tile.
fn pack_slot(
    gemm: &Gemm,
    config: &MatrixUnitConfig,
    layout: &TilePlacement,
    passes: &[Pass],
    slot: usize,
) -> Result<Slot> {
    let n = config.n;
    let mut memory = Packed::new(n, layout.activation.values)?;
    let mut row = whole_row("activations", layout.activation)?;
    let mut masks = Vec::new();
    let mut places = 0;
    for (first, rows) in chunks(gemm, layout) {
        let mut vectors = Vec::new();
        for pass in passes {
            let start = match pass.block {
                Some(_) => pass.input + slot * n,
                // Input tiles come in pairs, or singly at the end: even ones lie in slot 0, odd ones in slot
                // 1.
                None if pass.input / n % config.slots() == slot => pass.input,
                None => continue,
            };
            let vector = |row| codes(&gemm.activations, gemm.reduction, row, start, n);
            vectors.extend((first..first + rows).map(vector));
        }
        let encoded = bitmask_encoder::encode(config.operand, &mut memory, row, &vectors)?;
        let values: usize = encoded.masks.iter().map(|mask| mask.count_ones() as usize).sum();
        places += values.next_multiple_of(n);
        let segment = Segment { base: Pointer { row, lane: 0 }, items: encoded.masks };
        masks.extend(std::iter::repeat_n(segment, gemm.columns.div_ceil(n)));
        row = encoded.next_row;
    }
    fits("activations", places, layout.activation)?;
    Ok(Slot { memory, masks })
}

/// The row where a stream of segments begins that the encoder writes.
fn whole_row(what: &str, Placement { base, .. }: Placement) -> Result<usize> {
    if base.lane != 0 {
        return Err(Error::new(format!("{what} from lane {} on: they begin with a row", base.lane)));
    }
    Ok(base.row)
}

fn fits(what: &str, values: usize, placement: Placement) -> Result<()> {
    if values > placement.values {
        return Err(Error::new(format!("{values} values of {what} in a memory of {}", placement.values)));
    }
    Ok(())
}

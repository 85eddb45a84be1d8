//! The sparse hierarchical memory after a layer.

use super::{
    allocate::Region,
    emit::{Chunk, Destination, Emitter, dense},
    layer::Stream,
    plan::MemoryPlan,
};
use alberti_golden::encoder::SparseMemory;
use alberti_isa::{Count, HierarchicalSoftmax};

/// A memory that is at work: its scores come while the layer ends.
pub(super) struct Recall<'a> {
    memory: &'a SparseMemory,
    plan: MemoryPlan,
    scores: Option<Region>,
}

impl<'a> Recall<'a> {
    pub fn new(memory: &'a SparseMemory, plan: MemoryPlan) -> Self {
        Self { memory, plan, scores: None }
    }

    fn tiles(&self) -> usize {
        self.plan.scores.place.columns
    }
}

impl Emitter<'_> {
    /// The scores of a chunk of the layer's output.
    pub fn scores(&mut self, recall: &mut Recall, codes: Region, chunk: Chunk) {
        let (hidden, tiles) = (self.plan.axes.hidden.tiles(), recall.tiles());
        let scores = *recall.scores.get_or_insert_with(|| self.numbers("scores of a memory", tiles));
        let to = Destination::wide(scores.chunk(tiles, chunk));
        self.linear(dense(&recall.memory.scores, recall.plan.scores), codes.chunk(hidden, chunk), to);
    }

    /// What follows them: weights, values, the sum with the layer's output `y`, and its codes in the place of
    /// those of the output. `then` reads the codes of a chunk.
    ///
    /// The array has the next chunk's scores or values while weights, sums and codes of a chunk are made.
    pub fn recall(&mut self, recall: Recall, y: Stream, mut then: impl FnMut(&mut Self, Region, Chunk)) -> Stream {
        let Recall { memory, plan, scores: Some(scores) } = recall else { return y };
        let (hidden, chunks) = (self.plan.axes.hidden.tiles(), self.chunks);
        let (tiles, width) = (plan.scores.place.columns, plan.values.place.passes);
        let weights = self.codes("weights of a memory", width);
        let values = self.numbers("values of a memory", hidden);
        for &chunk in chunks {
            let (from, to) = (scores.chunk(tiles, chunk), weights.chunk(width, chunk));
            let of = memory.hierarchy;
            self.push(HierarchicalSoftmax {
                rows: Count(chunk.rows),
                parents: Count(of.parents as u32),
                children: Count(of.children as u32),
                largest: Count(of.largest.min(of.parents) as u32),
                source_base: from.base,
                source_tile: from.tile,
                source_row: 1,
                result_base: to.base,
                result_tile: to.tile,
                result_row: 1,
            });
            self.linear(dense(&memory.values, plan.values), to, Destination::wide(values.chunk(hidden, chunk)));
        }
        for &chunk in chunks {
            let x = y.wide.chunk(hidden, chunk);
            self.add(values.chunk(hidden, chunk), false, x, hidden);
            if let Some(codes) = y.codes.filter(|_| memory.norm.exponent_bias.is_some()) {
                self.codes_of(&memory.norm, plan.norm, x, codes.chunk(hidden, chunk));
                then(self, codes, chunk);
            }
        }
        self.free_codes(weights);
        [scores, values].into_iter().for_each(|region| self.free_numbers(region));
        Stream { codes: y.codes.filter(|_| memory.norm.exponent_bias.is_some()), ..y }
    }
}

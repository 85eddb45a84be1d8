//! The embedding, and layer by layer what follows it.

use super::{
    Region,
    emit::{BLANK, Chunk, Emitter, Rows, Target, dense},
    plan::{Dense, HalfPlan, Product},
};
use alberti_golden::encoder::{Adapter, Half, Linear};
use alberti_isa::{Count, Gemm, Source};

/// The residual stream: its numbers stay where they are from layer to layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// For linear layers; none where nothing reads them.
    pub codes: Option<Region>,
    /// Q6.10.
    pub wide: Region,
}

impl Emitter<'_> {
    /// The first layer's input, of rows that the index memory lists from its first word on.
    pub fn embedding(&mut self) -> Stream {
        let (embedding, plan) = (&self.encoder.embedding, self.plan);
        let (width, tiles) = (plan.axes.embedding.tiles(), plan.axes.hidden.tiles());
        let wide = self.numbers("residual stream", tiles);
        let codes = self.codes("layer input", tiles);
        let sum = self.numbers("embedding", width);
        let narrow = embedding.projection.as_ref().map(|_| self.codes("embedding", width));
        let chunks = self.chunks;
        for &chunk in chunks {
            self.gather(sum, chunk);
        }
        for &chunk in chunks {
            let to = match narrow {
                Some(narrow) => Target::codes(narrow.chunk(width, chunk)),
                None => Target { code: Some(codes.chunk(tiles, chunk)), wide: Some(wide.chunk(tiles, chunk)) },
            };
            self.norm(&embedding.norm, plan.embedding_norm, sum.chunk(width, chunk), to);
        }
        self.free_numbers(sum);
        if let (Some(projection), Some(place), Some(narrow)) = (&embedding.projection, plan.weights.projection, narrow)
        {
            let product =
                |parameters| Product { linear: &projection.linear, source: Source::Records, place, parameters };
            for &chunk in chunks {
                let input = narrow.chunk(width, chunk);
                self.linear(product(plan.projection.0), input, Target::codes(codes.chunk(tiles, chunk)));
                self.linear(product(plan.projection.1), input, Target::wide(wide.chunk(tiles, chunk)));
            }
            self.free_codes(narrow);
        }
        Stream { codes: Some(codes), wide }
    }

    /// Rows of three tables by an identity: the vectors of a pass pick the tiles of a token's row one after the other.
    fn gather(&mut self, sum: Region, chunk: Chunk) {
        let (n, plan) = (self.config.n as u32, self.plan);
        let (tiles, tables) = (plan.axes.embedding.tiles() as u32, plan.weights.tables.len() as u32);
        for (run, first) in (0..tiles).step_by(n as usize).enumerate() {
            let masks = n.min(tiles - first);
            self.gemm(Gemm {
                source: Source::Listed,
                wide: true,
                rows: Count(masks),
                passes: Count(tables),
                columns: Count(chunk.rows),
                masks: Count(masks),
                stream_base: plan.identity.base,
                stream_pass: n,
                stationary_base: run as u32 * (n + 1),
                list_base: chunk.start * tables,
                parameter_base: plan.embedding,
                wide_base: sum.base + tiles * chunk.start + first * chunk.rows,
                result_column: 1,
                result_row: chunk.rows,
                ..BLANK
            });
        }
    }

    /// One layer.
    pub fn layer(&mut self, index: usize, x: Stream) -> Stream {
        let (encoder, plan, task) = (self.encoder, self.plan, self.task);
        let (layer, rows, places) = (&encoder.layers[index], &plan.layers[index], &plan.weights.layers[index]);
        let (first, second) = self.task_plan.layers[index];
        let (tiles, inner_tiles) = (plan.axes.hidden.tiles(), plan.axes.inner.tiles());
        let product = |linear, place, parameters| Product { linear, source: Source::Records, place, parameters };
        let Some(codes) = x.codes else { return x };
        let context = self.attention(index, codes);
        let heads = (context, plan.axes.heads.tiles());
        let output = product(&layer.output, places.output, rows.output);
        let mut inner = None;
        let h = self.half(output, heads, x.wide, (&task.layers[index].attention, first), |emitter, h, chunk| {
            let inner = *inner.get_or_insert_with(|| emitter.codes("feed-forward", inner_tiles));
            let target = Target::codes(inner.chunk(inner_tiles, chunk));
            emitter.linear(product(&layer.inner, places.inner, rows.inner), h.chunk(tiles, chunk), target);
        });
        let (Some(codes), Some(inner)) = (h.codes, inner) else { return h };
        self.free_codes(codes);
        let outer = product(&layer.outer, places.outer, rows.outer);
        self.half(outer, (inner, inner_tiles), x.wide, (&task.layers[index].output, second), |_, _, _| {})
    }

    /// A dense layer of `input`, its adapter, the sum with the stream `x`, the layer norm, and what reads its codes, chunk by chunk.
    ///
    /// Each chunk's results may take the place of what that chunk was made of: those that read it are done by then.
    fn half(
        &mut self,
        product: Product,
        (input, inputs): (Region, usize),
        x: Region,
        (half, plan): (&Half, HalfPlan),
        mut then: impl FnMut(&mut Self, Region, Chunk),
    ) -> Stream {
        let (tiles, chunks) = (self.plan.axes.hidden.tiles(), self.chunks);
        let sum = self.numbers("dense layer", tiles);
        let wide = |chunk| Some(sum.chunk(tiles, chunk));
        match (&half.adapter, plan.adapter) {
            (Some(adapter), Some(plan)) => {
                let codes = self.codes("adapter input", tiles);
                for &chunk in chunks {
                    let target = Target { code: Some(codes.chunk(tiles, chunk)), wide: wide(chunk) };
                    self.linear(product, input.chunk(inputs, chunk), target);
                }
                self.free_codes(input);
                self.adapter(adapter, plan, codes, sum);
            }
            _ => {
                for &chunk in chunks {
                    self.linear(product, input.chunk(inputs, chunk), Target { code: None, wide: wide(chunk) });
                }
                self.free_codes(input);
            }
        }
        let codes = half.norm.bias.map(|_| self.codes("layer input", tiles));
        for &chunk in chunks {
            let (sum, x) = (sum.chunk(tiles, chunk), x.chunk(tiles, chunk));
            self.add(x, true, sum, tiles);
            let code = codes.map(|codes| codes.chunk(tiles, chunk));
            self.norm(&half.norm, plan.norm, sum, Target { code, wide: Some(x) });
            if let Some(codes) = codes {
                then(self, codes, chunk);
            }
        }
        self.free_numbers(sum);
        Stream { codes, wide: x }
    }

    /// An adapter of codes, added to the numbers that they stand for.
    fn adapter(&mut self, Adapter { down, up }: &Adapter, plans: (Dense, Dense), codes: Region, sum: Region) {
        let (tiles, width, chunks) = (self.plan.axes.hidden.tiles(), plans.0.place.columns, self.chunks);
        let narrow = self.codes("adapter", width);
        for &chunk in chunks {
            let target = Target::codes(narrow.chunk(width, chunk));
            self.linear(dense(down, plans.0), codes.chunk(tiles, chunk), target);
        }
        self.free_codes(codes);
        let wide = self.numbers("adapter", tiles);
        for &chunk in chunks {
            let target = Target::wide(wide.chunk(tiles, chunk));
            self.linear(dense(up, plans.1), narrow.chunk(width, chunk), target);
        }
        self.free_codes(narrow);
        for &chunk in chunks {
            self.add(wide.chunk(tiles, chunk), false, sum.chunk(tiles, chunk), tiles);
        }
        self.free_numbers(wide);
    }

    /// Logits of token 0.
    pub fn logits(&mut self, linear: &Linear, plan: Dense, codes: Region, logits: Region) {
        let tile = self.chunks.first().map_or(0, |chunk| chunk.rows);
        let token = Rows { base: codes.base, tile, rows: 1 };
        self.linear(dense(linear, plan), token, Target::wide(Rows { base: logits.base, tile: 1, rows: 1 }));
    }
}

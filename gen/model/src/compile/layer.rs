//! The embedding, and layer by layer what follows it.

use super::{
    allocate::Region,
    emit::{BLANK, Chunk, Destination, Emitter, Rows, dense},
    memory::Recall,
    plan::{Dense, HalfPlan, Product},
};
use alberti_golden::encoder::{Adapter, HalfLayer, Linear, Norm, Reads};
use alberti_isa::{Count, Gemm, Source};

/// The residual stream: its numbers stay where they are from layer to layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// For linear layers; none where nothing reads them.
    pub codes: Option<Region>,
    /// Q6.10.
    pub wide: Region,
}

/// An adapter's tensors.
struct Bottleneck<'a> {
    adapter: &'a Adapter,
    plans: (Dense, Dense),
    /// Codes that it reads.
    input: Region,
    /// The layer norm that makes these codes, with its parameters.
    norm: Option<(&'a Norm, u32)>,
    narrow: Region,
    /// What is added.
    wide: Region,
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
                Some(narrow) => Destination::codes(narrow.chunk(width, chunk)),
                None => Destination { code: Some(codes.chunk(tiles, chunk)), wide: Some(wide.chunk(tiles, chunk)) },
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
                self.linear(product(plan.projection.0), input, Destination::codes(codes.chunk(tiles, chunk)));
                self.linear(product(plan.projection.1), input, Destination::wide(wide.chunk(tiles, chunk)));
            }
            self.free_codes(narrow);
        }
        Stream { codes: Some(codes), wide }
    }

    /// Rows of three tables by an identity: the vectors of a pass pick the tiles of a token's row one after
    /// the other.
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

    /// One layer; `ramp` reads the codes of token 0 as soon as they are there.
    pub fn layer(&mut self, index: usize, x: Stream, mut ramp: impl FnMut(&mut Self, Region)) -> Stream {
        let (encoder, plan, task) = (self.encoder, self.plan, self.task);
        let (layer, rows, places) = (&encoder.layers[index], &plan.layers[index], &plan.weights.layers[index]);
        let (first, second) = self.task_plan.layers[index];
        let (tiles, inner_tiles) = (plan.axes.hidden.tiles(), plan.axes.inner.tiles());
        let product = |linear, place, parameters| Product { linear, source: Source::Records, place, parameters };
        let Some(codes) = x.codes else { return x };
        let own = &task.layers[index];
        let context = self.attention(index, codes, reads_input(&own.attention));
        let heads = (context, plan.axes.heads.tiles());
        let output = product(&layer.output, places.output, rows.output);
        let mut inner = None;
        let h = self.half(output, heads, x, (&own.attention, first), |emitter, h, chunk| {
            let inner = *inner.get_or_insert_with(|| emitter.codes("feed-forward", inner_tiles));
            let target = Destination::codes(inner.chunk(inner_tiles, chunk));
            emitter.linear(product(&layer.inner, places.inner, rows.inner), h.chunk(tiles, chunk), target);
        });
        let (Some(codes), Some(inner)) = (h.codes, inner) else { return h };
        if !reads_input(&own.output) {
            self.free_codes(codes);
        }
        let outer = product(&layer.outer, places.outer, rows.outer);
        let mut first = |emitter: &mut Self, codes: Region, chunk: Chunk| {
            if chunk.start == 0 {
                ramp(emitter, codes);
            }
        };
        let memory = own.memory.as_ref().zip(self.task_plan.memories[index]);
        let Some((memory, plan)) = memory else {
            return self.half(outer, (inner, inner_tiles), h, (&own.output, second), first);
        };
        let mut recall = Recall::new(memory, plan);
        let scores = |emitter: &mut Self, codes: Region, chunk: Chunk| emitter.scores(&mut recall, codes, chunk);
        let y = self.half(outer, (inner, inner_tiles), h, (&own.output, second), scores);
        self.recall(recall, y, &mut first)
    }

    /// A dense layer of `input`, its adapter, the sum with the stream `x`, the layer norm, and what reads its
    /// codes, chunk by chunk. Gives the stream's codes back where the adapter has read them.
    ///
    /// While sums and norms of a chunk are made, the array has the next one's dense layer, and then what
    /// reads this one's codes.
    fn half(
        &mut self,
        product: Product,
        (input, inputs): (Region, usize),
        Stream { codes: read, wide: x }: Stream,
        (half, plan): (&HalfLayer, HalfPlan),
        mut then: impl FnMut(&mut Self, Region, Chunk),
    ) -> Stream {
        let (tiles, chunks) = (self.plan.axes.hidden.tiles(), self.chunks);
        let place = |emitter: &mut Self| half.norm.exponent_bias.map(|_| emitter.codes("layer input", tiles));
        // Below the adapter's tensors; without one where the input lay, of which a chunk's results take the
        // place.
        let early = half.adapter.as_ref().map(|_| place(self));
        let sum = self.numbers("dense layer", tiles);
        let adapter = half.adapter.as_ref().map(|adapter| self.bottleneck(adapter, plan, read));
        let finish = |emitter: &mut Self, codes: Option<Region>, chunk| {
            let (sum, x) = (sum.chunk(tiles, chunk), x.chunk(tiles, chunk));
            if let Some(adapter) = &adapter {
                emitter.add(adapter.wide.chunk(tiles, chunk), false, sum, tiles);
            }
            if adapter.as_ref().is_none_or(|adapter| adapter.norm.is_none()) {
                emitter.add(x, true, sum, tiles);
            }
            let code = codes.map(|codes| codes.chunk(tiles, chunk));
            emitter.norm(&half.norm, plan.norm, sum, Destination { code, wide: Some(x) });
        };
        let mut placed = None;
        for (i, &chunk) in chunks.iter().enumerate() {
            let of_dense = adapter.as_ref().filter(|bottleneck| bottleneck.adapter.reads == Reads::Dense);
            let code = of_dense.map(|bottleneck| bottleneck.input.chunk(tiles, chunk));
            let target = Destination { code, wide: Some(sum.chunk(tiles, chunk)) };
            self.linear(product, input.chunk(inputs, chunk), target);
            if i + 1 == chunks.len() {
                self.free_codes(input);
            }
            if i > 0 {
                let codes = *placed.get_or_insert_with(|| early.unwrap_or_else(|| place(self)));
                finish(self, codes, chunks[i - 1]);
            }
            if let Some(adapter) = &adapter {
                if let Some((norm, parameters)) = adapter.norm {
                    let sum = sum.chunk(tiles, chunk);
                    self.add(x.chunk(tiles, chunk), true, sum, tiles);
                    self.norm(norm, parameters, sum, Destination::codes(adapter.input.chunk(tiles, chunk)));
                }
                self.adapter(adapter, chunk);
            }
        }
        let codes = placed.unwrap_or_else(|| early.unwrap_or_else(|| place(self)));
        if let Some(adapter) = &adapter {
            [adapter.input, adapter.narrow].into_iter().for_each(|region| self.free_codes(region));
        }
        let mut read = |emitter: &mut Self, chunks: &[Chunk]| {
            for (codes, &chunk) in codes.iter().flat_map(|&codes| chunks.iter().map(move |chunk| (codes, chunk))) {
                then(emitter, codes, chunk);
            }
        };
        let (last, before) = chunks.split_last().expect("a sentence has tokens");
        read(self, before);
        finish(self, codes, *last);
        read(self, &[*last]);
        if let Some(adapter) = &adapter {
            self.free_numbers(adapter.wide);
        }
        self.free_numbers(sum);
        Stream { codes, wide: x }
    }

    /// Room for an adapter's tensors; `stream` is that of the half's input.
    fn bottleneck<'b>(&mut self, adapter: &'b Adapter, plan: HalfPlan, stream: Option<Region>) -> Bottleneck<'b> {
        let plans = plan.adapter.expect("an adapter was laid out");
        let (tiles, width) = (self.plan.axes.hidden.tiles(), plans.0.place.columns);
        let norm = match &adapter.reads {
            Reads::Norm(norm) => plan.adapter_norm.map(|parameters| (norm, parameters)),
            Reads::Dense | Reads::Input => None,
        };
        Bottleneck {
            adapter,
            plans,
            input: match adapter.reads {
                Reads::Input => stream.expect("an adapter's input has codes"),
                Reads::Dense | Reads::Norm(_) => self.codes("adapter input", tiles),
            },
            norm,
            narrow: self.codes("adapter", width),
            wide: self.numbers("adapter", tiles),
        }
    }

    /// An adapter of a chunk.
    fn adapter(&mut self, bottleneck: &Bottleneck, chunk: Chunk) {
        let (tiles, width) = (self.plan.axes.hidden.tiles(), bottleneck.plans.0.place.columns);
        let narrow = bottleneck.narrow.chunk(width, chunk);
        self.linear(
            dense(&bottleneck.adapter.down, bottleneck.plans.0),
            bottleneck.input.chunk(tiles, chunk),
            Destination::codes(narrow),
        );
        self.linear(
            dense(&bottleneck.adapter.up, bottleneck.plans.1),
            narrow,
            Destination::wide(bottleneck.wide.chunk(tiles, chunk)),
        );
    }

    /// Logits of token 0.
    pub fn logits(&mut self, classifier: &[Linear], plans: &[Dense], codes: Region, logits: Region) {
        let tile = self.chunks.first().map_or(0, |chunk| chunk.rows);
        let mut token = Rows { base: codes.base, tile, rows: 1 };
        let mut hidden = None;
        for (i, (linear, &plan)) in classifier.iter().zip(plans).enumerate() {
            let last = i + 1 == plans.len();
            let next = match last {
                true => logits,
                false => {
                    self.activation.take("hidden layer of a head", plan.place.columns as u32, self.operations.len())
                }
            };
            let rows = Rows { base: next.base, tile: 1, rows: 1 };
            self.linear(
                dense(linear, plan),
                token,
                if last { Destination::wide(rows) } else { Destination::codes(rows) },
            );
            token = rows;
            hidden.replace(next).into_iter().for_each(|read| self.free_codes(read));
        }
    }
}

/// Whether a half's adapter reads its input.
fn reads_input(half: &HalfLayer) -> bool {
    half.adapter.as_ref().is_some_and(|adapter| adapter.reads == Reads::Input)
}

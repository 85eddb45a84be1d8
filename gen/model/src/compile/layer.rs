//! The embedding, and layer by layer what follows it.

use super::{
    Region,
    emit::{BLANK, Emitter, Rows, Target, dense},
    plan::{Dense, HalfPlan, Product},
};
use alberti_golden::encoder::{Adapter, Half, Linear};
use alberti_isa::{Count, Gemm, Source};

/// The residual stream.
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
        let (encoder, plan) = (self.encoder, self.plan);
        let (axes, embedding) = (plan.axes, &encoder.embedding);
        let wide = self.numbers("residual stream", axes.hidden.tiles());
        let sum = self.numbers("embedding", axes.embedding.tiles());
        self.gather(sum);
        let Some(projection) = &embedding.projection else {
            let codes = self.codes("layer input", axes.hidden.tiles());
            self.norm(&embedding.norm, plan.embedding_norm, sum, Some(codes), Some(wide));
            self.free_numbers(sum);
            return Stream { codes: Some(codes), wide };
        };
        let codes = self.codes("layer input", axes.hidden.tiles());
        let narrow = self.codes("embedding", axes.embedding.tiles());
        self.norm(&embedding.norm, plan.embedding_norm, sum, Some(narrow), None);
        self.free_numbers(sum);
        if let Some(place) = plan.weights.projection {
            let product =
                |parameters| Product { linear: &projection.linear, source: Source::Records, place, parameters };
            self.linear(product(plan.projection.0), self.all(narrow), self.to(Some(codes), None));
            self.linear(product(plan.projection.1), self.all(narrow), self.to(None, Some(wide)));
        }
        self.free_codes(narrow);
        Stream { codes: Some(codes), wide }
    }

    /// Rows of three tables by an identity: the vectors of a pass pick the tiles of a token's row one after the other.
    fn gather(&mut self, sum: Region) {
        let (n, plan, tokens) = (self.config.n as u32, self.plan, self.tokens);
        let tiles = plan.axes.embedding.tiles() as u32;
        for (run, first) in (0..tiles).step_by(n as usize).enumerate() {
            let masks = n.min(tiles - first);
            self.gemm(Gemm {
                source: Source::Listed,
                wide: true,
                rows: Count(masks),
                passes: Count(plan.weights.tables.len() as u32),
                columns: Count(tokens),
                masks: Count(masks),
                stream_base: plan.identity.base,
                stream_pass: n,
                stationary_base: run as u32 * (n + 1),
                parameter_base: plan.embedding,
                wide_base: sum.base + first * tokens,
                result_column: 1,
                result_row: tokens,
                ..BLANK
            });
        }
    }

    /// One layer.
    pub fn layer(&mut self, index: usize, x: Stream) -> Stream {
        let (encoder, plan, task) = (self.encoder, self.plan, self.task);
        let (layer, rows, places) = (&encoder.layers[index], &plan.layers[index], &plan.weights.layers[index]);
        let (first, second) = self.task_plan.layers[index];
        let product = |linear, place, parameters| Product { linear, source: Source::Records, place, parameters };
        let Some(codes) = x.codes else { return x };
        let context = self.attention(index, codes);
        let output = product(&layer.output, places.output, rows.output);
        let h = self.half(output, context, x.wide, &task.layers[index].attention, first);
        let Some(codes) = h.codes else { return h };
        let inner = self.codes("feed-forward", plan.axes.inner.tiles());
        let target = self.to(Some(inner), None);
        self.linear(product(&layer.inner, places.inner, rows.inner), self.all(codes), target);
        self.free_codes(codes);
        let outer = product(&layer.outer, places.outer, rows.outer);
        self.half(outer, inner, h.wide, &task.layers[index].output, second)
    }

    /// A dense layer of `input`, its adapter, the sum with the stream, the layer norm; gives the rows of all of them back.
    fn half(&mut self, product: Product, input: Region, x: Region, half: &Half, plan: HalfPlan) -> Stream {
        let tiles = self.plan.axes.hidden.tiles();
        let sum = self.numbers("dense layer", tiles);
        let stream = self.all(input);
        match (&half.adapter, plan.adapter) {
            (Some(Adapter { down, up }), Some((down_plan, up_plan))) => {
                let codes = self.codes("adapter input", tiles);
                self.linear(product, stream, self.to(Some(codes), Some(sum)));
                self.free_codes(input);
                let narrow = self.codes("adapter", down_plan.place.columns);
                self.linear(dense(down, down_plan), self.all(codes), self.to(Some(narrow), None));
                self.free_codes(codes);
                let wide = self.numbers("adapter", tiles);
                self.linear(dense(up, up_plan), self.all(narrow), self.to(None, Some(wide)));
                self.free_codes(narrow);
                self.add(wide, false, sum);
                self.free_numbers(wide);
            }
            _ => {
                self.linear(product, stream, self.to(None, Some(sum)));
                self.free_codes(input);
            }
        }
        self.add(x, true, sum);
        self.free_numbers(x);
        let codes = half.norm.bias.map(|_| self.codes("layer input", tiles));
        let wide = self.numbers("residual stream", tiles);
        self.norm(&half.norm, plan.norm, sum, codes, Some(wide));
        self.free_numbers(sum);
        Stream { codes, wide }
    }

    /// Logits of token 0.
    pub fn logits(&mut self, linear: &Linear, plan: Dense, codes: Region, logits: Region) {
        let token = Rows { base: codes.base, tile: self.tokens, rows: 1 };
        self.linear(dense(linear, plan), token, Target { code: None, wide: Some(logits.base), tile: 1 });
    }
}

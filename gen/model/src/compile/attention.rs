//! Attention, head by head: while softmax works on a head, the array makes the context of the one before and
//! the scores of the next one.

use super::{
    allocate::Region,
    emit::{BLANK, Chunk, Destination, Emitter},
    plan::Product,
    waits::UNFINISHED,
    window::{Group, Window},
};
use alberti_golden::encoder::Span;
use alberti_isa::{Count, Gemm, Softmax, Source};

/// A head's scores.
#[derive(Clone, Copy)]
struct Scores {
    head: usize,
    rows: Region,
}

/// A head whose probabilities are on their way.
#[derive(Clone, Copy)]
struct Pending {
    head: usize,
    scores: Region,
    probabilities: Region,
}

impl Emitter<'_> {
    /// The context of all heads; gives the rows of `x` back, unless something else is to read them.
    pub fn attention(&mut self, index: usize, x: Region, keep: bool) -> Region {
        let (encoder, plan, task) = (self.encoder, self.plan, self.task);
        let (layer, rows, places) = (&encoder.layers[index], &plan.layers[index], &plan.weights.layers[index]);
        let spans = &task.layers[index].spans;
        let tiles = plan.axes.heads.tiles();
        let product = |linear, place, parameters| Product { linear, source: Source::Records, place, parameters };
        let q = self.codes("queries", tiles);
        let k = self.codes("keys", tiles);
        let chunks = self.chunks;
        for &chunk in chunks {
            self.heads(product(&layer.query, places.query, rows.query), spans, (x, chunk), q);
            self.heads(product(&layer.key, places.key, rows.key), spans, (x, chunk), k);
        }
        let v = self.codes("values", tiles);
        let value = product(&layer.value, places.value, rows.value);
        let mut live = (0..spans.len()).filter(|&head| spans[head] != Span::Skipped);
        let mut next = |emitter: &mut Self| live.next().map(|head| emitter.scores(head, rows.heads[head].0, q, k));
        let first = next(self);
        let mut pending = first.map(|scores| {
            let p = self.probabilities();
            self.softmax(scores, spans[scores.head], p)
        });
        // Values are not needed before the first probabilities are there.
        for &chunk in chunks {
            self.heads(value, spans, (x, chunk), v);
        }
        if !keep {
            self.free_codes(x);
        }
        let context = self.codes("context", tiles);
        let mut scores = next(self);
        while let Some(done) = pending {
            // Beside those that are read meanwhile.
            let ahead = scores.map(|scores| (scores, self.probabilities()));
            let products = self.context(rows.heads[done.head].1, done, spans[done.head], v, context);
            // After as many of these as the array has unfinished, the scores are there.
            let (first, further) = products.split_at(products.len().min(UNFINISHED as usize));
            first.iter().for_each(|&gemm| self.gemm(gemm));
            pending = ahead.map(|(scores, p)| self.softmax(scores, spans[scores.head], p));
            further.iter().for_each(|&gemm| self.gemm(gemm));
            self.free_numbers(done.scores);
            self.free_codes(done.probabilities);
            scores = next(self);
        }
        self.zeros(spans, context);
        [q, k, v].into_iter().for_each(|region| self.free_codes(region));
        context
    }

    /// A projection of the heads that see something, a run of them at a time.
    fn heads(&mut self, product: Product, spans: &[Span], (x, chunk): (Region, Chunk), result: Region) {
        let each = self.plan.axes.heads.group_tiles();
        let stream = x.chunk(self.plan.axes.hidden.tiles(), chunk);
        let target = Destination::codes(result.tokens(self.tokens, chunk));
        for run in runs(spans, |span| span != Span::Skipped) {
            let columns = run.start * each..run.end * each;
            self.product(product, columns, stream, target);
        }
    }

    /// Q·Kᵀ of a head: a row of scores for each query, a tile for each n keys.
    fn scores(&mut self, head: usize, parameters: u32, q: Region, k: Region) -> Scores {
        let (n, tokens, each) = (self.config.n as u32, self.tokens, self.plan.axes.heads.group_tiles() as u32);
        let scores = self.numbers(format!("scores of head {head}"), (tokens / n) as usize);
        let first = head as u32 * each * tokens;
        self.gemm(Gemm {
            source: Source::Rows,
            wide: true,
            rows: Count(tokens),
            passes: Count(each),
            columns: Count(tokens / n),
            masks: Count(n),
            stream_base: q.base + first,
            stream_pass: tokens,
            stationary_base: k.base + first,
            stationary_column: n,
            stationary_pass: tokens,
            stationary_lane: 1,
            parameter_base: parameters,
            wide_base: scores.base,
            result_column: tokens,
            ..BLANK
        });
        Scores { head, rows: scores }
    }

    fn probabilities(&mut self) -> Region {
        self.codes("probabilities", self.tokens as usize / self.config.n)
    }

    fn softmax(&mut self, scores: Scores, span: Span, p: Region) -> Pending {
        let (n, tokens) = (self.config.n as u32, self.tokens);
        let (limit, span, ramp) = match span {
            Span::Limited { span, ramp } => (true, span.into(), ramp.into()),
            Span::Whole | Span::Skipped => (false, 0, 0),
        };
        self.push(Softmax {
            limit,
            rows: Count(tokens),
            tiles: Count(tokens / n),
            count: Count(self.count as u32),
            source_base: scores.rows.base,
            source_tile: tokens,
            source_row: 1,
            result_base: p.base,
            result_tile: tokens,
            result_row: 1,
            span,
            ramp,
            first_row: 0,
            first_column: 0,
        });
        Pending { head: scores.head, scores: scores.rows, probabilities: p }
    }

    /// P·V of a head, without the tiles that none of a group of queries sees. Tiles of V are read by columns,
    /// so that it lies as it is produced.
    fn context(&mut self, parameters: u32, pending: Pending, span: Span, v: Region, context: Region) -> Vec<Gemm> {
        let (n, tokens, each) = (self.config.n as u32, self.tokens, self.plan.axes.heads.group_tiles() as u32);
        let tiles = self.plan.axes.heads.tiles();
        let window = Window { n, tokens, span, columns: each, price: self.price };
        let product = |chunk: Chunk, Group { queries, tiles: keys }: Group| {
            let (p, to) = (pending.probabilities.tokens(tokens, queries), context.chunk(tiles, chunk));
            Gemm {
                source: Source::Columns,
                code: true,
                rows: Count(p.rows),
                passes: Count(keys.len() as u32),
                columns: Count(each),
                masks: Count(n),
                stream_base: p.base + keys.start * p.tile,
                stream_pass: p.tile,
                stationary_base: v.base + pending.head as u32 * each * tokens + keys.start * n,
                stationary_column: tokens,
                stationary_pass: n,
                stationary_lane: 1,
                parameter_base: parameters,
                result_base: to.base + pending.head as u32 * each * to.tile + queries.start - chunk.start,
                result_column: to.tile,
                ..BLANK
            }
        };
        let groups =
            self.chunks.iter().flat_map(|&chunk| window.groups(chunk).into_iter().map(move |group| (chunk, group)));
        let products: Vec<Gemm> = groups.map(|(chunk, group)| product(chunk, group)).collect();
        self.further += products.len() - self.chunks.len();
        products
    }

    /// Heads that see nothing: products of which the shift leaves nothing.
    fn zeros(&mut self, spans: &[Span], context: Region) {
        let (n, each) = (self.config.n as u32, self.plan.axes.heads.group_tiles());
        let tiles = self.plan.axes.heads.tiles();
        for (run, &chunk) in (runs(spans, |span| span == Span::Skipped).iter())
            .flat_map(|run| self.chunks.iter().map(move |chunk| (run, chunk)))
        {
            let to = context.chunk(tiles, chunk);
            self.gemm(Gemm {
                source: Source::Rows,
                code: true,
                rows: Count(chunk.rows),
                columns: Count((run.len() * each) as u32),
                masks: Count(n),
                // Any codes do: one row for all vectors, one tile for all columns.
                stream_base: self.plan.identity.base,
                stream_row: 0,
                stationary_base: self.plan.identity.base,
                stationary_lane: 1,
                parameter_base: self.plan.nothing,
                result_base: to.base + (run.start * each) as u32 * to.tile,
                result_column: to.tile,
                ..BLANK
            });
        }
    }
}

/// Runs of heads whose span is so.
fn runs(spans: &[Span], is: impl Fn(Span) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for head in (0..spans.len()).filter(|&head| is(spans[head])) {
        match runs.last_mut().filter(|run| run.end == head) {
            Some(run) => run.end += 1,
            None => runs.push(head..head + 1),
        }
    }
    runs
}

//! `record_reader` against its golden: records at random, with bits that flip and without.

use super::{
    Outcome, Subject,
    subject::{counter, same},
};
use crate::Result;
use alberti_cost::configuration;
use alberti_golden::{
    BlockSparsity, Image, Pointer, Segment,
    record_reader::{Fetch, Output, read},
    secded::{Code, Finding},
    storage::RecordLayout,
};
use alberti_harness::{BankedMemory, Bits, MemoryId, Rng, Seed, SinkId, SourceId, Stall, Testbench};

/// Fetches records of every length in any order under all stall patterns, from memories in which no bit, few,
/// or any flip; the first pattern has no stalls and is timed.
///
/// # Errors
/// When the build fails, a bit differs, a word is read in vain, or a cycle is lost.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    for (pattern, stalls) in Stall::SWEEP.into_iter().enumerate() {
        for (faults, rate) in [0.0, 0.01, 0.05, 0.5].into_iter().enumerate() {
            let name = format!("record_reader.{}.{faults}.{pattern}", subject.design.name);
            let mut rng = seed.rng(&format!("{name}.items"));
            let mut bench = Bench::new(subject, Testbench::with_seed(&library, &name, seed)?, stalls)?;
            bench.load(&Stored::new(subject, rate, &mut rng)?)?;
            for _ in 0..rng.below(60) {
                bench.bench.step()?;
            }
            bench.bench.reset(1)?;
            let stored = Stored::new(subject, rate, &mut rng)?;
            let before = bench.bench.memory(bench.memory).reads();
            bench.load(&stored)?;
            let report = bench.bench.finish()?;
            let words: u64 = stored.fetches.iter().map(|fetch| fetch.masks as u64 + 1).sum();
            let mut facts = vec![
                ("words read", bench.bench.memory(bench.memory).reads() - before, words),
                ("misplaced_count_o", counter(&bench.bench, "misplaced_count_o")?, stored.output.misplaced),
            ];
            if subject.has("corrected_count_o") {
                facts.push(("corrected_count_o", counter(&bench.bench, "corrected_count_o")?, stored.corrected));
                facts.push(("detected_count_o", counter(&bench.bench, "detected_count_o")?, stored.detected));
            }
            if pattern == 0 {
                let latency = subject.design.memories.weight_masks.map_or(0, |masks| masks.latency);
                facts.push(("cycles", report.cycles, words + u64::from(latency) + 5));
            }
            facts.into_iter().try_for_each(|(what, got, expected)| same(report.seed, what, got, expected))?;
            outcome.add(&report);
        }
    }
    Ok(outcome)
}

/// A mask memory, the records that are fetched from it, and what the golden says of them.
struct Stored {
    image: Image,
    fetches: Vec<Fetch>,
    output: Output,
    corrected: u64,
    detected: u64,
}

impl Stored {
    /// Records of 1 to n masks one after the other, 12 or as many as there is room for, from the beginning or up
    /// to the end of the memory, in which each bit flips at a rate; the last of the memory is fetched too.
    fn new(subject: &Subject, rate: f64, rng: &mut Rng) -> Result<Self> {
        let n = subject.design.datapath.n as usize;
        let sparsity = subject.config()?.sparsity;
        let layout = configuration::records(subject.design)?;
        let words = 1usize << subject.width("word_address_o");
        let mut data = Image::new(words, layout.word_bits())?;
        let (mut sizes, mut total) = (Vec::new(), 0);
        for _ in 0..12 {
            // A pointer goes with the masks.
            let room = words - total;
            if room > 1 {
                let masks = 1 + rng.below(n.min(room - 1) as u64) as usize;
                sizes.push(masks);
                total += masks + 1;
            }
        }
        let mut word = *rng.pick(&[0, words - total]);
        let first = word;
        let mut records = Vec::new();
        for masks in sizes {
            fill(&layout, sparsity, &mut data, (word, masks), n, rng);
            records.push(Fetch { word, masks });
            word += masks + 1;
        }
        let coded = subject.has("corrected_count_o");
        let code = Code::new(layout.word_bits())?;
        let mut image = if coded { code.encode(&data)? } else { data.clone() };
        let mut findings = vec![Finding::Clean; words];
        for (word, finding) in findings.iter_mut().enumerate().skip(first).take(total) {
            for bit in (0..image.width()).filter(|_| rng.chance(rate)).collect::<Vec<_>>() {
                image.set(word, bit, 1, 1 ^ image.get(word, bit, 1));
            }
            let mut read = image.one(word);
            if coded {
                *finding = code.correct(&mut read, 0);
            }
            data.set(word, 0, data.width(), read.get(0, 0, data.width()));
        }
        let fetches: Vec<Fetch> = (0..1 + rng.below(24)).map(|_| *rng.pick(&records)).collect();
        let fetched = || fetches.iter().flat_map(|fetch| fetch.word..=fetch.word + fetch.masks);
        let found = |finding| fetched().filter(|&word| findings[word] == finding).count() as u64;
        let (corrected, detected) = (found(Finding::Corrected), found(Finding::Detected));
        let output = read(&layout, &data, &fetches)?;
        Ok(Self { image, fetches, output, corrected, detected })
    }
}

/// One record, from a random place in the value memory.
fn fill(
    layout: &RecordLayout,
    sparsity: Option<BlockSparsity>,
    data: &mut Image,
    (word, masks): (usize, usize),
    n: usize,
    rng: &mut Rng,
) {
    let blocks = sparsity.is_some() && rng.chance(0.5);
    let density = *rng.pick(&[0.0, 0.5, 0.9, 1.0]);
    layout.set_pointer(data, word, Pointer::default(), rng.u64() as usize);
    let mut position = 0;
    for word in word + 1..=word + masks {
        let mask: u128 = (0..if blocks { 2 * n } else { n }).map(|i| u128::from(rng.chance(density)) << i).sum();
        layout.set_item(data, word, blocks, mask, position);
        position += mask.count_ones() as usize;
    }
}

struct Bench {
    bench: Testbench,
    records: SourceId,
    weights: SinkId,
    bases: SinkId,
    memory: MemoryId,
    widths: [u32; 5],
    block: bool,
}

impl Bench {
    fn new(subject: &Subject, mut bench: Testbench, (gaps, pressure): (Stall, Stall)) -> Result<Self> {
        let block = subject.has("weight_block_o");
        let fields: &[&str] = if block { &["data", "block", "last"] } else { &["data", "last"] };
        let records = bench.source("record", &["address", "masks"], gaps)?;
        let weights = bench.sink("weight", fields, pressure)?;
        let bases = bench.sink("base", &["row", "lane"], pressure)?;
        let widths = ["record_address_i", "record_masks_i", "weight_data_o", "base_row_o", "base_lane_o"]
            .map(|port| subject.width(port));
        let memory = bench.add_memory(BankedMemory::new(1, widths[0], subject.width("word_data_i")));
        let latency = subject.design.memories.weight_masks.map_or(1, |masks| masks.latency);
        bench.read_port("word", memory, latency)?;
        let clear = bench.model().input("clear_i")?;
        bench.model_mut().set(clear, 0);
        Ok(Self { bench, records, weights, bases, memory, widths, block })
    }

    fn load(&mut self, stored: &Stored) -> Result<()> {
        let [address_w, masks_w, data_w, row_w, lane_w] = self.widths;
        let memory = self.bench.memory_mut(self.memory);
        memory.load(0, (0..stored.image.words()).map(|word| stored.image.get(word, 0, stored.image.width()) as u64));
        for fetch in &stored.fetches {
            let item = [Bits::new(address_w, fetch.word as u64), Bits::new(masks_w, fetch.masks as u64 - 1)];
            self.bench.send(self.records, &item)?;
        }
        for segment in &stored.output.segments {
            let base = [Bits::new(row_w, segment.base.row as u64), Bits::new(lane_w, segment.base.lane as u64)];
            self.bench.expect(self.bases, &base)?;
        }
        for (item, last) in Segment::flatten(&stored.output.segments) {
            let mut fields = vec![Bits::wide(data_w, item.mask)];
            if self.block {
                fields.push(item.block.into());
            }
            fields.push(last.into());
            self.bench.expect(self.weights, &fields)?;
        }
        Ok(())
    }
}

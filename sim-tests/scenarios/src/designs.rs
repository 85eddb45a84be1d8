//! Random valid designs: every section, with the smallest values and options off as often as not.

use alberti_arith::{Activation, Format};
use alberti_harness::Rng;
use alberti_rtl::design::OPERANDS;
use std::fmt::Write;

/// The text of a design of this name. It is valid as far as its sections go; that its macros serve the clock is
/// for its reader to find out.
pub fn random(name: &str, rng: &mut Rng) -> String {
    let accelerator = rng.chance(0.4);
    let n = *rng.pick(if accelerator { &[2, 2, 4, 4, 8] } else { &[2, 3, 4, 4, 5, 6, 8, 12] });
    let operand = if accelerator || rng.chance(0.5) { Format::AF8_3 } else { *rng.pick(&OPERANDS) };
    let mut draft = Draft { text: format!("name: {name}\n"), rng, n, accelerator };
    let sparse = draft.datapath(operand);
    draft.memories();
    draft.units(operand);
    draft.registers(sparse);
    let frequency = draft.rng.pick(&[25, 100, 250]).to_string();
    let _ = writeln!(draft.text, "clock: {{frequency_mhz: {frequency}}}");
    draft.text
}

struct Draft<'a> {
    text: String,
    rng: &'a mut Rng,
    n: u64,
    accelerator: bool,
}

impl Draft<'_> {
    // Writing to a string cannot fail.
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// `least`, half of the times; else a number from there to `most`.
    fn at_least(&mut self, least: u64, most: u64) -> u64 {
        if self.rng.chance(0.5) { least } else { least + self.rng.below(most.max(least) - least + 1) }
    }

    fn flag(&mut self) -> bool {
        self.rng.chance(0.5)
    }

    /// Whether the section is there: an accelerator has all of its own.
    fn has(&mut self) -> bool {
        self.accelerator || self.rng.chance(0.4)
    }

    /// Writes the datapath; whether its weights can be block-sparse.
    fn datapath(&mut self, operand: Format) -> bool {
        let n = self.n;
        let tiles = self.at_least(1, 24);
        let needed = u64::from(operand.sum_bits(n * tiles)).max(24);
        let bits = needed + u64::from(needed > 24 && needed < 48 && self.flag());
        let rows = self.at_least(n, 40);
        self.line(&format!(
            "datapath:\n  n: {n}\n  operand: {operand}\n  accumulator_bits: {bits}\n  accumulator_rows: {rows}\n  reduction_max: {}",
            n * tiles
        ));
        if !self.accelerator && self.flag() {
            let (bits, integer) = (*self.rng.pick(&[8, 16]), 1 + self.rng.below(7));
            self.line(&format!("  result: q{integer}.{}", bits - integer));
        }
        if self.flag() {
            let pipeline = 1 + self.rng.below(3);
            self.line(&format!("  pipeline: {pipeline}"));
        }
        if self.flag() {
            self.line("  zero_skip: false");
        }
        let sparse = n.is_multiple_of(2) && self.rng.chance(0.3);
        if sparse {
            let fitting: Vec<u64> = [2, 4, 8].into_iter().filter(|nonzeros| n.is_multiple_of(*nonzeros)).collect();
            let nonzeros = *self.rng.pick(&fitting);
            self.line(&format!("  sparsity: {{kind: block, nonzeros: {nonzeros}, block: {}}}", 2 * nonzeros));
        }
        let functions = Activation::ALL.iter().filter(|&&function| function != Activation::Identity);
        let words: Vec<_> = functions.map(|function| function.word()).filter(|_| self.rng.chance(0.4)).collect();
        if !words.is_empty() {
            self.line(&format!("  activation: [{}]", words.join(", ")));
        }
        sparse
    }

    fn storage(&mut self, rram: bool) -> String {
        let mut text = String::new();
        if rram {
            let bits = 1 + self.rng.below(4);
            let coding = *self.rng.pick(&["gray", "binary"]);
            let placing = *self.rng.pick(&["adjacent", "spread"]);
            let _ = write!(text, ", kind: rram, bits_per_cell: {bits}, coding: {coding}, placing: {placing}");
        }
        let optimise = *self.rng.pick(&["area", "energy", "latency"]);
        text + &format!(", optimise: {optimise}")
    }

    fn memories(&mut self) {
        let n = self.n;
        let rows = n + self.at_least(0, 200);
        let (latency, rram) = (self.at_least(1, 4), self.flag());
        let storage = self.storage(rram);
        self.line(&format!(
            "memories:\n  weight:\n    values: {}\n    latency: {latency}{}",
            n * rows,
            lines(&storage)
        ));
        if self.has() {
            let (words, latency, rram) = (self.at_least(n + 1, 300), self.at_least(1, 4), self.flag());
            let (storage, ecc) = (self.storage(rram), *self.rng.pick(&["none", "secded"]));
            self.line(&format!("    masks: {{words: {words}, latency: {latency}, ecc: {ecc}{storage}}}"));
        }
        // Banks are chosen by whole address bits.
        let rows = if self.accelerator { 4 << self.at_least(0, 5) } else { self.at_least(1, 100) };
        let (latency, rram) = (self.at_least(1, 4), !self.accelerator && self.flag());
        let storage = self.storage(rram);
        self.line(&format!("  activation: {{values: {}, latency: {latency}{storage}}}", n * rows));
        let rows = self.at_least(1, 100);
        let storage = self.storage(false);
        self.line(&format!("  result: {{values: {}{storage}}}", n * rows));
    }

    fn lanes(&mut self) -> u64 {
        let lanes: Vec<u64> = (2..=self.n).filter(|lanes| self.n.is_multiple_of(*lanes)).collect();
        *self.rng.pick(&lanes)
    }

    fn units(&mut self, operand: Format) {
        let codes = operand == Format::AF8_3;
        let mut units = Vec::new();
        if codes && self.has() {
            let lanes = self.lanes();
            let vectors = self.at_least(if self.accelerator { self.n / lanes } else { 1 }, 40);
            let (buffer, row) = (self.accelerator || self.flag(), self.flag());
            let maximum = if buffer && row { "row" } else { "running" };
            let length = lanes * vectors;
            units.push(format!(
                "softmax: {{length_max: {length}, lanes: {lanes}, row_buffer: {buffer}, maximum: {maximum}}}"
            ));
        }
        if codes && self.has() {
            let (lanes, length) = (self.lanes(), self.at_least(2, 100));
            let buffer = self.accelerator || self.flag();
            units.push(format!("layernorm: {{length_max: {length}, lanes: {lanes}, row_buffer: {buffer}}}"));
        }
        if self.has() {
            units.push(format!("elementwise: {{lanes: {}}}", self.lanes()));
        }
        if self.has() {
            units.push(format!("entropy: {{classes_max: {}}}", self.at_least(2, 64)));
        }
        if self.rng.chance(0.3) {
            let length = self.at_least(2, 64);
            units.push(format!("top_k: {{length_max: {length}, k: {}}}", 1 + self.rng.below(length)));
        }
        if codes && self.rng.chance(0.3) {
            let (parents, children) = (self.at_least(2, 64), self.at_least(1, 16));
            units.push(format!("hierarchical_softmax: {{parents_max: {parents}, children_max: {children}}}"));
        }
        if !units.is_empty() {
            self.line(&format!("units:\n  {}", units.join("\n  ")));
        }
    }

    /// Registers and what an accelerator has beside them.
    fn registers(&mut self, sparse: bool) {
        let (address, program) = (self.at_least(12, 32), self.at_least(32, 64));
        if self.has() {
            self.line(&format!("csr: {{address_bits: {address}, program_address_bits: {program}}}"));
        }
        if !self.accelerator {
            return;
        }
        let banks = if sparse { 2 } else { 1 + self.rng.below(2) };
        let n = self.n;
        let wide = n * self.at_least(1, 100);
        let [parameters, instructions, index] = [(); 3].map(|()| self.at_least(1, 60));
        let (bus, data) = (self.at_least(program, 64), *self.rng.pick(&[32, 64, 128]));
        let beats = self.at_least(1, 64);
        self.line(&format!(
            "accelerator:\n  banks: {banks}\n  wide: {{values: {wide}}}\n  parameters: {{rows: {parameters}}}\n  \
             program: {{instructions: {instructions}}}\n  index: {{words: {index}}}\n  \
             axi: {{address_bits: {bus}, data_bits: {data}, burst_beats: {beats}}}"
        ));
    }
}

/// Keys of a flow mapping as lines of a block, four blanks in.
fn lines(keys: &str) -> String {
    keys.replace(", ", "\n    ")
}

//! `vmac` against its golden: every pair of 8-bit codes in a product, then random sums with all that control
//! does.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_arith::Format;
use alberti_golden::{BlockSparsity, vmac};
use alberti_harness::{Bits, Rng, Seed};

/// Multiplies every pair of codes (8-bit formats), and runs random sums with loads, swaps and skips in any
/// cycle.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let lane = Lane::new(subject)?;
    let mut outcome = Outcome::default();
    if lane.format.bits() == 8 {
        let mut bench = Lockstep::new(subject, &library, "vmac.products", seed)?;
        lane.every_product(&mut bench)?;
        outcome.merge(bench.finish()?);
    }
    let mut bench = Lockstep::new(subject, &library, "vmac.sums", seed)?;
    lane.random_sums(&mut bench, 20_000)?;
    outcome.merge(bench.finish()?);
    Ok(outcome)
}

/// Weights as a lane holds them: codes, and in a block-sparse design each one's choice.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub codes: Vec<u16>,
    pub selects: Vec<Option<u8>>,
}

/// A lane as the design has it.
pub(super) struct Lane {
    pub n: usize,
    pub format: Format,
    pub acc_w: u32,
    pub sparsity: Option<BlockSparsity>,
    pub select_w: u32,
    pub pipeline: u32,
    pub zero_skip: bool,
    /// Whether tiles may come by columns.
    pub columns: bool,
}

impl Lane {
    pub fn new(subject: &Subject) -> Result<Self> {
        let config = subject.config()?;
        let select_w = if config.sparsity.is_some() { subject.width("load_select_i") / config.n as u32 } else { 0 };
        Ok(Self {
            n: config.n,
            format: config.operand,
            acc_w: config.accumulator_bits,
            sparsity: config.sparsity,
            select_w,
            pipeline: subject.design.datapath.pipeline,
            zero_skip: config.zero_skip,
            columns: subject.design.accelerator.is_some(),
        })
    }

    /// Activations that the lane sees.
    pub fn inputs(&self) -> usize {
        self.n * self.sparsity.map_or(1, |sparsity| sparsity.block() / sparsity.nonzeros())
    }

    /// A code: any, an extreme, or a zero.
    pub fn code(&self, rng: &mut Rng) -> u16 {
        match rng.below(8) {
            0 => 0,
            1 => self.format.quantize(f64::INFINITY, 0),
            2 => self.format.quantize(f64::NEG_INFINITY, 0),
            3 => 1 << (self.format.bits() - 1),
            _ => rng.bits(self.format.bits()) as u16,
        }
    }

    /// Random weights; a tenth of the tiles is extreme throughout.
    pub fn weights(&self, rng: &mut Rng) -> Weights {
        let same = rng.chance(0.1).then(|| self.code(rng));
        let selects = self.sparsity.map_or(Vec::new(), |sparsity| {
            (0..self.n).map(|_| (!rng.chance(0.1)).then(|| rng.below(sparsity.choices() as u64) as u8)).collect()
        });
        Weights { codes: (0..self.n).map(|_| same.unwrap_or_else(|| self.code(rng))).collect(), selects }
    }

    pub fn activations(&self, rng: &mut Rng) -> Vec<u16> {
        let same = rng.chance(0.1).then(|| self.code(rng));
        (0..self.inputs()).map(|_| same.unwrap_or_else(|| self.code(rng))).collect()
    }

    /// A sum of any magnitude, both ends of the range among them.
    pub fn addend(&self, rng: &mut Rng) -> i64 {
        let width = 1 + rng.below(self.acc_w.into()) as u32;
        match rng.below(8) {
            0 => alberti_arith::saturate(i64::MAX, self.acc_w),
            1 => alberti_arith::saturate(i64::MIN, self.acc_w),
            _ => alberti_arith::wrap(rng.bits(width) as i64, width),
        }
    }

    pub fn weight_bits(&self, weights: &Weights) -> Bits {
        Bits::pack(self.format.bits(), weights.codes.iter().copied())
    }

    pub fn select_bits(&self, weights: &Weights) -> Bits {
        let none = (1u64 << self.select_w) - 1;
        Bits::pack(self.select_w, weights.selects.iter().map(|select| select.map_or(none, u64::from)))
    }

    /// What a dense AdaptivFloat array hands to its lanes: sign, exponent, hidden one, mantissa; else the
    /// codes.
    fn activation_bits(&self, activations: &[u16]) -> Bits {
        match (self.format, self.sparsity) {
            (Format::AdaptivFloat(_), None) => {
                let hidden = |code: u16| u16::from(code & 0x7f != 0) << 4;
                Bits::pack(9, activations.iter().map(|&code| (code & 0xf0) << 1 | hidden(code) | code & 0xf))
            }
            _ => Bits::pack(self.format.bits(), activations.iter().copied()),
        }
    }

    pub fn sum(&self, addend: i64, weights: &Weights, activations: &[u16]) -> Result<i64> {
        Ok(match self.sparsity {
            None => vmac::sum(self.format, self.acc_w, addend, &weights.codes, activations)?,
            Some(sparsity) => {
                let Weights { codes, selects } = weights;
                vmac::sum_selected(self.format, sparsity, self.acc_w, addend, codes, selects, activations)?
            }
        })
    }

    fn idle(&self, bench: &mut Lockstep) -> Result<()> {
        self.no_load(bench)?;
        bench.drive(0, "swap_i", false.into())
    }

    fn no_load(&self, bench: &mut Lockstep) -> Result<()> {
        if self.columns {
            bench.drive(0, "load_place_i", Bits::zero(self.n as u32))?;
        }
        bench.drive(0, "load_i", false.into())
    }

    /// Loads the weight of one place, which then has its first choice.
    fn load_place(&self, bench: &mut Lockstep, place: usize, code: u16) -> Result<()> {
        bench.drive(0, "load_i", false.into())?;
        bench.drive(0, "load_place_i", Bits::new(self.n as u32, 1 << place))?;
        bench.drive(0, "load_code_i", Bits::new(self.format.bits(), code.into()))
    }

    fn load(&self, bench: &mut Lockstep, weights: &Weights) -> Result<()> {
        self.no_load(bench)?;
        bench.drive(0, "load_i", true.into())?;
        bench.drive(0, "load_weight_i", self.weight_bits(weights))?;
        if self.sparsity.is_some() {
            bench.drive(0, "load_select_i", self.select_bits(weights))?;
        }
        Ok(())
    }

    /// A vector in this cycle, its addend when the lane wants it, its sum when the lane owes it.
    fn vector(
        &self,
        bench: &mut Lockstep,
        weights: &Weights,
        activations: &[u16],
        addend: i64,
        skip: bool,
    ) -> Result<()> {
        bench.drive(0, "activation_i", self.activation_bits(activations))?;
        bench.drive(self.pipeline - 1, "addend_i", Bits::signed(self.acc_w, addend))?;
        if self.zero_skip {
            bench.drive(self.pipeline - 1, "skip_i", skip.into())?;
        }
        let sum = if skip { addend } else { self.sum(addend, weights, activations)? };
        bench.expect(self.pipeline, "sum_o", Bits::signed(self.acc_w, sum))
    }

    /// Every pair of codes: each in every multiplier of a small lane, in one of a large lane's.
    fn every_product(&self, bench: &mut Lockstep) -> Result<()> {
        let places = if self.n <= 6 { self.n } else { 1 };
        for weight in 0..=255u16 {
            let select = |k: usize| self.sparsity.map(|s| ((usize::from(weight) + k) % s.choices()) as u8);
            let selects = if self.sparsity.is_some() { (0..self.n).map(select).collect() } else { Vec::new() };
            let weights = Weights { codes: vec![weight; self.n], selects };
            bench.drive(0, "swap_i", false.into())?;
            self.load(bench, &weights)?;
            bench.step()?;
            self.no_load(bench)?;
            bench.drive(0, "swap_i", true.into())?;
            bench.step()?;
            for activation in 0..=255u16 {
                for place in 0..places {
                    let k = if places == 1 { usize::from(activation) % self.n } else { place };
                    let input = self.sparsity.map_or(k, |s| s.input(k, select(k).unwrap_or_default()));
                    let mut activations = vec![0; self.inputs()];
                    activations[input] = activation;
                    self.idle(bench)?;
                    self.vector(bench, &weights, &activations, 0, false)?;
                    bench.step()?;
                }
            }
        }
        Ok(())
    }

    fn random_sums(&self, bench: &mut Lockstep, cycles: usize) -> Result<()> {
        let mut shadow = self.weights(bench.rng());
        let mut active = shadow.clone();
        for cycle in 0..cycles {
            // The first cycles give both sets of registers a content.
            let (load, swap) = match cycle {
                0 => (true, false),
                1 => (false, true),
                _ => (bench.rng().chance(0.3), bench.rng().chance(0.3)),
            };
            if cycle > 1 {
                let rng = bench.rng();
                let (activations, addend, skip) = (self.activations(rng), self.addend(rng), rng.chance(0.2));
                self.vector(bench, &active, &activations, addend, skip && self.zero_skip)?;
            }
            self.no_load(bench)?;
            bench.drive(0, "swap_i", swap.into())?;
            // A swap takes what was there before a load of the same cycle.
            if swap {
                active = shadow.clone();
            }
            if load {
                if cycle > 0 {
                    shadow = self.weights(bench.rng());
                }
                self.load(bench, &shadow)?;
            } else if self.columns && bench.rng().chance(0.5) {
                let (place, code) = (bench.rng().below(self.n as u64) as usize, self.code(bench.rng()));
                shadow.codes[place] = code;
                if self.sparsity.is_some() {
                    shadow.selects[place] = Some(0);
                }
                self.load_place(bench, place, code)?;
            }
            bench.step()?;
        }
        Ok(())
    }
}

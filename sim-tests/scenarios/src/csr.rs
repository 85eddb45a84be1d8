//! `csr` against its golden: every output in every cycle, under random traffic on all five channels.

use super::{Lockstep, Outcome, Subject};
use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::csr::{Csr, Inputs, Outputs, Response};
use alberti_harness::{Bits, Rng, Seed};
use alberti_rtl::registers::{self, Access, INTERRUPT};
use std::collections::BTreeSet;

/// How likely a request is offered and a response taken in a cycle: always, often, seldom.
const TRAFFIC: [(f64, f64); 6] = [(1.0, 1.0), (1.0, 0.4), (0.4, 1.0), (0.5, 0.5), (0.9, 0.1), (0.1, 0.9)];

/// Cycles of each.
const CYCLES: u64 = 3000;

/// Random traffic, and resets in the middle of it.
///
/// # Errors
/// When the build fails, a bit differs, or the port is slower than a transfer in two cycles.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let map = registers::Map::of(subject.design);
    let map = map.ok_or_else(|| Error::unfit("csr", "the design has no registers"))?;
    let library = subject.build()?;
    let mut outcome = Outcome::default();
    let mut met = Met::default();
    for (pattern, (offer, take)) in TRAFFIC.into_iter().enumerate() {
        let bench = Lockstep::new(subject, &library, &format!("csr.{pattern}"), seed)?;
        let mut traffic =
            Traffic { map: &map, golden: configuration::registers(&map)?, bench, offer, take, met: &mut met };
        // The first, which never waits, is also never reset.
        let (_, _, [writes, reads]) = (traffic.run(pattern > 0)?, outcome.merge(traffic.bench.finish()?), met.last);
        if pattern == 0 && (writes < CYCLES / 2 - 1 || reads < CYCLES / 2 - 1) {
            let message = format!("{writes} writes and {reads} reads in {CYCLES} cycles without a wait");
            return Err(Error::differs("csr", message));
        }
    }
    met.all(&map)?;
    Ok(outcome)
}

/// What the traffic has met.
#[derive(Default)]
struct Met {
    read: BTreeSet<u32>,
    written: BTreeSet<u32>,
    refused: [u64; 2],
    /// Responses to writes and to reads in the last run.
    last: [u64; 2],
}

impl Met {
    /// Demands that every register was read, and written to or refused, and that both kinds of response came.
    fn all(&self, map: &registers::Map) -> Result<()> {
        let all: BTreeSet<u32> = map.registers.iter().map(|register| register.offset).collect();
        let missed = || all.iter().filter(|offset| !self.read.contains(offset) || !self.written.contains(offset));
        if missed().next().is_none() && self.refused.iter().all(|&count| count > 0) {
            return Ok(());
        }
        let missed: Vec<_> = missed().map(|offset| format!("{offset:#x}")).collect();
        Err(Error::differs("csr", format!("not met: {missed:?}, refused {:?}", self.refused)))
    }
}

struct Traffic<'a> {
    map: &'a registers::Map,
    golden: Csr,
    bench: Lockstep,
    offer: f64,
    take: f64,
    met: &'a mut Met,
}

impl Traffic<'_> {
    fn run(&mut self, resets: bool) -> Result<()> {
        let mut inputs = Inputs::default();
        // How likely each of the three requests is offered: for a while one of AW and W may not come at all.
        let mut rates = [self.offer; 3];
        self.met.last = [0; 2];
        for cycle in 0..CYCLES {
            let outputs = self.golden.outputs();
            let rng = self.bench.rng();
            if cycle % 64 == 0 && self.offer < 1.0 {
                rates = [0, 1, 2].map(|channel| if channel < 2 && rng.chance(0.2) { 0.0 } else { self.offer });
            }
            self.offer(&mut inputs, rates);
            self.drive(&inputs)?;
            self.expect(&outputs)?;
            self.note(&inputs, &outputs);
            self.golden.cycle(&inputs)?;
            self.bench.step()?;
            let [aw, w, ar] = outputs.ready;
            inputs.aw = inputs.aw.filter(|_| !aw);
            inputs.w = inputs.w.filter(|_| !w);
            inputs.ar = inputs.ar.filter(|_| !ar);
            if resets && self.bench.rng().chance(0.01) {
                let cycles = 1 + self.bench.rng().below(3) as u32;
                self.bench.reset(cycles)?;
                self.golden.reset();
                inputs = Inputs::default();
            }
        }
        Ok(())
    }

    /// What is offered stays until it is taken; hardware does what it likes.
    fn offer(&mut self, inputs: &mut Inputs, rates: [f64; 3]) {
        let (map, take) = (self.map, self.take);
        let rng = self.bench.rng();
        if inputs.aw.is_none() && rng.chance(rates[0]) {
            inputs.aw = Some(address(map, rng));
        }
        if inputs.w.is_none() && rng.chance(rates[1]) {
            let strobes = if rng.chance(0.5) { 15 } else { rng.bits(4) as u8 };
            inputs.w = Some((rng.bits(32) as u32, strobes));
        }
        if inputs.ar.is_none() && rng.chance(rates[2]) {
            inputs.ar = Some(address(map, rng));
        }
        (inputs.b_ready, inputs.r_ready) = (rng.chance(take), rng.chance(take));
        // An event in the cycle of the write that clears it is met often, and then seldom another that would hide it.
        let cause = map.registers.iter().find(|register| register.name == INTERRUPT[0]).map(|register| register.offset);
        let clearing = inputs.w.is_some() && inputs.aw.map(|address| address & !3) == cause;
        let event = if clearing { 0.5 } else { 0.03 };
        let input = |rng: &mut Rng, field: &registers::Field| match field.access {
            Access::WriteOneToClear => u32::from(rng.chance(event)),
            _ => rng.bits(field.bits) as u32,
        };
        let fields =
            map.registers.iter().map(|register| register.fields.iter().map(|field| input(rng, field)).collect());
        inputs.fields = fields.collect();
    }

    fn drive(&mut self, inputs: &Inputs) -> Result<()> {
        let address_w = self.map.address_bits;
        let bench = &mut self.bench;
        for (channel, address) in [("aw", inputs.aw), ("ar", inputs.ar)] {
            bench.drive(0, &format!("s_axil_{channel}valid"), address.is_some().into())?;
            if let Some(address) = address {
                bench.drive(0, &format!("s_axil_{channel}addr"), Bits::new(address_w, address.into()))?;
            }
        }
        bench.drive(0, "s_axil_wvalid", inputs.w.is_some().into())?;
        if let Some((data, strobes)) = inputs.w {
            bench.drive(0, "s_axil_wdata", Bits::new(32, data.into()))?;
            bench.drive(0, "s_axil_wstrb", Bits::new(4, strobes.into()))?;
        }
        bench.drive(0, "s_axil_bready", inputs.b_ready.into())?;
        bench.drive(0, "s_axil_rready", inputs.r_ready.into())?;
        for (register, values) in self.map.registers.iter().zip(&inputs.fields) {
            for (field, &value) in register.fields.iter().zip(values) {
                if matches!(field.access, Access::Status | Access::WriteOneToClear | Access::Snapshot) {
                    let port = format!("{}_i", register.stem(field));
                    bench.drive(0, &port, Bits::new(field.bits, value.into()))?;
                }
            }
        }
        Ok(())
    }

    fn expect(&mut self, outputs: &Outputs) -> Result<()> {
        let bench = &mut self.bench;
        for (channel, ready) in ["aw", "w", "ar"].into_iter().zip(outputs.ready) {
            bench.expect(0, &format!("s_axil_{channel}ready"), ready.into())?;
        }
        let code = |response: Response| Bits::new(2, if response == Response::Okay { 0 } else { 2 });
        bench.expect(0, "s_axil_bvalid", outputs.b.is_some().into())?;
        if let Some(response) = outputs.b {
            bench.expect(0, "s_axil_bresp", code(response))?;
        }
        bench.expect(0, "s_axil_rvalid", outputs.r.is_some().into())?;
        if let Some((response, data)) = outputs.r {
            bench.expect(0, "s_axil_rresp", code(response))?;
            bench.expect(0, "s_axil_rdata", Bits::new(32, data.into()))?;
        }
        bench.expect(0, "interrupt_o", outputs.interrupt.into())?;
        for (register, values) in self.map.registers.iter().zip(&outputs.fields) {
            for (field, &value) in register.fields.iter().zip(values) {
                if matches!(field.access, Access::ReadWrite | Access::Program | Access::Pulse) {
                    let port = format!("{}_o", register.stem(field));
                    bench.expect(0, &port, Bits::new(field.bits, value.into()))?;
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, inputs: &Inputs, outputs: &Outputs) {
        let [aw, _, ar] = outputs.ready;
        self.met.written.extend(inputs.aw.filter(|_| aw).map(|address| address & !3));
        self.met.read.extend(inputs.ar.filter(|_| ar).map(|address| address & !3));
        let taken = [outputs.b.filter(|_| inputs.b_ready), outputs.r.map(|(code, _)| code).filter(|_| inputs.r_ready)];
        for (channel, response) in taken.into_iter().enumerate() {
            self.met.last[channel] += u64::from(response.is_some());
            self.met.refused[channel] += u64::from(response == Some(Response::SlaveError));
        }
    }
}

/// A register, its neighbour, one that differs from it in a bit, or anywhere.
fn address(map: &registers::Map, rng: &mut Rng) -> u32 {
    let register = rng.pick(&map.registers).offset + rng.bits(2) as u32;
    let all = u32::MAX >> (32 - map.address_bits);
    match rng.below(16) {
        0 => register.wrapping_add(4) & all,
        1 => register ^ 1 << rng.below(map.address_bits.into()),
        2 => rng.bits(map.address_bits) as u32,
        _ => register,
    }
}

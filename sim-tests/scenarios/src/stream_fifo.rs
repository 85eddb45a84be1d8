//! `stream_fifo` against its golden: order and contents under stalls, and every ready and valid to the cycle.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_golden::stream_fifo::StreamFifo;
use alberti_harness::{Bits, Seed, Stall, Testbench};
use alberti_rtl::blocks::{Geometry, matrix_unit::result_depth};

/// Sends random items under all stall patterns, through a reset, and from empty to full and back.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let width = subject.width("in_data_i");
    let mut outcome = Outcome::default();
    for (pattern, (gaps, pressure)) in Stall::SWEEP.into_iter().enumerate() {
        let name = format!("stream_fifo.{}.{pattern}", subject.design.name);
        let mut rng = seed.rng(&format!("{name}.items"));
        let mut bench = Testbench::with_seed(&library, &name, seed)?;
        let (source, sink) = (bench.source("in", &["data"], gaps)?, bench.sink("out", &["data"], pressure)?);
        for round in 0..2 {
            for _ in 0..500 {
                let mut words = vec![0; width.div_ceil(32) as usize];
                rng.fill(&mut words, width);
                let item = [Bits::from_words(width, &words)];
                bench.send(source, &item)?;
                bench.expect(sink, &item)?;
            }
            if round == 0 {
                for _ in 0..rng.below(300) {
                    bench.step()?;
                }
                bench.reset(1)?;
            }
        }
        outcome.add(&bench.finish()?);
    }
    outcome.merge(fill_and_drain(subject, &library, width, seed)?);
    Ok(outcome)
}

/// Against the golden queue, cycle by cycle: as many entries as it should have, none of them late.
fn fill_and_drain(subject: &Subject, library: &alberti_harness::Library, width: u32, seed: Seed) -> Result<Outcome> {
    let mut bench = Lockstep::new(subject, library, "stream_fifo.full", seed)?;
    let depth = result_depth(&Geometry::new(subject.design)) as usize;
    let mut golden = StreamFifo::new(depth);
    for cycle in 0..2000 {
        // Mostly in, then mostly out, so that both ends are met.
        let (filling, draining) = if (cycle / (4 * depth)).is_multiple_of(2) { (0.9, 0.3) } else { (0.3, 0.9) };
        let (push, pop) = (bench.rng().chance(filling), bench.rng().chance(draining));
        let (has_room, has_item) = (golden.len() < depth, !golden.is_empty());
        let mut words = vec![0; width.div_ceil(32) as usize];
        bench.rng().fill(&mut words, width);
        let item = Bits::from_words(width, &words);
        bench.drive(0, "in_valid_i", push.into())?;
        bench.drive(0, "in_data_i", item.clone())?;
        bench.drive(0, "out_ready_i", pop.into())?;
        bench.expect(0, "in_ready_o", has_room.into())?;
        bench.expect(0, "out_valid_o", has_item.into())?;
        if let Some(oldest) = golden.clone().pop() {
            bench.expect(0, "out_data_o", oldest)?;
        }
        if pop && has_item {
            golden.pop();
        }
        if push && has_room && golden.push(item).is_err() {
            unreachable!("room was seen before");
        }
        bench.step()?;
    }
    bench.finish()
}

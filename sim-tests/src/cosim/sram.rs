//! `sram` against its golden: every word, and reads of the word that is being written.

use super::{Lockstep, Outcome, Subject};
use crate::{Bits, Result, Seed};
use alberti_golden::sram::Sram;
use alberti_rtl::blocks::Geometry;

/// Fills the memory, then reads and writes at random, the same word in one cycle now and then.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let mut bench = Lockstep::new(subject, &library, "sram", seed)?;
    let words = Geometry::new(subject.design).rows as usize;
    let (width, address_w) = (subject.width("write_data_i"), subject.width("read_address_i"));
    let mut golden = Sram::new(words, Bits::zero(width));
    let mut shown: Option<Bits> = None;
    for cycle in 0..words + 4000 {
        let filling = cycle < words;
        let address = |bench: &mut Lockstep| bench.rng().below(words as u64) as usize;
        let write = filling || bench.rng().chance(0.6);
        let write_address = if filling { cycle } else { address(&mut bench) };
        let read = !filling && bench.rng().chance(0.6);
        let read_address = if bench.rng().chance(0.3) { write_address } else { address(&mut bench) };
        let mut data = vec![0; width.div_ceil(32) as usize];
        bench.rng().fill(&mut data, width);
        let data = Bits::from_words(width, &data);

        bench.drive(0, "write_enable_i", write.into())?;
        bench.drive(0, "write_address_i", Bits::new(address_w, write_address as u64))?;
        bench.drive(0, "write_data_i", data.clone())?;
        bench.drive(0, "read_enable_i", read.into())?;
        bench.drive(0, "read_address_i", Bits::new(address_w, read_address as u64))?;
        let answer = golden.cycle(read.then_some(read_address), write.then_some((write_address, data)))?;
        // Without a read the port keeps what it showed.
        shown = answer.or(shown);
        if let Some(shown) = &shown {
            bench.expect(1, "read_data_o", shown.clone())?;
        }
        bench.step()?;
    }
    bench.finish()
}

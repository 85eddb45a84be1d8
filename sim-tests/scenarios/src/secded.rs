//! `secded` against its golden: no error, every single error, pairs and more of them.

use super::{Lockstep, Outcome, Subject};
use crate::Result;
use alberti_golden::{
    Image,
    secded::{Code, Finding},
};
use alberti_harness::{Bits, Seed};

/// Shows words with up to four errors: every single one, many pairs, some more.
///
/// # Errors
/// When the build fails or a bit differs.
pub fn run(subject: &Subject, seed: Seed) -> Result<Outcome> {
    let library = subject.build()?;
    let (data_w, word_w) = (subject.width("data_o"), subject.width("word_i"));
    let code = Code::new(data_w as usize)?;
    let mut bench = Lockstep::new(subject, &library, "secded", seed)?;
    for number in 0..40 * word_w {
        let mut data = Image::new(1, data_w as usize)?;
        for bit in 0..data_w as usize {
            data.set(0, bit, 1, bench.rng().bits(1).into());
        }
        let mut word = code.encode(&data)?;
        let mut flip = |bit: u64| {
            let bit = bit as usize;
            word.set(0, bit, 1, 1 ^ word.get(0, bit, 1));
        };
        let errors = if number < word_w { 1 } else { bench.rng().below(5) };
        for error in 0..errors {
            flip(if error == 0 { u64::from(number % word_w) } else { bench.rng().below(word_w.into()) });
        }
        bench.drive(0, "word_i", bits(&word))?;
        let finding = code.correct(&mut word, 0);
        let shown = word.get(0, 0, data_w as usize);
        bench.expect(0, "data_o", Bits::wide(data_w, shown))?;
        bench.expect(0, "corrected_o", (finding == Finding::Corrected).into())?;
        bench.expect(0, "detected_o", (finding == Finding::Detected).into())?;
        bench.step()?;
    }
    bench.finish()
}

/// The first word of an image.
fn bits(image: &Image) -> Bits {
    Bits::wide(image.width() as u32, image.get(0, 0, image.width()))
}

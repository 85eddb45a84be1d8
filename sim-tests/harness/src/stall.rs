//! When a stream pauses: gaps of a driver, back-pressure of a monitor.

use alberti_random::Rng;

/// The pattern of a stream's pauses.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stall {
    /// Never: one transfer a cycle.
    None,
    /// Each cycle pauses with this probability.
    Random(f64),
    /// Runs of up to `run` cycles, then pauses of up to `pause` cycles, lengths drawn evenly from 1.
    Bursts {
        /// Longest run, in cycles.
        run: u32,
        /// Longest pause, in cycles.
        pause: u32,
    },
    /// A monitor raises ready only after it saw valid: this hangs a design whose valid waits for ready. A
    /// driver never pauses.
    AfterValid,
}

impl Stall {
    /// The pairs (drivers, monitors) under which every block is tested: none at all, gaps and back-pressure
    /// alone and together, in bursts, and the patient monitor.
    pub const SWEEP: [(Stall, Stall); 6] = [
        (Stall::None, Stall::None),
        (Stall::Random(0.5), Stall::None),
        (Stall::None, Stall::Random(0.5)),
        (Stall::Random(0.3), Stall::Random(0.3)),
        (Stall::Bursts { run: 8, pause: 12 }, Stall::Bursts { run: 12, pause: 8 }),
        (Stall::None, Stall::AfterValid),
    ];
}

/// A pattern in progress.
#[derive(Clone, Debug)]
pub(crate) struct Staller {
    pattern: Stall,
    pausing: bool,
    left: u32,
}

impl Staller {
    pub fn new(pattern: Stall) -> Self {
        Staller { pattern, pausing: true, left: 0 }
    }

    /// Whether this cycle pauses; `seen` tells whether the other side was already waiting.
    pub fn pauses(&mut self, rng: &mut Rng, seen: bool) -> bool {
        match self.pattern {
            Stall::None => false,
            Stall::Random(probability) => rng.chance(probability),
            Stall::Bursts { run, pause } => {
                if self.left == 0 {
                    self.pausing = !self.pausing;
                    let longest = if self.pausing { pause } else { run };
                    self.left = 1 + rng.below(u64::from(longest.max(1))) as u32;
                }
                self.left -= 1;
                self.pausing
            }
            Stall::AfterValid => !seen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alberti_random::Seed;

    fn pauses(pattern: Stall) -> Vec<bool> {
        let (mut staller, mut rng) = (Staller::new(pattern), Seed(1).rng("stall"));
        (0..4000).map(|_| staller.pauses(&mut rng, false)).collect()
    }

    #[test]
    fn a_random_pattern_pauses_as_often_as_told() {
        let count = pauses(Stall::Random(0.25)).iter().filter(|&&p| p).count();
        assert!((850..1150).contains(&count), "{count} of 4000");
    }

    #[test]
    fn bursts_are_no_longer_than_told_and_reach_their_length() {
        let seen = pauses(Stall::Bursts { run: 3, pause: 5 });
        let longest = |value| seen.split(|&p| p != value).map(<[bool]>::len).max();
        assert_eq!((longest(false), longest(true)), (Some(3), Some(5)));
    }
}

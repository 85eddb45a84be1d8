//! Why a program is stopped.

/// What ends a program before its end. The number is `status.error_code` of the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Fault {
    /// An unknown opcode, a reserved bit that is not zero, a choice without meaning, a count of zero, or a
    /// value beyond the design's limits.
    Instruction = 1,
    /// An address past the end of its memory.
    Address = 2,
    /// External memory answered SLVERR.
    BusSlave = 3,
    /// External memory answered DECERR.
    BusDecode = 4,
    /// No progress for as many cycles as the watchdog allows.
    Watchdog = 5,
    /// The program went past its last instruction: it is truncated, or does not halt.
    ProgramEnd = 6,
    /// The program is empty, not a multiple of 64 bytes, or longer than the program memory.
    ProgramSize = 7,
    /// `end` without `repeat`, or `repeat` within `repeat`.
    Loop = 8,
    /// An external address that is not a multiple of the bus width, or past the top of the address space.
    Alignment = 9,
    /// Resistive memory refused a word, or does not hold the word that was written.
    Programming = 10,
}

impl Fault {
    /// Every fault, its name and what it means.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (
            Self::Instruction,
            "instruction",
            "an unknown opcode, a reserved bit that is not zero, a choice without meaning, a count of zero, or a value beyond the design's limits",
        ),
        (Self::Address, "address", "an address past the end of its memory"),
        (Self::BusSlave, "bus_slave", "external memory answered SLVERR"),
        (Self::BusDecode, "bus_decode", "external memory answered DECERR"),
        (Self::Watchdog, "watchdog", "no progress for `watchdog_limit` cycles"),
        (Self::ProgramEnd, "program_end", "the program went past its last instruction: truncated, or without `halt`"),
        (
            Self::ProgramSize,
            "program_size",
            "the program is empty, not a multiple of 64 bytes, or longer than the program memory",
        ),
        (Self::Loop, "loop", "`end` without `repeat`, or `repeat` within `repeat`"),
        (
            Self::Alignment,
            "alignment",
            "an external address that is not a multiple of the bus width, or past the top of the address space",
        ),
        (
            Self::Programming,
            "programming",
            "resistive memory refused a word, or does not hold the word that was written",
        ),
    ];

    /// Its number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize - 1].1
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::ALL[*self as usize - 1].2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_numbered_in_their_order() {
        for (i, (fault, _, _)) in Fault::ALL.iter().enumerate() {
            assert_eq!(usize::from(fault.code()), i + 1, "{}", fault.name());
        }
    }
}

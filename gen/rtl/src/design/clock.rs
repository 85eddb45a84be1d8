//! The clock that constraints and macros are made for.

use super::reader::Section;
use alberti_diagnostic::Code;
use serde::Serialize;

/// Lowest and highest clock frequency in MHz.
const FREQUENCIES: (f64, f64) = (0.1, 5000.0);

/// The clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// Target frequency in MHz: 0.1 to 5000.
    pub frequency_mhz: f64,
}

impl Clock {
    /// Reads and checks the section `clock`.
    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let frequency = section.number("frequency_mhz", "500");
        let (low, high) = FREQUENCIES;
        let frequency = frequency.filter(|&mhz| {
            let valid = (low..=high).contains(&mhz);
            if !valid {
                let message = format!("`frequency_mhz` is {mhz}, it must lie between {low} and {high}");
                let help = "write the target in megahertz, such as `frequency_mhz: 500`";
                section.push("frequency_mhz", Code::FrequencyOutOfRange, message, help);
            }
            valid
        });
        section.finish();
        Some(Self { frequency_mhz: frequency? })
    }

    /// The period in nanoseconds.
    #[must_use]
    pub fn period_ns(self) -> f64 {
        1000.0 / self.frequency_mhz
    }
}

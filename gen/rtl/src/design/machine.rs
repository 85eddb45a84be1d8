//! What surrounds the processing unit: the memories that its value ports address, and the clock.

use super::reader::Section;
use crate::diagnostic::Code;
use serde::Serialize;

/// Lowest and highest clock frequency in MHz.
const FREQUENCIES: (f64, f64) = (0.1, 5000.0);

/// The memories of packed values. Masks arrive as streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memories {
    /// Weights: at least one tile of n × n.
    pub weight: ValueMemory,
    /// Activations: at least one row of n.
    pub activation: ValueMemory,
    /// Results, written only: its latency is one cycle.
    pub result: ValueMemory,
}

/// A memory of packed codes in n banks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ValueMemory {
    /// Capacity in codes, a multiple of n.
    pub values: u32,
    /// Cycles from a bank's enable to its data: 1 to 8.
    pub latency: u32,
}

impl Memories {
    /// Reads and checks the section `memories` of a design with n lanes.
    pub(crate) fn read(mut section: Section<'_>, n: Option<u32>) -> Option<Self> {
        let tile = n.map(|n| (n * n, format!("one weight tile of {n} × {n} codes")));
        let row = n.map(|n| (n, format!("one row of {n} codes")));
        let weight = section.section("weight", "values, and latency if it is not 1");
        let weight = weight.and_then(|memory| ValueMemory::read(memory, n, tile.as_ref(), true));
        let activation = section.section("activation", "values, and latency if it is not 1");
        let activation = activation.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), true));
        let result = section.section("result", "values");
        let result = result.and_then(|memory| ValueMemory::read(memory, n, row.as_ref(), false));
        section.finish();
        Some(Self { weight: weight?, activation: activation?, result: result? })
    }
}

impl ValueMemory {
    fn read(mut section: Section<'_>, n: Option<u32>, least: Option<&(u32, String)>, is_read: bool) -> Option<Self> {
        let values = section.count("values", 65536).and_then(|values| capacity(&section, values, n?, least?));
        let latency = match is_read {
            true => section.integer_or("latency", 1..=8, 1, Code::LatencyOutOfRange),
            false => Some(1),
        };
        section.finish();
        Some(Self { values: values?, latency: latency? })
    }
}

/// Checks a capacity against the n banks and the least that can be worked from.
fn capacity(section: &Section<'_>, values: u64, n: u32, (least, what): &(u32, String)) -> Option<u32> {
    let lanes = u64::from(n);
    let Ok(fitting) = u32::try_from(values) else {
        let largest = u64::from(u32::MAX) / lanes * lanes;
        let message = format!("a memory of {values} codes cannot be counted in 32 bits");
        section.push("values", Code::CapacityTooLarge, message, format!("set values to at most {largest}"));
        return None;
    };
    let mut valid = true;
    if fitting < *least {
        let message = format!("a memory of {values} codes is too small: it must hold at least {what}");
        section.push("values", Code::CapacityTooSmall, message, format!("set values to at least {least}"));
        valid = false;
    }
    if !values.is_multiple_of(lanes) && fitting >= *least {
        let (below, above) = (values / lanes * lanes, values.next_multiple_of(lanes));
        let message = format!("a memory of {values} codes does not divide into n = {n} banks of one size");
        let help = if above > u64::from(u32::MAX) {
            format!("set values to {below}")
        } else {
            format!("set values to {below} or to {above}")
        };
        section.push("values", Code::CapacityNotMultiple, message, help);
        valid = false;
    }
    valid.then_some(fitting)
}

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

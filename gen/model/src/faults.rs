//! Memory cells that err, and what that costs a layer, or a whole encoder.
//!
//! The golden model has what is exact: placing, coding, fault maps and how they change words ([`alberti_golden::cells`]). Here is
//! what is real-valued or drawn: from levels to probabilities, from probabilities and a seed to a map. The golden model depends on
//! the integer specification alone and needs no random numbers.

mod campaign;
mod draw;
mod levels;
mod whole;

pub use campaign::{Campaign, CellForm, Outcome, Point, Settings, Stress, Target};
pub use draw::{Defects, Draws, draw};
pub use levels::{Level, Misreads, Retention};
pub use whole::{Read, Whole};

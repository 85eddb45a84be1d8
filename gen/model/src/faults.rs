//! Memory cells that err, and what that costs a layer, or a whole encoder.
//!
//! The golden model has what is exact: placing, coding, fault maps and how they change words
//! ([`alberti_golden::cells`]). Here is what is real-valued or drawn: from levels to probabilities, from
//! probabilities and a seed to a map. The golden model depends on the integer specification alone and needs
//! no random numbers.

mod answers;
mod campaign;
mod draw;
mod findings;
mod journal;
mod levels;
mod memory;
pub mod names;
mod plan;
mod whole;

pub use answers::{Answers, WholeCampaign, WholeFinding, beside_f32};
pub use campaign::{Campaign, Outcome, Point};
pub use draw::{Defects, Draws, draw};
pub use findings::{Finding, LayerFinding, Spread};
pub use journal::{Journal, JournalError};
pub use levels::{Level, Misreads, Retention};
pub use memory::{CellForm, FaultSite, Rate, Settings, Stress};
pub use plan::{CampaignError, Plan};
pub use whole::{Read, Whole};

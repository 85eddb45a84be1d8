//! Tasks on disk, as AdapterHub's `adapters` library stores them, and models with their tasks.
//!
//! | file of a task | what |
//! |---|---|
//! | `adapter_config.json` | where adapters are, what they read, their activation |
//! | `adapter.safetensors` | adapters; the task's layer norms, by the names that the model has for its own |
//! | `head_config.json` | the number and the names of classes |
//! | `model_head.safetensors` | the classifier's layers `heads.<name>.<i>`, and `off_ramp` or `off_ramp.<layer>` |
//! | `task.json` | how far each head sees |
//!
//! A file that is not there leaves out what it would hold: layer norms are the model's own then, heads see
//! everything.

mod adapters;
mod heads;
mod read;
mod span;
mod write;

<<<<<<< HEAD
pub use read::load;
pub use write::files;
=======
pub use read::{load, task};
pub use write::{Files, files};
>>>>>>> ea824d3 (A target for every reader, at random and guided by coverage; FuseSoC in the regression)

use crate::{Matrix, Site};
use std::collections::BTreeMap;

/// What is added to a weight of the encoder, by stored layer and site.
type Updates = BTreeMap<(usize, Site), Matrix>;

/// Where a model's own tasks are, each in a folder of its name.
pub const TASKS: &str = "tasks";

const ADAPTER_CONFIG: &str = "adapter_config.json";
const ADAPTER: &str = "adapter.safetensors";
const HEAD_CONFIG: &str = "head_config.json";
const HEAD: &str = "model_head.safetensors";
const TASK: &str = "task.json";

/// The off-ramp after every layer; what the names of those of single layers begin with.
const OFF_RAMP: &str = "off_ramp";

//! The sparse hierarchical memories of a task: `spartan.json` and `spartan.safetensors`.
//!
//! ```json
//! {"parents": 16, "children": 3, "largest": 8}
//! ```
//!
//! For each layer that the model stores, the tensors `<layer>.spartan.parents` (parents × hidden), `.keys` and `.values`
//! (parents × children × hidden each).

use super::{super::memory::SparseMemory, MEMORY, MEMORY_CONFIG, read::Reader};
use crate::{Matrix, ModelError, checkpoint::Tensors};
use alberti_golden::hierarchical_softmax::{CHILDREN_MAX, Hierarchy, PARENTS_MAX};
use serde_json::{Map, Value, json};

const PARENTS: &str = "parents";
const CHILDREN: &str = "children";
const LARGEST: &str = "largest";

/// The shape that `spartan.json` gives.
///
/// # Errors
/// All that is wrong.
fn parse(text: &[u8]) -> Result<Hierarchy, Vec<String>> {
    let map: Map<String, Value> = serde_json::from_slice(text).map_err(|error| vec![error.to_string()])?;
    let keys = [(PARENTS, PARENTS_MAX), (CHILDREN, CHILDREN_MAX), (LARGEST, PARENTS_MAX)];
    let mut problems: Vec<String> = (map.keys().filter(|key| keys.iter().all(|(known, _)| known != key)))
        .map(|key| format!("{key} is not known; known are {PARENTS}, {CHILDREN} and {LARGEST}"))
        .collect();
    let [parents, children, largest] = keys.map(|(key, most)| {
        let given = map.get(key).and_then(Value::as_u64).map(|number| number as usize);
        given.filter(|number| (1..=most).contains(number)).unwrap_or_else(|| {
            let given = map.get(key).map_or("missing".to_owned(), Value::to_string);
            problems.push(format!("{key} is {given}, it must be a number of 1 to {most}"));
            1
        })
    });
    if problems.is_empty() && largest > parents {
        problems.push(format!("{LARGEST} is {largest}, more than the {parents} {PARENTS}"));
    }
    if problems.is_empty() { Ok(Hierarchy { parents, children, largest }) } else { Err(problems) }
}

/// The settings of a memory.
pub(super) fn store(of: Hierarchy) -> Value {
    json!({PARENTS: of.parents, CHILDREN: of.children, LARGEST: of.largest})
}

impl Reader<'_> {
    /// The memory of each stored layer; none where there are no settings.
    pub(super) fn memories(&mut self) -> Result<Vec<Option<SparseMemory>>, ModelError> {
        let config = &self.backbone.config;
        let (hidden, stored) = (config.hidden_size, config.stored());
        let (settings, bytes) = (self.bytes(MEMORY_CONFIG)?, self.bytes(MEMORY)?);
        let none = vec![None; stored];
        let (settings, bytes) = match (settings, bytes) {
            (Some(settings), Some(bytes)) => (settings, bytes),
            (None, None) => return Ok(none),
            (Some(_), None) => {
                self.problem(MEMORY, format!("it is missing, though {MEMORY_CONFIG} is there"));
                return Ok(none);
            }
            (None, Some(_)) => {
                self.problem(MEMORY_CONFIG, format!("it is missing, though {MEMORY} is there"));
                return Ok(none);
            }
        };
        let of = match parse(&settings) {
            Ok(of) => of,
            Err(problems) => {
                problems.iter().for_each(|problem| self.problem(MEMORY_CONFIG, problem));
                return Ok(none);
            }
        };
        let mut tensors = Tensors::parse(&self.folder.join(MEMORY), &bytes)?;
        tensors.strip_prefix_of("encoder.");
        let memories = (0..stored)
            .map(|layer| {
                let mut read =
                    |part: &str, rows: usize| -> Matrix { tensors.matrix(&config.memory(layer, part), rows, hidden) };
                let (parents, children) = (read("parents", of.parents), of.parents * of.children);
                let (keys, values) = (read("keys", children), read("values", children));
                Some(SparseMemory { parents, keys, values, largest: of.largest })
            })
            .collect();
        tensors.finish_complete().iter().for_each(|problem| self.problem(MEMORY, problem));
        Ok(memories)
    }
}

//! The names of tables, and of linear layers beside the backbone's.

/// Of the tables of an embedding.
pub const TABLES: [&str; 3] = ["embeddings.word", "embeddings.position", "embeddings.token_type"];

/// Of the projection of embeddings.
pub const PROJECTION: &str = "embeddings.projection";

/// Of a task's adapter, `part` being `down` or `up`.
pub fn adapter(task: usize, layer: usize, half: usize, part: &str) -> String {
    format!("task.{task}.layer.{layer}.{}.adapter.{part}", ["attention", "output"][half])
}

/// Of a task's memory after a layer, `part` being `scores` or `values`.
pub fn memory(task: usize, layer: usize, part: &str) -> String {
    format!("task.{task}.layer.{layer}.memory.{part}")
}

/// Of a linear layer of a task's head, by the head's name: the last of `layers` has this name itself.
pub fn head(task: usize, which: &str, layer: usize, layers: usize) -> String {
    if layer + 1 == layers { format!("task.{task}.{which}") } else { format!("task.{task}.{which}.hidden.{layer}") }
}

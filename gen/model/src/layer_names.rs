//! The names of tables, and of linear layers beside the backbone's.

/// Of the tables of an embedding.
pub const TABLES: [&str; 3] = ["embeddings.word", "embeddings.position", "embeddings.token_type"];

/// Of the projection of embeddings.
pub const PROJECTION: &str = "embeddings.projection";

/// Of a task's adapter, `part` being `down` or `up`.
pub fn adapter(task: usize, layer: usize, half: usize, part: &str) -> String {
    format!("task.{task}.layer.{layer}.{}.adapter.{part}", ["attention", "output"][half])
}

/// Of a task's head, by its name among them.
pub fn head(task: usize, which: &str) -> String {
    format!("task.{task}.{which}")
}

//! An object of JSON on each line.

use super::table::{Line, Table};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The table of a file: its columns are the keys of all objects.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn table(text: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8")?;
    let lines = (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.trim().is_empty());
    let objects: Vec<Line<Map<String, Value>>> = lines
        .map(|(number, line)| {
            (number, serde_json::from_str(line).map_err(|error| format!("no object of JSON: {error}")))
        })
        .collect();
    let keys = objects.iter().flat_map(|(_, object)| object.iter().flat_map(Map::keys));
    let columns: Vec<String> = keys.collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let values = |object: Map<String, Value>| {
        let value = |key: &String| match object.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            None | Some(Value::Null) => None,
            Some(other) => Some(other.to_string()),
        };
        columns.iter().map(value).collect()
    };
    let rows = objects.into_iter().map(|(line, object)| (line, object.map(values))).collect();
    Ok(Table { columns, rows })
}

//! From key paths to positions.

use super::node::{Node, Value};
use alberti_diagnostic::{Location, Position, quote};
use std::collections::BTreeMap;

/// Where each value of a design stands: `datapath.sparsity.block`, `connections[2]`.
///
/// A scalar stands where it begins, a mapping or a sequence where its key does; of a key given twice the
/// first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    file: String,
    positions: BTreeMap<String, Position>,
}

impl Index {
    /// The index of a tree.
    pub fn new(file: &str, root: &Node) -> Self {
        let mut index = Self { file: file.to_owned(), positions: BTreeMap::new() };
        index.add(String::new(), root);
        index
    }

    fn add(&mut self, path: String, node: &Node) {
        match &node.value {
            Value::Mapping(entries) => {
                for entry in entries {
                    self.add(child(&path, &entry.key), &entry.node);
                }
            }
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(element(&path, index), item);
                }
            }
            _ => {}
        }
        self.positions.entry(path).or_insert(node.position);
    }

    /// The place of a key path: of its value, or of the nearest parent that the file has.
    pub fn locate(&self, key_path: &str) -> Location {
        let mut path = key_path;
        let position = loop {
            if let Some(&position) = self.positions.get(path) {
                break position;
            }
            if path.is_empty() {
                break Position::START;
            }
            path = &path[..path.rfind(['.', '[']).unwrap_or(0)];
        };
        Location { file: self.file.clone(), position: Some(position), key_path: key_path.to_owned() }
    }

    /// Whether the file has a key path.
    pub fn has(&self, key_path: &str) -> bool {
        self.positions.contains_key(key_path)
    }

    /// The file as the user named it.
    pub fn file(&self) -> &str {
        &self.file
    }
}

/// The path of a key beneath a path.
pub(crate) fn child(path: &str, key: &str) -> String {
    let plain =
        !key.is_empty() && key.len() < 64 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if plain { key.to_owned() } else { quote(key) };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// The path of an element of a sequence.
pub(crate) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, key_path: &str) -> (u32, u32) {
        let root = Node::parse(text).expect("the text is YAML");
        let position = Index::new("x.yaml", &root).locate(key_path).position.expect("a position");
        (position.line, position.column)
    }

    const TEXT: &str = "name: a\ndatapath:\n  n: 16\n  sparsity: {kind: block, nonzeros: 8,\n    block: 16}\n\
                        connections:\n  - a.b -> c.d\n  -   e.f -> g.h\nexports: [x.y, 'é', z.w]\n";

    #[test]
    fn scalars_stand_where_their_value_begins() {
        assert_eq!(at(TEXT, "name"), (1, 7));
        assert_eq!(at(TEXT, "datapath.n"), (3, 6));
    }

    #[test]
    fn values_of_flow_mappings_are_found_on_their_own_lines() {
        assert_eq!(at(TEXT, "datapath.sparsity.kind"), (4, 20));
        assert_eq!(at(TEXT, "datapath.sparsity.nonzeros"), (4, 37));
        assert_eq!(at(TEXT, "datapath.sparsity.block"), (5, 12));
    }

    #[test]
    fn elements_of_sequences_are_found_by_number_and_columns_count_characters() {
        assert_eq!(at(TEXT, "connections[0]"), (7, 5));
        assert_eq!(at(TEXT, "connections[1]"), (8, 7));
        assert_eq!(at(TEXT, "exports[2]"), (9, 21));
    }

    #[test]
    fn mappings_and_sequences_stand_where_their_key_does() {
        assert_eq!(at(TEXT, "datapath.sparsity"), (4, 3));
        assert_eq!(at(TEXT, "connections"), (6, 1));
    }

    #[test]
    fn a_mapping_in_a_sequence_stands_where_its_first_key_does() {
        let text = "macros:\n  - name: a\n    words: 4\n  - {name: b}\n";
        assert_eq!((at(text, "macros[0]"), at(text, "macros[1]")), ((2, 5), (4, 6)));
        assert_eq!(at(text, "macros[1].words"), (4, 6));
    }

    #[test]
    fn a_path_that_the_file_lacks_is_found_at_its_nearest_parent() {
        assert_eq!(at(TEXT, "datapath.pipeline"), (2, 1));
        assert_eq!(at(TEXT, "datapath.sparsity.banks[3].size"), (4, 3));
        assert_eq!(at(TEXT, "clock.frequency_mhz"), (1, 1));
    }

    #[test]
    fn of_a_key_given_twice_the_first_counts() {
        assert_eq!(at("a: 1\na: 2\n", "a"), (1, 4));
    }
}

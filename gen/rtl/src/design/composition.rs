//! A top of the user's own: instances of blocks, joined stream to stream.
//!
//! Here only the form is checked. Whether the blocks and interfaces exist and fit is for elaboration, which
//! has the blocks at hand.

use super::{
    index::element,
    names,
    node::{Node, Value},
    reader::{Report, Section, describe},
};
use alberti_diagnostic::{Code, Location, quote};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Instances and what joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Composition {
    /// At least one instance, sorted by label.
    pub instances: Vec<Instance>,
    /// Connections, as listed.
    pub connections: Vec<Connection>,
    /// Interfaces that become ports of the top; `None`: all that are left open.
    pub exports: Option<Vec<Export>>,
}

/// A block under a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// The label, an identifier that no other instance has.
    pub label: String,
    /// The block's name, an identifier; no more is known of it here.
    pub block: String,
    /// Where the block is named.
    #[serde(skip)]
    pub place: Location,
}

/// An output stream joined to an input stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The end that drives.
    pub from: Endpoint,
    /// The end that is driven.
    pub to: Endpoint,
    /// Where it is listed.
    #[serde(skip)]
    pub place: Location,
}

/// An interface that becomes ports of the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The interface.
    pub endpoint: Endpoint,
    /// Where it is listed.
    #[serde(skip)]
    pub place: Location,
}

/// An interface of an instance; two identifiers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Endpoint {
    /// Label of the instance.
    pub instance: String,
    /// Name of the interface.
    pub interface: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.instance, self.interface)
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

impl Endpoint {
    /// Reads `instance.interface`.
    fn parse(text: &str) -> Option<Self> {
        let (instance, interface) = text.trim().split_once('.')?;
        let valid = names::is_identifier(instance) && names::is_identifier(interface);
        valid.then(|| Self { instance: instance.to_owned(), interface: interface.to_owned() })
    }
}

impl Composition {
    /// Reads the root keys `instances`, `connections` and `exports`; `design` is the name of the design.
    pub(crate) fn read(report: &Report, root: &mut Section<'_>, design: Option<&str>) -> Option<Option<Self>> {
        let instances = root.get("instances");
        let connections = root.get("connections");
        let exports = root.get("exports");
        let Some(instances) = instances else {
            if connections.or(exports).is_none() {
                return Some(None);
            }
            root.missing("instances", "add `instances:` and below it lines of the form `label: block`".to_owned());
            return None;
        };
        let instances = read_instances(report, instances, design);
        let connections = connections.map_or(Some(Vec::new()), |node| {
            read_list(report, "connections", node, "decode.vector -> encode.vector", |text, place| {
                let (from, to) = text.split_once("->")?;
                Some(Connection { from: Endpoint::parse(from)?, to: Endpoint::parse(to)?, place })
            })
        });
        let exports = exports.map(|node| {
            read_list(report, "exports", node, "decode.mask", |text, place| {
                Some(Export { endpoint: Endpoint::parse(text)?, place })
            })
        });
        let exports = match exports {
            None => None,
            Some(list) => Some(list?),
        };
        Some(Some(Self { instances: instances?, connections: connections?, exports }))
    }
}

/// Instances of a top at most.
const MOST_INSTANCES: usize = 1024;
/// Connections or exports of a top at most.
const MOST_LISTED: usize = 8 * MOST_INSTANCES;

/// Reports what is longer than any top's.
fn too_many(report: &Report, path: &str, count: usize, most: usize) -> bool {
    if count > most {
        let message = format!("`{path}` has {count} elements, at most {most} are taken");
        report.push(path, Code::OutOfRange, message, "divide the top into designs of their own");
    }
    count > most
}

fn read_instances(report: &Report, node: &Node, design: Option<&str>) -> Option<Vec<Instance>> {
    const PATH: &str = "instances";
    let help = "write lines of the form `label: block`, such as `decode: bitmask_decoder`";
    let Value::Mapping(entries) = &node.value else {
        let message = format!("`instances` must be a mapping of labels to blocks, it is {}", describe(&node.value));
        report.push(PATH, Code::WrongType, message, help);
        return None;
    };
    if entries.is_empty() {
        report.push(PATH, Code::OutOfRange, "`instances` is empty, a top needs at least one instance", help);
        return None;
    }
    if too_many(report, PATH, entries.len(), MOST_INSTANCES) {
        return None;
    }
    let mut valid = true;
    let mut instances = BTreeMap::new();
    for entry in entries {
        let path = super::index::child(PATH, &entry.key);
        let label_location = report.place(&path, entry.position);
        valid &= names::check(report, &label_location, "label", &entry.key);
        if let Some(why) = names::clash(&entry.key, design) {
            let help = format!("choose another label, such as `{}`", names::free(&entry.key));
            report.push_at(
                label_location.clone(),
                Code::NameClash,
                format!("the label {} is already used: {why}", quote(&entry.key)),
                help,
            );
            valid = false;
        }
        let place = report.place(&path, entry.node.position);
        let block = match &entry.node.value {
            Value::Text(block) if names::is_identifier(block) => block.clone(),
            Value::Text(block) => {
                let message = format!("{} is not the name of a block", quote(block));
                report.push_at(place, Code::NotAnIdentifier, message, "write a block's name, such as bitmask_decoder");
                valid = false;
                continue;
            }
            other => {
                let message = format!("{} must name a block, it is {}", quote(&entry.key), describe(other));
                report.push_at(place, Code::WrongType, message, help);
                valid = false;
                continue;
            }
        };
        let instance = Instance { label: entry.key.clone(), block, place };
        if let Some(first) = instances.get(&entry.key).map(|first: &(u32, Instance)| first.0) {
            let message = format!("two instances have the label {}, the first in line {first}", quote(&entry.key));
            report.push_at(
                label_location,
                Code::LabelTwice,
                message,
                format!("call one of them `{}`", names::free(&entry.key)),
            );
            valid = false;
        } else {
            instances.insert(entry.key.clone(), (entry.position.line, instance));
        }
    }
    valid.then(|| instances.into_values().map(|(_, instance)| instance).collect())
}

/// Reads a list of texts, each by `parse`.
fn read_list<T>(
    report: &Report,
    path: &str,
    node: &Node,
    example: &str,
    parse: impl Fn(&str, Location) -> Option<T>,
) -> Option<Vec<T>> {
    let help = format!("write a list of lines of the form `- {example}`");
    let Value::Sequence(items) = &node.value else {
        report.push(path, Code::WrongType, format!("`{path}` must be a list, it is {}", describe(&node.value)), help);
        return None;
    };
    if too_many(report, path, items.len(), MOST_LISTED) {
        return None;
    }
    let mut valid = true;
    let mut list = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item_path = element(path, index);
        let place = report.place(&item_path, item.position);
        match &item.value {
            Value::Text(text) => match parse(text, place) {
                Some(parsed) => {
                    list.push(parsed);
                    continue;
                }
                None => {
                    let message = format!("{} is not of the form `{example}`", quote(text));
                    let help = "an interface is written label.interface, in lower case, \
                                and a connection runs from output to input";
                    report.push(&item_path, Code::MalformedConnection, message, help);
                }
            },
            other => {
                let message = format!("`{path}` must be a list of texts, this element is {}", describe(other));
                report.push(&item_path, Code::WrongType, message, help.clone());
            }
        }
        valid = false;
    }
    valid.then_some(list)
}

//! Connections and exports, each by itself.

use super::{
    Joined, Link, list,
    parts::{End, Parts, drives, fields},
};
use crate::{design::Connection, netlist::Port};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics, Location};
use std::collections::{BTreeMap, BTreeSet};

/// Where an interface was used first, and by what.
type Used = BTreeMap<End, (String, Location)>;

/// Understands all connections and exports; reports what is wrong with each.
pub(super) fn join(parts: &Parts<'_>, problems: &mut Diagnostics) -> Joined {
    let mut used = Used::new();
    let mut links = Vec::new();
    for (number, connection) in parts.composition.connections.iter().enumerate() {
        let place = &connection.place;
        let from = parts.find(&connection.from, place, problems);
        let to = parts.find(&connection.to, place, problems);
        for end in from.into_iter().chain(to) {
            claim(parts, &mut used, end, format!("`{connection}`"), place, problems);
        }
        if let (Some(from), Some(to)) = (from, to) {
            let link = Link { from, to, number };
            if faces_right(parts, connection, link, problems) {
                fits(parts, link, place, problems);
            }
            links.push(link);
        }
    }
    let exports = match &parts.composition.exports {
        None => parts.ends().filter(|end| !used.contains_key(end)).collect(),
        Some(exports) => {
            let mut ends = BTreeSet::new();
            for export in exports {
                if let Some(end) = parts.find(&export.endpoint, &export.place, problems) {
                    claim(parts, &mut used, end, "`exports`".to_owned(), &export.place, problems);
                    ends.insert(end);
                }
            }
            ends
        }
    };
    Joined { links, exports }
}

/// Notes the use of an interface; reports a second one.
fn claim(parts: &Parts<'_>, used: &mut Used, end: End, by: String, place: &Location, problems: &mut Diagnostics) {
    if let Some((first, at)) = used.get(&end) {
        let line = at.position.map_or_else(String::new, |position| format!(" in line {}", position.line));
        let message = format!("`{}` is used twice, first by {first}{line}", parts.name(end));
        let help = "an interface has one other end: remove one of the two uses";
        problems.push(Diagnostic::new(Code::ConnectedTwice, message, help).at(place.clone()));
    } else {
        used.insert(end, (by, place.clone()));
    }
}

/// Whether a connection runs from an output to an input.
fn faces_right(parts: &Parts<'_>, connection: &Connection, link: Link, problems: &mut Diagnostics) -> bool {
    let Connection { from, to, place } = connection;
    let outputs = (drives(parts.interface(link.from)), drives(parts.interface(link.to)));
    let (message, help) = match outputs {
        (true, false) => return true,
        (false, true) => (
            format!("the connection runs against the stream: `{from}` is an input and `{to}` an output"),
            format!("turn it round: {to} -> {from}"),
        ),
        (both, _) => {
            let what = if both { "outputs" } else { "inputs" };
            let (wrong, needed) = if both { (link.to, "inputs") } else { (link.from, "outputs") };
            let others = parts.ends_of(wrong.instance).filter(|end| drives(parts.interface(*end)) != both);
            let others = list(others.map(|end| parts.name(end)));
            (
                format!("`{from}` and `{to}` are both {what}"),
                format!(
                    "a connection runs from an output to an input; the {needed} of `{}` are: {others}",
                    parts.label(wrong)
                ),
            )
        }
    };
    problems.push(Diagnostic::new(Code::WrongDirection, message, help).at(place.clone()));
    false
}

/// Reports fields that one end lacks, and fields that differ in what they carry, in width or in direction.
fn fits(parts: &Parts<'_>, link: Link, place: &Location, problems: &mut Diagnostics) {
    let (from, to) = (fields(parts.interface(link.from)), fields(parts.interface(link.to)));
    let (from_name, to_name) = (parts.name(link.from), parts.name(link.to));
    let fitting = parts.ends_of(link.to.instance).find(|end| is_match(&from, &fields(parts.interface(*end))));
    let fitting = fitting.map(|end| format!("connect it to `{}`, which fits", parts.name(end)));
    let mut report = |code, message: String, help: &str| {
        let help = fitting.clone().unwrap_or_else(|| help.to_owned());
        problems.push(Diagnostic::new(code, message, help).at(place.clone()));
    };

    let lacks = |a: &BTreeMap<&str, _>, b: &BTreeMap<&str, _>| {
        let missing: Vec<_> =
            b.keys().filter(|field| !a.contains_key(*field)).map(|field| format!("`{field}`")).collect();
        (!missing.is_empty()).then(|| list(missing))
    };
    for (poor, rich, missing) in [(&from_name, &to_name, lacks(&from, &to)), (&to_name, &from_name, lacks(&to, &from))]
    {
        if let Some(missing) = missing {
            let message = format!("`{poor}` has no {missing}, which `{rich}` has");
            let help =
                "connect interfaces of the same fields, or put a block between them that supplies what is missing";
            report(Code::PayloadMismatch, message, help);
        }
    }
    for (field, a) in &from {
        let Some(b) = to.get(field) else { continue };
        if a.direction == b.direction {
            let message = format!("both `{from_name}` and `{to_name}` have `{field}` facing the same way");
            report(Code::WrongDirection, message, "connect two interfaces of which one drives what the other takes");
        } else if a.payload != b.payload {
            let message = format!(
                "`{from_name}` carries {} and `{to_name}` takes {} as its `{field}`",
                a.payload.name(),
                b.payload.name()
            );
            let help = "connect interfaces that carry the same, or put the block between them that converts";
            report(Code::PayloadMismatch, message, help);
        } else if a.width != b.width {
            let message =
                format!("`{field}` of `{from_name}` has {} bits, that of `{to_name}` has {}", a.width, b.width);
            report(
                Code::WidthMismatch,
                message,
                "connect interfaces of one width, or put the block between them that converts",
            );
        }
    }
}

/// Whether two interfaces have the same fields, each alike and facing the other.
fn is_match(from: &BTreeMap<&str, &Port>, to: &BTreeMap<&str, &Port>) -> bool {
    let alike = |a: &Port, b: &Port| a.direction != b.direction && a.payload == b.payload && a.width == b.width;
    from.len() == to.len() && from.iter().all(|(field, a)| to.get(field).is_some_and(|b| alike(a, b)))
}

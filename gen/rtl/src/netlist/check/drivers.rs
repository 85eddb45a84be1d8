//! Every bit of every net has exactly one driver.

use super::scope::Scope;
use crate::netlist::interface::Direction;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use std::{collections::BTreeMap, ops::Range};

/// The drivers of a net: which bits, and who.
type Drivers = Vec<(Range<u32>, String)>;

pub(super) fn check(scope: &Scope<'_>, problems: &mut Diagnostics) {
    let mut drivers: BTreeMap<&str, Drivers> = BTreeMap::new();
    let mut readers: BTreeMap<&str, String> = BTreeMap::new();
    for (&name, signal) in &scope.signals {
        if matches!(signal.port, Some((Direction::Input, _))) {
            drivers.entry(name).or_default().push((0..signal.width, "the port itself".into()));
        }
    }
    for logic in &scope.module.logic {
        for name in &logic.drives {
            let Some((&name, signal)) = scope.signals.get_key_value(name.as_str()) else { continue };
            drivers.entry(name).or_default().push((0..signal.width, "the module's own logic".into()));
        }
        for name in logic.combinational.iter().chain(&logic.registered) {
            readers.entry(name).or_insert_with(|| "the module's own logic".into());
        }
    }
    for (child, joint) in scope.joints() {
        let Some((&net, signal)) = joint.net().and_then(|net| scope.signals.get_key_value(net)) else { continue };
        match joint.port.direction {
            Direction::Input => _ = readers.entry(net).or_insert_with(|| child.name(joint)),
            Direction::Output => {
                let spans = (0..child.count()).map(|copy| (joint.span(copy, signal.width), child.name(joint)));
                drivers.entry(net).or_default().extend(spans);
            }
        }
    }
    for (name, signal) in &scope.signals {
        let mut all = drivers.remove(name).unwrap_or_default();
        all.sort_by_key(|(bits, _)| bits.start);
        let place = format!("`{name}` of {}", scope.module.name);
        problems.extend(conflict(&place, &all));
        problems.extend(gap(&all, signal.width).map(|gap| {
            let reader = match signal.port {
                Some(_) => ", an output of the module".into(),
                None => readers.get(name).map_or_else(String::new, |reader| format!(", which {reader} reads")),
            };
            let what = if gap == (0..signal.width) {
                format!("nothing drives {place} ({} bits){reader}", signal.width)
            } else {
                format!("nothing drives bits {} to {} of {place}{reader}", gap.start, gap.end - 1)
            };
            let help = "connect it to an output of an instance, or declare the logic that drives it";
            Diagnostic::new(Code::UndrivenNet, what, help)
        }));
    }
}

/// The first two drivers that share a bit. Drivers are sorted by their first bit.
fn conflict(place: &str, drivers: &Drivers) -> Option<Diagnostic> {
    let mut last: Option<&(Range<u32>, String)> = None;
    for driver in drivers.iter().filter(|(bits, _)| !bits.is_empty()) {
        if let Some(before) = last.filter(|before| before.0.end > driver.0.start) {
            let message = if before.1 == driver.1 {
                format!("{place} is driven more than once by {}", driver.1)
            } else {
                format!("{place} is driven by {} and by {}", before.1, driver.1)
            };
            let help = "give each driver its own net and select between them";
            return Some(Diagnostic::new(Code::NetDrivenTwice, message, help));
        }
        last = last.filter(|before| before.0.end > driver.0.end).or(Some(driver));
    }
    None
}

/// The first bits that nothing drives. Drivers are sorted by their first bit.
fn gap(drivers: &Drivers, width: u32) -> Option<Range<u32>> {
    let mut covered = 0;
    for (bits, _) in drivers {
        if bits.start > covered {
            return Some(covered..bits.start);
        }
        covered = covered.max(bits.end);
    }
    (covered < width).then_some(covered..width)
}

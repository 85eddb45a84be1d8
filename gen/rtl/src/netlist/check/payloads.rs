//! All ends of a net read its bits in the same way.

use super::scope::Scope;
use crate::netlist::interface::Payload;
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeMap;

pub(super) fn check(scope: &Scope<'_>, problems: &mut Diagnostics) {
    let mut first: BTreeMap<&str, (Payload, String)> = BTreeMap::new();
    for (&name, signal) in &scope.signals {
        if let Some((_, payload)) = signal.port.filter(|(_, payload)| has_meaning(*payload)) {
            first.insert(name, (payload, "the module's port".into()));
        }
    }
    for (child, joint) in scope.joints() {
        let payload = joint.port.payload;
        let Some(net) = joint.net().filter(|_| has_meaning(payload)) else { continue };
        let end = child.name(joint);
        let (expected, other) = first.entry(net).or_insert_with(|| (payload, end.clone()));
        if *expected != payload {
            let message = format!(
                "`{net}` of {} carries {} at {other} and {} at {end}",
                scope.module.name,
                expected.name(),
                payload.name()
            );
            let help = "connect ports that carry the same data, or insert the block that converts";
            problems.push(Diagnostic::new(Code::PayloadMismatch, message, help));
        }
    }
}

/// Plain bits say nothing of what they stand for: leaves and handshakes have them.
fn has_meaning(payload: Payload) -> bool {
    !matches!(payload, Payload::Bits)
}

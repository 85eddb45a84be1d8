//! Every instance that has a clock or a reset gets the module's own, or one that another instance makes.

use super::scope::{Joint, Scope};
use crate::netlist::interface::{Direction, Payload};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(scope: &Scope<'_>, problems: &mut Diagnostics) {
    for child in &scope.children {
        let needs = |payload: &Payload| matches!(payload, Payload::Clock | Payload::Reset);
        for port in child.module.ports().filter(|port| needs(&port.payload)) {
            let joint = child.joints.iter().find(|joint| joint.port.name == port.name);
            let source = joint.and_then(|joint| scope.signals.get(joint.net()?));
            if source.is_some_and(|signal| signal.port == Some((Direction::Input, port.payload))) {
                continue;
            }
            // An instance may make a reset for others, which keeps its reset in turn.
            let makes = |other: &Joint<'_>| {
                other.port.direction == Direction::Output
                    && other.port.payload == port.payload
                    && joint.is_some_and(|joint| joint.net() == other.net())
            };
            if port.direction == Direction::Output || scope.joints().any(|(_, other)| makes(other)) {
                continue;
            }
            let what = port.payload.name();
            let place = format!("`{}.{}` in {}", child.instance.name, port.name, scope.module.name);
            let found = match joint.and_then(|joint| joint.net()) {
                None => "it is not connected".to_owned(),
                Some(net) => format!("it is joined to `{net}`"),
            };
            let help = match scope.module.ports().find(|own| own.payload == port.payload) {
                Some(own) => format!("wire it to `{}`", own.name),
                None => format!("give {} a {what} port and wire it through", scope.module.name),
            };
            problems.push(Diagnostic::new(
                Code::ClockUnreached,
                format!("the {what} does not reach {place}: {found}"),
                help,
            ));
        }
    }
}

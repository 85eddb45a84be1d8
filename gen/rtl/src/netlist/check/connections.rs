//! Each connection by itself: it names a port of the module and a net of the parent, and both have the same
//! width.

use super::scope::{Child, Joint, Scope};
use crate::netlist::{
    interface::{Direction, Payload},
    module::Expr,
};
use alberti_diagnostic::{Code, Diagnostic, Diagnostics};

const ONE_PARAMETER: &str = "derive both widths from one parameter, or connect a slice explicitly";

pub(super) fn check(scope: &Scope<'_>, problems: &mut Diagnostics) {
    for child in &scope.children {
        unknown_ports(scope, child, problems);
        missing_ports(scope, child, problems);
        for joint in &child.joints {
            problems.extend(width(scope, child, joint));
        }
    }
    let logic = &scope.module.logic;
    for name in logic.iter().flat_map(|l| l.drives.iter().chain(&l.combinational).chain(&l.registered)) {
        if !scope.signals.contains_key(name.as_str()) {
            let message =
                format!("the logic of {} names `{name}`, which is not a net or port of it", scope.module.name);
            problems.push(Diagnostic::new(Code::UnknownPort, message, "add the net, or name an existing one"));
        }
    }
}

fn unknown_ports(scope: &Scope<'_>, child: &Child<'_>, problems: &mut Diagnostics) {
    for port in child.instance.connections.keys().filter(|port| child.module.port(port).is_none()) {
        let instance = &child.instance.name;
        let message =
            format!("`{instance}` in {} connects `{port}`: {} has no such port", scope.module.name, child.module.name);
        let known: Vec<_> = child.module.ports().map(|port| port.name.as_str()).collect();
        problems.push(Diagnostic::new(Code::UnknownPort, message, format!("its ports are {}", known.join(", "))));
    }
}

fn missing_ports(scope: &Scope<'_>, child: &Child<'_>, problems: &mut Diagnostics) {
    for port in child.module.ports().filter(|port| !child.instance.connections.contains_key(&port.name)) {
        let place = format!("`{}.{}` in {}", child.instance.name, port.name, scope.module.name);
        problems.extend(match (port.direction, port.payload) {
            // The check of clocks says more of these.
            (_, Payload::Clock | Payload::Reset) => None,
            (Direction::Input, _) => Some(Diagnostic::new(
                Code::UndrivenNet,
                format!("the input {place} ({} bits) is not connected", port.width),
                "wire it to a net that something drives",
            )),
            (Direction::Output, _) => Some(Diagnostic::new(
                Code::UnknownPort,
                format!("the output {place} ({} bits) is not connected", port.width),
                "wire it to a net, or leave it open explicitly with `.open`",
            )),
        });
    }
}

fn width(scope: &Scope<'_>, child: &Child<'_>, joint: &Joint<'_>) -> Option<Diagnostic> {
    let (place, port) = (format!("{} in {}", child.name(joint), scope.module.name), joint.port);
    let wrong = |message: String| Some(Diagnostic::new(Code::PortWidthMismatch, message, ONE_PARAMETER));
    let unknown = |message: String, help: &str| Some(Diagnostic::new(Code::UnknownPort, message, help));
    let net_width = match joint.net() {
        None => 0,
        Some(net) => match scope.signals.get(net) {
            Some(signal) => signal.width,
            None => {
                let message = format!("{place} is joined to `{net}`, which is not a net or port of this module");
                return unknown(message, "add the net, or name an existing one");
            }
        },
    };
    match joint.expr {
        Expr::Whole(net) if net_width != port.width => {
            wrong(format!("{place} has {} bits, the net `{net}` has {net_width}", port.width))
        }
        Expr::Lane { net, .. } if child.instance.replicate.is_none() => {
            let message = format!("{place} takes a slice of `{net}`, but the instance is not replicated");
            unknown(message, "wire it to a whole net, or replicate the instance")
        }
        Expr::Lane { net, width, .. } if *width != port.width => {
            wrong(format!("{place} has {} bits, the slices of `{net}` have {width}", port.width))
        }
        Expr::Lane { net, width, .. } if u64::from(*width) * u64::from(child.count()) > u64::from(net_width) => wrong(
            format!("{place} takes {} slices of {width} bits, the net `{net}` has {net_width} bits", child.count()),
        ),
        Expr::Open(_) if port.direction == Direction::Input => Some(Diagnostic::new(
            Code::UndrivenNet,
            format!("the input {place} ({} bits) is left open", port.width),
            "only outputs can be left open: wire it to a net that something drives",
        )),
        Expr::Open(width) if *width != port.width => {
            wrong(format!("{place} has {} bits, the open wire has {width}", port.width))
        }
        _ => None,
    }
}

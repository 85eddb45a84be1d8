//! The parts of a Verilog file that follow from the netlist: header, port list, inner wires, instances.

use crate::{
    design::Design,
    netlist::{Direction, Expr, Instance, Interface, Module, ModuleKind, Port},
};
use std::fmt::Write as _;

/// What a block's template places around its own text.
pub struct Shell {
    /// The comment on top of the file.
    pub header: String,
    /// Module name.
    pub name: String,
    /// The ANSI port list, without the parentheses.
    pub ports: String,
    /// Declarations of the wires between instances.
    pub nets: String,
    /// The instances.
    pub instances: String,
}

impl Shell {
    /// Renders what the netlist says of a module.
    #[must_use]
    pub fn new<'m>(design: &Design, module: &Module, child: impl Fn(&str) -> Option<&'m Module>) -> Self {
        Self {
            header: header(design, module),
            name: module.name.clone(),
            ports: ports(module),
            nets: nets(module),
            instances: module
                .instances
                .iter()
                .map(|it| instance(it, child(&it.module)))
                .collect::<Vec<_>>()
                .join("\n\n"),
        }
    }
}

/// Longest comment line in a header.
const HEADER_WIDTH: usize = 110;

fn header(design: &Design, module: &Module) -> String {
    let mut text = String::new();
    wrapped(&mut text, &format!("// {}: ", module.name), "// ", &module.summary);
    text.push_str("//\n");
    let origin = format!("{} ({}: {}), hash {}", design.name, design.file_name(), module.source, design.hash);
    let rows = [
        ("Design", origin.as_str()),
        ("Template", &format!("rtl/{}.v", module.block)),
        ("Latency", &module.contract.latency),
        ("Interval", &module.contract.interval),
        ("Numbers", &module.contract.numbers),
    ];
    for (label, value) in rows {
        if !value.is_empty() {
            wrapped(&mut text, &format!("// {label:<9}"), "//          ", value);
        }
    }
    text.push_str("// Generated: edit the design, not this file.");
    text
}

fn wrapped(text: &mut String, first: &str, next: &str, value: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in value.split_whitespace() {
        if !empty && line.len() + 1 + word.len() > HEADER_WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = next.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// `[127:0] `-style range of a width, empty for a single bit.
#[must_use]
pub fn range(width: u32) -> String {
    if width == 1 { String::new() } else { format!("[{}:0]", width - 1) }
}

fn ports(module: &Module) -> String {
    let widest = module.ports().map(|port| range(port.width).len()).max().unwrap_or(0);
    let count = module.ports().count();
    // What an always block assigns is declared as a variable.
    let output = if module.kind == ModuleKind::Leaf { "output reg " } else { "output wire" };
    let mut text = String::new();
    let mut written = 0;
    for interface in by_role(module) {
        let _ = writeln!(text, "    // {}", interface.summary);
        for Port { name, direction, width, .. } in &interface.ports {
            let direction = if *direction == Direction::Input { "input  wire" } else { output };
            written += 1;
            let comma = if written == count { "" } else { "," };
            let _ = writeln!(text, "    {direction} {:<widest$} {name}{comma}", range(*width));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The interfaces in the order of a port list.
fn by_role(module: &Module) -> Vec<&Interface> {
    let mut interfaces: Vec<_> = module.interfaces.iter().collect();
    interfaces.sort_by_key(|interface| interface.role);
    interfaces
}

/// The ports in the order of a port list.
fn listed(module: &Module) -> Vec<&Port> {
    by_role(module).into_iter().flat_map(|interface| &interface.ports).collect()
}

fn nets(module: &Module) -> String {
    let unread = module.instances.iter().flat_map(|instance| {
        instance.connections.iter().filter_map(|(port, expr)| match expr {
            Expr::Open(width) => Some(("wire", *width, instance.unused(port))),
            _ => None,
        })
    });
    let declared = module.nets.iter().map(|net| {
        let kind = if net.register { "reg " } else { "wire" };
        (kind, net.width, net.name.clone())
    });
    let all: Vec<_> = declared.chain(unread).collect();
    let widest = all.iter().map(|(_, width, _)| range(*width).len()).max().unwrap_or(0);
    let lines: Vec<_> =
        all.iter().map(|(kind, width, name)| format!("    {kind} {:<widest$} {name};", range(*width))).collect();
    lines.join("\n")
}

fn instance(instance: &Instance, module: Option<&Module>) -> String {
    let Some((what, count)) = &instance.replicate else { return placed(instance, module, "    ") };
    format!(
        "    genvar {what};\n    generate\n        for ({what} = 0; {what} < {count}; {what} = {what} + 1) begin : gen_{what}\n{}\n        end\n    endgenerate",
        placed(instance, module, "            ")
    )
}

/// The instance, its ports in the order of the module's port list.
fn placed(instance: &Instance, module: Option<&Module>, indent: &str) -> String {
    let widest = instance.connections.keys().map(String::len).max().unwrap_or(0);
    let order: Vec<&str> = module.map(listed).unwrap_or_default().iter().map(|port| port.name.as_str()).collect();
    let mut connections: Vec<_> = instance.connections.iter().collect();
    connections.sort_by_key(|(port, _)| order.iter().position(|name| name == port));
    let lines: Vec<_> = connections
        .into_iter()
        .map(|(port, expr)| format!("{indent}    .{port:<widest$} ({})", expression(port, expr, instance)))
        .collect();
    let set =
        instance.parameters.iter().map(|(name, value)| format!(".{name}({value})")).collect::<Vec<_>>().join(", ");
    let set = if set.is_empty() { set } else { format!(" #({set})") };
    format!("{indent}{}{set} {} (\n{}\n{indent});", instance.module, instance.name, lines.join(",\n"))
}

fn expression(port: &str, expr: &Expr, instance: &Instance) -> String {
    let index = instance.replicate.as_ref().map_or("0", |(what, _)| what);
    match expr {
        Expr::Whole(net) => net.clone(),
        Expr::Lane { net, width: 1, .. } => format!("{net}[{index}]"),
        Expr::Lane { net, symbol, .. } => format!("{net}[{index}*{symbol} +: {symbol}]"),
        Expr::Open(_) => instance.unused(port),
    }
}

//! The parts of a Verilog file that follow from the netlist: header, port list, inner wires, instances.

use crate::{
    design::Design,
    netlist::{Direction, Expr, Instance, Interface, Module, ModuleKind, Port},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// What a block's template places around its own text.
pub struct Shell {
    /// What stands before the module: the comment on top of the file, and that no net comes into being by its
    /// use.
    pub header: String,
    /// Module name.
    pub name: String,
    /// The ANSI port list, without the parentheses.
    pub ports: String,
    declarations: Declarations,
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
            ports: ports(module, &child),
            declarations: Declarations::new(module),
            instances: module
                .instances
                .iter()
                .map(|it| instance(it, child(&it.module)))
                .collect::<Vec<_>>()
                .join("\n\n"),
        }
    }

    /// The whole file of a module that a template has rendered, whose last newline askama drops.
    #[must_use]
    pub(crate) fn file(rendered: &str) -> String {
        format!("{rendered}\n{FOOTER}")
    }
}

/// The licence of what is emitted, as tools look for it.
pub(super) const LICENCE: &str = "SPDX-License-Identifier: Apache-2.0";

/// What follows a module: files that are compiled after it find nets of undeclared names as the language has
/// them.
const FOOTER: &str = "\n`default_nettype wire\n";

impl Shell {
    /// Declarations of all nets that the netlist knows. First those that the template's own text uses, which
    /// it lists: nets, and what the names of bundles begin with. A name that this variant of the module lacks
    /// is passed over.
    ///
    /// # Panics
    /// When the module's own logic reads or drives a net that the template does not list.
    #[must_use]
    pub fn declare(&self, listed: impl AsRef<str>) -> String {
        self.declarations.text(&listed.as_ref().split_whitespace().collect::<Vec<_>>())
    }
}

/// The nets of a module, as they are declared.
struct Declarations {
    module: String,
    nets: Vec<Declared>,
    /// What joins the nets of a bundle, by what their names begin with.
    bundles: BTreeMap<String, String>,
}

struct Declared {
    name: String,
    line: String,
    bundle: Option<String>,
    /// Whether the module's own logic reads or drives it.
    own: bool,
}

impl Declarations {
    fn new(module: &Module) -> Self {
        let logic = module.logic.iter().flat_map(|of| of.drives.iter().chain(&of.combinational).chain(&of.registered));
        let own: BTreeSet<&String> = logic.collect();
        let unread = unread(module).map(|(width, name)| ("wire", width, name, Some(UNREAD.to_owned()), false));
        let nets = module.nets.iter().map(|net| {
            let kind = if net.register { "reg " } else { "wire" };
            (kind, net.width, net.name.clone(), net.bundle.clone(), own.contains(&net.name))
        });
        let all: Vec<_> = nets.chain(unread).collect();
        let widest = all.iter().map(|(_, width, ..)| range(*width).len()).max().unwrap_or(0);
        let nets = all.into_iter().map(|(kind, width, name, bundle, own)| {
            let line = format!("    {kind} {:<widest$} {name};", range(width));
            Declared { name, line, bundle, own }
        });
        let unread = (UNREAD.to_owned(), "what nothing reads".to_owned());
        let bundles = module.bundles.clone().into_iter().chain([unread]).collect();
        Self { module: module.name.clone(), nets: nets.collect(), bundles }
    }

    fn text(&self, listed: &[&str]) -> String {
        let is = |net: &Declared, name: &str| net.name == name || net.bundle.as_deref() == Some(name);
        let (used, joints): (Vec<_>, Vec<_>) =
            self.nets.iter().partition(|net| listed.iter().any(|name| is(net, name)));
        let missing: Vec<_> = joints.iter().filter(|net| net.own).map(|net| net.name.as_str()).collect();
        assert!(missing.is_empty(), "the template of {} does not list {missing:?}", self.module);
        let at = |net: &&&Declared| listed.iter().position(|name| is(net, name));
        let mut used: Vec<_> = used.iter().collect();
        used.sort_by_key(at);
        let mut text = String::new();
        let mut last = None;
        for net in used.into_iter().chain(&joints) {
            let group = (net.bundle.as_ref(), listed.iter().any(|name| is(net, name)));
            if last != Some(group) {
                let gap = if text.is_empty() { "" } else { "\n" };
                let joins = group.0.and_then(|bundle| self.bundles.get(bundle)).map(String::as_str);
                let _ = match joins.or((!group.1).then_some("from instance to instance")) {
                    Some(joins) => writeln!(text, "{gap}    // {joins}"),
                    None => write!(text, "{gap}"),
                };
                last = Some(group);
            }
            let _ = writeln!(text, "{}", net.line);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// The bundle of the wires that unread outputs end in.
const UNREAD: &str = "unused";

/// Longest comment line in a header.
const HEADER_WIDTH: usize = 110;

fn header(design: &Design, module: &Module) -> String {
    let mut text = format!("// {LICENCE}\n");
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
    text.push_str("// Generated: edit the design, not this file.\n\n`default_nettype none");
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
    if width == 1 { String::new() } else { vector(width) }
}

fn vector(width: u32) -> String {
    format!("[{}:0]", width - 1)
}

/// Finds a module that is placed in another.
type Children<'a, 'm> = &'a dyn Fn(&str) -> Option<&'m Module>;

/// What the range of a port is called: by the module itself, or by the part that the port goes to or comes
/// from as it is.
fn width_name(module: &Module, port: &Port, child: Children<'_, '_>) -> Option<String> {
    if port.width == 1 {
        return port.symbol.clone();
    }
    let by_part = |instance: &Instance| {
        let part = child(&instance.module)?;
        let is_joined = |expr: &Expr| matches!(expr, Expr::Whole(net) if *net == port.name);
        let mut inner = instance.connections.iter().filter(|(_, expr)| is_joined(expr)).map(|(inner, _)| inner);
        let name = inner.find_map(|inner| width_name(part, part.port(inner)?, child))?;
        Some(match name.split_once(" of ") {
            None => format!("{name} of {}", instance.name),
            Some((symbol, path)) => format!("{symbol} of {}.{path}", instance.name),
        })
    };
    port.symbol.clone().or_else(|| module.instances.iter().find_map(by_part))
}

fn ports(module: &Module, child: Children<'_, '_>) -> String {
    // A width that has a name is one of a vector, which parts can be selected of, even if it is 1.
    let range = |port: &Port| if port.symbol.is_some() { vector(port.width) } else { range(port.width) };
    let widest = module.ports().map(|port| range(port).len()).max().unwrap_or(0);
    let last = listed(module).len().saturating_sub(1);
    // What an always block assigns is declared as a variable.
    let output = if module.kind == ModuleKind::Leaf { "output reg " } else { "output wire" };
    let line = |(number, port): (usize, &Port)| {
        let direction = if port.direction == Direction::Input { "input  wire" } else { output };
        let comma = if number == last { "" } else { "," };
        let line = format!("    {direction} {:<widest$} {}{comma}", range(port), port.name);
        (line, width_name(module, port, child))
    };
    let lines: Vec<_> = listed(module).into_iter().enumerate().map(line).collect();
    let column = lines.iter().filter(|(_, name)| name.is_some()).map(|(line, _)| line.len()).max().unwrap_or(0);
    let mut lines = lines.into_iter().map(|(line, name)| match name {
        Some(name) => format!("{line:<column$}  // {name}"),
        None => line,
    });
    let groups = by_role(module).into_iter().flat_map(|interface| {
        let summary = format!("    // {}", interface.summary);
        [summary].into_iter().chain(lines.by_ref().take(interface.ports.len())).collect::<Vec<_>>()
    });
    groups.collect::<Vec<_>>().join("\n")
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

/// The wires that unread outputs end in: width and name.
fn unread(module: &Module) -> impl Iterator<Item = (u32, String)> {
    module.instances.iter().flat_map(|instance| {
        instance.connections.iter().filter_map(|(port, expr)| match expr {
            Expr::Open(width) => Some((*width, instance.unused(port))),
            _ => None,
        })
    })
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

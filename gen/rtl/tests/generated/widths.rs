//! The names of widths in port lists: each is an expression of the module's localparams, and holds.

use crate::{designs, netlists};
use alberti_isa::{BYTES, KINDS};
use alberti_rtl::netlist::{Expr, Interface, Module, ModuleKind, Netlist, Payload, Port, Role};
use std::collections::{BTreeMap, BTreeSet};

/// The localparams of a text by name, as they are written.
fn localparams(text: &str) -> BTreeMap<&str, &str> {
    let mut all = BTreeMap::new();
    for statement in text.split("localparam").skip(1).filter_map(|rest| rest.split(';').next()) {
        let statement = statement.trim_start();
        let declared =
            if statement.starts_with('[') { statement.split_once(']').map_or("", |(_, rest)| rest) } else { statement };
        for entry in declared.split(',') {
            if let Some((name, value)) = entry.split_once('=') {
                all.insert(name.trim(), value.trim());
            }
        }
    }
    all
}

/// The value of an expression: sums, products, quotients and shifts of integers, localparams and `$clog2`.
struct Value<'a> {
    names: &'a BTreeMap<&'a str, &'a str>,
    rest: &'a str,
}

impl<'a> Value<'a> {
    fn of(names: &'a BTreeMap<&'a str, &'a str>, text: &'a str) -> Result<u64, String> {
        let mut value = Value { names, rest: text };
        let found = value.shift()?;
        if value.rest.trim().is_empty() { Ok(found) } else { Err(format!("`{text}` goes on with `{}`", value.rest)) }
    }

    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn shift(&mut self) -> Result<u64, String> {
        let mut value = self.sum()?;
        while self.takes("<<") {
            value <<= self.sum()?;
        }
        Ok(value)
    }

    fn sum(&mut self) -> Result<u64, String> {
        let mut value = self.product()?;
        loop {
            if self.takes("+") {
                value += self.product()?;
            } else if self.takes("-") {
                value = value.checked_sub(self.product()?).ok_or("below zero")?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<u64, String> {
        let mut value = self.factor()?;
        loop {
            if self.takes("*") {
                value *= self.factor()?;
            } else if self.takes("/") {
                value = value.checked_div(self.factor()?).ok_or("by zero")?;
            } else {
                return Ok(value);
            }
        }
    }

    fn factor(&mut self) -> Result<u64, String> {
        let logarithm = self.takes("$clog2");
        if self.takes("(") {
            let value = self.shift()?;
            return if !self.takes(")") {
                Err(format!("no `)` before `{}`", self.rest))
            } else if logarithm {
                Ok(u64::from(value.next_power_of_two().ilog2()))
            } else {
                Ok(value)
            };
        }
        let text = self.rest.trim_start();
        let (word, rest) = text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()));
        self.rest = rest;
        // A number with its width: `24'd4096`.
        if self.takes("'d") {
            return self.factor();
        }
        word.parse().or_else(|_| {
            let value = self.names.get(word).ok_or_else(|| format!("no localparam `{word}`"))?;
            Self::of(self.names, value)
        })
    }
}

#[test]
fn expressions_have_their_values() {
    let names =
        localparams("localparam N = 16; // of\n localparam [3:0] A = 4'd3, B = A + N/4;\n localparam W = 1 << A;");
    for (text, value) in [("N*A", 48), ("N - A - 1", 12), ("2*(N+B)", 46), ("$clog2(N+1)", 5), ("W", 8)] {
        assert_eq!(Value::of(&names, text), Ok(value), "{text}");
    }
    for text in ["M", "N*", "(N", "N N", "A - N", "N/0"] {
        assert!(Value::of(&names, text).is_err(), "{text}");
    }
}

/// Whether a port is passed on to a part or from one: the port itself, whole or in slices, or a net of its
/// width that own logic makes of it or makes it of.
fn passed_on(module: &Module, port: &Port) -> bool {
    let reaches_part = |name: &str| {
        module.instances.iter().flat_map(|instance| instance.connections.values()).any(|expr| match expr {
            Expr::Whole(net) | Expr::Lane { net, .. } => net == name,
            Expr::Open(_) => false,
        })
    };
    let is_alike = |net: &String| module.width_of(net) == Some(port.width) && reaches_part(net);
    reaches_part(&port.name)
        || module.logic.iter().filter(|logic| logic.drives.len() == 1).any(|logic| {
            let mut reads = logic.combinational.iter().chain(&logic.registered);
            if logic.drives[0] == port.name {
                reads.any(is_alike)
            } else {
                reads.any(|net| *net == port.name) && is_alike(&logic.drives[0])
            }
        })
}

/// Whether a width may go without a name.
fn needs_none(module: &Module, interface: &Interface, port: &Port) -> bool {
    port.width == 1
        // A function of fixed widths has no localparams.
        || module.kind == ModuleKind::Leaf
        // The part names it.
        || passed_on(module, port)
        // Words of registers and counters, thresholds among them.
        || port.payload == Payload::Bits && [8, 16, 32].contains(&port.width)
        || module.kind == ModuleKind::Registers
        // AXI gives the widths of its signals and of its response, the instruction set those of its fields
        // and words.
        || interface.role == Role::Bus
        || port.field == "response"
        || KINDS.iter().any(|kind| kind.name == interface.name)
        || port.width == 8 * BYTES as u32
        // A bit for each bank, which are spelled out one by one, and for each of n results.
        || module.parameters.get("banks") == Some(&port.width.into())
        || interface.name == "events" && module.parameters.get("n") == Some(&port.width.into())
}

/// The comment of a port in the port list.
fn comment<'m>(module: &'m Module, port: &Port) -> Option<&'m str> {
    let is_of = |line: &&str| {
        let declared = line.split("  //").next().unwrap_or_default().trim_end_matches([' ', ',']);
        !line.trim_start().starts_with("//") && declared.ends_with(&format!(" {}", port.name))
    };
    let (ports, _) = module.text.split_once("\n);\n")?;
    Some(ports.lines().find(is_of)?.split_once("  // ")?.1)
}

/// The width that a comment stands for: in the module's own localparams, or `of` a part in those of the part.
fn named(netlist: &Netlist, module: &Module, comment: &str) -> Result<u64, String> {
    let (symbol, path) = comment.split_once(" of ").unwrap_or((comment, ""));
    let order = netlist.order();
    let mut named_by = module;
    for part in path.split_terminator('.') {
        let instance = named_by.instances.iter().find(|instance| instance.name == part);
        let instance = instance.ok_or_else(|| format!("{} has no {part}", named_by.name))?;
        named_by = order.iter().find(|module| module.name == instance.module).expect("a part is a module");
    }
    let code: Vec<&str> = named_by.text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    if symbol.contains(char::is_alphabetic) {
        Value::of(&localparams(&code), symbol)
    } else {
        Err(format!("`{symbol}` is a number"))
    }
}

#[test]
fn widths_of_ports_are_named_by_localparams_that_have_their_values() {
    let (mut faults, mut count) = (BTreeSet::new(), 0);
    for design in designs() {
        for netlist in netlists(&design) {
            for module in netlist.order() {
                for (interface, port) in
                    module.interfaces.iter().flat_map(|of| of.ports.iter().map(move |port| (of, port)))
                {
                    let fault = match comment(module, port) {
                        None if needs_none(module, interface, port) => continue,
                        None => "has no name".to_owned(),
                        Some(comment) => match named(&netlist, module, comment) {
                            Ok(width) if width == u64::from(port.width) => {
                                count += 1;
                                continue;
                            }
                            found => format!("is {comment}: {found:?}"),
                        },
                    };
                    let at = format!("{} {}", design.name, module.name);
                    faults.insert(format!("{at}: {} of {} bits {fault}", port.name, port.width));
                }
            }
        }
    }
    assert!(count > 1000, "{count}");
    assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

//! From a rust-hdl kernel to Verilog: ports, locals and the statements of one `always @*` block.
//!
//! The kernel's syntax tree is public; it is rendered here rather than by rust-hdl's own writer, which drops
//! the widths that Rust's types hold. Every expression is given its width again and every assignment, operand
//! and cast is checked against it, so that nothing is left to Verilog's rules of context: what the Rust
//! simulation computes is what the text says. Precedence is Verilog's, not Rust's. Reads before writes and
//! outputs that keep a value are refused.

mod expression;
mod statement;
#[cfg(test)]
mod tests;

use super::{Leaf, LeafError, LeafPort};
use rust_hdl_core::ast::{Verilog, VerilogLiteral};
use rust_hdl_core::atom::{Atom, AtomKind};
use rust_hdl_core::block::Block;
use rust_hdl_core::check_error::check_all;
use rust_hdl_core::probe::Probe;
use std::collections::{BTreeMap, BTreeSet};

/// What a leaf consists of, as text and tables.
pub(super) struct Elaborated {
    pub(super) ports: Vec<LeafPort>,
    pub(super) locals: Vec<(String, usize)>,
    pub(super) body: String,
}

/// Checks a leaf's kernel and renders it.
///
/// # Errors
/// When rust-hdl's checks fail or the kernel holds what would not mean the same in Verilog.
pub(super) fn elaborate(leaf: &dyn Leaf) -> Result<Elaborated, LeafError> {
    let fail = |message: String| LeafError { leaf: leaf.module_name(), message };
    check_all(leaf).map_err(|error| fail(format!("rust-hdl: {error:?}")))?;
    let mut atoms = Atoms::default();
    leaf.accept("leaf", &mut atoms);
    if atoms.scopes != 1 {
        return Err(fail("holds another block: leaves are flat".into()));
    }
    let Verilog::Combinatorial(block) = leaf.hdl() else {
        return Err(fail("has no kernel: put #[hdl_gen] before `update`".into()));
    };
    let mut writer =
        Writer { atoms: &atoms, constants: leaf.parameters().into_iter().map(|(n, v)| (n.to_owned(), v)).collect() };
    let mut assigned = BTreeSet::new();
    let mut lines = vec!["always @* begin".to_owned()];
    writer.block(&block, 1, &mut assigned, &mut lines).map_err(&fail)?;
    lines.push("end".into());
    if let Some((name, _)) = atoms.driven().find(|(name, _)| !assigned.contains(*name)) {
        return Err(fail(format!("`{name}` is not assigned on every path: it would be a latch")));
    }
    let locals: Vec<_> = atoms.of(AtomKind::LocalSignal).collect();
    let mut body = String::new();
    for (name, width) in &locals {
        body += &format!("reg {}{name};\n", range(*width));
    }
    if !locals.is_empty() {
        body.push('\n');
    }
    body += &lines.join("\n");
    body.push('\n');
    Ok(Elaborated { ports: atoms.ports(), locals, body })
}

/// `[7:0] `, or nothing for a single bit.
pub(super) fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

struct Field {
    name: String,
    kind: AtomKind,
    width: usize,
    value: Option<u128>,
}

/// The signals and constants of a leaf, in the order of its fields.
#[derive(Default)]
struct Atoms {
    signals: Vec<Field>,
    scopes: usize,
}

impl Probe for Atoms {
    fn visit_start_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.scopes += 1;
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let kind = signal.kind();
        let value = if kind == AtomKind::Constant { number(&signal.verilog()) } else { None };
        self.signals.push(Field { name: name.into(), kind, width: signal.bits(), value });
    }
}

impl Atoms {
    fn of(&self, kind: AtomKind) -> impl Iterator<Item = (String, usize)> + '_ {
        self.signals.iter().filter(move |s| s.kind == kind).map(|s| (s.name.clone(), s.width))
    }

    fn driven(&self) -> impl Iterator<Item = (&String, usize)> {
        let driven = [AtomKind::LocalSignal, AtomKind::OutputParameter];
        self.signals.iter().filter(move |s| driven.contains(&s.kind)).map(|s| (&s.name, s.width))
    }

    fn ports(&self) -> Vec<LeafPort> {
        let port = |s: &Field| LeafPort {
            name: s.name.clone(),
            input: s.kind == AtomKind::InputParameter,
            width: s.width as u32,
        };
        self.signals.iter().filter(|s| s.kind.is_parameter()).map(port).collect()
    }

    fn find(&self, name: &str) -> Result<&Field, String> {
        self.signals.iter().find(|s| s.name == name).ok_or_else(|| format!("`{name}` is no signal of the leaf"))
    }
}

/// The value of a literal, whose fields are private but whose text is not.
fn number(literal: &VerilogLiteral) -> Option<u128> {
    let text = format!("{literal:x}");
    let (_, digits) = text.split_once("'h")?;
    u128::from_str_radix(digits, 16).ok()
}

struct Writer<'a> {
    atoms: &'a Atoms,
    /// Const generics by name, and the loop variables in scope.
    constants: BTreeMap<String, u64>,
}

type Assigned = BTreeSet<String>;

//! The elaborated design: modules, typed ports, instances and nets.

pub mod check;
mod dump;
mod graph;
mod interface;
mod module;

pub use check::check;
pub use graph::Netlist;
pub use interface::{Direction, Interface, Payload, Port, Role};
pub use module::{Contract, Expr, Instance, Logic, Module, ModuleKind, Net};

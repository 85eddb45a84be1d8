//! A top of the user's own: blocks joined stream to stream.
//!
//! `parts` finds the blocks and interfaces that the design names, `joints` checks each connection by itself,
//! `open` what is left over, and `top` makes the module.

mod joints;
mod open;
mod parts;
mod top;

use crate::{blocks::Library, design::Composition, netlist::Module};
use alberti_diagnostic::{Code, Diagnostics};
use parts::{End, Parts};
use std::{collections::BTreeSet, sync::Arc};

/// What a composition comes to once every name in it is known.
struct Joined {
    /// Connections, from the end that drives to the end that is driven, with their number in the design.
    links: Vec<Link>,
    /// Interfaces that become ports of the top.
    exports: BTreeSet<End>,
}

/// A connection of two interfaces.
#[derive(Clone, Copy)]
struct Link {
    from: End,
    to: End,
    /// Its place in the list of connections.
    number: usize,
}

/// The top module of a composition.
///
/// # Errors
/// All problems of the composition.
pub(crate) fn compose<'a>(library: &mut Library<'a>, composition: &'a Composition) -> Result<Arc<Module>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let parts = Parts::new(library, composition, &mut problems);
    let joined = joints::join(&parts, &mut problems);
    // What is left open can be told only when every name is understood; two ends that do not fit are joined
    // all the same.
    if problems.iter().all(|problem| matches!(problem.code, Code::PayloadMismatch | Code::WidthMismatch)) {
        open::check(&parts, &joined, &mut problems);
        let module = top::build(&parts, &joined, library, &mut problems);
        if problems.is_empty() {
            return Ok(top::add(library, module));
        }
    }
    Err(problems)
}

/// `a`, `a and b`, `a, b and c`; a long list is cut.
fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    const LONGEST: usize = 12;
    let mut items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    let more = items.len().saturating_sub(LONGEST);
    if more > 0 {
        items.truncate(LONGEST);
        items.push(format!("{more} more"));
    }
    match items.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

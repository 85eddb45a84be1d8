//! Checks that hold for every netlist, whoever built it.
//!
//! A design cannot break them, since what it says of connections is checked before; a block's builder can.
//! Modules are checked children first, so that a parent knows which inputs of a child reach which outputs
//! within the cycle.

mod clocks;
mod connections;
mod drivers;
mod loops;
mod payloads;
mod reach;
mod scope;

use super::graph::Netlist;
use alberti_diagnostic::Diagnostics;
use scope::Scope;

pub use loops::FeedThrough;

/// Everything that is wrong with a netlist. The problems lie in no file: they name module, instance and net.
#[must_use]
pub fn check(netlist: &Netlist) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let mut feed_through = FeedThrough::default();
    for module in netlist.order() {
        let scope = Scope::new(netlist, module);
        connections::check(&scope, &mut problems);
        drivers::check(&scope, &mut problems);
        payloads::check(&scope, &mut problems);
        clocks::check(&scope, &mut problems);
        reach::check(&scope, &mut problems);
        feed_through.add(&scope, &mut problems);
    }
    problems
}

/// Which outputs of each module depend on which inputs without a register in between.
#[must_use]
pub fn feed_through(netlist: &Netlist) -> FeedThrough {
    let mut feed_through = FeedThrough::default();
    for module in netlist.order() {
        feed_through.add(&Scope::new(netlist, module), &mut Diagnostics::new());
    }
    feed_through
}

#[cfg(test)]
mod tests;

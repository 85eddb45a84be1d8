//! Why an instruction does not end well.

use crate::Error;
use alberti_isa::Fault;

/// Why an instruction does not end well: what the accelerator stops with, or what is wrong with the program.
pub(super) enum Trouble {
    Fault(Fault),
    Program(Error),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Program(error)
    }
}

/// What an instruction gives, if it ends well.
pub(super) type Work<T = ()> = std::result::Result<T, Trouble>;

//! The binary `alberti`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    alberti::main()
}

//! The arguments.

use crate::commands::Command;
use clap::Parser;
use std::path::PathBuf;

/// From a YAML design to verified Verilog with its costs.
///
/// Exit codes: 0 all is well; 1 the design or another input is wrong, or what was checked does not hold; 2
/// the arguments are wrong; 3 the environment: a tool, a file that cannot be read or written.
#[derive(Parser)]
#[command(name = "alberti", version, propagate_version = true, max_term_width = 110, infer_subcommands = false)]
pub struct Cli {
    /// Also write the output to this file, as JSON; `-` prints JSON instead of the text
    #[arg(long, global = true, value_name = "FILE", help_heading = "Output")]
    pub json: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_of_all_commands_are_consistent() {
        Cli::command().debug_assert();
    }
}

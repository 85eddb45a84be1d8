//! One file a command: arguments in, an answer out.

pub mod accuracy;
pub mod cache;
pub mod check;
pub mod doctor;
pub mod dump;
pub mod eval;
pub mod explain;
pub mod faults;
pub mod generate;
pub mod golden;
pub mod lint;
pub mod model;
pub mod pack;
pub mod report;
pub mod run;
pub mod sim;
pub mod sweep;
pub mod synth;

use crate::{exit::Result, output::Answer};

/// Each command by its variant and its module. The word that is typed is the variant's, in small letters.
macro_rules! commands {
    ($($command:ident($module:ident),)*) => {
        #[derive(clap::Subcommand)]
        pub enum Command {
            $($command($module::Arguments)),*
        }

        impl Command {
            /// Runs a command.
            ///
            /// # Errors
            /// When it could not do its work, or what it checked does not hold.
            pub fn run(&self) -> Result<Answer> {
                match self {
                    $(Self::$command(arguments) => $module::run(arguments)),*
                }
            }
        }
    };
}

commands! {
    Doctor(doctor),
    Check(check),
    Explain(explain),
    Gen(generate),
    Lint(lint),
    Sim(sim),
    Golden(golden),
    Model(model),
    Pack(pack),
    Run(run),
    Eval(eval),
    Accuracy(accuracy),
    Faults(faults),
    Sweep(sweep),
    Synth(synth),
    Dump(dump),
    Report(report),
    Cache(cache),
}

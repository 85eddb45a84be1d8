//! Starts libFuzzer for each target in turn, and reads findings again. `make fuzz` and `make replay` call it.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

use alberti_fuzz::{TARGETS, Target, guided, limits::Watch};
use clap::Parser;
use std::{fs, path::PathBuf, process::ExitCode};

/// Inputs for every reader, guided by the coverage of the code.
#[derive(Parser)]
enum Command {
    /// Run targets one after the other; exit code 1 when there was a finding
    Guided {
        /// The program that `cargo fuzz build` made
        #[arg(long, value_name = "FILE")]
        program: PathBuf,
        /// Minutes of each target
        #[arg(long, value_name = "MINUTES", default_value_t = 5.0)]
        minutes: f64,
        /// The seed of libFuzzer's changes [default: another one each time]
        #[arg(long, value_name = "SEED", default_value_t = 0)]
        seed: u32,
        /// The targets [default: all]
        #[arg(value_name = "TARGET", value_parser = target)]
        targets: Vec<&'static Target>,
    },
    /// Read files again, each by the target that a folder around it is named after
    Replay {
        /// The files, such as build/fuzz/designs/findings/0a1b2c3d4e5f
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

fn target(name: &str) -> Result<&'static Target, String> {
    let names = || TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    Target::named(name).ok_or_else(|| format!("the targets are {}", names()))
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Guided { program, minutes, seed, targets } => {
            let targets = if targets.is_empty() { TARGETS.iter().collect() } else { targets };
            let mut findings = 0;
            for target in targets {
                let outcome = match guided::run(target, &program, (60.0 * minutes) as u64, seed) {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        eprintln!("{}: {error}", target.name);
                        return ExitCode::from(3);
                    }
                };
                println!("{:<14}{outcome}", target.name);
                findings += usize::from(outcome.finding.is_some());
            }
            if findings > 0 {
                println!("{findings} targets with a finding; `make replay FILE=…` reads one again");
            }
            ExitCode::from(u8::from(findings > 0))
        }
        Command::Replay { files } => {
            for file in files {
                let Some(target) = Target::of(&file) else {
                    eprintln!("{}: no folder around it is named after a target", file.display());
                    return ExitCode::from(2);
                };
                let bytes = match fs::read(&file) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        eprintln!("{}: {error}", file.display());
                        return ExitCode::from(3);
                    }
                };
                println!("{}: {} bytes for {}", file.display(), bytes.len(), target.name);
                Watch::new(target, "replayed").read(&bytes);
                println!("read without fault");
            }
            ExitCode::SUCCESS
        }
    }
}

//! The words of the command line.

use crate::Target;
use alberti::readers::arguments;

/// Arguments, one a line, which are read and run nothing.
pub const ARGUMENTS: Target = Target {
    name: "arguments",
    words: &[
        "check\n",
        "gen\n",
        "sim\n",
        "golden\n",
        "synth\n",
        "run\n",
        "eval\n",
        "faults\n",
        "sweep\n",
        "pack\n",
        "model\n",
        "dump\n",
        "cache\n",
        "--help",
        "--json",
        "--block",
        "--prune",
        "--limit",
        "--seed",
        "--layout",
        "--target",
        "--ecc",
        "--rates",
        "--threshold",
        "--frequency",
        "--widths",
        "8:16",
        "0x",
        "1e-6",
        "-1",
        "8G",
        "none",
        ",",
        "=",
        "inf",
        "nan",
    ],
    seeds: Vec::new,
    reader: || {
        Box::new(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            if let Err(said) = arguments(&text.lines().collect::<Vec<_>>()) {
                assert!(!said.is_empty());
            }
        })
    },
};

//! `dma`: a command to external memory, the addresses at which it fails.

use super::text::{HELP, Text};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::dma::{Burst, Command, Response};
use alberti_rtl::Design;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    command: Asked,
    /// Cycles from an address to its first beat, from the last beat of a write to its response.
    #[serde(default = "one")]
    latency: u64,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    write: bool,
    address: u64,
    bytes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    address: u64,
    response: u8,
}

fn one() -> u64 {
    1
}

pub fn example(_: &Design) -> Result<Value> {
    Ok(json!({
        "command": {"write": false, "address": 0x1f00, "bytes": 1000},
        "latency": 20,
        "faults": [{"address": 0x2000, "response": 2}],
    }))
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let Input { command, latency, faults } = text.parse()?;
    let port = configuration::external_memory(design)?;
    let command = Command { write: command.write, address: command.address, bytes: command.bytes };
    if let Some(fault) = faults.iter().find(|fault| !(2..=3).contains(&fault.response)) {
        let what = format!("a fault has response {}: SLVERR is 2, DECERR is 3", fault.response);
        return Err(Failure::input(what, HELP));
    }
    let response_at = |address: u64, beats: u32| {
        let bytes = u64::from(beats * port.beat_bytes());
        let fault = faults.iter().filter(|fault| fault.address >= address && fault.address - address < bytes);
        match fault.min_by_key(|fault| fault.address).map(|fault| fault.response) {
            None => Response::Okay,
            Some(2) => Response::SlaveError,
            Some(_) => Response::DecodeError,
        }
    };
    let done =
        port.run(&command, |address| response_at(address, 1), |burst: &Burst| response_at(burst.address, burst.beats));
    let bursts = port.bursts(&command).unwrap_or_default();
    let shown = bursts.iter().map(|burst| json!({"address": burst.address, "beats": burst.beats}));
    let last = port.beats(command.bytes).checked_sub(1).map(|beat| port.strobes(command.bytes, beat));
    Ok(json!({
        "bursts": shown.collect::<Vec<_>>(),
        "response": done.response as u8,
        "failed_address": done.address,
        "read_beats": done.read_beats,
        "last_strobes": last.map(|strobes| format!("{strobes:#x}")),
        "cycles": (done.response == Response::Okay).then(|| port.cycles(command.write, &bursts, latency)),
    }))
}

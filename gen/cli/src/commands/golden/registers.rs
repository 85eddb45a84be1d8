//! `csr`: accesses of software one after the other, and what hardware drives meanwhile.

use super::text::{HELP, Text};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::csr::{Inputs, Response};
use alberti_rtl::{Design, registers::Map};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    accesses: Vec<Access>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    read: Option<At>,
    write: Option<At>,
    #[serde(default)]
    data: u32,
    #[serde(default = "all_bytes")]
    strobes: u8,
    /// What hardware drives from now on, by port without its suffix.
    #[serde(default)]
    inputs: BTreeMap<String, u32>,
}

/// A register's name, or a byte address.
#[derive(Deserialize)]
#[serde(untagged)]
enum At {
    Address(u32),
    Name(String),
}

fn all_bytes() -> u8 {
    15
}

pub fn example(_: &Design) -> Result<Value> {
    Ok(json!({"accesses": [
        {"read": "magic"},
        {"write": "interrupt_enable", "data": 1},
        {"write": "program_base", "data": 0x8000_1000_u32, "strobes": 15},
        {"read": 0x24, "inputs": {"status_busy": 1, "interrupt_cause_done": 1}},
        {"write": "interrupt_cause", "data": 1, "inputs": {"interrupt_cause_done": 0}},
    ]}))
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let input: Input = text.parse()?;
    let unusable = |what: String| Failure::input(what, HELP);
    let map = Map::of(design).ok_or_else(|| unusable("the design has no registers".into()))?;
    let mut golden = configuration::registers(&map)?;
    let fields = map.registers.iter().map(|register| vec![0; register.fields.len()]).collect();
    let mut inputs = Inputs { b_ready: true, r_ready: true, fields, ..Inputs::default() };
    let mut answers = Vec::new();
    for Access { read, write, data, strobes, inputs: driven } in input.accesses {
        for (name, value) in driven {
            let mut places = map.registers.iter().zip(&mut inputs.fields).flat_map(|(register, values)| {
                register.fields.iter().zip(values).map(|(field, value)| (register.stem(field), value))
            });
            let place = places.find(|(stem, _)| *stem == name);
            *place.ok_or_else(|| unusable(format!("there is no field {name}")))?.1 = value;
        }
        let address = |at: &At| match at {
            At::Address(address) => Ok(*address),
            At::Name(name) => {
                let register = map.register(name).ok_or_else(|| unusable(format!("there is no register {name}")));
                register.map(|register| register.offset)
            }
        };
        inputs.ar = read.as_ref().map(address).transpose()?;
        inputs.aw = write.as_ref().map(address).transpose()?;
        inputs.w = write.is_some().then_some((data, strobes & all_bytes()));
        // Taken, done; then the response shows.
        golden.cycle(&inputs)?;
        (inputs.ar, inputs.aw, inputs.w) = (None, None, None);
        golden.cycle(&inputs)?;
        let outputs = golden.outputs();
        let code = |response: Response| if response == Response::Okay { "OKAY" } else { "SLVERR" };
        answers.push(json!({
            "write": outputs.b.map(code),
            "read": outputs.r.map(|(response, _)| code(response)),
            "data": outputs.r.map(|(_, data)| format!("{data:#010x}")),
            "interrupt": outputs.interrupt,
        }));
    }
    Ok(json!({"answers": answers}))
}

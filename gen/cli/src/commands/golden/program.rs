//! `accelerator`: a program, and external memory around it.

use super::text::{HELP, Text};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::accelerator::{End, Flat, Interpreter, Registers};
use alberti_isa::{Base, Count, Elementwise, Halt, Instruction, Load, Memory, Program, Store, Unit, Waits, Words};
use alberti_rtl::Design;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Instructions of 16 words, which lie at address 0.
    program: Vec<Words>,
    #[serde(default)]
    data_base: u64,
    #[serde(default)]
    entropy_threshold: u16,
    /// External memory before the program.
    #[serde(default)]
    memory: Vec<Bytes>,
    /// What is to be shown of it afterwards.
    #[serde(default)]
    show: Vec<Range>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    address: usize,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    address: usize,
    bytes: usize,
}

/// Bytes of external memory.
const SIZE: usize = 1 << 24;

pub fn example(design: &Design) -> Result<Value> {
    let row = 2 * configuration::accelerator(design)?.n;
    let (memory, base) = (Memory::Wide, Base::Data);
    let load = Load { memory, base, row: 0, rows: Count(1), address_offset: 0 };
    let double = Elementwise { scale: true, result_base: 1, gain: 2, ..Elementwise::LEAST };
    let store = Store { memory, base, row: 1, rows: Count(1), address_offset: 64 };
    let program = [
        Instruction { waits: Waits::NONE, operation: load.into() },
        Instruction { waits: Waits::NONE.and(Unit::Transfer, 0), operation: double.into() },
        Instruction { waits: Waits::NONE.and(Unit::Elementwise, 0), operation: store.into() },
        Instruction { waits: Waits::NONE, operation: Halt {}.into() },
    ];
    Ok(json!({
        "program": program.map(|instruction| instruction.encode()),
        "data_base": 4096,
        "memory": [{"address": 4096, "bytes": (0..row).collect::<Vec<_>>()}],
        "show": [{"address": 4096 + 64, "bytes": row}],
    }))
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let Input { program, data_base, entropy_threshold, memory, show } = text.parse()?;
    let mut content = vec![0; SIZE];
    let code: Vec<u8> = program.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
    let outside =
        |address: usize| Failure::input(format!("address {address:#x}: external memory has 16 MiB here"), HELP);
    for Bytes { address, bytes } in std::iter::once(Bytes { address: 0, bytes: code.clone() }).chain(memory) {
        let end = address.checked_add(bytes.len());
        let place = end.and_then(|end| content.get_mut(address..end)).ok_or_else(|| outside(address))?;
        place.copy_from_slice(&bytes);
    }
    let registers = Registers { program_base: 0, program_length: code.len() as u32, data_base, entropy_threshold };
    let mut external = Flat { content };
    let mut interpreter = Interpreter::new(configuration::accelerator(design)?)?;
    let outcome = interpreter.run(&registers, &mut external, |_, _| {})?;
    let end = match outcome.end {
        End::Halted => json!("halted"),
        End::Exited { layer } => json!({"exit_layer": layer}),
        End::Stopped { fault, at } => json!({"error_code": fault.code(), "fault": fault.name(), "instruction": at}),
    };
    let shown = show.iter().map(|range| {
        let end = range.address.checked_add(range.bytes);
        let bytes = end.and_then(|end| external.content.get(range.address..end));
        Ok(Bytes { address: range.address, bytes: bytes.ok_or_else(|| outside(range.address))?.to_vec() })
    });
    let counters = outcome.counters;
    Ok(json!({
        "program": Program::parse(&code).map(|program| program.to_string().lines().map(str::to_owned).collect::<Vec<_>>()).ok(),
        "end": end,
        "memory": shown.collect::<Result<Vec<_>>>()?,
        "counters": {
            "instructions": counters.instructions,
            "vectors": counters.vectors,
            "held": counters.held,
            "misplaced": counters.misplaced,
            "mask_errors": counters.mask_errors,
            "corrected": counters.corrected,
            "detected": counters.detected,
            "bytes_read": counters.bytes_read,
            "bytes_written": counters.bytes_written,
            "saturated": counters.saturated,
        },
    }))
}

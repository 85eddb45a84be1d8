//! The instruction set as a page of the documentation.

use crate::{Fault, Field, KINDS, Kind, Waits};
use std::fmt::Write;

const HEAD: &str = "# Instruction set

Generated from `gen/isa`, like the encoder, the decoder, the disassembler (`alberti dump --stage program`)
and the decoder in Verilog. Edit `gen/isa`, then run `make bless`.

An instruction is 16 words of 32 bits, little-endian, and works on whole tensors. It addresses memories by
rows: the activation memory has n codes per row, the wide memory n numbers of 16 bits. A tensor of T rows
and C columns is stored tile by tile, `address = base + (c div n)*T + t`, or as the instruction's steps say.
Addresses and sums of addresses have 24 bits.

Reserved bits must be zero; counts must not be. An instruction that breaks this, or a limit of its own
section, stops the program with the fault `instruction`, before it is issued.

**Order.** Instructions are issued in program order, each to its unit. A unit executes its instructions in
order: one runs, and one more can wait. Units work in parallel. An instruction waits only for its wait
fields, each of which limits the unfinished instructions of one unit. A program must wait for instructions
of other units that access the same rows. It must also wait if an instruction reads what an earlier one of
the same unit writes.
";

/// The page.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    page += "\n## Word 0 of all instructions\n\n| bits | field | |\n|---|---|---|\n| 7:0 | `opcode` | |\n";
    for field in &Waits::FIELDS {
        row(&mut page, field, false);
    }
    for kind in KINDS {
        section(&mut page, kind);
    }
    page += "\n## Faults\n\nA fault stops the program. Its number is in `status.error_code` of the [registers](registers.md).\n";
    page += "\n| code | | |\n|---|---|---|\n";
    for (fault, name, meaning) in Fault::ALL {
        writeln!(page, "| {} | {name} | {meaning} |", fault.code()).expect("text takes all");
    }
    page
}

fn section(page: &mut String, kind: &Kind) {
    let who = match kind.unit {
        Some(unit) => format!("unit `{}`", unit.name()),
        None => "executed by the sequencer".to_owned(),
    };
    write!(page, "\n## {}\n\nOpcode 0x{:02x}, {who}.\n", kind.name, kind.opcode).expect("text takes all");
    page.push('\n');
    for line in kind.summary {
        *page += line.trim();
        page.push('\n');
    }
    if !kind.fields.is_empty() {
        *page += "\n| word, bits | field | |\n|---|---|---|\n";
        for field in kind.fields {
            row(page, field, true);
        }
    }
}

fn row(page: &mut String, field: &Field, with_word: bool) {
    let Field { name, summary, word, low, bits, .. } = field;
    let word = if with_word { format!("{word}, ") } else { String::new() };
    let place = if *bits == 1 { low.to_string() } else { format!("{}:{low}", low + bits - 1) };
    let mut notes: Vec<String> = field.choices.iter().map(|(name, bits)| format!("{bits} {name}")).collect();
    if field.signed {
        notes.push("signed".into());
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    let summary = summary.trim().trim_end_matches('.');
    writeln!(page, "| {word}{place} | `{name}` | {summary}{notes} |").expect("text takes all");
}

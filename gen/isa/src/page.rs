//! The instruction set as a page of the documentation.

use crate::{Fault, Field, KINDS, Kind, Waits};
use std::fmt::Write;

const HEAD: &str = "# Instruction set

Generated from `gen/isa`, of which encoder, decoder, disassembler (`alberti dump --stage program`) and the decoder in Verilog are made as
well: edit it there, then `make bless`.

An instruction is 16 words of 32 bits, little-endian, and works on whole tensors. It names rows of memories: the activation memory has n
codes a row, the wide memory n numbers of 16 bits. A tensor of T rows and C columns lies tile by tile, `address = base + (c div n)*T + t`,
or however the instruction's steps say. Addresses are numbers of 24 bits, and so is every sum of them.

Bits that no field has are zero, and so is nothing that counts: what breaks this stops the program, as every fault does.

**Order.** Instructions are issued in order, each to its unit, which works in order, one running and one waiting behind it. Units overlap.
An instruction waits for nothing but its waits: at most so many instructions of a unit may be unfinished. What another unit reads or
writes has to be waited for, and so has what an earlier instruction of the same unit writes and this one reads.
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
    page +=
        "\n## Faults\n\nWhat stops a program; the number is `status.error_code` of the [registers](registers.md).\n";
    page += "\n| code | | |\n|---|---|---|\n";
    for (fault, name, meaning) in Fault::ALL {
        writeln!(page, "| {} | {name} | {meaning} |", fault.code()).expect("text takes all");
    }
    page
}

fn section(page: &mut String, kind: &Kind) {
    let who = match kind.unit {
        Some(unit) => format!("unit `{}`", unit.name()),
        None => "done by the sequencer".to_owned(),
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

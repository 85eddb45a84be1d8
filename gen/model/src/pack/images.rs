//! The bytes that an accelerator is loaded with.
//!
//! | file | what | goes |
//! |---|---|---|
//! | `backbone/weight_values.bin` | a code a byte | into the RRAM of values, n codes a row |
//! | `backbone/weight_masks.bin` | words, each in whole bytes, little-endian, without check bits | into the RRAM of masks, a word a row |
//! | `backbone/setup.bin` | a program, and what it loads after it | anywhere in external memory, and is run once |
//! | `tasks/<t>/task.bin` | the same for what a task has of its own | run when the task changes |
//! | `tasks/<t>/tokens_<k>.bin` | the program for sentences of k tokens | run on each, with `data_base` at its input |
//! | `images.json` | sizes, hashes, and what the programs read and write | |

use super::Packed;
use crate::ModelError;
use serde_json::json;
use std::collections::BTreeMap;

/// The files, by path, for sentences of these numbers of tokens.
///
/// # Errors
/// AE0705 when a number of tokens is none, or more than the accelerator was laid out for.
pub fn images(packed: &Packed, lengths: &[usize]) -> Result<BTreeMap<String, Vec<u8>>, ModelError> {
    let compiled = &packed.compiled;
    let (values, masks) = compiled.weights();
    let mut files = BTreeMap::new();
    files.insert("backbone/weight_values.bin".into(), values.iter().map(|&code| code as u8).collect());
    let word = masks.width().div_ceil(8);
    let words = (0..masks.words()).flat_map(|at| {
        let bits: u128 = masks.get(at, 0, masks.width());
        bits.to_le_bytes().into_iter().take(word)
    });
    files.insert("backbone/weight_masks.bin".into(), words.collect());
    files.insert("backbone/setup.bin".into(), compiled.setup().bytes());
    let mut programs = Vec::new();
    for task in 0..compiled.encoder().tasks.len() {
        let bundle = compiled.task(task);
        files.insert(format!("tasks/{task}/task.bin"), bundle.bytes());
        programs.push(json!({
            "file": format!("tasks/{task}/task.bin"), "task": task, "program_bytes": bundle.program.bytes().len(),
        }));
        for &length in lengths {
            let sentence = compiled.sentence(task, length)?;
            let file = format!("tasks/{task}/tokens_{length:03}.bin");
            let bytes = sentence.program.bytes();
            programs.push(json!({
                "file": file, "task": task, "tokens": length, "padded_tokens": sentence.padded,
                "program_bytes": bytes.len(), "data_bytes": sentence.data_bytes, "output": sentence.output,
                "chunks": sentence.chunks.iter().map(|&(first, rows)| json!({"first": first, "rows": rows})).collect::<Vec<_>>(),
            }));
            files.insert(file, bytes);
        }
    }
    let setup = compiled.setup();
    let index = json!({
        "n": compiled.config().n,
        "weight_values": {"codes": values.len(), "code_bits": 8},
        "weight_masks": {"words": masks.words(), "word_bits": masks.width(), "word_bytes": word},
        "setup": {"file": "backbone/setup.bin", "program_bytes": setup.program.bytes().len()},
        "programs": programs,
    });
    files.insert("images.json".into(), format!("{index:#}\n").into_bytes());
    Ok(files)
}

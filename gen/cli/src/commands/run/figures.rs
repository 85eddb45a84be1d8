//! What a sentence took of the accelerator.

use alberti_model::compile::Answer;
use serde::Serialize;

/// Counters of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    pub tokens: usize,
    pub instructions: u64,
    pub vectors: u64,
    pub held_vectors: u64,
    pub bytes_read: u64,
    pub bytes_written: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

impl Figures {
    /// Of an answer.
    pub fn new(answer: &Answer, tokens: usize) -> Self {
        let counters = answer.counters;
        Self {
            tokens,
            instructions: counters.instructions,
            vectors: counters.vectors,
            held_vectors: counters.held,
            bytes_read: counters.bytes_read,
            bytes_written: counters.bytes_written,
            cycles: answer.cycles,
        }
    }
}

/// Characters of a text that a table shows.
const SHOWN: usize = 40;

/// The beginning of a text.
pub fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

//! Faults in Verilog, drawn at random: one operator or constant of a block is another, and the block's scenario
//! has to find it.

use crate::{Error, Result, Subject};
use alberti_harness::{Error as Harness, Rng, Seed};

/// What is replaced, and by what.
const REPLACED: &[(&str, &str)] = &[
    (" && ", " || "),
    (" || ", " && "),
    (" == ", " != "),
    (" != ", " == "),
    (" < ", " >= "),
    (" >= ", " < "),
    (" > ", " <= "),
    (" + ", " - "),
    (" - ", " + "),
    (" & ", " | "),
    (" | ", " & "),
    (" ^ ", " | "),
    (" << ", " >> "),
    (" >> ", " << "),
    ("!", ""),
    ("1'b0", "1'b1"),
    ("1'b1", "1'b0"),
];

/// Statements whose change is another structure, or none.
const PASSED_OVER: &[&str] =
    &["for (", "localparam", "parameter", "genvar", "integer", "function", "input ", "output ", "initial", "/*"];

/// A place in a file, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The line as it was, without the blanks around it.
    pub before: String,
    /// And as it is.
    pub after: String,
    /// Where it begins in the file, in bytes, what is replaced, and by what.
    change: (usize, &'static str, &'static str),
}

impl Mutation {
    /// Every mutation of a file of Verilog: of the code of its module after the port list.
    #[must_use]
    pub fn all(file: &str, text: &str) -> Vec<Self> {
        let mut all = Vec::new();
        let body = text.find("\n);\n").map_or(text.len(), |end| end + 4);
        let mut offset = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let passed_over = PASSED_OVER.iter().any(|word| code.trim_start().starts_with(word));
            if offset >= body && !passed_over {
                for &(from, to) in REPLACED {
                    for (at, _) in code.match_indices(from) {
                        let negated = from == "!" && code[at + 1..].starts_with('=');
                        if negated || depth(&code[..at]) != 0 {
                            continue;
                        }
                        let after = format!("{}{to}{}", &code[..at], &code[at + from.len()..]);
                        all.push(Self {
                            file: file.to_owned(),
                            line: number + 1,
                            before: code.trim().to_owned(),
                            after: after.trim().to_owned(),
                            change: (offset + at, from, to),
                        });
                    }
                }
            }
            offset += line.len();
        }
        all
    }

    /// The file's text with the fault.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let (at, from, to) = self.change;
        format!("{}{to}{}", &text[..at], &text[at + from.len()..])
    }
}

/// Brackets that are open: widths and places are no logic.
fn depth(text: &str) -> i32 {
    text.chars().map(|c| i32::from(c == '[') - i32::from(c == ']')).sum()
}

/// What a scenario says of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A bit differs, a rule of a stream is broken, or nothing moves any more.
    Found,
    /// All is as it was.
    Survived,
    /// It is no Verilog, so it proves nothing.
    Refused,
}

impl Subject<'_> {
    /// Draws a mutation of its Verilog; of the files that `in_scope` takes.
    #[must_use]
    pub fn draw(&self, in_scope: impl Fn(&str) -> bool, rng: &mut Rng) -> Option<Mutation> {
        let files = self.sources().iter().filter(|(file, _)| in_scope(file));
        let all: Vec<Mutation> = files.flat_map(|(file, text)| Mutation::all(file, text)).collect();
        (!all.is_empty()).then(|| rng.pick(&all).clone())
    }
}

/// Runs the scenario of a block on a faulty subject.
///
/// # Errors
/// When a tool is missing, or the scenario fails for another reason than the fault.
pub fn judge(block: &str, subject: &Subject, mutation: &Mutation, seed: Seed) -> Result<Verdict> {
    let sources = subject.sources().iter().map(|(file, text)| {
        let text = if *file == mutation.file { mutation.apply(text) } else { text.clone() };
        (file.clone(), text)
    });
    let faulty = subject.clone().with_sources(sources.collect());
    let outcome = crate::run(block, &faulty, seed).ok_or_else(|| Error::unfit(block, "no block has this name"))?;
    match outcome {
        Ok(_) => Ok(Verdict::Survived),
        Err(error) => match error.harness() {
            Some(Harness::Tool { .. }) => Ok(Verdict::Refused),
            Some(Harness::MissingTool { .. } | Harness::Io { .. }) => Err(error),
            _ => Ok(Verdict::Found),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// a && b\nmodule m (\n    input wire a_i  // x + y\n);\n    localparam N = 1 + 2;\n    \
                        wire [N + 1:0] c = a_i && !b;  // d || e\n    for (k = 0; k < N; k = k + 1)\n        \
                        assign d[k] = c[k] != e;\nendmodule\n";

    #[test]
    fn code_is_changed_and_no_comment_width_or_loop() {
        let lines: Vec<_> = Mutation::all("m.v", TEXT).into_iter().map(|mutation| mutation.after).collect();
        let right = ["wire [N + 1:0] c = a_i || !b;", "wire [N + 1:0] c = a_i && b;", "assign d[k] = c[k] == e;"];
        assert_eq!(lines, right);
    }

    #[test]
    fn one_place_is_changed() {
        let mutation = &Mutation::all("m.v", TEXT)[0];
        assert_eq!(mutation.line, 6);
        assert_eq!(mutation.apply(TEXT), TEXT.replace("a_i && !b", "a_i || !b"));
    }
}

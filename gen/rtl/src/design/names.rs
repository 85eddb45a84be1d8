//! Names that end up in Verilog.

use super::reader::{Report, Section};
use alberti_diagnostic::{Code, Location, quote};

/// Longest name in characters.
const LONGEST: usize = 64;

/// Whether a text is `[a-z][a-z0-9_]*`, of at most 64 characters.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether Verilog-2005 or SystemVerilog-2017 reserves a word.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// The name of a design; reports one that Verilog could not have or that is taken.
pub(crate) fn identifier(section: &Section<'_>, key: &str, text: &str) -> Option<String> {
    let (code, message, help) = match problem(key, text) {
        Some(problem) => problem,
        None => match clash(text, None) {
            Some(why) => {
                let help = format!("choose another name, such as `{}`", free(text));
                (Code::NameClash, format!("the {key} {} is already used: {why}", quote(text)), help)
            }
            None => return Some(text.to_owned()),
        },
    };
    section.push(key, code, message, help);
    None
}

/// Reports a name that Verilog could not have; `kind` says what it names.
pub(crate) fn check(report: &Report, place: &Location, kind: &str, text: &str) -> bool {
    let Some((code, message, help)) = problem(kind, text) else { return true };
    report.push_at(place.clone(), code, message, help);
    false
}

fn problem(kind: &str, text: &str) -> Option<(Code, String, String)> {
    if !is_identifier(text) {
        let message = format!("the {kind} {} is not an identifier", quote(text));
        let help = format!("use lower-case letters, digits and _, beginning with a letter, such as `{}`", tidy(text));
        return Some((Code::NotAnIdentifier, message, help));
    }
    is_reserved(text).then(|| {
        let message = format!("the {kind} {} is a keyword of Verilog or SystemVerilog", quote(text));
        (Code::ReservedWord, message, format!("choose another {kind}, such as `{}`", free(text)))
    })
}

/// Why a name is taken, if it is: by the generated modules, by ports of every top, or by the design itself.
pub(crate) fn clash(text: &str, design: Option<&str>) -> Option<&'static str> {
    if text == "alb" || text.starts_with("alb_") {
        Some("names that begin with alb_ are reserved for generated modules")
    } else if matches!(text, "clk_i" | "rst_ni") {
        Some("every top has a port of this name")
    } else if Some(text) == design {
        Some("the design has this name")
    } else {
        None
    }
}

/// A name like `text` that is not taken.
pub(crate) fn free(text: &str) -> String {
    let stem = text.strip_prefix("alb").unwrap_or(text).trim_matches('_');
    let stem = if is_identifier(stem) { stem } else { "unit" };
    if stem == text || is_reserved(stem) { format!("{stem}_0") } else { stem.to_owned() }
}

/// The identifier nearest to a text.
fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    for c in text.chars().take(LONGEST) {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        if !(c == '_' && tidy.ends_with('_')) {
            tidy.push(c);
        }
    }
    let tidy = tidy.trim_matches('_');
    match tidy.chars().next() {
        None => "pu16".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("a{}", &tidy[..tidy.len().min(LONGEST - 1)]),
        Some(_) if is_reserved(tidy) || clash(tidy, None).is_some() => free(tidy),
        Some(_) => tidy.to_owned(),
    }
}

/// Keywords of IEEE 1364-2005 and IEEE 1800-2017, sorted.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "accept_on", "alias", "always", "always_comb", "always_ff", "always_latch", "and", "assert", "assign", "assume",
    "automatic", "before", "begin", "bind", "bins", "binsof", "bit", "break", "buf", "bufif0", "bufif1", "byte",
    "case", "casex", "casez", "cell", "chandle", "checker", "class", "clocking", "cmos", "config", "const",
    "constraint", "context", "continue", "cover", "covergroup", "coverpoint", "cross", "deassign", "default",
    "defparam", "design", "disable", "dist", "do", "edge", "else", "end", "endcase", "endchecker", "endclass",
    "endclocking", "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule", "endpackage",
    "endprimitive", "endprogram", "endproperty", "endsequence", "endspecify", "endtable", "endtask", "enum",
    "event", "eventually", "expect", "export", "extends", "extern", "final", "first_match", "for", "force",
    "foreach", "forever", "fork", "forkjoin", "function", "generate", "genvar", "global", "highz0", "highz1", "if",
    "iff", "ifnone", "ignore_bins", "illegal_bins", "implements", "implies", "import", "incdir", "include",
    "initial", "inout", "input", "inside", "instance", "int", "integer", "interconnect", "interface", "intersect",
    "join", "join_any", "join_none", "large", "let", "liblist", "library", "local", "localparam", "logic",
    "longint", "macromodule", "matches", "medium", "modport", "module", "nand", "negedge", "nettype", "new",
    "nexttime", "nmos", "nor", "noshowcancelled", "not", "notif0", "notif1", "null", "or", "output", "package",
    "packed", "parameter", "pmos", "posedge", "primitive", "priority", "program", "property", "protected", "pull0",
    "pull1", "pulldown", "pullup", "pulsestyle_ondetect", "pulsestyle_onevent", "pure", "rand", "randc", "randcase",
    "randsequence", "rcmos", "real", "realtime", "ref", "reg", "reject_on", "release", "repeat", "restrict",
    "return", "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "s_always", "s_eventually", "s_nexttime",
    "s_until", "s_until_with", "scalared", "sequence", "shortint", "shortreal", "showcancelled", "signed", "small",
    "soft", "solve", "specify", "specparam", "static", "string", "strong", "strong0", "strong1", "struct", "super",
    "supply0", "supply1", "sync_accept_on", "sync_reject_on", "table", "tagged", "task", "this", "throughout",
    "time", "timeprecision", "timeunit", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1", "triand", "trior",
    "trireg", "type", "typedef", "union", "unique", "unique0", "unsigned", "until", "until_with", "untyped", "use",
    "uwire", "var", "vectored", "virtual", "void", "wait", "wait_order", "wand", "weak", "weak0", "weak1", "while",
    "wildcard", "wire", "with", "within", "wor", "xnor", "xor",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keywords_are_sorted_and_each_is_there_once() {
        assert!(KEYWORDS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn keywords_of_both_standards_are_reserved() {
        for word in ["module", "wire", "endspecify", "config", "uwire", "logic", "interface", "checker", "nettype"] {
            assert!(is_reserved(word), "{word}");
        }
        assert!(!is_reserved("pu16"));
    }

    #[test]
    fn what_is_suggested_is_a_name_that_passes() {
        let all = [
            "Edge-16",
            "16edge",
            "",
            "__",
            "Module",
            "é",
            "alb_vmac",
            "alb_",
            "alb_module",
            "clk_i",
            "wire",
            "1",
            "a b",
        ];
        for text in all.into_iter().chain([&*"x".repeat(99), &*"9".repeat(99)]) {
            for suggestion in [tidy(text), free(text)] {
                assert_eq!(problem("name", &suggestion), None, "{text} → {suggestion}");
                assert_eq!(clash(&suggestion, None), None, "{text} → {suggestion}");
                assert_ne!(suggestion, text);
            }
        }
    }
}

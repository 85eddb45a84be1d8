//! Runs of a target under libFuzzer: seeds and words in, figures and a finding out.

use crate::{LONGEST, Target};
use sha2::{Digest, Sha256};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// The variable that names the target to the program.
pub const TARGET: &str = "ALBERTI_FUZZ_TARGET";

/// The file of the input under way, in the folder of a target.
pub const CURRENT: &str = "current";

/// Seconds by the clock for one input: what never comes back spends none of the processor's.
const HANG: u64 = 60;

/// What a run amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Inputs that were read.
    pub executions: u64,
    /// Edges of the code that some input passed.
    pub edges: u64,
    /// Inputs that are kept for what they pass.
    pub corpus: u64,
    /// The input that the run ended with, and what was said.
    pub finding: Option<(PathBuf, String)>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, edges, corpus, finding } = self;
        write!(f, "{executions:>12} executions {edges:>7} edges {corpus:>6} inputs kept, ")?;
        match finding {
            None => f.write_str("no finding"),
            Some((file, said)) => write!(f, "a finding: {}\n    {said}", file.display()),
        }
    }
}

/// Runs a target for so many seconds, or until its first finding. What it learnt in earlier runs, in the
/// folder of the target, is where it starts.
///
/// # Errors
/// When the program cannot be started, or the folder cannot be written.
pub fn run(target: &Target, program: &Path, seconds: u64, seed: u32) -> io::Result<Outcome> {
    let folder = target.folder();
    let [corpus, seeds, findings] = ["corpus", "seeds", "findings"].map(|name| folder.join(name));
    if seeds.is_dir() {
        fs::remove_dir_all(&seeds)?;
    }
    [&corpus, &seeds, &findings].into_iter().try_for_each(fs::create_dir_all)?;
    let regressions = target.regressions().into_iter().map(|(_, bytes)| bytes);
    for (number, bytes) in target.all_seeds().into_iter().chain(regressions).enumerate() {
        fs::write(seeds.join(number.to_string()), bytes)?;
    }
    let words = folder.join("words");
    fs::write(&words, dictionary(target.words))?;
    // libFuzzer takes no empty one.
    let words = (!target.words.is_empty()).then(|| format!("-dict={}", words.display()));
    let log = folder.join("log");
    let status = Command::new(program)
        .env(TARGET, target.name)
        .args([&corpus, &seeds])
        .args(words)
        .args([format!("-max_len={LONGEST}"), format!("-timeout={HANG}"), format!("-max_total_time={seconds}")])
        // Our own limit on memory is exact; what is found is in the file of the current input.
        .args([format!("-seed={seed}"), "-rss_limit_mb=0".into(), "-exact_artifact_path=/dev/null".into()])
        .arg("-print_final_stats=1")
        .stderr(fs::File::create(&log)?)
        .stdout(fs::File::create(folder.join("printed"))?)
        .status()?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let mut outcome = figures(&text);
    if !status.success() {
        let input = fs::read(folder.join(CURRENT)).map_err(|_| {
            io::Error::other(format!("it ended before its first input: {}", text.lines().last().unwrap_or_default()))
        })?;
        let name: String = Sha256::digest(&input).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let file = findings.join(name);
        fs::write(&file, input)?;
        outcome.finding = Some((file, said(&text, status)));
    }
    Ok(outcome)
}

/// Words as a dictionary of libFuzzer's.
fn dictionary(words: &[&str]) -> String {
    let escaped = |byte: u8| match byte {
        b' '..=b'~' if byte != b'"' && byte != b'\\' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    words.iter().map(|word| format!("\"{}\"\n", word.bytes().map(escaped).collect::<String>())).collect()
}

/// The figures in the last line of each kind, such as
/// `#5000	NEW    cov: 812 ft: 1900 corp: 120/9Kb lim: 4096 exec/s: 500 rss: 60Mb`.
fn figures(log: &str) -> Outcome {
    let leading = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok();
    let after = |line: &str, mark: &str| leading(line.split_once(mark)?.1.trim_start());
    let last = |of: &dyn Fn(&str) -> Option<u64>| log.lines().rev().find_map(of).unwrap_or_default();
    let ended = last(&|line| after(line, "stat::number_of_executed_units:"));
    Outcome {
        executions: ended.max(last(&|line| leading(line.strip_prefix('#')?))),
        edges: last(&|line| after(line, " cov: ")),
        corpus: last(&|line| after(line, " corp: ")),
        finding: None,
    }
}

/// Why a run ended: what the panic, the allocator or libFuzzer said, or how the process ended.
fn said(log: &str, status: ExitStatus) -> String {
    let mut lines = log.lines();
    let first = lines.find(|line| {
        line.starts_with("panicked at ")
            || line.starts_with("memory allocation of ")
            || line.contains("ERROR: libFuzzer: timeout")
    });
    match first {
        Some(line) if line.starts_with("panicked") => format!("{line} {}", lines.next().unwrap_or_default()),
        Some(line) => line.to_owned(),
        None => format!("{status}: a stack that overflows says nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const LOG: &str = "\
INFO: Running with entropic power schedule (0xFF, 100).
#2\tINITED cov: 700 ft: 900 corp: 1/1Kb exec/s: 0 rss: 50Mb
#5000\tNEW    cov: 812 ft: 1900 corp: 120/9Kb lim: 4096 exec/s: 500 rss: 60Mb L: 3/9 MS: 1 EraseBytes-
";

    #[test]
    fn the_last_figures_of_a_log_count() {
        let outcome = figures(LOG);
        assert_eq!((outcome.executions, outcome.edges, outcome.corpus), (5000, 812, 120));
        assert_eq!(figures(&format!("{LOG}stat::number_of_executed_units: 5444\n")).executions, 5444);
        assert_eq!(figures("").edges, 0);
    }

    #[test]
    fn what_ended_a_run_is_told() {
        let aborted = ExitStatus::from_raw(6);
        let panic = format!("{LOG}panicked at a.rs:1:2:\nindex out of bounds\n");
        assert_eq!(said(&panic, aborted), "panicked at a.rs:1:2: index out of bounds");
        let memory = format!("{LOG}memory allocation of 99 bytes failed\n");
        assert_eq!(said(&memory, aborted), "memory allocation of 99 bytes failed");
        assert!(said(LOG, ExitStatus::from_raw(11)).contains("signal: 11"));
    }

    #[test]
    fn a_dictionary_has_a_word_in_each_line() {
        assert_eq!(dictionary(&["n: ", "\"\\\n"]), "\"n: \"\n\"\\x22\\x5c\\x0a\"\n");
    }
}

//! `alberti cache`.

use crate::{
    exit::{Failure, Result},
    output::Answer,
    table::{Table, count},
};
use alberti_files::cache::{self, CacheError, Entry};
use serde_json::{Value, json};
use std::{path::Path, time::UNIX_EPOCH};

/// Shows the results that are kept, and removes them.
///
/// Builds of simulations (`verilator`) and what yosys, OpenSTA and the solver answered (`synth`) are kept by
/// their content in the folder $ALBERTI_CACHE, else $XDG_CACHE_HOME/alberti, else ~/.cache/alberti. Each is
/// checked whenever it is used, and made again if its files have changed. All of them together take at most
/// $ALBERTI_CACHE_LIMIT bytes (500M, 4G; default 8G): the least recently used go first.
#[derive(clap::Args)]
pub struct Arguments {
    /// Remove everything that no other command is making
    #[arg(long, conflicts_with = "limit")]
    clear: bool,
    /// Remove the least recently used until all take at most so many bytes, such as 500M or 4G
    #[arg(long, value_name = "BYTES", value_parser = cache::bytes)]
    limit: Option<u64>,
}

/// Lists or removes.
///
/// # Errors
/// A folder that is not known, or that refuses.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let limit =
        cache::limit().map_err(|problem| Failure::usage(problem, "unset the variable, or give it such a number"))?;
    let root = cache::folder()?;
    let failed = |source| Failure::from(CacheError { path: root.clone(), source });
    let gone = match (arguments.clear, arguments.limit) {
        (true, _) => cache::clear(&root).map_err(failed)?,
        (false, Some(limit)) => cache::evict(&root, limit).map_err(failed)?,
        (false, None) => Vec::new(),
    };
    let kept = cache::entries(&root).map_err(failed)?;
    let removed = match arguments.clear || arguments.limit.is_some() {
        true => format!("removed {} results of {} bytes\n", gone.len(), count(bytes(&gone))),
        false => String::new(),
    };
    let text = format!(
        "{}: {} results of {} bytes, at most {}\n{removed}{}",
        root.display(),
        kept.len(),
        count(bytes(&kept)),
        count(limit),
        if kept.is_empty() { String::new() } else { format!("\n{}", table(&kept).text()) },
    );
    let data = json!({
        "folder": root.display().to_string(), "size_bytes": bytes(&kept), "limit_bytes": limit,
        "entries": kept.iter().map(|entry| value(entry, &root)).collect::<Vec<_>>(),
        "removed": gone.iter().map(|entry| value(entry, &root)).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, &data))
}

fn bytes(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.bytes).sum()
}

/// A row for each result, the least recently used first.
fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new(&["kind", "result", "bytes", "used", ""]);
    for entry in entries {
        let state = if entry.complete { "" } else { "unfinished" };
        let row = [&entry.kind, &entry.key, &count(entry.bytes), &age(entry), state].map(|cell: &str| cell.to_owned());
        table.row(row.into());
    }
    table
}

/// How long ago an entry was used.
fn age(entry: &Entry) -> String {
    let seconds = entry.used.elapsed().unwrap_or_default().as_secs();
    match seconds {
        ..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86400),
    }
}

fn value(entry: &Entry, root: &Path) -> Value {
    json!({
        "kind": entry.kind, "key": entry.key, "size_bytes": entry.bytes, "complete": entry.complete,
        "used_unix_s": entry.used.duration_since(UNIX_EPOCH).map_or(0, |used| used.as_secs()),
        "path": entry.path.strip_prefix(root).unwrap_or(&entry.path).display().to_string(),
    })
}

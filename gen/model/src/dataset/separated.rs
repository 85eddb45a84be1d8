//! Values between tabs or commas.

use super::table::Table;

/// The columns of CoLA's files, whose first line is an example: where it is from, whether it is acceptable, the
/// mark that its authors gave, and the sentence.
const COLA: [&str; 4] = ["source", "label", "mark", "sentence"];

/// The table of a file.
///
/// # Errors
/// What keeps all of it from being read.
pub(super) fn table(text: &[u8], tabs: bool) -> Result<Table, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .quoting(!tabs)
        .has_headers(false)
        .from_reader(text);
    if let Some(problem) = (!tabs).then(|| misquoted(text)).flatten() {
        return Err(problem);
    }
    let mut rows = reader.records().enumerate().map(|(number, record)| {
        // Values in quotes may go over several lines.
        let position = record.as_ref().map_or_else(csv::Error::position, csv::StringRecord::position);
        let line = position.map_or(number as u64 + 1, csv::Position::line);
        let values = record.map(|record| record.iter().map(|value| Some(value.to_owned())).collect::<Vec<_>>());
        (line, values.map_err(|error| unequal(&error)))
    });
    let (first, header) = rows.next().unwrap_or((1, Ok(Vec::new())));
    let header = header.map_err(|problem| format!("line {first}: {problem}"))?;
    let columns: Vec<String> =
        header.iter().flatten().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    if tabs && is_cola(&columns) {
        let rows = [(first, Ok(header))].into_iter().chain(rows).collect();
        return Ok(Table { columns: COLA.map(str::to_owned).to_vec(), rows });
    }
    match (1..).zip(&columns).find(|&(next, name)| !name.is_empty() && columns[next..].contains(name)) {
        Some((_, twice)) => Err(format!("line 1: there are two columns `{twice}`")),
        None => Ok(Table { rows: rows.collect(), columns }),
    }
}

/// Whether a first line is an example of CoLA's.
fn is_cola(first: &[String]) -> bool {
    let [_, label, mark, _] = first else { return false };
    matches!(label.as_str(), "0" | "1") && matches!(mark.as_str(), "" | "*")
}

/// What is wrong with a record.
fn unequal(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} values, the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".into(),
        _ => error.to_string(),
    }
}

/// The first quotation mark between commas that leaves open where its value ends, with its line. The reader
/// would take what follows, and with a mark that is never closed the rest of the file, as a part of the value.
fn misquoted(text: &[u8]) -> Option<String> {
    let (mut line, mut opened, mut at) = (1, 1, 0);
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let ends = |byte: Option<&u8>| matches!(byte, None | Some(b',' | b'\n' | b'\r'));
    let (mut quoted, mut start) = (false, true);
    while let Some(byte) = text.get(at) {
        line += usize::from(*byte == b'\n');
        let next = text.get(at + 1);
        match (byte, quoted) {
            (b'"', true) if next == Some(&b'"') => at += 1,
            (b'"', true) if !ends(next) => return Some(format!("line {line}: text after a closing quotation mark")),
            (b'"', true) => quoted = false,
            (b'"', false) if start => (quoted, opened) = (true, line),
            _ => {}
        }
        start = !quoted && matches!(byte, b',' | b'\n' | b'\r');
        at += 1;
    }
    quoted.then(|| format!("line {opened}: a quotation mark that is never closed"))
}

//! `alberti explain`.

use crate::{exit::Result, output::Answer, table::Table};
use alberti_diagnostic::Code;
use serde_json::{Value, json};

/// Explains a diagnostic, with an example; without a code, lists all of them.
#[derive(clap::Args)]
pub struct Arguments {
    /// The code, such as AE0203; its number alone will do
    #[arg(value_name = "CODE")]
    code: Option<Code>,
}

/// The page of a code, or the titles of all.
///
/// # Errors
/// None.
pub fn run(arguments: &Arguments) -> Result<Answer> {
    let data =
        |code: Code| json!({"code": code, "title": code.title(), "severity": code.severity(), "page": code.page()});
    if let Some(code) = arguments.code {
        return Ok(Answer::new(code.page(), &data(code)));
    }
    let mut table = Table::new(&["code", "severity", "title"]);
    for code in Code::all() {
        table.row(vec![code.to_string(), code.severity().to_string(), code.title().into()]);
    }
    Ok(Answer::new(table.text(), &Code::all().map(data).collect::<Vec<Value>>()))
}

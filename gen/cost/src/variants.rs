//! Designs to set beside a design.

use alberti_diagnostic::{Code, Diagnostic, Diagnostics};
use alberti_rtl::Design;
use serde_json::Value;

/// The design without its block sparsity, from its file; none where it has none.
///
/// # Errors
/// When the file cannot be read any more, or the design without block sparsity is wrong.
pub fn without_sparsity(design: &Design) -> Result<Option<Design>, Diagnostics> {
    if design.datapath.sparsity.is_none() {
        return Ok(None);
    }
    let name = &design.source;
    let text = std::fs::read_to_string(name).map_err(|error| {
        let message = format!("{name} cannot be read: {error}");
        Diagnostics::from(Diagnostic::new(Code::InputUnreadable, message, "check the path, and that you may read it"))
    })?;
    let mut spec = serde_json::to_value(Design::raw(name, &text)?).unwrap_or(Value::Null);
    if let Some(datapath) = spec.get_mut("datapath").and_then(Value::as_object_mut) {
        datapath.remove("sparsity");
    }
    let text = serde_yaml::to_string(&spec).unwrap_or_default();
    Ok(Some(Design::parse(name, &text)?))
}

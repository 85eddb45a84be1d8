//! How far heads see: `attention_span` and `attention_span_ramp` of `task.json`.
//!
//! ```json
//! {"attention_span": [31, 0, null], "attention_span_ramp": 32}
//! ```
//!
//! A number for each head, or such a list for each group of layers: the distance up to which probabilities
//! stay as they are, 0 for a head that is skipped, null for one that sees everything. After it they fall to
//! nothing over the ramp, a power of two.

use super::super::Span;
use serde_json::{Map, Value, json};

const SPAN: &str = "attention_span";
const RAMP: &str = "attention_span_ramp";
/// The longest ramp is 2 to this.
const RAMP_MAX: u32 = 7;

/// The spans of each group of layers.
///
/// # Errors
/// All that is wrong.
pub(super) fn parse(text: &[u8], heads: usize, groups: usize) -> Result<Vec<Vec<Span>>, Vec<String>> {
    let map: Map<String, Value> = serde_json::from_slice(text).map_err(|error| vec![error.to_string()])?;
    let mut problems: Vec<String> = (map.keys().filter(|key| ![SPAN, RAMP].contains(&key.as_str())))
        .map(|key| format!("{key} is not known; known are {SPAN} and {RAMP}"))
        .collect();
    let ramp = match map.get(RAMP).map(|ramp| (ramp, ramp.as_u64())) {
        None => Some(0),
        Some((_, Some(ramp))) if ramp.is_power_of_two() && ramp.ilog2() <= RAMP_MAX => Some(ramp.ilog2()),
        Some((ramp, _)) => {
            problems.push(format!("{RAMP} is {ramp}, it must be a power of two, at most {}", 1 << RAMP_MAX));
            None
        }
    };
    let one = |value: &Value| match (value, value.as_u64()) {
        (Value::Null, _) => Some(Span::Whole),
        (_, Some(0)) => Some(Span::Skipped),
        (_, Some(span)) => {
            Some(Span::Limited { span: u16::try_from(span).ok()?, ramp: ramp.unwrap_or_default() as u8 })
        }
        _ => None,
    };
    let list = |values: &[Value]| -> Option<Vec<Span>> {
        let spans: Vec<Span> = values.iter().map(one).collect::<Option<_>>()?;
        (spans.len() == heads).then_some(spans)
    };
    let spans = match map.get(SPAN) {
        None => Some(vec![vec![Span::Whole; heads]; groups]),
        Some(Value::Array(values)) if values.iter().any(Value::is_array) => {
            let lists = values.iter().map(|values| list(values.as_array()?)).collect::<Option<Vec<_>>>();
            lists.filter(|lists| lists.len() == groups)
        }
        Some(Value::Array(values)) => list(values).map(|spans| vec![spans; groups]),
        Some(_) => None,
    };
    match spans {
        Some(spans) if problems.is_empty() => Ok(spans),
        Some(_) => Err(problems),
        None => {
            problems.push(format!(
                "{SPAN} must be a list of {heads} distances of 0 to 65535 or null, or {groups} such lists, one a group of layers"
            ));
            Err(problems)
        }
    }
}

/// The same back; none where every head sees everything.
pub(super) fn store(groups: &[Vec<Span>]) -> Option<Value> {
    let all = || groups.iter().flatten();
    let ramp = all().find_map(|span| match span {
        Span::Limited { ramp, .. } => Some(1u32 << ramp),
        Span::Whole | Span::Skipped => None,
    });
    let one = |span: &Span| match span {
        Span::Whole => Value::Null,
        Span::Limited { span, .. } => json!(span),
        Span::Skipped => json!(0),
    };
    let lists: Vec<Value> = groups.iter().map(|spans| spans.iter().map(one).collect()).collect();
    let spans = match lists.windows(2).all(|pair| pair[0] == pair[1]) {
        true => lists.into_iter().next()?,
        false => Value::Array(lists),
    };
    let limited = all().any(|&span| span != Span::Whole);
    limited.then(|| json!({SPAN: spans, RAMP: ramp.unwrap_or(1)}))
}

//! What to write instead of a slip: what was meant, where it can be told.

use super::node::Value;
use alberti_diagnostic::quote;

/// Units that keys end in, and what others are in them.
const UNITS: [(&str, &[(&str, f64)]); 5] = [
    ("_mhz", &[("hz", 1e-6), ("khz", 1e-3), ("mhz", 1.0), ("ghz", 1e3)]),
    ("_ns", &[("ps", 1e-3), ("ns", 1.0), ("us", 1e3), ("µs", 1e3)]),
    ("_pj", &[("fj", 1e-3), ("pj", 1.0), ("nj", 1e3)]),
    ("_uw", &[("nw", 1e-3), ("uw", 1.0), ("µw", 1.0), ("mw", 1e3)]),
    ("_um2", &[("um2", 1.0), ("um^2", 1.0), ("µm²", 1.0), ("mm2", 1e6), ("mm^2", 1e6)]),
];
/// What a count is followed by, and its factors: `1M` may mean either of two.
const PREFIXES: [(&str, &[f64]); 6] = [
    ("ki", &[1024.0]),
    ("mi", &[1_048_576.0]),
    ("gi", &[1_073_741_824.0]),
    ("k", &[1024.0, 1e3]),
    ("m", &[1_048_576.0, 1e6]),
    ("g", &[1_073_741_824.0, 1e9]),
];
/// Nouns that a count needs not have.
const NOUNS: [&str; 12] =
    ["b", "byte", "bytes", "bit", "bits", "word", "words", "code", "codes", "values", "rows", "cycles"];
/// Largest number that is worked out: those beyond are no count.
const LARGEST: f64 = 1e15;

/// What to write for a number; `whole` where it has no fraction.
pub(super) fn number(key: &str, value: &Value, whole: bool, example: &str) -> String {
    let digits = |x: f64| (!whole || x.fract() == 0.0) && x.abs() < LARGEST;
    match value {
        Value::Float(x) if digits(*x) => Some(format!("write digits alone: `{key}: {x}`")),
        Value::Text(text) => text_for(key, text.trim(), &digits),
        Value::Sequence(items) => match items.as_slice() {
            [one] if matches!(one.value, Value::Integer(_)) => one_value(key, &one.value),
            _ => None,
        },
        _ => None,
    }
    .unwrap_or_else(|| format!("write digits without quotes: `{key}: {example}`"))
}

fn text_for(key: &str, text: &str, digits: &dyn Fn(f64) -> bool) -> Option<String> {
    if let Some(x) = plain(text).filter(|&x| digits(x)) {
        return Some(format!("remove the quotes: `{key}: {x}`"));
    }
    if let Some((number, note)) = text.split_once("//").and_then(|(a, b)| Some((plain(a.trim())?, b.trim()))) {
        return Some(format!("a comment begins with #: `{key}: {number}  # {}`", quote(note).trim_matches('`')));
    }
    if let Some(number) = text.strip_suffix([',', ';']).and_then(plain) {
        return Some(format!("remove the {}: `{key}: {number}`", quote(&text[text.len() - 1..])));
    }
    let read = worked_out(text).map(|x| vec![x]).or_else(|| with_unit(key, text))?;
    match read.iter().copied().filter(|&x| digits(x)).collect::<Vec<_>>().as_slice() {
        [] => None,
        [one] => Some(format!("write digits alone: `{key}: {one}`")),
        [binary, decimal, ..] => Some(format!("write digits alone: `{key}: {binary}`, or {decimal} if that is meant")),
    }
}

/// Digits with a point or without; `1e6` as well.
fn plain(text: &str) -> Option<f64> {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    text.parse().ok().filter(|x: &f64| starts && x.is_finite())
}

/// `1_048_576`, `1,048,576`, `2^16`, `2**16`, `1<<16`, `64*1024`, `16'd1024`.
fn worked_out(text: &str) -> Option<f64> {
    let parts = |sign: &str| text.split_once(sign).and_then(|(a, b)| Some((plain(a.trim())?, plain(b.trim())?)));
    let grouped = |sign: char| {
        let mut groups = text.split(sign);
        let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
        first && groups.all(|group| group.len() == 3)
    };
    if text.contains('_') || text.contains(',') && grouped(',') {
        return plain(&text.replace(['_', ','], ""));
    }
    let power = parts("**").or_else(|| parts("^")).map(|(base, exponent)| base.powf(exponent));
    let shifted = || parts("<<").map(|(value, bits)| value * bits.exp2());
    let product = || parts("*").map(|(a, b)| a * b);
    power.or_else(shifted).or_else(product).or_else(|| verilog(text))
}

/// A number of Verilog: `16'd1024`, `8'hff`.
fn verilog(text: &str) -> Option<f64> {
    let (width, rest) = text.split_once('\'')?;
    let base = match rest.chars().next()?.to_ascii_lowercase() {
        'd' => 10,
        'h' => 16,
        'o' => 8,
        'b' => 2,
        _ => return None,
    };
    let valid = width.chars().all(|c| c.is_ascii_digit());
    u32::from_str_radix(&rest[1..].replace('_', ""), base).ok().filter(|_| valid).map(f64::from)
}

/// `500 MHz`, `64k`, `16 KiB`: the number in the unit of the key, or the count; two where it may be either.
fn with_unit(key: &str, text: &str) -> Option<Vec<f64>> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|&end| end > 0)?;
    let (number, unit) = (plain(&text[..end])?, text[end..].trim().to_lowercase());
    if let Some((_, units)) = UNITS.iter().find(|(end, _)| key.ends_with(end)) {
        // Rounded to what was written: 0.1 GHz are 100 MHz.
        let exact = |factor: f64| if factor < 1.0 { number / (1.0 / factor).round() } else { number * factor };
        return units.iter().find(|(name, _)| *name == unit).map(|&(_, factor)| vec![exact(factor)]);
    }
    if NOUNS.contains(&unit.as_str()) {
        return Some(vec![number]);
    }
    let (prefix, factors) = PREFIXES.iter().find(|(prefix, _)| unit.starts_with(prefix))?;
    let rest = unit[prefix.len()..].trim();
    (rest.is_empty() || NOUNS.contains(&rest)).then(|| factors.iter().map(|factor| number * factor).collect())
}

/// What to write for a line of text.
pub(super) fn text(key: &str, value: &Value, example: &str) -> String {
    let usual = || format!("write text such as `{key}: {example}`");
    match value {
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            format!("{}; put quotes around text that YAML reads as a number or a truth value", usual())
        }
        Value::Sequence(items) => match items.as_slice() {
            [one] => one_value(key, &one.value).unwrap_or_else(usual),
            _ => usual(),
        },
        _ => usual(),
    }
}

fn one_value(key: &str, value: &Value) -> Option<String> {
    Some(format!("write one value without brackets or dash: `{key}: {}`", shown(value)?))
}

/// A word or a whole number as it is written.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(quote(text).trim_matches('`').to_owned()),
        Value::Integer(value) => Some(value.to_string()),
        _ => None,
    }
}

/// What a value says of whether something is wanted.
pub(super) fn wanted(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(wanted) => Some(*wanted),
        Value::Integer(1) => Some(true),
        Value::Integer(0) => Some(false),
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "enable" | "enabled" | "default" => Some(true),
            "false" | "no" | "n" | "off" | "disable" | "disabled" | "none" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// What to write for a truth value.
pub(super) fn flag(key: &str, value: &Value) -> String {
    match wanted(value) {
        Some(wanted) => format!("write `{key}: {wanted}`"),
        None => format!("write `{key}: true` or `{key}: false`"),
    }
}

/// What to write for a section. `keys` names what belongs in one that must be there, or is an example of one
/// that need not be.
pub(super) fn section(key: &str, value: &Value, keys: Option<&str>) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match (keys, wanted(value)) {
        (Some(example), None) if example.starts_with('{') => format!("write, for example, `{key}: {example}`"),
        (Some(keys), None) => match (value, keys.split(|c| !word(c)).next()) {
            // A word or a number is taken for the first of its keys.
            (Value::Text(_) | Value::Integer(_), Some(first)) => {
                format!("write `{key}: {{{first}: {}}}`", shown(value).unwrap_or_default())
            }
            _ => format!("write below it, indented by two spaces, {keys}"),
        },
        (Some(keys), Some(_)) if !keys.starts_with('{') => format!("write below it, indented by two spaces, {keys}"),
        (_, Some(false)) => format!("leave `{key}` out"),
        (_, Some(true)) => format!("write `{key}: {{}}` for its defaults, or its keys as `{key}: {{key: value, …}}`"),
        (None, None) if *value == Value::Null => {
            format!("write `{key}: {{}}` for its defaults, or its keys below it, indented by two spaces")
        }
        (None, None) => "write its keys below it, indented by two spaces, or as {key: value, …}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(key: &str, text: &str) -> String {
        number(key, &Value::Text(text.to_owned()), false, "7")
    }

    #[test]
    fn a_count_is_worked_out_of_what_people_write() {
        for (text, count) in [
            ("64k", "65536`, or 64000 if that is meant"),
            ("1M", "1048576`, or 1000000 if that is meant"),
            ("16KiB", "16384`"),
            ("16 Ki", "16384`"),
            ("2^16", "65536`"),
            ("2**20", "1048576`"),
            ("1 << 10", "1024`"),
            ("64*1024", "65536`"),
            ("1_048_576", "1048576`"),
            ("1,048,576", "1048576`"),
            ("16'd1024", "1024`"),
            ("8'hFF", "255`"),
            ("128 words", "128`"),
        ] {
            assert_eq!(meant("values", text), format!("write digits alone: `values: {count}"), "{text}");
        }
        assert_eq!(meant("n", "16"), "remove the quotes: `n: 16`");
        assert_eq!(meant("n", "16,"), "remove the `,`: `n: 16`");
        assert_eq!(meant("n", "16 // lanes"), "a comment begins with #: `n: 16  # lanes`");
    }

    #[test]
    fn a_unit_is_turned_into_the_unit_of_the_key() {
        for (key, text, number) in [
            ("frequency_mhz", "500 MHz", "500"),
            ("frequency_mhz", "0.1GHz", "100"),
            ("frequency_mhz", "250000 kHz", "250"),
            ("read_latency_ns", "600ps", "0.6"),
            ("read_energy_pj", "4500 fJ", "4.5"),
            ("area_um2", "0.5 mm2", "500000"),
        ] {
            assert_eq!(meant(key, text), format!("write digits alone: `{key}: {number}`"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_gets_the_example() {
        for text in ["many", "", "1x", "0x", "'", "16'", "16'd", "1<<", "^", "²", "1e999", "500 furlongs", "9,9", "-"]
        {
            assert_eq!(meant("n", text), "write digits without quotes: `n: 7`", "{text}");
        }
    }
}

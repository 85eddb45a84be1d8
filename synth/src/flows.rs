//! The scripts of `flows/`, filled in.

use askama::Template;

use crate::error::{Error, Result};
use crate::liberty::FullAdder;

/// A port of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub name: String,
    pub width: u32,
    pub input: bool,
}

/// Letters, digits and `_`, not beginning with a digit: safe in every script.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn render(name: &str, template: &impl Template) -> Result<String> {
    let text = template.render().map_err(|error| Error::invalid(format!("flows/{name}"), error.to_string()))?;
    Ok(format!("{}\n", text.trim_end()))
}

/// Scripts that want the files and the top module alone.
macro_rules! reader {
    ($name:ident, $template:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $template<'a> {
            files: &'a [String],
            top: &'a str,
        }

        pub(crate) fn $name(files: &[String], top: &str) -> Result<String> {
            render($path, &$template { files, top })
        }
    };
}

reader!(elaborate, Elaborate, "elaborate.ys");
reader!(lint, Lint, "lint.ys");
reader!(formal, Formal, "formal.ys");

#[derive(Template)]
#[template(path = "unit.ys")]
pub(crate) struct Unit<'a> {
    pub top: &'a str,
    pub liberty: &'a str,
    pub full_adders: bool,
    pub synchronous_reset: bool,
    pub abc_options: String,
    pub isolate: Option<String>,
    pub hilomap: Option<String>,
}

impl Unit<'_> {
    pub fn text(&self) -> Result<String> {
        render("unit.ys", self)
    }
}

pub(crate) const SYNCHRONOUS_RESET: &str = include_str!("../flows/synchronous_reset.v");

#[derive(Template)]
#[template(path = "full_adder.v")]
struct Adder<'a> {
    adder: &'a FullAdder,
    sum_sign: &'a str,
    carry_sign: &'a str,
}

pub(crate) fn full_adder(adder: &FullAdder) -> Result<String> {
    let sign = |inverted: bool| if inverted { "~" } else { "" };
    render("full_adder.v", &Adder { adder, sum_sign: sign(adder.sum.1), carry_sign: sign(adder.carry.1) })
}

#[derive(Template)]
#[template(path = "constraints.sdc")]
pub(crate) struct Constraints<'a> {
    pub clock: Option<&'a str>,
    pub reset: Option<&'a str>,
    pub period_ps: f64,
    pub inputs: &'a [String],
    pub outputs: &'a [String],
    pub driving_cell: &'a str,
    pub driving_pin: &'a str,
    pub load_ff: f64,
}

impl Constraints<'_> {
    pub fn text(&self) -> Result<String> {
        render("constraints.sdc", self)
    }
}

#[derive(Template)]
#[template(path = "timing.tcl")]
pub(crate) struct Timing<'a> {
    pub liberty: &'a str,
    pub boxes: bool,
    pub netlists: &'a [String],
    pub top: &'a str,
    pub inputs: &'a [String],
    pub outputs: &'a [String],
}

impl Timing<'_> {
    pub fn text(&self) -> Result<String> {
        render("timing.tcl", self)
    }
}

pub(crate) struct BoxCell<'a> {
    pub name: &'a str,
    pub ports: &'a [Port],
    pub clocked: bool,
}

#[derive(Template)]
#[template(path = "boxes.lib")]
pub(crate) struct Boxes<'a> {
    pub boxes: &'a [BoxCell<'a>],
    pub widths: Vec<u32>,
    pub clock: &'a str,
    pub load_ff: f64,
    pub access_ps: f64,
}

impl Boxes<'_> {
    pub fn text(&self) -> Result<String> {
        render("boxes.lib", self)
    }
}

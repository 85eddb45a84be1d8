//! What other people's build systems read: a FuseSoC core file and a Bender manifest.

use super::package::GENERATOR;
use crate::{design::Design, prefix::Prefix};
use askama::Template;

/// The Verilog of a package by what it is for, children first in each list.
pub(super) struct Lists {
    /// The top and what it is made of.
    pub rtl: Vec<String>,
    /// Memories beside the top.
    pub memories: Vec<String>,
    /// Models of macros.
    pub models: Vec<String>,
}

impl Lists {
    /// Filesets of FuseSoC without the models.
    fn beside_models(&self) -> String {
        let memories = if self.memories.is_empty() { "" } else { ", memories" };
        format!("rtl{memories}")
    }

    /// Filesets that are simulated.
    fn simulated(&self) -> String {
        let models = if self.models.is_empty() { "" } else { ", models" };
        self.beside_models() + models
    }
}

#[derive(Template)]
#[template(path = "package/fusesoc.core")]
struct FuseSoc<'a> {
    prefix: &'a Prefix,
    design: &'a Design,
    description: String,
    version: &'static str,
    lists: &'a Lists,
}

#[derive(Template)]
#[template(path = "package/Bender.yml")]
struct Bender<'a> {
    prefix: &'a Prefix,
    design: &'a Design,
    generator: &'static str,
    lists: &'a Lists,
}

/// `PREFIX.core` of CAPI 2, and `Bender.yml`.
///
/// # Errors
/// When the description cannot be quoted, which no text makes happen.
pub(super) fn files(
    prefix: &Prefix,
    design: &Design,
    lists: &Lists,
) -> Result<[(String, String); 2], serde_json::Error> {
    // A string of JSON is one of YAML.
    let description = serde_json::to_string(design.description.as_deref().unwrap_or("An Alberti design"))?;
    let core = FuseSoc { prefix, design, description, version: env!("CARGO_PKG_VERSION"), lists };
    let bender = Bender { prefix, design, generator: GENERATOR, lists };
    // A template can fail only by writing to a string, which cannot fail.
    let text = |of: askama::Result<String>| of.expect("templates write to strings") + "\n";
    Ok([(format!("{prefix}.core"), text(core.render())), ("Bender.yml".into(), text(bender.render()))])
}

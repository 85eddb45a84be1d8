//! The map for software and readers: headers, SystemRDL, a page.

use super::{Access, Field, Map, Register, VERSION};
use crate::{design::Design, prefix::Prefix};
use askama::Template;

#[derive(Template)]
#[template(path = "registers/registers.h")]
struct CHeader<'a> {
    design: &'a Design,
    map: &'a Map,
}

#[derive(Template)]
#[template(path = "registers/registers.rs")]
struct RustModule<'a> {
    design: &'a Design,
    map: &'a Map,
}

#[derive(Template)]
#[template(path = "registers/registers.rdl")]
struct SystemRdl<'a> {
    design: &'a Design,
    map: &'a Map,
}

#[derive(Template)]
#[template(path = "registers/registers.md")]
struct Page<'a> {
    design: &'a Design,
    map: &'a Map,
}

impl Page<'_> {
    /// `1.0`.
    fn version() -> String {
        format!("{}.{}", VERSION >> 16, VERSION & 0xffff)
    }
}

/// A file can fail only by writing to a string, which cannot fail.
fn text(of: impl Template) -> String {
    of.render().expect("templates write to strings") + "\n"
}

impl Map {
    /// A C99 header: offsets, reset values, shifts and masks.
    #[must_use]
    pub fn c_header(&self, design: &Design) -> String {
        text(CHeader { design, map: self })
    }

    /// A Rust module: one submodule of constants a register.
    #[must_use]
    pub fn rust_module(&self, design: &Design) -> String {
        text(RustModule { design, map: self })
    }

    /// SystemRDL 2.0.
    #[must_use]
    pub fn system_rdl(&self, design: &Design) -> String {
        text(SystemRdl { design, map: self })
    }

    /// The page for a reader, in Markdown.
    #[must_use]
    pub fn page(&self, design: &Design) -> String {
        text(Page { design, map: self })
    }

    /// The files of a package, by path.
    #[must_use]
    pub fn files(&self, prefix: &Prefix, design: &Design) -> [(String, String); 4] {
        let path = |extension: &str| format!("registers/{prefix}_registers.{extension}");
        [
            (path("h"), prefix.c(&self.c_header(design))),
            (path("rs"), self.rust_module(design)),
            (path("rdl"), prefix.c(&self.system_rdl(design))),
            (path("md"), self.page(design)),
        ]
    }
}

impl Register {
    /// The name as a macro.
    fn capitals(&self) -> String {
        self.name.to_uppercase()
    }
}

impl Field {
    /// The name as a macro.
    fn capitals(&self) -> String {
        self.name.to_uppercase()
    }

    /// Its bits as `7` or `15:8`.
    fn range(&self) -> String {
        if self.bits == 1 { self.low.to_string() } else { format!("{}:{}", self.high(), self.low) }
    }
}

impl Access {
    /// The properties of SystemRDL that say the same.
    fn properties(self) -> &'static str {
        match self {
            Self::Constant => "sw = r; hw = r;",
            Self::Status | Self::Snapshot => "sw = r; hw = w;",
            Self::ReadWrite | Self::Program => "sw = rw; hw = r;",
            Self::WriteOneToClear => "sw = rw; onwrite = woclr; hw = r; hwset;",
            Self::Pulse => "sw = w; singlepulse; hw = r;",
        }
    }
}

//! Verilog to a loaded library, cached by content.
//!
//! One directory of the cache is one design with its options; its name ends in the hash of everything that
//! the result depends on. Builds of the same design wait for each other, in this process and in others.

use std::fs;
use std::path::{Path, PathBuf};

use alberti_files::cache::Cache;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::ffi::Loaded;
use crate::model::Model;
use crate::ports::{PortSpec, Probe};
use crate::recording::Recordings;
use crate::shim;
use crate::toolchain::{Toolchain, run};

/// The variable that names a directory for waveforms, one `<test>.vcd` each.
pub(crate) const WAVEFORM_VARIABLE: &str = "ALBERTI_WAVEFORM";

/// The file of an entry that is loaded.
const LIBRARY: &str = "model.so";

/// A build to be made: a top module, its sources and all of its ports.
#[derive(Clone, Debug)]
pub struct Build {
    top: String,
    sources: Vec<(String, String)>,
    ports: Vec<PortSpec>,
    probes: Vec<Probe>,
    waveform: bool,
    lint: bool,
    directory: Option<PathBuf>,
    traces: Option<PathBuf>,
    recordings: Option<Recordings>,
    toolchain: Option<Toolchain>,
}

impl Build {
    /// The module `top` from `sources`: file name and text. Files that end in `.v` or `.sv` are compiled,
    /// others can be included. A file of `$readmemh` is not a source: name it absolutely, or relative to the
    /// working directory.
    pub fn new<N: Into<String>, T: Into<String>>(top: &str, sources: impl IntoIterator<Item = (N, T)>) -> Self {
        Build {
            top: top.to_owned(),
            sources: sources.into_iter().map(|(name, text)| (name.into(), text.into())).collect(),
            ports: Vec::new(),
            probes: Vec::new(),
            waveform: std::env::var_os(WAVEFORM_VARIABLE).is_some(),
            lint: true,
            directory: None,
            traces: None,
            recordings: None,
            toolchain: None,
        }
    }

    /// Every port of the top. A port that is missing, or of another direction or width, fails the build.
    pub fn ports(mut self, ports: impl IntoIterator<Item = PortSpec>) -> Self {
        self.ports.extend(ports);
        self
    }

    /// Nets that models show beside the ports.
    pub fn probes(mut self, probes: impl IntoIterator<Item = Probe>) -> Self {
        self.probes.extend(probes);
        self
    }

    /// Whether models can write a waveform; such a library is slower. By default only if `ALBERTI_WAVEFORM`
    /// is set.
    pub fn waveform(mut self, on: bool) -> Self {
        self.waveform = on;
        self
    }

    /// Builds with waveforms, and lets every testbench of this design write its own into this folder.
    pub fn traces(mut self, folder: impl Into<PathBuf>) -> Self {
        self.traces = Some(folder.into());
        self.waveform(true)
    }

    /// Lets every testbench of this design record its first `events` evaluations into this folder, for
    /// [`Replay`](crate::Replay).
    pub fn recordings(mut self, folder: impl Into<PathBuf>, events: u64) -> Self {
        self.recordings = Some(Recordings { folder: folder.into(), events });
        self
    }

    /// Whether a lint warning is an error, as by default. A synthesised netlist is not written to be linted.
    pub fn lint(mut self, on: bool) -> Self {
        self.lint = on;
        self
    }

    /// The cache directory. By default `verilator` in the folder of all caches.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The programs to build with; by default those on the path.
    pub fn toolchain(mut self, toolchain: Toolchain) -> Self {
        self.toolchain = Some(toolchain);
        self
    }

    /// Compiles, unless the cache has it, and loads the library.
    ///
    /// # Errors
    /// [`Error::MissingTool`]; [`Error::Tool`] with the output of Verilator (lint, or ports that do not fit)
    /// or of the compiler; [`Error::Usage`] for names that are no Verilog identifiers; [`Error::Io`];
    /// [`Error::Load`].
    pub fn compile(&self) -> Result<Library> {
        self.check()?;
        let toolchain = match &self.toolchain {
            Some(toolchain) => toolchain.clone(),
            None => Toolchain::find()?,
        };
        let cache = match &self.directory {
            Some(directory) => Cache::at(std::path::absolute(directory).map_err(|e| Error::io("find", directory, e))?),
            None => Cache::of("verilator")?,
        };
        let entry = Entry { top: &self.top, toolchain: &toolchain, fingerprint: toolchain.fingerprint()? };

        let ports: Vec<PortSpec> =
            self.ports.iter().chain(self.probes.iter().map(|probe| &probe.port)).cloned().collect();
        let boundary = shim::boundary(&self.top, &self.ports, &self.probes);
        let interface = shim::interface(&ports, self.waveform);
        let flags = self.verilator_flags();
        let key = self.sources.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
        let key = key.chain([boundary.as_str(), interface.as_str()]).chain(flags.iter().copied());
        let path = cache.get(&format!("{}-{}", self.top, entry.hash(key)), |directory| {
            let runtime = entry.runtime(&cache)?;
            self.verilate(&toolchain, directory, &boundary, &flags)?;
            entry.link(directory, &runtime, &interface)
        })?;
        Ok(Library {
            top: self.top.clone(),
            ports,
            of_design: self.ports.len(),
            traces: self.traces.clone(),
            recordings: self.recordings.clone(),
            loaded: Loaded::open(&path.join(LIBRARY))?,
        })
    }

    fn check(&self) -> Result<()> {
        let identifier = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let refuse = |what: String| Err(Error::usage(&self.top, what));
        if !identifier(&self.top) || self.top == "boundary" {
            return refuse("the top's name has to be a plain Verilog identifier other than `boundary`".into());
        }
        for port in self.ports.iter().chain(self.probes.iter().map(|probe| &probe.port)) {
            if !identifier(&port.name) {
                return refuse(format!("`{}` is no plain Verilog identifier", port.name));
            }
            if port.width == 0 {
                return refuse(format!("port {} has no bits; give a width of at least 1", port.name));
            }
        }
        if self.ports.is_empty() {
            return refuse("no ports are named; pass every port of the top to `ports`".into());
        }
        match self.sources.iter().find(|(name, _)| Path::new(name).file_name().is_none_or(|n| n != name.as_str())) {
            Some((name, _)) => refuse(format!("source `{name}` has to be a plain file name")),
            None => Ok(()),
        }
    }

    fn verilator_flags(&self) -> Vec<&'static str> {
        // Unknown values are random, by the test's seed: what a missing reset leaves differs from run to run.
        let mut flags = vec!["--cc", "-O3", "--x-assign", "unique", "--x-initial", "unique", "--assert"];
        flags.extend(["--timescale", "1ns/1ns", "--Mdir", "generated", "--prefix", "Vboundary"]);
        flags.extend(["--top-module", "boundary", "-Isource", "-Wall"]);
        if !self.lint {
            flags.extend(["-Wno-lint", "-Wno-style", "-Wno-fatal"]);
            // Verilator 5.006 folds some trees of the gates of a netlist to a wrong value.
            flags.push("-fno-const-bit-op-tree");
        }
        if self.waveform {
            flags.push("--trace");
        }
        flags
    }

    /// Writes the sources and runs Verilator on them: `source/` to `generated/`.
    fn verilate(&self, toolchain: &Toolchain, directory: &Path, boundary: &str, flags: &[&str]) -> Result<()> {
        let source = directory.join("source");
        fs::create_dir_all(&source).map_err(|e| Error::io("create", &source, e))?;
        write(&directory.join("boundary.v"), boundary)?;
        let mut command = toolchain.verilator();
        command.current_dir(directory).args(flags).arg("boundary.v");
        for (name, text) in &self.sources {
            write(&source.join(name), text)?;
            if name.ends_with(".v") || name.ends_with(".sv") {
                command.arg(format!("source/{name}"));
            }
        }
        run(&mut command, &self.top).map(drop)
    }
}

/// A compiled design in memory, of which any number of models can be made.
#[derive(Clone, Debug)]
pub struct Library {
    top: String,
    ports: Vec<PortSpec>,
    /// How many of them are not probes.
    of_design: usize,
    traces: Option<PathBuf>,
    recordings: Option<Recordings>,
    loaded: Loaded,
}

impl Library {
    /// A new model, whose registers and memories hold random values drawn from `seed`. All inputs are 0.
    ///
    /// # Errors
    /// When the design stops while it is made.
    pub fn model(&self, seed: u64) -> Result<Model> {
        Model::new(&self.top, &self.ports, self.loaded, seed)
    }

    /// Name of the top module.
    pub fn top(&self) -> &str {
        &self.top
    }

    /// A model for the test of this name, with a waveform `<name>.vcd` where they are asked for.
    ///
    /// # Errors
    /// As [`Library::model`], and when the waveform cannot be written.
    pub fn model_of(&self, name: &str, seed: u64) -> Result<Model> {
        let mut model = self.model(seed)?;
        let folder = self.traces.clone().or_else(|| std::env::var_os(WAVEFORM_VARIABLE).map(PathBuf::from));
        let file: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if let Some(folder) = folder {
            model.open_waveform(&folder.join(format!("{file}.vcd")))?;
        }
        if let Some(Recordings { folder, events }) = &self.recordings {
            model.record(&folder.join(format!("{file}.events")), self.of_design, *events)?;
        }
        Ok(model)
    }

    /// The ports, in the order in which they were named, and the probes after them.
    pub fn port_specs(&self) -> &[PortSpec] {
        &self.ports
    }
}

/// What every file in the cache depends on, and how one is made.
struct Entry<'a> {
    top: &'a str,
    toolchain: &'a Toolchain,
    fingerprint: String,
}

impl Entry<'_> {
    const COMPILE: &'static [&'static str] =
        &["-std=gnu++17", "-O2", "-march=native", "-fPIC", "-fvisibility=hidden", "-faligned-new", "-pthread", "-w"];
    const LINK: &'static [&'static str] = &["-shared", "-pthread", "-Wl,-Bsymbolic", "-Wl,-z,defs"];

    fn hash<'b>(&'b self, parts: impl IntoIterator<Item = &'b str>) -> String {
        let mut hasher = Sha256::new();
        let common = [shim::VERSION, shim::PRELUDE, &self.fingerprint];
        let flags = Self::COMPILE.iter().chain(Self::LINK).copied();
        for part in common.into_iter().chain(flags).chain(parts) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Verilator's own code, compiled once for all designs, beside the precompiled header of all of them.
    fn runtime(&self, cache: &Cache) -> Result<PathBuf> {
        // A precompiled header holds its own path.
        let key = format!("runtime-{}", self.hash([&*cache.folder().to_string_lossy()]));
        cache.get(&key, |directory| {
            let root = run(self.toolchain.verilator().args(["--getenv", "VERILATOR_ROOT"]), "its own runtime")?;
            let include = Path::new(root.trim()).join("include");
            write(&directory.join("include"), &include.to_string_lossy())?;
            write(&directory.join("prelude.h"), shim::PRELUDE)?;
            let header = if self.toolchain.is_clang() { "prelude.h.pch" } else { "prelude.h.gch" };
            let mut command = self.compiler(directory, &include);
            run(command.args(["-x", "c++-header", "prelude.h", "-o", header]), "its own runtime")?;
            for name in ["verilated", "verilated_threads", "verilated_vcd_c"] {
                let mut command = self.compiler(directory, &include);
                command.args(["-include", "prelude.h", "-c"]).arg(include.join(format!("{name}.cpp")));
                run(command.arg("-o").arg(format!("{name}.o")), "its own runtime")?;
            }
            Ok(())
        })
    }

    /// Compiles what Verilator generated, in one unit, and links it with the runtime.
    fn link(&self, directory: &Path, runtime: &Path, interface: &str) -> Result<()> {
        let generated = directory.join("generated");
        let listing = fs::read_dir(&generated).map_err(|e| Error::io("read", &generated, e))?;
        let names = listing.flatten().filter_map(|file| file.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".cpp")).collect();
        names.sort();
        let (slow, fast): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.contains("Slow"));
        let include = |names: &[&String]| names.iter().map(|name| format!("#include \"{name}\"\n")).collect::<String>();
        // What runs once, at the start, is half of the code and not worth the optimiser's time.
        let pragma = if self.toolchain.is_clang() { "clang optimize off" } else { "GCC optimize(\"O0\")" };
        let unit = include(&fast) + interface + &format!("#pragma {pragma}\n") + &include(&slow);
        write(&generated.join("model.cpp"), &unit)?;

        let root = runtime.join("include");
        let root = fs::read_to_string(&root).map_err(|e| Error::io("read", &root, e))?;
        let mut command = self.compiler(&generated, Path::new(&root));
        command.arg("-include").arg(runtime.join("prelude.h")).arg("model.cpp").args(Self::LINK);
        if !self.toolchain.is_clang() {
            command.arg("-fno-gnu-unique");
        }
        command.args(["verilated.o", "verilated_threads.o", "verilated_vcd_c.o"].map(|name| runtime.join(name)));
        run(command.args(["-latomic", "-o", LIBRARY]), self.top)?;

        let made = directory.join(LIBRARY);
        fs::rename(generated.join(LIBRARY), &made).map_err(|e| Error::io("move", &made, e))?;
        // The generated code is ten times the size of the rest.
        fs::remove_dir_all(&generated).map_err(|e| Error::io("remove", &generated, e))
    }

    fn compiler(&self, directory: &Path, include: &Path) -> std::process::Command {
        let mut command = self.toolchain.compiler();
        command.current_dir(directory).args(Self::COMPILE);
        command.arg("-I").arg(include).arg("-I").arg(include.join("vltstd"));
        if !self.toolchain.is_clang() {
            command.arg("-fno-gnu-unique");
        } else if cfg!(target_arch = "x86_64") {
            // What hardware selects by data, no branch predicts.
            command.args(["-mllvm", "-x86-cmov-converter=false"]);
        }
        command
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("write", path, e))
}

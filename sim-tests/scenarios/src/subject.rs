//! What a scenario drives: a block's Verilog, as emitted or changed on purpose.

use crate::{Error, Result};
use alberti_cost::configuration;
use alberti_golden::processing_unit::MatrixUnitConfig;
use alberti_harness::{Build, Direction, Library, PortSpec, Probe, Replay, Report, Rule, Seed, Testbench};
use alberti_rtl::{
    Design,
    blocks::Block,
    netlist::{self, Interface, Module, Netlist, Port, Role},
};
use std::{collections::BTreeMap, path::PathBuf};

/// A block of a design as text to simulate, beside the design that says what it must do.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The design.
    pub design: &'a Design,
    top: String,
    ports: Vec<PortSpec>,
    rules: BTreeMap<String, Rule>,
    probes: Vec<Probe>,
    sources: Vec<(String, String)>,
    lint: bool,
    traces: Option<PathBuf>,
    recordings: Option<(PathBuf, u64)>,
    directory: Option<PathBuf>,
}

/// What a scenario compared, over all of its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Testbenches run.
    pub runs: u64,
    /// Items compared.
    pub compared: u64,
    /// Cycles simulated from reset to the last transfer.
    pub cycles: u64,
}

impl Outcome {
    /// Adds one run.
    pub fn add(&mut self, report: &Report) {
        self.add_counts(report.compared, report.cycles);
    }

    /// Adds one run that was not driven by a testbench.
    pub fn add_counts(&mut self, compared: u64, cycles: u64) {
        self.runs += 1;
        self.compared += compared;
        self.cycles += cycles;
    }

    /// Adds what another scenario compared.
    pub fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.compared += other.compared;
        self.cycles += other.cycles;
    }
}

impl<'a> Subject<'a> {
    /// A block of a design as it is emitted. `None` where the design has no such block.
    #[must_use]
    pub fn of_block(design: &'a Design, block: &Block) -> Option<Self> {
        block.netlist(design).map(|netlist| Self::new(design, &netlist))
    }

    /// The top of a netlist as it is emitted.
    #[must_use]
    pub fn new(design: &'a Design, netlist: &Netlist) -> Self {
        let ports = netlist.top_module().ports().map(|port| match port.direction {
            netlist::Direction::Input => PortSpec::input(&port.name, port.width),
            netlist::Direction::Output => PortSpec::output(&port.name, port.width),
        });
        Self {
            design,
            top: netlist.top().into(),
            ports: ports.collect(),
            rules: rules(netlist.top_module()),
            probes: Vec::new(),
            sources: netlist.sources(),
            lint: true,
            traces: None,
            recordings: None,
            directory: None,
        }
    }

    /// The same ports before other Verilog, such as a synthesised netlist and its cells: taken without lint.
    #[must_use]
    pub fn with_sources(mut self, sources: Vec<(String, String)>) -> Self {
        self.sources = sources;
        self.lint = false;
        self
    }

    /// Its Verilog: name and text of each file.
    #[must_use]
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// Replaces `from` by `to` in one file: a fault that a scenario has to find.
    ///
    /// # Errors
    /// When the text is not there exactly once: a mutation that changes nothing proves nothing.
    pub fn mutate(mut self, file: &str, from: &str, to: &str) -> Result<Self> {
        let fail = |what: String| Error::unfit(file, what);
        let (_, text) = self
            .sources
            .iter_mut()
            .find(|(name, _)| name == file)
            .ok_or_else(|| fail("the subject has no such file".into()))?;
        match text.matches(from).count() {
            1 => *text = text.replace(from, to),
            count => return Err(fail(format!("`{from}` stands there {count} times, not once"))),
        }
        self.lint = false;
        Ok(self)
    }

    /// Shows nets inside of it beside its ports.
    #[must_use]
    pub fn with_probes(mut self, probes: Vec<Probe>) -> Self {
        self.probes = probes;
        self
    }

    /// Writes a waveform of every run into this folder.
    #[must_use]
    pub fn with_waveforms(mut self, folder: PathBuf) -> Self {
        self.traces = Some(folder);
        self
    }

    /// Records the first `events` evaluations of every run into this folder, for [`Subject::replay`].
    #[must_use]
    pub fn with_recordings(mut self, folder: PathBuf, events: u64) -> Self {
        self.recordings = Some((folder, events));
        self
    }

    /// Itself in four states, for its recordings.
    ///
    /// # Errors
    /// When it does not record, or Icarus is missing or refuses the text.
    pub fn replay(&self) -> Result<Replay> {
        let Some((_, events)) = self.recordings else { return Err(Error::unfit(&self.top, "it has no recordings")) };
        Ok(Replay::new(&self.top, &self.sources, &self.ports, &self.rules, events)?)
    }

    /// Keeps builds in this folder.
    #[must_use]
    pub fn in_directory(mut self, directory: PathBuf) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Compiles and loads it; a build of the same text is taken from the cache.
    ///
    /// # Errors
    /// When Verilator or the compiler is missing, or refuses the text.
    pub fn build(&self) -> Result<Library> {
        let mut build = Build::new(&self.top, self.sources.clone())
            .ports(self.ports.clone())
            .probes(self.probes.clone())
            .lint(self.lint);
        if let Some(folder) = &self.traces {
            build = build.traces(folder);
        }
        if let Some((folder, events)) = &self.recordings {
            build = build.recordings(folder, *events);
        }
        if let Some(directory) = &self.directory {
            build = build.directory(directory);
        }
        Ok(build.compile()?)
    }

    /// Whether the block has a port.
    #[must_use]
    pub fn has(&self, port: &str) -> bool {
        self.ports.iter().any(|spec| spec.name == port)
    }

    /// The names of all outputs.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.ports.iter().filter(|spec| spec.direction == Direction::Output).map(|spec| spec.name.as_str())
    }

    /// Width of a port in bits.
    ///
    /// # Panics
    /// When the block has no such port.
    #[must_use]
    pub fn width(&self, port: &str) -> u32 {
        let spec = self.ports.iter().find(|spec| spec.name == port);
        spec.unwrap_or_else(|| panic!("{} has no port {port}", self.top)).width
    }

    /// Whether a port is driven by the testbench.
    #[must_use]
    pub fn is_input(&self, port: &str) -> bool {
        self.ports.iter().any(|spec| spec.name == port && spec.direction == Direction::Input)
    }

    /// The golden model's view of the design.
    ///
    /// # Errors
    /// When the golden model refuses what the design allows.
    pub fn config(&self) -> Result<MatrixUnitConfig> {
        Ok(configuration::processing_unit(self.design)?)
    }
}

/// When each output of a module is known: a handshake always, what goes with it while it is offered, data
/// without a handshake as far as they are computed from what was given.
fn rules(module: &Module) -> BTreeMap<String, Rule> {
    let outputs = |interface: &'_ Interface| {
        let ports = interface.ports.iter().filter(|port| port.direction == netlist::Direction::Output);
        ports.map(|port| (port.name.clone(), rule(interface, port))).collect::<Vec<_>>()
    };
    module.interfaces.iter().flat_map(outputs).collect()
}

fn rule(interface: &Interface, port: &Port) -> Rule {
    let offers = ["valid", "ready", "enable"];
    // A channel of AXI begins the names of its signals.
    let channel = ["aw", "ar", "w", "b", "r"].into_iter().find(|channel| port.field.starts_with(channel)).unwrap_or("");
    match interface.role {
        Role::Bus if offers.iter().any(|offer| port.field.ends_with(offer)) => Rule::Always,
        Role::Bus => Rule::While(format!("{}_{channel}valid", interface.name)),
        Role::Clock | Role::Configuration | Role::Status => Rule::Always,
        _ if offers.contains(&port.field.as_str()) => Rule::Always,
        _ => {
            let mut offers =
                offers.iter().filter(|offer| **offer != "ready").filter_map(|offer| interface.field(offer));
            let offer = offers.find(|offer| offer.direction == netlist::Direction::Output);
            offer.map_or(Rule::Known, |offer| Rule::While(offer.name.clone()))
        }
    }
}

/// What a status port shows.
pub(super) fn counter(bench: &Testbench, port: &str) -> Result<u64> {
    Ok(bench.model().get(bench.model().output(port)?))
}

/// Demands that a count is what it should be.
pub(super) fn same(seed: Seed, what: &str, got: u64, expected: u64) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    let error = Box::new(Error::differs(what, format!("expected {expected}, got {got}")));
    Err(Error::Run { name: what.to_owned(), seed, error })
}

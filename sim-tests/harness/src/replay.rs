//! Recordings of Verilator's, repeated by Icarus in four states from power-up: what no reset and no write has
//! set is unknown there, and stays so in all that is computed from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::ports::{Direction, PortSpec};
use crate::toolchain::run;

/// When an output has to be known, and equal to what was recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Always, from the first release of the reset on.
    Always,
    /// While this output is high.
    While(String),
    /// Bit by bit, where a bit is known.
    Known,
}

/// What was compared in four states.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// Evaluations that were repeated.
    pub events: u64,
    /// Values of outputs that were known.
    pub compared: u64,
    /// Outputs that were known at some time.
    pub known: BTreeSet<String>,
}

/// A design in four states.
pub struct Replay {
    top: String,
    folder: tempfile::TempDir,
    icarus: PathBuf,
}

impl Replay {
    /// Compiles a design with a testbench for recordings of at most `events` evaluations; outputs without a
    /// rule are always compared.
    ///
    /// # Errors
    /// [`Error::MissingTool`], or [`Error::Tool`] with the complaints of Icarus.
    pub fn new(
        top: &str,
        sources: &[(String, String)],
        ports: &[PortSpec],
        rules: &BTreeMap<String, Rule>,
        events: u64,
    ) -> Result<Self> {
        let tool =
            |tool| which::which(tool).map_err(|_| Error::MissingTool { tool, install: "apt-get install iverilog" });
        let (compiler, icarus) = (tool("iverilog")?, tool("vvp")?);
        let folder = tempfile::tempdir().map_err(|e| Error::io("create", Path::new("a temporary folder"), e))?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).map_err(|e| Error::io("write", &path, e))
        };
        write("replay_bench.v", &testbench(top, ports, rules, events))?;
        let mut command = Command::new(compiler);
        command.current_dir(folder.path()).args(["-g2005", "-s", "replay_bench", "-o", "replay.vvp", "replay_bench.v"]);
        for (name, text) in sources {
            write(name, text)?;
            command.arg(name);
        }
        run(&mut command, top)?;
        Ok(Self { top: top.to_owned(), folder, icarus })
    }

    /// Repeats a recording.
    ///
    /// # Errors
    /// [`Error::Watched`] with the first outputs that are unknown or differ, and when.
    pub fn run(&self, recording: &Path) -> Result<Replayed> {
        let text = std::fs::read_to_string(recording).map_err(|e| Error::io("read", recording, e))?;
        let events = text.lines().count() as u64;
        let mut command = Command::new(&self.icarus);
        command.current_dir(self.folder.path()).args(["-n", "replay.vvp"]);
        command.arg(format!("+file={}", recording.display())).arg(format!("+count={events}"));
        let output = run(&mut command, &self.top)?;
        let compared = output.lines().find_map(|line| line.strip_prefix("COMPARED ")?.trim().parse().ok());
        let known = output.lines().filter_map(|line| Some(line.strip_prefix("KNOWN ")?.trim().to_owned())).collect();
        match compared {
            Some(compared) => Ok(Replayed { events, compared, known }),
            None => Err(Error::Watched { what: format!("{} in four states: {}", self.top, output.trim_end()) }),
        }
    }
}

/// The parts of a testbench that each port adds to.
#[derive(Default)]
struct Parts {
    declarations: String,
    connections: Vec<String>,
    inputs: String,
    comparisons: String,
    summary: String,
}

impl Parts {
    fn input(&mut self, name: &str, width: u32, value: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.declarations, "    reg  [{}:0] {name};", width - 1);
        let _ = writeln!(self.inputs, "            {name} = {value};");
    }

    fn output(&mut self, name: &str, width: u32, value: &str, rule: &Rule) {
        let _ = writeln!(self.declarations, "    wire [{}:0] {name};\n    reg  known_{name} = 0;", width - 1);
        let fails = match rule {
            Rule::Always => format!("released && {name} !== {value}"),
            Rule::While(gate) => format!("released && {gate} && {name} !== {value}"),
            Rule::Known => format!("|({name} ^ {value})"),
        };
        let _ = writeln!(
            self.comparisons,
            "            if (^{name} !== 1'bx) begin known_{name} = 1; compared = compared + 1; end\n            \
             if (({fails}) === 1'b1) begin\n                \
             $display(\"{name} is %h, expected %h, in event %0d\", {name}, {value}, k); failed = 1;\n            end"
        );
        let _ = writeln!(self.summary, "        if (!failed && known_{name}) $display(\"KNOWN {name}\");");
    }
}

/// A testbench that sets the inputs of each event, waits, and compares the outputs.
fn testbench(top: &str, ports: &[PortSpec], rules: &BTreeMap<String, Rule>, events: u64) -> String {
    let mut parts = Parts::default();
    let mut offset = 0;
    for PortSpec { name, direction, width } in ports {
        let value = format!("events[k][{offset} +: {width}]");
        offset += width;
        parts.connections.push(format!("        .{name}({name})"));
        match direction {
            Direction::Input => parts.input(name, *width, &value),
            Direction::Output => parts.output(name, *width, &value, rules.get(name).unwrap_or(&Rule::Always)),
        }
    }
    let has_reset = ports.iter().any(|port| port.name == "rst_ni");
    let release = if has_reset { "if (!rst_ni) held = 1; else if (held) released = 1;" } else { "released = 1;" };
    let Parts { declarations, connections, inputs, comparisons, summary } = parts;
    format!(
        "`timescale 1ns/1ns\nmodule replay_bench;\n{declarations}
    reg [{width}-1:0] events [0:{events}-1];
    reg [8*1024-1:0] file;
    integer k, count, compared;
    reg failed, held, released;
    {top} dut (\n{connections}\n    );
    initial begin
        failed = 0; held = 0; released = 0; compared = 0;
        if (!$value$plusargs(\"file=%s\", file) || !$value$plusargs(\"count=%d\", count)) $finish;
        $readmemh(file, events, 0, count - 1);
        for (k = 0; k < count && !failed; k = k + 1) begin\n{inputs}            #1;
            {release}\n{comparisons}        end\n{summary}        if (!failed) $display(\"COMPARED %0d\", compared);
        $finish;
    end
endmodule\n",
        width = offset.next_multiple_of(32),
        connections = connections.join(",\n"),
    )
}

//! The longest paths of a netlist, by OpenSTA, with ideal clocks and no wires.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cache::{self, Cache, hash};
use crate::error::{Error, Result};
use crate::flows::{self, Port};
use crate::liberty::Library;
use crate::synthesis::SynthReport;
use crate::tools::STA;

/// A longest path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The period at which its slack is zero: period − slack, in ps.
    pub delay_ps: f64,
    /// Its slack at the period asked for, in ps.
    pub slack_ps: f64,
    /// Where it starts.
    pub startpoint: String,
    /// Where it ends.
    pub endpoint: String,
    /// OpenSTA's report of it, times in ps.
    pub report: String,
}

/// The longest paths of a netlist; `None` where there is no such path or no clock to time it by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The module.
    pub module: String,
    /// The period asked for, in ps.
    pub period_ps: f64,
    /// Between registers; memories count as registers.
    pub register_to_register: Option<Path>,
    /// From an input that arrives with the clock's edge.
    pub input_to_register: Option<Path>,
    /// To an output that is taken at the next edge.
    pub register_to_output: Option<Path>,
    /// From inputs straight to outputs.
    pub input_to_output: Option<Path>,
    /// The longest of the four, in ps; `None` for a module without a clock.
    pub min_period_ps: Option<f64>,
    /// 10⁶ / `min_period_ps`.
    pub fmax_mhz: Option<f64>,
}

impl Timing {
    /// The longest of the four paths.
    pub fn critical(&self) -> Option<&Path> {
        self.paths().into_iter().max_by(|a, b| a.delay_ps.total_cmp(&b.delay_ps))
    }

    fn paths(&self) -> Vec<&Path> {
        let groups =
            [&self.register_to_register, &self.input_to_register, &self.register_to_output, &self.input_to_output];
        groups.into_iter().flatten().collect()
    }
}

/// Time the unit `module` of a synthesised design together with all units in it, so that paths across them
/// are real.
///
/// Memories take their inputs at the clock's edge with no setup and give their outputs `memory_access_ps`
/// after it.
pub fn time(
    cache: &Cache,
    report: &SynthReport,
    library: &Library,
    module: &str,
    memory_access_ps: f64,
) -> Result<Timing> {
    let units = report.below(module);
    let Some(top) = units.first() else {
        return Err(Error::invalid(module, format!("no unit of {} has this name", report.top)));
    };
    let boxes: Vec<flows::BoxCell> = report
        .memories
        .iter()
        .filter(|memory| units.iter().any(|unit| unit.children.contains_key(&memory.module)))
        .map(|memory| flows::BoxCell {
            name: &memory.module,
            ports: &memory.ports,
            clocked: memory.ports.iter().any(|port| port.name == report.clock),
        })
        .collect();
    let widths: BTreeSet<u32> = boxes.iter().flat_map(|box_| box_.ports).map(|port| port.width).collect();
    let boxes_text = flows::Boxes {
        boxes: &boxes,
        widths: widths.into_iter().collect(),
        clock: &report.clock,
        load_ff: library.load_ff,
        access_ps: memory_access_ps,
    }
    .text()?;
    let has = |name: &str| top.ports.iter().any(|port| port.name == name && port.input);
    let clock = Some(report.clock.as_str()).filter(|name| has(name));
    let reset = Some(report.reset.as_str()).filter(|name| has(name));
    let selected = |input: bool| -> Vec<String> {
        let timed = |port: &&Port| {
            port.input == input && Some(port.name.as_str()) != clock && Some(port.name.as_str()) != reset
        };
        top.ports.iter().filter(timed).map(pattern).collect()
    };
    let (inputs, outputs) = (selected(true), selected(false));
    let constraints = constraints(report.period_ps, clock, reset, &inputs, &outputs, library)?;
    let netlists: Vec<String> = (0..units.len()).map(|index| format!("unit{index}.v")).collect();
    let script = flows::Timing {
        liberty: "LIBERTY",
        boxes: !boxes.is_empty(),
        netlists: &netlists,
        top: module,
        inputs: &inputs,
        outputs: &outputs,
    }
    .text()?;
    let texts = units.iter().map(|unit| cache::read(&unit.netlist)).collect::<Result<Vec<String>>>()?;
    let version = STA.version()?;
    let mut key = vec!["timing", &library.hash, &version, &script, &constraints, &boxes_text];
    key.extend(texts.iter().map(String::as_str));
    let entry = cache.get("timing", &hash(&key), |folder| {
        let work = tempfile::tempdir().map_err(Error::io(folder))?;
        let put = |file: &str, text: &str| cache::write(&work.path().join(file), text);
        put("constraints.sdc", &constraints)?;
        put("boxes.lib", &boxes_text)?;
        for (file, text) in netlists.iter().zip(&texts) {
            put(file, text)?;
        }
        let liberty = library.file_in(cache)?;
        put("run.tcl", &script.replace("LIBERTY", &format!("{{{}}}", liberty.display())))?;
        let doing = format!("timing {module}");
        let output = STA.run(work.path(), ["-no_init", "-no_splash", "-exit", "run.tcl"], &doing)?;
        // OpenSTA exits with 0 after an error.
        if !output.stdout.lines().any(|line| line == "@done")
            || output.text().lines().any(|line| line.starts_with("Error"))
        {
            return Err(output.failure());
        }
        cache::write(&folder.join("paths.txt"), &output.stdout)
    })?;
    parse(module, report.period_ps, clock.is_some(), &cache::read(&entry.join("paths.txt"))?)
}

/// Constraints in SDC (ps, fF) for the given port patterns.
fn constraints(
    period_ps: f64,
    clock: Option<&str>,
    reset: Option<&str>,
    inputs: &[String],
    outputs: &[String],
    library: &Library,
) -> Result<String> {
    let (driving_cell, driving_pin, load_ff) = (&library.driving_cell, &library.driving_pin, library.load_ff);
    flows::Constraints { clock, reset, period_ps, inputs, outputs, driving_cell, driving_pin, load_ff }.text()
}

fn pattern(port: &Port) -> String {
    if port.width > 1 { format!("{}[*]", port.name) } else { port.name.clone() }
}

fn parse(module: &str, period_ps: f64, clocked: bool, text: &str) -> Result<Timing> {
    let mut timing = Timing {
        module: module.into(),
        period_ps,
        register_to_register: None,
        input_to_register: None,
        register_to_output: None,
        input_to_output: None,
        min_period_ps: None,
        fmax_mhz: None,
    };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(fields) = line.strip_prefix("@path ") else { continue };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let unreadable =
            || Error::tool("sta", format!("timing {module}"), format!("its answer cannot be read: {line}"));
        let [group, slack, startpoint, endpoint] = fields.as_slice() else { return Err(unreadable()) };
        let slack_ps: f64 = slack.parse().map_err(|_| unreadable())?;
        let report: Vec<&str> = lines.by_ref().take_while(|line| *line != "@end").map(str::trim_end).collect();
        let report = report.join("\n").trim().to_string();
        if !slack_ps.is_finite() || slack_ps.abs() > 1e20 {
            continue;
        }
        let place = match *group {
            "register_to_register" => &mut timing.register_to_register,
            "input_to_register" => &mut timing.input_to_register,
            "register_to_output" => &mut timing.register_to_output,
            "input_to_output" => &mut timing.input_to_output,
            _ => return Err(unreadable()),
        };
        let (startpoint, endpoint) = (startpoint.to_string(), endpoint.to_string());
        // Thousandths of a ps: what OpenSTA prints, without the subtraction's noise.
        let delay_ps = ((period_ps - slack_ps) * 1e3).round() / 1e3;
        *place = Some(Path { delay_ps, slack_ps, startpoint, endpoint, report });
    }
    timing.min_period_ps = timing.critical().filter(|_| clocked).map(|path| path.delay_ps).filter(|delay| *delay > 0.0);
    timing.fmax_mhz = timing.min_period_ps.map(|period| 1e6 / period);
    Ok(timing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_the_longest_one_is_the_period() {
        let text = "noise\n@path register_to_register -5.5e+02 u/_1_/Q u/_2_/D\nStart\n  body\n@end\n\
                    @path input_to_register 1.0e+02 a[0] u/_2_/D\n@end\n@done\n";
        let timing = parse("m", 1000.0, true, text).expect("a timing");
        assert_eq!(timing.min_period_ps, Some(1550.0));
        assert_eq!(timing.input_to_register.as_ref().map(|path| path.delay_ps), Some(900.0));
        assert_eq!(timing.critical().map(|path| path.report.as_str()), Some("Start\n  body"));
    }

    #[test]
    fn no_path_is_none_and_not_zero() {
        let timing = parse("m", 1000.0, true, "@done\n").expect("a timing");
        assert_eq!((timing.min_period_ps, timing.fmax_mhz, timing.critical()), (None, None, None));
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert!(parse("m", 1000.0, true, "@path register_to_register much a b\n@end\n").is_err());
    }
}

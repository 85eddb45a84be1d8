//! A standard-cell library, reduced to the cells that a mapping may use.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::function::Expr;
use super::syntax::{self, Group};
use crate::cache::{self, Cache, hash};
use crate::error::{Error, Result};
use crate::technology::{Technology, matches};

/// Bytes of a library's text at most, unpacked. Those with tables of currents have a few hundred MiB.
const LARGEST: u64 = 512 << 20;

/// A pin's direction; anything but an input or an output makes a cell unusable here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// An input.
    Input,
    /// An output.
    Output,
}

/// A signal pin of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// Its name.
    pub name: String,
    /// Its direction.
    pub direction: Direction,
    /// Input capacitance in fF.
    pub capacitance_ff: f64,
    /// What an output drives, over input pins and the flip-flop's states.
    pub function: Option<Expr>,
}

/// The state of a flip-flop.
#[derive(Debug, Clone, PartialEq)]
pub struct FlipFlop {
    /// The name of the state in functions.
    pub state: String,
    /// The name of its complement.
    pub inverse: String,
    /// What the state takes at the clock's edge.
    pub next_state: Expr,
    /// The clock: the state changes when this rises.
    pub clocked_on: Expr,
    /// Sets the state to 0 while true.
    pub clear: Option<Expr>,
    /// Sets the state to 1 while true.
    pub preset: Option<Expr>,
    /// State and complement while both are true; Liberty's default is 0 and 0.
    pub both: (char, char),
}

/// A usable cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// Its area in µm² (Liberty names no unit; this is the custom).
    pub area_um2: f64,
    /// Its leakage in nW: the cell's figure, or the mean over its states.
    pub leakage_nw: f64,
    /// Its signal pins in the file's order.
    pub pins: Vec<Pin>,
    /// Its state, for a flip-flop.
    pub flip_flop: Option<FlipFlop>,
}

impl Cell {
    /// The pins of one direction.
    pub fn pins_of(&self, direction: Direction) -> Vec<&Pin> {
        self.pins.iter().filter(|pin| pin.direction == direction).collect()
    }

    /// The truth tables of the outputs, for a combinational cell of at most 6 inputs.
    fn tables(&self) -> Vec<(&Pin, u64)> {
        let inputs: Vec<&str> = self.pins_of(Direction::Input).iter().map(|pin| pin.name.as_str()).collect();
        let outputs = self.pins_of(Direction::Output).into_iter();
        outputs.filter_map(|pin| Some((pin, pin.function.as_ref()?.truth_table(&inputs)?))).collect()
    }

    /// The one output's truth table if the cell is combinational with `inputs` inputs.
    fn table(&self, inputs: usize) -> Option<u64> {
        match self.tables().as_slice() {
            [(_, table)] if self.flip_flop.is_none() && self.pins.len() == inputs + 1 => Some(*table),
            _ => None,
        }
    }
}

/// A pin that holds a constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The cell.
    pub cell: String,
    /// The pin.
    pub pin: String,
}

/// A cell that adds three bits, found by its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullAdder {
    /// The cell.
    pub cell: String,
    /// The three operands; their order is indifferent.
    pub inputs: [String; 3],
    /// The sum, and whether the pin carries its complement.
    pub sum: (String, bool),
    /// The carry, and whether the pin carries its complement.
    pub carry: (String, bool),
}

/// A Liberty file without the cells that synthesis must not use.
#[derive(Debug, Clone)]
pub struct Library {
    /// The library's name in the file.
    pub name: String,
    /// The file's own name, without its folder.
    pub file: String,
    /// What is known of it beside the file.
    pub technology: Technology,
    /// Liberty's unit of time in ps.
    pub time_unit_ps: f64,
    /// The usable cells.
    pub cells: BTreeMap<String, Cell>,
    /// The cells left out, with the reason.
    pub left_out: BTreeMap<String, String>,
    /// The smallest 2-input NAND: one gate equivalent.
    pub nand2: String,
    /// Its area in µm².
    pub nand2_area_um2: f64,
    /// What drives every input.
    pub driving_cell: String,
    /// The output pin of the driving cell.
    pub driving_pin: String,
    /// Its input.
    pub driving_input: String,
    /// The load on every output in fF.
    pub load_ff: f64,
    /// The pin that holds 0, if the library has one.
    pub tie_low: Option<Tie>,
    /// The pin that holds 1, if the library has one.
    pub tie_high: Option<Tie>,
    /// The smallest full adder, if the library has one.
    pub full_adder: Option<FullAdder>,
    /// Hash of what synthesis sees of the library.
    pub hash: String,
    text: String,
}

impl Library {
    /// The default library, where its Debian package puts it.
    ///
    /// # Errors
    /// Names the package when it is not installed.
    pub fn open_default() -> Result<Self> {
        let default = Technology::known()?.into_iter().next();
        let (liberty, package) = default
            .and_then(|technology| Some((technology.liberty?, technology.package?)))
            .ok_or_else(|| Error::invalid("technology", "the first description names no Liberty file and package"))?;
        if !Path::new(&liberty).is_file() {
            let install = format!("apt-get install {package}, or name another Liberty file with --liberty FILE");
            return Err(Error::MissingTool { tool: format!("the default cell library ({liberty})"), install });
        }
        Self::load(Path::new(&liberty))
    }

    /// Read a Liberty file (`.lib`, or `.lib.gz` where `gzip` is installed), choosing its description by its
    /// name.
    pub fn load(path: &Path) -> Result<Self> {
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let fail = |message: String| Error::Liberty { file: path.display().to_string(), line: 0, message };
        let unreadable = |error: io::Error| fail(format!("cannot be read: {error}"));
        let packed = File::open(path).map_err(unreadable)?;
        let bytes = if file.ends_with(".gz") {
            let gzip = crate::tools::Tool { name: "gzip", package: "gzip", version_arguments: &["--version"] };
            gzip.filter(["-dc"], packed, LARGEST + 1, "unpacking a library")?
        } else {
            let mut bytes = Vec::new();
            packed.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            bytes
        };
        if bytes.len() as u64 > LARGEST {
            return Err(fail(format!("it is too large: more than {} MiB of text", LARGEST >> 20)));
        }
        let text = String::from_utf8(bytes).unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned());
        Self::parse(&file, &text, None)
    }

    /// Read Liberty text; `technology` overrides the description that its name would choose.
    pub fn parse(file: &str, text: &str, technology: Option<Technology>) -> Result<Self> {
        let at_line = |offset: usize, message: String| Error::Liberty {
            file: file.into(),
            line: text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1,
            message,
        };
        let root = syntax::parse(text).map_err(|(offset, message)| at_line(offset, message))?;
        let name = root.argument().to_string();
        let technology = match technology {
            Some(technology) => technology,
            None => Technology::of_library(&name)?,
        };
        let fail = |message: String| Error::Liberty { file: file.into(), line: 0, message };
        let time_unit_ps = unit(root.attribute("time_unit").unwrap_or("1ns"), "s", 1e12)
            .ok_or_else(|| fail("time_unit is not of the form \"1ns\"".into()))?;
        let capacitance_unit_ff =
            unit(&root.attribute("capacitive_load_unit").unwrap_or("1,pf").replace(',', ""), "f", 1e15)
                .ok_or_else(|| fail("capacitive_load_unit is not of the form (1, pf)".into()))?;
        let leakage_unit_nw = unit(root.attribute("leakage_power_unit").unwrap_or("1nW"), "w", 1e9)
            .ok_or_else(|| fail("leakage_power_unit is not of the form \"1nW\"".into()))?;

        let mut cells = BTreeMap::new();
        let mut left_out = BTreeMap::new();
        let mut kept = String::with_capacity(text.len());
        let mut copied = 0;
        for group in root.children("cell") {
            let cell_name = group.argument().to_string();
            let by_name = technology.dont_use.iter().find(|pattern| matches(pattern, &cell_name));
            let cell = match by_name {
                Some(pattern) => Err(format!("the technology says dont_use: {pattern}")),
                None => read_cell(group, capacitance_unit_ff, leakage_unit_nw),
            };
            match cell {
                Ok(cell) => {
                    cells.insert(cell_name, cell);
                }
                Err(reason) => {
                    left_out.insert(cell_name, reason);
                    kept.push_str(&text[copied..group.span.start]);
                    copied = group.span.end;
                }
            }
        }
        kept.push_str(&text[copied..]);

        let smallest = |wanted: &dyn Fn(&Cell) -> bool| {
            let found = cells.values().filter(|cell| wanted(cell));
            found.min_by(|a, b| a.area_um2.total_cmp(&b.area_um2).then(a.name.cmp(&b.name)))
        };
        let nand = smallest(&|cell| cell.table(2) == Some(0b0111)).ok_or_else(|| {
            fail("no 2-input NAND among the usable cells: nothing to count gate equivalents in".into())
        })?;
        if !cells.values().any(|cell| cell.flip_flop.is_some()) {
            return Err(fail("no flip-flop among the usable cells".into()));
        }
        let driver = match &technology.driving_cell {
            Some(named) => cells
                .get(named)
                .ok_or_else(|| fail(format!("the driving cell {named} is not among the usable cells")))?,
            None => smallest(&|cell| cell.table(1) == Some(0b10))
                .or_else(|| smallest(&|cell| cell.table(1) == Some(0b01)))
                .ok_or_else(|| fail("neither buffer nor inverter among the usable cells".into()))?,
        };
        let nand_input_ff = nand.pins_of(Direction::Input).iter().map(|pin| pin.capacitance_ff).fold(0.0, f64::max);
        let tie = |value: bool| {
            let constant = |pin: &Pin| pin.function == Some(Expr::Constant(value));
            let cell = smallest(&|cell| cell.pins.iter().any(constant) && cell.pins_of(Direction::Input).is_empty())?;
            Some(Tie { cell: cell.name.clone(), pin: cell.pins.iter().find(|pin| constant(pin))?.name.clone() })
        };
        let full_adder = smallest(&|cell| full_adder(cell).is_some()).and_then(full_adder);

        Ok(Library {
            file: file.into(),
            time_unit_ps,
            nand2: nand.name.clone(),
            nand2_area_um2: nand.area_um2,
            driving_cell: driver.name.clone(),
            driving_input: driver.pins_of(Direction::Input).first().map_or_else(String::new, |pin| pin.name.clone()),
            driving_pin: driver.pins_of(Direction::Output).first().map_or_else(String::new, |pin| pin.name.clone()),
            load_ff: technology.load_ff.unwrap_or(4.0 * nand_input_ff),
            tie_low: tie(false),
            tie_high: tie(true),
            full_adder,
            hash: hash(&[&kept]),
            text: kept,
            name,
            technology,
            cells,
            left_out,
        })
    }

    /// The library without the cells left out, as a file for yosys, abc and OpenSTA.
    pub fn file_in(&self, cache: &Cache) -> Result<std::path::PathBuf> {
        let folder = cache.get("library", &self.hash, |folder| cache::write(&folder.join("cells.lib"), &self.text))?;
        let path = folder.join("cells.lib");
        path.canonicalize().map_err(Error::io(&path))
    }

    /// Has it a flip-flop with an asynchronous clear or preset?
    pub fn has_asynchronous_reset(&self) -> bool {
        let resettable = |flop: &FlipFlop| flop.clear.is_some() || flop.preset.is_some();
        self.cells.values().any(|cell| cell.flip_flop.as_ref().is_some_and(resettable))
    }
}

/// "1ns" with base "s" and scale 1e12 is 1000.
fn unit(text: &str, base: &str, scale: f64) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..digits].trim().parse().ok()?;
    let prefix = match text[digits..].trim().strip_suffix(base)? {
        "" => 1.0,
        "m" => 1e-3,
        "u" => 1e-6,
        "n" => 1e-9,
        "p" => 1e-12,
        "f" => 1e-15,
        _ => return None,
    };
    // The product of a power of ten and its inverse, without the last bit's noise.
    Some((number * prefix * scale * 1e9).round() / 1e9)
}

/// A usable cell, or why it is not.
fn read_cell(group: &Group, capacitance_unit_ff: f64, leakage_unit_nw: f64) -> std::result::Result<Cell, String> {
    if group.is_true("dont_use") {
        return Err("the library says dont_use".into());
    }
    if group.attribute("clock_gating_integrated_cell").is_some() {
        return Err("a clock gate".into());
    }
    for kind in ["latch", "latch_bank", "statetable", "ff_bank", "bus", "bundle", "test_cell"] {
        if group.children(kind).next().is_some() {
            return Err(match kind {
                "latch" | "latch_bank" => "a latch".into(),
                "test_cell" => "a scan cell".into(),
                _ => format!("it has a {kind}"),
            });
        }
    }
    let area_um2 = group.number("area").filter(|area| *area > 0.0).ok_or("it has no area")?;
    let mut pins = Vec::new();
    for pin in group.children("pin") {
        let direction = match pin.attribute("direction") {
            Some("input") => Direction::Input,
            Some("output") => Direction::Output,
            other => return Err(format!("pin {} is {}", pin.argument(), other.unwrap_or("of no direction"))),
        };
        if pin.attribute("three_state").is_some() {
            return Err("a three-state driver".into());
        }
        let function = pin.attribute("function").filter(|_| direction == Direction::Output);
        let function = function.map(Expr::parse).transpose()?;
        if direction == Direction::Output && function.is_none() {
            return Err(format!("its output {} has no function", pin.argument()));
        }
        let capacitance_ff = pin.number("capacitance").unwrap_or(0.0) * capacitance_unit_ff;
        for name in &pin.arguments {
            pins.push(Pin { name: name.clone(), direction, capacitance_ff, function: function.clone() });
        }
    }
    if !pins.iter().any(|pin| pin.direction == Direction::Output) {
        return Err("it drives nothing".into());
    }
    let flip_flop = read_flip_flop(group)?;
    let known = |name: &str| {
        pins.iter().any(|pin| pin.name == name && pin.direction == Direction::Input)
            || flip_flop.as_ref().is_some_and(|flop| flop.state == name || flop.inverse == name)
    };
    for name in pins.iter().filter_map(|pin| pin.function.as_ref()).flat_map(Expr::pins) {
        if !known(name) {
            return Err(format!("a function names {name}, which is no input of it"));
        }
    }
    Ok(Cell { name: group.argument().into(), area_um2, leakage_nw: leakage(group) * leakage_unit_nw, pins, flip_flop })
}

fn leakage(group: &Group) -> f64 {
    group.number("cell_leakage_power").unwrap_or_else(|| {
        let values: Vec<f64> = group.children("leakage_power").filter_map(|state| state.number("value")).collect();
        values.iter().sum::<f64>() / (values.len().max(1) as f64)
    })
}

fn read_flip_flop(group: &Group) -> std::result::Result<Option<FlipFlop>, String> {
    let mut flops = group.children("ff");
    let Some(flop) = flops.next() else { return Ok(None) };
    if flops.next().is_some() || flop.arguments.len() != 2 {
        return Err("it has more than one state".into());
    }
    let wanted = |name: &str| {
        let text = flop.attribute(name).ok_or(format!("its flip-flop has no {name}"))?;
        Expr::parse(text)
    };
    let optional = |name: &str| flop.attribute(name).map(Expr::parse).transpose();
    let both = |name: &str| flop.attribute(name).and_then(|value| value.chars().next()).unwrap_or('L');
    let next_state = wanted("next_state")?;
    if next_state.pins().len() != 1 {
        return Err("a flip-flop with enable or scan, which the mapper cannot use".into());
    }
    Ok(Some(FlipFlop {
        state: flop.arguments[0].clone(),
        inverse: flop.arguments[1].clone(),
        next_state,
        clocked_on: wanted("clocked_on")?,
        clear: optional("clear")?,
        preset: optional("preset")?,
        both: (both("clear_preset_var1"), both("clear_preset_var2")),
    }))
}

fn full_adder(cell: &Cell) -> Option<FullAdder> {
    const SUM: u64 = 0b1001_0110;
    const CARRY: u64 = 0b1110_1000;
    let inputs: [String; 3] =
        cell.pins_of(Direction::Input).iter().map(|pin| pin.name.clone()).collect::<Vec<_>>().try_into().ok()?;
    let tables = cell.tables();
    if tables.len() != 2 || cell.flip_flop.is_some() {
        return None;
    }
    let find = |wanted: u64| {
        tables.iter().find_map(|(pin, table)| match *table {
            table if table == wanted => Some((pin.name.clone(), false)),
            table if table == !wanted & 0xff => Some((pin.name.clone(), true)),
            _ => None,
        })
    };
    Some(FullAdder { cell: cell.name.clone(), inputs, sum: find(SUM)?, carry: find(CARRY)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"library (small) { time_unit : "1ps"; capacitive_load_unit (1,ff); leakage_power_unit : "1pW";
      cell (MYSTERY) { area : 3; pin (A) { direction : input; capacitance : 2; } pin (B) { direction : input; capacitance : 1; }
        pin (Y) { direction : output; function : "!(A B)"; } leakage_power () { value : 2000; } leakage_power () { value : 4000; } }
      cell (WIDE) { area : 5; pin (A) { direction : input; } pin (B) { direction : input; } pin (Y) { direction : output; function : "A' + B'"; } }
      cell (DLAT) { area : 9; latch (IQ,IQN) { data_in : "D"; } pin (D) { direction : input; } pin (Q) { direction : output; function : "IQ"; } }
      cell (FILL) { area : 1; }
      cell (B1) { area : 2; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
      cell (F) { area : 20; ff (IQ,IQN) { next_state : "D"; clocked_on : "CK"; } pin (D) { direction : input; }
        pin (CK) { direction : input; } pin (Q) { direction : output; function : "IQ"; } } }"#;

    #[test]
    fn the_gate_equivalent_is_the_smallest_nand_by_function() {
        let library = Library::parse("small.lib", SMALL, None).expect("a library");
        assert_eq!((library.nand2.as_str(), library.nand2_area_um2), ("MYSTERY", 3.0));
        assert_eq!((library.time_unit_ps, library.load_ff, library.driving_cell.as_str()), (1.0, 8.0, "B1"));
        assert_eq!(library.cells["MYSTERY"].leakage_nw, 3.0);
        assert!(!library.has_asynchronous_reset());
    }

    #[test]
    fn cells_that_no_mapping_may_use_leave_the_file() {
        let library = Library::parse("small.lib", SMALL, None).expect("a library");
        assert_eq!(library.left_out["DLAT"], "a latch");
        assert_eq!(library.left_out["FILL"], "it drives nothing");
        assert!(!library.text.contains("DLAT") && !library.text.contains("FILL") && library.text.contains("WIDE"));
        let again = Library::parse("small.lib", &library.text, None).expect("the filtered file is a library");
        assert_eq!(again.cells, library.cells);
    }

    #[test]
    fn a_library_without_a_flip_flop_is_refused() {
        let text = SMALL.replace("ff (IQ,IQN)", "latch (IQ,IQN)");
        let message = Library::parse("small.lib", &text, None).expect_err("it has none").to_string();
        assert_eq!(message, "small.lib: no flip-flop among the usable cells");
    }

    #[test]
    fn units_become_picoseconds_and_femtofarads() {
        assert_eq!(unit("1ns", "s", 1e12), Some(1000.0));
        assert_eq!(unit("1.0000000000pf", "f", 1e15), Some(1000.0));
        assert_eq!(unit("100ps", "s", 1e12), Some(100.0));
        assert_eq!(unit("1parsec", "s", 1e12), None);
    }

    #[test]
    fn the_default_library_has_a_full_adder_and_a_resettable_flip_flop() {
        let library = Library::open_default().expect("the package qflow-tech-osu018");
        let adder = library.full_adder.as_ref().expect("FAX1");
        assert_eq!((adder.cell.as_str(), adder.sum.clone()), ("FAX1", ("YS".into(), false)));
        assert_eq!((library.nand2_area_um2, library.time_unit_ps), (24.0, 1000.0));
        assert!(library.has_asynchronous_reset());
        assert_eq!(library.left_out["LATCH"], "a latch");
    }
}

//! What the modules say of their own logic, against the logic that yosys finds in their Verilog.

use crate::{design, netlists};
use alberti_rtl::{
    Design,
    netlist::{Netlist, check::feed_through},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

type Pairs = BTreeSet<(String, String)>;

/// Every module as yosys sees it after `proc`: words, not gates, hierarchy kept.
fn synthesised(netlist: &Netlist) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let mut script = String::new();
    for (name, text) in netlist.sources() {
        fs::write(folder.path().join(&name), text).expect("written");
        script += &format!("read_verilog {name}; ");
    }
    script += &format!("hierarchy -check -top {}; proc; write_json out.json", netlist.top());
    let output = Command::new("yosys").current_dir(folder.path()).args(["-q", "-p", &script]).output();
    let output = output.expect("yosys is installed: `alberti doctor` says how");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(folder.path().join("out.json")).expect("a netlist")).expect("JSON")
}

/// The wires of a connection; constants are none.
fn wires(bits: &Value) -> impl Iterator<Item = u64> + '_ {
    bits.as_array().into_iter().flatten().filter_map(Value::as_u64)
}

fn objects(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Pairs of input and output of a module that a path without a register joins; `below` are those of its
/// children.
fn found(module: &Value, below: &BTreeMap<String, Pairs>) -> Pairs {
    let mut next: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (name, cell) in objects(&module["cells"]) {
        let kind = cell["type"].as_str().expect("a type");
        assert!(!kind.contains("latch"), "{name} is a latch");
        let is_input = |port: &str| cell["port_directions"][port] == "input";
        let all = |input: bool| objects(&cell["connections"]).filter(move |(port, _)| is_input(port) == input);
        let mut join = |from: &Value, to: &Value| {
            for from in wires(from) {
                next.entry(from).or_default().extend(wires(to));
            }
        };
        // A module with parameters has its own name among others: `$paramod\alb_x\IMAGE=…`.
        if let Some(pairs) = kind.split('\\').find_map(|part| below.get(part)) {
            for (input, output) in pairs {
                join(&cell["connections"][input], &cell["connections"][output]);
            }
        } else if !kind.contains("dff") {
            for (_, from) in all(true) {
                for (_, to) in all(false) {
                    join(from, to);
                }
            }
        }
    }
    let ports = |facing: &'static str| objects(&module["ports"]).filter(move |(_, port)| port["direction"] == facing);
    let mut pairs = Pairs::new();
    for (input, port) in ports("input") {
        let mut reached: BTreeSet<u64> = wires(&port["bits"]).collect();
        let mut open: Vec<u64> = reached.iter().copied().collect();
        while let Some(wire) = open.pop() {
            open.extend(next.get(&wire).into_iter().flatten().filter(|wire| reached.insert(**wire)));
        }
        let hit = ports("output").filter(|(_, port)| wires(&port["bits"]).any(|wire| reached.contains(&wire)));
        pairs.extend(hit.map(|(output, _)| (input.to_owned(), output.to_owned())));
    }
    pairs
}

fn assert_declared(design: &Design) {
    let (mut paths, mut wrong) = (0, Vec::new());
    for netlist in netlists(design) {
        let (declared, verilog) = (feed_through(&netlist), synthesised(&netlist));
        let mut below = BTreeMap::new();
        for module in netlist.order() {
            let pairs = found(&verilog["modules"][&module.name], &below);
            let said: Pairs = declared.of(&module.name).map(|(i, o)| (i.to_owned(), o.to_owned())).collect();
            let unsaid: Vec<_> = pairs.difference(&said).collect();
            if !unsaid.is_empty() {
                wrong.push(format!("{} {} says nothing of {unsaid:?}", design.name, module.name));
            }
            paths += pairs.len();
            below.insert(module.name.clone(), pairs);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths > 0, "yosys finds no path in {}", design.name);
}

#[test]
fn no_path_from_input_to_output_is_kept_from_the_netlist() {
    let four = fs::read_to_string(crate::root().join("designs/pu4.yaml")).expect("a design");
    let sparse = "zero_skip: true\n  sparsity: {kind: block, nonzeros: 2, block: 4}";
    for pipeline in 1..=3 {
        for more in ["zero_skip: true", "zero_skip: false", sparse] {
            let kept =
                four.lines().filter(|line| !["  pipeline:", "  zero_skip:"].iter().any(|key| line.starts_with(key)));
            let text = kept.collect::<Vec<_>>().join("\n");
            let text = text.replace("datapath:\n", &format!("datapath:\n  pipeline: {pipeline}\n  {more}\n"));
            assert_declared(&Design::parse("pu4.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")));
        }
    }
}

#[test]
fn fixed_point_and_a_composition_keep_no_path_either() {
    for name in ["pu8_q3_5", "codec", "pu6"] {
        assert_declared(&design(name));
    }
}

#[test]
fn an_accelerator_keeps_no_path_either() {
    assert_declared(&design("accelerator4"));
}

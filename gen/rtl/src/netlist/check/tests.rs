//! Small netlists, each broken in one way.

use super::{check, feed_through};
use crate::netlist::{Expr, Instance, Interface, Module, Netlist, Payload, Role};
use std::{collections::BTreeMap, sync::Arc};

/// A stage with a register: its output depends on no input within the cycle.
fn stage() -> Module {
    let mut module = Module::new("stage", None, "a stage", "datapath");
    module.interfaces = vec![Interface::clock(), words("in", true), words("out", false)];
    module.registers(&["out_o"], &["clk_i", "rst_ni", "in_i"]);
    module
}

/// A stage without one.
fn gate() -> Module {
    let mut module = Module::new("gate", None, "a gate", "datapath");
    module.interfaces = vec![words("in", true), words("out", false)];
    module.combinational(&["out_o"], &["in_i"]);
    module
}

/// Eight bits, in or out.
fn words(name: &str, input: bool) -> Interface {
    let interface = Interface::new(name, if input { Role::Input } else { Role::Output }, "Words");
    if input { interface.plain_input(name, 8, Payload::Bits) } else { interface.plain_output(name, 8, Payload::Bits) }
}

/// A top with a clock, one input, one output and a net `middle`.
fn top(instances: Vec<Instance>) -> Module {
    let mut module = Module::new("top", None, "a top", "datapath");
    module.interfaces = vec![Interface::clock(), words("first", true), words("last", false)];
    module.add_nets(&[("middle", 8)]);
    module.instances = instances;
    module
}

const CLOCK: [(&str, &str); 2] = [("clk_i", "clk_i"), ("rst_ni", "rst_ni")];

fn place(name: &str, module: &Module, from: &str, to: &str) -> Instance {
    let instance = Instance::new(name, module).wire(&[("in_i", from), ("out_o", to)]);
    if module.port("clk_i").is_some() { instance.wire(&CLOCK) } else { instance }
}

fn netlist(modules: &[&Module], top: Module) -> Netlist {
    let name = top.name.clone();
    let all = modules.iter().map(|module| (*module).clone()).chain([top]);
    Netlist::new(&name, all.map(|module| (module.name.clone(), Arc::new(module))).collect::<BTreeMap<_, _>>())
}

/// What is said of a top and its children.
fn said(modules: &[&Module], top: Module) -> String {
    check(&netlist(modules, top)).to_string()
}

/// Two stages in a row, with a change.
fn with(change: impl FnOnce(&mut Module)) -> String {
    let stage = stage();
    let mut top = top(vec![place("u_a", &stage, "first_i", "middle"), place("u_b", &stage, "middle", "last_o")]);
    change(&mut top);
    said(&[&stage], top)
}

fn assert_says(said: &str, expected: &[&str]) {
    let heads: Vec<&str> = said.lines().filter(|line| line.starts_with("error[")).collect();
    assert_eq!(heads, expected);
}

#[test]
fn a_sound_netlist_is_passed_in_silence() {
    assert_eq!(with(|_| {}), "");
}

#[test]
fn a_net_that_nothing_drives_is_found_with_its_reader() {
    let said = with(|top| top.instances[0].connections.insert("out_o".into(), Expr::Open(8)).map_or((), drop));
    assert_says(
        &said,
        &[
            "error[AE0310]: nothing reads what `u_a` (alb_stage) in alb_top computes",
            "error[AE0311]: nothing drives `middle` of alb_top (8 bits), which `u_b.in_i` reads",
        ],
    );
}

#[test]
fn an_output_of_the_module_that_nothing_drives_is_found() {
    let said = with(|top| top.interfaces.push(words("spare", false)));
    assert_says(&said, &["error[AE0311]: nothing drives `spare_o` of alb_top (8 bits), an output of the module"]);
}

#[test]
fn slices_that_leave_bits_undriven_are_found() {
    let gate = gate();
    let mut top = top(vec![
        Instance::replicated("u_gate", &gate, "lane", 2).wire(&[("in_i", "first_i")]).lane("out_o", "wide", 8, "W"),
    ]);
    top.nets.clear();
    top.add_nets(&[("wide", 20)]);
    top.combinational(&["last_o"], &["wide"]);
    assert_says(
        &said(&[&gate], top),
        &["error[AE0311]: nothing drives bits 16 to 19 of `wide` of alb_top, which the module's own logic reads"],
    );
}

#[test]
fn inputs_that_are_left_out_or_open_are_found() {
    let left_out = with(|top| top.instances[1].connections.remove("in_i").map_or((), drop));
    assert_says(
        &left_out,
        &[
            "error[AE0310]: nothing reads what `u_a` (alb_stage) in alb_top computes",
            "error[AE0311]: the input `u_b.in_i` in alb_top (8 bits) is not connected",
        ],
    );
    let open = with(|top| top.instances[0].connections.insert("in_i".into(), Expr::Open(8)).map_or((), drop));
    assert_says(&open, &["error[AE0311]: the input `u_a.in_i` in alb_top (8 bits) is left open"]);
}

#[test]
fn a_net_with_two_drivers_is_found_with_both() {
    let twice =
        with(|top| top.instances[1].connections.insert("out_o".into(), Expr::Whole("middle".into())).map_or((), drop));
    assert!(
        twice.contains("error[AE0312]: `middle` of alb_top is driven by `u_a.out_o` and by `u_b.out_o`\n"),
        "{twice}"
    );
    let logic = with(|top| top.combinational(&["middle"], &["first_i"]));
    assert_says(&logic, &["error[AE0312]: `middle` of alb_top is driven by the module's own logic and by `u_a.out_o`"]);
    let input = with(|top| top.combinational(&["first_i"], &["middle"]));
    assert_says(
        &input,
        &["error[AE0312]: `first_i` of alb_top is driven by the port itself and by the module's own logic"],
    );
}

#[test]
fn copies_of_an_instance_that_drive_one_whole_net_are_found() {
    let said = with(|top| top.instances[0].replicate = Some(("lane".into(), 3)));
    assert_says(&said, &["error[AE0312]: `middle` of alb_top is driven more than once by `u_a.out_o`"]);
}

#[test]
fn ports_and_nets_of_different_widths_are_found_with_both_widths() {
    let said = with(|top| top.nets[0].width = 9);
    assert!(said.contains("error[AE0313]: `u_a.out_o` in alb_top has 8 bits, the net `middle` has 9\n"), "{said}");
    assert!(said.contains("error[AE0313]: `u_b.in_i` in alb_top has 8 bits, the net `middle` has 9\n"), "{said}");
    let open = with(|top| {
        top.instances[0].connections.insert("out_o".into(), Expr::Open(7));
        top.nets.clear();
        top.instances[1].connections.insert("in_i".into(), Expr::Whole("first_i".into()));
    });
    assert!(open.contains("error[AE0313]: `u_a.out_o` in alb_top has 8 bits, the open wire has 7\n"));
}

#[test]
fn slices_that_do_not_fit_port_or_net_are_found() {
    let sliced = |width: u32, count: u32, net_width: u32| {
        let gate = gate();
        let instance = Instance::replicated("u_gate", &gate, "lane", count);
        let mut top = top(vec![instance.lane("in_i", "wide", width, "W").lane("out_o", "sums", 8, "W")]);
        top.nets.clear();
        top.add_nets(&[("wide", net_width), ("sums", 8 * count)]);
        top.combinational(&["wide"], &["first_i"]);
        top.combinational(&["last_o"], &["sums"]);
        said(&[&gate], top)
    };
    assert_eq!(sliced(8, 3, 24), "");
    assert_says(
        &sliced(7, 3, 24),
        &["error[AE0313]: `u_gate.in_i` in alb_top has 8 bits, the slices of `wide` have 7"],
    );
    assert_says(
        &sliced(8, 4, 24),
        &["error[AE0313]: `u_gate.in_i` in alb_top takes 4 slices of 8 bits, the net `wide` has 24 bits"],
    );
}

#[test]
fn ports_and_nets_that_there_are_not_are_found() {
    let port = with(|top| top.instances[0] = top.instances[0].clone().wire(&[("data_i", "first_i")]));
    assert_says(&port, &["error[AE0314]: `u_a` in alb_top connects `data_i`: alb_stage has no such port"]);
    assert!(port.contains("its ports are clk_i, rst_ni, in_i, out_o"), "{port}");
    let net = with(|top| top.instances[0] = top.instances[0].clone().wire(&[("in_i", "frist_i")]));
    assert_says(
        &net,
        &["error[AE0314]: `u_a.in_i` in alb_top is joined to `frist_i`, which is not a net or port of this module"],
    );
    let logic = with(|top| top.registers(&["middel"], &["clk_i"]));
    assert_says(&logic, &["error[AE0314]: the logic of alb_top names `middel`, which is not a net or port of it"]);
    let slice = with(|top| top.instances[0] = top.instances[0].clone().lane("in_i", "first_i", 8, "W"));
    assert_says(
        &slice,
        &["error[AE0314]: `u_a.in_i` in alb_top takes a slice of `first_i`, but the instance is not replicated"],
    );
}

#[test]
fn an_output_must_be_wired_or_left_open_on_purpose() {
    let said = with(|top| top.instances[1].connections.remove("out_o").map_or((), drop));
    assert!(said.contains("error[AE0314]: the output `u_b.out_o` in alb_top (8 bits) is not connected\n"), "{said}");
}

#[test]
fn ends_that_read_the_same_bits_differently_are_found() {
    let (mut masks, mut sums) = (stage(), stage());
    masks.name = "alb_masks".into();
    masks.interfaces[2].ports[0].payload = Payload::Mask;
    sums.name = "alb_sums".into();
    sums.interfaces[1].ports[0].payload = Payload::Sums;
    let joined = |a: &Module, b: &Module| {
        said(
            &[&masks, &sums, &stage()],
            top(vec![place("u_a", a, "first_i", "middle"), place("u_b", b, "middle", "last_o")]),
        )
    };
    assert_says(
        &joined(&masks, &sums),
        &["error[AE0307]: `middle` of alb_top carries mask at `u_a.out_o` and sums at `u_b.in_i`"],
    );
    assert_eq!(joined(&masks, &stage()), "", "plain bits go with anything");
}

#[test]
fn a_clock_or_reset_that_does_not_arrive_is_found() {
    let missing = with(|top| top.instances[0].connections.remove("clk_i").map_or((), drop));
    assert_says(&missing, &["error[AE0404]: the clock does not reach `u_a.clk_i` in alb_top: it is not connected"]);
    let crossed = with(|top| top.instances[1] = top.instances[1].clone().wire(&[("rst_ni", "clk_i")]));
    assert!(
        crossed.contains("error[AE0404]: the reset does not reach `u_b.rst_ni` in alb_top: it is joined to `clk_i`\n")
    );
    let none = with(|top| drop(top.interfaces.remove(0)));
    assert_eq!(none.matches("error[AE0404]").count(), 4, "{none}");
    assert!(none.contains("give alb_top a clock port and wire it through"), "{none}");
}

#[test]
fn a_loop_within_a_modules_own_logic_is_found() {
    let said = with(|top| {
        top.add_nets(&[("x", 1), ("y", 1)]);
        top.combinational(&["x"], &["y"]);
        top.combinational(&["y"], &["x"]);
    });
    assert_says(&said, &["error[AE0402]: a combinational loop in alb_top: `x` -> `y` -> `x`"]);
}

#[test]
fn a_loop_through_instances_of_several_levels_is_found_with_its_path() {
    let gate = gate();
    let mut wrapper = Module::new("wrapper", None, "a gate in a box", "datapath");
    wrapper.interfaces = vec![words("in", true), words("out", false)];
    wrapper.instances = vec![place("u_inner", &gate, "in_i", "out_o")];
    let mut looped = top(vec![place("u_a", &wrapper, "back", "middle"), place("u_b", &gate, "middle", "back")]);
    looped.add_nets(&[("back", 8)]);
    looped.combinational(&["last_o"], &["back", "first_i"]);
    assert_says(
        &said(&[&gate, &wrapper], looped),
        &[
            "error[AE0402]: a combinational loop in alb_top: `back` -> `u_a.in_i` -> `u_a.out_o` -> `middle` -> `u_b.in_i` \
           -> `u_b.out_o` -> `back`",
        ],
    );
}

#[test]
fn a_register_in_an_instance_cuts_a_loop() {
    let (gate, stage) = (gate(), stage());
    let mut ring = top(vec![place("u_a", &stage, "back", "middle"), place("u_b", &gate, "middle", "back")]);
    ring.add_nets(&[("back", 8)]);
    ring.combinational(&["last_o"], &["back", "first_i"]);
    assert_eq!(said(&[&gate, &stage], ring), "");
}

#[test]
fn a_chain_through_the_slices_of_one_bus_is_no_loop() {
    // Each copy's output goes by the parent's logic to another copy's input.
    let gate = gate();
    let mut chain = top(vec![
        Instance::replicated("u_low", &gate, "low", 1).lane("in_i", "bus", 8, "W").wire(&[("out_o", "middle")]),
        Instance::replicated("u_pair", &gate, "pair", 2).wire(&[("in_i", "first_i")]).lane("out_o", "bus", 8, "W"),
    ]);
    chain.add_nets(&[("bus", 16)]);
    chain.combinational(&["last_o"], &["middle", "bus"]);
    assert_eq!(said(&[&gate], chain.clone()), "");
    // Closed, it is one, and is named once, not once a copy.
    chain.instances[1] =
        Instance::replicated("u_pair", &gate, "pair", 2).wire(&[("in_i", "middle")]).lane("out_o", "bus", 8, "W");
    let said = said(&[&gate], chain);
    assert_eq!(said.matches("error[AE0402]").count(), 1, "{said}");
}

#[test]
fn feed_through_says_which_outputs_depend_on_which_inputs_within_the_cycle() {
    let (gate, stage) = (gate(), stage());
    let mut module = top(vec![place("u_a", &gate, "first_i", "middle"), place("u_b", &stage, "middle", "last_o")]);
    module.interfaces.push(words("early", false));
    module.combinational(&["early_o"], &["middle"]);
    let summary = feed_through(&netlist(&[&gate, &stage], module));
    assert_eq!(summary.of("alb_top").collect::<Vec<_>>(), [("first_i", "early_o")]);
    assert_eq!(summary.of("alb_gate").collect::<Vec<_>>(), [("in_i", "out_o")]);
    assert_eq!(summary.of("alb_stage").count(), 0);
}

#[test]
fn the_hierarchy_is_drawn_as_a_tree_and_as_a_graph() {
    let gate = gate();
    let mut top = top(vec![
        Instance::replicated("u_gate", &gate, "lane", 2).lane("in_i", "wide", 8, "W").lane("out_o", "sums", 8, "W"),
        place("u_more", &gate, "first_i", "middle"),
    ]);
    top.add_nets(&[("wide", 16), ("sums", 16)]);
    let netlist = netlist(&[&gate], top);
    assert_eq!(netlist.tree(), "alb_top\n  u_gate: alb_gate x 2\n  u_more: alb_gate\n");
    assert!(netlist.dot().contains("    alb_top -> alb_gate [label=\"x 3\"];\n"), "{}", netlist.dot());
    let data = serde_json::to_value(&netlist).expect("data");
    assert_eq!(data["top"], "alb_top");
    assert_eq!(data["modules"]["alb_top"]["instances"][1]["connections"]["in_i"]["whole"], "first_i");
}

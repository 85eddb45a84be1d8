//! Elaboration of the designs that people start from.

use crate::{design, designs, netlist, netlists};
use alberti_diagnostic::Code;
use alberti_rtl::{Prefix, elaborate_with, emit::Package, memory::Technology, netlist::check};

#[test]
fn every_design_and_every_block_of_it_elaborates_without_a_problem() {
    for design in designs() {
        for netlist in netlists(&design) {
            let problems = check(&netlist);
            assert!(problems.is_empty(), "{} {}:\n{problems}", design.name, netlist.top());
        }
    }
}

#[test]
fn the_same_design_gives_the_same_bytes() {
    for design in designs() {
        let package = || Package::new(&Prefix::of_design(&design), &design, &netlist(&design), &[]).expect("a package");
        assert_eq!(package(), package(), "{}", design.name);
    }
}

#[test]
fn without_a_composition_the_processing_unit_is_the_top() {
    assert_eq!(netlist(&design("pu4")).top(), "alb_processing_unit");
}

#[test]
fn without_a_composition_the_accelerator_is_the_top_with_its_memories_in_it() {
    let netlist = netlist(&design("accelerator4"));
    assert_eq!(netlist.top(), "alb_accelerator");
    assert!(netlist.order().iter().any(|module| module.name == "alb_rram_weight"));
}

#[test]
fn all_memories_of_an_accelerator_that_no_macro_serves_are_reported() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../technology/memories");
    let technology = Technology::load(root.join("cacti22_lstp.yaml")).expect("a technology");
    let problems = elaborate_with(&design("accelerator4"), &technology).expect_err("it has no RRAM");
    assert!(problems.iter().filter(|problem| problem.code == Code::NoMacroServes).count() >= 2, "{problems}");
}

#[test]
fn a_composition_is_a_top_of_its_own_with_prefixed_ports() {
    let netlist = netlist(&design("codec"));
    assert_eq!(netlist.tree().lines().next(), Some("alb_codec"));
    let top = netlist.top_module();
    let ports: Vec<&str> = top.ports().map(|port| port.name.as_str()).collect();
    for port in [
        "clk_i",
        "rst_ni",
        "decode_mask_valid_i",
        "decode_value_address_o",
        "encode_mask_last_o",
        "encode_value_address_o",
    ] {
        assert!(ports.contains(&port), "{port} is not in {ports:?}");
    }
    assert!(!ports.iter().any(|port| port.contains("vector")), "{ports:?}");
    let nets: Vec<&str> = top.nets.iter().map(|net| net.name.as_str()).collect();
    assert_eq!(nets, ["decode_vector_data", "decode_vector_last", "decode_vector_ready", "decode_vector_valid"]);
}

#[test]
fn every_input_port_of_a_module_is_read_by_something() {
    for design in designs() {
        for module in netlists(&design).iter().flat_map(|netlist| netlist.order()) {
            let reads = module.logic.iter().flat_map(|logic| logic.combinational.iter().chain(&logic.registered));
            let joined = module.instances.iter().flat_map(|instance| instance.connections.values());
            let mut read: Vec<&str> = reads.map(String::as_str).collect();
            read.extend(joined.filter_map(|expr| match expr {
                alberti_rtl::netlist::Expr::Whole(net) | alberti_rtl::netlist::Expr::Lane { net, .. } => {
                    Some(net.as_str())
                }
                alberti_rtl::netlist::Expr::Open(_) => None,
            }));
            for port in module.names(alberti_rtl::netlist::Direction::Input) {
                assert!(read.contains(&port), "{}: nothing reads {port} of {}", design.name, module.name);
            }
        }
    }
}

#[test]
fn the_memories_of_a_composition_are_of_the_technology_that_is_named() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../technology/memories");
    let technology = Technology::load(root.join("cacti22_lstp.yaml")).expect("a technology");
    let problems = elaborate_with(&design("pu8_memories"), &technology).expect_err("it has no RRAM");
    assert!(problems.iter().all(|problem| problem.code == Code::NoMacroServes), "{problems}");
}

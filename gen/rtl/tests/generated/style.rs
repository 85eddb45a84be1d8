//! The style of the emitted Verilog, as far as its text shows it.

use crate::{designs, netlists};
use alberti_rtl::netlist::{Interface, Module, ModuleKind, Role};
use std::collections::BTreeMap;

/// Longest line in characters.
const LONGEST: usize = 120;

/// Every module of every design by design and name.
fn modules() -> BTreeMap<(String, String), Module> {
    let mut modules = BTreeMap::new();
    for design in designs() {
        for module in netlists(&design).iter().flat_map(|netlist| netlist.order()) {
            modules.insert((design.name.clone(), module.name.clone()), module.clone());
        }
    }
    assert!(modules.len() > 100);
    modules
}

/// Fails with every module and line that a rule finds fault with.
fn assert_lines(rule: &str, fault: impl Fn(&Module, &str) -> bool) {
    let mut faults = Vec::new();
    for ((design, name), module) in modules() {
        let lines = module.text.lines().enumerate().filter(|(_, line)| fault(&module, line));
        faults.extend(lines.map(|(number, line)| format!("{design} {name}:{}: {line}", number + 1)));
    }
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

#[test]
fn lines_are_short_and_end_without_blanks_and_hold_no_tabs() {
    assert_lines("a line is too long", |_, line| line.chars().count() > LONGEST);
    assert_lines("blanks at the end of a line or tabs", |_, line| line.ends_with([' ', '\t']) || line.contains('\t'));
}

#[test]
fn a_file_has_one_module_of_its_own_name_and_ends_with_one_newline() {
    for ((design, name), module) in modules() {
        let text = &module.text;
        assert!(name.starts_with("alb_"), "{design}: {name}");
        assert!(text.ends_with("\nendmodule\n\n`default_nettype wire\n"), "{design}: {name}");
        let none = format!("\n\n`default_nettype none\n\nmodule {name} (\n");
        assert_eq!(text.matches(&none).count(), 1, "{design}: {name}");
        assert_eq!(text.matches('`').count(), 2, "{design}: {name} has another directive");
        assert_eq!(text.matches(&format!("\nmodule {name} (\n")).count(), 1, "{design}: {name}");
        let heads = text.lines().filter(|line| line.starts_with("module ")).count();
        assert_eq!(heads, 1, "{design}: {name}");
        assert!(!text.contains("\n\n\n"), "{design}: {name} has two empty lines in a row");
    }
}

#[test]
fn names_hold_no_dollar_and_files_no_path_of_a_machine() {
    // Models of macros are loaded from files.
    assert_lines("a dollar", |module, line| module.kind != ModuleKind::Model && code(line).contains('$'));
    assert_lines("a path", |_, line| {
        ["/home", "/tmp", "/work", "/root", "designs/"].iter().any(|path| line.contains(path))
    });
}

#[test]
fn nothing_is_initialised_or_delayed_and_memories_are_inferred_in_their_models_alone() {
    let word =
        |line: &str, word: &str| code(line).split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word);
    let is_memory = |module: &Module| matches!(module.kind, ModuleKind::Memory | ModuleKind::Model);
    assert_lines("initial", |module, line| !is_memory(module) && word(line, "initial"));
    assert_lines("a delay or a parameter list", |_, line| code(line).replace("#(.", "").contains('#'));
    assert_lines("a memory", |module, line| {
        let declared = code(line).trim_start().starts_with("reg ") && code(line).trim_end().ends_with("];");
        !is_memory(module) && declared
    });
}

#[test]
fn sequential_logic_has_the_asynchronous_reset_or_none() {
    let allowed = ["always @(posedge clk_i)", "always @(posedge clk_i or negedge rst_ni)", "always @*", "always @(*)"];
    assert_lines("a sensitivity list", |_, line| {
        code(line).contains("always") && !allowed.iter().any(|form| code(line).contains(form))
    });
}

#[test]
fn the_header_says_what_the_module_is_and_where_it_comes_from() {
    for ((design, name), module) in modules() {
        let header: Vec<&str> = module.text.lines().take_while(|line| line.starts_with("//")).collect();
        assert_eq!(header[0], "// SPDX-License-Identifier: Apache-2.0", "{design}: {name}");
        assert!(header[1].starts_with(&format!("// {name}: ")), "{design}: {name}");
        let has = |start: &str| header.iter().any(|line| line.starts_with(start));
        for start in ["// Design   ", "// Template ", "// Latency  "] {
            assert!(
                has(start) || start.contains("Latency") && module.kind == ModuleKind::Composition,
                "{design}: {name} {start}"
            );
        }
        assert_eq!(header.last(), Some(&"// Generated: edit the design, not this file."), "{design}: {name}");
        let origin = header.join(" ").replace(" //          ", " ");
        assert!(origin.contains(&format!("Design   {design} ({design}.yaml: ")), "{origin}");
    }
}

#[test]
fn ports_are_declared_in_the_header_with_direction_and_suffix() {
    for ((design, name), module) in modules() {
        let (_, body) = module.text.split_once(&format!("\nmodule {name} (\n")).expect("a module");
        let (ports, body) = body.split_once("\n);\n").expect("a port list");
        let declared = ports.lines().map(|line| code(line).trim_end()).filter(|line| !line.is_empty());
        let mut count = 0;
        for line in declared {
            let words: Vec<&str> = line.trim_end_matches(',').split_whitespace().collect();
            let port = words.last().expect("a name");
            let suffixes = match words[0] {
                "input" => ["_i", "_ni"],
                "output" => ["_o", "_no"],
                other => panic!("{design}: {name} declares {other}"),
            };
            let of_bus = |i: &Interface| i.role == Role::Bus && i.ports.iter().any(|signal| signal.name == *port);
            let named = suffixes.iter().any(|suffix| port.ends_with(suffix)) || module.interfaces.iter().any(of_bus);
            assert!(named, "{design}: {name} {port}");
            assert!(module.port(port).is_some(), "{design}: {name} {port}");
            count += 1;
        }
        assert_eq!(count, module.ports().count(), "{design}: {name}");
        // A function declares inputs of its own.
        let mut in_function = false;
        let mut outside = body.lines().filter(|line| {
            in_function = in_function && line.trim() != "endfunction" || line.trim_start().starts_with("function ");
            !in_function
        });
        let again =
            outside.any(|line| ["input ", "output ", "inout "].iter().any(|w| line.trim_start().starts_with(w)));
        assert!(!again, "{design}: {name} declares ports in its body");
    }
}

#[test]
fn every_port_of_every_instance_is_connected_by_name_once() {
    let all = modules();
    for ((design, name), module) in &all {
        for instance in &module.instances {
            let placed = &all[&(design.clone(), instance.module.clone())];
            assert!(instance.name.starts_with("u_"), "{design}: {name} {}", instance.name);
            let head = format!(" {} (\n", instance.name);
            assert_eq!(module.text.matches(&head).count(), 1, "{design}: {name} {}", instance.name);
            let (_, rest) = module.text.split_once(&head).expect("the instance");
            let (list, _) = rest.split_once(");\n").expect("its end");
            for port in placed.ports() {
                let connected = list.lines().filter(|line| line.trim_start().starts_with(&format!(".{} ", port.name)));
                assert_eq!(connected.count(), 1, "{design}: {name} {} {}", instance.name, port.name);
            }
        }
    }
}

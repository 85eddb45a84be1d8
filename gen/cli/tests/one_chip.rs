//! Packages of several designs in one chip and one program: no global name of one is that of another.

mod common;

use common::{fails, text, well};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// Two designs, the first once more under another name, and a block of the second.
fn packages(folder: &Path) -> [&'static str; 4] {
    let accelerator = "designs/accelerator4.yaml";
    let out = |name: &str| text(&folder.join(name)).to_owned();
    well(&["gen", accelerator, "-o", &out("accelerator4")]);
    well(&["gen", accelerator, "-o", &out("second"), "--prefix", "second"]);
    well(&["gen", "designs/pu4.yaml", "-o", &out("pu4")]);
    well(&["gen", "designs/pu4.yaml", "-o", &out("vmac_pu4"), "--block", "vmac"]);
    ["accelerator4", "second", "pu4", "vmac_pu4"]
}

fn ran(folder: &Path, tool: &str, arguments: &[&str]) {
    // FuseSoC looks for settings and libraries at home: here it finds none.
    let mut command = Command::new(tool);
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    let output = command.args(arguments).current_dir(folder).env("HOME", folder).output();
    let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{tool}: {said}");
}

#[test]
fn modules_and_packages_have_one_name_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut modules = BTreeSet::new();
    let mut cores = BTreeSet::new();
    for name in packages(folder.path()) {
        let package = folder.path().join(name);
        assert!(package.join(format!("rtl/{name}.v")).is_file(), "{name} is the top");
        for file in fs::read_dir(package.join("rtl")).expect("modules") {
            let file = file.expect("a module").file_name().into_string().expect("text");
            assert!(file.starts_with(name), "{name}: {file}");
            assert!(modules.insert(file.clone()), "{file} is there twice");
        }
        let core = fs::read_to_string(package.join(format!("{name}.core"))).expect("a core");
        let line = core.lines().find(|line| line.starts_with("name: ")).expect("a name").to_owned();
        assert!(cores.insert(line.clone()), "{line} is there twice");
        let bender = fs::read_to_string(package.join("Bender.yml")).expect("a manifest");
        assert!(bender.contains(&format!("  name: \"{name}\"\n")), "{bender}");
    }
}

#[test]
fn one_model_of_verilator_takes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = packages(folder.path());
    let instances: String = names.iter().map(|name| format!("    {name} u_{name} ();\n")).collect();
    fs::write(folder.path().join("chip.v"), format!("module chip;\n{instances}endmodule\n")).expect("written");
    // Paths of a file list are relative to it.
    let lists = names.map(|name| {
        let list = |suffix: &str| format!("{name}/{name}{suffix}.f");
        let there = |list: &String| folder.path().join(list).is_file();
        ["", "_memories", "_models"].map(list).into_iter().filter(there).collect::<Vec<_>>()
    });
    let lists = lists.concat();
    let files = lists.iter().flat_map(|list| ["-F", list.as_str()]);
    let arguments: Vec<&str> = ["--cc", "-Wno-PINMISSING", "-Wno-MULTITOP", "--top-module", "chip", "chip.v"]
        .into_iter()
        .chain(files)
        .collect();
    ran(folder.path(), "verilator", &arguments);
}

/// Each driver finds its own accelerator, and no other.
const PROGRAM: &str = r#"
#include "accelerator4/driver/accelerator4.h"
#include "second/driver/second.h"

int main(void)
{
    static uint32_t registers[64];
    struct accelerator4_handle first;
    struct second_handle second;

    registers[ACCELERATOR4_MAGIC_OFFSET / 4] = SECOND_MAGIC_RESET;
    registers[ACCELERATOR4_VERSION_OFFSET / 4] = SECOND_VERSION_RESET;
    registers[ACCELERATOR4_HASH_LOW_OFFSET / 4] = SECOND_HASH_LOW_RESET;
    registers[ACCELERATOR4_HASH_HIGH_OFFSET / 4] = SECOND_HASH_HIGH_RESET;
    return accelerator4_probe(&first, (uintptr_t)registers) != ACCELERATOR4_OK
        || second_probe(&second, (uintptr_t)registers) != SECOND_OK;
}
"#;

#[test]
fn one_program_has_both_drivers() {
    let folder = tempfile::tempdir().expect("a folder");
    packages(folder.path());
    fs::write(folder.path().join("main.c"), PROGRAM).expect("written");
    let flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", "main", "main.c"];
    let drivers = ["accelerator4", "second"]
        .map(|name| [format!("{name}/driver/{name}.c"), format!("{name}/driver/{name}_example.c")]);
    let drivers = drivers.concat();
    let arguments: Vec<&str> = flags.into_iter().chain(drivers.iter().map(String::as_str)).collect();
    ran(folder.path(), "cc", &arguments);
    ran(folder.path(), "./main", &[]);
}

/// FuseSoC resolves a core that depends on all of them.
#[test]
fn one_core_depends_on_them() {
    if Command::new("fusesoc").arg("--version").output().is_err() {
        eprintln!("skipped: no fusesoc here; `make setup` installs it in build/python");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let names = packages(folder.path());
    let depend: String = names.iter().map(|name| format!("      - \"alberti:design:{name}\"\n")).collect();
    let instances: String = names.iter().map(|name| format!("    {name} u_{name} ();\n")).collect();
    fs::write(folder.path().join("chip.v"), format!("module chip;\n{instances}endmodule\n")).expect("written");
    let core = format!(
        "CAPI=2:\nname: \"me:chip:chip:1.0\"\nfilesets:\n  rtl:\n    files: [chip.v: {{file_type: verilogSource}}]\n    depend:\n{depend}\
         targets:\n  lint:\n    toplevel: chip\n    filesets: [rtl]\n    flow: lint\n    flow_options:\n      tool: verilator\n      \
         verilator_options: [-Wno-PINMISSING, -Wno-UNUSEDSIGNAL, -Wno-DECLFILENAME]\n"
    );
    fs::write(folder.path().join("chip.core"), core).expect("written");
    ran(folder.path(), "fusesoc", &["--cores-root", ".", "run", "--target", "lint", "me:chip:chip"]);
}

#[test]
fn a_prefix_that_is_no_name_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    for prefix in ["", "9a", "a-b", "module", "Chip"] {
        fails(&["gen", "designs/pu4.yaml", "-o", text(&out), "--prefix", prefix], 2, "cannot begin names");
        assert!(!out.exists());
    }
}

//! The driver in C: what it says fits the accelerator, and compilers take it without a word. That it works is
//! co-simulated.

use crate::{design, netlist, root};
use alberti_isa::Fault;
use alberti_rtl::{Design, Prefix, emit::Package};
use std::{path::Path, process::Command};

fn package(design: &Design) -> Package {
    Package::new(&Prefix::new("alberti").expect("a prefix"), design, &netlist(design), &[]).expect("a package")
}

/// The accelerator with other addresses, and without what can be left out.
fn variants() -> Vec<Design> {
    let text = std::fs::read_to_string(root().join("designs/accelerator4.yaml")).expect("a design");
    let of = |changes: &[(&str, &str)]| {
        let mut text = text.clone();
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "`{from}` is to be replaced once");
            text = text.replace(from, to);
        }
        Design::parse("accelerator4.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let addresses = |bits: u32| {
        let (axi, csr) = (format!("address_bits: {bits}"), format!("csr: {{program_address_bits: {bits}}}"));
        of(&[("address_bits: 40", &axi), ("csr: {}", &csr)])
    };
    vec![design("accelerator4"), addresses(32), addresses(64), of(&[(", ecc: secded", "")])]
}

#[test]
fn it_compiles_without_a_warning_with_either_way_to_reach_registers() {
    for design in variants() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        package(&design).write(&out).expect("written");
        for access in ["-UALBERTI_ACCESS", "-DALBERTI_ACCESS"] {
            for file in ["alberti", "alberti_example"] {
                let flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2", "-ffreestanding", access];
                let (source, object) = (format!("driver/{file}.c"), format!("{file}.o"));
                let ran =
                    Command::new("cc").current_dir(&out).args(flags).args(["-c", &source, "-o", &object]).output();
                let ran = ran.expect("a C compiler");
                assert!(ran.status.success(), "{access} {source}: {}", String::from_utf8_lossy(&ran.stderr));
            }
        }
    }
}

/// An accelerator of memory, which says who it is and then that it is another.
const MEMORY: &str = r#"
#include "driver/alberti.h"

int main(void)
{
    static uint32_t registers[64];
    struct alberti_handle accelerator;

    if (alberti_probe(&accelerator, (uintptr_t)registers) != ALBERTI_NO_ACCELERATOR)
        return 1;
    registers[ALBERTI_MAGIC_OFFSET / 4] = ALBERTI_MAGIC_RESET;
    if (alberti_probe(&accelerator, (uintptr_t)registers) != ALBERTI_OTHER_VERSION)
        return 2;
    registers[ALBERTI_VERSION_OFFSET / 4] = ALBERTI_VERSION_RESET;
    if (alberti_probe(&accelerator, (uintptr_t)registers) != ALBERTI_OTHER_DESIGN)
        return 3;
    registers[ALBERTI_HASH_LOW_OFFSET / 4] = ALBERTI_HASH_LOW_RESET;
    registers[ALBERTI_HASH_HIGH_OFFSET / 4] = ALBERTI_HASH_HIGH_RESET;
    if (alberti_probe(&accelerator, (uintptr_t)registers) != ALBERTI_OK)
        return 4;
    alberti_watchdog(&accelerator, 99);
    return registers[ALBERTI_WATCHDOG_LIMIT_OFFSET / 4] == 99 ? 0 : 5;
}
"#;

#[test]
fn registers_are_words_from_the_base_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    package(&design("accelerator4")).write(&out).expect("written");
    std::fs::write(out.join("main.c"), MEMORY).expect("written");
    let flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"];
    let ran =
        Command::new("cc").current_dir(&out).args(flags).args(["main.c", "driver/alberti.c", "-o", "main"]).output();
    let ran = ran.expect("a C compiler");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(Command::new(out.join("main")).status().expect("it runs").code(), Some(0));
}

#[test]
fn every_fault_has_its_name_and_number() {
    let package = package(&design("accelerator4"));
    let header = String::from_utf8(package.files["driver/alberti.h"].clone()).expect("text");
    for (fault, name, _) in Fault::ALL {
        let line = format!("ALBERTI_FAULT_{} = {}", name.to_uppercase(), fault.code());
        assert!(header.lines().any(|has| has.trim().trim_end_matches(',') == line), "{line}:\n{header}");
    }
}

#[test]
fn a_package_without_an_accelerator_has_no_driver() {
    for name in ["pu4", "codec"] {
        let package = package(&design(name));
        assert!(!package.files.keys().any(|path| Path::new(path).starts_with("driver")), "{name}");
    }
}

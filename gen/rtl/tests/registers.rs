//! The register map in every design, and what is made of it: a C header, a Rust module, SystemRDL, the
//! committed page.

use alberti_rtl::{
    Design, Prefix,
    blocks::Block,
    elaborate,
    emit::Package,
    registers::{Access, INTERRUPT, Map, SNAPSHOT},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A design of `designs/` with changes: text that stands there once, and what stands there instead.
fn variant(name: &str, changes: &[(&str, &str)]) -> Design {
    let mut text = fs::read_to_string(root().join(format!("designs/{name}.yaml"))).expect("a design");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{name}: `{from}`");
        text = text.replace(from, to);
    }
    Design::parse(&format!("{name}.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Designs that have all registers between them, and one that has few.
fn designs() -> Vec<Design> {
    let masks = "latency: 1, masks: {words: 4096, latency: 2, ecc: secded}}\n  activation";
    vec![
        variant("pu16", &[]),
        variant("pu16_8of16", &[("csr: {}", "csr: {address_bits: 8, program_address_bits: 33}")]),
        variant("pu4", &[("latency: 1}\n  activation", masks), ("csr: {}", "csr: {program_address_bits: 64}")]),
        variant("pu4", &[("  entropy: {classes_max: 8}\n", ""), ("  n: 4\n", "  n: 4\n  zero_skip: false\n")]),
        variant("pu4", &[("csr: {}", "csr: {address_bits: 32}")]),
    ]
}

fn map(design: &Design) -> Map {
    Map::of(design).expect("the design has registers")
}

#[test]
fn registers_and_fields_lie_apart_and_in_order() {
    for design in designs() {
        let map = map(&design);
        let offsets: Vec<u32> = map.registers.iter().map(|register| register.offset).collect();
        assert!(offsets.is_sorted_by(|a, b| a < b), "{offsets:x?}");
        // The least number of address bits that a design can ask for holds every map.
        assert!(offsets.iter().all(|offset| offset % 4 == 0 && *offset < 256), "{offsets:x?}");
        for register in &map.registers {
            let mut taken = 0;
            for field in &register.fields {
                assert!((1..=32).contains(&field.bits) && field.low + field.bits <= 32, "{register:?}");
                assert!(field.mask() > taken, "{register:?}");
                assert_eq!(field.mask() & taken, 0, "{register:?}");
                assert_eq!(u64::from(field.reset) >> field.bits, 0, "{register:?}");
                taken |= field.mask();
                let is_bit = matches!(field.access, Access::Pulse | Access::WriteOneToClear);
                assert!(field.bits == 1 || !is_bit, "{register:?}");
            }
            assert!(taken > 0, "{register:?}");
        }
        let stems: BTreeSet<String> = map.fields().map(|(register, field)| register.stem(field)).collect();
        assert_eq!(stems.len(), map.fields().count());
    }
}

#[test]
fn a_register_has_one_offset_and_its_fields_one_place_in_all_designs() {
    let mut places: BTreeMap<String, (u32, u32, Access)> = BTreeMap::new();
    for design in designs() {
        for (register, field) in map(&design).fields() {
            let place = (register.offset, field.low, field.access);
            let known = *places.entry(register.stem(field)).or_insert(place);
            assert_eq!(known, place, "{}", register.stem(field));
        }
    }
    assert!(places.len() > 45, "{places:?}");
}

#[test]
fn what_a_design_lacks_has_no_register() {
    let all = designs();
    let has = |design: usize, name: &str| map(&all[design]).register(name).is_some();
    for (name, present) in [
        ("magic", [true, true, true, true]),
        ("program_base_high", [false, true, true, false]),
        ("entropy_threshold", [true, false, true, false]),
        ("exit_layer", [true, false, true, false]),
        ("count_held", [true, true, true, false]),
        ("count_mask_errors", [false, true, false, false]),
        ("count_misplaced", [true, true, true, false]),
        ("count_detected", [false, true, true, false]),
    ] {
        assert_eq!([0, 1, 2, 3].map(|design| has(design, name)), present, "{name}");
    }
    let without = variant("pu4", &[("csr: {}\n", "")]);
    assert_eq!(Map::of(&without), None);
    // Nor has a package whose top lacks the block, whatever its design has.
    let without = variant("pu4", &[]);
    let package = Package::new(&Prefix::of_design(&without), &without, &elaborate(&without).expect("valid"), &[])
        .expect("a package");
    assert!(!package.files.keys().any(|path| path.contains("registers")), "{:?}", package.files.keys());
}

#[test]
fn every_cause_can_be_enabled_and_a_snapshot_taken() {
    for design in designs() {
        let map = map(&design);
        let fields = INTERRUPT.map(|name| {
            let register = map.register(name).expect("both registers");
            register.fields.iter().map(|field| (field.name, field.low, field.bits)).collect::<Vec<_>>()
        });
        assert_eq!(fields[0], fields[1]);
        assert!(map.fields().any(|(r, f)| r.stem(f) == SNAPSHOT && f.access == Access::Pulse));
    }
}

#[test]
fn an_accelerator_says_which_design_it_is() {
    let design = variant("pu16", &[]);
    let map = map(&design);
    let reset = |name: &str| map.register(name).expect("there").reset();
    assert_eq!(reset("magic").to_be_bytes(), *b"ALBT");
    assert_eq!(format!("{:08x}{:08x}", reset("hash_high"), reset("hash_low")), design.hash);
    assert_eq!((reset("shape"), reset("formats")), (128 << 16 | 16, 0x1308_1308));
    assert_eq!(reset("units"), 0b011_1111);
    let sparse = Map::of(&variant("pu16_8of16", &[])).expect("registers");
    assert_eq!(sparse.register("units").expect("there").reset(), 16 << 16 | 8 << 8 | 0b110_0000);
}

#[test]
fn a_package_has_the_map_in_every_form() {
    let design = variant("pu16", &[]);
    let registers = Block::named("csr").and_then(|block| block.netlist(&design)).expect("registers");
    let prefix = Prefix::of_block(&design, "csr");
    let package = Package::new(&prefix, &design, &registers, &[]).expect("a package");
    for (path, text) in map(&design).files(&prefix, &design) {
        assert_eq!(package.files.get(&path).map(Vec::as_slice), Some(text.as_bytes()), "{path}");
    }
}

/// Runs a tool in a folder of files, and fails with what it says.
fn run(folder: &Path, tool: &str, arguments: &[&str]) {
    let output = Command::new(tool).current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && said.is_empty(), "{tool} {arguments:?}: {said}");
}

#[test]
fn the_c_header_compiles_without_a_warning_and_says_what_the_map_says() {
    for design in designs() {
        let (map, folder) = (map(&design), tempfile::tempdir().expect("a folder"));
        let mut checks = String::new();
        let mut check = |name: String, value: u32| {
            let _ = writeln!(checks, "    if (ALB_{} != 0x{value:x}u) return 1;", name.to_uppercase());
        };
        for register in &map.registers {
            check(format!("{}_offset", register.name), register.offset);
            check(format!("{}_reset", register.name), register.reset());
            for field in &register.fields {
                check(format!("{}_shift", register.stem(field)), field.low);
                check(format!("{}_mask", register.stem(field)), field.mask());
            }
        }
        let include = "#include \"registers.h\"\n";
        let program = format!("{include}{include}int main(void) {{\n{checks}    return 0;\n}}\n");
        fs::write(folder.path().join("registers.h"), map.c_header(&design)).expect("written");
        fs::write(folder.path().join("main.c"), program).expect("written");
        let strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-std=c99", "main.c", "-o", "main"];
        run(folder.path(), "cc", &strict);
        run(folder.path(), "./main", &[]);
    }
}

#[test]
fn the_rust_module_compiles_without_a_warning_and_says_what_the_map_says() {
    for design in designs() {
        let (map, folder) = (map(&design), tempfile::tempdir().expect("a folder"));
        let mut checks = String::new();
        for register in &map.registers {
            let (name, offset, reset) = (register.name, register.offset, register.reset());
            let _ = writeln!(checks, "const _: () = assert!({name}::OFFSET == {offset} && {name}::RESET == {reset});");
            for field in &register.fields {
                let (stem, low, mask) = (format!("{name}::{}", field.name.to_uppercase()), field.low, field.mask());
                let _ = writeln!(checks, "const _: () = assert!({stem}_SHIFT == {low} && {stem}_MASK == {mask});");
            }
        }
        fs::write(folder.path().join("registers.rs"), map.rust_module(&design) + &checks).expect("written");
        let arguments = ["--crate-type=lib", "--edition=2021", "--emit=metadata", "-Dwarnings", "registers.rs"];
        run(folder.path(), "rustc", &arguments);
    }
}

/// No compiler of SystemRDL is among the tools of a fresh accelerator: the text is taken apart here as far as
/// it is used.
#[test]
fn system_rdl_has_every_register_and_field_at_its_place() {
    for design in designs() {
        let (map, text) = (map(&design), map(&design).system_rdl(&design));
        let code: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
        let count = |sign: char| code.iter().map(|line| line.matches(sign).count()).sum::<usize>();
        assert_eq!(count('{'), count('}'));
        assert_eq!(count('{'), 1 + map.registers.len() + map.fields().count());
        assert!(count('"').is_multiple_of(2));
        assert_eq!(code[0], "addrmap alberti_registers {");
        assert_eq!(*code.last().expect("lines"), "};");
        for line in code.iter().filter(|line| !line.is_empty()) {
            assert!(line.ends_with(['{', ';']), "{line}");
        }
        let (mut fields, mut properties, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for line in &code {
            if let Some(end) = line.strip_prefix("} ") {
                match end.split_once(" @ ") {
                    Some((name, offset)) => {
                        seen.push((name.to_owned(), offset.to_owned(), std::mem::take(&mut fields)))
                    }
                    None => fields.push((end.to_owned(), properties.pop().expect("what it does"))),
                }
            } else if line.starts_with("sw = ") {
                properties.push((*line).to_owned());
            }
        }
        let expected: Vec<_> = map
            .registers
            .iter()
            .map(|register| {
                let fields = register.fields.iter().map(|field| {
                    let reset = format!(" = {}'h{:x}", field.bits, field.reset);
                    let properties = match field.access {
                        Access::Constant => "sw = r; hw = r;",
                        Access::Status | Access::Snapshot => "sw = r; hw = w;",
                        Access::ReadWrite | Access::Program => "sw = rw; hw = r;",
                        Access::WriteOneToClear => "sw = rw; onwrite = woclr; hw = r; hwset;",
                        Access::Pulse => "sw = w; singlepulse; hw = r;",
                    };
                    (format!("{}[{}:{}]{reset};", field.name, field.high(), field.low), properties.to_owned())
                });
                (register.name.to_owned(), format!("0x{:02x};", register.offset), fields.collect())
            })
            .collect();
        assert_eq!(seen, expected);
    }
}

#[test]
fn the_committed_pages_are_those_of_pu16_and_of_an_accelerator() {
    for (name, page) in [("pu16", "docs/registers.md"), ("accelerator4", "docs/registers-accelerator.md")] {
        committed_page_is_of(name, page);
    }
}

fn committed_page_is_of(name: &str, page: &str) {
    let design = variant(name, &[]);
    let (text, path) = (map(&design).page(&design), root().join(page));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("docs can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is out of date: run `make bless` and read what changed", path.display());
}

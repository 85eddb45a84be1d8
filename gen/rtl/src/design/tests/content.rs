//! What a valid design says.

use super::{accelerator4, good_designs, parse, pu16, valid};
use crate::design::{Axi, BlockSparsity, CsrUnit, Design, MAX_BYTES, activation_words};
use alberti_arith::{Activation, ActivationSet, Format};
use alberti_diagnostic::{Code, Position, Severity};

const LEAST: &str = "name: least\ndatapath: {n: 4, operand: q3.5, accumulator_bits: 24, accumulator_rows: 4, reduction_max: 64}\n\
                     memories: {weight: {values: 16}, activation: {values: 4}, result: {values: 4}}\nclock: {frequency_mhz: 0.5}\n";

#[test]
fn every_design_of_the_folder_is_valid_without_warnings_and_named_after_its_file() {
    for (name, text) in good_designs() {
        let design = Design::parse(&name, &text).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(design.warnings().is_empty(), "{}", design.warnings());
        assert_eq!(design.file_name(), format!("{}.yaml", design.name));
        assert_eq!(design.source, name);
    }
}

#[test]
fn pu16_says_what_its_file_says() {
    let design = valid(&pu16());
    let datapath = design.datapath;
    assert_eq!((datapath.n, datapath.operand, datapath.result), (16, Format::AF8_3, Format::AF8_3));
    assert_eq!((datapath.accumulator_bits, datapath.accumulator_rows, datapath.reduction_max), (37, 128, 3072));
    assert_eq!((datapath.pipeline, datapath.zero_skip, datapath.sparsity), (2, true, None));
    assert_eq!((design.memories.weight.values, design.memories.result.values), (1 << 20, 1 << 19));
    assert_eq!((design.clock.frequency_mhz, design.clock.period_ns()), (500.0, 2.0));
    assert_eq!(design.top, None);
}

#[test]
fn what_is_left_out_gets_its_default() {
    let design = valid(LEAST);
    assert_eq!((design.datapath.result, design.datapath.pipeline), (Format::Q3_5, 2));
    assert_eq!((design.datapath.zero_skip, design.datapath.sparsity), (true, None));
    assert_eq!((design.memories.weight.latency, design.memories.activation.latency), (1, 1));
    assert_eq!((&design.description, &design.top), (&None, &None));
    assert_eq!((design.csr, design.clock.frequency_mhz), (None, 0.5));
    let csr = valid(&LEAST.replace("clock:", "csr: {}\nclock:")).csr;
    assert_eq!(csr, Some(CsrUnit { address_bits: 12, program_address_bits: 32 }));
}

#[test]
fn activations_are_a_word_or_a_list_and_read_as_they_are_written() {
    let with = |activation: &str| LEAST.replace("n: 4,", &format!("n: 4, activation: {activation},"));
    let of = |activation: &str| valid(&with(activation)).datapath;
    assert_eq!(valid(LEAST).datapath.activation, ActivationSet::IDENTITY);
    for (word, set) in activation_words() {
        assert_eq!((of(word).activation, of(&format!("[{word}]")).activation), (set, set), "{word}");
        let written = serde_json::to_value(of(word)).expect("it is data")["activation"].clone();
        assert_eq!(written.as_str().unwrap_or("none"), word);
    }
    let both = of("[gelu_erf, gelu]");
    assert_eq!(both.activation, ActivationSet::of(Activation::Gelu).and(Activation::GeluErf));
    assert_eq!(serde_json::to_value(both).expect("it is data")["activation"], serde_json::json!(["gelu", "gelu_erf"]));
    let problems = Design::parse("tiny.yaml", &with("[gelu, gleu, 3]")).expect_err("neither is a function").to_string();
    assert!(problems.contains("datapath.activation[1]") && problems.contains("datapath.activation[2]"), "{problems}");
}

#[test]
fn an_accelerator_says_what_its_file_says_and_has_defaults() {
    let text = accelerator4();
    let accelerator = valid(&text).accelerator.expect("an accelerator");
    assert_eq!((accelerator.banks, accelerator.wide.values, accelerator.parameters.rows), (2, 16384, 256));
    assert_eq!((accelerator.program.instructions, accelerator.index.words), (64, 256));
    assert_eq!(accelerator.axi, Axi { address_bits: 40, data_bits: 64, burst_beats: 16 });
    let least =
        text.replace("  banks: 2\n", "").replace("  axi: {address_bits: 40, data_bits: 64, burst_beats: 16}\n", "");
    let accelerator = valid(&least).accelerator.expect("an accelerator");
    assert_eq!((accelerator.banks, accelerator.axi), (1, Axi { address_bits: 40, data_bits: 64, burst_beats: 64 }));
    assert_ne!(valid(&least).hash, valid(&text).hash);
    assert_eq!(valid(LEAST).accelerator, None);
}

#[test]
fn each_part_that_an_accelerator_works_with_is_named_when_it_is_gone() {
    for (from, to, name) in [
        ("    masks: {words: 32768, latency: 2, kind: rram, ecc: secded}\n", "", "`memories.weight.masks`"),
        ("  softmax: {length_max: 64, lanes: 2}\n", "", "`units.softmax`"),
        ("  layernorm: {length_max: 128, lanes: 2}\n", "", "`units.layernorm`"),
        ("  elementwise: {lanes: 2}\n", "", "`units.elementwise`"),
        ("  entropy: {classes_max: 8}\n", "", "`units.entropy`"),
        ("csr: {}\n", "", "`csr`"),
        ("operand: af8_3", "operand: af8_3\n  result: q9.7", "`datapath.result: af8_3` (it is q9.7)"),
        ("{values: 32768, latency: 1}", "{values: 32768, kind: rram}", "`memories.activation.kind: sram`"),
    ] {
        let text = accelerator4();
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let problems = parse(&text.replace(from, to)).expect_err(name);
        let said: Vec<_> = problems.iter().map(|problem| (problem.code, problem.message.clone())).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, Code::AcceleratorLacks);
        assert!(said[0].1.starts_with(&format!("the accelerator lacks {name}")), "{said:?}");
    }
}

#[test]
fn block_sparsity_is_read_from_a_flow_or_a_block_mapping() {
    let flow = LEAST.replace("n: 4", "n: 4, sparsity: {kind: block, nonzeros: 2, block: 4}");
    let block = "\n  n: 4\n  operand: q3.5\n  accumulator_bits: 24\n  accumulator_rows: 4\n  reduction_max: 64\n  sparsity:\n    \
                 kind: block\n    nonzeros: 2\n    block: 4\nmemories";
    let (start, end) = (LEAST.find(" {n").expect("n"), LEAST.find("memories").expect("memories") + "memories".len());
    let block = format!("{}{block}{}", &LEAST[..start], &LEAST[end..]);
    assert_eq!(valid(&flow).datapath.sparsity, Some(BlockSparsity { nonzeros: 2, block: 4 }));
    assert_eq!(valid(&flow).hash, valid(&block).hash);
}

#[test]
fn a_composition_keeps_its_connections_and_their_places() {
    let text = format!(
        "{LEAST}instances: {{pack: bitmask_encoder, expand: bitmask_decoder}}\nconnections:\n  - expand.vector->pack.vector\n\
         exports: [expand.mask,   pack.mask]\n"
    );
    let design = valid(&text);
    let top = design.top.as_ref().expect("a composition");
    let labels: Vec<_> = top.instances.iter().map(|i| (i.label.as_str(), i.block.as_str())).collect();
    assert_eq!(labels, [("expand", "bitmask_decoder"), ("pack", "bitmask_encoder")]);
    assert_eq!(top.connections[0].to_string(), "expand.vector -> pack.vector");
    assert_eq!(top.connections[0].place.to_string(), "x.yaml:7:5  connections[0]");
    let exports = top.exports.as_ref().expect("exports");
    assert_eq!(exports[1].endpoint.to_string(), "pack.mask");
    assert_eq!(exports[1].place.to_string(), "x.yaml:8:26  exports[1]");
    assert_eq!(top.instances[0].place.to_string(), "x.yaml:5:44  instances.expand");
}

#[test]
fn an_empty_list_of_exports_is_not_the_same_as_none() {
    let text = format!("{LEAST}instances: {{pack: bitmask_encoder}}\n");
    assert_eq!(valid(&text).top.as_ref().map(|top| top.exports.is_none()), Some(true));
    let closed = valid(&format!("{text}exports: []\n"));
    assert_eq!(closed.top.as_ref().and_then(|top| top.exports.as_ref()).map(Vec::len), Some(0));
    assert_ne!(closed.hash, valid(&text).hash);
}

#[test]
fn comments_spacing_order_of_keys_and_written_defaults_do_not_change_the_hash() {
    let hash = valid(LEAST).hash.clone();
    assert!(hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()));
    let lines: Vec<_> = LEAST.lines().collect();
    let reordered = [lines[3], lines[2], "# a comment", "", lines[0], lines[1]].join("\n");
    let defaults =
        LEAST.replace("n: 4,", "pipeline: 2,   result: q3.5, n: 0x4, zero_skip: true, sparsity: {kind: none},");
    assert_eq!(valid(&reordered).hash, hash);
    assert_eq!(valid(&defaults).hash, hash);
    for spelling in ["0.50", ".5", "5e-1", "50.0e-2"] {
        assert_eq!(valid(&LEAST.replace("0.5", spelling)).hash, hash, "{spelling}");
    }
    let whole = |spelling: &str| valid(&LEAST.replace("0.5", spelling)).hash.clone();
    assert_eq!((whole("500.0"), whole("5e2"), whole("0x1f4")), (whole("500"), whole("500"), whole("500")));
    assert_eq!(Design::parse("elsewhere/y.yaml", LEAST).map(|design| design.hash.clone()), Ok(hash));
}

/// A change of this text gives every design another hash: programs and data that were packed before are refused.
#[test]
fn the_canonical_form_has_a_line_for_every_value() {
    let text = format!(
        "{LEAST}description: 'a \\ b = c'\ninstances: {{pack: bitmask_encoder, expand: bitmask_decoder}}\n\
         connections: [expand.vector -> pack.vector]\nexports: []\n"
    );
    let expected = "\
clock.frequency_mhz=0.5
datapath.accumulator_bits=24
datapath.accumulator_rows=4
datapath.n=4
datapath.operand=q3.5
datapath.pipeline=2
datapath.reduction_max=64
datapath.result=q3.5
datapath.zero_skip=true
description=a \\\\ b = c
memories.activation.bits_per_cell=1
memories.activation.coding=gray
memories.activation.kind=sram
memories.activation.latency=1
memories.activation.optimise=area
memories.activation.placing=adjacent
memories.activation.values=4
memories.result.bits_per_cell=1
memories.result.coding=gray
memories.result.kind=sram
memories.result.latency=1
memories.result.optimise=area
memories.result.placing=adjacent
memories.result.values=4
memories.weight.bits_per_cell=1
memories.weight.coding=gray
memories.weight.kind=sram
memories.weight.latency=1
memories.weight.optimise=area
memories.weight.placing=adjacent
memories.weight.values=16
name=least
top.connections[0].from.instance=expand
top.connections[0].from.interface=vector
top.connections[0].to.instance=pack
top.connections[0].to.interface=vector
top.exports=[]
top.instances[0].block=bitmask_decoder
top.instances[0].label=expand
top.instances[1].block=bitmask_encoder
top.instances[1].label=pack
";
    let design = valid(&text);
    assert_eq!(design.canonical(), expected);
    assert_eq!(design.hash, "48dc8b5ae1820ba9");
}

#[test]
fn the_order_of_instances_does_not_change_the_hash() {
    let one = format!("{LEAST}instances: {{pack: bitmask_encoder, expand: bitmask_decoder}}\n");
    let other = format!("{LEAST}instances: {{expand: bitmask_decoder, pack: bitmask_encoder}}\n");
    assert_eq!(valid(&one).hash, valid(&other).hash);
}

#[test]
fn every_value_changes_the_hash() {
    let hash = valid(LEAST).hash.clone();
    for (from, to) in [
        ("name: least", "name: other"),
        ("name: least", "name: least\ndescription: small"),
        ("n: 4", "n: 2"),
        ("n: 4", "n: 4, zero_skip: false"),
        ("n: 4", "n: 4, pipeline: 3"),
        ("n: 4", "n: 4, result: q9.7"),
        ("n: 4", "n: 4, sparsity: {kind: block, nonzeros: 4, block: 8}"),
        ("accumulator_rows: 4", "accumulator_rows: 5"),
        ("reduction_max: 64", "reduction_max: 128"),
        ("values: 16", "values: 20"),
        ("values: 16", "values: 16, latency: 2"),
        ("clock:", "csr: {}\nclock:"),
        ("clock:", "csr: {address_bits: 13}\nclock:"),
        ("0.5", "0.25"),
    ] {
        assert!(LEAST.contains(from));
        assert_ne!(valid(&LEAST.replacen(from, to, 1)).hash, hash, "{from} → {to}");
    }
}

#[test]
fn a_place_is_found_after_reading() {
    let design = valid(&pu16());
    let line = |path: &str| design.locate(path).position.map(|position| position.line);
    let text = pu16();
    let expected = |needle: &str| text.lines().position(|l| l.trim_start().starts_with(needle)).map(|l| l as u32 + 1);
    assert_eq!(line("datapath.reduction_max"), expected("reduction_max:"));
    assert_eq!(line("memories.activation.kind"), expected("activation: {"));
    assert_eq!(line("datapath.sparsity.block"), expected("datapath:"));
    assert_eq!(design.locate("nothing.of.it").position, Some(Position::START));
}

#[test]
fn a_warning_does_not_stop_a_design() {
    let design = valid(&LEAST.replace("accumulator_bits: 24", "accumulator_bits: 40"));
    assert_eq!(design.warnings().count(Severity::Warning), 1);
    assert_eq!(design.warnings().iter().next().map(|warning| warning.code), Some(Code::AccumulatorTooWide));
    let broken = LEAST.replace("accumulator_bits: 24", "accumulator_bits: 40").replace("n: 4", "n: 3");
    let problems = parse(&broken).expect_err("two kinds of problems");
    assert_eq!((problems.count(Severity::Warning), problems.has_errors()), (1, true));
}

#[test]
fn the_accumulator_is_just_wide_enough_at_the_bound_and_too_narrow_beyond() {
    for (operand, bits) in [(Format::AF8_3, 32), (Format::AF8_3, 37), (Format::Q3_5, 24), (Format::Q3_13, 40)] {
        let fit = u32::try_from(operand.exact_products(bits)).expect("a small count") / 4 * 4;
        let text = |reduction: u32| {
            LEAST
                .replace("q3.5", &operand.to_string())
                .replace("accumulator_bits: 24", &format!("accumulator_bits: {bits}"))
                .replace("reduction_max: 64", &format!("reduction_max: {reduction}"))
        };
        assert!(parse(&text(fit)).is_ok(), "{operand} {bits} {fit}");
        let problems = parse(&text(fit + 4)).expect_err("one tile too many");
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [Code::AccumulatorOverflow], "{operand} {bits} {fit}");
    }
}

#[test]
fn whole_numbers_are_neither_fractions_nor_text_nor_beyond_any_width() {
    let code = |value: &str| {
        let problems = parse(&LEAST.replace("reduction_max: 64", &format!("reduction_max: {value}"))).expect_err(value);
        problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    for value in ["64.0", "6.4e1", "'64'", "true", "~", "[64]", "{a: 64}", "1e999", ".nan", "6_4"] {
        assert_eq!(code(value), [Code::WrongType], "{value}");
    }
    for value in ["-64", "0", "65540", "18446744073709551616", "0xffffffff", "-99999999999999999999"] {
        assert_eq!(code(value), [Code::OutOfRange], "{value}");
    }
    assert_eq!(valid(&LEAST.replace("reduction_max: 64", "reduction_max: 0x40")).datapath.reduction_max, 64);
}

#[test]
fn a_dump_has_units_in_its_names_and_no_path_of_a_machine() {
    let design = Design::parse("/home/someone/pu16.yaml", &pu16()).expect("valid");
    let json = serde_json::to_value(&design).expect("data");
    assert_eq!(json["datapath"]["operand"], "af8_3");
    assert_eq!(json["clock"]["frequency_mhz"], 500.0);
    assert_eq!(json["hash"], design.hash.as_str());
    assert!(!json.to_string().contains("someone"));
}

#[test]
fn the_raw_stage_shows_what_was_written() {
    let raw = Design::raw("x.yaml", "n: 1\nkeys: [a, {b: 2.5}]\nbig: 18446744073709551615\n").expect("YAML");
    let json = serde_json::to_value(&raw).expect("data");
    assert_eq!(json, serde_json::json!({"n": 1, "keys": ["a", {"b": 2.5}], "big": u64::MAX}));
}

#[test]
fn a_design_of_just_the_largest_size_is_read() {
    let mut text = LEAST.to_owned();
    text.push_str(&"\n".repeat(MAX_BYTES - text.len()));
    assert!(parse(&text).is_ok());
    text.push('\n');
    let problems = parse(&text).expect_err("too large");
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::FileTooLarge]);
}

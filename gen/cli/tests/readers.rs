//! Readers of files never panic, never hang and never ask for memory without bound, whatever the file holds.
//!
//! Valid files are changed at random: bytes, words and pieces, moved, doubled, left out, or taken from
//! another. `make test` does a few thousand from a fixed seed. `make fuzz MINUTES=10` goes on for that long
//! from another seed, under a limit of memory, and names the seed; ALBERTI_SEED gives it back. What fails is
//! shrunk to its least change.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_cost::configuration;
use alberti_golden::accelerator::{AcceleratorConfig, Flat, Interpreter, Registers};
use alberti_isa::{Instruction, Operation, Program};
use alberti_model::{
    Checkpoint,
    adapted::{Shape, synthetic},
    compile::{Compiled, quantise_encoder},
    pack::Recipe,
    sentence::Tokenizer,
};
use alberti_rtl::{Design, memory::Technology};
use alberti_synth::Library;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config as Runs, RngAlgorithm, TestRng, TestRunner},
};
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Changes of a file at most.
const CHANGES: usize = 6;

/// Cases of a target in `make test`, and between two looks at the clock.
const CASES: u32 = 2000;

/// Bytes of the longest file.
const LONGEST: usize = 1 << 17;

#[derive(Clone, Debug)]
enum Change {
    /// A byte becomes another.
    Byte(Index, u8),
    /// A bit is turned.
    Bit(Index, u8),
    /// Eight bytes become a number, little-endian.
    Number(Index, u64),
    /// A piece is left out.
    Cut(Index, u16),
    /// A piece is there again, somewhere else.
    Copy(Index, u16, Index),
    /// The file ends.
    End(Index),
    /// A word that readers know is put in.
    Word(Index, Index),
    /// Digits become another number.
    Digits(Index, Index),
}

/// What stands in files, and what should not.
const WORDS: [&str; 29] = [
    "n: ",
    "- ",
    "\n  ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!binary ",
    "<<: ",
    "null",
    "true",
    ".inf",
    "~",
    "\"",
    "'",
    "#",
    "|\n",
    "\t",
    "\u{feff}",
    "\u{0}",
    "é",
    "(",
    ")",
    "/*",
    "cell (A) {",
    "!",
];

const NUMBERS: [&str; 11] =
    ["0", "1", "-1", "65536", "4294967296", "18446744073709551615", "1e999", "nan", "0.5", "-0", ""];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let number =
        prop_oneof![any::<u64>(), (0u32..64).prop_map(|bit| 1 << bit), (0u32..64).prop_map(|bit| u64::MAX >> bit)];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        (at(), number).prop_map(|(at, number)| Change::Number(at, number)),
        (at(), 1u16..64).prop_map(|(at, length)| Change::Cut(at, length)),
        (at(), 1u16..2048, at()).prop_map(|(at, length, to)| Change::Copy(at, length, to)),
        at().prop_map(Change::End),
        (at(), at()).prop_map(|(at, word)| Change::Word(at, word)),
        (at(), at()).prop_map(|(at, number)| Change::Digits(at, number)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        let piece = |at: &Index, length: u16| {
            let at = at.index(size);
            at..(at + usize::from(length)).min(size)
        };
        if size == 0 {
            return;
        }
        match self {
            Self::Byte(at, byte) => bytes[at.index(size)] = *byte,
            Self::Bit(at, bit) => bytes[at.index(size)] ^= 1 << bit,
            Self::Number(at, number) => {
                let range = piece(at, 8);
                let length = range.len();
                bytes[range].copy_from_slice(&number.to_le_bytes()[..length]);
            }
            Self::Cut(at, length) => drop(bytes.drain(piece(at, *length))),
            Self::Copy(at, length, to) => {
                let copied = bytes[piece(at, *length)].to_vec();
                let to = to.index(size + 1);
                bytes.splice(to..to, copied);
            }
            Self::End(at) => bytes.truncate(at.index(size)),
            Self::Word(at, word) => {
                let at = at.index(size + 1);
                bytes.splice(at..at, WORDS[word.index(WORDS.len())].bytes());
            }
            Self::Digits(at, number) => {
                let at = at.index(size);
                let Some(first) = bytes[at..].iter().position(u8::is_ascii_digit).map(|first| at + first) else {
                    return;
                };
                let end = bytes[first..].iter().position(|byte| !byte.is_ascii_digit()).map_or(size, |end| first + end);
                bytes.splice(first..end, NUMBERS[number.index(NUMBERS.len())].bytes());
            }
        }
        bytes.truncate(LONGEST);
    }
}

/// Gives changed files to a reader: a few thousand, or for as long as `ALBERTI_FUZZ_MINUTES` says.
fn fuzz(target: &str, files: &[Vec<u8>], read: impl Fn(&[u8])) {
    let minutes = std::env::var("ALBERTI_FUZZ_MINUTES").ok().map(|text| text.parse::<f64>().expect("minutes"));
    let asked = std::env::var("ALBERTI_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    let now = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let first = asked.unwrap_or_else(|| if minutes.is_some() { now() } else { 1 });
    let (start, limit) = (Instant::now(), Duration::from_secs_f64(60.0 * minutes.unwrap_or_default()));
    files.iter().for_each(|file| read(file));
    for round in 0.. {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(first + round).to_le_bytes());
        let runs = Runs { cases: CASES, failure_persistence: None, ..Runs::default() };
        let mut runner = TestRunner::new_with_rng(runs, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let strategy = (any::<Index>(), prop::collection::vec(change(), 1..=CHANGES));
        let outcome = runner.run(&strategy, |(file, changes)| {
            let mut bytes = file.get(files).clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            read(&bytes);
            Ok(())
        });
        if let Err(problem) = outcome {
            panic!("{target}, ALBERTI_SEED={}: {problem}", first + round);
        }
        if start.elapsed() >= limit {
            println!(
                "{target}: {} files from seed {first} on, in {:.0?}",
                (round + 1) * u64::from(CASES),
                start.elapsed()
            );
            break;
        }
    }
}

/// Every file of a folder with an ending.
fn files_of(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(common::root().join(folder)).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let named = |path: &&std::path::PathBuf| path.extension().is_some_and(|extension| extension == ending);
    paths
        .iter()
        .filter(named)
        .map(|path| fs::read(path).expect("a file"))
        .filter(|bytes| bytes.len() < 1 << 14)
        .collect()
}

#[test]
fn designs() {
    let files = [files_of("designs", "yaml"), files_of("designs/bad", "yaml")].concat();
    fuzz("designs", &files, |bytes| match Design::parse_bytes("changed.yaml", bytes) {
        Ok(design) => drop(alberti_rtl::elaborate(&design)),
        Err(problems) => assert!(!problems.is_empty() && !problems.to_string().is_empty()),
    });
}

#[test]
fn technologies_and_recipes() {
    let mut files = files_of("designs/bad_technology", "yaml");
    files.push(
        b"prune: {embeddings: 0.6, encoder: \"8:16\"}\nquantise: {weight_scale: matrix, clip_gelu: false}\n".to_vec(),
    );
    files.push(b"prune:\n  encoder: {below: 0.02}\ncalibrate: [A sentence., Another.]\n".to_vec());
    fuzz("technologies and recipes", &files, |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            drop(Technology::parse("changed.yaml", text));
        }
        drop(Recipe::parse("changed.yaml", bytes));
    });
}

/// A library with one of everything that is read.
const LIBRARY: &str = r#"library (small) { time_unit : "1ps"; capacitive_load_unit (1,ff); leakage_power_unit : "1pW";
  /* a { */ lu_table_template (t) { variable_1 : input; index_1 ("1, 2"); }
  cell (NAND) { area : 3; pin (A) { direction : input; capacitance : 2; } pin (B) { direction : input; capacitance : 1; }
    pin (Y) { direction : output; function : "!(A B)"; timing () { values ("1, 2",       "3, 4"); } } leakage_power () { value : 2000; } }
  cell (FA) { area : 9; pin (A, B, C) { direction : input; } pin (S) { direction : output; function : "A^B^C"; }
    pin (K) { direction : output; function : "(A B)+(C (A+B))"; } }
  cell (DLAT) { area : 9; latch (IQ,IQN) { data_in : "D"; } }
  cell (BUF) { area : 2; pin (A) { direction : input; } pin (Y) { direction : output; function : "A''"; } }
  cell (ONE) { area : 1; pin (Y) { direction : output; function : "1"; } }
  cell (FF) { area : 20; ff (IQ,IQN) { next_state : "D"; clocked_on : "CK"; clear : "R'"; clear_preset_var1 : L; }
    pin (D, R) { direction : input; } pin (CK) { direction : input; } pin (Q) { direction : output; function : "IQ"; } } }
"#;

#[test]
fn libraries() {
    let names = ["NAND", "FA", "DLAT", "BUF", "ONE", "FF"];
    let known = Library::parse("small.lib", LIBRARY, None).expect("a library");
    assert_eq!(names.iter().filter(|name| known.cells.contains_key(**name)).count(), 5, "{:?}", known.left_out);
    let deep = format!("library (x) {{ {} ", "cell (A) { ".repeat(5000));
    let long = LIBRARY.replace("!(A B)", &"!(".repeat(3000));
    fuzz("libraries", &[LIBRARY.into(), deep.into(), long.into()], |bytes| {
        if let Err(problem) = Library::parse("changed.lib", &String::from_utf8_lossy(bytes), None) {
            assert!(problem.to_string().len() < 1000, "{problem}");
        }
    });
}

const CONFIG: &str = r#"{"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 6,
    "vocab_size": 5, "max_position_embeddings": 8, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}"#;

/// The tensors of CONFIG as a file.
fn safetensors() -> Vec<u8> {
    let layer = |name: &str| format!("encoder.layer.0.{name}");
    let mut shapes = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![5, 4]),
        ("embeddings.position_embeddings.weight".into(), vec![8, 4]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, 4]),
    ];
    for (name, outputs, inputs) in [
        ("attention.self.query", 4, 4),
        ("attention.self.key", 4, 4),
        ("attention.self.value", 4, 4),
        ("attention.output.dense", 4, 4),
        ("intermediate.dense", 6, 4),
        ("output.dense", 4, 6),
    ] {
        shapes.extend([
            (layer(&format!("{name}.weight")), vec![outputs, inputs]),
            (layer(&format!("{name}.bias")), vec![outputs]),
        ]);
    }
    for norm in ["embeddings".to_owned(), layer("attention.output"), layer("output")] {
        shapes.extend(["weight", "bias"].map(|part| (format!("{norm}.LayerNorm.{part}"), vec![4])));
    }
    let data = [0x3e; 4 * 40];
    let views = shapes.iter().map(|(name, shape)| {
        let bytes = &data[..4 * shape.iter().product::<usize>()];
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor"))
    });
    serialize(views, None).expect("a file")
}

#[test]
fn checkpoints() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
    let load = |folder: &Path| {
        if let Ok(checkpoint) = Checkpoint::load(folder) {
            // What was accepted can be run.
            let ids = [0, checkpoint.config.vocab_size.min(5) as u32 - 1];
            drop(alberti_model::reference::forward(&checkpoint, &ids));
        }
    };
    put("config.json", CONFIG.as_bytes());
    fuzz("safetensors", &[safetensors()], |bytes| {
        put("model.safetensors", bytes);
        load(folder.path());
    });
    put("model.safetensors", &safetensors());
    let configs: Vec<_> = ["bert", "roberta", "distilbert", "electra"].map(family).into();
    fuzz("config.json", &[vec![CONFIG.as_bytes().to_vec()], configs].concat(), |bytes| {
        put("config.json", bytes);
        load(folder.path());
    });
    put("config.json", CONFIG.as_bytes());
    fs::remove_file(folder.path().join("model.safetensors")).expect("it is there");
    put("a.safetensors", &safetensors());
    let map: serde_json::Map<_, _> = SafeTensors::deserialize(&safetensors())
        .expect("tensors")
        .names()
        .into_iter()
        .map(|name| (name.to_owned(), "a.safetensors".into()))
        .collect();
    let index = serde_json::json!({"weight_map": map}).to_string();
    fuzz("index.json", &[index.into_bytes()], |bytes| {
        put("model.safetensors.index.json", bytes);
        load(folder.path());
    });
}

/// A file of a small model of a family.
fn of_family(kind: &str, file: &str) -> Vec<u8> {
    fs::read(common::root().join("gen/model/tests/references/families").join(kind).join(file)).expect("it is there")
}

fn family(kind: &str) -> Vec<u8> {
    of_family(kind, "config.json")
}

#[test]
fn tokenizers() {
    let folder = tempfile::tempdir().expect("a folder");
    let tokenizer = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{"id": 0, "content": "[UNK]",
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
        "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "\u0023\u0023",
        "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "b": 2}}}"#;
    fuzz("tokenizer.json", &[tokenizer.as_bytes().to_vec()], |bytes| {
        fs::write(folder.path().join("tokenizer.json"), bytes).expect("a file");
        drop(Tokenizer::load(folder.path()));
    });
    for (kind, file) in [("bert", "vocab.txt"), ("albert", "spiece.model"), ("roberta", "merges.txt")] {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a file");
        if kind == "roberta" {
            put("vocab.json", &of_family(kind, "vocab.json"));
        }
        fuzz(file, &[of_family(kind, file)], |bytes| {
            put(file, bytes);
            drop(Tokenizer::load(folder.path()));
        });
    }
}

/// Loops that a changed program may have.
const TURNS: usize = 8;

#[test]
fn programs() {
    let shape = Shape::small(32);
    let model = synthetic(&shape, 1);
    let calibration = model.calibrate(&[vec![1, 2, 3, 4]]).expect("ids of the model");
    let design = Design::load(common::root().join("designs/accelerator4.yaml")).expect("a design");
    let config: AcceleratorConfig = configuration::accelerator(&design).expect("an accelerator");
    let wide = AcceleratorConfig {
        value_rows: 1 << 14,
        mask_words: 1 << 15,
        activation_rows: 1 << 12,
        parameter_rows: 2048,
        program_instructions: 128,
        ..config
    };
    let encoder = quantise_encoder(&model, &calibration, &wide).expect("ranges that fit");
    let compiled = Compiled::new(encoder, wide.clone(), 8).expect("it fits");
    let mut interpreter = Interpreter::new(wide).expect("an accelerator");
    let (values, masks) = compiled.weights();
    interpreter.set_weights(values, masks).expect("they fit");
    for bundle in [compiled.setup().clone(), compiled.task(0)] {
        let (program_length, mut memory) = (bundle.program.bytes().len() as u32, Flat { content: bundle.bytes() });
        let registers = Registers { program_length, ..Registers::default() };
        interpreter.run(&registers, &mut memory, |_, _| {}).expect("a sound program");
    }
    let files: Vec<_> =
        [1, 5].map(|tokens| compiled.sentence(0, tokens).expect("a short sentence").program.bytes()).to_vec();
    let data = compiled.input(&[1, 2, 3, 4, 5]);
    let interpreter = std::cell::RefCell::new(interpreter);
    fuzz("programs", &files, |bytes| {
        if let Ok(program) = Program::parse(bytes) {
            assert_eq!(Program::parse(&program.bytes()), Ok(program.clone()), "{program}");
        }
        let instructions = bytes.chunks_exact(alberti_isa::BYTES).map(|chunk| {
            let word =
                |i: usize| u32::from_le_bytes([chunk[4 * i], chunk[4 * i + 1], chunk[4 * i + 2], chunk[4 * i + 3]]);
            Instruction::decode(&std::array::from_fn(word))
        });
        // A loop ends, but not within a test.
        let long = |op: &Operation| matches!(op, Operation::Repeat(repeat) if repeat.count.get() > TURNS);
        if instructions.flatten().any(|instruction| long(&instruction.operation)) {
            return;
        }
        let mut memory = Flat { content: [bytes, &data, &[0; 4096]].concat() };
        let (program_length, data_base) = (bytes.len() as u32, bytes.len() as u64);
        let registers = Registers { program_length, data_base, ..Registers::default() };
        drop(interpreter.borrow_mut().run(&registers, &mut memory, |_, _| {}).map_err(|error| error.to_string()));
    });
}

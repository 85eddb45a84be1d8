//! Encoding and decoding are inverse, and the description is sound.

use alberti_isa::{
    BYTES, Base, Count, Defect, Fault, Gemm, Halt, Instruction, KINDS, Kind, Load, Memory, Operation, Program, Repeat,
    Source, Unit, WORDS, Waits, Words,
};
use proptest::prelude::*;

/// Words of a kind with random bits in its fields, made legal.
fn legal(kind: &Kind, random: &Words) -> Words {
    let mut words = [0; WORDS];
    words[0] = u32::from(kind.opcode) | random[0] & 0x3ff00;
    for field in kind.fields {
        let mut bits = field.of(random);
        if !field.choices.is_empty() {
            bits %= field.choices.len() as u32;
        }
        bits += u32::from(field.nonzero && bits == 0);
        words[field.word] |= bits << field.low;
    }
    words
}

proptest! {
    #[test]
    fn what_is_decoded_encodes_to_the_same_words(kind in 0..KINDS.len(), random in any::<Words>()) {
        let words = legal(&KINDS[kind], &random);
        let instruction = Instruction::decode(&words).expect("the words are legal");
        prop_assert_eq!(instruction.encode(), words);
        prop_assert_eq!(instruction.operation.kind().name, KINDS[kind].name);
    }

    #[test]
    fn no_words_bring_the_decoder_down(words in any::<Words>()) {
        if let Ok(instruction) = Instruction::decode(&words) {
            prop_assert_eq!(instruction.encode(), words);
        }
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(program) = Program::parse(&bytes) {
            prop_assert_eq!(program.bytes(), bytes);
        }
    }

    #[test]
    fn a_bit_that_no_field_has_is_illegal(kind in 0..KINDS.len(), random in any::<Words>(), bit in 0..32 * WORDS) {
        let mut words = legal(&KINDS[kind], &random);
        if KINDS[kind].used()[bit / 32] >> (bit % 32) & 1 == 0 {
            words[bit / 32] |= 1 << (bit % 32);
            prop_assert_eq!(Instruction::decode(&words), Err(Fault::Instruction));
        }
    }
}

#[test]
fn fields_neither_overlap_nor_leave_their_word() {
    for kind in KINDS {
        let mut used = [0; WORDS];
        used[0] = 0xff | Waits::FIELDS.iter().fold(0, |used, field| used | field.mask());
        for field in kind.fields {
            assert!(field.low + field.bits <= 32, "{}.{}", kind.name, field.name);
            assert_eq!(used[field.word] & field.mask(), 0, "{}.{}", kind.name, field.name);
            used[field.word] |= field.mask();
        }
    }
    for (i, kind) in KINDS.iter().enumerate() {
        assert!(KINDS[..i].iter().all(|other| other.opcode != kind.opcode && other.name != kind.name), "{}", kind.name);
    }
}

fn gemm() -> Gemm {
    Gemm {
        source: Source::Records,
        code: true,
        wide: false,
        function: 2,
        blocks: true,
        rows: Count(128),
        passes: Count(48),
        columns: Count(192),
        masks: Count(16),
        stream_base: 4096,
        stream_pass: 128,
        stream_row: 1,
        stationary_base: 170,
        stationary_column: 816,
        stationary_pass: 17,
        stationary_lane: 0,
        list_base: 0,
        parameter_column: 1,
        parameter_base: 7,
        result_base: 9000,
        result_column: 128,
        result_row: 1,
        activation_shift: -3,
        wide_shift: 0,
        wide_base: 0,
    }
}

#[test]
fn a_count_of_zero_a_choice_without_meaning_and_an_unknown_opcode_are_illegal() {
    let instruction = Instruction { waits: Waits::NONE, operation: gemm().into() };
    for (word, change) in [(1, 0xffff_u32), (1, 0xffff_0000), (2, 0xffff)] {
        let mut words = instruction.encode();
        words[word] &= !change;
        assert_eq!(Instruction::decode(&words), Err(Fault::Instruction), "word {word}");
    }
    let load = Load { memory: Memory::Activation, base: Base::Data, row: 0, rows: Count(1), address_offset: 0 };
    let mut words = Instruction { waits: Waits::NONE, operation: load.into() }.encode();
    words[0] |= 7 << 18;
    assert_eq!(Instruction::decode(&words), Err(Fault::Instruction), "memory 7");
    words[0] = 0x7f;
    assert_eq!(Instruction::decode(&words), Err(Fault::Instruction), "opcode");
}

#[test]
fn waits_take_the_stricter_of_two() {
    let waits = Waits::NONE.and(Unit::Matrix, 1).and(Unit::Matrix, 2).and(Unit::Transfer, 0);
    assert_eq!((waits.of(Unit::Matrix), waits.of(Unit::Transfer), waits.of(Unit::Softmax)), (Some(1), Some(0), None));
}

#[test]
fn an_instruction_reads_as_what_it_does() {
    let instruction = Instruction { waits: Waits::NONE.and(Unit::Layernorm, 0), operation: gemm().into() };
    let text = instruction.to_string();
    assert!(text.starts_with("gemm source=records code function=2 blocks rows=128 passes=48 columns=192"), "{text}");
    assert!(text.contains(" activation_shift=-3") && text.ends_with(" (layernorm<=0)"), "{text}");
    assert!(!text.contains("wide_base"), "{text}");
}

#[test]
fn every_defect_of_a_program_is_reported() {
    let waits = Waits::NONE;
    let of = |operation: Operation| Instruction { waits, operation };
    let repeat = of(Repeat { count: Count(2) }.into());
    let program = Program { instructions: vec![repeat, repeat, of(gemm().into())] };
    let defects = program.check().expect_err("nothing is right with it");
    let expected = [(1, Fault::Loop), (1, Fault::Loop), (3, Fault::ProgramEnd)];
    assert_eq!(defects, expected.map(|(at, fault)| Defect { at, fault }));

    let halt = Program { instructions: vec![of(Halt {}.into())] };
    assert_eq!(halt.check(), Ok(()));
    assert_eq!(halt.bytes().len(), BYTES);
    assert_eq!(Program::parse(&halt.bytes()), Ok(halt.clone()));
    let truncated = Program::parse(&halt.bytes()[..BYTES - 1]).expect_err("a byte is missing");
    assert_eq!(truncated, [Defect { at: 0, fault: Fault::ProgramSize }]);
    assert_eq!(Program::parse(&[]).expect_err("nothing"), [Defect { at: 0, fault: Fault::ProgramSize },][..]);
}

#[test]
fn the_page_names_every_field_and_fault() {
    let page = alberti_isa::page();
    for kind in KINDS {
        assert!(page.contains(&format!("\n## {}\n", kind.name)));
        assert!(kind.fields.iter().all(|field| page.contains(&format!("`{}`", field.name))));
    }
    assert!(Fault::ALL.iter().all(|(fault, name, _)| page.contains(&format!("| {} | {name} |", fault.code()))));
}

#[test]
fn the_committed_page_is_that_of_the_description() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/isa.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, alberti_isa::page()).expect("docs can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == alberti_isa::page(), "docs/isa.md is out of date: run `make bless` and read what changed");
}

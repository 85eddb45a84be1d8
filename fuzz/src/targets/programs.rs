//! Programs of the accelerator, as its memory holds them.

use crate::{Reader, Target, root};
use alberti_cost::configuration;
use alberti_golden::accelerator::{AcceleratorConfig, Flat, Interpreter, Registers};
use alberti_isa::{Instruction, Operation, Program};
use alberti_model::{
    adapted::{Shape, synthetic},
    compile::{Compiled, quantise_encoder},
};
use alberti_rtl::Design;
use std::cell::RefCell;

/// An image of instructions, which the interpreter runs.
pub const PROGRAMS: Target = Target { name: "programs", words: &[], seeds, reader };

/// Loops that a changed program may have.
pub const TURNS: usize = 8;

/// Whether a program has a loop that ends, but not within a test.
pub fn has_long_loop(instructions: impl IntoIterator<Item = Instruction>) -> bool {
    let long = |op: &Operation| matches!(op, Operation::Repeat(repeat) if repeat.count.get() > TURNS);
    instructions.into_iter().any(|instruction| long(&instruction.operation))
}

fn config() -> AcceleratorConfig {
    let design = Design::load(root().join("designs/accelerator4.yaml")).expect("a design");
    AcceleratorConfig {
        value_rows: 1 << 14,
        mask_words: 1 << 15,
        activation_rows: 1 << 12,
        parameter_rows: 2048,
        program_instructions: 128,
        ..configuration::accelerator(&design).expect("an accelerator")
    }
}

fn compiled() -> Compiled {
    let model = synthetic(&Shape::small(32), 1);
    let calibration = model.calibrate(&[vec![1, 2, 3, 4]]).expect("ids of the model");
    let encoder = quantise_encoder(&model, &calibration, &config()).expect("ranges that fit");
    Compiled::new(encoder, config(), 8).expect("it fits")
}

fn seeds() -> Vec<Vec<u8>> {
    let compiled = compiled();
    [1, 5].map(|tokens| compiled.sentence(0, tokens).expect("a short sentence").program.bytes()).to_vec()
}

fn reader() -> Reader {
    let compiled = compiled();
    let mut interpreter = Interpreter::new(config()).expect("an accelerator");
    let (values, masks) = compiled.weights();
    interpreter.set_weights(values, masks).expect("they fit");
    for bundle in [compiled.setup().clone(), compiled.task(0)] {
        let (program_length, mut memory) = (bundle.program.bytes().len() as u32, Flat { content: bundle.bytes() });
        let registers = Registers { program_length, ..Registers::default() };
        interpreter.run(&registers, &mut memory, |_, _| {}).expect("a sound program");
    }
    let data = compiled.input(&[1, 2, 3, 4, 5]);
    let interpreter = RefCell::new(interpreter);
    Box::new(move |bytes| {
        if let Ok(program) = Program::parse(bytes) {
            assert_eq!(Program::parse(&program.bytes()), Ok(program.clone()), "{program}");
        }
        let instructions = bytes.chunks_exact(alberti_isa::BYTES).map(|chunk| {
            let word =
                |i: usize| u32::from_le_bytes([chunk[4 * i], chunk[4 * i + 1], chunk[4 * i + 2], chunk[4 * i + 3]]);
            Instruction::decode(&std::array::from_fn(word))
        });
        if has_long_loop(instructions.flatten()) {
            return;
        }
        let mut memory = Flat { content: [bytes, &data, &[0; 4096]].concat() };
        let (program_length, data_base) = (bytes.len() as u32, bytes.len() as u64);
        let registers = Registers { program_length, data_base, ..Registers::default() };
        drop(interpreter.borrow_mut().run(&registers, &mut memory, |_, _| {}).map_err(|error| error.to_string()));
    })
}

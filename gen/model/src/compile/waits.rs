//! The waits of a program: each instruction waits for exactly what it needs of those before it.
//!
//! Of every row is known which instruction wrote it last and which have read it since. An instruction that
//! reads a row waits for its writer, one that writes it for its readers and writer in other units. k
//! instructions of a unit after the one that is waited for may be unfinished; more than two never are.

use alberti_isa::{Gemm, HierarchicalSoftmax, Instruction, Layernorm, Memory, Operation, Softmax, Source, Unit, Waits};
use std::collections::HashMap;

const UNITS: usize = Unit::ALL.len();

/// Most instructions that a wait can allow, and that a unit has.
pub(super) const UNFINISHED: u32 = 2;

#[derive(Clone, Copy, Default)]
struct Mark {
    writer: Option<(Unit, u32)>,
    readers: [u32; UNITS],
}

#[derive(Default)]
struct Order {
    issued: [u32; UNITS],
    marks: HashMap<Memory, Vec<Mark>>,
}

/// Instructions with their waits. The body of a loop waits for what its own last round leaves as well.
pub(super) fn schedule(operations: &[Operation], n: usize) -> Vec<Instruction> {
    let mut instructions: Vec<Instruction> =
        operations.iter().map(|&operation| Instruction { waits: Waits::NONE, operation }).collect();
    let mut order = Order::default();
    let mut at = 0;
    let mut first = None;
    while let Some(instruction) = instructions.get_mut(at) {
        instruction.waits = order.issue(instruction.waits, instruction.operation, n);
        match instruction.operation {
            Operation::Repeat(_) => first = Some(at + 1),
            // Once more: what the second round finds, every later one does.
            Operation::End(_) => {
                if let Some(first) = first.take() {
                    at = first;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    instructions
}

impl Order {
    fn issue(&mut self, mut waits: Waits, operation: Operation, n: usize) -> Waits {
        let unit = operation.unit();
        let number = unit.map(|unit| self.issued[unit as usize] + 1);
        // Per unit, the last instruction that must have finished.
        let mut finished = [0; UNITS];
        let mut need = |unit: Unit, number: u32| {
            let last = &mut finished[unit as usize];
            *last = number.max(*last);
        };
        rows(operation, n, |access, memory, row| {
            let marks = self.marks.entry(memory).or_default();
            if marks.len() <= row as usize {
                marks.resize(row as usize + 1, Mark::default());
            }
            let mark = &mut marks[row as usize];
            match access {
                Access::Read => {
                    if let Some((unit, number)) = mark.writer {
                        need(unit, number);
                    }
                    if let (Some(unit), Some(number)) = (unit, number) {
                        mark.readers[unit as usize] = number;
                    }
                }
                Access::Write => {
                    for other in Unit::ALL.into_iter().filter(|&other| unit != Some(other)) {
                        need(other, mark.readers[other as usize]);
                    }
                    if let Some((writer, number)) = mark.writer.filter(|&(writer, _)| Some(writer) != unit) {
                        need(writer, number);
                    }
                    *mark = Mark { writer: unit.zip(number), readers: [0; UNITS] };
                }
            }
        });
        for unit in Unit::ALL {
            let last = finished[unit as usize];
            if last > 0 {
                let behind = self.issued[unit as usize] - last;
                waits = waits.and(unit, behind.min(UNFINISHED) as u8);
            }
        }
        if let (Some(unit), Some(number)) = (unit, number) {
            self.issued[unit as usize] = number;
        }
        waits
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Every row that an operation reads, then every row that it writes.
fn rows(operation: Operation, n: usize, mut visit: impl FnMut(Access, Memory, u32)) {
    match operation {
        Operation::Gemm(gemm) => gemm_rows(gemm, n as u32, visit),
        Operation::Softmax(op) => {
            let Softmax { source_base, source_tile, source_row, result_base, result_tile, result_row, .. } = op;
            for (row, tile) in grid(op.rows.0, op.tiles.0) {
                visit(Access::Read, Memory::Wide, source_base + tile * source_tile + row * source_row);
            }
            for (row, tile) in grid(op.rows.0, op.tiles.0) {
                visit(Access::Write, Memory::Activation, result_base + tile * result_tile + row * result_row);
            }
        }
        Operation::HierarchicalSoftmax(op) => {
            let HierarchicalSoftmax {
                source_base, source_tile, source_row, result_base, result_tile, result_row, ..
            } = op;
            let (parents, weights) = (op.parents.0, op.parents.0 * op.children.0);
            for (row, tile) in grid(op.rows.0, (parents + weights).div_ceil(n as u32)) {
                visit(Access::Read, Memory::Wide, source_base + tile * source_tile + row * source_row);
            }
            for (row, tile) in grid(op.rows.0, weights.div_ceil(n as u32)) {
                visit(Access::Write, Memory::Activation, result_base + tile * result_tile + row * result_row);
            }
        }
        Operation::Layernorm(op) => {
            let Layernorm { source_base, source_tile, source_row, result_tile, result_row, .. } = op;
            let tiles = op.channels.0.div_ceil(n as u32);
            for tile in 0..tiles {
                visit(Access::Read, Memory::Parameter, op.parameter_base + tile);
            }
            for (row, tile) in grid(op.rows.0, tiles) {
                visit(Access::Read, Memory::Wide, source_base + tile * source_tile + row * source_row);
            }
            for (row, tile) in grid(op.rows.0, tiles) {
                let step = tile * result_tile + row * result_row;
                if op.code {
                    visit(Access::Write, Memory::Activation, op.result_base + step);
                }
                if op.wide {
                    visit(Access::Write, Memory::Wide, op.wide_base + step);
                }
            }
        }
        Operation::Elementwise(op) => {
            let memory = |is_code| if is_code { Memory::Activation } else { Memory::Wide };
            for vector in 0..op.vectors.0 {
                visit(Access::Read, memory(op.a_code), op.a_base + vector);
                if !op.scale {
                    visit(Access::Read, memory(op.b_code), op.b_base + vector);
                }
            }
            for vector in 0..op.vectors.0 {
                visit(Access::Write, Memory::Wide, op.result_base + vector);
            }
        }
        Operation::Exit(op) => {
            for tile in 0..op.classes.0.div_ceil(n as u32) {
                visit(Access::Read, Memory::Wide, op.source_base + tile * op.source_tile);
            }
        }
        Operation::Load(op) => (0..op.rows.0).for_each(|row| visit(Access::Write, op.memory, op.row + row)),
        Operation::Store(op) => (0..op.rows.0).for_each(|row| visit(Access::Read, op.memory, op.row + row)),
        Operation::Halt(_) | Operation::Repeat(_) | Operation::End(_) => {}
    }
}

fn gemm_rows(gemm: Gemm, n: u32, mut visit: impl FnMut(Access, Memory, u32)) {
    let Gemm { rows, passes, columns, source, .. } = gemm;
    for (row, pass) in grid(rows.0, passes.0) {
        let at = gemm.stream_base + pass * gemm.stream_pass + row * gemm.stream_row;
        visit(Access::Read, Memory::Activation, at);
    }
    for (column, pass) in grid(columns.0, passes.0) {
        match source {
            Source::Records => {}
            Source::Listed => visit(Access::Read, Memory::Index, gemm.list_base + column * passes.0 + pass),
            Source::Rows | Source::Columns => {
                let base = gemm.stationary_base + column * gemm.stationary_column + pass * gemm.stationary_pass;
                (0..n).for_each(|lane| visit(Access::Read, Memory::Activation, base + lane * gemm.stationary_lane));
            }
        }
    }
    for column in 0..columns.0 {
        visit(Access::Read, Memory::Parameter, gemm.parameter_base + column * gemm.parameter_column);
    }
    for (column, row) in grid(columns.0, rows.0) {
        let step = column * gemm.result_column + row * gemm.result_row;
        if gemm.code {
            visit(Access::Write, Memory::Activation, gemm.result_base + step);
        }
        if gemm.wide {
            visit(Access::Write, Memory::Wide, gemm.wide_base + step);
        }
    }
}

fn grid(outer: u32, inner: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..outer).flat_map(move |i| (0..inner).map(move |j| (i, j)))
}

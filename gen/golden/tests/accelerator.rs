//! The interpreter: each instruction against mathematics, the order that programs must keep, and every fault.

use alberti_arith::{Activation, Format, rhu, saturate};
use alberti_golden::{
    BlockSparsity, Image, Pointer,
    accelerator::{AcceleratorConfig, End, External, Flat, Interpreter, Memories, Registers, RowAddress},
    gemm::Gemm as Product,
    hierarchical_softmax::Hierarchy,
    softmax::{Maximum, Softmax as Unit},
    storage::RecordLayout,
};
use alberti_isa::{
    Base, Count, Elementwise, Exit, Fault, Gemm, Halt, HierarchicalSoftmax, Instruction, Layernorm, Load, Memory,
    Operation, Program, Repeat, Softmax, Source, Store, Unit as Engine, Waits,
};

const N: usize = 4;
const DATA: u64 = 1 << 16;

fn config() -> AcceleratorConfig {
    AcceleratorConfig {
        n: N,
        accumulator_bits: 35,
        accumulator_rows: 16,
        passes_max: 8,
        zero_skip: true,
        sparsity: None,
        activation: Activation::Relu.into(),
        maximum: Maximum::Row,
        softmax_lanes: 2,
        softmax_max: 16,
        hierarchy_max: Some(Hierarchy { parents: 8, children: 4, largest: 8 }),
        layernorm_max: 16,
        classes_max: 8,
        activation_rows: 256,
        wide_rows: 256,
        parameter_rows: 32,
        index_words: 16,
        value_rows: 64,
        mask_words: 64,
        mask_check_bits: 0,
        program_instructions: 32,
        bus_bytes: 8,
        bus_address_bits: 32,
    }
}

/// Programs at 0, data at [`DATA`].
struct Bench {
    interpreter: Interpreter,
    memory: Flat,
    data: usize,
    program: Vec<Instruction>,
    threshold: u16,
}

impl Bench {
    fn new() -> Self {
        Self::of(config())
    }

    fn of(config: AcceleratorConfig) -> Self {
        let interpreter = Interpreter::new(config).expect("such an accelerator can be built");
        let memory = Flat { content: vec![0; 1 << 17] };
        Self { interpreter, memory, data: 0, program: Vec::new(), threshold: 0 }
    }

    fn then(&mut self, waits: Waits, operation: impl Into<Operation>) -> &mut Self {
        self.program.push(Instruction { waits, operation: operation.into() });
        self
    }

    /// Loads rows, each of whole beats.
    fn load(&mut self, memory: Memory, row: u32, rows: &[Vec<u8>]) -> &mut Self {
        let offset = self.data as u32;
        for bytes in rows {
            let at = DATA as usize + self.data;
            self.memory.content[at..at + bytes.len()].copy_from_slice(bytes);
            self.data += bytes.len().next_multiple_of(8);
        }
        let rows = Count(rows.len() as u32);
        self.then(Waits::NONE, Load { memory, base: Base::Data, row, rows, address_offset: offset })
    }

    fn registers(&self) -> Registers {
        Registers {
            program_base: 0,
            program_length: 64 * self.program.len() as u32,
            data_base: DATA,
            entropy_threshold: self.threshold,
        }
    }

    fn run(&mut self) -> Result<(End, Memories), String> {
        let content = Program { instructions: self.program.clone() }.bytes();
        self.memory.content[..content.len()].copy_from_slice(&content);
        let registers = self.registers();
        let outcome =
            self.interpreter.run(&registers, &mut self.memory, |_, _| {}).map_err(|error| error.to_string())?;
        self.program.clear();
        Ok((outcome.end, self.interpreter.memories().clone()))
    }

    fn halts(&mut self) -> Memories {
        self.then(Waits::NONE, Halt {});
        let (end, memories) = self.run().expect("the program is sound");
        assert_eq!(end, End::Halted);
        memories
    }

    fn stops(&mut self) -> (Fault, usize) {
        match self.run().expect("the program is sound").0 {
            End::Stopped { fault, at } => (fault, at),
            end => panic!("{end:?}"),
        }
    }
}

/// Codes from a seed, some of them zero.
fn codes(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 30 == 0 { 0 } else { (state >> 20) as u8 }
    };
    (0..count).map(next).map(|code: u8| if code == 0x80 { 0 } else { code }).collect()
}

/// A matrix of rows × columns as rows of the activation memory, tile by tile.
fn tiled(matrix: &[u8], rows: usize) -> Vec<Vec<u8>> {
    let columns = matrix.len() / rows;
    (0..columns / N)
        .flat_map(|tile| (0..rows).map(move |row| matrix[row * columns + tile * N..][..N].to_vec()))
        .collect()
}

fn parameters(columns: &[(i32, i8)]) -> Vec<Vec<u8>> {
    let parameter = |&(bias, shift): &(i32, i8)| [&bias.to_le_bytes()[..], &[shift as u8 & 0x7f]].concat();
    columns.chunks(N).map(|columns| columns.iter().flat_map(parameter).collect()).collect()
}

fn gemm(rows: usize, passes: usize, columns: usize) -> Gemm {
    Gemm {
        source: Source::Rows,
        code: true,
        wide: true,
        function: 0,
        blocks: false,
        rows: Count(rows as u32),
        passes: Count(passes as u32),
        columns: Count(columns as u32),
        masks: Count(N as u32),
        stream_base: 0,
        stream_pass: rows as u32,
        stream_row: 1,
        stationary_base: 64,
        stationary_column: N as u32,
        stationary_pass: (columns * N) as u32,
        stationary_lane: 1,
        list_base: 0,
        parameter_column: 1,
        parameter_base: 0,
        result_base: 128,
        result_column: rows as u32,
        result_row: 1,
        activation_shift: 0,
        wide_shift: -7,
        wide_base: 32,
    }
}

const LOADED: Waits = Waits::NONE.and(Engine::Transfer, 0);

/// M × K by N × K, both from the activation memory or weights from records; against the multiply of
/// mathematics.
#[test]
fn a_gemm_is_a_matrix_multiply_whatever_its_weights_come_from() {
    let (rows, reduction, outputs) = (7, 12, 8);
    let (x, w) = (codes(1, rows * reduction), codes(2, outputs * reduction));
    let columns: Vec<(i32, i8)> = (0..outputs).map(|j| (1000 * j as i32 - 3000, 9 + (j % 3) as i8)).collect();
    let product = Product {
        operand: Format::AF8_3,
        result: Format::AF8_3,
        accumulator_bits: 35,
        rows,
        reduction,
        columns: outputs,
        activations: x.iter().map(|&c| c.into()).collect(),
        weights: w.iter().map(|&c| c.into()).collect(),
        bias: columns.iter().map(|c| c.0.into()).collect(),
        scale: columns.iter().map(|c| c.1.into()).collect(),
        function: Activation::Relu,
        activation_shift: 0,
    };
    let expected = product.codes().expect("the multiply is sound");

    for source in [Source::Records, Source::Rows, Source::Columns] {
        let mut bench = Bench::new();
        let mut op = Gemm { source, function: 1, ..gemm(rows, reduction / N, outputs / N) };
        match source {
            Source::Records => {
                // One record a tile, in the order of the jobs.
                let layout = RecordLayout::new(N, 64 * N, N, true, None).expect("such records");
                let tiles: Vec<Vec<u16>> = (0..outputs / N)
                    .flat_map(|j| (0..reduction / N).flat_map(move |k| (0..N).map(move |l| (j, k, l))))
                    .map(|(j, k, l)| w[(j * N + l) * reduction + k * N..][..N].iter().map(|&c| c.into()).collect())
                    .collect();
                let encoded = layout.encode(Format::AF8_3, Pointer::default(), &tiles).expect("the tiles encode");
                bench.interpreter.set_weights(&encoded.values, &encoded.masks).expect("they fit");
                let words = layout.record_words() as u32;
                op.stationary_base = 0;
                op.stationary_pass = words;
                op.stationary_column = words * (reduction / N) as u32;
            }
            // A row brings a position of all lanes: the weights transposed.
            Source::Columns => {
                let transposed: Vec<u8> =
                    (0..reduction * outputs).map(|i| w[i % outputs * reduction + i / outputs]).collect();
                bench.load(Memory::Activation, 64, &tiled(&transposed, reduction));
                op.stationary_pass = N as u32;
                op.stationary_column = reduction as u32;
            }
            _ => drop(bench.load(Memory::Activation, 64, &tiled(&w, outputs))),
        }
        bench.load(Memory::Activation, 0, &tiled(&x, rows)).load(Memory::Parameter, 0, &parameters(&columns));
        let memories = bench.then(LOADED, op).halts();
        for (row, codes) in expected.chunks_exact(outputs).enumerate() {
            for (j, &code) in codes.iter().enumerate() {
                let at = (j / N * rows + row) as u32;
                assert_eq!(u16::from(memories.codes(128 + at)[j % N]), code, "{source:?}, row {row}, output {j}");
            }
        }
        // The same sums, seven places further to the left.
        let d = |code: u8| Format::AF8_3.significand(code.into());
        let sum = |row: usize, j: usize| -> i64 {
            let products = x[row * reduction..][..reduction].iter().zip(&w[j * reduction..][..reduction]);
            i64::from(columns[j].0) + products.map(|(&a, &b)| d(a) * d(b)).sum::<i64>()
        };
        for (row, j) in (0..rows).flat_map(|row| (0..outputs).map(move |j| (row, j))) {
            let wide = saturate(rhu(sum(row, j).max(0), i32::from(columns[j].1) - 7), 16);
            let at = 32 + (j / N * rows + row) as u32;
            assert_eq!(i64::from(memories.numbers(at)[j % N]), wide, "{source:?}, row {row}, output {j}");
        }
    }
}

/// 2:4 weights: a record for each two passes, and a plain one where the last pass is alone.
#[test]
fn a_record_of_blocks_is_the_weights_of_two_passes() {
    let (rows, outputs) = (5, 8);
    let sparsity = BlockSparsity::new(2, 4).expect("such blocks");
    for passes in [1, 2, 3, 4] {
        let reduction = passes * N;
        let x = codes(passes as u32, rows * reduction);
        let mut w = codes(7, outputs * reduction);
        // Of every block along whole pairs of passes, half are kept.
        for (i, code) in w.iter_mut().enumerate() {
            let paired = i % reduction / (2 * N) < passes / 2;
            *code *= u8::from(!paired || [0, 3].contains(&(i % 4)));
        }
        let columns = vec![(100, 10); outputs];
        let product = Product {
            operand: Format::AF8_3,
            result: Format::AF8_3,
            accumulator_bits: 35,
            rows,
            reduction,
            columns: outputs,
            activations: x.iter().map(|&c| c.into()).collect(),
            weights: w.iter().map(|&c| c.into()).collect(),
            bias: vec![100; outputs],
            scale: vec![10; outputs],
            function: Activation::Identity,
            activation_shift: 0,
        };
        let expected = product.codes().expect("the multiply is sound");

        let mut bench = Bench::of(AcceleratorConfig { sparsity: Some(sparsity), ..config() });
        let layout = bench.interpreter.config().layout().expect("such records");
        let weight = |output: usize, input: usize| u16::from(w[output * reduction + input]);
        let (mut masks, mut values) = (Image::new(64, layout.word_bits()).expect("such words"), Vec::new());
        let records = passes.div_ceil(2);
        for (number, (j, k)) in (0..outputs / N).flat_map(|j| (0..records).map(move |k| (j, k))).enumerate() {
            let width = if 2 * k + 1 < passes { 2 * N } else { N };
            let item = |l: usize| (0..width).map(|i| weight(j * N + l, 2 * k * N + i)).collect();
            let tile: Vec<Vec<u16>> = (0..N).map(item).collect();
            let base = Pointer { row: values.len() / N, lane: values.len() % N };
            let encoded = layout.encode(Format::AF8_3, base, &tile).expect("the tile encodes");
            for word in 0..=N {
                let content = encoded.masks.get(word, 0, layout.word_bits());
                masks.set(number * (N + 1) + word, 0, layout.word_bits(), content);
            }
            values.extend(encoded.values);
        }
        bench.interpreter.set_weights(&values, &masks).expect("they fit");
        bench.load(Memory::Activation, 0, &tiled(&x, rows)).load(Memory::Parameter, 0, &parameters(&columns));
        let words = (N + 1) as u32;
        let op = Gemm {
            source: Source::Records,
            blocks: true,
            stationary_base: 0,
            stationary_pass: words,
            stationary_column: words * records as u32,
            ..gemm(rows, passes, outputs / N)
        };
        let memories = bench.then(LOADED, op).halts();
        for (i, &code) in expected.iter().enumerate() {
            let (row, j) = (i / outputs, i % outputs);
            let at = (j / N * rows + row) as u32;
            assert_eq!(u16::from(memories.codes(128 + at)[j % N]), code, "{passes} passes, row {row}, output {j}");
        }
        // Read as what they are not, blocks by plain passes and plain ones as blocks, they are errors at
        // most.
        let registers = Registers::default();
        let plain = Gemm { blocks: false, passes: Count(records as u32), ..op };
        let odd = passes % 2;
        let pair = Gemm {
            stream_pass: 0,
            passes: Count(2),
            columns: Count(1),
            stationary_base: (records - 1) as u32 * words,
            ..op
        };
        for (op, vectors, wrong) in
            [(op, outputs / N * records, 0), (plain, outputs / N * records, 0), (pair, 1, odd * N)]
        {
            bench.then(Waits::NONE, op).then(Waits::NONE, Halt {});
            let content = Program { instructions: std::mem::take(&mut bench.program) }.bytes();
            bench.memory.content[..content.len()].copy_from_slice(&content);
            let registers = Registers { program_length: content.len() as u32, ..registers };
            let outcome =
                bench.interpreter.run(&registers, &mut bench.memory, |_, _| {}).expect("the program is sound");
            assert_eq!((outcome.end, outcome.counters.mask_errors), (End::Halted, wrong as u64), "{passes} passes");
            assert_eq!(outcome.counters.vectors, (vectors * rows) as u64);
        }
    }
}

/// A row of a table goes through the array by an identity: the sum of two tables' rows, to the bit.
#[test]
fn listed_records_are_rows_of_tables_that_are_added() {
    let channels = 12;
    let tiles = channels / N;
    let table = codes(3, 5 * channels);
    let layout = RecordLayout::new(N, 64 * N, tiles, true, None).expect("such records");
    let vectors: Vec<Vec<u16>> = table.chunks_exact(N).map(|v| v.iter().map(|&c| c.into()).collect()).collect();
    let encoded = layout.encode(Format::AF8_3, Pointer::default(), &vectors).expect("the table encodes");
    let mut bench = Bench::new();
    bench.interpreter.set_weights(&encoded.values, &encoded.masks).expect("it fits");
    // 1 as a code of the largest exponent, so that products keep their bits; d = 16·2^7.
    let identity: Vec<Vec<u8>> = (0..N).map(|i| (0..N).map(|l| if i == l { 0x70 } else { 0 }).collect()).collect();
    let ids = [(4, 1), (0, 3)];
    let words = layout.record_words() as u32;
    let list: Vec<Vec<u8>> =
        ids.iter().flat_map(|&(a, b)| [a, b]).map(|id: u32| (id * words).to_le_bytes().to_vec()).collect();
    bench.load(Memory::Activation, 0, &identity).load(Memory::Index, 3, &list);
    bench.load(Memory::Parameter, 5, &parameters(&[(0, 11); N]));
    let op = Gemm {
        source: Source::Listed,
        masks: Count(tiles as u32),
        stream_pass: 0,
        stationary_base: 0,
        list_base: 3,
        parameter_base: 5,
        parameter_column: 0,
        code: false,
        wide_shift: 0,
        result_column: 1,
        result_row: ids.len() as u32,
        ..gemm(tiles, 2, ids.len())
    };
    let memories = bench.then(LOADED, op).halts();
    for (token, (a, b)) in ids.into_iter().enumerate() {
        for c in 0..channels {
            let d = |id: u32| Format::AF8_3.significand(table[id as usize * channels + c].into());
            let at = 32 + (c / N * ids.len() + token) as u32;
            assert_eq!(i64::from(memories.numbers(at)[c % N]), d(a) + d(b), "token {token}, channel {c}");
        }
    }
}

fn numbers(seed: u32, rows: usize) -> Vec<Vec<u8>> {
    let bytes = codes(seed, 2 * N * rows);
    bytes.chunks_exact(2 * N).map(<[u8]>::to_vec).collect()
}

#[test]
fn a_span_scales_the_probabilities_of_what_is_far() {
    let scores = numbers(4, 2 * 3);
    let op = Softmax {
        limit: true,
        rows: Count(3),
        tiles: Count(2),
        count: Count(7),
        source_base: 10,
        source_tile: 3,
        source_row: 1,
        result_base: 0,
        result_tile: 1,
        result_row: 2,
        span: 1,
        ramp: 2,
        first_row: 2,
        first_column: 0,
    };
    let memories = Bench::new().load(Memory::Wide, 10, &scores).then(LOADED, op).halts();
    let number = |bytes: &[u8], i: usize| i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
    for row in 0..3 {
        let t: Vec<i16> = (0..8).map(|c| number(&scores[c / N * 3 + row], c % N)).collect();
        let mask: Vec<u8> = (0..8usize)
            .map(|c| match c.abs_diff(row + 2) {
                0 | 1 => 128,
                x @ 2..=4 => 128 - 32 * (x as u8 - 1),
                _ => 0,
            })
            .collect();
        let expected = Unit::new(2, Maximum::Row).and_then(|unit| unit.row(&t, 7, &mask)).expect("the row is sound");
        let codes = [memories.codes(2 * row as u32), memories.codes(2 * row as u32 + 1)].concat();
        assert_eq!(codes.iter().map(|&c| u16::from(c)).collect::<Vec<_>>(), expected.codes, "row {row}");
    }
}

/// Rows of 5 parents with 2 children each: 15 scores in 4 tiles, 10 weights in 3.
const MEMORY: HierarchicalSoftmax = HierarchicalSoftmax {
    rows: Count(3),
    parents: Count(5),
    children: Count(2),
    largest: Count(3),
    source_base: 10,
    source_tile: 3,
    source_row: 1,
    result_base: 0,
    result_tile: 1,
    result_row: 3,
};

#[test]
fn weights_of_a_hierarchy_fill_whole_tiles() {
    let scores = numbers(4, 4 * 3);
    let memories = Bench::new().load(Memory::Wide, 10, &scores).then(LOADED, MEMORY).halts();
    let number = |bytes: &[u8], i: usize| i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
    for row in 0..3 {
        let t: Vec<i16> = (0..15).map(|c| number(&scores[c / N * 3 + row], c % N)).collect();
        let mut expected = Hierarchy { parents: 5, children: 2, largest: 3 }.row(&t).expect("the row is sound").codes;
        expected.resize(12, 0);
        let codes = (0..3).flat_map(|tile| memories.codes(3 * row as u32 + tile).to_vec());
        assert_eq!(codes.map(u16::from).collect::<Vec<_>>(), expected, "row {row}");
    }
}

#[test]
fn a_hierarchy_beyond_the_unit_is_no_instruction_and_none_is_without_it() {
    let stops = |config: AcceleratorConfig, op: HierarchicalSoftmax| {
        let mut bench = Bench::of(config);
        bench.load(Memory::Wide, 10, &numbers(4, 4 * 3)).then(LOADED, op).then(Waits::NONE, Halt {}).stops()
    };
    let wrong = [
        HierarchicalSoftmax { parents: Count(9), ..MEMORY },
        HierarchicalSoftmax { children: Count(5), ..MEMORY },
        HierarchicalSoftmax { largest: Count(6), ..MEMORY },
    ];
    for op in wrong {
        assert_eq!(stops(config(), op), (Fault::Instruction, 1), "{op:?}");
    }
    assert_eq!(stops(AcceleratorConfig { hierarchy_max: None, ..config() }, MEMORY), (Fault::Instruction, 1));
}

#[test]
fn a_layer_norm_of_a_sum_leaves_nothing_behind_its_channels() {
    let (a, b) = (numbers(5, 4), numbers(6, 4));
    let sum = Elementwise { vectors: Count(4), b_base: 4, result_base: 8, b_shift: 3, ..Elementwise::LEAST };
    let norm = Layernorm {
        code: true,
        wide: true,
        exponent_bias: -2,
        plain: false,
        rows: Count(2),
        channels: Count(6),
        source_base: 8,
        source_tile: 2,
        source_row: 1,
        result_base: 0,
        result_tile: 2,
        result_row: 1,
        wide_base: 16,
        parameter_base: 0,
    };
    let gamma = 1i32 << 14;
    let channels: Vec<(i32, i8)> = (0..8).map(|c| (gamma | (c * 100) << 16, (c % 3) as i8)).collect();
    let mut bench = Bench::new();
    bench.load(Memory::Wide, 0, &a).load(Memory::Wide, 4, &b).load(Memory::Parameter, 0, &parameters(&channels));
    bench.then(LOADED, sum).then(Waits::NONE.and(Engine::Elementwise, 0), norm);
    let memories = bench.halts();
    let unit = alberti_golden::layernorm::LayerNorm::new(
        vec![1 << 14; 6],
        (0..6).map(|c| c * 100).collect(),
        &[0, 1, 2, 0, 1, 2],
        -2,
    );
    for row in 0..2u32 {
        let r = [memories.numbers(8 + row), &memories.numbers(10 + row)[..2]].concat();
        let expected = unit.as_ref().expect("it is sound").row(&r).expect("so is the row");
        let wide = [memories.numbers(16 + row), memories.numbers(18 + row)].concat();
        assert_eq!(wide, [&expected.wide[..], &[0, 0]].concat(), "row {row}");
        let codes: Vec<u16> =
            [memories.codes(row), memories.codes(2 + row)].concat().iter().map(|&c| c.into()).collect();
        assert_eq!(codes, [&expected.codes[..], &[0, 0]].concat(), "row {row}");
    }
}

fn logits(values: [i16; N]) -> Vec<Vec<u8>> {
    vec![values.iter().flat_map(|value| value.to_le_bytes()).collect()]
}

#[test]
fn a_loop_ends_at_the_layer_whose_entropy_is_below_the_threshold() {
    let exit = Exit { classes: Count(3), layer: 1, source_base: 0, source_tile: 1 };
    // Each iteration makes the logits three times as large, from 1/16 on.
    let grow = Elementwise { scale: true, gain: 3, ..Elementwise::LEAST };
    let mut ends = Vec::new();
    for threshold in [0, 400, 1600] {
        let mut bench = Bench::new();
        bench.threshold = threshold;
        bench.load(Memory::Wide, 0, &logits([64, -64, 0, 7777]));
        bench.then(LOADED, Repeat { count: Count(5) });
        bench.then(Waits::NONE.and(Engine::Elementwise, 0), exit).then(Waits::NONE.and(Engine::Elementwise, 0), grow);
        bench.then(Waits::NONE, alberti_isa::End {}).then(Waits::NONE, Halt {});
        ends.push(bench.run().expect("the program is sound").0);
    }
    // Entropies of 1621, 1605, 1479, 812 and 1 in 1024th of a bit.
    assert_eq!(ends, [End::Halted, End::Exited { layer: 5 }, End::Exited { layer: 3 }]);
}

#[test]
fn rows_go_out_as_they_came_in() {
    let rows = [codes(7, N), codes(8, N)];
    let mut bench = Bench::new();
    bench.load(Memory::Activation, 254, &rows);
    let out = |waits| {
        (waits, Store { memory: Memory::Activation, base: Base::Data, row: 254, rows: Count(2), address_offset: 512 })
    };
    let (waits, store) = out(LOADED);
    bench.then(waits, store).halts();
    let at = DATA as usize + 512;
    assert_eq!(bench.memory.content[at..at + 16], [&rows[0][..], &[0; 4], &rows[1], &[0; 4]].concat());
}

#[test]
fn what_no_wait_covers_is_an_error_of_the_program() {
    let parameters = parameters(&[(0, 9); N]);
    let load = |bench: &mut Bench| {
        bench.load(Memory::Activation, 0, &tiled(&codes(1, 4 * N), 4)).load(Memory::Parameter, 0, &parameters);
        bench.load(Memory::Activation, 64, &tiled(&codes(2, N * N), N));
    };
    let say = |waits: &[(Waits, Operation)]| {
        let mut bench = Bench::new();
        load(&mut bench);
        for &(waits, operation) in waits {
            bench.then(waits, operation);
        }
        bench.then(Waits::NONE, Halt {}).run().map(|(end, _)| end)
    };
    let first = gemm(4, 1, 1);
    let second = Gemm { stream_base: 128, result_base: 160, wide_base: 64, ..first };
    let finished = LOADED.and(Engine::Matrix, 0);
    assert_eq!(say(&[(LOADED, first.into()), (finished, second.into())]), Ok(End::Halted));
    for (program, expected) in [
        (vec![(Waits::NONE, first.into())], "instruction 3, gemm"),
        (
            vec![(Waits::NONE, first.into())],
            "row 0 of the activation memory: it is read while the unit transfer may not",
        ),
        (vec![(LOADED.and(Engine::Transfer, 1), second.into())], "row 128 of the activation memory: it is read before"),
        (
            vec![(LOADED, first.into()), (Waits::NONE.and(Engine::Matrix, 1), second.into())],
            "may not have written it yet",
        ),
        (
            vec![
                (LOADED, first.into()),
                (
                    Waits::NONE,
                    Load { memory: Memory::Activation, base: Base::Data, row: 3, rows: Count(1), address_offset: 0 }
                        .into(),
                ),
            ],
            "row 3 of the activation memory: it is written while the unit matrix may still read it",
        ),
        (
            vec![
                (LOADED, first.into()),
                (
                    Waits::NONE,
                    Load { memory: Memory::Wide, base: Base::Data, row: 35, rows: Count(1), address_offset: 0 }.into(),
                ),
            ],
            "row 35 of the wide memory: it is written while the unit matrix may still write it",
        ),
    ] {
        let error = say(&program).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
    // The second before the last has finished when at most one is unfinished.
    let third = Gemm { stream_base: 0, result_base: 192, wide_base: 96, ..first };
    let waits = Waits::NONE.and(Engine::Matrix, 1);
    assert_eq!(say(&[(LOADED, first.into()), (LOADED, third.into()), (waits, second.into())]), Ok(End::Halted));
}

/// Answers with a fault from an address on.
struct Faulty(Flat, u64, Fault);

impl External for Faulty {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        if address + bytes.len() as u64 > self.1 { Err(self.2) } else { self.0.read(address, bytes) }
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        if address + bytes.len() as u64 > self.1 { Err(self.2) } else { self.0.write(address, bytes) }
    }
}

#[test]
fn every_fault_stops_the_program_where_it_is() {
    let rows = tiled(&codes(1, 4 * N), 4);
    let with = |change: fn(&mut Gemm)| {
        let mut op = gemm(4, 1, 1);
        change(&mut op);
        let mut bench = Bench::new();
        bench.load(Memory::Activation, 0, &rows).load(Memory::Parameter, 0, &parameters(&[(0, 9); N]));
        bench.load(Memory::Activation, 64, &rows);
        bench.then(LOADED, op).then(Waits::NONE, Halt {}).stops()
    };
    assert_eq!(with(|op| op.function = 2), (Fault::Instruction, 3));
    assert_eq!(with(|op| op.rows = Count(17)), (Fault::Instruction, 3));
    assert_eq!(with(|op| op.masks = Count(5)), (Fault::Instruction, 3));
    assert_eq!(with(|op| op.passes = Count(9)), (Fault::Instruction, 3));
    assert_eq!(with(|op| (op.source, op.blocks) = (Source::Records, true)), (Fault::Instruction, 3));
    assert_eq!(with(|op| op.stream_base = 256), (Fault::Address, 3));
    assert_eq!(with(|op| op.result_base = 253), (Fault::Address, 3));
    assert_eq!(with(|op| op.parameter_base = 32), (Fault::Address, 3));
    assert_eq!(with(|op| (op.source, op.stationary_base) = (Source::Records, 60)), (Fault::Address, 3));

    let with = |operation: Operation| {
        let mut bench = Bench::new();
        bench.load(Memory::Wide, 0, &numbers(1, 8)).then(LOADED, operation).then(Waits::NONE, Halt {}).stops()
    };
    let load = Load { memory: Memory::Index, base: Base::Data, row: 10, rows: Count(7), address_offset: 0 };
    assert_eq!(with(load.into()), (Fault::Address, 1));
    assert_eq!(with(Load { rows: Count(2), address_offset: 4, ..load }.into()), (Fault::Alignment, 1));
    assert_eq!(with(Load { rows: Count(2), address_offset: 1 << 20, ..load }.into()), (Fault::BusDecode, 1));
    assert_eq!(
        with(Exit { classes: Count(9), layer: 0, source_base: 0, source_tile: 1 }.into()),
        (Fault::Instruction, 1)
    );
    assert_eq!(with(Exit { classes: Count(8), layer: 0, source_base: 0, source_tile: 256 }.into()).0, Fault::Address);
    assert_eq!(with(alberti_isa::End {}.into()), (Fault::Loop, 1));

    let mut bench = Bench::new();
    assert_eq!(bench.stops(), (Fault::ProgramSize, 0));
    let repeat = Repeat { count: Count(2) };
    assert_eq!(bench.then(Waits::NONE, repeat).then(Waits::NONE, repeat).stops(), (Fault::Loop, 1));
    assert_eq!(bench.then(Waits::NONE, repeat).stops(), (Fault::ProgramEnd, 1));
    for _ in 0..33 {
        bench.then(Waits::NONE, Halt {});
    }
    assert_eq!(bench.stops(), (Fault::ProgramSize, 0));

    // The slave's answer, and then a run in which nothing is wrong.
    bench.load(Memory::Wide, 0, &numbers(1, 8)).then(Waits::NONE, Halt {});
    let content = Program { instructions: bench.program.clone() }.bytes();
    bench.memory.content[..content.len()].copy_from_slice(&content);
    let registers = bench.registers();
    let mut faulty = Faulty(bench.memory.clone(), DATA, Fault::BusSlave);
    let outcome = bench.interpreter.run(&registers, &mut faulty, |_, _| {}).expect("the program is sound");
    assert_eq!(outcome.end, End::Stopped { fault: Fault::BusSlave, at: 0 });
    assert_eq!(bench.run().expect("the program is sound").0, End::Halted);
}

#[test]
fn counters_tell_what_the_array_did() {
    let mut x = codes(1, 4 * N);
    x[N..2 * N].fill(0);
    let mut bench = Bench::new();
    bench.load(Memory::Activation, 0, &tiled(&x, 4)).load(Memory::Parameter, 0, &parameters(&[(0, 9); 2 * N]));
    bench.load(Memory::Activation, 64, &tiled(&codes(2, 2 * N * N), 2 * N));
    bench.then(LOADED, gemm(4, 1, 2)).then(Waits::NONE, Halt {});
    let content = Program { instructions: bench.program.clone() }.bytes();
    bench.memory.content[..content.len()].copy_from_slice(&content);
    let registers = bench.registers();
    let mut steps = Vec::new();
    let outcome =
        bench.interpreter.run(&registers, &mut bench.memory, |step, _| steps.push((step.at, step.written.len())));
    let counters = outcome.expect("the program is sound").counters;
    assert_eq!((counters.vectors, counters.held, counters.instructions), (8, 2, 5));
    assert_eq!(counters.bytes_read, 5 * 64 + 4 * 8 + 2 * 24 + 8 * 8);
    assert_eq!(steps, [(0, 4), (1, 2), (2, 8), (3, 16), (4, 0)]);
}

#[test]
fn weights_of_another_shape_are_refused() {
    let mut interpreter = Interpreter::new(config()).expect("such an accelerator can be built");
    let wide = Image::new(4, 40).expect("such an image");
    let error = interpreter.set_weights(&[], &wide).expect_err("words of 40 bits").to_string();
    assert!(error.contains("4 mask words of 40 bits"), "{error}");
    let masks = Image::new(4, interpreter.config().layout().expect("a layout").word_bits()).expect("such an image");
    assert!(interpreter.set_weights(&vec![0; 64 * N + 1], &masks).is_err());
}

#[test]
fn an_instruction_by_itself_does_what_it_does_in_a_program() {
    let mut interpreter = Interpreter::new(config()).expect("such an accelerator can be built");
    for (row, numbers) in (0..).zip([[1i16, -2, 300, 4], [10, 20, -32_768, 32_767]]) {
        let bytes = numbers.map(i16::to_le_bytes).concat();
        interpreter.set_row(RowAddress { memory: Memory::Wide, row }, &bytes).expect("such a row");
    }
    let sum = Elementwise { b_base: 1, result_base: 7, ..Elementwise::LEAST };
    let mut perform = |operation: Operation| {
        let registers = Registers { entropy_threshold: u16::MAX, ..Registers::default() };
        interpreter.perform(operation, &registers, &mut Flat::default())
    };
    let did = perform(sum.into()).expect("it reads what is there");
    assert_eq!((did.end, did.written), (None, vec![RowAddress { memory: Memory::Wide, row: 7 }]));
    assert!(perform(Elementwise { a_base: 3, ..sum }.into()).is_err(), "row 3 was never written");
    let outside = perform(Elementwise { a_base: 1 << 20, ..sum }.into()).expect("a fault is an outcome");
    assert_eq!(outside.end, Some(End::Stopped { fault: Fault::Address, at: 0 }));
    let exit = Exit { classes: Count(4), layer: 3, source_base: 7, source_tile: 0 };
    assert_eq!(perform(exit.into()).expect("it reads what is there").end, Some(End::Exited { layer: 3 }));
    assert_eq!(interpreter.memories().numbers(7), [11, 18, -32_468, 32_767]);
    assert!(interpreter.set_row(RowAddress { memory: Memory::Wide, row: 256 }, &[0; 8]).is_err());
    assert!(interpreter.set_row(RowAddress { memory: Memory::Wide, row: 0 }, &[0; 7]).is_err());
}

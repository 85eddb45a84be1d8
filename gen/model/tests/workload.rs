//! A layer as streams: an accelerator written here reads them back and computes the layer.
#![allow(missing_docs)]

mod common;

use alberti_arith::{Format, requantize, wrap};
use alberti_golden::{Packed, Pointer, Segment, processing_unit};
use alberti_model::{Codes, Matrix, ModelError, ProcessingUnitTarget, Workload, prune, quantise::QuantisedLinear};
use common::{Numbers, block, pu16, quantised};

fn target(n: usize, rows: usize, nonzeros: Option<usize>) -> ProcessingUnitTarget {
    ProcessingUnitTarget { n, accumulator_rows: rows, block: nonzeros.map(block), ..pu16() }
}

/// A random GEMM of `m` tokens, `k` inputs, `outputs` outputs; block-pruned where asked.
fn gemm(m: usize, k: usize, outputs: usize, pruned: bool, target: &ProcessingUnitTarget) -> (QuantisedLinear, Codes) {
    let mut numbers = Numbers::new((m * 1000 + k * 10 + outputs) as u64);
    let (input, mut weight) = (numbers.matrix(m, k, 0.3), numbers.matrix(outputs, k, 0.2));
    if let (true, Some(shape)) = (pruned, target.block) {
        prune::blocks(&mut weight, shape);
    }
    let layer = quantised(weight, &input, target);
    let activations = layer.activations(&input).expect("its own inputs");
    (layer, activations)
}

fn workload(
    layer: &QuantisedLinear,
    activations: &Codes,
    pruned: bool,
    target: &ProcessingUnitTarget,
) -> Result<Workload, ModelError> {
    Workload::new(layer, activations, target.block.filter(|_| pruned), true, target)
}

/// Items in order, and the packed values after them.
struct Stream<'a, T> {
    items: std::vec::IntoIter<(Option<Pointer>, T)>,
    memory: &'a Packed,
    at: usize,
}

impl<'a, T: Copy> Stream<'a, T> {
    fn new(segments: &[Segment<T>], memory: &'a Packed) -> Self {
        let items = |segment: &Segment<T>| -> Vec<(Option<Pointer>, T)> {
            segment.items.iter().enumerate().map(|(i, &item)| ((i == 0).then_some(segment.base), item)).collect()
        };
        Self { items: segments.iter().flat_map(items).collect::<Vec<_>>().into_iter(), memory, at: 0 }
    }

    fn item(&mut self) -> T {
        let (base, item) = self.items.next().expect("an item for every lane and vector");
        if let Some(base) = base {
            self.at = base.row * self.memory.lanes() + base.lane;
        }
        item
    }

    /// Position and code of each one of a mask.
    fn packed(&mut self, mask: u128) -> Vec<(usize, u16)> {
        let ones: Vec<usize> = (0..128).filter(|i| mask >> i & 1 == 1).collect();
        let from = self.at;
        self.at += ones.len();
        ones.into_iter().enumerate().map(|(i, position)| (position, self.memory.values()[from + i])).collect()
    }
}

/// A processing unit that knows jobs and streams alone. Answers result vectors in their order.
fn accelerator(workload: &Workload, target: &ProcessingUnitTarget) -> Vec<u16> {
    let (n, operand, input) = (target.n, target.operand, &workload.input);
    let mut weights = Stream::new(&input.weights, &input.weight_memory);
    let mut slots: Vec<_> = input.activations.iter().map(|slot| Stream::new(&slot.masks, &slot.memory)).collect();
    let mut results = Vec::new();
    for job in &input.jobs {
        let mut sums = vec![job.bias.clone(); job.rows];
        let mut plain = 0;
        for _ in 0..job.passes {
            let mut is_block = false;
            let tile: Vec<Vec<(usize, u16)>> = (0..n)
                .map(|_| {
                    let item = weights.item();
                    is_block = item.block;
                    if let (true, Some(shape)) = (item.block, target.block) {
                        for b in 0..2 * n / shape.block() {
                            let ones = (item.mask >> (b * shape.block()) & ((1 << shape.block()) - 1)).count_ones();
                            assert_eq!(ones as usize, shape.nonzeros(), "a block mask of the wrong popcount");
                        }
                    }
                    weights.packed(item.mask)
                })
                .collect();
            let reads = if is_block { 0..2 } else { plain % slots.len()..plain % slots.len() + 1 };
            plain += usize::from(!is_block);
            for row in &mut sums {
                let mut vector = Vec::new();
                for slot in reads.clone() {
                    let mask = slots[slot].item();
                    let mut codes = vec![0; n];
                    slots[slot].packed(mask.into()).into_iter().for_each(|(i, code)| codes[i] = code);
                    vector.extend(codes);
                }
                for (sum, lane) in row.iter_mut().zip(&tile) {
                    let products = lane.iter().map(|&(i, w)| operand.significand(w) * operand.significand(vector[i]));
                    *sum = wrap(*sum + products.sum::<i64>(), target.accumulator_bits);
                }
            }
        }
        for row in &sums {
            results.extend(row.iter().zip(&job.scale).map(|(&sum, &shift)| requantize(target.result, sum, shift)));
        }
    }
    assert!(weights.items.next().is_none() && slots.iter_mut().all(|slot| slot.items.next().is_none()));
    results
}

fn check(m: usize, k: usize, outputs: usize, pruned: bool, target: &ProcessingUnitTarget) {
    let (layer, activations) = gemm(m, k, outputs, pruned, target);
    let workload = workload(&layer, &activations, pruned, target).expect("a GEMM that fits");
    let expected = layer.results(&activations).expect("its own inputs");
    assert!(expected.data.iter().any(|&code| code != 0));

    let vectors = accelerator(&workload, target);
    let (n, mut at) = (target.n, vectors.chunks(target.n));
    for first in (0..m).step_by(target.accumulator_rows) {
        for output in (0..outputs).step_by(n) {
            for row in first..m.min(first + target.accumulator_rows) {
                let width = n.min(outputs - output);
                let vector = at.next().expect("a vector for every row and tile");
                assert_eq!(vector[..width], expected.row(row)[output..output + width], "{m} × {k} × {outputs}");
            }
        }
    }
    assert!(at.next().is_none());

    let output = processing_unit::run(&workload.config, &workload.input).expect("a unit that takes the streams");
    assert_eq!(output.counters.mask_errors, 0);
    assert_eq!(workload.results(&output).expect("its own output"), expected);
}

#[test]
fn an_accelerator_that_reads_the_streams_computes_the_layer_for_odd_shapes() {
    for n in [2, 3, 5, 16, 64] {
        for (m, k, outputs) in [(1, 1, 1), (7, 13, 5), (16, 32, 16), (19, 33, 17), (5, 130, 66)] {
            check(m, k, outputs, false, &target(n, 64, None));
            check(m, k, outputs, false, &target(n, 4, None));
        }
    }
}

#[test]
fn block_sparse_layers_run_in_half_the_passes() {
    for (n, nonzeros) in [(8, 8), (16, 8), (12, 4), (6, 2), (64, 8)] {
        for (m, k, outputs) in [(1, 1, 1), (9, 2 * n, n), (20, 3 * n, 17), (7, 4 * n + 3, 2 * n)] {
            let target = target(n, 8, Some(nonzeros));
            check(m, k, outputs, true, &target);
            check(m, k, outputs, false, &target);
        }
    }
    let target = target(16, 128, Some(8));
    let (layer, activations) = gemm(128, 384, 32, true, &target);
    let passes = |pruned| workload(&layer, &activations, pruned, &target).expect("it fits").input.jobs[0].passes;
    assert_eq!((passes(true), passes(false)), (12, 24));
}

#[test]
fn fixed_point_operands_are_laid_out_as_well() {
    for operand in [Format::Q3_5, Format::Q3_13] {
        let target = ProcessingUnitTarget { operand, result: operand, accumulator_bits: 44, ..target(8, 16, None) };
        check(18, 21, 11, false, &target);
    }
}

#[test]
fn memories_hold_no_zeros_of_plain_streams() {
    let target = target(4, 6, None);
    let (layer, activations) = gemm(8, 10, 7, false, &target);
    let workload = workload(&layer, &activations, false, &target).expect("a GEMM that fits");
    let stored = layer.weight.data.iter().filter(|&&code| code != 0).count();
    let values = workload.input.weight_memory.values();
    assert!(values[..stored].iter().all(|&code| !Format::AF8_3.is_zero(code)));
    assert!(values[stored..].iter().all(|&code| code == 0));
}

#[test]
fn blocks_need_a_design_that_has_them() {
    let (with, without) = (target(8, 16, Some(4)), target(8, 16, None));
    let (layer, activations) = gemm(3, 20, 4, true, &with);
    let code = |blocks, target| {
        Workload::new(&layer, &activations, Some(block(blocks)), true, target)
            .map(|_| ())
            .map_err(|e| e.code().as_str())
    };
    assert_eq!(code(4, &with), Ok(()));
    assert_eq!(code(8, &with), Err("AE0707"));
    assert_eq!(code(4, &without), Err("AE0707"));
}

#[test]
fn what_the_design_cannot_take_is_an_error() {
    let good = target(4, 6, None);
    let (layer, activations) = gemm(8, 10, 7, false, &good);
    let code = |target: &ProcessingUnitTarget| {
        workload(&layer, &activations, false, target).map(|_| ()).map_err(|e| e.code().as_str())
    };
    assert_eq!(code(&good), Ok(()));
    assert_eq!(code(&ProcessingUnitTarget { reduction_max: 9, ..good }), Err("AE0711"));
    assert_eq!(code(&ProcessingUnitTarget { accumulator_bits: 36, ..good }), Err("AE0711"));
    assert_eq!(code(&ProcessingUnitTarget { operand: Format::Q3_5, ..good }), Err("AE0711"));
    assert_eq!(code(&ProcessingUnitTarget { n: 65, ..good }), Err("AE0711"));
    assert_eq!(code(&ProcessingUnitTarget { accumulator_rows: 0, ..good }), Err("AE0711"));
    assert_eq!(code(&target(6, 6, Some(4))), Err("AE0707"));
    for memory in ["weight", "activation", "result"] {
        let mut capacity = good.capacity;
        match memory {
            "weight" => capacity.weight = 50,
            "activation" => capacity.activation = 50,
            _ => capacity.result = 63,
        }
        let error = workload(&layer, &activations, false, &ProcessingUnitTarget { capacity, ..good })
            .expect_err("too small a memory");
        assert_eq!(error.code().as_str(), "AE0712");
        assert!(error.to_string().contains(&format!("the {memory} memory needs")), "{error}");
    }
    let empty = Codes::zeros(0, 10);
    assert_eq!(workload(&layer, &empty, false, &good).map(|_| ()).map_err(|e| e.code().as_str()), Err("AE0711"));
    let (workload, other) = (
        workload(&layer, &activations, false, &good).expect("a GEMM that fits"),
        quantised(Numbers::new(9).matrix(3, 10, 0.0), &Matrix::zeros(1, 10), &good),
    );
    let other = Workload::new(&other, &activations, None, true, &good).expect("a GEMM that fits");
    let output = processing_unit::run(&other.config, &other.input).expect("a unit that takes the streams");
    assert_eq!(workload.results(&output).map_err(|e| e.code().as_str()), Err("AE0711"));
}

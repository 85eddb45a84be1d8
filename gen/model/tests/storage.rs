//! What each storage layout costs beside the codes, on the trained matrices of the demo.
#![allow(missing_docs, clippy::print_stdout)]

mod common;

use alberti_golden::{
    Pointer,
    storage::{Bits, Cut, RecordKind},
};
use alberti_model::{demo::SENTENCE, prune::Pruning};
use common::{block, model, pu16};

/// Bits of the demo's three matrices, and their codes with all zeros.
fn bits(pruning: Pruning, kind: RecordKind) -> (Bits, u64) {
    let (model, target) = (model(), pu16());
    let forward = model.forward(SENTENCE).expect("its own sentence");
    let mut sum = Bits { mask: 0, offset: 0, pointer: 0, unused: 0, code: 0 };
    let mut dense = 0;
    for layer in ["layer.0.attention.query", "layer.0.attention.output", "layer.0.intermediate"] {
        let weight = model.gemm(&forward, layer, pruning, &target).expect("a layer that fits").linear.weight;
        let cut = Cut { kind, rows: weight.rows, columns: weight.cols, n: target.n };
        let blocks = (kind == RecordKind::Blocks).then(|| block(8));
        let layout = cut.layout(target.capacity.weight, blocks).expect("a layout");
        let vectors = cut.vectors(&weight.data).expect("the whole matrix");
        let encoded = layout.encode(target.operand, Pointer::default(), &vectors).expect("it has room");
        let bits = layout.bits(target.operand, &encoded);
        let words = (encoded.masks.words() * encoded.masks.width()) as u64;
        assert_eq!(bits.mask_memory(), words, "every bit of the mask memory is accounted for");
        sum.mask += bits.mask;
        sum.offset += bits.offset;
        sum.pointer += bits.pointer;
        sum.unused += bits.unused;
        sum.code += bits.code;
        dense += weight.data.len() as u64 * u64::from(target.operand.bits());
    }
    (sum, dense)
}

#[test]
fn what_masks_offsets_and_pointers_cost_is_as_documented() {
    let half = Pruning::Unstructured(0.5);
    for (name, pruning, kind, of_dense, of_codes) in [
        // 16 mask bits for 16 codes of 8: an eighth of the tensor, EdgeBERT's 12 %. A pointer takes 20 bits,
        // which words of a mask alone do not have: they are widened by 4.
        ("stream", half, RecordKind::Stream, 0.1563, 0.3125),
        ("row", half, RecordKind::Row, 0.1628, 0.3255),
        ("tile", half, RecordKind::Tile, 0.1660, 0.3320),
        ("offset", half, RecordKind::Offset, 0.1992, 0.3984),
        ("8:16", Pruning::Block(block(8)), RecordKind::Blocks, 0.1370, 0.2739),
    ] {
        let (bits, dense) = bits(pruning, kind);
        let share = |whole: u64| bits.mask_memory() as f64 / whole as f64;
        println!(
            "{name}: {:.4} of the dense tensor, {:.4} of the codes; masks alone {:.4}, offsets {:.4}, pointers {:.4}, unused {:.4}",
            share(dense),
            share(bits.code),
            bits.mask as f64 / dense as f64,
            bits.offset as f64 / dense as f64,
            bits.pointer as f64 / dense as f64,
            bits.unused as f64 / dense as f64,
        );
        assert!((share(dense) - of_dense).abs() < 1e-3, "{name}: {:.4} of the dense tensor", share(dense));
        assert!((share(bits.code) - of_codes).abs() < 1e-3, "{name}: {:.4} of the codes", share(bits.code));
        if kind != RecordKind::Blocks {
            assert!((bits.mask as f64 / dense as f64 - 0.125).abs() < 1e-9, "a bit for each code of eight");
        }
    }
}

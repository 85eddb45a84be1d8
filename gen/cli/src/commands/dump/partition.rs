//! The stage `partition`: memory of each kind for adapter-ALBERT, from its shape.

use crate::{
    exit::Result,
    table::{Table, count, decimals},
};
use alberti_arith::Format;
use alberti_model::partition::{Needed, Parameters, Shape, Sparsity, Split, needed};
use alberti_rtl::Design;
use serde::Serialize;

/// Half of the backbone is zero: the most that the paper prunes without losing accuracy.
const SPARSITY: Sparsity = Sparsity { embeddings: 0.5, transformer: 0.5 };

/// The sums, as JSON has them.
#[derive(Serialize)]
pub struct Sums {
    shape: Shape,
    parameters: Parameters,
    trainable: u64,
    sparsity: Sparsity,
    partitions: Vec<Partition>,
}

#[derive(Serialize)]
struct Partition {
    split: Split,
    format: String,
    /// Whether it is the design's operand.
    of_design: bool,
    #[serde(flatten)]
    needed: Needed,
    sram_bits: u64,
}

/// The sums as text and as data.
///
/// # Errors
/// None but those of shares that are no shares, which ours are.
pub fn dump(design: &Design) -> Result<(String, Sums)> {
    let shape = Shape::ALBERT_BASE;
    let mut formats = vec![("fp32".to_owned(), 32)];
    for format in [Format::Q3_13, Format::Q3_5, Format::AF8_3, design.datapath.operand] {
        let format = (format.to_string(), u64::from(format.bits()));
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let operand = design.datapath.operand.to_string();
    let mut partitions = Vec::new();
    for split in [Split::Backbone, Split::Embeddings] {
        for (format, bits) in &formats {
            let needed = needed(&shape, split, SPARSITY, *bits)?;
            let of_design = *format == operand;
            let sram_bits = needed.sram_bits();
            partitions.push(Partition { split, format: format.clone(), of_design, needed, sram_bits });
        }
    }
    let parameters = shape.parameters();
    let sums = Sums { shape, parameters, trainable: parameters.trainable(), sparsity: SPARSITY, partitions };
    Ok((text(&sums), sums))
}

fn text(sums: &Sums) -> String {
    let p = &sums.parameters;
    let mut table = Table::new(&["in RRAM", "format", "SLC", "MLC", "task SRAM", "activations", "SRAM", "switch"]);
    for partition in &sums.partitions {
        let n = &partition.needed;
        let bits =
            [n.slc_bits, n.mlc_bits, n.task_sram_bits, n.activation_sram_bits, partition.sram_bits, n.switch_bits];
        let split = match partition.split {
            Split::Backbone => "backbone",
            Split::Embeddings => "embeddings",
        };
        let mark =
            if partition.of_design { format!("{} (design)", partition.format) } else { partition.format.clone() };
        let mebibytes = bits.map(|bits| decimals(bits as f64 / f64::from(1 << 23), 3));
        table.row([split.to_owned(), mark].into_iter().chain(mebibytes).collect());
    }
    format!(
        "adapter-ALBERT: {} parameters, {} of them a task's; adapters of {}; {:.0} % of embeddings and {:.0} % of the encoder zero\n\
         embeddings {}, transformer {}, pooler {}, adapters {}, norms {}, classifier {}; {} tokens\n\nMiB; switch: loaded when the task changes\n{}",
        count(p.total()),
        count(sums.trainable),
        sums.shape.adapter,
        100.0 * sums.sparsity.embeddings,
        100.0 * sums.sparsity.transformer,
        count(p.embeddings),
        count(p.transformer),
        count(p.pooler),
        count(p.adapters),
        count(p.norms),
        count(p.classifier),
        sums.shape.tokens,
        table.text()
    )
}

//! A design's machine, as the golden model and the compiler see it.

use crate::exit::{Failure, Result};
use alberti_golden::machine::Config;
use alberti_rtl::{Design, diagnostic::Code};
use alberti_sim::cosim;

/// The machine of a design.
///
/// # Errors
/// When the design has none.
pub fn config(design: &Design) -> Result<Config> {
    let (d, memories, units) = (&design.datapath, &design.memories, &design.units);
    let parts = (design.machine, memories.weight_masks, units.softmax, units.layernorm, units.entropy);
    let (Some(machine), Some(masks), Some(softmax), Some(layernorm), Some(entropy)) = parts else {
        let message = format!("the design {} has no machine", design.name);
        let help = "give it the section `machine`; designs/machine4.yaml and designs/encoder16.yaml have one";
        return Err(Failure::new(Code::BlockAbsent, message, help));
    };
    let array = cosim::config(design)?;
    let config = Config {
        n: array.n,
        accumulator_bits: d.accumulator_bits,
        accumulator_rows: d.accumulator_rows as usize,
        passes_max: (d.reduction_max / d.n) as usize,
        zero_skip: d.zero_skip,
        activation: array.activation,
        maximum: cosim::softmax::maximum(softmax.maximum),
        softmax_lanes: softmax.lanes as usize,
        softmax_max: softmax.length_max as usize,
        layernorm_max: layernorm.length_max as usize,
        classes_max: entropy.classes_max as usize,
        activation_rows: (memories.activation.values / d.n) as usize,
        wide_rows: (machine.wide.values / d.n) as usize,
        parameter_rows: machine.parameters.rows as usize,
        index_words: machine.index.words as usize,
        value_rows: (memories.weight.values / d.n) as usize,
        mask_words: masks.words as usize,
        program_instructions: machine.program.instructions as usize,
        bus_bytes: (machine.axi.data_bits / 8) as usize,
        bus_address_bits: machine.axi.address_bits,
    };
    Ok(config)
}

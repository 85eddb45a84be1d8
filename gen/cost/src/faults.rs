//! The memories of a design and the levels of a technology's cells, for fault campaigns on a model.

use crate::configuration::{self, unit_target};
use alberti_golden::BlockSparsity;
use alberti_model::{
    ModelError,
    faults::{CellForm, Defects, Level, Misreads, Rate, Retention, Settings, Stress},
};
use alberti_rtl::{
    Design,
    design::{self, Ecc, MemoryKind, Storage},
    memory::{Cell, Technology},
};
use serde::Serialize;

/// The cells of masks where the design has no memory for them.
const ONE_BIT: Storage = Storage {
    kind: MemoryKind::Rram,
    bits_per_cell: 1,
    coding: design::Coding::Gray,
    placing: design::Placing::Adjacent,
    optimise: design::Optimise::Area,
};

/// Bits of a cell of values where the design has these in SRAM.
const VALUE_CELL_BITS: u32 = 2;

/// What the technology says of the cells.
#[derive(Clone, Debug, Serialize)]
pub struct CellErrors {
    /// Its name.
    pub name: String,
    /// How long levels are kept, and what that does to them.
    pub retention: Retention,
    /// Bit error rate of its levels in the value memory; none where it has no such cells.
    pub value_bit_error_rate: Option<f64>,
    /// Bit error rate of its levels in the mask memory; none where it has no such cells.
    pub mask_bit_error_rate: Option<f64>,
}

/// The settings of a campaign as the design has them, for weights in blocks where `sparsity` says so.
///
/// # Errors
/// When the golden model refuses what the design allows.
pub fn settings(design: &Design, sparsity: Option<BlockSparsity>, seed: u64) -> configuration::Result<Settings> {
    let target = unit_target(design)?;
    let (weight, masks) = (&design.memories.weight, design.memories.weight_masks);
    let in_rram = weight.storage.kind == MemoryKind::Rram;
    let bits_per_cell = if in_rram { weight.storage.bits_per_cell } else { VALUE_CELL_BITS };
    Ok(Settings {
        n: target.n,
        capacity: target.capacity.weight,
        sparsity,
        values: form(&Storage { bits_per_cell, ..weight.storage }),
        masks: form(&masks.map_or(ONE_BIT, |masks| masks.storage)),
        secded: masks.map_or(Ecc::None, |masks| masks.ecc) == Ecc::Secded,
        seed,
    })
}

fn form(storage: &Storage) -> CellForm {
    CellForm {
        bits: storage.bits_per_cell as usize,
        placing: configuration::placing(storage.placing),
        coding: configuration::coding(storage.coding),
    }
}

/// Bit error rates as stress of the cells, ascending, each once; the technology's own last, where it has such
/// cells. `stuck` is the share of stuck cells.
///
/// # Errors
/// AE0711 when a rate is more than cells of so many bits can have, or levels do not fit a cell.
pub fn rates(
    settings: &Settings,
    asked: &[f64],
    stuck: f64,
    technology: &Technology,
    retention: Retention,
) -> Result<(CellErrors, Vec<Rate>), ModelError> {
    let mut asked = asked.to_vec();
    asked.sort_by(f64::total_cmp);
    asked.dedup();
    let mut rates = Vec::new();
    for rate in asked {
        rates.push(Rate { asked: Some(rate), stress: Stress::uniform(settings, rate, stuck)? });
    }
    let values = misreads(technology, settings.values.bits, &retention)?;
    let masks = misreads(technology, settings.masks.bits, &retention)?;
    let rate = |misreads: &Option<Misreads>, form: &CellForm| misreads.as_ref().map(|m| m.bit_error_rate(form.coding));
    let errors = CellErrors {
        name: technology.name.clone(),
        retention,
        value_bit_error_rate: rate(&values, &settings.values),
        mask_bit_error_rate: rate(&masks, &settings.masks),
    };
    let defects = |misreads| Defects { misreads, stuck };
    let stress = values.zip(masks).map(|(values, masks)| Stress { values: defects(values), masks: defects(masks) });
    rates.extend(stress.map(|stress| Rate { asked: None, stress }));
    Ok((errors, rates))
}

/// How often levels of the technology's cells of so many bits are misread; none where it has no such cells.
fn misreads(technology: &Technology, bits: usize, retention: &Retention) -> Result<Option<Misreads>, ModelError> {
    let serves = |cell: &&Cell| {
        cell.kind == MemoryKind::Rram && cell.bits_per_cell as usize == bits && !cell.level_distributions.is_empty()
    };
    let Some(cell) = technology.cells.values().find(serves) else { return Ok(None) };
    let level = |level: &alberti_rtl::memory::Level| Level { mean: level.mean, sigma: level.sigma };
    let levels: Vec<_> = cell.level_distributions.iter().map(level).collect();
    Misreads::of_levels(&levels, retention).map(Some)
}

//! A campaign put together: every site, layout and rate, on layers of a model.

use super::{
    campaign::{Campaign, Outcome, Point},
    draw::Defects,
    findings::Finding,
    journal::{Journal, JournalError},
    memory::{FaultSite, Rate, Settings},
    names::{CODINGS, LAYOUTS, PLACINGS, SITES, name, rate_name},
};
use crate::{ModelError, demo::Gemm, prune::Pruning};
use alberti_golden::storage::RecordKind;
use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A site, a layout, and an index of [`Plan::rates`].
type Place = (FaultSite, RecordKind, usize);

/// The trials of a campaign.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is the same in every trial.
    pub settings: Settings,
    /// The rates, ascending, the technology's last.
    pub rates: Vec<Rate>,
    /// The layers with their activations.
    pub gemms: Vec<Gemm>,
    places: Vec<Place>,
}

/// Why a campaign stopped.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// A layer does not lie in the cells.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The file of finished trials does not serve.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Plan {
    /// Every site with every layout at every rate, each of them once.
    #[must_use]
    pub fn new(
        settings: Settings,
        rates: Vec<Rate>,
        sites: &[FaultSite],
        kinds: &[RecordKind],
        gemms: Vec<Gemm>,
    ) -> Self {
        let mut places = Vec::new();
        for &site in sites {
            for &kind in kinds {
                places.extend((0..rates.len()).map(|rate| (site, kind, rate)));
            }
        }
        Self { settings, rates, gemms, places }
    }

    /// How many points there are: each has as many trials.
    #[must_use]
    pub fn points(&self) -> usize {
        self.places.len()
    }

    /// Everything that outcomes depend on but the number of trials. `design` and `seed` are named as people
    /// write them.
    #[must_use]
    pub fn parameters(&self, design: &str, pruning: Pruning, seed: &str) -> Value {
        let mut hash = Sha256::new();
        for gemm in &self.gemms {
            let l = &gemm.linear;
            let codes = l.weight.data.iter().chain(&gemm.activations.data).flat_map(|code| code.to_le_bytes());
            hash.update(codes.collect::<Vec<_>>());
            // Biases of an accelerator have 32 bits.
            let biases = l.bias.iter().map(|&bias| bias as i32);
            let shifts = biases.chain(l.requantise_shift.iter().copied()).flat_map(i32::to_le_bytes);
            hash.update(shifts.collect::<Vec<_>>());
        }
        let settings = &self.settings;
        let defects = |defects: &Defects| json!({"misreads": defects.misreads, "stuck": defects.stuck});
        let stress =
            |rate: &Rate| json!({"values": defects(&rate.stress.values), "masks": defects(&rate.stress.masks)});
        let point = |&(site, kind, rate): &Place| {
            let rate = rate_name(self.rates[rate].asked);
            format!("{} {} {rate}", name(&SITES, site), name(&LAYOUTS, kind))
        };
        json!({
            "design": design,
            "n": settings.n,
            "weight_values": settings.capacity,
            "layers": self.layers(),
            "pruning": pruning.to_string(),
            "codes_sha256": hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "value_cell_bits": settings.values.bits,
            "value_placing": name(&PLACINGS, settings.values.placing),
            "value_coding": name(&CODINGS, settings.values.coding),
            "mask_cell_bits": settings.masks.bits,
            "mask_placing": name(&PLACINGS, settings.masks.placing),
            "mask_coding": name(&CODINGS, settings.masks.coding),
            "secded": settings.secded,
            "seed": seed,
            "stresses": self.rates.iter().map(stress).collect::<Vec<_>>(),
            "points": self.places.iter().map(point).collect::<Vec<_>>(),
        })
    }

    /// Stores the layers in every layout of the plan.
    ///
    /// # Errors
    /// As [`Campaign::new`].
    pub fn campaign(&self) -> Result<Campaign, ModelError> {
        let mut kinds: Vec<_> = self.places.iter().map(|place| place.1).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Campaign::new(&self.gemms, &kinds, self.settings)
    }

    /// Runs so many trials at every point. Those that the journal has are not run again, those that are run
    /// are added to it. `done` is called once for each trial, from several threads.
    ///
    /// # Errors
    /// What a trial says, and a journal that cannot be written.
    pub fn run(
        &self,
        campaign: &Campaign,
        trials: u64,
        journal: Option<&Journal>,
        done: &(dyn Fn() + Sync),
    ) -> Result<Vec<Finding>, CampaignError> {
        let all = (0..self.places.len()).flat_map(|point| (0..trials).map(move |trial| (point, trial)));
        let run = |(point, trial): (usize, u64)| -> Result<Vec<Outcome>, CampaignError> {
            let outcome = match journal.and_then(|journal| journal.finished().get(&(point, trial))) {
                Some(outcome) => outcome.clone(),
                None => {
                    let (site, kind, rate) = self.places[point];
                    let stress = &self.rates[rate].stress;
                    let outcome = campaign.trial(Point { site, kind, stress }, trial)?;
                    journal.map_or(Ok(()), |journal| journal.append(point, trial, &outcome))?;
                    outcome
                }
            };
            done();
            Ok(outcome)
        };
        // Collected in the order of the trials, whichever is done first.
        let outcomes = all.collect::<Vec<_>>().into_par_iter().map(run).collect::<Result<Vec<_>, _>>()?;
        let layers = self.layers();
        let finding = |(&(site, kind, rate), outcomes): (&Place, &[Vec<Outcome>])| {
            Finding::new(site, kind, &self.rates[rate], &self.settings, &layers, outcomes)
        };
        Ok(self.places.iter().zip(outcomes.chunks(trials as usize)).map(finding).collect())
    }

    fn layers(&self) -> Vec<String> {
        self.gemms.iter().map(|gemm| gemm.linear.name.clone()).collect()
    }
}

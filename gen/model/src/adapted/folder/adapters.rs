//! Reading adapters: what AdapterHub's settings mean, and the tensors that belong to them.
//!
//! | settings | an adapter of ... reads ... |
//! |---|---|
//! | sequential (Houlsby) | the dense layer's result; after ALBERT's attention the half's input |
//! | `is_parallel` | the other of the two |
//! | `original_ln_before` (Pfeiffer) | the normalised sum of both |
//! | `architecture` `lora` | nothing: it changes the encoder's own weights |
//! | `architecture` `union` | several of these |
//!
//! After ALBERT's attention both are [exchanged](crate::checkpoint::Family): `adapters` gives its two arguments so.

use super::{
    super::{AdaptedHalf, Adapter, Reads},
    ADAPTER, ADAPTER_CONFIG, Updates,
    read::{Reader, Settings},
};
use crate::{
    Linear, Matrix, ModelError, Site,
    checkpoint::{Norm, Tensors, names},
};
use alberti_arith::Activation;
use serde_json::{Map, Value, json};

/// What `adapter_config.json` says.
#[derive(Default)]
struct Adapters {
    /// After the attention, after the feed-forward net.
    halves: [Option<Bottleneck>; 2],
    low_rank: Option<LowRank>,
}

#[derive(Clone)]
struct Bottleneck {
    reads: Reads,
    activation: Activation,
    scaling: Scaling,
    /// Groups of layers without one.
    leave_out: Vec<u64>,
}

#[derive(Clone, Copy)]
enum Scaling {
    Constant(f32),
    /// A tensor of one number, or of one for each channel.
    Tensor {
        each: bool,
    },
}

/// `W + B·A·scaling`.
struct LowRank {
    sites: Vec<Site>,
    rank: usize,
    scaling: f32,
    leave_out: Vec<u64>,
}

impl Reader<'_> {
    /// Adapters and layer norms of each group of layers, and what is added to the encoder's weights.
    pub(super) fn halves(&mut self) -> Result<(Vec<[AdaptedHalf; 2]>, Updates), ModelError> {
        let (config, backbone) = (&self.backbone.config, self.backbone);
        let hidden = config.hidden_size;
        let own = |group: usize, half: usize| -> Norm {
            let layer = &backbone.layers[config.first(group)];
            [&layer.attention_norm, &layer.output_norm][half].clone()
        };
        let settings = self.adapters()?;
        let Some(bytes) = self.bytes(ADAPTER)? else {
            if settings.is_some() {
                self.missing(ADAPTER, "pytorch_adapter.bin");
            }
            let bare = |group| [0, 1].map(|half| AdaptedHalf { adapter: None, norm: own(group, half) });
            return Ok(((0..config.stored()).map(bare).collect(), Updates::new()));
        };
        let mut tensors = Tensors::parse(&self.folder.join(ADAPTER), &bytes)?;
        tensors.strip_prefix_of("encoder.");
        let (adapters, name) = settings.unwrap_or_else(|| (Adapters::default(), self.name()));
        let mut problems = Vec::new();
        let groups = (0..config.stored()).map(|group| {
            [0, 1].map(|half| {
                let norm = config.norm(group, half);
                let has = ["weight", "gamma", "bias", "beta"]
                    .iter()
                    .any(|part| tensors.shape(&format!("{norm}.{part}")).is_some());
                let norm = if has { tensors.norm(&norm, hidden) } else { own(group, half) };
                let kind = adapters.halves[half].as_ref().filter(|kind| !kind.leave_out.contains(&(group as u64)));
                let adapter = kind.map(|kind| {
                    let at = |part: &str| config.adapter(group, half, &name, part);
                    kind.read(at, hidden, &mut tensors, &mut problems)
                });
                AdaptedHalf { adapter, norm }
            })
        });
        let groups = groups.collect();
        let mut updates = Updates::new();
        if let Some(low_rank) = &adapters.low_rank {
            let left = |group: &usize| !low_rank.leave_out.contains(&(*group as u64));
            for (group, &site) in
                (0..config.stored()).filter(left).flat_map(|g| low_rank.sites.iter().map(move |s| (g, s)))
            {
                let at = format!("{}.loras.{name}", config.site(group, site));
                let (outputs, inputs) = config.shape(site);
                let a = tensors.matrix(&format!("{at}.lora_A"), low_rank.rank, inputs);
                let b = tensors.matrix(&format!("{at}.lora_B"), outputs, low_rank.rank);
                if a.data.len() == low_rank.rank * inputs && b.data.len() == outputs * low_rank.rank {
                    updates.insert((group, site), product(&b, &a, low_rank.scaling));
                }
            }
        }
        problems.extend(tensors.finish_complete());
        problems.iter().for_each(|problem| self.problem(ADAPTER, problem));
        Ok((groups, updates))
    }

    /// What `adapter_config.json` says, and the adapters' name.
    fn adapters(&mut self) -> Result<Option<(Adapters, String)>, ModelError> {
        let Some(Settings { name, keys, .. }) = self.settings(ADAPTER_CONFIG)? else { return Ok(None) };
        let Some(keys) = keys else {
            self.problem(ADAPTER_CONFIG, "it has no settings under `config`");
            return Ok(None);
        };
        let mut adapters = Adapters::default();
        match (keys.get("architecture"), keys.get("configs")) {
            (Some(Value::String(kind)), Some(Value::Array(parts))) if kind == "union" => {
                for part in parts {
                    match part.as_object() {
                        Some(part) => self.adapter(part, &mut adapters),
                        None => self.problem(ADAPTER_CONFIG, "configs must be a list of settings"),
                    }
                }
            }
            _ => self.adapter(&keys, &mut adapters),
        }
        Ok(Some((adapters, name)))
    }

    /// One kind of adapters.
    fn adapter(&mut self, keys: &Map<String, Value>, adapters: &mut Adapters) {
        match keys.get("architecture").filter(|kind| !kind.is_null()) {
            None => self.bottlenecks(keys, adapters),
            Some(Value::String(kind)) if kind == "bottleneck" => self.bottlenecks(keys, adapters),
            Some(Value::String(kind)) if kind == "lora" => {
                if adapters.low_rank.is_some() {
                    self.problem(ADAPTER_CONFIG, "two settings of low rank");
                }
                adapters.low_rank = Some(self.low_rank(keys));
            }
            Some(kind) => self.problem(
                ADAPTER_CONFIG,
                format!("architecture is {kind}, known are bottlenecks (null), \"lora\" and \"union\""),
            ),
        }
    }

    fn bottlenecks(&mut self, keys: &Map<String, Value>, adapters: &mut Adapters) {
        let required = [
            ("original_ln_after", json!(true)),
            ("ln_before", json!(false)),
            ("ln_after", json!(false)),
            ("use_gating", json!(false)),
            ("phm_layer", json!(false)),
            ("cross_adapter", json!(false)),
            ("inv_adapter", Value::Null),
        ];
        self.require(ADAPTER_CONFIG, keys, &required);
        let [parallel, before] =
            ["is_parallel", "original_ln_before"].map(|key| keys.get(key).and_then(Value::as_bool).unwrap_or_default());
        if before && !parallel {
            self.require(ADAPTER_CONFIG, keys, &[("residual_before_ln", json!(true))]);
        }
        let exchanged = self.backbone.config.family.exchanged;
        let reads = |half: usize| match (parallel, before) {
            (false, true) => Reads::Norm,
            (parallel, _) if parallel == (exchanged && half == 0) => Reads::Dense,
            _ => Reads::Input,
        };
        // Houlsby's adapters have swish where nothing else is said.
        let activation = keys.get("non_linearity").cloned().unwrap_or_else(|| json!("swish"));
        let activation = self.function(ADAPTER_CONFIG, "non_linearity", &activation);
        let scaling = match keys.get("scaling").map(|scaling| (scaling, scaling.as_f64(), scaling.as_str())) {
            None => Scaling::Constant(1.0),
            Some((_, Some(scaling), _)) => Scaling::Constant(scaling as f32),
            Some((_, _, Some("learned"))) => Scaling::Tensor { each: false },
            Some((_, _, Some("channel"))) => Scaling::Tensor { each: true },
            Some((scaling, ..)) => {
                self.problem(ADAPTER_CONFIG, format!("scaling is {scaling}, it must be a number, learned or channel"));
                Scaling::Constant(1.0)
            }
        };
        let leave_out = self.leave_out(keys);
        for (half, key) in ["mh_adapter", "output_adapter"].into_iter().enumerate() {
            if !keys.get(key).and_then(Value::as_bool).unwrap_or(true) {
                continue;
            }
            if adapters.halves[half].is_some() {
                self.problem(
                    ADAPTER_CONFIG,
                    format!("{key} is true in two settings: a half of a layer has one adapter"),
                );
            }
            let bottleneck = Bottleneck { reads: reads(half), activation, scaling, leave_out: leave_out.clone() };
            adapters.halves[half] = Some(bottleneck);
        }
    }

    fn low_rank(&mut self, keys: &Map<String, Value>) -> LowRank {
        let required = [
            ("composition_mode", json!("add")),
            ("use_gating", json!(false)),
            ("use_dora", json!(false)),
            ("vera_d", Value::Null),
            ("vera_b", Value::Null),
        ];
        self.require(ADAPTER_CONFIG, keys, &required);
        let flag = |key: &str, default: bool| keys.get(key).and_then(Value::as_bool).unwrap_or(default);
        let mut sites = Vec::new();
        if flag("selfattn_lora", true) {
            let default = json!(["q", "v"]);
            for matrix in keys.get("attn_matrices").unwrap_or(&default).as_array().into_iter().flatten() {
                match matrix.as_str() {
                    Some("q") => sites.push(Site::Query),
                    Some("k") => sites.push(Site::Key),
                    Some("v") => sites.push(Site::Value),
                    _ => self.problem(ADAPTER_CONFIG, format!("attn_matrices has {matrix}, known are q, k and v")),
                }
            }
        }
        sites.extend(flag("intermediate_lora", false).then_some(Site::Intermediate));
        sites.extend(flag("output_lora", false).then_some(Site::Output));
        let mut positive = |key: &str| match keys.get(key).map_or(Some(8.0), Value::as_f64) {
            Some(number) if number > 0.0 && number <= 65536.0 => number,
            _ => {
                self.problem(ADAPTER_CONFIG, format!("{key} must be a number above 0"));
                8.0
            }
        };
        let (rank, alpha) = (positive("r"), positive("alpha"));
        LowRank { sites, rank: rank as usize, scaling: (alpha / rank) as f32, leave_out: self.leave_out(keys) }
    }

    fn leave_out(&mut self, keys: &Map<String, Value>) -> Vec<u64> {
        let given = keys.get("leave_out").filter(|given| !given.is_null());
        let layers: Option<Vec<u64>> =
            given.map_or(Some(Vec::new()), |given| given.as_array()?.iter().map(Value::as_u64).collect());
        layers.unwrap_or_else(|| {
            self.problem(ADAPTER_CONFIG, "leave_out must be a list of layers, counted from 0");
            Vec::new()
        })
    }
}

impl Bottleneck {
    /// Its tensors, `at` naming them.
    fn read(
        &self,
        at: impl Fn(&str) -> String,
        hidden: usize,
        tensors: &mut Tensors,
        problems: &mut Vec<String>,
    ) -> Adapter {
        let [down, up] = [names::DOWN, names::UP].map(&at);
        let width = tensors.shape(&format!("{down}.weight")).and_then(|shape| shape.first().copied());
        if width.is_none_or(|width| width == 0) {
            problems.push(format!("{down}.weight: it is missing, expected its width × {hidden}"));
        }
        let width = width.unwrap_or_default();
        let mut adapter = Adapter {
            reads: self.reads,
            down: tensors.linear(&down, width, hidden),
            activation: self.activation,
            up: tensors.linear(&up, hidden, width),
        };
        let scaling = match self.scaling {
            Scaling::Constant(scaling) => vec![scaling; hidden],
            Scaling::Tensor { each: true } => tensors.vector(&at("scaling"), hidden),
            Scaling::Tensor { each: false } => {
                tensors.vector(&at("scaling"), 1).first().map_or_else(Vec::new, |&scaling| vec![scaling; hidden])
            }
        };
        let Linear { weight, bias } = &mut adapter.up;
        for ((row, bias), scaling) in weight.data.chunks_mut(width.max(1)).zip(bias).zip(scaling) {
            row.iter_mut().chain([bias]).for_each(|x| *x *= scaling);
        }
        adapter
    }
}

/// `b·a·scaling`.
fn product(b: &Matrix, a: &Matrix, scaling: f32) -> Matrix {
    let mut c = Matrix::zeros(b.rows, a.cols);
    for row in 0..b.rows {
        for (k, &factor) in b.row(row).iter().enumerate() {
            c.row_mut(row).iter_mut().zip(a.row(k)).for_each(|(c, a)| *c += factor * scaling * a);
        }
    }
    c
}

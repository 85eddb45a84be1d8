//! Taking tensors out of safetensors files, remembering everything that is wrong on the way.

use super::{
    Linear, ModelConfig, Norm,
    unused::{Unused, Why},
};
use crate::{Matrix, ModelError};
use glob::Pattern;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What is said of a tensor that nothing took.
const UNKNOWN: &str = "it is not known what this tensor does";

/// The tensors of a file, or of several, and the problems met so far.
pub(crate) struct Tensors<'a> {
    path: PathBuf,
    views: BTreeMap<String, TensorView<'a>>,
    prefix: String,
    taken: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Tensors<'a> {
    /// None yet, of files that messages name by this path.
    pub(super) fn none(path: &Path) -> Self {
        let path = path.into();
        Self { path, views: BTreeMap::new(), prefix: String::new(), taken: BTreeSet::new(), problems: Vec::new() }
    }

    /// Reads the header of a file.
    pub(crate) fn parse(path: &Path, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let damaged = |problem| ModelError::Damaged { path: path.into(), problem };
        if let Some(problem) = truncation(bytes) {
            return Err(damaged(problem));
        }
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| damaged(format!("this is no valid safetensors file: {error}")))?;
        Ok(Self { views: file.tensors().into_iter().collect(), ..Self::none(path) })
    }

    /// Takes in those of another file.
    pub(super) fn extend(&mut self, other: Self) {
        self.views.extend(other.views);
    }

    /// The whole names of all, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.views.keys().map(String::as_str)
    }

    /// Names are given without what stands in front of `anchor` from now on: the whole rest of a name, or
    /// with a dot after it the beginning of the rest.
    pub(crate) fn strip_prefix_of(&mut self, anchor: &str) {
        let names = self.names().filter_map(|name| match anchor.ends_with('.') {
            true => name.split_once(anchor).map(|(prefix, _)| prefix),
            false => name.strip_suffix(anchor),
        });
        let prefixes = names.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
        self.prefix = prefixes.min_by_key(|prefix| (prefix.len(), *prefix)).unwrap_or("").to_owned();
    }

    /// Reads by whole names.
    pub(crate) fn whole<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let prefix = std::mem::take(&mut self.prefix);
        let read = read(self);
        self.prefix = prefix;
        read
    }

    /// Reads without taking: what is read is still left, and its problems are nobody's.
    pub(super) fn peek<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let (taken, problems) = (self.taken.clone(), self.problems.len());
        let read = read(self);
        self.taken = taken;
        self.problems.truncate(problems);
        read
    }

    /// The whole names of what was taken so far.
    pub(super) fn taken(&self) -> BTreeSet<String> {
        self.taken.clone()
    }

    /// Leaves tensors as if nothing had taken them.
    pub(super) fn give_back(&mut self, names: &[String]) {
        self.taken.retain(|name| !names.contains(name));
    }

    /// The shape of a tensor that is there.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.views.get(&format!("{}{name}", self.prefix)).map(|view| view.shape().to_vec())
    }

    /// Names that begin with this, without it, in order.
    pub(crate) fn behind(&self, start: &str) -> BTreeSet<String> {
        let start = format!("{}{start}", self.prefix);
        self.names().filter_map(|name| Some(name.strip_prefix(&start)?.to_owned())).collect()
    }

    /// All problems; a tensor that nothing took is one.
    pub(crate) fn finish_complete(self) -> Vec<String> {
        let left: Vec<_> = self.left().into_iter().map(|name| format!("{name}: {UNKNOWN}")).collect();
        self.problems.into_iter().chain(left).collect()
    }

    /// All problems at once, if there were any; else the tensors that nothing took. One of the encoder is a
    /// problem, unless a pattern says that it may be left out: without it the encoder is another one. So is a
    /// pattern that leaves nothing out.
    pub(crate) fn finish_encoder(
        mut self,
        config: &ModelConfig,
        ignore: &[Pattern],
    ) -> Result<Vec<Unused>, ModelError> {
        let (mut unused, mut further) = (Vec::new(), BTreeMap::<_, usize>::new());
        let left = self.left();
        for tensor in &left {
            let own = tensor.strip_prefix(&self.prefix);
            let why = match own {
                _ if ignore.iter().any(|pattern| pattern.matches(tensor)) => Some(Why::Ignored),
                Some(name) => Why::of(name),
                None => Some(Why::of(tensor).unwrap_or(Why::Beside)),
            };
            let layer = own.and_then(|name| config.family.layer_of(name));
            match (why, layer.filter(|&(group, inner)| group >= config.groups || inner >= config.group_layers)) {
                (Some(why), _) => unused.push(Unused { tensor: tensor.clone(), why }),
                (None, Some(layer)) => *further.entry(layer).or_default() += 1,
                (None, None) => self.problems.push(format!("{tensor}: {UNKNOWN}")),
            }
        }
        for (layer, count) in further {
            let (key, most) = config.layers_key(layer);
            self.problems.push(format!(
                "{}{}: {count} tensors; {key} is {most}",
                self.prefix,
                config.family.layer(layer)
            ));
        }
        for pattern in ignore.iter().filter(|pattern| !left.iter().any(|tensor| pattern.matches(tensor))) {
            self.problems.push(format!("--ignore {pattern}: no tensor of this name would be left out"));
        }
        if self.problems.is_empty() {
            Ok(unused)
        } else {
            Err(ModelError::Tensors { path: self.path, problems: self.problems })
        }
    }

    /// The tensors that nothing took.
    fn left(&self) -> BTreeSet<String> {
        self.names().filter(|name| !self.taken.contains(*name)).map(str::to_owned).collect()
    }

    /// A rows × cols tensor; empty when it cannot be used.
    pub(crate) fn matrix(&mut self, name: &str, rows: usize, cols: usize) -> Matrix {
        Matrix { rows, cols, data: self.take(&[name], &[rows, cols]) }
    }

    /// A tensor of so many elements; empty when it cannot be used.
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Vec<f32> {
        self.take(&[name], &[length])
    }

    /// `name.weight` and `name.bias`.
    pub(crate) fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Linear {
        Linear {
            weight: self.matrix(&format!("{name}.weight"), outputs, inputs),
            bias: self.take(&[&format!("{name}.bias")], &[outputs]),
        }
    }

    /// `name.weight` and `name.bias`, which old files call gamma and beta.
    pub(crate) fn norm(&mut self, name: &str, width: usize) -> Norm {
        Norm {
            gain: self.take(&[&format!("{name}.weight"), &format!("{name}.gamma")], &[width]),
            offset: self.take(&[&format!("{name}.bias"), &format!("{name}.beta")], &[width]),
        }
    }

    /// The elements of the first of `names` that exists.
    fn take(&mut self, names: &[&str], shape: &[usize]) -> Vec<f32> {
        let mut names = names.iter().map(|name| format!("{}{name}", self.prefix)).peekable();
        let first = names.peek().cloned().unwrap_or_default();
        let found = names.find_map(|name| self.views.get(&name).map(|view| (name, view)));
        let (full, problem) = match found {
            None => (first, format!("it is missing, expected {}", describe(shape))),
            Some((name, view)) => {
                self.taken.insert(name.clone());
                match read(view, shape) {
                    Ok(values) => return values,
                    Err(problem) => (name, problem),
                }
            }
        };
        self.problems.push(format!("{full}: {problem}"));
        Vec::new()
    }
}

/// The elements of a tensor as f32.
fn read(view: &TensorView<'_>, shape: &[usize]) -> Result<Vec<f32>, String> {
    if view.shape() != shape {
        return Err(format!("its shape is {}, expected {}", describe(view.shape()), describe(shape)));
    }
    let data = view.data();
    let (octets, quads, pairs) = (data.as_chunks::<8>().0, data.as_chunks::<4>().0, data.as_chunks::<2>().0);
    let values: Vec<f32> = match view.dtype() {
        Dtype::F64 => octets.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect(),
        Dtype::F32 => quads.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        Dtype::F16 => pairs.iter().map(|&bytes| from_half(u16::from_le_bytes(bytes))).collect(),
        Dtype::BF16 => pairs.iter().map(|&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)).collect(),
        other => return Err(format!("its type is {other:?}, expected F64, F32, F16 or BF16 of {}", describe(shape))),
    };
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(first) => {
            let count = values.iter().filter(|value| !value.is_finite()).count();
            Err(format!(
                "{count} of its {} values not finite, the first is {} at index {first}",
                values.len(),
                values[first]
            ))
        }
    }
}

/// Widens an IEEE half.
fn from_half(half: u16) -> f32 {
    let (exponent, fraction) = (half >> 10 & 0x1f, f32::from(half & 0x3ff) / 1024.0);
    let magnitude = match exponent {
        0 => fraction * (-14f32).exp2(),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction) * (f32::from(exponent) - 15.0).exp2(),
    };
    if half >> 15 == 1 { -magnitude } else { magnitude }
}

/// Says how a file is shorter than it claims to be, if it is.
fn truncation(bytes: &[u8]) -> Option<String> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Some(format!("the file is truncated: it holds {} bytes, its header alone begins with 8", bytes.len()));
    };
    let header = u64::from_le_bytes(*length);
    if header > rest.len() as u64 {
        return Some(format!(
            "the file is truncated, or no safetensors file: it holds {} bytes, its header alone claims {header}",
            bytes.len()
        ));
    }
    let header = header as usize;
    // A header of no sense is `deserialize`'s to report.
    let tensors: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&rest[..header]).ok()?;
    let end = tensors.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64()).max()?;
    let needed = end.checked_add(8 + header as u64)?;
    (needed > bytes.len() as u64)
        .then(|| format!("the file is truncated: it holds {} bytes, its header promises {needed}", bytes.len()))
}

/// `384 × 1536`.
fn describe(shape: &[usize]) -> String {
    match shape {
        [] => "a scalar".into(),
        _ => shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × "),
    }
}

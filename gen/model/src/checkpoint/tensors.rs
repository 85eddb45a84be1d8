//! Taking tensors out of a safetensors file, remembering everything that is wrong on the way.

use super::{Linear, ModelType, Norm, names};
use crate::{Matrix, ModelError};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What is said of a tensor that nothing took.
const UNKNOWN: &str = "it is not known what this tensor does";

/// The tensors of a file and the problems met so far.
pub(crate) struct Tensors<'a> {
    path: PathBuf,
    file: SafeTensors<'a>,
    prefix: String,
    taken: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Tensors<'a> {
    /// Reads the header of a file.
    pub(crate) fn parse(path: &Path, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let damaged = |problem| ModelError::Damaged { path: path.into(), problem };
        if let Some(problem) = truncation(bytes) {
            return Err(damaged(problem));
        }
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| damaged(format!("this is no valid safetensors file: {error}")))?;
        Ok(Self { path: path.into(), file, prefix: String::new(), taken: BTreeSet::new(), problems: Vec::new() })
    }

    /// Names are given without what stands in front of `anchor` from now on: the whole rest of a name, or
    /// with a dot after it the beginning of the rest.
    pub(crate) fn strip_prefix_of(&mut self, anchor: &str) {
        // The file's order of names is not deterministic: the shortest prefix is.
        let names = self.file.names().into_iter().filter_map(|name| match anchor.ends_with('.') {
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

    /// The shape of a tensor that is there.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.file.tensor(&format!("{}{name}", self.prefix)).ok().map(|view| view.shape().to_vec())
    }

    /// Names that begin with this, without it, in order.
    pub(crate) fn behind(&self, start: &str) -> BTreeSet<String> {
        let start = format!("{}{start}", self.prefix);
        self.file.names().into_iter().filter_map(|name| Some(name.strip_prefix(&start)?.to_owned())).collect()
    }

    /// All problems; a tensor that nothing took is one.
    pub(crate) fn finish_complete(self) -> Vec<String> {
        let left: Vec<_> = self.left().into_iter().map(|name| format!("{name}: {UNKNOWN}")).collect();
        self.problems.into_iter().chain(left).collect()
    }

    /// All problems at once, if there were any; else the modules that are no part of the encoder, by their
    /// whole names. A tensor of the encoder that nothing took is a problem: without it the encoder is another
    /// one.
    pub(crate) fn finish_encoder(mut self, model: ModelType, groups: usize) -> Result<BTreeSet<String>, ModelError> {
        let mut beside = BTreeSet::new();
        let mut further: BTreeMap<usize, usize> = BTreeMap::new();
        for full in self.left() {
            let name = full.strip_prefix(&self.prefix);
            match name {
                Some(name) if names::BUFFERS.contains(&name) => {}
                Some(name) if !names::HEADS.iter().any(|head| name.starts_with(head)) => {
                    match model.group_of(name).filter(|group| *group >= groups) {
                        Some(group) => *further.entry(group).or_default() += 1,
                        None => self.problems.push(format!("{full}: {UNKNOWN}")),
                    }
                }
                _ => {
                    beside.insert(full.rsplit_once('.').map_or(&*full, |(module, _)| module).to_owned());
                }
            }
        }
        for (group, count) in further {
            let key = model.groups_key();
            self.problems.push(format!("{}{}: {count} tensors; {key} is {groups}", self.prefix, model.layer(group)));
        }
        if self.problems.is_empty() {
            Ok(beside)
        } else {
            Err(ModelError::Tensors { path: self.path, problems: self.problems })
        }
    }

    /// The tensors that nothing took.
    fn left(&self) -> BTreeSet<String> {
        let names = self.file.names().into_iter();
        names.filter(|name| !self.taken.contains(*name)).map(str::to_owned).collect()
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
        let found = names.find_map(|name| self.file.tensor(&name).ok().map(|view| (name, view)));
        let (full, problem) = match found {
            None => (first, format!("it is missing, expected {}", describe(shape))),
            Some((name, view)) => {
                self.taken.insert(name.clone());
                match read(&view, shape) {
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
    let (quads, pairs) = (view.data().as_chunks::<4>().0, view.data().as_chunks::<2>().0);
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => quads.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        Dtype::F16 => pairs.iter().map(|&bytes| from_half(u16::from_le_bytes(bytes))).collect(),
        Dtype::BF16 => pairs.iter().map(|&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)).collect(),
        other => return Err(format!("its type is {other:?}, expected F32, F16 or BF16 of {}", describe(shape))),
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

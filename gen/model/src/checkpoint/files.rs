//! The files that hold a checkpoint's tensors: one file, or shards with an index.

use super::tensors::Tensors;
use crate::ModelError;
use alberti_diagnostic::{Code, Diagnostic};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Files of other formats, and what writes them as [`WHOLE`].
const FOREIGN: [(&str, &str); 4] = [
    ("pytorch_model.bin", ""),
    ("pytorch_model.bin.index.json", ""),
    ("tf_model.h5", "from_tf"),
    ("flax_model.msgpack", "from_flax"),
];

/// The bytes of a checkpoint's files.
pub(crate) struct Files {
    /// What is named in messages: the only file, or the index.
    path: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// The file of each tensor, where there is an index.
    places: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Files {
    /// Reads the files of a model's folder.
    ///
    /// # Errors
    /// AE0701 when there are none, or one cannot be read; AE0703 when the index is malformed.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let [whole, index] = [WHOLE, INDEX].map(|name| folder.join(name));
        if whole.exists() || !index.exists() {
            let found = FOREIGN.into_iter().find(|(name, _)| folder.join(name).exists());
            if let Some(found) = found.filter(|_| !whole.exists()) {
                return Err(foreign(folder, found));
            }
            return Ok(Self { files: vec![(whole.clone(), bytes(&whole)?)], path: whole, places: None });
        }
        let damaged = |problem: String| ModelError::Damaged { path: index.clone(), problem };
        let Index { weight_map: places } =
            serde_json::from_slice(&bytes(&index)?).map_err(|error| damaged(error.to_string()))?;
        let names: BTreeSet<&String> = places.values().collect();
        let plain = |name: &str| Path::new(name).file_name().is_some_and(|file| file == name);
        if let Some(name) = names.iter().find(|name| !plain(name)) {
            return Err(damaged(format!("`{name}` is no name of a file beside it")));
        }
        if names.is_empty() {
            return Err(damaged("its weight_map names no tensor".into()));
        }
        let shard = |name: &String| -> Result<_, ModelError> {
            let path = folder.join(name);
            Ok((path.clone(), bytes(&path)?))
        };
        let files = names.into_iter().map(shard).collect::<Result<_, _>>()?;
        Ok(Self { files, places: Some(places), path: index })
    }

    /// All tensors.
    ///
    /// # Errors
    /// AE0703 when a file is cut off or no safetensors file, or does not hold what the index says.
    pub fn tensors(&self) -> Result<Tensors<'_>, ModelError> {
        let mut all = Tensors::none(&self.path);
        for (path, bytes) in &self.files {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let tensors = Tensors::parse(path, bytes)?;
            if let Some(places) = &self.places {
                let told: BTreeSet<&str> =
                    places.iter().filter(|(_, file)| **file == name).map(|(tensor, _)| tensor.as_str()).collect();
                let held: BTreeSet<&str> = tensors.names().collect();
                if let Some(tensor) = told.symmetric_difference(&held).min() {
                    let (has, says) = if held.contains(tensor) { ("", "does not say so") } else { ("not ", "says so") };
                    let problem = format!("`{tensor}` is {has}in {name}, the index {says}");
                    return Err(ModelError::Damaged { path: self.path.clone(), problem });
                }
            }
            all.extend(tensors);
        }
        Ok(all)
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(path).map_err(|source| ModelError::Unreadable { path: path.into(), source })
}

/// That a folder has its weights in another format.
fn foreign(folder: &Path, (found, library): (&str, &str)) -> ModelError {
    let message = format!("{} has {found}, no {WHOLE}: weights are read from safetensors alone", folder.display());
    let line = match library {
        "" if found.ends_with(".json") => conversion("pytorch_model-*.bin", WHOLE),
        "" => conversion(found, WHOLE),
        from => format!(
            "python -c \"import transformers as t; t.AutoModel.from_pretrained('.', {from}=True).save_pretrained('.')\""
        ),
    };
    Diagnostic::new(Code::ModelUnreadable, message, format!("in that folder run: {line}")).into()
}

/// The command that writes files of PyTorch as a file of safetensors.
pub(crate) fn conversion(from: &str, to: &str) -> String {
    format!(
        "python -c \"import glob, torch, safetensors.torch as s; s.save_file({{k: v.contiguous().clone() \
         for f in sorted(glob.glob('{from}')) \
         for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}}, '{to}')\""
    )
}

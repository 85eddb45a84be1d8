//! Figures that were once accepted, and what has changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cache;
use crate::error::{Error, Result};
use crate::synthesis::SynthReport;
use crate::timing::Timing;

/// The figures of a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Area of the cells in µm².
    pub area_um2: f64,
    /// The same in NAND2.
    pub gate_equivalents: f64,
    /// Instances of cells.
    pub cells: u64,
    /// Flip-flops among them.
    pub flip_flops: u64,
    /// Bits in memories, which have no area here.
    pub memory_bits: u64,
    /// The highest frequency in MHz; absent for a block without a clock.
    pub fmax_mhz: Option<f64>,
}

impl Figures {
    /// The figures of a synthesised and timed design; one decimal of area, two of frequency.
    pub fn new(report: &SynthReport, timing: &Timing) -> Self {
        let round = |value: f64, unit: f64| (value * unit).round() / unit;
        Figures {
            area_um2: round(report.total.area_um2, 1e3),
            gate_equivalents: round(report.total.gate_equivalents, 10.0),
            cells: report.total.cells.values().sum(),
            flip_flops: report.total.flip_flops,
            memory_bits: report.memory_bits,
            fmax_mhz: timing.fmax_mhz.map(|fmax| round(fmax, 1e2)),
        }
    }
}

/// How far each figure may move, in percent of what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Area and gate equivalents.
    pub area_percent: f64,
    /// Cells; a mapping shifts them more easily than the area.
    pub cells_percent: f64,
    /// Frequency.
    pub fmax_percent: f64,
}

impl Default for Tolerance {
    /// Below 4 % is the mapper's noise.
    fn default() -> Self {
        Tolerance { area_percent: 4.0, cells_percent: 8.0, fmax_percent: 6.0 }
    }
}

/// Accepted figures of blocks on one library by one recipe: `<library>-<recipe>.json`, and beside it a folder
/// of the same name with a file for each block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The library's short name.
    pub library: String,
    /// The recipe's name.
    pub recipe: String,
    /// The versions that gave the figures.
    pub tools: String,
    /// How far they may move.
    pub tolerance: Tolerance,
    /// The figures, by `<design>.<block>`.
    #[serde(skip)]
    pub blocks: BTreeMap<String, Figures>,
}

/// The figures of a block, by design: a file of its own.
type Figured = BTreeMap<String, Figures>;

/// Design and block of a key.
fn parts(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap_or((key, ""))
}

/// The design of a key.
fn design(key: &str) -> &str {
    parts(key).0
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    serde_json::from_str(&cache::read(path)?)
        .map_err(|error| Error::Damaged { path: path.to_path_buf(), message: error.to_string() })
}

/// Writes a file in one move.
fn replace(path: &Path, content: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(content)
        .map_err(|error| Error::invalid(path.display().to_string(), error.to_string()))?;
    // Beside its place, so that the move is one of a name; unlike a temporary file it is readable by all.
    let draft = path.with_extension("json.draft");
    cache::write(&draft, text + "\n")?;
    std::fs::rename(&draft, path).map_err(Error::io(path))
}

/// The files of blocks beside a baseline, by block.
fn files(baseline: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let folder = baseline.with_extension("");
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
        let path = entry.map_err(Error::io(&folder))?.path();
        let stem = path.file_stem().filter(|_| path.extension().is_some_and(|extension| extension == "json"));
        if let Some(block) = stem.and_then(|stem| stem.to_str()) {
            files.insert(block.to_owned(), path.clone());
        }
    }
    Ok(files)
}

/// A figure that has left its tolerance, a block that has come or gone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The block.
    pub block: String,
    /// The figure's name with its unit, or "block".
    pub metric: String,
    /// What was accepted, absent for a new block.
    pub accepted: Option<f64>,
    /// What was measured, absent for a block that is gone.
    pub measured: Option<f64>,
    /// How far it may move, in percent.
    pub tolerance_percent: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { block, metric, tolerance_percent, .. } = self;
        match (self.accepted, self.measured) {
            (Some(accepted), Some(measured)) => {
                let percent = (measured / accepted - 1.0) * 100.0;
                write!(
                    f,
                    "{block}: {metric} was {accepted}, is {measured} ({percent:+.1} %, at most {tolerance_percent} %)"
                )
            }
            (Some(accepted), None) => write!(f, "{block}: {metric} was {accepted}, is gone"),
            (None, Some(measured)) => write!(f, "{block}: {metric} is {measured}, has no baseline"),
            (None, None) => write!(f, "{block}: {metric}"),
        }
    }
}

impl Baseline {
    /// An empty baseline.
    pub fn new(library: &str, recipe: &str, tools: &str) -> Self {
        let (library, recipe, tools) = (library.into(), recipe.into(), tools.into());
        Baseline { library, recipe, tools, tolerance: Tolerance::default(), blocks: BTreeMap::new() }
    }

    /// The file's name: `<library>-<recipe>.json`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.json", self.library, self.recipe)
    }

    /// Read a baseline.
    pub fn load(path: &Path) -> Result<Self> {
        let mut baseline: Self = read(path)?;
        for (block, file) in files(path)? {
            let figured: Figured = read(&file)?;
            let keyed = figured.into_iter().map(|(design, figures)| (format!("{design}.{block}"), figures));
            baseline.blocks.extend(keyed);
        }
        Ok(baseline)
    }

    /// Take over what was measured; with `whole`, what these designs no longer have goes.
    pub fn accept(&mut self, measured: Baseline, whole: bool) {
        if whole {
            let designs = measured.designs();
            self.blocks.retain(|key, _| !designs.contains(design(key)));
        }
        self.tools = measured.tools;
        self.blocks.extend(measured.blocks);
    }

    /// The figures of those designs that another baseline has too.
    pub fn of_the_designs_in(mut self, other: &Baseline) -> Self {
        let designs = other.designs();
        self.blocks.retain(|key, _| designs.contains(design(key)));
        self
    }

    fn designs(&self) -> BTreeSet<String> {
        self.blocks.keys().map(|key| design(key).to_owned()).collect()
    }

    /// Accept: write the baseline and a file for each block; those of blocks that are gone go.
    pub fn bless(&self, path: &Path) -> Result<()> {
        let mut blocks: BTreeMap<&str, Figured> = BTreeMap::new();
        for (key, figures) in &self.blocks {
            let (design, block) = parts(key);
            blocks.entry(block).or_default().insert(design.to_owned(), figures.clone());
        }
        let folder = path.with_extension("");
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        for (block, figured) in &blocks {
            replace(&folder.join(format!("{block}.json")), figured)?;
        }
        for (_, file) in files(path)?.into_iter().filter(|(block, _)| !blocks.contains_key(block.as_str())) {
            std::fs::remove_file(&file).map_err(Error::io(&file))?;
        }
        replace(path, self)
    }

    /// Every figure of `measured` that left this baseline's tolerance, better or worse; blocks that came or
    /// went.
    pub fn compare(&self, measured: &Baseline) -> Vec<Difference> {
        let names: BTreeSet<&String> = self.blocks.keys().chain(measured.blocks.keys()).collect();
        let mut differences = Vec::new();
        for name in names {
            let (accepted, found) = (self.blocks.get(name), measured.blocks.get(name));
            for (metric, tolerance_percent, get) in metrics(&self.tolerance) {
                let (was, is) = (accepted.and_then(get), found.and_then(get));
                let moved = match (was, is) {
                    (None, None) => false,
                    (Some(was), Some(is)) => (is - was).abs() > was.abs() * tolerance_percent / 100.0,
                    _ => true,
                };
                if moved {
                    let (block, metric) = (name.clone(), metric.to_string());
                    differences.push(Difference { block, metric, accepted: was, measured: is, tolerance_percent });
                }
            }
        }
        differences
    }

    /// The two versions if the tools are others than those of the baseline: figures may then move for no
    /// other reason.
    pub fn other_tools<'a>(&'a self, measured: &'a Baseline) -> Option<(&'a str, &'a str)> {
        (self.tools != measured.tools).then_some((self.tools.as_str(), measured.tools.as_str()))
    }
}

type Metric = (&'static str, f64, fn(&Figures) -> Option<f64>);

fn metrics(tolerance: &Tolerance) -> [Metric; 5] {
    [
        ("area_um2", tolerance.area_percent, |figures| Some(figures.area_um2)),
        ("cells", tolerance.cells_percent, |figures| Some(figures.cells as f64)),
        ("flip_flops", 0.0, |figures| Some(figures.flip_flops as f64)),
        ("memory_bits", 0.0, |figures| Some(figures.memory_bits as f64)),
        ("fmax_mhz", tolerance.fmax_percent, |figures| figures.fmax_mhz),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(area_um2: f64, flip_flops: u64) -> Baseline {
        let mut baseline = Baseline::new("osu018", "area", "yosys");
        let figures = Figures {
            area_um2,
            gate_equivalents: area_um2 / 24.0,
            cells: 10,
            flip_flops,
            memory_bits: 0,
            fmax_mhz: Some(500.0),
        };
        baseline.blocks.insert("pu4.vmac".into(), figures);
        baseline
    }

    #[test]
    fn noise_passes_and_growth_is_named_with_its_numbers() {
        assert!(baseline(1000.0, 8).compare(&baseline(1039.0, 8)).is_empty());
        let differences = baseline(1000.0, 8).compare(&baseline(1100.0, 8));
        let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["pu4.vmac: area_um2 was 1000, is 1100 (+10.0 %, at most 4 %)"]);
    }

    #[test]
    fn one_flip_flop_more_is_a_difference() {
        assert_eq!(baseline(1000.0, 8).compare(&baseline(1000.0, 9))[0].metric, "flip_flops");
    }

    #[test]
    fn a_block_that_comes_or_goes_is_a_difference() {
        let (full, empty) = (baseline(1000.0, 8), Baseline::new("osu018", "area", "yosys"));
        assert_eq!(full.compare(&empty)[0].to_string(), "pu4.vmac: area_um2 was 1000, is gone");
        assert_eq!(empty.compare(&full)[0].to_string(), "pu4.vmac: area_um2 is 1000, has no baseline");
    }

    #[test]
    fn accepting_a_design_leaves_the_others() {
        let named = |key: &str| {
            let mut one = baseline(1000.0, 8);
            one.blocks = one.blocks.into_values().map(|figures| (key.to_owned(), figures)).collect();
            one
        };
        let mut all = named("a.vmac");
        all.accept(named("b.vmac"), true);
        all.accept(named("a.accumulator"), false);
        assert_eq!(all.blocks.keys().collect::<Vec<_>>(), ["a.accumulator", "a.vmac", "b.vmac"]);
        all.accept(named("a.requantize"), true);
        assert_eq!(all.blocks.keys().collect::<Vec<_>>(), ["a.requantize", "b.vmac"]);
        assert_eq!(all.of_the_designs_in(&named("b.array")).blocks.keys().collect::<Vec<_>>(), ["b.vmac"]);
    }

    #[test]
    fn a_blessed_baseline_is_read_back_the_same_and_keeps_no_file_of_a_block_that_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(baseline(1.0, 1).file_name());
        let mut other = baseline(1000.0, 8);
        other.blocks = other.blocks.into_values().map(|figures| ("pu4.accumulator".to_owned(), figures)).collect();
        for accepted in [other, baseline(1000.0, 8)] {
            accepted.bless(&path).expect("files");
            assert_eq!(Baseline::load(&path).expect("a baseline"), accepted);
        }
        assert_eq!(files(&path).expect("a folder").into_keys().collect::<Vec<_>>(), ["vmac"]);
    }
}

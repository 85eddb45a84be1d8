//! A processing unit with its memories, of which cells are faulty: golden and Verilog load one fault map and
//! agree to the bit.

#![allow(clippy::unwrap_used)]

mod common;

use alberti_cost::configuration;
use alberti_golden::{
    Image, Packed, Pointer, Segment,
    cells::{Cells, Fault, FaultMap},
    gemm::Gemm,
    processing_unit::{self, Input, MatrixUnitConfig, Output},
    record_reader::{self, Fetch},
    secded::{Code, Finding},
    storage::{Cut, RecordKind},
    tiling::{self, Placement, TilePlacement},
};
use alberti_harness::{Bits, Library, Rng, Seed, Stall, Testbench};
use alberti_rtl::{
    Design, elaborate,
    memory::{Technology, demands},
};
use alberti_scenarios::{Subject, processing_unit::random_gemm};
use common::design;
use std::path::{Path, PathBuf};

/// Where the Verilog of a test looks for its files; the text of the model names it, so that one build serves
/// all runs.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A memory of the design as it is made, with the cells of its words and where its files go.
struct FaultyMemory<'a> {
    folder: &'a Path,
    made: alberti_scenarios::rram::MadeMemory,
    cells: Cells,
}

impl<'a> FaultyMemory<'a> {
    fn new(design: &Design, memory: &str, folder: &'a Path) -> Self {
        let demand = demands(design).into_iter().find(|demand| demand.memory == memory).unwrap();
        let cells = configuration::cells(&demand).unwrap();
        Self {
            folder,
            made: alberti_scenarios::rram::MadeMemory::best(Technology::shipped().unwrap(), demand).unwrap(),
            cells,
        }
    }

    fn image(&self) -> Image {
        Image::new(self.made.demand.words as usize, self.made.demand.bits as usize).unwrap()
    }

    /// Levels that read as another, each at a rate.
    fn faults(&self, rate: f64, rng: &mut Rng) -> FaultMap {
        let levels = self.cells.levels() as u64;
        let words = self.made.demand.words as usize;
        let mut faults = Vec::new();
        for (word, cell) in (0..words).flat_map(|word| (0..self.cells.per_word()).map(move |cell| (word, cell))) {
            for stored in 0..levels {
                if rng.chance(rate) {
                    let read = ((stored + 1 + rng.below(levels - 1)) % levels) as u8;
                    faults.push(Fault { word, cell, stored: stored as u8, read });
                }
            }
        }
        FaultMap::new(&self.cells, words, faults).unwrap()
    }

    /// Writes what the memory's macros load.
    fn write(&self, name: &str, words: &Image, map: &FaultMap) {
        let Self { folder, made, cells } = self;
        let levels = cells.store(words).unwrap();
        let stored = alberti_scenarios::rram::words(&levels);
        let mut wrong = vec![vec![vec![false; levels.width()]; cells.levels()]; levels.words()];
        for fault in map.faults() {
            for bit in (0..cells.bits()).filter(|bit| (fault.stored ^ fault.read) >> bit & 1 == 1) {
                wrong[fault.word][usize::from(fault.stored)][fault.cell * cells.bits() + bit] = true;
            }
        }
        let stem = |kind: &str| folder.join(format!("{name}.{kind}"));
        made.write((&stem("image"), &stored), (&stem("faults"), &wrong)).unwrap();
    }
}

/// The rows of a value memory as words.
fn rows(made: &FaultyMemory<'_>, format_bits: usize, codes: &[u16]) -> Image {
    let mut image = made.image();
    let n = made.made.demand.codes as usize;
    for (v, &code) in codes.iter().enumerate() {
        image.set(v / n, v % n * format_bits, format_bits, code.into());
    }
    image
}

/// What a run is given and must answer.
struct Case {
    input: Input,
    fetches: Vec<Fetch>,
    output: Output,
    misplaced: u64,
    corrected: u64,
    detected: u64,
}

/// A multiply whose weights lie in faulty cells; writes the files.
fn case(design: &Design, folder: &Path, gemm: &Gemm, config: &MatrixUnitConfig, rate: f64, rng: &mut Rng) -> Case {
    let (n, memories) = (config.n, &design.memories);
    let place = |values: u32| Placement { values: values as usize, base: Pointer::default() };
    let layout = TilePlacement {
        rows_per_job: design.datapath.accumulator_rows as usize,
        blocks: false,
        weight: place(memories.weight.values),
        activation: place(memories.activation.values),
        result: place(memories.result.values),
    };
    let mut input = tiling::tile(gemm, config, &layout).unwrap();

    // Weights as records, a tile each, somewhere in the memories.
    let (values, masks) =
        (FaultyMemory::new(design, "weight", folder), FaultyMemory::new(design, "weight_masks", folder));
    let cut = Cut { kind: RecordKind::Offset, rows: gemm.columns, columns: gemm.reduction, n };
    let records = cut.layout(memories.weight.values as usize, None).unwrap();
    let base = Pointer { row: rng.below(20) as usize, lane: rng.below(n as u64) as usize };
    let encoded = records.encode(gemm.operand, base, &cut.vectors(&gemm.weights).unwrap()).unwrap();
    let code = Code::new(records.word_bits()).unwrap();
    let guarded = code.encode(&encoded.masks).unwrap();
    let first = rng.below(2000) as usize;
    let mut mask_image = masks.image();
    for word in 0..guarded.words() {
        mask_image.set(first + word, 0, guarded.width(), guarded.get(word, 0, guarded.width()));
    }
    let mut codes = vec![0; base.row * n + base.lane];
    codes.extend(&encoded.values);
    let value_image = rows(&values, config.operand.bits() as usize, &codes);

    // One fault map for both sides.
    let (value_map, mask_map) = (values.faults(rate, rng), masks.faults(rate, rng));
    values.write("weights", &value_image, &value_map);
    masks.write("masks", &mask_image, &mask_map);
    let value_words = values.cells.read(&value_image, &value_map).unwrap();
    let mut mask_words = masks.cells.read(&mask_image, &mask_map).unwrap();

    let fetch = |record: usize| Fetch { word: first + record * records.record_words(), masks: n };
    let once = encoded.starts.len();
    let fetches: Vec<Fetch> = (0..input.weights.len() * once).map(|record| fetch(record % once)).collect();
    let mut data = Image::new(mask_words.words(), records.word_bits()).unwrap();
    let (mut corrected, mut detected) = (0, 0);
    for word in first..first + guarded.words() {
        let finding = code.correct(&mut mask_words, word);
        corrected += u64::from(finding == Finding::Corrected) * input.weights.len() as u64;
        detected += u64::from(finding == Finding::Detected) * input.weights.len() as u64;
        data.copy(&mask_words, word, records.word_bits());
    }
    let fetched = record_reader::read(&records, &data, &fetches).unwrap();
    let bits = config.operand.bits() as usize;
    let read = |v: usize| value_words.get(v / n, v % n * bits, bits) as u16;
    let all: Vec<u16> = (0..memories.weight.values as usize).map(read).collect();
    input.weight_memory = Packed::with_values(n, all.len(), &all).unwrap();
    input.weights = fetched.segments;

    let activations = FaultyMemory::new(design, "activation", folder);
    let image = rows(&activations, bits, &input.activations[0].memory.values()[..memories.activation.values as usize]);
    activations.write("activations", &image, &activations.faults(0.0, rng));
    let output = processing_unit::run(config, &input).unwrap();
    Case { input, fetches, output, misplaced: fetched.misplaced, corrected, detected }
}

/// Runs a case and compares masks, every row of the result memory, and counts.
fn drive(
    library: &Library,
    case: &Case,
    config: &MatrixUnitConfig,
    (gaps, pressure): (Stall, Stall),
    name: &str,
    seed: Seed,
) {
    let n = config.n;
    let mut bench = Testbench::with_seed(library, name, seed).unwrap();
    for (port, value) in [
        ("unit_clear_i", 0),
        ("reader_clear_i", 0),
        ("weights_lock_i", 1),
        ("masks_lock_i", 1),
        ("weights_program_valid_i", 0),
        ("masks_program_valid_i", 0),
        ("activations_write_valid_i", 0),
        ("results_read_valid_i", 0),
    ] {
        let input = bench.model().input(port).unwrap();
        bench.model_mut().set(input, value);
    }
    let width = |port: &str| library.port_specs().iter().find(|spec| spec.name == port).unwrap().width;
    let records = bench.source("reader_record", &["address", "masks"], gaps).unwrap();
    for fetch in &case.fetches {
        let address = Bits::new(width("reader_record_address_i"), fetch.word as u64);
        let masks = Bits::new(width("reader_record_masks_i"), fetch.masks as u64 - 1);
        bench.send(records, &[address, masks]).unwrap();
    }
    let jobs = bench.source("unit_job", &["rows", "passes", "close", "bias", "scale"], gaps).unwrap();
    for job in &case.input.jobs {
        let (bias, scale) = (width("unit_job_bias_i") / n as u32, width("unit_job_scale_i") / n as u32);
        let item = [
            Bits::new(width("unit_job_rows_i"), job.rows as u64 - 1),
            Bits::new(width("unit_job_passes_i"), job.passes as u64 - 1),
            job.close.into(),
            Bits::pack_signed(bias, job.bias.iter().copied()),
            Bits::pack_signed(scale, job.scale.iter().copied()),
        ];
        bench.send(jobs, &item).unwrap();
    }
    let bases = bench.source("unit_activation_base", &["row", "lane"], gaps).unwrap();
    let masks = bench.source("unit_activation", &["data", "last"], gaps).unwrap();
    for segment in &case.input.activations[0].masks {
        let row = Bits::new(width("unit_activation_base_row_i"), segment.base.row as u64);
        bench.send(bases, &[row, Bits::new(width("unit_activation_base_lane_i"), segment.base.lane as u64)]).unwrap();
    }
    for (mask, last) in Segment::flatten(&case.input.activations[0].masks) {
        bench.send(masks, &[Bits::new(n as u32, mask), last.into()]).unwrap();
    }
    let result_rows = bench.source("unit_result_base", &["row"], gaps).unwrap();
    for &row in &case.input.result_rows {
        bench.send(result_rows, &[Bits::new(width("unit_result_base_row_i"), row as u64)]).unwrap();
    }
    let results = bench.sink("unit_result", &["data", "last"], pressure).unwrap();
    for (mask, last) in Segment::flatten(&case.output.masks) {
        bench.expect(results, &[Bits::new(n as u32, mask), last.into()]).unwrap();
    }
    let report = bench.finish().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.compared > 0);

    let counter = |bench: &Testbench, port: &str| bench.model().get(bench.model().output(port).unwrap());
    for (port, expected) in [
        ("reader_misplaced_count_o", case.misplaced),
        ("reader_corrected_count_o", case.corrected),
        ("reader_detected_count_o", case.detected),
        ("unit_vector_count_o", case.output.counters.vectors),
    ] {
        assert_eq!(counter(&bench, port), expected, "{name}: {port}");
    }
    let [valid, address] =
        ["results_read_valid_i", "results_read_address_i"].map(|port| bench.model().input(port).unwrap());
    let data = bench.model().output("results_read_data_o").unwrap();
    for segment in &case.output.masks {
        let values: u32 = segment.items.iter().map(|mask| mask.count_ones()).sum();
        for row in segment.base.row..segment.base.row + (values as usize).div_ceil(n) {
            bench.model_mut().set(valid, 1);
            bench.model_mut().set(address, row as u64);
            bench.step().unwrap();
            bench.model_mut().set(valid, 0);
            bench.settle().unwrap();
            let expected = case.output.memory.read(Pointer { row, lane: 0 }, n);
            let bits = config.result.bits();
            let got: Vec<u16> = (0..n).map(|lane| bench.model().element(data, lane, bits) as u16).collect();
            assert_eq!(got, expected, "{name}: result row {row}");
        }
    }
}

/// Runs multiplies in sound cells and in faulty ones; the Verilog loads the files that are named.
fn compare(test: &str, files: &[&str]) {
    let (design, folder) = (design("pu8_memories"), folder(test));
    let config = configuration::processing_unit(&design).unwrap();
    let mut subject = Subject::new(&design, &elaborate(&design).unwrap());
    for file in files {
        let parameter = format!("parameter {} = \"", file.to_uppercase().replace('.', "_"));
        let (from, to) = (format!("{parameter}\""), format!("{parameter}{}\"", folder.join(file).display()));
        subject = subject.mutate("alb_pu8_memories.v", &from, &to).unwrap();
    }
    let library = subject.build().unwrap();
    let seed = Seed::from_env().unwrap();
    let mut touched = [0; 3];
    for (index, rate) in [0.0, 0.0, 1e-3, 1e-2, 0.1].into_iter().enumerate() {
        for (pattern, stalls) in [Stall::SWEEP[0], Stall::SWEEP[3]].into_iter().enumerate() {
            let name = format!("{test}.{index}.{pattern}");
            let mut rng = seed.rng(&name);
            let shape = (1 + rng.below(40) as usize, 1 + rng.below(60) as usize, 1 + rng.below(40) as usize);
            let gemm = random_gemm(&config, shape, &mut rng);
            let case = case(&design, &folder, &gemm, &config, rate, &mut rng);
            drive(&library, &case, &config, stalls, &name, seed);
            let clean = case.misplaced + case.corrected + case.detected == 0;
            assert!(rate > 0.0 || clean, "{name}: faults without a cause");
            for (count, of) in touched.iter_mut().zip([case.misplaced, case.corrected, case.detected]) {
                *count += of;
            }
        }
    }
    assert!(touched.iter().all(|&count| count > 0), "misplaced, corrected, detected: {touched:?}");
}

#[test]
fn a_unit_with_its_memories_computes_with_faults_as_the_golden_does() {
    let files = ["weights.image", "weights.faults", "masks.image", "masks.faults", "activations.image"];
    compare("pu8_memories", &files);
}

#[test]
#[should_panic(expected = "memory8_sound")]
fn faults_of_values_that_are_not_loaded_are_found() {
    compare("memory8_sound", &["weights.image", "masks.image", "masks.faults", "activations.image"]);
}

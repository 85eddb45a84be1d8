//! Fault maps against the distributions that they are drawn from.
#![allow(missing_docs)]

mod common;

use alberti_golden::{
    Image, Packed, Pointer,
    cells::{Cells, Coding, Fault, Placing},
    storage::{Cut, RecordKind},
};
use alberti_model::{
    Matrix, Metrics,
    demo::Gemm,
    faults::{
        Campaign, CellForm, Defects, Draws, FaultSite, Level, Misreads, Point, Retention, Settings, Stress, draw,
    },
    prune::{self, Pruning},
    quantise::QuantisedLinear,
};
use common::{Numbers, block, pu16, quantised};
use std::collections::BTreeMap;

/// The levels of `technology/memories/nvsim22.yaml`.
fn levels(bits: usize) -> Vec<Level> {
    let list: &[(f64, f64)] = match bits {
        1 => &[(0.0, 0.008646), (1.0, 0.0034)],
        2 => &[(0.0, 0.008646), (0.38464, 0.033511), (0.72166, 0.027417), (1.0, 0.0034)],
        _ => &[
            (0.0, 0.008646),
            (0.07826, 0.013458),
            (0.20382, 0.030416),
            (0.38464, 0.033511),
            (0.54212, 0.024829),
            (0.72166, 0.027417),
            (0.88612, 0.037191),
            (1.0, 0.0034),
        ],
    };
    list.iter().map(|&(mean, sigma)| Level { mean, sigma }).collect()
}

fn misreads(bits: usize) -> Misreads {
    Misreads::of_levels(&levels(bits), &Retention::default()).expect("levels of a cell")
}

fn cells(width: usize, bits: usize) -> Cells {
    Cells::new(width, bits, Placing::Adjacent, Coding::Gray).expect("cells of a word")
}

#[test]
fn the_shipped_levels_err_as_often_as_their_source_says() {
    let two = misreads(2);
    assert!((two.probability(1, 2) / 1.7e-8 - 1.0).abs() < 0.05, "1 → 2: {:e}", two.probability(1, 2));
    assert!((two.probability(2, 1) / 1.4e-8 - 1.0).abs() < 0.05, "2 → 1: {:e}", two.probability(2, 1));
    assert!(two.probability(0, 1) < 1e-15 && two.probability(3, 2) < 1e-15);
    let three = misreads(3).mean();
    assert!((three / 3.8e-3 - 1.0).abs() < 0.02, "three bits: {three:e}");
    assert!(misreads(1).mean() < 1e-100);
    for bits in 1..=3 {
        let table = misreads(bits);
        for stored in 0..table.levels() {
            let sum: f64 = (0..table.levels()).map(|read| table.probability(stored, read)).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn thresholds_are_the_best_there_are() {
    // Deviations as 1 to 2: the sum of both errors is least where the likelihoods cross.
    let pair = [Level { mean: 0.0, sigma: 0.1 }, Level { mean: 1.0, sigma: 0.2 }];
    let table = Misreads::of_levels(&pair, &Retention::default()).expect("two levels");
    let sum = table.probability(0, 1) + table.probability(1, 0);
    let at = |x: f64| (libm::erfc(x / 0.1 / 2f64.sqrt()) + libm::erfc((1.0 - x) / 0.2 / 2f64.sqrt())) / 2.0;
    let best = (1..1000).map(|i| at(f64::from(i) / 1000.0)).fold(f64::INFINITY, f64::min);
    assert!(sum <= best && sum > best * 0.999, "{sum:e} against {best:e}");
}

#[test]
fn gray_coding_makes_a_neighbour_one_wrong_bit() {
    for bits in 1..=4 {
        let table = Misreads::uniform(bits, 1e-3).expect("a rate");
        assert!((table.bit_error_rate(Coding::Gray) - 1e-3).abs() < 1e-15);
        assert!((table.mean() - bits as f64 * 1e-3).abs() < 1e-15);
        let binary = table.bit_error_rate(Coding::Binary);
        assert!(if bits == 1 { (binary - 1e-3).abs() < 1e-15 } else { binary > 1.2e-3 }, "{binary}");
    }
    assert!(Misreads::uniform(2, 0.6).is_err() && Misreads::uniform(5, 0.1).is_err());
    assert!(Misreads::uniform(2, -0.1).is_err() && Misreads::uniform(2, f64::NAN).is_err());
}

#[test]
fn kept_levels_sink_and_spread_past_the_thresholds_they_had() {
    let aged = |decades| {
        let retention = Retention { decades, loss_per_decade: 0.02, widening_per_decade: 0.1 };
        Misreads::of_levels(&levels(2), &retention).expect("levels of a cell")
    };
    assert_eq!(aged(0.0), misreads(2));
    let years = aged(4.0);
    assert!(years.probability(3, 2) > misreads(2).probability(3, 2));
    assert!(years.probability(2, 1) > 1e3 * misreads(2).probability(2, 1), "levels sink");
    assert!(years.probability(1, 2) < years.probability(2, 1));
}

#[test]
fn levels_that_cannot_be_are_errors() {
    let level = |mean, sigma| Level { mean, sigma };
    let code = |levels: &[Level], decades| {
        let retention = Retention { decades, loss_per_decade: 0.1, widening_per_decade: -0.5 };
        Misreads::of_levels(levels, &retention).map(|_| ()).map_err(|error| error.code().as_str())
    };
    assert_eq!(code(&[level(0.0, 0.1), level(1.0, 0.1)], 0.0), Ok(()));
    for levels in [
        vec![level(0.0, 0.1)],
        vec![level(0.0, 0.1), level(0.0, 0.1)],
        vec![level(0.0, 0.0), level(1.0, 0.1)],
        vec![level(0.0, f64::NAN), level(1.0, 0.1)],
    ] {
        assert_eq!(code(&levels, 0.0), Err("AE0711"));
    }
    assert_eq!(code(&[level(0.0, 0.1), level(1.0, 0.1)], 2.0), Err("AE0711"), "no deviation is left");
}

/// How often each (stored, read) is in a map.
fn counts(faults: &[Fault]) -> BTreeMap<(usize, usize), f64> {
    let mut counts = BTreeMap::new();
    for fault in faults {
        *counts.entry((fault.stored.into(), fault.read.into())).or_insert(0.0) += 1.0;
    }
    counts
}

/// A chi-square and its degrees of freedom.
fn chi_square(pairs: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    pairs.filter(|&(_, expected)| expected >= 5.0).fold((0.0, 0.0), |(sum, degrees), (observed, expected)| {
        (sum + (observed - expected) * (observed - expected) / expected, degrees + 1.0)
    })
}

/// Five standard deviations of a chi-square above its mean: by chance less than once in ten thousand.
fn bound(degrees: f64) -> f64 {
    degrees + 5.0 * (2.0 * degrees).sqrt()
}

#[test]
fn a_million_cells_err_as_their_distributions_say() {
    let words = 15_625;
    for (bits, table) in [(3, misreads(3)), (2, Misreads::uniform(2, 0.01).expect("a rate"))] {
        let cells = cells(64 * bits, bits);
        let defects = Defects { misreads: table.clone(), stuck: 0.0 };
        let map = draw(&cells, words, &defects, &mut Draws::new(11, 0)).expect("a map");
        let (counts, million) = (counts(map.faults()), (words * cells.per_word()) as f64);
        assert_eq!(million, 1e6);
        let pairs = (0..cells.levels()).flat_map(|s| (0..cells.levels()).map(move |r| (s, r))).filter(|(s, r)| s != r);
        let pairs =
            pairs.map(|(s, r)| (counts.get(&(s, r)).copied().unwrap_or(0.0), million * table.probability(s, r)));
        let (sum, degrees) = chi_square(pairs);
        assert!(degrees >= 6.0 && sum < bound(degrees), "{bits} bits: chi-square {sum:.1} of {degrees}");
    }
}

#[test]
fn faults_lie_anywhere_alike() {
    let cells = cells(128, 2);
    let defects = Defects { misreads: Misreads::uniform(2, 0.02).expect("a rate"), stuck: 0.001 };
    let map = draw(&cells, 15_625, &defects, &mut Draws::new(5, 0)).expect("a map");
    let expected = map.faults().len() as f64 / 64.0;
    for place in [|f: &Fault| f.cell, |f: &Fault| f.word % 64] {
        let mut observed = [0.0; 64];
        map.faults().iter().for_each(|fault| observed[place(fault)] += 1.0);
        let (sum, degrees) = chi_square(observed.into_iter().map(|count| (count, expected)));
        // Faults of a stuck cell come in threes, which widens the sum a little.
        assert!(sum < bound(degrees) * 1.2, "chi-square {sum:.1} of {degrees}");
    }
}

#[test]
fn skipping_draws_what_asking_every_cell_draws() {
    // Gaps between faults, by both ways: two samples of one distribution.
    let (count, p, classes) = (1_000_000u64, 0.05, 80usize);
    let gaps = |hits: Vec<u64>| {
        let mut observed = vec![0.0; classes];
        hits.windows(2).for_each(|pair| observed[((pair[1] - pair[0] - 1) as usize).min(classes - 1)] += 1.0);
        observed
    };
    let mut naive = Draws::new(1, 0);
    let naive = gaps((0..count).filter(|_| naive.uniform() < p).collect());
    let skipped = gaps(Draws::new(2, 0).hits(count, p).collect());
    let (a, b) = (naive.iter().sum::<f64>(), skipped.iter().sum::<f64>());
    let deviation = (count as f64 * p * (1.0 - p)).sqrt();
    assert!((b - count as f64 * p).abs() < 5.0 * deviation, "{b} faults");
    let pairs = naive.iter().zip(&skipped).filter(|(x, y)| *x + *y >= 10.0);
    let (mut sum, mut degrees) = (0.0, 0.0);
    for (x, y) in pairs {
        let difference = (b / a).sqrt() * x - (a / b).sqrt() * y;
        sum += difference * difference / (x + y);
        degrees += 1.0;
    }
    assert!(degrees > 50.0 && sum < bound(degrees), "chi-square {sum:.1} of {degrees}");
}

#[test]
fn a_stuck_cell_reads_one_level_whatever_is_stored() {
    let cells = cells(20, 2);
    let defects = Defects { misreads: Misreads::uniform(2, 0.1).expect("a rate"), stuck: 1.0 };
    let map = draw(&cells, 1000, &defects, &mut Draws::new(1, 0)).expect("a map");
    assert_eq!(map.faults().len(), 3 * 10_000);
    let mut stuck_at = [0.0; 4];
    for of_cell in map.faults().chunks(3) {
        assert!(of_cell.iter().all(|fault| fault.read == of_cell[0].read));
        stuck_at[usize::from(of_cell[0].read)] += 1.0;
    }
    let (sum, degrees) = chi_square(stuck_at.into_iter().map(|count| (count, 2500.0)));
    assert!(sum < bound(degrees), "stuck at {stuck_at:?}");
}

#[test]
fn a_seed_and_a_stream_give_one_map() {
    let cells = cells(24, 2);
    let defects = Defects { misreads: Misreads::uniform(2, 0.01).expect("a rate"), stuck: 0.001 };
    let map = |seed, stream| draw(&cells, 500, &defects, &mut Draws::new(seed, stream)).expect("a map");
    assert_eq!(map(1, 2), map(1, 2));
    assert_ne!(map(1, 2), map(1, 3));
    assert_ne!(map(1, 2), map(2, 2));
    // What the generator gives may never change: maps are named by their seed.
    let mut draws = Draws::new(1, 2);
    let first: Vec<_> = (0..2).map(|_| (draws.uniform() * 1e6) as u64).collect();
    assert_eq!(first, [876_394, 682_740]);
    let wrong = Defects { stuck: 1.5, ..defects };
    assert!(draw(&cells, 1, &wrong, &mut Draws::new(1, 0)).is_err());
    let wrong = Defects { misreads: Misreads::uniform(3, 0.1).expect("a rate"), stuck: 0.0 };
    assert!(draw(&cells, 1, &wrong, &mut Draws::new(1, 0)).is_err());
}

const EVERY: [FaultSite; 5] =
    [FaultSite::Values, FaultSite::Exponents, FaultSite::Mantissas, FaultSite::Masks, FaultSite::Both];

fn settings(sparsity: Option<alberti_model::BlockSparsity>) -> Settings {
    Settings {
        n: 8,
        capacity: 1 << 12,
        sparsity,
        values: CellForm { bits: 2, placing: Placing::Adjacent, coding: Coding::Gray },
        masks: CellForm { bits: 1, placing: Placing::Adjacent, coding: Coding::Gray },
        secded: false,
        seed: 9,
    }
}

/// A small layer, half of its weights zero.
fn layer(half: Option<alberti_model::BlockSparsity>) -> Gemm {
    let mut numbers = Numbers::new(4);
    let (input, mut weight) = (numbers.matrix(6, 50, 0.2), numbers.matrix(21, 50, 0.5));
    if let Some(shape) = half {
        prune::blocks(&mut weight, shape);
    }
    let target = pu16();
    let linear = quantised(weight, &input, &target);
    let activations = linear.activations(&input).expect("its own inputs");
    let none = Matrix::zeros(6, 21);
    Gemm { linear, pruning: Pruning::Dense, activations, expected: none.clone(), dense: none }
}

/// The same trial by the shortest way: everything is read, decoded and multiplied.
fn plainly(gemm: &Gemm, point: Point, settings: &Settings) -> (f64, u64) {
    let (linear, n, weight) = (&gemm.linear, settings.n, &gemm.linear.weight);
    let cut = Cut { kind: point.kind, rows: weight.rows, columns: weight.cols, n };
    let layout = cut.layout(settings.capacity, settings.sparsity).expect("a layout");
    let vectors = cut.vectors(&weight.data).expect("the matrix");
    let encoded = layout.encode(linear.operand, Pointer::default(), &vectors).expect("room");
    let mut words = Image::new(encoded.values.len().div_ceil(n), 8 * n).expect("an image");
    encoded.values.iter().enumerate().for_each(|(v, &code)| words.set(v / n, v % n * 8, 8, code.into()));
    let read = |image: &Image, form: &CellForm, defects: &Defects, stream| {
        let cells = form.cells(image.width()).expect("cells");
        let map = draw(&cells, image.words(), defects, &mut Draws::new(settings.seed, stream)).expect("a map");
        cells.read(image, &map).expect("its own map")
    };
    let (mut values, mut masks) = (encoded.values.clone(), encoded.masks.clone());
    // sign | exponent: 3 | mantissa: 4
    let bits = [0xff, 0xf0, 0x0f, 0, 0xff][point.site as usize];
    let faulty = read(&words, &settings.values, &point.stress.values, 0);
    for (v, value) in values.iter_mut().enumerate() {
        *value ^= (*value ^ faulty.get(v / n, v % n * 8, 8) as u16) & bits;
    }
    if matches!(point.site, FaultSite::Masks | FaultSite::Both) {
        masks = read(&masks, &settings.masks, &point.stress.masks, 1);
    }
    let memory = Packed::with_values(n, settings.capacity, &values).expect("room");
    let mut faulty = linear.clone();
    for record in 0..encoded.starts.len() {
        let decoded = layout.decode(&masks, 0, &memory, record).expect("any words");
        cut.place(layout.masks(), record, &decoded.vectors, &mut faulty.weight.data);
    }
    let wrong = faulty.weight.data.iter().zip(&weight.data).filter(|(a, b)| a != b).count() as u64;
    let results = |linear: &QuantisedLinear| linear.values(&linear.results(&gemm.activations).expect("its inputs"));
    (Metrics::between(&results(&faulty), &results(linear)).cosine, wrong)
}

#[test]
fn a_trial_is_what_the_golden_models_compute_one_after_the_other() {
    for (kind, sparsity) in [
        (RecordKind::Stream, None),
        (RecordKind::Row, None),
        (RecordKind::Tile, None),
        (RecordKind::Offset, None),
        (RecordKind::Blocks, Some(block(4))),
    ] {
        let (gemm, settings) = (layer(sparsity), settings(sparsity));
        let campaign = Campaign::new(std::slice::from_ref(&gemm), &[kind], settings).expect("it fits");
        for rate in [0.0, 1e-3, 2e-2] {
            let stress = Stress::uniform(&settings, rate, rate / 10.0).expect("a rate");
            for site in EVERY {
                let point = Point { site, kind, stress: &stress };
                let outcome = campaign.trial(point, 0).expect("a trial")[0];
                let (cosine, wrong) = plainly(&gemm, point, &settings);
                assert_eq!(outcome.wrong_weights, wrong, "{site:?} in {kind:?} at {rate}");
                assert!((outcome.cosine - cosine).abs() < 1e-9, "{site:?} in {kind:?} at {rate}");
                // A thousand bits at one in a thousand may well have none.
                assert!(rate == 1e-3 || (rate > 0.0) == (wrong > 0), "{site:?} in {kind:?} at {rate}: {wrong}");
            }
        }
    }
}

#[test]
fn protected_masks_lose_nothing_to_single_faults() {
    let (gemm, settings) = (layer(None), Settings { secded: true, ..settings(None) });
    let campaign = Campaign::new(std::slice::from_ref(&gemm), &[RecordKind::Offset], settings).expect("it fits");
    let stress = |rate| Stress::uniform(&settings, rate, 0.0).expect("a rate");
    let sum = |rate| {
        let stress = stress(rate);
        let point = Point { site: FaultSite::Masks, kind: RecordKind::Offset, stress: &stress };
        let outcomes = (0..40).map(|trial| campaign.trial(point, trial).expect("a trial")[0]);
        outcomes.fold((0, 0, 0), |(c, d, w), o| (c + o.corrected_words, d + o.detected_words, w + o.wrong_weights))
    };
    let (corrected, detected, wrong) = sum(1e-4);
    assert!(corrected > 5 && detected == 0 && wrong == 0, "{corrected}, {detected}, {wrong}");
    let (corrected, detected, wrong) = sum(2e-2);
    assert!(corrected > 100 && detected > 10 && wrong > 10, "{corrected}, {detected}, {wrong}");
}

//! `matrix_unit`: jobs of tiles and vectors, to rows of results.

use super::{
    array::{Function, one},
    number::{Codes, example_codes, values},
    text::Text,
};
use crate::exit::{Failure, Result};
use alberti_cost::configuration;
use alberti_golden::{
    block_select::Selection,
    matrix_unit::{self, Item, MatrixUnitConfig},
};
use alberti_rtl::Design;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    jobs: Vec<Job>,
    #[serde(default)]
    scale: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    tiles: Vec<Tile>,
    bias: Option<Vec<i64>>,
    shifts: Vec<i32>,
    #[serde(default)]
    close: bool,
    #[serde(default)]
    function: Function,
    #[serde(default)]
    activation_shift: i32,
    #[serde(default)]
    wide_shift: i32,
}

/// A pass: n items, and the vectors that they multiply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tile {
    weights: Vec<Codes>,
    selects: Option<Vec<Vec<Option<u8>>>>,
    #[serde(default)]
    columns: bool,
    vectors: Vec<Codes>,
}

pub fn example(design: &Design) -> Result<Value> {
    let config = configuration::processing_unit(design)?;
    let row = |start| example_codes(config.operand, config.n, start);
    let tile =
        |start| json!({"weights": (start..start + config.n).map(row).collect::<Vec<_>>(), "vectors": [row(0), row(2)]});
    let shift = 2 * config.operand.max_significand().ilog2() as i32 - 8;
    let mut job = json!({"tiles": [tile(0), tile(1)], "shifts": vec![shift; config.n], "close": true});
    if design.accelerator.is_some() {
        job["tiles"][1]["columns"] = json!(true);
        job["wide_shift"] = json!(-4);
    }
    Ok(json!({"jobs": [job]}))
}

/// Adds a pass to the streams; `plain_passes` are those of its job before it.
fn add(input: &mut matrix_unit::Input, config: &MatrixUnitConfig, tile: &Tile, plain_passes: usize) -> Result<()> {
    let n = config.n;
    one("weights of a tile", tile.weights.len(), n)?;
    if let Some(selects) = &tile.selects {
        one("rows of selects", selects.len(), n)?;
    }
    for (lane, weights) in tile.weights.iter().enumerate() {
        let block = tile.selects.as_ref().map(|rows| Selection { selects: rows[lane].clone(), errors: Vec::new() });
        input.weights.push(Item { codes: weights.codes(config.operand), block, columns: tile.columns });
    }
    for vector in &tile.vectors {
        let codes = vector.codes(config.operand);
        if tile.selects.is_none() {
            input.activations[plain_passes % config.slots()].push(codes);
            continue;
        }
        one("codes of a vector", codes.len(), config.slots() * n)?;
        input.activations.iter_mut().zip(codes.chunks(n)).for_each(|(slot, codes)| slot.push(codes.to_vec()));
    }
    Ok(())
}

pub fn answer(design: &Design, text: &Text) -> Result<Value> {
    let given: Input = text.parse()?;
    let config = configuration::processing_unit(design)?;
    let accelerator = design.accelerator.is_some();
    let mut input = matrix_unit::Input { activations: vec![Vec::new(); config.slots()], ..Default::default() };
    for job in &given.jobs {
        if !accelerator && (job.wide_shift != 0 || job.tiles.iter().any(|tile| tile.columns)) {
            let message = "`columns` or `wide_shift` on a design without `accelerator`";
            return Err(Failure::input(message, "remove them, or see the section `accelerator` of a design"));
        }
        let rows = job.tiles.first().map_or(0, |tile| tile.vectors.len());
        let mut plain_passes = 0;
        for tile in &job.tiles {
            one("vectors of a tile", tile.vectors.len(), rows)?;
            add(&mut input, &config, tile, plain_passes)?;
            plain_passes += usize::from(tile.selects.is_none());
        }
        input.jobs.push(matrix_unit::Job {
            rows,
            passes: job.tiles.len(),
            close: job.close,
            bias: job.bias.clone().unwrap_or_else(|| vec![0; config.n]),
            scale: job.shifts.clone(),
            function: job.function.golden(&config)?,
            activation_shift: job.activation_shift,
            wide_shift: job.wide_shift,
        });
    }
    let output = matrix_unit::run(&config, &input)?;
    let codes: Vec<_> = output.rows.iter().map(|row| &row.code).collect();
    let mut answer = json!({
        "codes": codes,
        "values": codes.iter().map(|row| values(config.result, row, given.scale)).collect::<Vec<_>>(),
        "last": output.rows.iter().map(|row| row.last).collect::<Vec<_>>(),
        "counters": {"vectors": output.counters.vectors, "held": output.counters.held},
    });
    if accelerator {
        let signed = |row: &matrix_unit::ResultRow| row.wide.iter().map(|&number| number as i16).collect::<Vec<_>>();
        answer["wide"] = json!(output.rows.iter().map(signed).collect::<Vec<_>>());
    }
    Ok(answer)
}

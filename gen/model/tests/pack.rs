//! Packing: what recipes say, what steps lose, and images that an accelerator runs from.
#![allow(missing_docs)]

mod common;

use alberti_golden::{
    Image,
    accelerator::{AcceleratorConfig, Flat, Interpreter, Registers},
};
use alberti_model::{
    adapted::{Adapted, AdapterKind, OffRamps, Shape, TaskShape, synthetic},
    compile::{Session, reals},
    pack::{Packed, Part, Recipe, images},
    partition,
    prune::Pruning,
};
use common::encoders::accelerator;

const LONGEST: usize = 20;

fn config() -> AcceleratorConfig {
    AcceleratorConfig {
        softmax_max: 32,
        hierarchy_max: None,
        layernorm_max: 64,
        activation_rows: 1 << 13,
        value_rows: 16384,
        ..accelerator(8)
    }
}

fn sequences(words: u32) -> Vec<Vec<u32>> {
    (1..4).map(|step| (0..16).map(|token| (token * 7 * step) % words).collect()).collect()
}

fn packed(model: &Adapted, recipe: &str) -> Packed {
    let recipe = Recipe::parse("recipe", recipe.as_bytes()).expect("a sound recipe");
    Packed::new(model, &recipe, &sequences(50), &config(), LONGEST).expect("it fits")
}

#[test]
fn a_recipe_is_read_and_all_its_problems_are_named_at_once() {
    let recipe =
        "prune: {embeddings: \"8:16\", encoder: {below: 0.02}}\nquantise: {weight_scale: matrix, clip_gelu: false}";
    let recipe = Recipe::parse("r", recipe.as_bytes()).expect("a sound recipe");
    assert_eq!(recipe.encoder, Pruning::Below(0.02));
    assert_eq!(recipe.embeddings.to_string(), "8:16");
    assert!(!recipe.rules.weights_by_output && !recipe.rules.clipped && recipe.rules.channel_shifts);
    assert_eq!(Recipe::parse("r", b"").expect("nothing is the default"), Recipe::default());
    for (text, problems) in [
        ("prune: {encoder: 1.5, heads: 1}\nquantise: [1]\ncalibrate: []\nmore: 1", 5),
        ("prune: {encoder: \"3:7\", embeddings: {below: -1}}", 2),
        ("quantise: {weight_scale: channel, channel_shifts: 1}", 2),
        ("calibrate: [1]", 1),
        ("- 1", 1),
        ("prune: {encoder: 0.5, encoder: 0.6}", 1),
        (": : :", 1),
    ] {
        let error = Recipe::parse("r", text.as_bytes()).expect_err(text);
        assert_eq!(error.code().as_str(), "AE0720", "{text}");
        assert_eq!(error.to_string().matches("error[AE0720]").count(), problems, "{text}: {error}");
    }
}

#[test]
fn zeros_of_the_checkpoint_stay_and_every_step_is_accounted_for() {
    let mut model = synthetic(&Shape::small(32), 3);
    // As movement pruning leaves it: a third of a table is gone, the small and the large.
    model.backbone.embeddings.word.data.iter_mut().step_by(3).for_each(|w| *w = 0.0);
    let packed = packed(&model, "prune: {embeddings: 0.2, encoder: 0.5}");
    let word = &packed.tensors[0];
    assert_eq!((word.name.as_str(), word.weights, word.zeros), ("embeddings.word", 50 * 32, 534));
    // Fewer were asked for than there are: nothing else is pruned, and nothing comes back.
    assert_eq!((word.zeros_pruned, word.pruning_error), (534, 0.0));
    let dense: Vec<_> = model.backbone.embeddings.word.data.iter().map(|w| *w == 0.0).collect();
    let after: Vec<_> = packed.pruned.backbone.embeddings.word.data.iter().map(|w| *w == 0.0).collect();
    assert_eq!(dense, after);
    for tensor in &packed.tensors {
        assert!(tensor.zeros <= tensor.zeros_pruned && tensor.zeros_pruned <= tensor.zeros_stored, "{tensor:?}");
        assert!(tensor.code_error < 0.04, "{tensor:?}");
        let halved = tensor.part == Part::Encoder || tensor.name == "embeddings.projection";
        assert_eq!(halved, tensor.zeros_pruned == tensor.weights / 2 && tensor.pruning_error > 0.1, "{tensor:?}");
    }
    // What lies in memory is what was counted.
    let frozen: u64 = packed.tensors.iter().filter(|t| t.part.is_frozen()).map(|t| t.weights - t.zeros_stored).sum();
    assert_eq!(packed.compiled.weights().0.len() as u64, frozen);
    // Equation 1: shares of zeros times shares of parameters.
    let share = |part: Part| packed.footprint.shares.iter().find(|share| share.part == part).expect("every part");
    let sum: f64 = [Part::Embeddings, Part::Encoder].iter().map(|&p| share(p).sparsity * share(p).share).sum();
    assert!((packed.footprint.cumulative_sparsity - sum).abs() < 1e-12 && sum > 0.3);
    let total: f64 = packed.footprint.shares.iter().map(|share| share.share).sum();
    assert!((total - 1.0).abs() < 1e-12);
}

/// A driver knows nothing but the files.
#[test]
fn an_accelerator_runs_from_the_images_alone() {
    let model = synthetic(&Shape::small(32), 5);
    let packed = packed(&model, "prune: {encoder: 0.4}");
    let files = images(&packed, &[9, 20]).expect("lengths that fit");
    assert_eq!(files, images(&packed, &[9, 20]).expect("the same"), "the same bytes every time");
    assert!(images(&packed, &[LONGEST + 1]).is_err());
    let index: serde_json::Value = serde_json::from_slice(&files["images.json"]).expect("JSON");
    let number = |value: &serde_json::Value| value.as_u64().expect("a number") as usize;

    let masks = &index["weight_masks"];
    let mut words = Image::new(number(&masks["words"]), number(&masks["word_bits"])).expect("an image");
    for (word, bytes) in files["backbone/weight_masks.bin"].chunks_exact(number(&masks["word_bytes"])).enumerate() {
        let mut whole = [0; 16];
        whole[..bytes.len()].copy_from_slice(bytes);
        words.set(word, 0, number(&masks["word_bits"]), u128::from_le_bytes(whole));
    }
    let values: Vec<u16> = files["backbone/weight_values.bin"].iter().map(|&code| code.into()).collect();
    let mut interpreter = Interpreter::new(config()).expect("an accelerator");
    interpreter.set_weights(&values, &words).expect("they fit");
    let mut run = |program: &[u8], length: usize, data: Vec<u8>| {
        let mut memory = Flat { content: [program, &data].concat() };
        let data_base = program.len() as u64;
        let registers = Registers { program_length: length as u32, data_base, ..Registers::default() };
        interpreter.run(&registers, &mut memory, |_, _| {}).expect("a sound program");
        memory.content.split_off(program.len())
    };
    run(&files["backbone/setup.bin"], number(&index["setup"]["program_bytes"]), Vec::new());
    let mut session = Session::new(&packed.compiled).expect("an accelerator");
    for entry in index["programs"].as_array().expect("programs") {
        let file = &files[entry["file"].as_str().expect("a name")];
        let length = number(&entry["program_bytes"]);
        let Some(tokens) = entry["tokens"].as_u64() else {
            run(file, length, Vec::new());
            continue;
        };
        let ids: Vec<u32> = (0..tokens as u32).map(|token| (token * 11) % 50).collect();
        let mut data = packed.compiled.input(&ids);
        data.resize(number(&entry["data_bytes"]), 0);
        let data = run(file, length, data);
        let offset = number(&entry["output"]["offset"]);
        let logits: Vec<i16> =
            data[offset..].chunks_exact(2).take(3).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
        let expected = session.run(number(&entry["task"]), &ids, 0).expect("a sound program").logits;
        assert_eq!(logits, expected);
        assert!(reals(&logits, 3).max_magnitude() > 0.0);
    }
}

/// Table II and section IV of the adapter-ALBERT paper, from a model of ALBERT-base's shape.
#[test]
fn parameters_of_albert_base_are_those_of_the_paper() {
    let task = TaskShape {
        adapters: [64, 64],
        kind: AdapterKind::Houlsby,
        classes: 2,
        off_ramps: OffRamps::None,
        head_layers: 1,
        spans: vec![Default::default(); 12],
    };
    let shape = Shape { tasks: vec![task], ..Shape::albert_base() };
    let model = synthetic(&shape, 1);
    let calibration = model.calibrate(&[vec![1, 2, 3, 4]]).expect("ids of the model");
    let quantised = alberti_model::compile::quantise_encoder_by(&model, &calibration, &config(), &Default::default());
    let footprint = alberti_model::pack::of_model(&model, &model, &quantised.expect("ranges that fit")).1;
    let by_shape = partition::Shape::ALBERT_BASE.parameters();
    // The shape counts a pooler, which no encoder of ours has; its norms are all a task's, ours but those
    // over the embeddings.
    assert_eq!(footprint.parameters, by_shape.total() - by_shape.pooler);
    assert_eq!(footprint.trainable, by_shape.trainable() - 2 * 128);
    assert_eq!(footprint.parameters - footprint.without_adapters, by_shape.adapters);
    let with_pooler = (footprint.parameters + by_shape.pooler) as f64;
    assert!((with_pooler / 11.88e6 - 1.0).abs() < 0.01 && (footprint.trainable as f64 / 200.4e3 - 1.0).abs() < 0.02);
}

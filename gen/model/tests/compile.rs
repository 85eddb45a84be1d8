//! The compiler: what its programs compute on the interpreter against the encoder's equations, bit for bit.
#![allow(missing_docs)]

mod common;

use alberti_arith::Activation;
use alberti_golden::{
    BlockSparsity,
    accelerator::{AcceleratorConfig, Flat, Interpreter, Registers},
    encoder::{Arithmetic, Span},
    hierarchical_softmax::Hierarchy,
    softmax::Maximum,
};
use alberti_isa::{Operation, Program, Source, Unit, Waits};
use alberti_model::compile::{Compiled, Session};
use common::encoders::{Early, PLAIN, POSITIONS, Read, Shape, accelerator, encoder, ids, pruned};

const LONGEST: usize = 20;

/// Runs every task on sentences of these lengths, back and forth, and compares with the equations.
fn agrees(
    seed: u64,
    shape: &Shape,
    config: &AcceleratorConfig,
    lengths: &[usize],
    threshold: u16,
) -> Vec<Option<usize>> {
    let encoder = match config.sparsity {
        Some(sparsity) => pruned(seed, shape, sparsity),
        None => encoder(seed, shape),
    };
    let compiled = Compiled::new(encoder, config.clone(), LONGEST).expect("it fits");
    let arithmetic = Arithmetic::for_accelerator(config).expect("such an accelerator");
    let mut session = Session::new(&compiled).expect("such an accelerator");
    let mut exits = Vec::new();
    for (round, &tokens) in lengths.iter().enumerate() {
        let ids = ids(seed + round as u64, tokens);
        for (number, task) in compiled.encoder().tasks.iter().enumerate() {
            let expected = compiled.encoder().run(&arithmetic, task, &ids, threshold).expect("a sound encoder");
            let answer = session.run(number, &ids, threshold).expect("a sound program");
            assert_eq!((answer.counters.misplaced, answer.counters.mask_errors), (0, 0));
            if shape.classes.is_some() {
                assert_eq!(answer.logits, expected.logits, "{shape:?}, {tokens} tokens, task {number}");
            } else {
                assert_eq!(answer.hidden, expected.hidden, "{shape:?}, {tokens} tokens, task {number}");
                // Numbers that say something.
                let mut values = answer.hidden.clone();
                values.sort_unstable();
                values.dedup();
                assert!(values.len() > answer.hidden.len() / 8, "{} different numbers", values.len());
            }
            assert_eq!(answer.exit.map(|layer| layer as usize), expected.exit);
            exits.push(expected.exit);
        }
    }
    exits
}

#[test]
fn programs_compute_the_encoder_to_the_bit() {
    for n in [2, 4, 8, 16] {
        agrees(n as u64, &PLAIN, &accelerator(n), &[5, 20, 1, 16], 0);
    }
    // Channels, heads and feed-forward that fill no whole tiles; one head; as many as fit.
    for (hidden, heads, inner) in [(20, 2, 18), (12, 1, 13), (18, 3, 5)] {
        let shape = Shape { embedding: hidden, hidden, heads, inner, ..PLAIN };
        agrees(7, &shape, &accelerator(8), &[11, 3], 0);
    }
}

/// Whatever adapters read, in layers of their own and in loops.
#[test]
fn adapters_read_the_dense_layer_the_input_or_the_normalised_sum() {
    let kinds = [Read::Dense, Read::Input, Read::Norm];
    for (seed, reads) in (20..).zip(kinds.iter().flat_map(|&a| kinds.map(|b| [a, b]))) {
        let shape = Shape { adapter: Some(5), reads, tasks: 2, ..PLAIN };
        agrees(seed, &shape, &accelerator(4), &[11, 20, 3], 0);
        let shared = Shape { layers: 1, depth: 3, classes: Some(3), early: Early::Shared, ..shape };
        agrees(seed, &shared, &accelerator(8), &[20, 9], 0);
        let compiled = Compiled::new(encoder(seed, &shared), accelerator(4), LONGEST).expect("it fits");
        let program = compiled.sentence(0, LONGEST).expect("a short sentence").program;
        let loops = program.instructions.iter().filter(|i| matches!(i.operation, Operation::Repeat(_))).count();
        assert_eq!(loops, 1, "{reads:?}: shared layers run as a loop");
    }
}

/// Memories of every shape, in layers of their own and in loops, beside adapters and without.
#[test]
fn memories_follow_their_layers() {
    let shapes = [(16, 3, 8), (6, 3, 3), (5, 1, 5), (7, 2, 1), (1, 4, 1), (9, 4, 20)];
    for (seed, (parents, children, largest)) in (50..).zip(shapes) {
        let memory = Some(Hierarchy { parents, children, largest });
        let shape = Shape { memory, tasks: 2, ..PLAIN };
        for n in [4, 8] {
            agrees(seed, &shape, &accelerator(n), &[11, 20, 3], 0);
        }
        let shared = Shape { layers: 1, depth: 3, classes: Some(3), early: Early::Shared, ..shape };
        agrees(seed, &Shape { adapter: Some(5), ..shared }, &accelerator(8), &[20, 9], 0);
        agrees(seed, &shared, &accelerator(4), &[20, 9], 1500);
        let compiled = Compiled::new(encoder(seed, &shared), accelerator(4), LONGEST).expect("it fits");
        let program = compiled.sentence(0, LONGEST).expect("a short sentence").program;
        let loops = program.instructions.iter().filter(|i| matches!(i.operation, Operation::Repeat(_))).count();
        assert_eq!(loops, 1, "shared layers run as a loop");
    }
}

#[test]
fn a_memory_beyond_the_unit_is_refused_with_what_it_takes() {
    let shape = Shape { memory: Some(Hierarchy { parents: 6, children: 3, largest: 2 }), ..PLAIN };
    let refused = |hierarchy_max| {
        let config = AcceleratorConfig { hierarchy_max, ..accelerator(4) };
        Compiled::new(encoder(1, &shape), config, LONGEST).expect_err("it does not fit").to_string()
    };
    let said = refused(Some(Hierarchy { parents: 5, children: 2, largest: 5 }));
    assert!(said.contains("units.hierarchical_softmax.parents_max: 6 needed, 1 more than 5"), "{said}");
    assert!(said.contains("units.hierarchical_softmax.children_max: 3 needed, 1 more than 2"), "{said}");
    let said = refused(None);
    assert!(said.contains("units.hierarchical_softmax: {parents_max: 6, children_max: 3} needed"), "{said}");
}

/// Heads of one, two and three layers, in layers of their own and in loops.
#[test]
fn heads_have_any_number_of_layers() {
    let mut early_exits = 0;
    for (seed, head) in (30..).zip([&[][..], &[16], &[20, 7]]) {
        for function in [Activation::Relu, Activation::Gelu] {
            for early in [Early::Never, Early::Shared, Early::Own(&[1])] {
                let shape = Shape { classes: Some(3), head, early, function, ..PLAIN };
                let exits = agrees(seed, &shape, &accelerator(4), &[5, 20], 1500);
                early_exits += exits.iter().flatten().count();
                assert!(!matches!(early, Early::Never) || exits.iter().all(Option::is_none));
                let shared = Shape { layers: 1, depth: 4, tasks: 2, adapter: Some(6), ..shape };
                agrees(seed, &shared, &accelerator(8), &[20, 1], 0);
            }
        }
    }
    assert!(early_exits > 0);
}

/// Layers that are pruned in blocks take half of the passes, whatever is odd about them; all others are as
/// they were.
#[test]
fn layers_that_are_pruned_in_blocks_run_so() {
    for (n, nonzeros, block) in [(4, 2, 4), (8, 4, 8), (8, 8, 16), (16, 8, 16)] {
        let config = AcceleratorConfig { sparsity: BlockSparsity::new(nonzeros, block).ok(), ..accelerator(n) };
        let plain = PLAIN;
        let wide = Shape { embedding: 48, hidden: 48, heads: 3, inner: 40, ..PLAIN };
        let projected = Shape { embedding: 40, hidden: 48, adapter: Some(8), classes: Some(3), ..wide };
        for (seed, shape) in [(1, plain), (2, wide), (3, projected)] {
            agrees(seed, &shape, &config, &[5, 20], 0);
        }
    }
    let sparsity = BlockSparsity::new(2, 4).ok();
    let vectors = |sparsity: Option<BlockSparsity>| {
        let encoder = pruned(1, &PLAIN, BlockSparsity::new(2, 4).expect("such blocks"));
        let compiled =
            Compiled::new(encoder, AcceleratorConfig { sparsity, ..accelerator(4) }, LONGEST).expect("it fits");
        let gemms = compiled.sentence(0, 16).expect("a short sentence").program.instructions;
        let blocks = gemms.iter().filter(|i| matches!(i.operation, Operation::Gemm(gemm) if gemm.blocks)).count();
        let mut session = Session::new(&compiled).expect("an accelerator");
        let answer = session.run(0, &ids(1, 16), 0).expect("a sound program");
        (blocks, answer.counters.vectors)
    };
    // Four tiles of channels and six of the feed-forward, two layers; the keys are not pruned.
    let (dense, sparse) = (vectors(None), vectors(sparsity));
    assert_eq!((dense.0, sparse.0), (0, 2 * 5 * 2));
    assert_eq!(dense.1 - sparse.1, 2 * 16 * (3 * 4 * 2 + 6 * 2 + 4 * 3));
}

#[test]
fn every_accelerator_gets_its_own_rounding() {
    let config = accelerator(4);
    for changed in [
        AcceleratorConfig { maximum: Maximum::Row, softmax_lanes: 4, ..config.clone() },
        AcceleratorConfig { accumulator_bits: 26, ..config.clone() },
        AcceleratorConfig { accumulator_rows: 5, bus_bytes: 16, ..config.clone() },
        AcceleratorConfig { zero_skip: false, bus_bytes: 4, ..config },
    ] {
        agrees(3, &PLAIN, &changed, &[9, 17], 0);
    }
    agrees(4, &Shape { function: Activation::Relu, ..PLAIN }, &accelerator(4), &[6], 0);
}

#[test]
fn scores_of_the_next_head_are_made_while_softmax_works() {
    let shape = Shape { heads: 4, ..PLAIN };
    let compiled = Compiled::new(encoder(1, &shape), accelerator(4), LONGEST).expect("it fits");
    let sentence = compiled.sentence(0, 16).expect("a short sentence");
    let contexts: Vec<_> = (sentence.program.instructions.iter())
        .filter(|instruction| matches!(instruction.operation, Operation::Gemm(gemm) if gemm.source == Source::Columns))
        .map(|instruction| instruction.waits.of(Unit::Softmax))
        .collect();
    // Two chunks of each of four heads in two layers.
    assert_eq!(contexts, [Some(0); 16]);
    // While a head's context is made, softmax begins the next head.
    let softmax = sentence.program.instructions.iter().filter(|i| matches!(i.operation, Operation::Softmax(_)));
    let waits: Vec<_> = softmax.clone().map(|instruction| instruction.waits.of(Unit::Matrix)).collect();
    let layer = [Some(0), Some(2), Some(2), Some(2)];
    assert_eq!(waits, [layer, layer].concat());
    assert_eq!(softmax.count(), 8);
}

/// A wait can be left out only where an instruction before has waited for the same.
#[test]
fn a_program_that_lacks_a_wait_is_refused() {
    let compiled = Compiled::new(encoder(1, &PLAIN), accelerator(4), LONGEST).expect("it fits");
    let sentence = compiled.sentence(0, LONGEST).expect("a short sentence");
    let mut ready = Interpreter::new(compiled.config().clone()).expect("an accelerator");
    let (values, masks) = compiled.weights();
    ready.set_weights(values, masks).expect("they fit");
    let run = |interpreter: &mut Interpreter, program: &Program, data: &[u8]| {
        let content = program.bytes();
        let (program_length, data_base) = (content.len() as u32, content.len() as u64);
        let mut memory = Flat { content: [&content, data].concat() };
        let registers = Registers { program_length, data_base, ..Registers::default() };
        interpreter.run(&registers, &mut memory, |_, _| {}).map(|_| ()).map_err(|error| error.to_string())
    };
    for bundle in [compiled.setup(), &compiled.task(0)] {
        assert_eq!(run(&mut ready, &bundle.program, &bundle.data), Ok(()));
    }
    let mut data = compiled.input(&ids(1, LONGEST));
    data.resize(sentence.data_bytes, 0);
    assert_eq!(run(&mut ready.clone(), &sentence.program, &data), Ok(()));
    let (mut refused, mut waiting) = (0, 0);
    for at in 0..sentence.program.instructions.len() {
        let mut program = sentence.program.clone();
        let waits = std::mem::replace(&mut program.instructions[at].waits, Waits::NONE);
        if waits != Waits::NONE {
            waiting += 1;
            refused += usize::from(run(&mut ready.clone(), &program, &data).is_err());
        }
    }
    assert!(waiting > 40 && 2 * refused > waiting, "{refused} of {waiting}");
}

#[test]
fn tasks_have_adapters_of_their_own_and_share_the_rest() {
    let shape = Shape { tasks: 2, adapter: Some(6), classes: Some(3), ..PLAIN };
    agrees(5, &shape, &accelerator(4), &[7, 20], 0);
    agrees(5, &Shape { adapter: Some(8), function: Activation::Relu, ..PLAIN }, &accelerator(8), &[13], 0);
    // A switch moves what the task has of its own, and nothing else.
    let compiled = Compiled::new(encoder(5, &shape), accelerator(4), LONGEST).expect("it fits");
    let mut session = Session::new(&compiled).expect("an accelerator");
    for task in [0, 0, 1, 1, 0] {
        session.run(task, &[1, 2, 3], 0).expect("a sound program");
    }
    let bytes = compiled.task(0).bytes().len() as u64;
    assert_eq!(session.loaded, [compiled.setup().bytes().len() as u64, bytes, bytes, bytes]);
}

#[test]
fn shared_layers_are_a_loop_and_small_embeddings_are_widened() {
    let shape = Shape { layers: 1, depth: 5, embedding: 6, tasks: 2, adapter: Some(4), classes: Some(5), ..PLAIN };
    agrees(6, &shape, &accelerator(4), &[9, 4], 0);
    agrees(6, &Shape { adapter: None, classes: None, ..shape }, &accelerator(8), &[20], 0);
    let count = |depth| {
        let compiled = Compiled::new(encoder(6, &Shape { depth, ..shape }), accelerator(4), LONGEST).expect("it fits");
        compiled.sentence(0, LONGEST).expect("a short sentence").program.instructions.len()
    };
    assert_eq!(count(5), count(2));
}

#[test]
fn a_program_ends_behind_the_layer_that_is_sure_enough() {
    let accelerator = AcceleratorConfig { program_instructions: 512, ..accelerator(4) };
    for (layers, depth) in [(1, 4), (4, 4)] {
        for early in [Early::Shared, Early::Own(&[1, 2, 3, 4])] {
            let shape = Shape { layers, depth, classes: Some(3), early, tasks: 2, ..PLAIN };
            let exits: Vec<_> = (0..=8).flat_map(|t| agrees(8, &shape, &accelerator, &[6, 10, 3], 200 * t)).collect();
            let layers: std::collections::BTreeSet<_> = exits.into_iter().collect();
            assert!(layers.len() >= 3 && layers.contains(&None) && layers.contains(&Some(1)), "{layers:?}");
        }
    }
}

/// No threshold, however high, lets an off-ramp answer after the last layer: the classifier does.
#[test]
fn after_the_last_layer_the_classifier_answers() {
    let accelerator = AcceleratorConfig { program_instructions: 512, ..accelerator(4) };
    for (layers, depth) in [(1, 1), (1, 3), (2, 2)] {
        // Where no layer before it has an off-ramp, every sentence comes to the last.
        for early in [Early::Never, Early::Shared, Early::Own(&[1, 2, 3]), Early::Own(&[3, 2]), Early::Own(&[])] {
            let shape = Shape { layers, depth, classes: Some(3), early, tasks: 2, ..PLAIN };
            let encoder = encoder(8, &shape);
            let first = encoder.tasks[0].heads.as_ref().and_then(|heads| heads.layers().next());
            assert!(encoder.tasks.iter().all(|task| task.heads.as_ref().is_some_and(|heads| {
                heads.layers().all(|layer| layer < depth) && heads.off_ramp(depth).is_none()
            })));
            let exits = agrees(8, &shape, &accelerator, &[6, 10], u16::MAX);
            assert!(exits.iter().all(|&exit| exit == first), "{shape:?}: {exits:?}");
        }
    }
}

/// Residual sums, scores and results of the array that are cut to 16 bits are counted, by programs as by the
/// equations where no token is padding.
#[test]
fn saturation_is_counted() {
    let adapted = Shape { embedding: 8, adapter: Some(4), classes: Some(3), early: Early::Shared, ..PLAIN };
    let mut kinds = (0, 0);
    for (seed, shape) in [(1, PLAIN), (2, adapted), (3, Shape { layers: 1, depth: 3, ..adapted })] {
        let mut sound = encoder(seed, &shape);
        // Results of other points: of the dense layers, and scores.
        for layer in &mut sound.layers {
            layer.outer.wide_shift -= 7;
            layer.heads.iter_mut().for_each(|head| head.score -= 8);
        }
        let compiled = Compiled::new(sound, accelerator(4), LONGEST).expect("it fits");
        let arithmetic = Arithmetic::for_accelerator(compiled.config()).expect("such an accelerator");
        let mut session = Session::new(&compiled).expect("such an accelerator");
        let ids = ids(seed, 16);
        let expected = compiled.encoder().run(&arithmetic, &compiled.encoder().tasks[0], &ids, 0).expect("an encoder");
        let counters = session.run(0, &ids, 0).expect("a sound program").counters;
        assert_eq!(counters.saturated, expected.saturated, "{shape:?}");
        kinds = (kinds.0 + counters.saturated_sums, kinds.1 + counters.saturated - counters.saturated_sums);
        if shape.classes.is_some() {
            let pass = compiled.encoder().off_ramps(&arithmetic, &compiled.encoder().tasks[0], &ids);
            assert_eq!(pass.expect("an encoder").saturated, expected.saturated);
        }
    }
    assert!(kinds.0 > 10 && kinds.1 > 10, "{kinds:?}");
}

/// Where layers share weights, those that the same off-ramp follows are one loop, and so are those that none
/// does; an off-ramp of its own is code of its own.
#[test]
fn shared_layers_are_a_loop_for_each_off_ramp() {
    let config = AcceleratorConfig { program_instructions: 1024, ..accelerator(4) };
    let loops = |early| {
        let shape = Shape { layers: 1, depth: 6, classes: Some(3), early, ..PLAIN };
        let compiled = Compiled::new(encoder(8, &shape), config.clone(), LONGEST).expect("it fits");
        let program = compiled.sentence(0, LONGEST).expect("a short sentence").program.instructions;
        let repeats = program.iter().filter_map(|instruction| match instruction.operation {
            Operation::Repeat(repeat) => Some(repeat.count.get()),
            _ => None,
        });
        let exits = program.iter().filter(|i| matches!(i.operation, Operation::Exit(_))).count();
        (repeats.collect::<Vec<_>>(), exits)
    };
    assert_eq!(loops(Early::Never), (vec![6], 0));
    assert_eq!(loops(Early::Shared), (vec![5], 1));
    assert_eq!(loops(Early::Own(&[1, 2, 3, 4, 5, 6])), (vec![], 5));
    assert_eq!(loops(Early::Own(&[3])), (vec![2, 3], 1));
    for (early, threshold) in [(Early::Own(&[3, 5]), 1400), (Early::Own(&[2]), u16::MAX)] {
        let shape = Shape { layers: 1, depth: 6, classes: Some(3), early, tasks: 2, ..PLAIN };
        agrees(9, &shape, &config, &[6, 17, 3], threshold);
    }
}

#[test]
fn heads_see_as_far_as_their_spans() {
    let near = Span::Limited { span: 3, ramp: 2 };
    let far = Span::Limited { span: 9, ramp: 0 };
    for spans in [[near, Span::Skipped, Span::Skipped, far], [Span::Skipped, near, Span::Whole, Span::Skipped]] {
        agrees(9, &Shape { heads: 4, spans, ..PLAIN }, &accelerator(4), &[5, 20], 0);
    }
    agrees(9, &Shape { heads: 4, spans: [Span::Skipped; 4], ..PLAIN }, &accelerator(4), &[10], 0);
}

/// Vectors of P·V, and its instructions, of two layers of one head that sees so far: 32 tokens in two chunks,
/// 8 tiles of keys, 4 of channels.
fn context(spans: [Span; 4], config: AcceleratorConfig) -> (usize, usize) {
    let shape = Shape { heads: 1, spans, ..PLAIN };
    let compiled = Compiled::new(encoder(9, &shape), config, 32).expect("it fits");
    let program = compiled.sentence(0, 32).expect("a short sentence").program;
    let gemms = program.instructions.iter().filter_map(|instruction| match instruction.operation {
        Operation::Gemm(gemm) if gemm.source == Source::Columns => Some(gemm),
        _ => None,
    });
    let vectors = gemms.clone().map(|gemm| gemm.rows.get() * gemm.passes.get() * gemm.columns.get());
    (vectors.sum(), gemms.count())
}

#[test]
fn tiles_outside_of_a_span_are_not_multiplied() {
    let program = |span, ramp| context([Span::Limited { span, ramp }; 4], accelerator(4));
    let layers = 2;
    assert_eq!(context([Span::Whole; 4], accelerator(4)), (layers * 4 * 32 * 8, layers * 2));
    assert_eq!(program(31, 0), (layers * 4 * 32 * 8, layers * 2));
    // As far as the last tile but one; itself; and its neighbours, as pairs of tiles see them: 3, 4, 4 and 3
    // of 8 tiles.
    assert_eq!(program(11, 0), (layers * 4 * 32 * 7, layers * 2));
    assert_eq!(program(0, 0), (layers * 4 * 32, layers * 8));
    assert_eq!(program(1, 1), (layers * 4 * 8 * (3 + 4 + 4 + 3), layers * 4));
    // And nothing else is left out: all accelerators answer as the equations do.
    for (span, ramp) in [(0, 0), (0, 1), (1, 1), (3, 0), (4, 2), (11, 0)] {
        let spans = [Span::Limited { span, ramp }; 4];
        for (heads, n) in [(1, 4), (2, 2), (4, 4), (2, 8)] {
            agrees(span.into(), &Shape { heads, spans, ..PLAIN }, &accelerator(n), &[20, 7, 13], 0);
        }
        let odd = AcceleratorConfig { accumulator_rows: 5, ..accelerator(4) };
        agrees(3, &Shape { spans, ..PLAIN }, &odd, &[20, 7], 0);
    }
}

/// Where the program memory is too small for all windows, fewer serve: each chunk has one at least.
#[test]
fn windows_that_do_not_fit_the_program_are_not_made() {
    let spans = [Span::Limited { span: 0, ramp: 0 }; 4];
    let size = |program_instructions| {
        let compiled = Compiled::new(
            encoder(9, &Shape { heads: 1, spans, ..PLAIN }),
            AcceleratorConfig { program_instructions, ..accelerator(4) },
            32,
        );
        compiled.map(|compiled| compiled.sentence(0, 32).expect("a short sentence").program.instructions.len())
    };
    let all = size(256).expect("it fits");
    let program = |room| context(spans, AcceleratorConfig { program_instructions: room, ..accelerator(4) });
    let (vectors, windows) = program(all);
    assert_eq!((vectors, windows), (2 * 4 * 32, 16));
    let least = all - 12;
    let fewer = size(all - 1).expect("it fits");
    assert!(fewer < all && fewer >= least && program(all - 1).0 > vectors, "{fewer} of {all}");
    assert_eq!((size(least).expect("it fits"), program(least)), (least, (2 * 4 * 32 * 4, 4)));
    let problem = size(least - 1).expect_err("there are no fewer");
    assert!(problem.to_string().contains("accelerator.program.instructions: "), "{problem}");
}

#[test]
fn all_that_an_accelerator_lacks_is_said_at_once() {
    let config = AcceleratorConfig {
        activation_rows: 100,
        wide_rows: 50,
        parameter_rows: 10,
        index_words: 8,
        value_rows: 16,
        mask_words: 64,
        program_instructions: 12,
        softmax_max: 16,
        hierarchy_max: None,
        layernorm_max: 8,
        passes_max: 2,
        activation: Activation::Relu.into(),
        ..accelerator(4)
    };
    let problem = Compiled::new(encoder(1, &PLAIN), config, LONGEST).expect_err("nothing fits");
    assert_eq!(problem.code().as_str(), "AE0713");
    let text = problem.to_string();
    for key in [
        "memories.activation.values: ",
        "accelerator.wide.values: ",
        "accelerator.parameters.rows: ",
        "accelerator.index.words: 60 needed, 52 more than 8",
        "memories.weight.values: ",
        "memories.weight.masks.words: ",
        "accelerator.program.instructions: ",
        "units.softmax.length_max: 20 needed, 4 more than 16",
        "units.layernorm.length_max: 16 needed, 8 more than 8",
        "datapath.reduction_max: 24 needed, 16 more than 8",
        "datapath.activation: ",
    ] {
        assert!(text.contains(key), "{key}\n{text}");
    }
}

#[test]
fn an_encoder_whose_layers_do_not_join_is_refused() {
    let mut broken = encoder(1, &PLAIN);
    broken.tasks[0].layers[0].output.norm.exponent_bias = None;
    let problem = Compiled::new(broken, accelerator(4), LONGEST).expect_err("a layer without input");
    assert!(problem.to_string().contains("a layer norm gives no codes"), "{problem}");
}

#[test]
fn an_encoder_of_wider_numbers_than_the_accelerator_has_is_refused() {
    let mut wide = encoder(1, &PLAIN);
    wide.layers[0].query.bias[0] = 1 << 31;
    wide.embedding.tables[0].gain = 1 << 8;
    let problem = Compiled::new(wide, accelerator(4), LONGEST).expect_err("numbers past their ports").to_string();
    assert!(
        problem.contains("a bias of more than 32 bits") && problem.contains("codes of more than 8 bits"),
        "{problem}"
    );
}

#[test]
fn a_sentence_that_is_longer_than_the_accelerator_was_laid_out_for_is_refused() {
    let compiled = Compiled::new(encoder(1, &PLAIN), accelerator(4), LONGEST).expect("it fits");
    let mut session = Session::new(&compiled).expect("an accelerator");
    for tokens in [0, LONGEST + 1] {
        assert_eq!(session.run(0, &vec![1; tokens], 0).map_err(|error| error.code().as_str()), Err("AE0705"));
    }
    assert!(POSITIONS > LONGEST && session.run(0, &[1; LONGEST], 0).is_ok());
}

#[test]
fn an_accelerator_is_not_laid_out_for_more_tokens_than_the_model_has_positions() {
    let laid_out = |tokens| Compiled::new(encoder(1, &PLAIN), accelerator(4), tokens);
    assert!(laid_out(POSITIONS).is_ok());
    let error = laid_out(POSITIONS + 1).expect_err("it has 40 positions");
    assert_eq!((error.code().as_str(), error.to_string().contains("1 to 40")), ("AE0705", true), "{error}");
}

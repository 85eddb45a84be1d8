//! The f32 encoder against an independent implementation in double precision.
#![allow(missing_docs)]

mod common;

use alberti_model::{Checkpoint, reference::forward, sentence::Tokenizer};

/// Sentence, token ids, the embedding's first components, the first of the first token's last hidden state.
type Known = (&'static str, &'static [u32], [f32; 8], [f32; 4]);

const KNOWN: [Known; 3] = [
    (
        "The quick brown fox jumps over the lazy dog.",
        &[101, 1996, 4248, 2829, 4419, 14523, 2058, 1996, 13971, 3899, 1012, 102],
        [0.043934, 0.058934, 0.048178, 0.077548, 0.026744, -0.03763, -0.002605, -0.059943],
        [0.04644, 0.33806, 0.20821, 0.6468],
    ),
    (
        "Alberti turns a design into proven hardware, doesn't it?",
        &[101, 4789, 2072, 4332, 1037, 2640, 2046, 10003, 8051, 1010, 2987, 1005, 1056, 2009, 1029, 102],
        [-0.053315, 0.05897, 0.006385, -0.014958, -0.020865, -0.054567, -0.059228, 0.052215],
        [0.10894, 0.25705, 0.00473, -0.02471],
    ),
    ("", &[101, 102], [0.0; 8], [0.0; 4]),
];

#[test]
fn embeddings_equal_those_of_the_independent_implementation() {
    let checkpoint = Checkpoint::load(&common::model_folder()).expect("the trained model loads");
    for (sentence, ids, embedding, hidden) in &KNOWN[..2] {
        let forward = forward(&checkpoint, *ids).expect("ids that fit");
        let actual = forward.sentence_embedding();
        assert_eq!(actual.len(), 384);
        for (actual, expected) in actual.iter().zip(embedding).chain(forward.hidden.row(0).iter().zip(hidden)) {
            assert!((actual - expected).abs() < 2e-5, "{sentence}: {actual} for {expected}");
        }
    }
}

#[test]
fn the_tokenizer_makes_the_known_ids_without_padding() {
    let folder = common::model_folder();
    let checkpoint = Checkpoint::load(&folder).expect("the trained model loads");
    let tokenizer = Tokenizer::load(&folder).expect("its tokenizer loads");
    for (sentence, ids, ..) in KNOWN {
        assert_eq!(tokenizer.encode(sentence, &checkpoint).expect("a short sentence"), ids, "{sentence}");
    }
    let error = tokenizer.encode(&"word ".repeat(511), &checkpoint).expect_err("a sentence too long");
    assert_eq!(error.code().as_str(), "AE0705");
    assert!(error.to_string().contains("513 tokens"), "{error}");
}

#[test]
fn traces_join_up_from_layer_to_layer() {
    let checkpoint = Checkpoint::load(&common::model_folder()).expect("the trained model loads");
    let forward = forward(&checkpoint, KNOWN[0].1).expect("ids that fit");
    let names: Vec<_> = forward.traces.iter().map(|trace| trace.name.clone()).collect();
    assert_eq!(names, checkpoint.linear_names());
    assert_eq!(names.len(), 36);
    for trace in &forward.traces {
        let (_, linear) = checkpoint.linear(&trace.name).expect("it was listed");
        assert_eq!((trace.input.rows, trace.input.cols), (12, linear.weight.cols));
        // One output from its definition, in double precision.
        let (row, output) = (7, linear.weight.rows - 1);
        let exact: f64 = trace
            .input
            .row(row)
            .iter()
            .zip(linear.weight.row(output))
            .map(|(&x, &w)| f64::from(x) * f64::from(w))
            .sum();
        let exact = exact + f64::from(linear.bias[output]);
        let actual = f64::from(trace.output.row(row)[output]);
        assert!((actual - exact).abs() < 1e-4, "{}: {actual} for {exact}", trace.name);
    }
}

#[test]
#[ignore = "a measurement: run it in release"]
fn a_long_sentence_takes_less_than_two_seconds() {
    let checkpoint = Checkpoint::load(&common::model_folder()).expect("the trained model loads");
    let ids: Vec<u32> = (0..128).map(|i| 1000 + 37 * i).collect();
    let start = std::time::Instant::now();
    forward(&checkpoint, &ids).expect("ids that fit");
    let elapsed = start.elapsed();
    assert!(elapsed.as_secs_f64() < 2.0, "{elapsed:?}");
    #[allow(clippy::print_stdout)]
    {
        println!("128 tokens: {elapsed:?}");
    }
}

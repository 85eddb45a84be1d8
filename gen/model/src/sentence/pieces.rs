//! ALBERT's tokenizer from a model of SentencePiece, as transformers' `AlbertConverter` makes it.

use prost::Message;
use tokenizers::{
    AddedToken, NormalizerWrapper, Result, Tokenizer,
    models::unigram::Unigram,
    normalizers::{Lowercase, NFKD, Precompiled, Replace, Sequence, StripAccents, replace::ReplacePattern},
    pre_tokenizers::metaspace::{Metaspace, PrependScheme},
};

/// The parts of SentencePiece's `ModelProto` that are read.
#[derive(Message)]
struct Model {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<Trainer>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<Normalizer>,
}

#[derive(Message)]
struct Piece {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(float, tag = "2")]
    score: f32,
    /// 1 where it is not there.
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Message)]
struct Trainer {
    /// 1, unigram, where it is not there.
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, tag = "40")]
    unk_id: i32,
}

#[derive(Message)]
struct Normalizer {
    #[prost(bytes = "vec", tag = "2")]
    precompiled_charsmap: Vec<u8>,
}

/// Kinds of pieces that no text is cut into.
const CONTROL: i32 = 3;
/// Kinds of pieces that are taken as they are.
const USER_DEFINED: i32 = 4;
/// What a piece that ends in a number and a comma is worth less.
const NUMBER_COMMA: f64 = 100.0;

/// The tokenizer without special tokens; `lower` and `accents` say what is left of a text.
pub(super) fn tokenizer(bytes: &[u8], lower: bool, accents: bool) -> Result<Tokenizer> {
    let model = Model::decode(bytes)?;
    let (kind, unknown) = model.trainer.map_or((1, 0), |trainer| (trainer.model_type.unwrap_or(1), trainer.unk_id));
    if kind != 1 {
        return Err("it is no unigram model, which ALBERT's is".into());
    }
    let score = |piece: &Piece| {
        let mut last = piece.text.chars().rev();
        let number = last.next() == Some(',') && last.next().is_some_and(|digit| digit.is_ascii_digit());
        f64::from(piece.score) - if number { NUMBER_COMMA } else { 0.0 }
    };
    let words = model.pieces.iter().map(|piece| (piece.text.clone(), score(piece))).collect();
    let mut tokenizer = Tokenizer::new(Unigram::from(words, Some(usize::try_from(unknown)?), false)?);
    let added = model.pieces.iter().filter_map(|piece| {
        let special = piece.kind == Some(CONTROL);
        let added = AddedToken::from(piece.text.as_str(), special).normalized(false);
        (special || piece.kind == Some(USER_DEFINED)).then_some(added)
    });
    tokenizer.add_tokens(&added.collect::<Vec<_>>());
    let map = model.normalizer.map(|normalizer| normalizer.precompiled_charsmap).unwrap_or_default();
    tokenizer.with_normalizer(Some(normalizer(&map, lower, accents)?)).with_pre_tokenizer(Some(Metaspace::new(
        '▁',
        PrependScheme::Always,
        true,
    )));
    Ok(tokenizer)
}

fn normalizer(map: &[u8], lower: bool, accents: bool) -> Result<Sequence> {
    let replace = |from: &str| Replace::new(from, "\"").map(NormalizerWrapper::from);
    let mut steps = vec![replace("``")?, replace("''")?];
    if !accents {
        steps.extend([NFKD.into(), StripAccents.into()]);
    }
    steps.extend(lower.then(|| Lowercase.into()));
    if !map.is_empty() {
        steps.push(Precompiled::from(map)?.into());
    }
    steps.push(Replace::new(ReplacePattern::Regex(" {2,}".into()), " ")?.into());
    Ok(Sequence::new(steps))
}

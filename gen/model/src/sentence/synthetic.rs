//! A tokenizer for a vocabulary of any size that no text trained.
//!
//! Its words are the special tokens of BERT, then characters, then pairs of letters, triples and so on, the
//! frequent letters of English first, until there are as many as asked for. A text is cut into the longest of
//! them from the left, so that English takes ids from all over the vocabulary. A word with a character that
//! there is not is unknown.

use serde_json::json;
use tokenizers::{
    AddedToken, Result, Tokenizer, models::wordpiece::WordPiece, normalizers::BertNormalizer,
    pre_tokenizers::bert::BertPreTokenizer, processors::template::TemplateProcessing,
};

/// Ids 0 to 4.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const LETTERS: &str = "etaoinsrhldcumfpgwybvkxjqz";
const OTHERS: &str = "0123456789.,'!?-:;()%#+*/=_\"&";

/// The words, in the order of their ids.
fn words() -> impl Iterator<Item = String> {
    let characters =
        SPECIAL.into_iter().map(str::to_owned).chain((LETTERS.chars().chain(OTHERS.chars())).map(String::from));
    let letters: Vec<char> = LETTERS.chars().collect();
    let pieces = (2u32..).flat_map(move |length| {
        let letters = letters.clone();
        let count = letters.len();
        (0..count.pow(length))
            .map(move |number| (0..length).rev().map(|place| letters[number / count.pow(place) % count]).collect())
    });
    characters.chain(pieces)
}

pub(super) fn tokenizer(count: usize) -> Result<Tokenizer> {
    let vocabulary: serde_json::Map<_, _> = words().take(count).zip(0..).map(|(word, id)| (word, json!(id))).collect();
    let known: Vec<_> = SPECIAL.iter().take(count).map(|&word| AddedToken::from(word, true)).collect();
    let model = json!({
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "",
        "max_input_chars_per_word": 100,
        "vocab": vocabulary,
    });
    let model: WordPiece = serde_json::from_str(&model.to_string())?;
    let frame = TemplateProcessing::builder()
        .try_single("[CLS] $A [SEP]")?
        .try_pair("[CLS] $A [SEP] $B:1 [SEP]:1")?
        .special_tokens(vec![("[CLS]", 2), ("[SEP]", 3)])
        .build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(BertNormalizer::default()))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(frame))
        .add_special_tokens(&known);
    Ok(tokenizer)
}

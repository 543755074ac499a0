//! Reads a tokenizer from `tokenizer.json`, or from `vocab.txt` as older models have it.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::Tokenizer;
use super::normal::Normal;
use crate::LoadError;
use crate::directory::{Contents, Directory};

/// Largest file of a vocabulary.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How the piece of a vocabulary that goes on with a word begins.
const GOES_ON: &str = "##";

/// `tokenizer.json`.
#[derive(Deserialize)]
struct File {
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<Part>,
    post_processor: Option<Part>,
    model: Model,
}

#[derive(Default, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct Normalizer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

#[derive(Deserialize)]
struct Model {
    /// Older files do not say it.
    #[serde(rename = "type", default = "word_piece")]
    kind: String,
    #[serde(default)]
    unk_token: Option<String>,
    #[serde(default)]
    continuing_subword_prefix: Option<String>,
    #[serde(default = "hundred")]
    max_input_chars_per_word: usize,
    /// Of another kind of model it is something else.
    vocab: serde_json::Value,
}

fn yes() -> bool {
    true
}

fn hundred() -> usize {
    100
}

fn word_piece() -> String {
    "WordPiece".to_owned()
}

/// `tokenizer_config.json`, which `vocab.txt` needs.
#[derive(Default, Deserialize)]
pub(crate) struct Told {
    #[serde(default)]
    do_lower_case: Option<bool>,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default)]
    tokenize_chinese_chars: Option<bool>,
    /// Where nobody has set it, it is a number beyond all integers.
    #[serde(default)]
    model_max_length: Option<f64>,
}

impl Told {
    pub(crate) fn read(directory: &mut Directory) -> Result<Self, LoadError> {
        let told = directory.settings_if_there("tokenizer_config.json")?;
        Ok(told.map(|(told, _)| told).unwrap_or_default())
    }

    /// Most tokens of a text.
    pub(crate) fn tokens_max(&self) -> Option<usize> {
        self.model_max_length.filter(|most| *most >= 1.0 && *most < 1e6).map(|most| most as usize)
    }
}

impl Tokenizer {
    /// `n_known` numbers stand for tokens.
    pub(crate) fn read(
        directory: &mut Directory,
        told: &Told,
        n_known: usize,
    ) -> Result<Self, LoadError> {
        match directory.read_if_there("tokenizer.json", BYTES_MAX)? {
            Some(contents) => Self::of_json(&contents, n_known),
            None => Self::of_lines(&directory.read("vocab.txt", BYTES_MAX)?, told, n_known),
        }
    }

    fn of_json(contents: &Contents, n_known: usize) -> Result<Self, LoadError> {
        let File { normalizer, pre_tokenizer, post_processor, model } = contents.json()?;
        let normalizer = normalizer.unwrap_or_default();
        let kind = |part: Option<Part>| part.unwrap_or_default().kind;
        let parts = [
            ("model.type", model.kind, &["WordPiece"][..], "WordPiece"),
            ("normalizer.type", normalizer.kind, &["BertNormalizer"], "BertNormalizer"),
            ("pre_tokenizer.type", kind(pre_tokenizer), &["BertPreTokenizer"], "BertPreTokenizer"),
            (
                "post_processor.type",
                kind(post_processor),
                &["TemplateProcessing", "BertProcessing"],
                "TemplateProcessing or BertProcessing",
            ),
        ];
        for (key, found, all, known) in parts {
            if !all.contains(&found.as_str()) {
                return Err(LoadError::Unknown { path: contents.path.clone(), key, found, known });
            }
        }
        let normal = Normal {
            cleans: normalizer.clean_text,
            splits_chinese: normalizer.handle_chinese_chars,
            strips_accents: normalizer.strip_accents.unwrap_or(normalizer.lowercase),
            lowers: normalizer.lowercase,
        };
        let vocabulary: HashMap<String, usize> =
            serde_json::from_value(model.vocab).map_err(|error| contents.malformed(error))?;
        let unknown = model.unk_token.as_deref().unwrap_or("[UNK]");
        let prefix = model.continuing_subword_prefix.as_deref().unwrap_or(GOES_ON);
        let made = Self::of(vocabulary, prefix, unknown, normal, n_known, &contents.path)?;
        Ok(Self { word_chars_max: model.max_input_chars_per_word, ..made })
    }

    /// A token on each line.
    fn of_lines(contents: &Contents, told: &Told, n_known: usize) -> Result<Self, LoadError> {
        let text =
            std::str::from_utf8(&contents.bytes).map_err(|error| contents.malformed(error))?;
        let tokens = text.lines().enumerate().map(|(number, token)| (token.to_owned(), number));
        let lowers = told.do_lower_case.unwrap_or(true);
        let normal = Normal {
            cleans: true,
            splits_chinese: told.tokenize_chinese_chars.unwrap_or(true),
            strips_accents: told.strip_accents.unwrap_or(lowers),
            lowers,
        };
        Self::of(tokens.collect(), GOES_ON, "[UNK]", normal, n_known, &contents.path)
    }

    fn of(
        vocabulary: HashMap<String, usize>,
        prefix: &str,
        unknown: &str,
        normal: Normal,
        n_known: usize,
        path: &Path,
    ) -> Result<Self, LoadError> {
        let malformed = |why: String| LoadError::Malformed { path: path.to_owned(), why };
        if let Some((token, number)) = vocabulary.iter().find(|(_, number)| **number >= n_known) {
            let why = format!("{token:?} has the number {number}, and `vocab_size` is {n_known}");
            return Err(malformed(why));
        }
        let special = |token: &str| {
            vocabulary.get(token).copied().ok_or_else(|| malformed(format!("{token:?} is missing")))
        };
        let (begin, end, unknown) = (special("[CLS]")?, special("[SEP]")?, special(unknown)?);
        let further = vocabulary
            .iter()
            .filter_map(|(token, number)| Some((token.strip_prefix(prefix)?.into(), *number)));
        let further = further.collect();
        let first = vocabulary.into_iter().map(|(token, number)| (token.into(), number)).collect();
        Ok(Self { normal, first, further, unknown, word_chars_max: hundred(), begin, end })
    }
}

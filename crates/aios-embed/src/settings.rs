//! What the files of settings say, as far as it changes a vector.
//!
//! Keys that change nothing are passed over; one that asks for something else than is done here is an error.

use std::path::Path;

use serde::Deserialize;

use crate::LoadError;
use crate::directory::Directory;

/// Most numbers of a token's vector, and of the layer within a layer.
const HIDDEN_MAX: usize = 4096;
const INNER_MAX: usize = 16_384;
const LAYERS_MAX: usize = 48;
const VOCABULARY_MAX: usize = 1_000_000;
const POSITIONS_MAX: usize = 2048;

/// `config.json`: the shape of the BERT.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Shape {
    model_type: String,
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) vocab_size: usize,
    pub(crate) max_position_embeddings: usize,
    pub(crate) type_vocab_size: usize,
    #[serde(default = "layer_norm_eps")]
    pub(crate) layer_norm_eps: f32,
    #[serde(default)]
    pub(crate) hidden_act: Activation,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn layer_norm_eps() -> f32 {
    1e-12
}

/// What stands between the two halves of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activation {
    #[default]
    Gelu,
    /// An approximation by tanh that some models were trained with.
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluNew,
    Relu,
}

impl Shape {
    pub(crate) fn read(directory: &mut Directory) -> Result<Self, LoadError> {
        let (shape, path): (Self, _) = directory.settings("config.json")?;
        shape.check(&path)?;
        Ok(shape)
    }

    /// Numbers of a vector.
    pub(crate) fn dim(&self) -> u16 {
        u16::try_from(self.hidden_size).expect("no more than `HIDDEN_MAX`")
    }

    /// Before anything of such a size is allocated.
    fn check(&self, path: &Path) -> Result<(), LoadError> {
        let unknown = |key, found: &dyn ToString, known| {
            Err(LoadError::Unknown { path: path.to_owned(), key, found: found.to_string(), known })
        };
        if self.model_type != "bert" {
            return unknown("model_type", &self.model_type, "bert");
        }
        if self.is_decoder {
            return unknown("is_decoder", &true, "false");
        }
        let positions = self.position_embedding_type.as_deref().unwrap_or("absolute");
        if positions != "absolute" {
            return unknown("position_embedding_type", &positions, "absolute");
        }
        let sizes = [
            ("hidden_size", self.hidden_size, HIDDEN_MAX, "1 to 4096"),
            ("num_hidden_layers", self.num_hidden_layers, LAYERS_MAX, "1 to 48"),
            ("intermediate_size", self.intermediate_size, INNER_MAX, "1 to 16384"),
            ("vocab_size", self.vocab_size, VOCABULARY_MAX, "1 to 1000000"),
            ("max_position_embeddings", self.max_position_embeddings, POSITIONS_MAX, "1 to 2048"),
            ("type_vocab_size", self.type_vocab_size, 16, "1 to 16"),
        ];
        for (key, found, most, known) in sizes {
            if found == 0 || found > most {
                return unknown(key, &found, known);
            }
        }
        let heads = self.num_attention_heads;
        if heads == 0 || !self.hidden_size.is_multiple_of(heads) {
            return unknown("num_attention_heads", &heads, "a divisor of `hidden_size`");
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            return unknown("layer_norm_eps", &self.layer_norm_eps, "a number between 0 and 1");
        }
        Ok(())
    }
}

/// `modules.json`: what stands behind each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Modules {
    /// Where the pooling's settings are.
    pub(crate) pooling: String,
    /// Whether vectors are brought to length one.
    pub(crate) is_normalized: bool,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

impl Modules {
    pub(crate) fn read(directory: &mut Directory) -> Result<Self, LoadError> {
        let (modules, path): (Vec<Module>, _) = directory.settings("modules.json")?;
        let of = |module: &Module| module.kind.rsplit('.').next().map(str::to_owned);
        let kinds: Vec<String> = modules.iter().filter_map(of).collect();
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let is_plain = |path: &str| !path.is_empty() && Path::new(path).components().all(is_name);
        let is_normalized = match kinds[..] {
            ["Transformer", "Pooling"] => Some(false),
            ["Transformer", "Pooling", "Normalize"] => Some(true),
            _ => None,
        };
        let is_here = modules.first().is_some_and(|first| first.path.is_empty());
        let pooling = modules.get(1).map(|module| module.path.clone()).filter(|at| is_plain(at));
        match (is_normalized, pooling) {
            (Some(is_normalized), Some(pooling)) if is_here => Ok(Self { pooling, is_normalized }),
            _ => Err(LoadError::Unknown {
                path,
                key: "type",
                found: kinds.join(", "),
                known: "a Transformer at the path \"\", a Pooling in a directory beside it and perhaps a Normalize",
            }),
        }
    }
}

/// Whether it leads nowhere else.
fn is_name(part: std::path::Component<'_>) -> bool {
    matches!(part, std::path::Component::Normal(_))
}

/// `sentence_bert_config.json`, and what else may say how a text is taken.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Taking {
    #[serde(default)]
    max_seq_length: Option<usize>,
    /// Texts are in small letters before the tokenizer gets them.
    #[serde(default)]
    pub(crate) do_lower_case: bool,
}

#[derive(Deserialize)]
struct Prompts {
    #[serde(default)]
    default_prompt_name: Option<String>,
}

impl Taking {
    pub(crate) fn read(directory: &mut Directory) -> Result<Self, LoadError> {
        if let Some((Prompts { default_prompt_name: Some(found) }, path)) =
            directory.settings_if_there("config_sentence_transformers.json")?
        {
            let key = "default_prompt_name";
            return Err(LoadError::Unknown { path, key, found, known: "null" });
        }
        let taking = directory.settings_if_there("sentence_bert_config.json")?;
        Ok(taking.map(|(taking, _)| taking).unwrap_or_default())
    }

    /// Most tokens of a text, those that the tokenizer adds among them.
    pub(crate) fn tokens_max(&self, shape: &Shape, told: Option<usize>) -> usize {
        let asked = self.max_seq_length.or(told).unwrap_or(usize::MAX);
        // Beginning and end alone are no text.
        asked.min(shape.max_position_embeddings).max(2)
    }
}

//! How each server lists its models.

use serde::Deserialize;

use super::FoundModel;
use super::size::{billions_of_bytes, billions_of_name};
use crate::ServerKind;

/// Parts of names that only models for vectors bear.
const EMBEDDING_MARKS: [&str; 6] = ["embed", "bge-", "e5-", "gte-", "minilm", "bert"];

/// Whether a page is one of this server's.
type IsTheirs = fn(&[u8]) -> bool;

type ReadModels = fn(&[u8]) -> Option<Vec<FoundModel>>;

/// Where a server lists its models in its own dialect, newest first.
pub(super) const NATIVE: [(&str, ServerKind, ReadModels); 3] = [
    ("/api/v1/models", ServerKind::LmStudio, lm_studio_v1),
    ("/api/v0/models", ServerKind::LmStudio, lm_studio_v0),
    ("/api/tags", ServerKind::Ollama, ollama_tags),
];

/// What tells servers without a list of their own.
pub(super) const MARKS: [(&str, ServerKind, IsTheirs); 2] = [
    ("/props", ServerKind::LlamaCpp, is_llama_cpp_props),
    ("/version", ServerKind::Vllm, is_vllm_version),
];

/// What `/v1/models` says.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Which server it is, if its entries tell.
    pub(super) kind: Option<ServerKind>,
    pub(super) models: Vec<FoundModel>,
}

#[derive(Deserialize)]
struct OpenAiList {
    /// Null in servers that have no model yet.
    data: Option<Vec<OpenAiModel>>,
    object: Option<String>,
}

#[derive(Deserialize)]
struct OpenAiModel {
    id: String,
    owned_by: Option<String>,
    meta: Option<LlamaCppMeta>,
}

#[derive(Deserialize)]
struct LlamaCppMeta {
    n_params: Option<f64>,
    size: Option<f64>,
}

#[derive(Deserialize)]
struct LmStudioV1 {
    models: Vec<LmStudioV1Model>,
}

#[derive(Deserialize)]
struct LmStudioV1Model {
    key: String,
    r#type: String,
    size_bytes: Option<f64>,
    params_string: Option<String>,
    loaded_instances: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct LmStudioV0 {
    data: Vec<LmStudioV0Model>,
}

#[derive(Deserialize)]
struct LmStudioV0Model {
    id: String,
    r#type: String,
    state: String,
}

#[derive(Deserialize)]
struct OllamaTags {
    models: Vec<OllamaModel>,
}

#[derive(Deserialize)]
struct OllamaModel {
    name: String,
    size: Option<f64>,
    details: OllamaDetails,
}

#[derive(Deserialize)]
struct OllamaDetails {
    family: Option<String>,
    parameter_size: Option<String>,
}

impl Listing {
    /// Reads the reply. A server that wants a key is there all the same, but does not list its
    /// models. `None` for whatever is no model server.
    pub(super) fn read(status: u16, body: &[u8]) -> Option<Self> {
        match status {
            200 => Self::read_list(body),
            401 | 403 => Some(Self::default()),
            _ => None,
        }
    }

    fn read_list(body: &[u8]) -> Option<Self> {
        let list: OpenAiList = serde_json::from_slice(body).ok()?;
        if list.data.is_none() && list.object.is_none() {
            return None;
        }
        let entries = list.data.unwrap_or_default();
        let kind = entries.iter().find_map(|entry| kind_of_owner(entry.owned_by.as_deref()?));
        let models = entries.into_iter().map(|entry| entry.found(kind.map(|_| true))).collect();
        Some(Self { kind, models })
    }
}

/// The servers that hold exactly the models they list name themselves as the owner.
fn kind_of_owner(owner: &str) -> Option<ServerKind> {
    match owner {
        "llamacpp" => Some(ServerKind::LlamaCpp),
        "vllm" => Some(ServerKind::Vllm),
        _ => None,
    }
}

impl OpenAiModel {
    fn found(self, loaded: Option<bool>) -> FoundModel {
        let meta = self.meta.as_ref();
        let reported = meta.and_then(|meta| meta.n_params).map(|n| n / 1e9);
        let size = meta.and_then(|meta| meta.size);
        FoundModel {
            embedding: is_embedding(&self.id),
            billions: billions(reported, &self.id, size),
            id: self.id,
            loaded,
        }
    }
}

fn lm_studio_v1(body: &[u8]) -> Option<Vec<FoundModel>> {
    let list: LmStudioV1 = serde_json::from_slice(body).ok()?;
    let found = |model: LmStudioV1Model| FoundModel {
        embedding: model.r#type == "embedding",
        billions: billions(
            model.params_string.as_deref().and_then(billions_of_name),
            &model.key,
            model.size_bytes,
        ),
        id: model.key,
        loaded: Some(!model.loaded_instances.is_empty()),
    };
    Some(list.models.into_iter().map(found).collect())
}

fn lm_studio_v0(body: &[u8]) -> Option<Vec<FoundModel>> {
    let list: LmStudioV0 = serde_json::from_slice(body).ok()?;
    let found = |model: LmStudioV0Model| FoundModel {
        embedding: model.r#type == "embeddings",
        billions: billions_of_name(&model.id),
        id: model.id,
        loaded: Some(model.state == "loaded"),
    };
    Some(list.data.into_iter().map(found).collect())
}

fn ollama_tags(body: &[u8]) -> Option<Vec<FoundModel>> {
    let list: OllamaTags = serde_json::from_slice(body).ok()?;
    let found = |model: OllamaModel| {
        let family = model.details.family.as_deref().unwrap_or_default();
        let reported = model.details.parameter_size.as_deref().and_then(billions_of_name);
        FoundModel {
            embedding: is_embedding(&model.name) || is_embedding(family),
            billions: billions(reported, &model.name, model.size),
            id: model.name,
            loaded: None,
        }
    };
    Some(list.models.into_iter().map(found).collect())
}

fn is_llama_cpp_props(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Props {
        #[serde(rename = "default_generation_settings")]
        _settings: serde::de::IgnoredAny,
    }
    serde_json::from_slice::<Props>(body).is_ok()
}

fn is_vllm_version(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Version {
        #[serde(rename = "version")]
        _version: String,
    }
    serde_json::from_slice::<Version>(body).is_ok()
}

fn billions(reported: Option<f64>, name: &str, bytes: Option<f64>) -> Option<f64> {
    reported.or_else(|| billions_of_name(name)).or_else(|| billions_of_bytes(bytes?))
}

fn is_embedding(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    EMBEDDING_MARKS.iter().any(|mark| name.contains(mark))
}

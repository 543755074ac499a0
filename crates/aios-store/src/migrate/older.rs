//! Lines of the schemas before 2.0, read leniently: what is not understood is left out.

use serde::Deserialize;
use serde_json::Value;

/// A line of an older log.
#[derive(Debug, Deserialize)]
pub(super) struct Older {
    /// 0.9 had none.
    #[serde(default)]
    schema_version: Option<String>,
    /// 0.9 had none: what has a question was an answer.
    #[serde(default)]
    event_type: Option<String>,
    /// Local time, without an offset.
    pub(super) ts: String,
    #[serde(default)]
    pub(super) conv_id: Option<Value>,
    #[serde(default)]
    pub(super) msg_id: Option<u32>,
    #[serde(default)]
    pub(super) question: Option<String>,
    #[serde(default)]
    pub(super) response: Option<String>,
    #[serde(default)]
    meta: Value,
    #[serde(default)]
    math_weights: Value,
}

impl Older {
    /// Reads a line; `None` if it is of the present schema or none at all.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let older: Self = serde_json::from_slice(line).ok()?;
        matches!(older.schema_version.as_deref(), None | Some("0.9" | "1.0")).then_some(older)
    }

    pub(super) fn is_v0_9(&self) -> bool {
        self.schema_version.as_deref() != Some("1.0")
    }

    /// What kind of line it is, if it is no answer.
    pub(super) fn other_kind(&self) -> Option<&str> {
        match (self.event_type.as_deref(), &self.question) {
            (Some("response") | None, Some(_)) => None,
            (Some(kind), _) => Some(kind),
            (None, None) => Some("without a type"),
        }
    }

    /// `main_model` or `embedder`.
    pub(super) fn source(&self) -> Option<&str> {
        self.meta["source"].as_str()
    }

    pub(super) fn latency_ms(&self) -> Option<f64> {
        self.meta["latency_ms"].as_f64()
    }

    pub(super) fn weight(&self) -> Option<f64> {
        self.math_weights["calculated_weight"].as_f64()
    }

    pub(super) fn boundary(&self) -> Option<f64> {
        self.math_weights["adaptive"]["boundary"].as_f64()
    }

    pub(super) fn bucket(&self) -> Option<&str> {
        self.math_weights["adaptive"]["bucket"].as_str()
    }
}

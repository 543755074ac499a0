//! Requests that the gateway makes of its own models on its own account: a judge's, vectors'.

use std::time::Duration;

use aios_core::{Operation, Tier};
use aios_privacy::Pseudonymizer;
use aios_upstream::{Call, ModelSlot, RequestBody, Target};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::errors::GatewayError;
use super::sinks::Sinks;
use crate::metrics::Metrics;

/// Stands in the body where the endpoint's own model name goes.
const MODEL: &str = "aios-own";

/// One of them. The other tier does not answer in its tier's place.
pub(crate) struct OwnRequest {
    pub(crate) operation: Operation,
    pub(crate) tier: Tier,
    /// Its JSON object, whose model is put in here.
    pub(crate) body: Value,
    /// Longest wait for its reply.
    pub(crate) patience: Duration,
}

impl OwnRequest {
    /// The call. What is done with texts on their way to a model is done with these too.
    ///
    /// # Errors
    /// When a text must not reach a model.
    pub(crate) fn call(
        mut self,
        sinks: Option<&Sinks>,
        pseudonyms: &Pseudonymizer,
        metrics: &Metrics,
    ) -> Result<Call, GatewayError> {
        self.body["model"] = MODEL.into();
        let body = self.body.to_string();
        // No text holds this: in a text every quote stands behind a backslash.
        let key = format!("\"model\":\"{MODEL}\"");
        let end = body.find(&key).expect("it was just put in") + key.len();
        let model_at = end - MODEL.len() - 2..end;
        let filter = |sinks: &Sinks| sinks.own_request(&body, &model_at, pseudonyms, metrics);
        let edits = sinks.map(filter).transpose()?;
        let now = Instant::now();
        Ok(Call {
            operation: self.operation,
            target: Target::Tier { tier: self.tier, fallback: false },
            prompt_bytes: body.len() as u64,
            body: RequestBody::new(
                Bytes::from(body),
                ModelSlot::new(model_at),
                edits.unwrap_or_default(),
            ),
            stream: false,
            strip_usage: false,
            headers: HeaderMap::new(),
            capture_max: 0,
            admitted_at: now,
            deadline: now + self.patience,
        })
    }
}

#[cfg(test)]
mod tests {
    use aios_privacy::KeyMaterial;
    use serde_json::json;

    use super::*;

    /// Where the model's name goes is told from its key, whatever the texts are.
    #[tokio::test]
    async fn a_text_is_never_taken_for_the_model() {
        let body = json!({ "input": ["", "\"model\":\"aios-own\"", "aios-own"] });
        let (operation, tier) = (Operation::Embeddings, Tier::Embedder);
        let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([7; 32]));
        let request = OwnRequest { operation, tier, body: body.clone(), patience: Duration::ZERO };
        let call = request.call(None, &pseudonyms, &Metrics::new()).unwrap();
        let sent = format!("{:?}", call.body);
        let whole = json!({ "input": body["input"], "model": MODEL }).to_string();
        let at = whole.len() - 1 - MODEL.len() - 2..whole.len() - 1;
        assert!(sent.contains(&format!("ModelSlot({at:?})")), "{sent}");
    }
}

//! Vectors: by the `embedder` tier's `/v1/embeddings`, or by a model in this process.

use std::time::Duration;

use aios_core::{AttemptOutcome, Operation, Tier};
use aios_memory::{ModelId, Quantized};
use aios_upstream::Reply;
use serde::Deserialize;
use serde_json::json;

use super::local::Haste;
use crate::gateway::{Gateway, OwnRequest};
use crate::live::Live;

/// Longest wait for vectors that no request waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most numbers of a vector.
const DIM_MAX: usize = 16_384;

/// Vectors of texts, in their order, and the model that they are of. A text of no direction has none.
#[derive(Debug)]
pub(super) struct Embedded {
    pub(super) model: ModelId,
    pub(super) vectors: Vec<Option<Quantized>>,
}

/// Why there are no vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoVectors {
    /// Of these texts, whoever is asked: the model refuses one, or the policy does.
    Refused,
    /// Of any texts, for now.
    Away,
}

/// Asks for the vectors of texts. Why they cannot be had is told in the log.
///
/// The texts are such as may be remembered. What is done with texts on their way to a model is done with these
/// too; to a model in this process they go as they are.
pub(super) async fn embed(
    gateway: &Gateway,
    live: &Live,
    texts: &[String],
    haste: Haste,
) -> Result<Embedded, NoVectors> {
    if let Some(local) = &live.memory.local {
        return local.vectors(texts, haste).await;
    }
    let request = OwnRequest {
        operation: Operation::Embeddings,
        tier: Tier::Embedder,
        body: json!({ "input": texts, "encoding_format": "float" }),
        patience: PATIENCE,
    };
    let call = request
        .call(live.sinks.as_deref(), &gateway.keys.pseudonyms, &gateway.metrics)
        .map_err(|error| {
            tracing::debug!(code = error.code(), "a text was not sent to be embedded");
            NoVectors::Refused
        })?;
    match live.upstreams.complete(&call, &mut Vec::new()).await {
        Ok(Reply::Whole(whole)) => {
            read(&whole.body, &whole.answered.model, texts.len()).ok_or(NoVectors::Away)
        }
        Ok(Reply::Stream(_)) => Err(NoVectors::Away),
        Err(failure) => {
            tracing::debug!(detail = %failure.detail, "texts could not be embedded");
            let is_refused = failure.outcome == AttemptOutcome::CallerError;
            Err(if is_refused { NoVectors::Refused } else { NoVectors::Away })
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    model: Option<String>,
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// `None` if the reply has not one vector for each text, all of one length. The model is what the reply says, as
/// servers load another than was asked for.
fn read(body: &[u8], asked: &str, n: usize) -> Option<Embedded> {
    let Wire { model, data } = serde_json::from_slice(body).ok()?;
    let dim = data.first()?.embedding.len();
    if data.len() != n || dim == 0 || dim > DIM_MAX {
        return None;
    }
    let mut vectors = vec![None; n];
    for (place, entry) in data.iter().enumerate() {
        if entry.embedding.len() != dim {
            return None;
        }
        *vectors.get_mut(entry.index.unwrap_or(place))? = Quantized::of(&entry.embedding);
    }
    let name = model.filter(|name| !name.is_empty()).unwrap_or_else(|| asked.to_owned());
    let dim = u16::try_from(dim).ok()?;
    let model = ModelId { name, revision: String::new(), digest: String::new(), dim };
    Some(Embedded { model, vectors })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, n: usize, expect: Option<(&str, u16, usize)>) {
        let read = read(body.as_bytes(), "asked", n);
        let found = read.as_ref().map(|one| {
            let n_vectors = one.vectors.iter().flatten().count();
            (one.model.name.as_str(), one.model.dim, n_vectors)
        });
        assert_eq!(found, expect, "{body}");
    }

    #[test]
    fn vectors_are_read_in_the_order_of_their_texts() {
        let two = r#"{"model":"m","data":[{"index":1,"embedding":[0.0,1.0]},{"index":0,"embedding":[1.0,0.0]}]}"#;
        check(two, 2, Some(("m", 2, 2)));
        let first = read(two.as_bytes(), "", 2).unwrap().vectors.remove(0).unwrap();
        assert_eq!(first.bytes, [127, 0]);
        check(r#"{"data":[{"embedding":[1.0]}]}"#, 1, Some(("asked", 1, 1)));
        check(r#"{"data":[{"embedding":[0.0]}]}"#, 1, Some(("asked", 1, 0)));
    }

    #[test]
    fn what_fits_the_texts_not_is_no_answer() {
        for body in [
            r#"{"data":[]}"#,
            r#"{"data":[{"embedding":[]}]}"#,
            r#"{"data":[{"embedding":[1.0]},{"embedding":[1.0]}]}"#,
            r#"{"data":[{"index":1,"embedding":[1.0]}]}"#,
            r#"{"data":[{"embedding":"AAAA"}]}"#,
            "{}",
        ] {
            check(body, 1, None);
        }
        check(r#"{"data":[{"embedding":[1.0]},{"embedding":[1.0,0.0]}]}"#, 2, None);
    }
}

//! Each endpoint answers, and has its model.

use aios_core::{Operation, Tier};
use aios_privacy::Secret;
use aios_upstream::{EndpointConfig, SimModel};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{Checked, Fault, Subject};
use crate::cli::net;
use crate::config::Config;
use crate::serve::endpoints::Fill;

/// An endpoint to ask.
struct Target {
    tier: Tier,
    name: String,
    url: String,
    model: String,
    api_key: Option<Secret>,
}

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    subject.runtime.block_on(async {
        let (mut sound, mut faults) = (Vec::new(), Vec::new());
        for target in targets(config).await? {
            match target.check().await {
                Ok(seen) => sound.push(seen),
                Err(fault) => faults.push(fault),
            }
        }
        all_or_faults(&sound, faults)
    })
}

/// Every fault is told, with the advice for the first.
fn all_or_faults(sound: &[String], faults: Vec<Fault>) -> Checked {
    let detail = faults.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ");
    match faults.into_iter().next() {
        None => Ok(sound.join("; ")),
        Some(first) => Err(Fault { detail, ..first }),
    }
}

/// The endpoints that a server would use: configured, found, or simulated where it would simulate.
async fn targets(config: &Config) -> Result<Vec<Target>, Fault> {
    let fill = Fill::find(config).await.map_err(|error| {
        Fault::new(error.to_string(), "start a model server, or name endpoints in aios.toml")
    })?;
    let upstream = fill.apply(config.upstream.clone());
    let of_tier = |tier: Tier| upstream.tier(tier).iter().map(move |endpoint| (tier, endpoint));
    let target = |(tier, endpoint): (Tier, &EndpointConfig)| Target {
        tier,
        name: endpoint.name.clone(),
        url: endpoint.url.clone(),
        model: endpoint.model.clone(),
        api_key: endpoint.api_key.clone(),
    };
    Ok(Tier::ALL.into_iter().flat_map(of_tier).map(target).collect())
}

impl Target {
    async fn check(&self) -> Checked {
        if self.url.starts_with("sim:") { self.ask_simulated().await } else { self.ask().await }
    }

    /// A simulated model must complete a message.
    async fn ask_simulated(&self) -> Checked {
        let refused = |why: String| {
            let hint = "take the fault out of the model's URL";
            Fault::new(format!("{} ({}): {why}", self.name, self.url), hint)
        };
        let model = SimModel::from_url(&self.url).map_err(|error| refused(error.why))?;
        let messages = json!([{ "role": "user", "content": "Say yes." }]);
        let body = json!({ "model": self.model, "max_tokens": 4, "messages": messages });
        let reply = net::within(complete(&model, body.to_string().into())).await;
        let text = match reply {
            None => return Err(refused("no answer in time".to_owned())),
            Some(reply) => reply.map_err(refused)?,
        };
        let Self { tier, model, .. } = self;
        Ok(format!("{tier}: {model}, SIMULATED, answered {} bytes", text.len()))
    }

    /// A model server must list the model.
    async fn ask(&self) -> Checked {
        let Self { tier, name, url, model, .. } = self;
        let reply = net::get(&format!("{url}/models"), self.api_key.clone()).await;
        let fault = |why: &str, hint: &str| Err(Fault::new(format!("{name} at {url} {why}"), hint));
        match reply {
            None => fault(
                "does not answer",
                "start the model server, or correct the URL; it ends in /v1",
            ),
            Some((200, body)) => match listed(&body) {
                None => fault(
                    "answers with something else than a list of models",
                    "correct the URL; it ends in /v1",
                ),
                Some(names) if !names.iter().any(|listed| is_same(listed, model)) => {
                    let hint = format!("it has: {}", names.join(", "));
                    fault(&format!("does not have the model {model}"), &hint)
                }
                Some(_) => Ok(format!("{tier}: {model} at {url}")),
            },
            Some((401 | 403, _)) => {
                fault("refuses the API key", "set api_key_env to the variable that holds it")
            }
            Some((status, _)) => {
                fault(&format!("answers with status {status}"), "look into the model server's log")
            }
        }
    }
}

/// The text of a completion.
async fn complete(model: &SimModel, body: Bytes) -> Result<String, String> {
    let reply = model.respond(Operation::Chat, body).await.map_err(|error| error.to_string())?;
    let status = reply.status();
    let body = reply.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    let reply: Value =
        serde_json::from_slice(&body).map_err(|error| format!("no JSON: {error}"))?;
    let text = reply["choices"][0]["message"]["content"].as_str().filter(|text| !text.is_empty());
    match (status.as_u16(), text) {
        (200, Some(text)) => Ok(text.to_owned()),
        (status, _) => Err(format!("no text in the answer with status {status}")),
    }
}

/// The names in a list of models.
fn listed(body: &[u8]) -> Option<Vec<String>> {
    let listing: Value = serde_json::from_slice(body).ok()?;
    let entries = listing.get("data")?.as_array()?.iter();
    Some(entries.filter_map(|entry| entry.get("id")?.as_str().map(str::to_owned)).collect())
}

/// Ollama lists `name:latest` and takes `name` for it.
fn is_same(listed: &str, model: &str) -> bool {
    listed.strip_suffix(":latest").unwrap_or(listed)
        == model.strip_suffix(":latest").unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        let (name, model) = ("main-1".to_owned(), "sim-main".to_owned());
        Target { tier: Tier::Main, name, url: url.to_owned(), model, api_key: None }
    }

    async fn check(url: &str) -> Result<String, String> {
        target(url).check().await.map_err(|fault| fault.detail)
    }

    #[tokio::test]
    async fn a_simulated_model_must_complete() {
        assert!(check("sim://main?instant").await.unwrap().contains("SIMULATED"));
        for fault in ["refuse", "status=503", "garbage", "loading_ms=60000"] {
            let detail = check(&format!("sim://main?instant&{fault}")).await.unwrap_err();
            assert!(detail.starts_with("main-1"), "{fault}: {detail}");
        }
    }

    #[test]
    fn a_list_of_models_is_read() {
        let names = listed(br#"{"data":[{"id":"a:latest"},{"id":"b"},{"x":1}]}"#).unwrap();
        assert_eq!(names, ["a:latest", "b"]);
        assert!(is_same(&names[0], "a") && !is_same(&names[1], "a"));
        assert_eq!(listed(b"<html>"), None);
        assert_eq!(listed(br#"{"error":"x"}"#), None);
    }
}

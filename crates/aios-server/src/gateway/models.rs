//! `GET /v1/models`, `GET /v1/models/{id}` and readiness.

use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::errors::GatewayError;
use super::relay::ReplyBody;
use super::{Gateway, naming, reply};
use crate::live::Live;

/// The list of models: our own names, the endpoints' models, the aliases.
pub(crate) fn list<B>(gateway: &Gateway, request: &Request<B>) -> Response<ReplyBody> {
    let live = gateway.live.load();
    if let Err(error) = live.clients.authenticate(request.headers()) {
        return reply::refusal(gateway, request, &error);
    }
    let body = json!({"object": "list", "data": all(gateway, &live)});
    reply::json(StatusCode::OK, body.to_string().into())
}

/// One model. Ids may contain slashes.
pub(crate) fn item<B>(gateway: &Gateway, request: &Request<B>, id: &str) -> Response<ReplyBody> {
    let live = gateway.live.load();
    if let Err(error) = live.clients.authenticate(request.headers()) {
        return reply::refusal(gateway, request, &error);
    }
    let id = percent_decoded(id);
    match all(gateway, &live).into_iter().find(|model| model["id"] == id.as_str()) {
        Some(model) => reply::json(StatusCode::OK, model.to_string().into()),
        None => {
            let error = naming::asked(&live, &id).err();
            let error = error.unwrap_or(GatewayError::UnknownModel { model: id });
            reply::refusal(gateway, request, &error)
        }
    }
}

/// Ready = not stopping, and at least one endpoint is configured.
pub(crate) fn ready(gateway: &Gateway) -> Response<ReplyBody> {
    if !gateway.is_ready() {
        let mut response = reply::text("not ready\n");
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return response;
    }
    reply::text("ready\n")
}

fn all(gateway: &Gateway, live: &Live) -> Vec<Value> {
    let created = gateway.started_at.as_secs();
    let model = |id: &str, owner: &str, about: Value| json!({"id": id, "object": "model", "created": created, "owned_by": owner, "aios": about});
    let mut models = vec![model(naming::AUTO, "aios", json!({"routes": "by weight"}))];
    for (name, tier) in naming::PINS.into_iter().filter(|(_, tier)| live.upstreams.serves(*tier)) {
        models.push(model(name, "aios", json!({"tier": tier})));
    }
    for info in live.upstreams.models() {
        if models.iter().all(|known| known["id"] != info.id.as_str()) {
            let about = json!({
                "tier": info.tier, "endpoint": info.endpoint, "simulated": info.simulated,
            });
            models.push(model(&info.id, info.owned_by, about));
        }
    }
    for alias in &live.gateway.aliases {
        if models.iter().all(|known| known["id"] != alias.as_str()) {
            models.push(model(alias, "aios", json!({"alias_of": naming::AUTO})));
        }
    }
    models
}

/// Undoes percent-encoding; SDKs encode the slash in a model id.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let decoded =
            if byte == b'%' { after.split_at_checked(2).and_then(hex_pair) } else { None };
        match decoded {
            Some((value, tail)) => {
                bytes.push(value);
                rest = tail;
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_pair<'a>((digits, tail): (&[u8], &'a [u8])) -> Option<(u8, &'a [u8])> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(text, 16).ok().map(|value| (value, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_slashes_are_decoded() {
        assert_eq!(percent_decoded("org%2Fname"), "org/name");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("a%zz"), "a%zz");
    }
}

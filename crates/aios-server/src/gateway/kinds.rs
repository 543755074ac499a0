//! Members of a request that are of another kind than the API takes, told as OpenAI tells them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::errors::GatewayError;

/// The members of an object.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The refusal of one member: what it must be, and what it is.
pub(super) fn wrong(
    param: impl Into<Cow<'static, str>>,
    expected: &str,
    got: &RawValue,
) -> GatewayError {
    let param = param.into();
    let got = kind(got);
    GatewayError::BadRequest {
        message: format!("Invalid type for '{param}': expected {expected}, but got {got} instead."),
        param: Some(param),
        code: Some("invalid_type"),
    }
}

/// The first member, of those that the gateway looks into, that is of the wrong kind. Only for bodies that could not
/// be read: it reads them once more.
pub(super) fn first_wrong(body: &str) -> Option<GatewayError> {
    let members: Members<'_> = serde_json::from_str(body).ok()?;
    let stream = members.get("stream").filter(|raw| !matches!(kind(raw), "a boolean" | "null"));
    if let Some(stream) = stream {
        return Some(wrong("stream", "a boolean", stream));
    }
    let messages = members.get("messages").filter(|raw| kind(raw) != "null")?;
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(messages.get()) else {
        return Some(wrong("messages", "an array of objects", messages));
    };
    list.into_iter().enumerate().find_map(|(n, message)| {
        if kind(message) != "an object" {
            return Some(wrong(format!("messages[{n}]"), "an object", message));
        }
        let members: Members<'_> = serde_json::from_str(message.get()).ok()?;
        let role = members.get("role").filter(|role| kind(role) != "a string")?;
        Some(wrong(format!("messages[{n}].role"), "a string", role))
    })
}

/// What a value is, in OpenAI's words.
fn kind(raw: &RawValue) -> &'static str {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') | None => "null",
        Some(_) if json.contains(['.', 'e', 'E']) => "a decimal",
        Some(_) => "an integer",
    }
}

//! The texts of a reply's JSON, each with its place.

use serde_json::Value;

use super::reply::Use;

/// A place in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Key(String),
    /// An entry of a list, by the `index` that it names itself: parts of a stream come in lists of one.
    Entry(u64),
}

/// Keys whose values are names of the API or marks of the server. None is what a model wrote.
const NAMES: [&str; 15] = [
    "id",
    "object",
    "model",
    "type",
    "role",
    "status",
    "finish_reason",
    "system_fingerprint",
    "service_tier",
    "call_id",
    "item_id",
    "tool_call_id",
    "previous_response_id",
    "encrypted_content",
    "obfuscation",
];

/// Repeats the text in words with their likelihoods. A value would have to be put together over several of
/// them, among others that the model has not said; so they stay as they came.
const WORDS: &str = "logprobs";

/// Keys whose values are pictures or sounds in letters.
const DATA: [&str; 3] = ["data", "b64_json", "partial_image_b64"];

/// Shows every text to `visit`, which may change it.
pub(super) fn each(
    value: &mut Value,
    path: &mut Vec<Place>,
    visit: &mut dyn FnMut(&[Place], &mut String),
) {
    match value {
        Value::String(text) => visit(path, text),
        Value::Array(list) => {
            for (n, entry) in list.iter_mut().enumerate() {
                path.push(Place::Entry(index_of(entry).unwrap_or(n as u64)));
                each(entry, path, visit);
                path.pop();
            }
        }
        Value::Object(object) => {
            let is_text = |key: &str| key != WORDS && !NAMES.contains(&key);
            for (key, value) in object.iter_mut().filter(|(key, _)| is_text(key)) {
                path.push(Place::Key(key.clone()));
                each(value, path, visit);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The index that an entry of a list names itself.
pub(super) fn index_of(entry: &Value) -> Option<u64> {
    entry.get("index")?.as_u64()
}

/// A value that holds nothing but a text at its place.
pub(super) fn alone(path: &[Place], text: String) -> Value {
    path.iter().rev().fold(Value::from(text), |inner, place| match place {
        Place::Key(key) => Value::Object([(key.clone(), inner)].into_iter().collect()),
        Place::Entry(n) => {
            let mut entry = inner;
            if let Value::Object(object) = &mut entry {
                object.insert("index".to_owned(), Value::from(*n));
            }
            Value::Array(vec![entry])
        }
    })
}

/// What a text at this place is for.
pub(super) fn use_of(path: &[Place]) -> Use {
    let last = path.iter().rev().find_map(|place| match place {
        Place::Key(key) => Some(key.as_str()),
        Place::Entry(_) => None,
    });
    match last {
        Some(key) if DATA.contains(&key) => Use::Data,
        Some("arguments" | "input") => Use::Tool,
        Some("name") => Use::Name,
        _ => Use::Reading,
    }
}

/// Whether a text at this place is what the model answers with, and not what it says besides.
pub(super) fn is_answer(path: &[Place]) -> bool {
    let mut keys = path.iter().rev().filter_map(|place| match place {
        Place::Key(key) => Some(key.as_str()),
        Place::Entry(_) => None,
    });
    keys.next().is_some_and(|key| matches!(key, "content" | "text"))
        && keys.all(|key| !BESIDES.iter().any(|besides| key.starts_with(besides)))
}

/// Begins the keys of what a model says besides its answer.
const BESIDES: [&str; 4] = ["reasoning", "summary", "refusal", "error"];

/// Takes the words apart that `logprobs` repeats the text in: a mask cannot be put over several.
pub(super) fn drop_logprobs(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(drop_logprobs),
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    WORDS if value.is_array() => *value = Value::Array(Vec::new()),
                    WORDS => *value = Value::Null,
                    _ => drop_logprobs(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_alone_stands_where_it_stood() {
        let mut event = json!({"delta": {"role": "assistant", "tool_calls": [
            {"index": 2, "id": "c", "function": {"arguments": "{}"}}]}});
        let mut found = Vec::new();
        each(&mut event, &mut Vec::new(), &mut |path, text| {
            found.push((alone(path, text.clone()), use_of(path)));
        });
        let call = json!({"index": 2, "function": {"arguments": "{}"}});
        assert_eq!(found, [(json!({"delta": {"tool_calls": [call]}}), Use::Tool)]);
    }

    #[test]
    fn logprobs_are_dropped_wherever_they_are() {
        let mut reply = json!({"choices": [{"logprobs": {"content": [{"token": "jo"}]}, "text": "x"}],
            "output": [{"content": [{"logprobs": [{"token": "jo"}]}]}]});
        drop_logprobs(&mut reply);
        let expect = json!({"choices": [{"logprobs": null, "text": "x"}], "output": [{"content": [{"logprobs": []}]}]});
        assert_eq!(reply, expect);
    }
}

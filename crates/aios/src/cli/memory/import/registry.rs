//! The registry of the older program: one JSON document, with fragments under `file_registry`.

use aios_server::Given;
use serde_json::{Map, Value};

use super::lines::word;
use super::{Contents, Read, Skipped, time};

/// Keys under which a fragment's text may stand.
const TEXT: [&str; 5] = ["content", "text", "fragment", "body", "summary"];

/// Keys under which its time may stand.
const TIME: [&str; 6] =
    ["ts", "timestamp", "created", "created_at", "last_accessed", "last_updated"];

/// Reads a registry; `None` if the text is none.
pub(super) fn read(text: &str) -> Option<Contents> {
    let Value::Object(mut document) = serde_json::from_str(text).ok()? else { return None };
    let mut contents = Contents::default();
    match document.remove("file_registry")? {
        Value::Object(fragments) => {
            for (key, value) in fragments {
                contents.add(key, &value);
            }
        }
        Value::Array(fragments) => {
            for (place, value) in (1..).zip(fragments) {
                contents.add(format!("fragment {place}"), &value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let why = "it is no list of fragments".to_owned();
            contents.skipped.push(Skipped { place: "file_registry".to_owned(), why });
        }
    }
    Some(contents)
}

impl Contents {
    fn add(&mut self, place: String, value: &Value) {
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => text_of(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        };
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            let why = "it has no text: the older program keeps that elsewhere".to_owned();
            self.skipped.push(Skipped { place, why });
            return;
        };
        let field = |key: &str| value.get(key);
        let id = ["id", "file_id", "fragment_id"].into_iter().find_map(|key| word(field(key)?));
        let given = Given {
            id: Some(id.unwrap_or_else(|| place.clone())),
            conv_id: field("conv_id").and_then(word),
            text,
            ts: TIME.into_iter().find_map(|key| time::read(field(key)?)),
            ..Given::default()
        };
        self.fragments.push(Read { place, given });
    }
}

fn text_of(fields: &Map<String, Value>) -> Option<String> {
    TEXT.into_iter().find_map(|key| Some(fields.get(key)?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_told_from_lines_and_read() {
        let text = r#"{"version":1,"file_registry":{
            "f1":{"file_id":"f1","content":"The tide turns.","created":"2025-10-01T12:00:00"},
            "f2":{"filename":"b.txt"},"f3":"plain"}}"#;
        let contents = read(text).unwrap();
        let ids: Vec<_> =
            contents.fragments.iter().map(|one| one.given.id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["f1", "f3"]);
        assert!(
            contents.fragments[0].given.ts.is_some() && contents.fragments[1].given.ts.is_none()
        );
        assert_eq!(contents.skipped[0].place, "f2");
        assert!(read("{\"text\":\"a\"}").is_none() && read("{}\n{}").is_none());
    }
}

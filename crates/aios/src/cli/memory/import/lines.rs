//! Fragments as lines of JSON.

use aios_server::Given;
use serde::Deserialize;
use serde_json::Value;

use super::{Contents, Read, Skipped, time};

#[derive(Deserialize)]
struct Line {
    id: Option<Value>,
    #[serde(alias = "conversation_id")]
    conv_id: Option<Value>,
    subject: Option<Value>,
    speaker: Option<String>,
    session: Option<Value>,
    text: Option<String>,
    ts: Option<Value>,
}

/// Reads lines; empty ones are none.
pub(super) fn read(text: &str) -> Contents {
    let mut contents = Contents::default();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {number}");
        match serde_json::from_str(line) {
            Ok(Line { text: Some(text), id, conv_id, subject, speaker, session, ts }) => {
                let given = Given {
                    id: id.as_ref().and_then(word),
                    conv_id: conv_id.as_ref().and_then(word),
                    subject: subject.as_ref().and_then(word),
                    speaker: speaker.filter(|name| !name.trim().is_empty()),
                    session: session.as_ref().map_or(0, session_number),
                    text,
                    ts: ts.as_ref().and_then(time::read),
                    ..Given::default()
                };
                contents.fragments.push(Read { place, given });
            }
            Ok(Line { text: None, .. }) => {
                contents.skipped.push(Skipped { place, why: "it has no \"text\"".to_owned() });
            }
            Err(error) => {
                let why = format!("it is no fragment: {error}");
                contents.skipped.push(Skipped { place, why });
            }
        }
    }
    contents
}

/// An id, which other tools write as a number.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// A session's number; of a name, the same for the same name.
fn session_number(value: &Value) -> i64 {
    let number = value.as_i64();
    number.unwrap_or_else(|| {
        let name = word(value).unwrap_or_default();
        name.bytes().fold(0, |number: i64, byte| {
            number.wrapping_mul(1_099_511_628_211).wrapping_add(i64::from(byte) + 1)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_what_is_none_is_told_with_its_place() {
        let text = "{\"id\":7,\"conv_id\":\"c\",\"text\":\"Hi\",\"ts\":\"2027-01-15T08:00:00Z\",\"speaker\":\"Ann\"}\n\
            \n{\"id\":\"b\"}\nno json\n{\"text\":\"alone\",\"more\":1}";
        let contents = read(text);
        let [first, second] = &contents.fragments[..] else { panic!("{contents:?}") };
        assert_eq!(
            (first.given.id.as_deref(), first.given.conv_id.as_deref()),
            (Some("7"), Some("c"))
        );
        assert_eq!((first.given.speaker.as_deref(), first.given.ts.is_some()), (Some("Ann"), true));
        assert_eq!((second.place.as_str(), second.given.text.as_str()), ("line 5", "alone"));
        let places: Vec<_> = contents.skipped.iter().map(|one| one.place.as_str()).collect();
        assert_eq!(places, ["line 3", "line 4"]);
    }
}

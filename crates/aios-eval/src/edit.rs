//! Changes golden sets as texts, so that what is not changed stays as its author wrote it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::GoldenError;
use crate::golden::{GoldenSet, without_mark};

/// The keys of a case in the order in which they are written.
const ORDER: [&str; 5] = ["id", "question", "trait", "status", "expected_tier"];

/// The set's text with more cases at its end.
///
/// # Errors
/// When the text is no golden set, or would be none with them.
pub fn with_cases(json: &str, new: &[Map<String, Value>]) -> Result<String, GoldenError> {
    let mut cases = raw(json)?;
    cases.extend(new.iter().map(written));
    checked(cases)
}

/// The set's text in which these cases are no candidates any more.
///
/// # Errors
/// When the text is no golden set.
pub fn accepted(json: &str, ids: &[&str]) -> Result<String, GoldenError> {
    let cases = raw(json)?.into_iter().map(|case| {
        let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(&case) else { return case };
        let id = fields.get("id").and_then(Value::as_str);
        let is_meant = id.is_some_and(|id| ids.contains(&id)) && fields.contains_key("status");
        if !is_meant {
            return case;
        }
        fields.remove("status");
        written(&fields)
    });
    checked(cases.collect())
}

fn raw(json: &str) -> Result<Vec<String>, GoldenError> {
    GoldenSet::parse(json)?;
    let cases: Vec<Box<RawValue>> = serde_json::from_str(without_mark(json))
        .map_err(|error| GoldenError::NotJson { why: error.to_string() })?;
    Ok(cases.iter().map(|case| case.get().to_owned()).collect())
}

fn checked(cases: Vec<String>) -> Result<String, GoldenError> {
    let text = format!("[\n  {}\n]\n", cases.join(",\n  "));
    GoldenSet::parse(&text)?;
    Ok(text)
}

/// One case, a key on each line.
fn written(fields: &Map<String, Value>) -> String {
    let first = ORDER.iter().filter_map(|key| fields.get_key_value(*key));
    let rest = fields.iter().filter(|(key, _)| !ORDER.contains(&key.as_str()));
    let lines =
        first.chain(rest).map(|(key, value)| format!("    {}: {value}", Value::from(key.as_str())));
    format!("{{\n{}\n  }}", lines.collect::<Vec<_>>().join(",\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SET: &str = "[ {\"question\":\"Q?\",  \"id\":\"a\"},\n{\"id\":\"b\",\"question\":\"R?\",\"status\":\"candidate\"}]";

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let new = json!({"id": "c", "question": "S?", "origin": null});
        let text = with_cases(SET, &[new.as_object().unwrap().clone()]).unwrap();
        assert!(text.contains("{\"question\":\"Q?\",  \"id\":\"a\"},"), "{text}");
        assert!(
            text.ends_with(
                "{\n    \"id\": \"c\",\n    \"question\": \"S?\",\n    \"origin\": null\n  }\n]\n"
            ),
            "{text}"
        );
        assert!(
            with_cases(&text, &[new.as_object().unwrap().clone()]).is_err(),
            "the same id twice"
        );
    }

    #[test]
    fn an_accepted_case_decides() {
        let text = accepted(SET, &["b"]).unwrap();
        assert!(GoldenSet::parse(&text).unwrap().cases().iter().all(|case| !case.is_candidate));
        assert!(text.contains("{\"question\":\"Q?\",  \"id\":\"a\"},"));
    }
}

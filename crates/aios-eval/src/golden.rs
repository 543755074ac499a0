//! The golden set and its cases.

use std::collections::HashMap;

use aios_core::Tier;
use serde_json::{Map, Value};

use crate::error::{CaseError, GoldenError};

/// Cases with different ids; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenSet {
    cases: Vec<GoldenCase>,
}

/// A question and what is expected of its handling.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenCase {
    /// Names the case in reports.
    pub id: String,
    /// The message.
    pub question: String,
    /// What kind of question it is (`trait` in the file).
    pub kind: Option<String>,
    /// The tier whose model should answer.
    pub expected_source: Option<Tier>,
    /// The tier that routing should choose.
    pub expected_tier: Option<Tier>,
    /// Keys that have no meaning here, as they stand.
    pub extra: Map<String, Value>,
}

impl GoldenSet {
    /// Reads a golden set: a JSON list of `{id, question, trait?, expected_source?,
    /// expected_tier?, …}`. A null counts as absent.
    ///
    /// # Errors
    /// When the text is not such a list, is empty, or has a case that is wrong or repeats an id.
    pub fn parse(json: &str) -> Result<Self, GoldenError> {
        // Some editors on Windows begin a file with a byte order mark.
        let json = json.trim_start_matches('\u{feff}');
        let set = serde_json::from_str(json)
            .map_err(|error| GoldenError::NotJson { why: error.to_string() })?;
        let Value::Array(values) = set else {
            return Err(GoldenError::NotAList { found: type_name(&set) });
        };
        let cases: Vec<_> =
            values.into_iter().enumerate().map(read_case).collect::<Result<_, _>>()?;
        if cases.is_empty() {
            return Err(GoldenError::Empty);
        }
        check_ids(&cases)?;
        Ok(Self { cases })
    }

    /// The cases in the file's order.
    #[must_use]
    pub fn cases(&self) -> &[GoldenCase] {
        &self.cases
    }
}

impl GoldenCase {
    /// The tier that routing should choose; who should answer says it where that is not said.
    #[must_use]
    pub fn wanted_tier(&self) -> Option<Tier> {
        self.expected_tier.or(self.expected_source)
    }

    fn read(mut fields: Map<String, Value>) -> Result<Self, CaseError> {
        let case = Self {
            id: required_text(&mut fields, "id")?,
            question: required_text(&mut fields, "question")?,
            kind: text(&mut fields, "trait")?,
            expected_source: tier(&mut fields, "expected_source")?,
            expected_tier: tier(&mut fields, "expected_tier")?,
            extra: fields,
        };
        match (case.expected_tier, case.expected_source) {
            (Some(tier), Some(source)) if tier != source => Err(CaseError::Contradiction),
            (Some(_) | None, Some(_) | None) => Ok(case),
        }
    }
}

fn read_case((place, value): (usize, Value)) -> Result<GoldenCase, GoldenError> {
    let id = value.get("id").and_then(Value::as_str).map(str::to_owned);
    let case = match value {
        Value::Object(fields) => GoldenCase::read(fields),
        other => Err(CaseError::NotAnObject { found: type_name(&other) }),
    };
    case.map_err(|error| GoldenError::Case { index: place + 1, id, error })
}

fn check_ids(cases: &[GoldenCase]) -> Result<(), GoldenError> {
    let mut places = HashMap::with_capacity(cases.len());
    for (place, case) in cases.iter().enumerate() {
        if let Some(first) = places.insert(case.id.as_str(), place) {
            let (id, first, second) = (case.id.clone(), first + 1, place + 1);
            return Err(GoldenError::DuplicateId { id, first, second });
        }
    }
    Ok(())
}

fn required_text(fields: &mut Map<String, Value>, key: &'static str) -> Result<String, CaseError> {
    let text = text(fields, key)?.ok_or(CaseError::Missing { key })?;
    if text.trim().is_empty() { Err(CaseError::Blank { key }) } else { Ok(text) }
}

fn text(fields: &mut Map<String, Value>, key: &'static str) -> Result<Option<String>, CaseError> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(CaseError::NotText { key, found: type_name(&other) }),
    }
}

fn tier(fields: &mut Map<String, Value>, key: &'static str) -> Result<Option<Tier>, CaseError> {
    let Some(word) = text(fields, key)? else { return Ok(None) };
    match word.as_str() {
        "main" | "main_model" => Ok(Some(Tier::Main)),
        "embedder" => Ok(Some(Tier::Embedder)),
        _ => Err(CaseError::NotATier { key, found: word }),
    }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_refused(json: &str, expect: &str) {
        assert_eq!(GoldenSet::parse(json).unwrap_err().to_string(), expect);
    }

    #[test]
    fn a_case_has_its_expectations_and_keeps_other_keys() {
        let json = "\u{feff}[{\"id\":\"a\",\"question\":\"Hi\",\"trait\":\"greeting\",\
            \"expected_source\":\"main_model\",\"expected_tier\":null,\"note\":7}]";
        let set = GoldenSet::parse(json).unwrap();
        let [case] = set.cases() else { panic!("one case") };
        assert_eq!((case.id.as_str(), case.question.as_str()), ("a", "Hi"));
        assert_eq!(case.kind.as_deref(), Some("greeting"));
        assert_eq!((case.expected_source, case.expected_tier), (Some(Tier::Main), None));
        assert_eq!(case.wanted_tier(), Some(Tier::Main));
        assert_eq!(case.extra.keys().collect::<Vec<_>>(), ["note"]);
    }

    #[test]
    fn a_set_that_is_no_list_of_cases_is_refused() {
        check_refused("[]", "the golden set has no cases");
        check_refused("{}", "the golden set must be a list of cases, not an object");
        check_refused("[1]", "golden case 1: must be an object, not a number");
        check_refused(
            "[",
            "the golden set is not JSON: EOF while parsing a list at line 1 column 1",
        );
    }

    #[test]
    fn a_wrong_case_is_named() {
        check_refused(r#"[{"id":"a"}]"#, r#"golden case 1 ("a"): has no "question""#);
        check_refused(r#"[{"question":"x"}]"#, r#"golden case 1: has no "id""#);
        check_refused(
            r#"[{"id":"a","question":"x"},{"id":"b","question":7}]"#,
            r#"golden case 2 ("b"): "question" must be a text, not a number"#,
        );
        check_refused(
            r#"[{"id":"a","question":" "}]"#,
            r#"golden case 1 ("a"): has an empty "question""#,
        );
        check_refused(
            r#"[{"id":"a","question":"x","expected_tier":"large"}]"#,
            r#"golden case 1 ("a"): "expected_tier" must be "main" (or "main_model") or "embedder", not "large""#,
        );
        check_refused(
            r#"[{"id":"a","question":"x","trait":[]}]"#,
            r#"golden case 1 ("a"): "trait" must be a text, not a list"#,
        );
    }

    #[test]
    fn expectations_that_contradict_each_other_are_refused() {
        check_refused(
            r#"[{"id":"a","question":"x","expected_tier":"main","expected_source":"embedder"}]"#,
            r#"golden case 1 ("a"): "expected_tier" and "expected_source" name different tiers"#,
        );
    }

    #[test]
    fn an_id_may_stand_once() {
        check_refused(
            r#"[{"id":"a","question":"x"},{"id":"b","question":"x"},{"id":"a","question":"y"}]"#,
            r#"golden cases 1 and 3 have the same id "a""#,
        );
    }
}

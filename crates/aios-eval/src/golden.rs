//! The golden set and its cases.

use std::collections::HashMap;

use aios_core::Tier;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::{CaseError, GoldenError};
use crate::expect::{self, EXPECTATION_KEYS, Expectation};
use crate::fields::{required_text, text, type_name};
use crate::hex;

/// The golden set that comes with AIOS.
pub const BUILT_IN_SET: &str = include_str!("../../../fixtures/golden/sample_set.json");

/// Most further askers that a case names.
const ALSO_MAX: usize = 100;

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
    /// What stands before it as the system's message.
    pub system: Option<String>,
    /// More of the request's body, such as `{"temperature": 0}`.
    pub request: Map<String, Value>,
    /// What kind of question it is (`trait` in the file).
    pub kind: Option<String>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
    /// It was promoted and nobody has accepted it yet: it is run and reported, and decides nothing.
    pub is_candidate: bool,
    /// Where a promoted case comes from.
    pub origin: Option<Origin>,
    /// Hash of what is asked and expected: with it two files speak of the same case.
    pub sha256: String,
    /// Keys that have no meaning here, as they stand.
    pub extra: Map<String, Value>,
}

/// Where a promoted case comes from: by the pseudonyms in it an erasure finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The event whose question it is.
    pub event_id: String,
    /// The conversation, as a pseudonym.
    pub conv_id: String,
    /// The person or key behind it, as a pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was promoted.
    pub promoted_at: String,
    /// Why.
    pub reasons: Vec<String>,
    /// Others who asked the same. With any of them the case goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Asker>,
}

/// Somebody who asked the question of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The event.
    pub event_id: String,
    /// The conversation, as a pseudonym.
    pub conv_id: String,
    /// The person or key behind it, as a pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Origin {
    /// Every conversation that the case comes from.
    pub fn conversations(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.conv_id.as_str())
            .chain(self.also.iter().map(|asker| asker.conv_id.as_str()))
    }

    /// Takes in where the same question comes from, too. What more ask than are named is nobody's own.
    pub(crate) fn join(&mut self, other: Self) {
        let Self { event_id, conv_id, subject, also, .. } = other;
        for asker in std::iter::once(Asker { event_id, conv_id, subject }).chain(also) {
            let is_known = self.conv_id == asker.conv_id && self.subject == asker.subject
                || self
                    .also
                    .iter()
                    .any(|one| one.conv_id == asker.conv_id && one.subject == asker.subject);
            if !is_known && self.also.len() < ALSO_MAX {
                self.also.push(asker);
            }
        }
    }
}

impl GoldenSet {
    /// Reads a golden set: a JSON list of `{id, question, trait?, expected_source?,
    /// expected_tier?, …}`. A null counts as absent.
    ///
    /// # Errors
    /// When the text is not such a list, is empty, or has a case that is wrong or repeats an id.
    pub fn parse(json: &str) -> Result<Self, GoldenError> {
        let values = values(json)?;
        let cases: Vec<_> =
            values.into_iter().enumerate().map(read_case).collect::<Result<_, _>>()?;
        if cases.is_empty() {
            return Err(GoldenError::Empty);
        }
        let again = twice(cases.iter().enumerate()).next();
        again.map_or(Ok(Self { cases }), Err)
    }

    /// The cases in the file's order.
    #[must_use]
    pub fn cases(&self) -> &[GoldenCase] {
        &self.cases
    }

    /// Hash of all cases, whatever their order and whatever else stands in the file.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut lines: Vec<_> =
            self.cases.iter().map(|case| format!("{} {}\n", case.sha256, case.id)).collect();
        lines.sort_unstable();
        hex::of(&Sha256::digest(lines.concat()))
    }
}

/// Some editors on Windows begin a file with a byte order mark.
pub(crate) fn without_mark(json: &str) -> &str {
    json.trim_start_matches('\u{feff}')
}

impl GoldenCase {
    /// The tier that routing should choose; who should answer says it where that is not said.
    #[must_use]
    pub fn wanted_tier(&self) -> Option<Tier> {
        // The one that routing should choose is read first.
        self.expectations.iter().find_map(|expectation| match expectation {
            Expectation::Tier(tier) | Expectation::Source(tier) => Some(*tier),
            _ => None,
        })
    }

    fn read(mut fields: Map<String, Value>) -> Result<Self, CaseError> {
        let sha256 = content_hash(&fields);
        Ok(Self {
            id: required_text(&mut fields, "id")?,
            question: required_text(&mut fields, "question")?,
            system: text(&mut fields, "system")?,
            request: request(&mut fields)?,
            kind: text(&mut fields, "trait")?,
            expectations: expect::read(&mut fields)?,
            is_candidate: is_candidate(&mut fields)?,
            origin: origin(&mut fields)?,
            sha256,
            extra: fields,
        })
    }
}

/// What a case asks and expects, without its name, its history and other tools' keys.
fn content_hash(fields: &Map<String, Value>) -> String {
    let keys = ["question", "system", "request"].into_iter().chain(EXPECTATION_KEYS);
    let known =
        keys.filter_map(|key| Some((key, fields.get(key).filter(|value| !value.is_null())?)));
    // Keys are in order, whatever their order in the file.
    let canonical: std::collections::BTreeMap<_, _> = known.collect();
    let text = serde_json::to_string(&canonical).unwrap_or_default();
    hex::of(&Sha256::digest(text))
}

fn request(fields: &mut Map<String, Value>) -> Result<Map<String, Value>, CaseError> {
    /// What the runner says itself.
    const OWN: [&str; 3] = ["model", "messages", "stream"];
    let request = match fields.remove("request") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(request)) => request,
        Some(other) => {
            let why = format!("must be an object, not {}", type_name(&other));
            return Err(CaseError::BadValue { key: "request", why });
        }
    };
    match OWN.iter().find(|key| request.contains_key(**key)) {
        Some(own) => {
            let why = format!("must not have {own:?}, which the runner sets");
            Err(CaseError::BadValue { key: "request", why })
        }
        None => Ok(request),
    }
}

fn is_candidate(fields: &mut Map<String, Value>) -> Result<bool, CaseError> {
    match text(fields, "status")?.as_deref() {
        None | Some("accepted") => Ok(false),
        Some("candidate") => Ok(true),
        Some(other) => {
            let why = format!("must be \"candidate\" or \"accepted\", not {other:?}");
            Err(CaseError::BadValue { key: "status", why })
        }
    }
}

fn origin(fields: &mut Map<String, Value>) -> Result<Option<Origin>, CaseError> {
    let Some(value) = fields.remove("origin").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let read = serde_json::from_value(value);
    read.map(Some).map_err(|error| CaseError::BadValue { key: "origin", why: error.to_string() })
}

/// The elements of the list.
pub(crate) fn values(json: &str) -> Result<Vec<Value>, GoldenError> {
    let set = serde_json::from_str(without_mark(json))
        .map_err(|error| GoldenError::NotJson { why: error.to_string() })?;
    match set {
        Value::Array(values) => Ok(values),
        other => Err(GoldenError::NotAList { found: type_name(&other) }),
    }
}

pub(crate) fn read_case((place, value): (usize, Value)) -> Result<GoldenCase, GoldenError> {
    let id = value.get("id").and_then(Value::as_str).map(str::to_owned);
    let case = match value {
        Value::Object(fields) => GoldenCase::read(fields),
        other => Err(CaseError::NotAnObject { found: type_name(&other) }),
    };
    case.map_err(|error| GoldenError::Case { index: place + 1, id, error })
}

/// Each case, with its place in the list, whose id another one before it has.
pub(crate) fn twice<'a>(
    cases: impl Iterator<Item = (usize, &'a GoldenCase)>,
) -> impl Iterator<Item = GoldenError> {
    let mut places = HashMap::new();
    cases.filter_map(move |(place, case)| {
        let first = *places.entry(case.id.as_str()).or_insert(place);
        let (id, first, second) = (case.id.clone(), first + 1, place + 1);
        (first != second).then_some(GoldenError::DuplicateId { id, first, second })
    })
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
        assert_eq!(case.expectations, [Expectation::Source(Tier::Main)]);
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

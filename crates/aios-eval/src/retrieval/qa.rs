//! Questions and the fragments that answer them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::QaError;

/// Questions with different ids; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct QaSet {
    cases: Vec<QaCase>,
}

/// A question and the fragments that answer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QaCase {
    /// Names the case in reports.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The conversation that is asked about, by the id that the application sent; without one everything
    /// that is stored.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "some_text_or_number"
    )]
    pub conv_id: Option<String>,
    /// The question.
    pub question: String,
    /// Ids of all fragments that answer it. None means that nothing should come back.
    #[serde(deserialize_with = "texts_or_numbers")]
    pub expected_fragments: Vec<String>,
    /// Least share of them that is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_recall: Option<f64>,
    /// Who says that these fragments answer it.
    #[serde(default, skip_serializing_if = "LabelSource::is_person")]
    pub label_source: LabelSource,
    /// Keys that have no meaning here, as they stand.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, Value>,
}

/// Who says which fragments answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelSource {
    /// A person, which is taken for granted where nothing else is said.
    #[default]
    #[serde(alias = "human")]
    Person,
    /// Nobody yet: a proposal.
    #[serde(alias = "unlabeled")]
    Unlabelled,
    /// Our own ranking.
    #[serde(alias = "retrieval", alias = "mined")]
    Ranking,
}

impl LabelSource {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_person(&self) -> bool {
        *self == Self::Person
    }
}

impl QaSet {
    /// Reads a set: `{"test_cases": [...]}`, a list, or a case on each line.
    ///
    /// # Errors
    /// When the text is none of these, a case is wrong, an id stands twice, or labels come from our own
    /// ranking.
    pub fn parse(text: &str) -> Result<Self, QaError> {
        let text = text.trim_start_matches('\u{feff}');
        let cases: Vec<QaCase> = values(text)?
            .into_iter()
            .enumerate()
            .map(|(place, value)| read_case(place + 1, value))
            .collect::<Result<_, _>>()?;
        check(&cases)?;
        if cases.is_empty() { Err(QaError::Empty) } else { Ok(Self { cases }) }
    }

    /// The cases in the file's order.
    #[must_use]
    pub fn cases(&self) -> &[QaCase] {
        &self.cases
    }
}

fn values(text: &str) -> Result<Vec<Value>, QaError> {
    match serde_json::from_str(text) {
        Ok(Value::Array(cases)) => return Ok(cases),
        Ok(Value::Object(mut set)) if !set.contains_key("question") => {
            return match set.remove("test_cases") {
                Some(Value::Array(cases)) => Ok(cases),
                Some(_) | None => Err(QaError::NoCases),
            };
        }
        Ok(Value::Object(_)) | Err(_) => {}
        Ok(_) => return Err(QaError::NoCases),
    }
    let mut values = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value = serde_json::from_str(line)
            .map_err(|error| QaError::NotJson { why: format!("line {}: {error}", place + 1) })?;
        values.push(value);
    }
    Ok(values)
}

fn read_case(index: usize, value: Value) -> Result<QaCase, QaError> {
    let wrong = |why: String| QaError::Case { index, why };
    let case: QaCase = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    if case.question.trim().is_empty() {
        return Err(wrong("has an empty \"question\"".to_owned()));
    }
    if case.min_recall.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
        return Err(wrong("\"min_recall\" must be from 0 to 1".to_owned()));
    }
    if case.label_source == LabelSource::Ranking {
        return Err(QaError::OwnRanking { index, id: case.id });
    }
    Ok(case)
}

fn check(cases: &[QaCase]) -> Result<(), QaError> {
    let mut places = HashMap::with_capacity(cases.len());
    for (place, case) in cases.iter().enumerate() {
        if let Some(first) = places.insert(case.id.as_str(), place) {
            let (id, first, second) = (case.id.clone(), first + 1, place + 1);
            return Err(QaError::DuplicateId { id, first, second });
        }
    }
    Ok(())
}

/// Ids are texts; other tools write them as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        match id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        }
    }
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Id::deserialize(from).map(Into::into)
}

fn some_text_or_number<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<Id>::deserialize(from)?.map(Into::into))
}

fn texts_or_numbers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Vec::<Id>::deserialize(from)?.into_iter().map(Into::into).collect())
}

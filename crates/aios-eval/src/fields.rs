//! Takes the values of a case's keys. A null counts as absent.

use serde_json::{Map, Value};

use crate::error::CaseError;

type Fields = Map<String, Value>;

pub(crate) fn text(fields: &mut Fields, key: &'static str) -> Result<Option<String>, CaseError> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(CaseError::NotText { key, found: type_name(&other) }),
    }
}

pub(crate) fn required_text(fields: &mut Fields, key: &'static str) -> Result<String, CaseError> {
    let text = text(fields, key)?.ok_or(CaseError::Missing { key })?;
    if text.trim().is_empty() { Err(CaseError::Blank { key }) } else { Ok(text) }
}

/// One text or a list of them. An empty one would be found in every answer.
pub(crate) fn texts(fields: &mut Fields, key: &'static str) -> Result<Vec<String>, CaseError> {
    let values = match fields.remove(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(values)) if !values.is_empty() => values,
        Some(Value::Array(_)) => return Err(CaseError::Blank { key }),
        Some(one) => vec![one],
    };
    let text = |value| match value {
        Value::String(text) if text.is_empty() => Err(CaseError::Blank { key }),
        Value::String(text) => Ok(text),
        other => Err(CaseError::NotText { key, found: type_name(&other) }),
    };
    values.into_iter().map(text).collect()
}

/// An object, or a text that stands for an object with this one key.
pub(crate) fn text_or_object(
    fields: &mut Fields,
    key: &'static str,
    only: &str,
) -> Result<Option<Fields>, CaseError> {
    match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(text @ Value::String(_)) => Ok(Some(Map::from_iter([(only.to_owned(), text)]))),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(other) => {
            let why = format!("must be a text or an object, not {}", type_name(&other));
            Err(CaseError::BadValue { key, why })
        }
    }
}

pub(crate) mod object {
    use super::{CaseError, Fields};

    /// A key that nobody understands inside an expectation would weaken it.
    pub(crate) fn is_empty(key: &'static str, rest: &Fields) -> Result<(), CaseError> {
        match rest.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                Err(CaseError::BadValue { key, why: format!("has the unknown key {unknown:?}") })
            }
        }
    }
}

/// A number above 0.
pub(crate) fn positive(fields: &mut Fields, key: &'static str) -> Result<Option<f64>, CaseError> {
    number(fields, key, "a number above 0", |value| value > 0.0)
}

/// A number from 0 to 1.
pub(crate) fn share(fields: &mut Fields, key: &'static str) -> Result<Option<f64>, CaseError> {
    number(fields, key, "a number from 0 to 1", |value| (0.0..=1.0).contains(&value))
}

fn number(
    fields: &mut Fields,
    key: &'static str,
    wanted: &str,
    is_right: impl Fn(f64) -> bool,
) -> Result<Option<f64>, CaseError> {
    let value = match fields.remove(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let right = value.as_f64().filter(|value| is_right(*value));
    right
        .map(Some)
        .ok_or_else(|| CaseError::BadValue { key, why: format!("must be {wanted}, not {value}") })
}

pub(crate) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

//! An answer that is JSON of a given shape.

use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;

/// A JSON schema.
#[derive(Clone)]
pub struct Schema {
    source: Arc<Value>,
    validator: Arc<Validator>,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Schema {
    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    pub(super) fn check(&self, answer: &str) -> Check {
        let value = match serde_json::from_str::<Value>(bare(answer)) {
            Ok(value) => value,
            Err(error) => return Check::of(false, || format!("it is not JSON: {error}")),
        };
        let wrong = self.validator.iter_errors(&value).next();
        let found = wrong.map(|error| {
            let at = error.instance_path().to_string();
            if at.is_empty() { error.to_string() } else { format!("{error} (at {at})") }
        });
        Check::of(found.is_none(), || found.unwrap_or_default())
    }
}

/// Models like to put JSON into a block of Markdown.
fn bare(answer: &str) -> &str {
    let answer = answer.trim();
    let inner = answer.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(answer, |inner| inner.strip_prefix("json").unwrap_or(inner).trim())
}

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    let Some(source) = fields.remove("json_schema").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let built = jsonschema::validator_for(&source);
    let validator = built
        .map_err(|error| CaseError::BadValue { key: "json_schema", why: error.to_string() })?;
    Ok(vec![Expectation::Schema(Schema {
        source: Arc::new(source),
        validator: Arc::new(validator),
    })])
}

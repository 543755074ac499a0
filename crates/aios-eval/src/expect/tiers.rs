//! Which tier is chosen and which answers.

use aios_core::Tier;
use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;
use crate::fields::text;

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    let tier_of = |fields: &mut _, key| text(fields, key)?.map(|word| tier(key, word)).transpose();
    let chosen = tier_of(fields, "expected_tier")?;
    let source = tier_of(fields, "expected_source")?;
    if let (Some(chosen), Some(source)) = (chosen, source)
        && chosen != source
    {
        return Err(CaseError::Contradiction);
    }
    let all = [chosen.map(Expectation::Tier), source.map(Expectation::Source)];
    Ok(all.into_iter().flatten().collect())
}

fn tier(key: &'static str, word: String) -> Result<Tier, CaseError> {
    match word.as_str() {
        "main" | "main_model" => Ok(Tier::Main),
        "embedder" => Ok(Tier::Embedder),
        _ => Err(CaseError::NotATier { key, found: word }),
    }
}

pub(super) fn check(expected: Tier, found: Option<Tier>) -> Check {
    Check::of(found == Some(expected), || {
        found.map_or_else(|| "the answer names no tier".to_owned(), |tier| tier.to_string())
    })
}

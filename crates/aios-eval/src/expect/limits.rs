//! What an answer may take.

use serde_json::{Map, Value};

use super::{Check, Expectation};
use crate::error::CaseError;
use crate::fields::positive;

pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Vec<Expectation>, CaseError> {
    let latency = positive(fields, "latency_ms_max")?.map(Expectation::LatencyMax);
    let cost = positive(fields, "cost_usd_max")?.map(Expectation::CostMax);
    Ok(latency.into_iter().chain(cost).collect())
}

pub(super) fn check(most: f64, found: Option<f64>, unit: &str) -> Check {
    Check::of(found.is_some_and(|found| found <= most), || {
        found.map_or_else(|| format!("nobody knows the {unit}"), |found| format!("{found} {unit}"))
    })
}

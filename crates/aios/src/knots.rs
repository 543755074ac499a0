//! The knots that this deployment has learned.

use aios_route::Knots;
use aios_store::DataDir;

use crate::cli::output::Failure;

/// The knots that were learned from traffic, if there are any.
///
/// # Errors
/// When they cannot be read or understood.
pub fn stored(dir: &DataDir) -> anyhow::Result<Option<Knots>> {
    let Some(json) = dir.read_knots()? else { return Ok(None) };
    let knots = serde_json::from_str(&json).map_err(|error| {
        let message = format!("the stored traffic knots in {} are damaged", dir.path().display());
        Failure::new(message, "make them anew with `aios routing calibrate`").because(error)
    })?;
    Ok(Some(knots))
}

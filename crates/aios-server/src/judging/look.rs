//! The golden report that counts, and one look at every objective.

use aios_control::Row;
use aios_control::sli::Window;
use aios_control::slo::check::{Check, Goldens, Looked, check};
use aios_core::{Boundary, Bucket, Split, Timestamp};

use super::{Objectives, Report, ReportError};

/// The figures of a report if it is young enough, else why it says nothing.
///
/// # Errors
/// When it is no report, or a figure in it cannot be.
pub fn goldens(
    text: &str,
    objectives: &Objectives,
    now: Timestamp,
) -> Result<Result<Goldens, String>, ReportError> {
    let Report { goldens, is_baseline } = Report::parse(text)?;
    if is_baseline {
        return Ok(Ok(goldens));
    }
    Ok(match goldens.ts {
        None => Err("it does not say when it was made".to_owned()),
        Some(ts) if now.since(ts) > objectives.report_age_max => Err(format!("it is of {ts}")),
        Some(_) => Ok(goldens),
    })
}

/// Looks at every objective.
#[must_use]
pub fn look(
    objectives: &Objectives,
    rows: &[Row],
    goldens: Option<&Goldens>,
    split: &Split,
    has_memory: bool,
) -> Check {
    let boundaries: Vec<Boundary> = Bucket::ALL.map(|bucket| split.boundary(bucket)).to_vec();
    let live = Window { quality_min: objectives.quality_min, ..Window::new(rows) };
    check(&objectives.slos, &Looked { live, goldens, boundaries: &boundaries, has_memory })
}

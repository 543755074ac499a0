//! Hypotheses asked of what was kept.

use std::time::Duration;

use aios_control::ControlEvent;
use aios_control::hypothesis::{Finished, Hypothesis, Testing, anchor};
use aios_core::{Timestamp, Unread};
use aios_store::{ControlHistory, DataDir, Index, StoreError};

use super::rows::each_row;

/// From when on traffic is asked at `now`, as far as nobody wants it otherwise and events are `kept_for` so long.
///
/// # Errors
/// When what control keeps cannot be read. A line of it that is damaged ends what is known.
pub fn anchored(
    dir: &DataDir,
    now: Timestamp,
    kept_for: Duration,
) -> Result<Timestamp, StoreError> {
    let history = ControlHistory::<ControlEvent>::read(dir)?;
    Ok(anchor(history.lines.iter().map(|kept| &kept.record), now, kept_for))
}

/// What traffic says to each hypothesis.
#[derive(Debug)]
pub struct Tested {
    /// To each, in the order of the family.
    pub finished: Vec<Finished>,
    /// What of the traffic could not be read, so that it might say something else.
    pub unread: Unread,
}

/// What live traffic from `since` until `now` says to each hypothesis.
///
/// # Errors
/// When the index cannot be read.
pub fn tested(
    family: &[Hypothesis],
    index: Option<&Index>,
    since: Timestamp,
    now: Timestamp,
    quality_min: f64,
) -> Result<Tested, StoreError> {
    let (mut testing, mut unread) = (Testing::new(family, quality_min), Unread::default());
    if let Some(index) = index {
        each_row(index, since..now, |row| testing.take(&row))?;
        unread = index.unread(&(since..now))?;
    }
    Ok(Tested { finished: testing.finished(), unread })
}

//! Rotation of a log that is open: seal what takes no more events, then do what retention says.

use std::path::Path;

use aios_core::Timestamp;

use super::FileEventLog;
use super::batch::Hour;
use crate::retention::{self, Ask};
use crate::segment::{Day, Layout, Segments, ages, extent};
use crate::{DataDir, Rotate, Rotated, StoreError, quarantine};

/// Seals, compresses and removes. The caller sees to it that this runs once at a time.
pub(super) fn rotate(
    log: &FileEventLog,
    dir: &DataDir,
    now: Timestamp,
    rotate: Rotate,
) -> Result<Rotated, StoreError> {
    let is_wanted = (rotate.seal || is_over(&Layout::of(dir), now)?) && !rotate.dry_run;
    let n_sealed = if is_wanted { seal(log, dir)? } else { 0 };
    let term = log.config.retention.events;
    let mut done = retention::run(dir, Ask { now, term, rotate })?;
    // What stops retention stops this, too.
    if let Some(hot) = term.hot.filter(|_| done.stopped.is_none()) {
        match quarantine::expire(dir, now, hot, rotate.dry_run) {
            Ok(gone) => done.n_put_aside = gone.len(),
            Err(error) => done.failed.push(error.to_string()),
        }
    }
    Ok(Rotated { n_sealed: n_sealed + done.n_sealed, ..done })
}

/// Seals what is open and gives it its footer; how many segments that were.
fn seal(log: &FileEventLog, dir: &DataDir) -> Result<usize, StoreError> {
    let (segments, layout) = (Segments::of(dir), Layout::of(dir));
    let before = ages(&layout)?;
    log.seal_blocking()?;
    let mut n_sealed = 0;
    for id in ages(&layout)?.into_keys().filter(|id| !before.contains_key(id)) {
        match segments.finish(id) {
            Ok(_) => n_sealed += 1,
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(%error, "a segment is damaged; it is left as it is");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(n_sealed)
}

/// Whether the day of the active segment is over, or the hour of the late lines: no event comes to seal
/// them where there is no traffic.
fn is_over(layout: &Layout, now: Timestamp) -> Result<bool, StoreError> {
    let last = |path: &Path| {
        let extent = extent::at(path).map_err(StoreError::io("read", path))?;
        Ok(extent.map(|extent| extent.last))
    };
    let active = last(&layout.active())?.is_some_and(|last| Day::of(last) < Day::of(now));
    let late = last(&layout.late())?.is_some_and(|last| Hour::of(last) < Hour::of(now));
    Ok(active || late)
}

//! From rows to evidence.

use std::ops::Range;
use std::time::Duration;

use aios_control::boundary::NearCounts;
use aios_control::{Evidence, Observation, Row};
use aios_core::{Boundary, Bucket, EvidenceWindow, Timestamp};
use aios_store::StoreError;

use super::settings::CanarySettings;

/// Where requests come from: those that were admitted in a time, in the order of arrival.
pub trait RowSource {
    /// Shows each of them.
    ///
    /// # Errors
    /// When they cannot be read.
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError>;

    /// How many lines of that time may have been requests and cannot be read.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn n_unread(&self, times: Range<Timestamp>) -> Result<u64, StoreError>;
}

/// Control answers that a p95 is taken from. Of fewer than 59 it would be the slowest.
const BASELINE_MIN: usize = 100;

/// How far back they may lie.
const BASELINE_BACK: Duration = Duration::from_secs(24 * 60 * 60);

/// The last window that is closed: so many whole turns after `since` that every request admitted in it has
/// its event. None if not even one is over, so that evidence counts once however often it is looked at.
pub(super) fn closed_window(
    since: Timestamp,
    now: Timestamp,
    settings: &CanarySettings,
) -> Option<EvidenceWindow> {
    // Whole milliseconds, as `since` is, because that is what is kept of a time.
    let turn = i64::try_from(settings.check_every.as_millis()).unwrap_or(i64::MAX).max(1);
    let turn = turn.saturating_mul(1_000);
    let settle = i64::try_from(settings.settle.as_micros()).unwrap_or(i64::MAX);
    let over = now.as_micros().saturating_sub(settle).saturating_sub(since.as_micros());
    let n_turns = over.div_euclid(turn);
    let until = Timestamp::from_micros(since.as_micros() + n_turns.max(0) * turn);
    (n_turns > 0).then_some(EvidenceWindow { since, until })
}

/// The p95 of control before the window, else in it; none while there are too few answers. The second
/// says whether the window was needed for it: what a limit is made of proves nothing about it.
pub(super) fn baseline(
    rows: &dyn RowSource,
    window: EvidenceWindow,
) -> Result<(Option<f64>, bool), StoreError> {
    let back = i64::try_from(BASELINE_BACK.as_micros()).unwrap_or(i64::MAX);
    let from = Timestamp::from_micros(window.since.as_micros().saturating_sub(back));
    let before = p95_of_control(rows, from..window.since)?;
    if before.is_some() {
        return Ok((before, false));
    }
    Ok((p95_of_control(rows, from..window.until)?, true))
}

fn p95_of_control(
    rows: &dyn RowSource,
    times: Range<Timestamp>,
) -> Result<Option<f64>, StoreError> {
    let mut latencies = Vec::new();
    rows.each(times, &mut |row| {
        let is_answer = row.bucket == Bucket::Control && row.failed() == Some(false);
        latencies.extend((is_answer && row.weight.is_some()).then_some(row.latency_ms));
    })?;
    if latencies.len() < BASELINE_MIN {
        return Ok(None);
    }
    let at = latencies.len() * 95 / 100;
    Ok(Some(*latencies.select_nth_unstable_by(at, f64::total_cmp).1))
}

/// Takes a time in, for the buckets and for the boundary.
pub(super) fn take(
    evidence: &mut Evidence,
    rows: &dyn RowSource,
    times: Range<Timestamp>,
    settings: &CanarySettings,
    boundary: Boundary,
    near: &mut NearCounts,
) -> Result<(), StoreError> {
    rows.each(times, &mut |row| {
        let is_first = row.weight.is_some() && evidence.calls_on(row.conversation);
        let seen = Observation::of(&row, settings.quality_min).filter(|_| is_first);
        let Some(seen) = seen else { return };
        evidence.add(&seen);
        near.add(&settings.boundary, boundary, &row);
    })
}

/// Whether treatment has had traffic in this time that can be compared.
pub(super) fn is_treated(
    rows: &dyn RowSource,
    times: Range<Timestamp>,
) -> Result<bool, StoreError> {
    let mut is_treated = false;
    rows.each(times, &mut |row| {
        is_treated |= row.bucket == Bucket::Treatment && row.weight.is_some();
    })?;
    Ok(is_treated)
}

/// Who has spoken in this time already, which a restart forgets.
pub(super) fn remember(
    evidence: &mut Evidence,
    rows: &dyn RowSource,
    times: Range<Timestamp>,
) -> Result<(), StoreError> {
    rows.each(times, &mut |row| {
        if row.weight.is_some() {
            evidence.calls_on(row.conversation);
        }
    })
}

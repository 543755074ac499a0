//! Rows of a time.

use std::ops::Range;

use aios_control::Row;
use aios_core::{BOUNDARY_DEFAULT, Boundary, Timestamp, Weight};
use aios_store::{Index, Seen, StoreError};

/// Live requests admitted in a time, in the order of arrival, each with how good its answer was as far
/// as that was said by now.
///
/// # Errors
/// When the index cannot be read.
pub fn rows(index: &Index, times: Range<Timestamp>) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    each_row(index, times, |row| rows.push(row))?;
    Ok(rows)
}

/// The same, one by one, for times that hold more than should be held at once.
///
/// # Errors
/// When the index cannot be read.
pub fn each_row(
    index: &Index,
    times: Range<Timestamp>,
    mut take: impl FnMut(Row),
) -> Result<(), StoreError> {
    index.seen(times, |seen| live_row(seen).into_iter().for_each(&mut take))
}

/// What control makes of a request, if it is a live one.
pub(crate) fn live_row(seen: &Seen) -> Option<Row> {
    seen.purpose.is_live().then(|| Row {
        ts: seen.ts,
        conversation: seen.conversation,
        bucket: seen.bucket,
        tier: seen.source,
        outcome: seen.outcome,
        latency_ms: seen.latency_ms,
        time_to_first_token_ms: seen.time_to_first_token_ms,
        boundary: Boundary::new(seen.boundary).unwrap_or(BOUNDARY_DEFAULT),
        weight: seen.weight.and_then(|weight| Weight::new(weight).ok()),
        memory: seen.memory,
        output_tokens: seen.output_tokens,
        quality: seen.quality,
    })
}

//! Live questions that could become golden cases, found through the index: it says which are worth reading, and only
//! those are read. The night's own look, and `aios golden promote`, read everything.

use std::ops::ControlFlow;

use aios_core::{Operation, Purpose, Timestamp};
use aios_eval::{Candidate, Facts, GoldenSet, Promoter};
use aios_privacy::Redactor;
use aios_store::{Budget, Cursor, DataDir, Index, Row, Search, StoreError};

use super::walk::Walk;
use crate::promotion::Wanted;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// The cases, the most pressing first.
    pub(super) candidates: Vec<Candidate>,
    /// Requests that were looked at.
    pub(super) n_looked: usize,
    /// Lines that could not be read.
    pub(super) n_bad: usize,
    /// Back to this time.
    pub(super) looked_back_to: Option<Timestamp>,
}

/// Looks for what the set does not know, from `now` back.
pub(super) fn find(
    dir: &DataDir,
    redactor: &Redactor,
    set: &GoldenSet,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let Some(index) = Index::read(dir)? else { return Ok(Found::default()) };
    let opinions = index.opinions(&(wanted.since..now))?;
    let (mut promoter, mut n_bad) = (Promoter::new(wanted.slow_ms), 0);
    let worth = Promoter::new(wanted.slow_ms);
    let wants = |row: &Row| {
        let quality = opinions.get(&row.event_id).copied();
        row.operation == Operation::Chat && worth.is_worth(&facts(row, quality))
    };
    let search =
        Search { since: Some(wanted.since), purpose: Some(Purpose::Live), ..Search::default() };
    let mut budget = Budget::default();
    let next = Walk { dir, index: &index, search: &search }.back(
        None,
        &mut budget,
        wants,
        |row, event| {
            match event.as_ref().and_then(|event| event.response()) {
                Some(event) => {
                    let quality = opinions.get(&row.event_id).copied();
                    promoter.look(event, quality, |text| {
                        redactor.redact(text).text.as_str().to_owned()
                    });
                }
                None => n_bad += 1,
            }
            ControlFlow::Continue(())
        },
    )?;
    let (candidates, _) = promoter.candidates(set, wanted.max);
    let ended = next.map(|Cursor(ts, _, _)| Timestamp::from_micros(ts));
    let looked_back_to = Some(ended.unwrap_or(wanted.since));
    Ok(Found { candidates, n_looked: budget.n_looked(), n_bad, looked_back_to })
}

fn facts(row: &Row, quality: Option<f64>) -> Facts {
    Facts {
        outcome: row.outcome,
        latency_ms: row.latency_ms,
        tier: row.tier,
        source: row.source,
        weight: row.weight,
        boundary: row.boundary,
        quality,
    }
}

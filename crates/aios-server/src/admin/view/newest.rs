//! Which events came since the last look, and how many of them are too many to be told.

use std::collections::BTreeSet;

use aios_core::EventId;
use aios_store::{Budget, Index, Row, Search, StoreError};

/// Events of one look.
const NEWEST_MAX: usize = 20;

/// The newest events of a moment, and how many there were in all.
#[derive(Debug, Default)]
pub(super) struct Newest {
    known: BTreeSet<EventId>,
    n_requests: u64,
    /// The index is being made anew: what comes into it now happened long ago.
    is_behind: bool,
}

impl Newest {
    /// Those of the index, and their rows, the newest first.
    pub(super) fn of(index: &Index) -> Result<(Self, Vec<Row>), StoreError> {
        // Counted first: what comes in between is told now and left out of no count.
        let n_requests = index.n_requests()?;
        let is_behind = index.n_bytes_behind()? > 0;
        let rows = index.page(&Search::default(), None, NEWEST_MAX, &mut Budget::default())?.rows;
        let known = rows.iter().map(|row| row.event_id).collect();
        Ok((Self { known, n_requests, is_behind }, rows))
    }

    /// Which of these rows came since, and how many more did.
    pub(super) fn since(&self, earlier: &Self, rows: Vec<Row>) -> (Vec<Row>, u64) {
        let is_new = |row: &Row| !earlier.known.contains(&row.event_id);
        let rows: Vec<_> = rows.into_iter().filter(is_new).collect();
        if self.is_behind || earlier.is_behind {
            return (rows, 0);
        }
        let n_came = self.n_requests.saturating_sub(earlier.n_requests);
        let n_left_out = n_came.saturating_sub(rows.len() as u64);
        (rows, n_left_out)
    }
}

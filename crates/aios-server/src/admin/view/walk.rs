//! From the newest event back, with the lines of those that are wanted.
//!
//! What is said stands in the log alone, so lines are read one after the other, and one request reads no more than its
//! budget: so many lines, of so many segments, because of a cold one everything before a line is unpacked. Where it is
//! spent, the answer says how far it came, and the next request goes on from there.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use aios_core::Event;
use aios_store::{Budget, Cursor, DataDir, Index, Row, Search, StoreError, read_rows};

/// Rows that are looked at between two readings.
const BATCH: usize = 500;

/// Lines that one request reads.
const LINES_MAX: usize = 5_000;

/// Segments that one request opens, one that is opened again counted again.
const SEGMENTS_MAX: usize = 24;

/// Where to look.
pub(super) struct Walk<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) index: &'a Index,
    pub(super) search: &'a Search,
}

impl Walk<'_> {
    /// Gives out the events whose rows are wanted, until they are enough. Returns where to go on; none where nothing is
    /// older.
    pub(super) fn back(
        &self,
        mut before: Option<Cursor>,
        budget: &mut Budget,
        wants: impl Fn(&Row) -> bool,
        mut take: impl FnMut(Row, Option<Event>) -> ControlFlow<()>,
    ) -> Result<Option<Cursor>, StoreError> {
        let (mut lines_left, mut segments_left) = (LINES_MAX, SEGMENTS_MAX);
        while lines_left > 0 && segments_left > 0 && !budget.is_spent() {
            let page = self.index.page(self.search, before, BATCH.min(lines_left), budget)?;
            before = page.next;
            let placed = page.rows.into_iter().zip(page.places);
            let mut wanted: Vec<_> = placed.filter(|(row, _)| wants(row)).collect();
            let (n, n_segments) = fitting(&wanted, segments_left);
            if n < wanted.len() {
                wanted.truncate(n);
                before = wanted.last().map(|(_, place)| *place);
            }
            lines_left -= n;
            segments_left -= n_segments;
            let (rows, places): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
            let events = read_rows(self.dir, &rows, false)?;
            for ((row, event), place) in rows.into_iter().zip(events).zip(places) {
                if take(row, event).is_break() {
                    return Ok(Some(place));
                }
            }
            if before.is_none() {
                break;
            }
        }
        Ok(before)
    }
}

/// How many of these lie in so many segments, and in how many that is.
fn fitting(wanted: &[(Row, Cursor)], segments_max: usize) -> (usize, usize) {
    let mut segments = BTreeSet::new();
    let mut fits = |row: &Row| {
        segments.insert(row.segment);
        segments.len() <= segments_max
    };
    let n = wanted.iter().take_while(|(row, _)| fits(row)).count();
    (n, segments.len().min(segments_max))
}

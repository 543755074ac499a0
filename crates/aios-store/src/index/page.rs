//! Events page by page, the newest first, for people who search.
//!
//! A page is looked for so far and no further: a condition that few events meet gives a short page that says how far
//! it has looked, instead of a long wait. How far is one budget of whoever asks, however many pages it takes.

use aios_core::{Bucket, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::Pseudonym;
use rusqlite::params;

use super::Index;
use super::database::{Code, failed};
use super::window::{COLUMNS, Row, row_of};
use crate::StoreError;

/// Rows that one request looks at: some 50 ms.
const ROWS_MAX: usize = 100_000;

/// Rows that may still be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(ROWS_MAX)
    }
}

impl Budget {
    #[cfg(test)]
    pub(super) const fn of(n: usize) -> Self {
        Self(n)
    }

    /// Whether nothing more may be looked at.
    #[must_use]
    pub const fn is_spent(self) -> bool {
        self.0 == 0
    }

    /// Rows that were looked at.
    #[must_use]
    pub const fn n_looked(self) -> usize {
        ROWS_MAX - self.0
    }
}

/// Which events are wanted. What is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    /// Admitted at this time or later.
    pub since: Option<Timestamp>,
    /// Admitted before this time.
    pub until: Option<Timestamp>,
    /// The tier that routing chose.
    pub tier: Option<Tier>,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The bucket.
    pub bucket: Option<Bucket>,
    /// How the request ended.
    pub outcome: Option<Outcome>,
    /// What the request was made for.
    pub purpose: Option<Purpose>,
    /// Took at least so long.
    pub latency_ms_min: Option<f64>,
    /// Took at most so long.
    pub latency_ms_max: Option<f64>,
    /// The conversation.
    pub conv: Option<Pseudonym>,
}

/// Where a page ended: when, in which segment by its number, where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub i64, pub i64, pub i64);

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The events, the newest first.
    pub rows: Vec<Row>,
    /// Where each of them stands.
    pub places: Vec<Cursor>,
    /// Where it ended; none if nothing is older.
    pub next: Option<Cursor>,
}

impl Index {
    /// At most `n` events before a place, the newest first, as far as the index has come and the budget reaches.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn page(
        &self,
        search: &Search,
        before: Option<Cursor>,
        n: usize,
        budget: &mut Budget,
    ) -> Result<Page, StoreError> {
        self.read_page(search, before, n, budget).map_err(|error| failed(&self.dir, "read", error))
    }

    fn read_page(
        &self,
        search: &Search,
        before: Option<Cursor>,
        n: usize,
        budget: &mut Budget,
    ) -> rusqlite::Result<Page> {
        // In the order in which rows lie, so that the first look is at the newest.
        let select = format!(
            "SELECT {COLUMNS} FROM events JOIN segments ON segments.seg = events.seg
             WHERE (ts, events.seg, offset) < (?1, ?2, ?3) AND ts >= ?4
             ORDER BY ts DESC, events.seg DESC, offset DESC LIMIT ?5"
        );
        let newest = search.until.map_or(i64::MAX, Timestamp::as_micros);
        let Cursor(ts, seg, offset) = before.unwrap_or(Cursor(newest, i64::MIN, i64::MIN));
        let since = search.since.map_or(i64::MIN, Timestamp::as_micros);
        let wanted = Wanted::of(search);
        let mut statement = self.database.prepare_cached(&select)?;
        let looked_max = i64::try_from(budget.0).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![ts, seg, offset, since, looked_max])?;
        let mut page = Page { rows: Vec::new(), places: Vec::new(), next: before };
        while page.rows.len() < n && budget.0 > 0 {
            let Some(row) = rows.next()? else {
                page.next = None;
                break;
            };
            budget.0 -= 1;
            let place = Cursor(row.get(0)?, row.get(1)?, row.get(2)?);
            page.next = Some(place);
            if wanted.takes(row)? {
                page.rows.push(row_of(row)?);
                page.places.push(place);
            }
        }
        Ok(page)
    }
}

/// A search by the codes of the table, so that what is not wanted is not read into anything.
struct Wanted {
    tier: Option<i64>,
    source: Option<i64>,
    bucket: Option<i64>,
    outcome: Option<i64>,
    purpose: Option<i64>,
    latency_ms: (f64, f64),
    conv: Option<Vec<u8>>,
}

impl Wanted {
    fn of(search: &Search) -> Self {
        Self {
            tier: search.tier.map(|one| Code::place(&Tier::ALL, &one)),
            source: search.source.map(|one| Code::place(&Tier::ALL, &one)),
            bucket: search.bucket.map(|one| Code::place(&Bucket::ALL, &one)),
            outcome: search.outcome.map(|one| Code::place(&Outcome::ALL, &one)),
            purpose: search.purpose.map(|one| Code::place(&Purpose::ALL, &one)),
            latency_ms: (
                search.latency_ms_min.unwrap_or(f64::NEG_INFINITY),
                search.latency_ms_max.unwrap_or(f64::INFINITY),
            ),
            conv: search.conv.as_ref().map(|conv| Code::name(conv.as_str())),
        }
    }

    fn takes(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<bool> {
        let is = |column: usize, wanted: Option<i64>| -> rusqlite::Result<bool> {
            let Some(wanted) = wanted else { return Ok(true) };
            Ok(row.get::<_, Option<i64>>(column)? == Some(wanted))
        };
        let latency_ms: f64 = row.get(14)?;
        let is_conv = match &self.conv {
            None => true,
            Some(conv) => row.get_ref(4)?.as_blob()? == conv.as_slice(),
        };
        Ok(is_conv
            && (self.latency_ms.0..=self.latency_ms.1).contains(&latency_ms)
            && is(7, self.tier)?
            && is(8, self.source)?
            && is(9, self.bucket)?
            && is(12, self.outcome)?
            && is(20, self.purpose)?)
    }
}

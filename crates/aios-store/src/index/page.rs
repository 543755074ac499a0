//! Events page by page, the newest first, for people who search.
//!
//! A page is looked for so far and no further: a condition that few events meet gives a short page that says how far
//! it has looked, instead of a long wait. How far is one budget of whoever asks, however many pages it takes.

use aios_core::{Bucket, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::Pseudonym;

use super::database::{Code, failed};
use super::entry::Entry;
use super::window::Row;
use super::{Index, packs};
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
        let newest = search.until.map_or(i64::MAX, Timestamp::as_micros);
        let Cursor(ts, seg, offset) = before.unwrap_or(Cursor(newest, i64::MIN, i64::MIN));
        let since = search.since.map_or(i64::MIN, Timestamp::as_micros);
        let wanted = Wanted::of(search);
        let read = |seg: i64, entry: &Entry<'_>| {
            wanted.takes(entry).then(|| self.row_of(seg, entry)).transpose()
        };
        let mut page = Page { rows: Vec::new(), places: Vec::new(), next: None };
        let mut last = before;
        let is_full = |page: &Page, budget: &Budget| page.rows.len() >= n || budget.is_spent();
        if is_full(&page, budget) {
            page.next = last;
            return Ok(page);
        }
        packs::descending(&self.database, (ts, seg, offset), since, read, |(ts, seg, at), row| {
            budget.0 -= 1;
            let place = Cursor(ts, seg, at);
            last = Some(place);
            if let Some(row) = row {
                page.rows.push(row);
                page.places.push(place);
            }
            let is_full = is_full(&page, budget);
            if is_full {
                page.next = last;
            }
            !is_full
        })?;
        Ok(page)
    }
}

/// A search by the codes of the packs, so that what is not wanted is not read into anything.
struct Wanted {
    tier: Option<u8>,
    source: Option<u8>,
    bucket: Option<u8>,
    outcome: Option<u8>,
    purpose: Option<u8>,
    latency_ms: (f64, f64),
    conv: Option<Vec<u8>>,
}

impl Wanted {
    fn of(search: &Search) -> Self {
        Self {
            tier: search.tier.map(|one| Code::byte(&Tier::ALL, &one)),
            source: search.source.map(|one| Code::byte(&Tier::ALL, &one)),
            bucket: search.bucket.map(|one| Code::byte(&Bucket::ALL, &one)),
            outcome: search.outcome.map(|one| Code::byte(&Outcome::ALL, &one)),
            purpose: search.purpose.map(|one| Code::byte(&Purpose::ALL, &one)),
            latency_ms: (
                search.latency_ms_min.unwrap_or(f64::NEG_INFINITY),
                search.latency_ms_max.unwrap_or(f64::INFINITY),
            ),
            conv: search.conv.as_ref().map(|conv| Code::name(conv.as_str())),
        }
    }

    fn takes(&self, entry: &Entry<'_>) -> bool {
        let is = |code: u8, wanted: Option<u8>| wanted.is_none_or(|wanted| wanted == code);
        self.conv.as_ref().is_none_or(|conv| conv == entry.conv)
            && (self.latency_ms.0..=self.latency_ms.1).contains(&entry.latency_ms)
            && is(entry.tier, self.tier)
            && self.source.is_none_or(|wanted| entry.source == Some(wanted))
            && is(entry.bucket, self.bucket)
            && is(entry.outcome, self.outcome)
            && is(entry.purpose, self.purpose)
    }
}

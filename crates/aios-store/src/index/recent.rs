//! What was written of late, answered from memory: whoever looks ten times a second would have the index brought up each
//! time, which costs ten times what the look does.
//!
//! Memory answers only for times of which it holds everything. What it does not hold is in the index when that was brought
//! up once since, and is older than the bound that this gives: the index has the rest, and need not be brought up for it.
//! What is forgotten for want of room moves the bound, and may not be in the index. Where
//! anything is in doubt, because lines were written that nobody told of, or a segment was changed by anybody but its
//! writer, all of it is forgotten and the index is asked as before. What others do to the file that takes events is noticed
//! when the writer notices it, at its next write or within a second.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use aios_core::Timestamp;

use super::Index;
use super::database::{Code, failed};
use super::fresh::{Fresh, Kept};
use super::said::Voice;
use super::seen::{Seen, hear, millis, seen_of};
use super::stretch::{Held, Stretch};
use crate::{SegmentId, StoreError};

/// Most that waits for the index, in bytes: some thousands of rows. More is forgotten, and read from the log.
pub(super) const DUE_BYTES_MAX: usize = 1024 * 1024;

/// Most that is kept for who asks, in bytes: some seconds of a busy server.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// From when on memory holds all that the log does.
#[derive(Debug)]
pub(super) struct Cover {
    since: Option<Since>,
    /// Bytes of rows that were told since somebody asked; none where nobody does, and nothing is kept.
    n_unasked: Option<usize>,
    /// A file is given another name: a look at the log might see it under neither.
    pub(super) is_sealing: bool,
    /// What is kept at most.
    bytes_max: usize,
}

/// The younger part of what was asked for.
#[derive(Debug, PartialEq)]
pub struct Recent {
    /// All that is older is in the index.
    pub from: Timestamp,
    /// The requests since then, in the order of the index.
    pub seen: Vec<Seen>,
}

/// Since when all that was told is kept.
#[derive(Debug)]
struct Since {
    /// As often segments had been changed.
    changes: u64,
    /// Whatever is not in memory is of before.
    from: Timestamp,
    /// The index was brought up since, and has said of which time it is.
    is_settled: bool,
    /// Something was forgotten that the index may not have yet.
    has_lost: bool,
}

impl Default for Cover {
    fn default() -> Self {
        Self { since: None, n_unasked: None, is_sealing: false, bytes_max: BYTES_MAX }
    }
}

impl Cover {
    /// Whether anything is kept beyond what the index is to take in.
    pub(super) fn is_kept(&self) -> bool {
        self.since.is_some()
    }

    pub(super) fn bytes_max(&self) -> usize {
        if self.is_kept() { self.bytes_max } else { DUE_BYTES_MAX }
    }

    /// So many bytes are told; false if nobody has asked for so many that nobody does any more.
    pub(super) fn is_asked_after(&mut self, n_bytes: usize) -> bool {
        self.n_unasked = self.n_unasked.map(|n| n + n_bytes).filter(|n| *n <= self.bytes_max);
        self.n_unasked.is_some()
    }

    /// Memory answers for nothing that is as old as this.
    pub(super) fn lose(&mut self, stretch: &Stretch) {
        if let Some(since) = &mut self.since {
            since.from = stretch.youngest().map_or(since.from, |at| since.from.max(after(at)));
            since.has_lost = true;
        }
    }
}

/// The next millisecond: lines are no more exact.
fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_stored().as_micros().saturating_add(1_000))
}

impl Kept {
    pub(super) fn doubt(&mut self) {
        self.cover.since = None;
        self.keep_wanted();
    }

    pub(super) fn seal(&mut self) {
        self.cover.is_sealing = true;
        if self.cover.since.as_ref().is_some_and(|since| !since.is_settled) {
            self.doubt();
        }
    }

    /// Rows of one time come in the order in which the index came to know of their segments. That is the order of their
    /// names, or else what was told before counts for nothing.
    pub(super) fn must_be_last(&mut self, segment: SegmentId) {
        if self.stretches.iter().any(|one| one.stretch.segment >= segment) {
            self.stretches.iter().for_each(|one| self.cover.lose(&one.stretch));
        }
    }

    /// Whether anything in memory is of a time, or speaks of an answer of it.
    fn is_told_of(&self, times: &Range<Timestamp>) -> bool {
        let about = millis(times.start)..=millis(times.end);
        self.stretches.iter().any(|Held { stretch, .. }| {
            let mut words = stretch.words.iter();
            stretch.is_of(times) || words.any(|(_, said)| about.contains(&millis(said.about.at())))
        })
    }

    /// What is in memory of a time, if that is all: as of this number of changes.
    fn since(&mut self, changes: u64) -> Option<&Since> {
        if self.cover.since.as_ref().is_some_and(|since| since.changes != changes) {
            self.doubt();
        }
        self.cover.since.as_ref().filter(|since| since.is_settled)
    }
}

impl Fresh {
    /// Somebody will ask for what is told from here on. Returns whether that is news: nothing is kept before the index is
    /// brought up.
    pub(crate) fn keep(&self) -> bool {
        self.lock().cover.n_unasked.replace(0).is_none()
    }

    /// The requests of a time, as [`Index::seen`] gives them once it is up to date; none if more of them than memory holds
    /// are not in the index. `changes` is how often segments have been changed.
    pub(crate) fn seen(&self, times: &Range<Timestamp>, changes: u64) -> Option<Recent> {
        let mut kept = self.lock();
        kept.cover.n_unasked = Some(0);
        let &Since { from, has_lost, .. } = kept.since(changes)?;
        let older = times.start..from.clamp(times.start, times.end);
        if !older.is_empty() && (has_lost || kept.is_told_of(&older)) {
            return None;
        }
        let times = &(older.end..times.end);
        let all = kept.stretches.iter().map(|one| &one.stretch);
        let of_time: Vec<_> = all.clone().filter(|one| one.is_of(times)).map(Arc::clone).collect();
        let about = millis(times.start)..=millis(times.end);
        let words =
            all.flat_map(|one| one.words.iter().map(|(at, said)| (one.segment, *at, *said)));
        let mut words: Vec<_> =
            words.filter(|(_, _, said)| about.contains(&millis(said.about.at()))).collect();
        drop(kept);
        words.sort_by_key(|(segment, at, said)| (said.ts, *segment, *at));
        let mut heard = HashMap::new();
        for (_, _, said) in words {
            let word = (Code::place(&Voice::ALL, &said.voice), said.ts.as_micros(), said.score);
            hear(&mut heard, said.about, word);
        }
        let mut seen = rows(&of_time, times)?;
        for one in &mut seen {
            one.quality = heard.get(&one.event_id).map(|(_, _, score)| *score);
        }
        Some(Recent { from: times.start, seen })
    }

    /// Whether the index, if it is behind, is so by lines alone that the writer has told of.
    pub(crate) fn is_all_told(&self, changes: u64) -> bool {
        self.lock().since(changes).is_some()
    }

    /// The index is about to be brought up. Returns how often a file has been sealed: one that was so since the last time is
    /// among the sealed segments, whether or not it has its footer.
    pub(super) fn begin(&self, changes: u64) -> u64 {
        let mut kept = self.lock();
        if kept.cover.since.as_ref().is_some_and(|since| since.changes != changes) {
            kept.doubt();
        }
        let is_wanted = kept.cover.n_unasked.is_some() && !kept.cover.is_sealing;
        if is_wanted && !kept.cover.is_kept() {
            let from = Timestamp::from_micros(i64::MIN);
            kept.cover.since = Some(Since { changes, from, is_settled: false, has_lost: false });
        }
        kept.n_seals
    }

    /// Whether somebody has to say of which time the index is.
    fn is_unsettled(&self) -> bool {
        self.lock().cover.since.as_ref().is_some_and(|since| !since.is_settled)
    }

    /// All that was told before this was begun is in the index, and is no younger.
    fn settle(&self, youngest: Option<Timestamp>) {
        let mut kept = self.lock();
        if let Some(since) = &mut kept.cover.since {
            since.from = youngest.map_or(since.from, |youngest| since.from.max(after(youngest)));
            since.is_settled = true;
            kept.keep_due();
        }
    }

    /// Keeps no more than this.
    #[cfg(test)]
    pub(crate) fn keep_at_most(&self, n_bytes: usize) {
        self.lock().cover.bytes_max = n_bytes;
    }
}

/// Rows of a time in the order of the index.
fn rows(stretches: &[Arc<Stretch>], times: &Range<Timestamp>) -> Option<Vec<Seen>> {
    let mut rows = Vec::new();
    for stretch in stretches {
        let is_whole = stretch.each_row(|entry| {
            if times.contains(&entry.at()) {
                let place = (entry.ts, stretch.segment, entry.offset);
                rows.push(seen_of(&entry).map(|seen| (place, seen)));
            }
        });
        if !is_whole {
            return None;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect::<Result<_, _>>().ok()?;
    rows.sort_by_key(|(place, _)| *place);
    Some(rows.into_iter().map(|(_, seen)| seen).collect())
}

impl Index {
    /// Lets whoever answers from memory know of which time everything is that is in here.
    pub(super) fn settle_told(&self) -> Result<(), StoreError> {
        if self.fresh.is_unsettled() {
            let youngest = self.youngest().map_err(|error| failed(&self.dir, "read", error))?;
            self.fresh.settle(youngest);
        }
        Ok(())
    }

    /// The time of its youngest line, or of the youngest answer that is spoken of.
    fn youngest(&self) -> rusqlite::Result<Option<Timestamp>> {
        let one = |select: &str| -> rusqlite::Result<Option<i64>> {
            self.database.query_row(select, [], |row| row.get(0))
        };
        let line = one("SELECT max(last_ts) FROM segments")?;
        let answer = one("SELECT max(about_ms) FROM said")?.map(|ms| ms.saturating_mul(1_000));
        Ok(line.max(answer).map(Timestamp::from_micros))
    }
}

#[cfg(test)]
mod tests;

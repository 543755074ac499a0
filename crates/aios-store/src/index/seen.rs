//! What judging reads of a time: narrow rows in the order of arrival, each with how good its answer was.
//!
//! Judging looks at every event of a month, so a row is read into numbers and nothing is allocated for
//! it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use aios_core::{Bucket, EventId, Operation, Outcome, Purpose, Tier, Timestamp};
use rusqlite::params;
use serde::Serialize;

use super::database::{Code, failed};
use super::entry::Entry;
use super::said::Voice;
use super::{Index, packs};
use crate::StoreError;

/// For how long after an answer was asked for what follows it may come: an answer takes its time, and the next question
/// comes within minutes.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(3_600);

const SELECT_SAID: &str =
    "SELECT about, ts, voice, score FROM said WHERE about_ms >= ?1 AND about_ms <= ?2";

const COUNT_SAID: &str =
    "SELECT count(*) FROM said WHERE about_ms = ?1 AND about = ?2 AND voice = ?3";

/// What judging needs of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// When it was admitted.
    pub ts: Timestamp,
    /// Its event.
    pub event_id: EventId,
    /// Its conversation: a number that is the same for the same one.
    pub conversation: u64,
    /// Which API was called.
    pub operation: Operation,
    /// The conversation's bucket.
    pub bucket: Bucket,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The boundary that was applied.
    pub boundary: f64,
    /// The message's weight, if it was weighed.
    pub weight: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
    /// From admission to the last byte, in milliseconds.
    pub latency_ms: f64,
    /// From admission to the first content, in milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Whether fragments that the memory had found were put before the model, or withheld by chance; none
    /// where there were none.
    pub memory: Option<bool>,
    /// The answer came from a built-in simulated model.
    pub simulated: bool,
    /// What it was made for.
    pub purpose: Purpose,
    /// How good the answer was, 0 to 1: the client's last word, else the judge's; none where nobody said.
    pub quality: Option<f64>,
}

/// How conversations went on after answers of a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sequels {
    /// Answers after which something was asked soon.
    pub n_followed: u64,
    /// Those of them after which the same was asked again.
    pub n_asked_again: u64,
}

/// Somebody's word on an answer: whose voice, as its place in the list, when, what.
pub(super) type Word = (i64, i64, f64);

impl Index {
    /// Gives out the requests of a time, oldest first, as far as the index has come, each with what was
    /// said of it since.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn seen(&self, times: Range<Timestamp>, take: impl FnMut(&Seen)) -> Result<(), StoreError> {
        self.read_seen(times, take).map_err(|error| failed(&self.dir, "read", error))
    }

    /// How good somebody found each answer of a time: the client's last word, else the judge's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn opinions(&self, times: &Range<Timestamp>) -> Result<HashMap<EventId, f64>, StoreError> {
        let words = self.words(times).map_err(|error| failed(&self.dir, "read", error))?;
        Ok(words.into_iter().map(|(about, (_, _, score))| (about, score)).collect())
    }

    /// How conversations went on after the answers of a time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sequels(&self, times: &Range<Timestamp>) -> Result<Sequels, StoreError> {
        let about = millis(times.start)..millis(times.end);
        let mut sequels = Sequels::default();
        let asked_again = |_, entry: &Entry<'_>| {
            Ok(entry.previous_ms.filter(|ms| about.contains(ms)).map(|_| entry.asked_again))
        };
        let followers = times.start..times.end.plus(FOLLOWS_WITHIN);
        let read = packs::ascending(&self.database, &followers, asked_again, |asked_again| {
            sequels.n_followed += 1;
            sequels.n_asked_again += u64::from(asked_again);
        });
        read.map(|()| sequels).map_err(|error| failed(&self.dir, "count", error))
    }

    /// When the answers were given of which something was said at `since` or later.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn spoken_of(&self, since: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        self.read_spoken_of(since).map_err(|error| failed(&self.dir, "read", error))
    }

    /// How many scores clients have given an answer, as far as the index has come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn n_scores_by_client(&self, about: EventId) -> Result<u32, StoreError> {
        let (ms, by) = (about.at().as_micros() / 1_000, Code::place(&Voice::ALL, &Voice::Client));
        let counted =
            self.database.query_row(COUNT_SAID, params![ms, about.as_bytes(), by], |row| {
                row.get::<_, u32>(0)
            });
        counted.map_err(|error| failed(&self.dir, "read", error))
    }

    fn read_spoken_of(&self, since: Timestamp) -> rusqlite::Result<Vec<Timestamp>> {
        let mut statement = self.database.prepare("SELECT about_ms FROM said WHERE ts >= ?1")?;
        let rows = statement.query_map([since.as_micros()], |row| row.get::<_, i64>(0))?;
        rows.map(|millis| millis.map(|ms| Timestamp::from_micros(ms * 1_000))).collect()
    }

    fn read_seen(
        &self,
        times: Range<Timestamp>,
        mut take: impl FnMut(&Seen),
    ) -> rusqlite::Result<()> {
        let words = self.words(&times)?;
        let read = |_, entry: &Entry<'_>| seen_of(entry).map(Some);
        packs::ascending(&self.database, &times, read, |mut seen| {
            if !words.is_empty() {
                seen.quality = words.get(&seen.event_id).map(|(_, _, score)| *score);
            }
            take(&seen);
        })
    }

    /// What counts of all that was said of the answers of a time.
    fn words(&self, times: &Range<Timestamp>) -> rusqlite::Result<HashMap<EventId, Word>> {
        let mut statement = self.database.prepare(SELECT_SAID)?;
        let mut rows = statement.query([millis(times.start), millis(times.end)])?;
        let mut words = HashMap::new();
        while let Some(row) = rows.next()? {
            let word: Word = (row.get(2)?, row.get(1)?, row.get(3)?);
            hear(&mut words, EventId::from_bytes(row.get(0)?), word);
        }
        Ok(words)
    }
}

/// Takes in a word on an answer; of each voice they come in the order in which they were said.
pub(super) fn hear(words: &mut HashMap<EventId, Word>, about: EventId, word: Word) {
    words
        .entry(about)
        .and_modify(|said| {
            if counts_more(&word, said) {
                *said = word;
            }
        })
        .or_insert(word);
}

pub(super) const fn millis(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(1_000)
}

/// The better voice counts, and of one voice the later word.
fn counts_more(word: &Word, than: &Word) -> bool {
    word.0 < than.0 || (word.0 == than.0 && word.1 >= than.1)
}

pub(super) fn seen_of(entry: &Entry<'_>) -> rusqlite::Result<Seen> {
    Ok(Seen {
        ts: entry.at(),
        event_id: entry.id(),
        conversation: number(entry.conv),
        operation: entry.operation()?,
        bucket: entry.bucket()?,
        source: entry.source()?,
        boundary: entry.boundary,
        weight: entry.weight,
        outcome: entry.outcome()?,
        latency_ms: entry.latency_ms,
        time_to_first_token_ms: entry.first_ms,
        output_tokens: entry.output_tokens,
        memory: entry.memory,
        simulated: entry.simulated,
        purpose: entry.purpose()?,
        quality: None,
    })
}

/// A pseudonym is random, so its last bytes tell it from others as well as all of them.
fn number(code: &[u8]) -> u64 {
    code.last_chunk().map_or(0, |last| u64::from_be_bytes(*last))
}

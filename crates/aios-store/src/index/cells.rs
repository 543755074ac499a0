//! Counts of live requests by the minute, the hour and the day, kept while the index is brought up: what charts and tiles
//! are made of, so that nobody reads millions of rows to draw one. A time is put together from the longest cells that lie
//! in it, so that a year costs hardly more than a day.
//!
//! A cell holds counts and nothing of anybody. It belongs to a segment, and goes and comes again with it: a segment
//! that was rewritten without somebody is counted anew without them.

use std::collections::HashMap;
use std::ops::Range;

use aios_core::{Bucket, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::RedactionCounts;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::Index;
use super::cover::cover;
use super::database::{Code, failed};
use super::entry::Entry;
use super::latencies::Latencies;
use crate::StoreError;

/// Bars of the histogram of weights.
pub const WEIGHT_BARS: usize = 20;

/// How long a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Span {
    pub(super) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its seconds.
    #[must_use]
    pub const fn secs(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// When the one begins in which a second lies.
    pub(super) const fn start(self, secs: i64) -> i64 {
        secs.div_euclid(self.secs()) * self.secs()
    }
}

/// Live requests of a time, of one bucket, that one tier answered or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// When it begins, in seconds since 1970.
    pub start_s: i64,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The bucket.
    pub bucket: Bucket,
    /// What was counted.
    pub counts: Counts,
}

/// What is counted of requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// By how they ended, as [`Outcome::ALL`] lists it.
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Those that simulated models answered.
    pub n_simulated: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Cost in US dollars.
    pub cost_usd: f64,
    /// How long those took that were answered; who got no answer is counted by outcome.
    pub latencies: Latencies,
    /// Messages that were weighed, by their weight.
    pub weights: [u64; WEIGHT_BARS],
    /// Messages that were weighed and went to main.
    pub n_to_main: u64,
    /// Sum of the boundaries that messages were held against.
    pub boundary_sum: f64,
    /// Lowest of them.
    pub boundary_min: Option<f64>,
    /// Highest of them.
    pub boundary_max: Option<f64>,
}

impl Counts {
    /// Requests.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Messages that were weighed.
    #[must_use]
    pub fn n_weighed(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Requests that ended in this way.
    #[must_use]
    pub fn n_ended(&self, outcome: Outcome) -> u64 {
        Outcome::ALL
            .iter()
            .zip(self.outcomes)
            .filter(|(one, _)| **one == outcome)
            .map(|(_, n)| n)
            .sum()
    }

    /// Takes in those of another time.
    pub fn merge(&mut self, other: &Self) {
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(n, more)| *n += more);
        self.weights.iter_mut().zip(other.weights).for_each(|(n, more)| *n += more);
        self.n_simulated += other.n_simulated;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cost_usd += other.cost_usd;
        self.latencies.merge(&other.latencies);
        self.n_to_main += other.n_to_main;
        self.boundary_sum += other.boundary_sum;
        other.boundary_min.into_iter().for_each(|at| self.saw_boundary(at));
        other.boundary_max.into_iter().for_each(|at| self.saw_boundary(at));
    }

    fn add(&mut self, entry: &Entry<'_>) -> rusqlite::Result<()> {
        let outcome = entry.outcome()?;
        self.outcomes[usize::from(entry.outcome)] += 1;
        self.n_simulated += u64::from(entry.simulated);
        self.input_tokens += entry.input_tokens.unwrap_or(0);
        self.output_tokens += entry.output_tokens.unwrap_or(0);
        self.cost_usd += entry.cost_usd.unwrap_or(0.0);
        if outcome == Outcome::Ok {
            self.latencies.add(entry.latency_ms);
        }
        if let Some(weight) = entry.weight {
            let bar = (weight * WEIGHT_BARS as f64) as usize;
            self.weights[bar.min(WEIGHT_BARS - 1)] += 1;
            self.n_to_main += u64::from(entry.tier()? == Tier::Main);
            self.boundary_sum += entry.boundary;
            self.saw_boundary(entry.boundary);
        }
        Ok(())
    }

    fn saw_boundary(&mut self, at: f64) {
        self.boundary_min = Some(self.boundary_min.map_or(at, |least| least.min(at)));
        self.boundary_max = Some(self.boundary_max.map_or(at, |most| most.max(at)));
    }
}

/// A cell's place: its span, when it begins, who answered, and the bucket.
type Place = (Span, i64, Option<Tier>, Bucket);

/// Counts of lines that are being read.
#[derive(Debug, Default)]
pub(super) struct Counting {
    n_rows: u64,
    cells: HashMap<Place, Counts>,
    masked: HashMap<(i64, &'static str), u64>,
}

impl Counting {
    /// Counts one event.
    pub(super) fn take(
        &mut self,
        entry: &Entry<'_>,
        redactions: &RedactionCounts,
    ) -> rusqlite::Result<()> {
        let secs = entry.at().as_secs();
        let hour = Span::Hour.start(secs);
        self.n_rows += 1;
        for (kind, n) in redactions.iter() {
            *self.masked.entry((hour, kind.name())).or_default() += u64::from(n);
        }
        if entry.purpose()? == Purpose::Live {
            for span in Span::ALL {
                let place = (span, span.start(secs), entry.source()?, entry.bucket()?);
                self.cells.entry(place).or_default().add(entry)?;
            }
        }
        Ok(())
    }

    /// Adds them to what the index has of this segment.
    pub(super) fn keep(self, changes: &Transaction<'_>, seg: i64) -> rusqlite::Result<()> {
        let mut find = changes.prepare_cached(
            "SELECT counts FROM cells WHERE span = ?1 AND start = ?2 AND seg = ?3 AND source = ?4 AND bucket = ?5",
        )?;
        let mut put = changes
            .prepare_cached("INSERT OR REPLACE INTO cells VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for ((span, start, source, bucket), counts) in self.cells {
            let (source, bucket) = (source_code(source), Code::place(&Bucket::ALL, &bucket));
            let place = params![span.secs(), start, seg, source, bucket];
            let kept: Option<Vec<u8>> = find.query_row(place, |row| row.get(0)).optional()?;
            let mut all = kept.map_or_else(Counts::default, |kept| counts_of(&kept));
            all.merge(&counts);
            let packed = postcard::to_stdvec(&all).unwrap_or_default();
            put.execute(params![span.secs(), start, seg, source, bucket, packed])?;
        }
        let mut add = changes.prepare_cached(
            "INSERT INTO masked VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        )?;
        for ((hour, kind), n) in self.masked {
            add.execute(params![hour, seg, kind, i64::try_from(n).unwrap_or(i64::MAX)])?;
        }
        let n_rows = i64::try_from(self.n_rows).unwrap_or(i64::MAX);
        let mut count =
            changes.prepare_cached("UPDATE segments SET n_rows = n_rows + ?2 WHERE seg = ?1")?;
        count.execute([seg, n_rows]).map(drop)
    }
}

/// Forgets what was counted of a segment whose events are of this time.
pub(super) fn forget(
    changes: &Transaction<'_>,
    seg: i64,
    (first, last): (Timestamp, Timestamp),
) -> rusqlite::Result<()> {
    for span in Span::ALL {
        changes.execute(
            "DELETE FROM cells WHERE span = ?1 AND start BETWEEN ?2 AND ?3 AND seg = ?4",
            params![span.secs(), span.start(first.as_secs()), last.as_secs(), seg],
        )?;
    }
    changes.execute(
        "DELETE FROM masked WHERE hour BETWEEN ?1 AND ?2 AND seg = ?3",
        params![Span::Hour.start(first.as_secs()), last.as_secs(), seg],
    )?;
    Ok(())
}

impl Index {
    /// Gives out the cells that a time is made of, to the minute in which it begins and the one in which it ends, oldest
    /// first, as far as the index has come. None is longer than `longest`. There may be several of the same place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cells(
        &self,
        longest: Span,
        times: Range<Timestamp>,
        mut take: impl FnMut(Cell),
    ) -> Result<(), StoreError> {
        for (span, part) in cover(longest, &times) {
            let read = self.read_cells(span, part, &mut take);
            read.map_err(|error| failed(&self.dir, "read", error))?;
        }
        Ok(())
    }

    /// How often something was masked in each hour that begins in a time: when the hour began in seconds since 1970,
    /// the kind, how often.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn masked(&self, times: Range<Timestamp>) -> Result<Vec<(i64, String, u64)>, StoreError> {
        let read = || {
            let mut statement = self.database.prepare(
                "SELECT hour, kind, sum(n) FROM masked WHERE hour >= ?1 AND hour < ?2
                 GROUP BY hour, kind ORDER BY hour",
            )?;
            let from = Span::Hour.start(times.start.as_secs());
            let rows = statement.query_map(params![from, times.end.as_secs()], |row| {
                let n: i64 = row.get(2)?;
                Ok((row.get(0)?, row.get(1)?, u64::try_from(n).unwrap_or(0)))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| failed(&self.dir, "read", error))
    }

    fn read_cells(
        &self,
        span: Span,
        starts: Range<i64>,
        take: &mut impl FnMut(Cell),
    ) -> rusqlite::Result<()> {
        let mut statement = self.database.prepare_cached(
            "SELECT start, source, bucket, counts FROM cells WHERE span = ?1 AND start >= ?2 AND start < ?3
             ORDER BY start",
        )?;
        let mut rows = statement.query(params![span.secs(), starts.start, starts.end])?;
        while let Some(row) = rows.next()? {
            let Some(bucket) = Code::at(&Bucket::ALL, row.get(2)?) else { continue };
            take(Cell {
                start_s: row.get(0)?,
                source: Code::at(&Tier::ALL, row.get(1)?),
                bucket,
                counts: counts_of(row.get_ref(3)?.as_blob()?),
            });
        }
        Ok(())
    }
}

fn source_code(source: Option<Tier>) -> i64 {
    source.map_or(-1, |tier| Code::place(&Tier::ALL, &tier))
}

/// What cannot be read counts nothing: the tables are of this version or none.
fn counts_of(packed: &[u8]) -> Counts {
    postcard::from_bytes(packed).unwrap_or_default()
}

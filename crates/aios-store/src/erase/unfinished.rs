//! Erasures that are not done, and what is in their way.
//!
//! What was not whole is tried again, less and less often, and then no more: whoever has to do something about it is
//! told what, and an erasure that nobody can finish does not read everything for ever.

use std::time::Duration;

use aios_core::Timestamp;
use aios_privacy::MASK;
use serde::Serialize;

use super::census::Left;
use super::earlier::Earlier;
use super::ledger::{ErasureState, Ledger, LedgerEntry};
use super::run::Eraser;
use crate::{DataDir, StoreError};

/// How long it waits to be tried again for the first time; each time after that twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How often it is tried again: over a month in all.
const TRIES_MAX: u32 = 5;

/// What stands in the way of those that wait.
const HELD: &str = "a hold keeps what is to be erased; `aios logs hold list` names it";

/// What stands in the way of those that were broken off.
const BROKEN_OFF: &str = "it is under way, or was broken off and goes on at the next start";

/// What nobody but the caller can do.
const NEEDS_ID: &str =
    "the run that knew the id was not whole; `aios data delete` with the id does the rest";

/// An erasure that was decided and is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The erasure.
    pub id: String,
    /// How far it has come.
    pub state: ErasureState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// What it waits for.
    pub waits_for: WaitsFor,
    /// What is in its way.
    pub why: String,
    /// When it is tried again by itself; none where it waits for something else, or for a person.
    pub next_try: Option<Timestamp>,
}

/// What an erasure waits for that is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// It is under way.
    Nothing,
    /// A hold that ends.
    Hold,
    /// The time at which it is tried again.
    Retry,
    /// Somebody: nothing tries it again.
    Person,
}

impl WaitsFor {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Hold, Self::Retry, Self::Person];

    /// How metrics call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Hold => "hold",
            Self::Retry => "retry",
            Self::Person => "person",
        }
    }
}

/// The erasures that are decided and not whole, also beside a server. One that a later erasure of the same has made up for
/// is not among them.
///
/// # Errors
/// When the ledger or a receipt cannot be read.
pub fn unfinished(dir: &DataDir) -> Result<Vec<Unfinished>, StoreError> {
    in_ledger(dir, &Ledger::read(dir)?)
}

impl Eraser {
    /// The same, by the ledger that is at hand.
    ///
    /// # Errors
    /// When a receipt cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        in_ledger(&self.dir, &self.ledger())
    }
}

fn in_ledger(dir: &DataDir, ledger: &Ledger) -> Result<Vec<Unfinished>, StoreError> {
    let mut open = ledger.open();
    let (incomplete, completed): (Vec<_>, Vec<_>) =
        ledger.finished().into_iter().partition(|entry| entry.state == ErasureState::Incomplete);
    open.extend(incomplete.into_iter().filter(|entry| !is_made_up_for(entry, &completed)));
    open.into_iter().map(|entry| Unfinished::of(dir, entry)).collect()
}

fn is_made_up_for(entry: &LedgerEntry, completed: &[LedgerEntry]) -> bool {
    completed.iter().any(|later| {
        later.ts >= entry.ts && entry.target.iter().all(|one| later.target.contains(one))
    })
}

/// What the last receipt says is in the way, without what somebody has removed since: that needs no retry to be seen.
fn still_in_the_way(dir: &DataDir, id: &str) -> Result<Option<Vec<Left>>, StoreError> {
    let is_there = |left: &Left| {
        // A name that names somebody is not written down as it is.
        let is_masked = left.file.to_string_lossy().contains(MASK);
        is_masked || dir.path().join(&left.file).try_exists().unwrap_or(true)
    };
    let left = Earlier::of(dir, id)?.in_the_way();
    Ok(left.map(|left| left.into_iter().filter(is_there).collect()))
}

impl Unfinished {
    fn of(dir: &DataDir, entry: LedgerEntry) -> Result<Self, StoreError> {
        let (waits_for, why) = match entry.state {
            ErasureState::Waiting => (WaitsFor::Hold, HELD.to_owned()),
            ErasureState::Incomplete => match (still_in_the_way(dir, &entry.id)?, entry.next_try())
            {
                (Some(left), _) if left.is_empty() => (WaitsFor::Person, NEEDS_ID.to_owned()),
                (left, None) => (WaitsFor::Person, told(&left.unwrap_or_default())),
                (left, Some(_)) => (WaitsFor::Retry, told(&left.unwrap_or_default())),
            },
            ErasureState::Requested
            | ErasureState::Planned
            | ErasureState::Ledgered
            | ErasureState::Fenced
            | ErasureState::Rewriting
            | ErasureState::Verified
            | ErasureState::Completed => (WaitsFor::Nothing, BROKEN_OFF.to_owned()),
        };
        let next_try = entry.next_try().filter(|_| waits_for == WaitsFor::Retry);
        let LedgerEntry { id, state, requested_at, .. } = entry;
        Ok(Self { id, state, requested_at, waits_for, why, next_try })
    }
}

impl LedgerEntry {
    /// When one that was not whole is tried again; none where that was done often enough.
    pub(super) fn next_try(&self) -> Option<Timestamp> {
        (self.n_tries < TRIES_MAX).then(|| self.ts.plus(FIRST_WAIT * (1 << self.n_tries)))
    }
}

/// Names the first thing that is in the way.
pub(super) fn told(left: &[Left]) -> String {
    match left {
        [] => "its receipt cannot be read".to_owned(),
        [Left { file, why }] => format!("{}: {why}", file.display()),
        [Left { file, why }, rest @ ..] => {
            format!("{}: {why}, and {} more", file.display(), rest.len())
        }
    }
}

//! One line of the audit trail.
//!
//! Lines stand in a chain of hashes: see [`crate::chain`].
//!
//! An entry tells what was done and how often, never to which value: no text, no hash of one. A
//! conversation or person stands in it as a pseudonym.

use std::collections::BTreeMap;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use serde::{Deserialize, Serialize};

use crate::chain;
pub(crate) use crate::chain::GENESIS;
use crate::{Hold, HoldId};

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// The hash of the entry before.
    pub prev: String,
    /// When it was written.
    pub ts: Timestamp,
    /// Who did it: the name of an admin token, or one of [`actor`](super::actor).
    pub actor: String,
    /// What was done.
    #[serde(flatten)]
    pub action: AuditAction,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum AuditAction {
    /// A process began to write the trail.
    Opened {
        /// Version of the program.
        version: String,
        /// Whether a head outside of the trail says how far it has come; no version before had one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        headed: bool,
    },
    /// A trail of a version without a head got one.
    Headed {
        /// The last entry before this one.
        last_seq: u64,
    },
    /// The trail did not come as far as its head, or that was gone, when it was opened.
    Lost {
        /// The last entry by the head; 0 where that is not known.
        last_seq: u64,
    },
    /// The trail ended in half a line, which was cut off.
    TornTailCut {
        /// How many bytes.
        n_bytes: u64,
    },
    /// Values were changed, or stopped with their texts, on their way to a sink.
    Redacted {
        /// Where the text was going: `log`, `upstream`, `client` or `memory`.
        sink: String,
        /// What was done: `mask`, `placeholder` or `block`; empty in entries of versions that recorded masks alone.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        done: String,
        /// Hash of the configuration in force, whose rules found them together with the program's own.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        config_hash: String,
        /// From when on.
        since: Timestamp,
        /// How many, by kind.
        counts: BTreeMap<String, u64>,
    },
    /// Somebody changed something through the admin API.
    Changed {
        /// Method and route.
        request: String,
        /// The answer's HTTP status.
        status: u16,
    },
    /// A browser came in by a link.
    SignedIn,
    /// Somebody was not let in.
    Refused {
        /// Method and route.
        request: String,
        /// The answer's HTTP status.
        status: u16,
    },
    /// Refusals that got no entry of their own, because there were too many.
    RefusedMore {
        /// How many.
        n: u64,
    },
    /// The event log was rotated, and something was sealed, compressed or removed, or could not be.
    Rotated {
        /// Segments that were sealed.
        n_sealed: u64,
        /// Segments that were compressed.
        n_compressed: u64,
        /// Segments that were removed.
        n_removed: u64,
        /// What could not be done.
        n_failed: u64,
        /// Whether guards were passed over.
        forced: bool,
        /// Why nothing was removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stopped: Option<String>,
    },
    /// The index was made anew.
    Reindexed {
        /// Events in it.
        n_events: u64,
    },
    /// A log of an older version was taken in.
    Migrated {
        /// Answers that became events, or were events already.
        n_events: u64,
        /// Answers that were left out, because they are erased here.
        n_erased: u64,
        /// Lines that were put aside.
        n_not_migrated: u64,
    },
    /// A hold was set or released. Whose and why stands in the file of holds.
    Hold {
        /// `set` or `released`.
        change: String,
        /// The hold.
        id: HoldId,
        /// When it ends of itself.
        expires_at: Timestamp,
        /// Events from then on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// Events before then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Somebody counted what is stored of somebody.
    Found {
        /// Of whom.
        subjects: Vec<Pseudonym>,
        /// Events that were found.
        n_events: u64,
    },
    /// What is remembered was changed by a command on a directory that no server uses.
    Memory {
        /// The command's verb.
        change: String,
    },
    /// An erasure reached a state.
    Erasure {
        /// The request.
        id: String,
        /// Its state.
        state: String,
        /// Whose data.
        subjects: Vec<Pseudonym>,
        /// Records removed, once that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n_records: Option<u64>,
        /// SHA-256 of the receipt, once there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<String>,
    },
    /// Erasures whose time was over were taken out of the ledger, and their receipts removed.
    Forgot {
        /// How many, with plans that were not executed.
        n_erasures: u64,
        /// All of them had come to their end before then.
        before: Timestamp,
    },
    /// A version of the pseudonyms' key was made or removed.
    Key {
        /// `rotated` or `retired`.
        change: String,
        /// Which version.
        version: u16,
    },
    /// The night's work was done.
    Night {
        /// Steps that were done.
        n_done: u64,
        /// Steps that had nothing to do.
        n_skipped: u64,
        /// Steps that found what should not be.
        n_violations: u64,
        /// Steps that could not be done.
        n_failed: u64,
        /// How each ended, by its name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        steps: BTreeMap<String, String>,
    },
    /// How far the chain of verdicts and decisions had come.
    ControlHead {
        /// Its last line.
        last_line: u64,
    },
    /// How far the register of segments had come.
    SegmentsHead {
        /// Its last line.
        last_line: u64,
        /// The hash of that line.
        hash: String,
    },
    /// Somebody has taken note of a loss. Why stands in the register of segments.
    LossAcknowledged {
        /// Its name.
        loss: String,
        /// Events that are lost.
        n_events: u64,
    },
    /// Files past their time were removed.
    Pruned {
        /// How many.
        n_files: u64,
        /// The last entry in them.
        last_seq: u64,
    },
    /// The process stopped in an orderly way.
    Closed,
}

impl AuditAction {
    /// A hold was changed: `set` or `released`.
    pub(crate) fn of_hold(change: &str, hold: &Hold) -> Self {
        let Hold { id, expires_at, since, until, .. } = *hold;
        Self::Hold { change: change.to_owned(), id, expires_at, since, until }
    }
}

/// The entry's line, with its newline, and its hash.
pub(crate) fn line(entry: &AuditEntry) -> Result<(String, String), serde_json::Error> {
    Ok(chain::seal(&entry.prev, &serde_json::to_string(entry)?))
}

/// An entry as it was read, with the hash that stands in its line.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) entry: AuditEntry,
    pub(crate) hash: String,
    /// The hash is the line's.
    pub(crate) is_intact: bool,
}

/// Reads a line without its newline.
pub(crate) fn read(line: &str) -> Result<Read, String> {
    let (body, hash) = chain::open(line)?;
    let entry: AuditEntry = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let is_intact = chain::hash(&entry.prev, &body) == hash;
    Ok(Read { entry, hash: hash.to_owned(), is_intact })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_each_changed_byte_is_seen() {
        let entry = AuditEntry {
            seq: 1,
            prev: GENESIS.into(),
            ts: Timestamp::from_micros(1_800_000_000_123_000),
            actor: "cli".into(),
            action: AuditAction::Key { change: "rotated".into(), version: 2 },
        };
        let (line, hash) = line(&entry).unwrap();
        insta::assert_snapshot!(line.trim_end(), @r#"{"seq":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000","ts":"2027-01-15T08:00:00.123Z","actor":"cli","action":"key","change":"rotated","version":2,"h":"6440c746005eee4f1309d830051d7ba9b2b5dca2d75a1e3a13ab6fc474424b75"}"#);
        let line = line.trim_end();
        let found = read(line).unwrap();
        assert_eq!((found.entry, found.hash, found.is_intact), (entry, hash, true));
        for at in 0..line.len() {
            let mut changed = line.as_bytes().to_vec();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let seen = read(std::str::from_utf8(&changed).unwrap());
            assert!(seen.is_err() || !seen.unwrap().is_intact, "byte {at}");
        }
    }
}

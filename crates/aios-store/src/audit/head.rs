//! How far the trail has come, outside of it: `analytics/audit.head`.
//!
//! Checkpoints vouch for entries, but lie beside them: whoever removes them and cuts the trail leaves a shorter one that is
//! sound. So after each entry its number and hash are written to a place of their own. What the head knows must be there;
//! a head that contradicts the trail is never written over, so that the trail can be put back.
//!
//! A directory of a version that had no head gets one when the trail is opened for the first time, with an entry
//! (`headed`), if all that is left can be vouched for. From then on a trail without a head is one whose head was removed.

use std::path::Path;

use memchr::memmem;

use super::entry::{self, AuditAction};
use super::state::State;
use super::verify::{self, AuditFault};
use super::{AuditVerdict, each_line, files};
use crate::head::{ChainEnd, Head, HeadOf};
use crate::sign::{self, Signer};
use crate::{DataDir, StoreError, disk};

const HEAD: HeadOf = HeadOf::Audit;

/// Stands in each entry that says that the trail was not whole, and in few others.
const LOST: &[u8] = b"\"action\":\"lost\"";

/// The head as it was read: none, one, or why it cannot be used.
pub(super) type Known = Result<Option<Head>, &'static str>;

pub(super) fn read(dir: &DataDir) -> Result<Known, StoreError> {
    HEAD.read(dir)
}

pub(super) fn write(dir: &DataDir, signer: &Signer, end: &ChainEnd) -> Result<(), StoreError> {
    HEAD.write(dir, signer, end)
}

/// How a trail that is opened for writing stands to its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was ever written.
    New,
    /// It comes as far as its head.
    Whole,
    /// It is of a version that had no head, and nothing says that it is not whole.
    Headless,
    /// It does not come as far as its head, or that is gone. Up to which entry there was one, if that is known.
    Lost {
        /// By the head; 0 where it is not known.
        last_seq: u64,
    },
}

impl Standing {
    /// Looks at what was `known` before the trail was read. `was_in_use` is whether something else in the directory says
    /// that there was a trail.
    pub(super) fn of(
        dir: &DataDir,
        known: &Known,
        state: &State,
        was_in_use: bool,
    ) -> Result<Self, StoreError> {
        Ok(match known {
            Err(_) => Self::Lost { last_seq: 0 },
            Ok(Some(head)) if head.seq == 0 => Self::Whole,
            Ok(Some(head)) => match hash_of(&dir.audit_path(), head.seq)? {
                Some(h) if h == head.h => Self::Whole,
                Some(_) | None => Self::Lost { last_seq: head.seq },
            },
            Ok(None) if state.seq > 0 => match verify::check(dir, &[])? {
                AuditVerdict::Headless(_) => Self::Headless,
                AuditVerdict::Sound(_) | AuditVerdict::Bad(_) | AuditVerdict::NoData => {
                    Self::Lost { last_seq: 0 }
                }
            },
            Ok(None) if was_in_use => Self::Lost { last_seq: 0 },
            Ok(None) => Self::New,
        })
    }
}

/// What the trail's head says against its end: the last entry that is there.
pub(super) fn contradicted(known: &Known, dir: &DataDir, last_seq: u64) -> Option<AuditFault> {
    let fault = |seq, why| Some(AuditFault { seq, file: HEAD.path(dir), line: None, why });
    match known {
        Err(why) => fault(last_seq, (*why).to_owned()),
        Ok(Some(head)) if head.seq > last_seq => fault(
            last_seq + 1,
            format!("cut off: by its head the trail had come to entry {}", head.seq),
        ),
        Ok(Some(_) | None) => None,
    }
}

/// Why a trail without an entry is no new one; none if it is.
pub(super) fn gone(known: &Known, dir: &DataDir) -> Result<Option<AuditFault>, StoreError> {
    if let Ok(None) = known {
        let why = "gone: there is no trail and no head of one, in a directory that has events, keys or an index".to_owned();
        let file = dir.audit_path();
        return Ok(has_been_used(dir)?.then_some(AuditFault { seq: 1, file, line: None, why }));
    }
    Ok(contradicted(known, dir, 0))
}

/// Whether the trail is not whole, so that what it knew of control's chain may be gone with it.
pub(crate) fn is_lost(dir: &DataDir) -> Result<bool, StoreError> {
    let (known, audit) = (read(dir)?, dir.audit_path());
    let mark = memmem::Finder::new(LOST);
    let (mut last_seq, mut is_on_record) = (0, false);
    for file in files::in_order(&audit)? {
        each_line(&file.path(&audit), |_, text| {
            let Ok(read) = entry::read(text) else { return };
            last_seq = read.entry.seq;
            is_on_record |= mark.find(text.as_bytes()).is_some()
                && matches!(read.entry.action, AuditAction::Lost { .. });
        })?;
    }
    Ok(is_on_record
        || match known {
            Err(_) => true,
            Ok(Some(head)) => head.seq > last_seq,
            Ok(None) => last_seq == 0 && was_in_use(dir)?,
        })
}

/// Whether something else says that a trail was written here: whoever makes a signing key begins one, and events and the
/// index come after it. A log of another program has no such key.
pub(super) fn was_in_use(dir: &DataDir) -> Result<bool, StoreError> {
    let has_key = dir.load_key(sign::KEY).is_ok_and(|key| key.is_some());
    Ok(has_key && (dir.index_path().exists() || has_events(dir)?))
}

/// Whether anything at all says that the directory is no new one.
fn has_been_used(dir: &DataDir) -> Result<bool, StoreError> {
    let keys = disk::entries_in(&dir.path().join("keys"))?;
    let has_key = keys.iter().any(|name| name.ends_with(".key"));
    Ok(has_key || dir.index_path().exists() || has_events(dir)?)
}

fn has_events(dir: &DataDir) -> Result<bool, StoreError> {
    let names = disk::names_in(&dir.analytics_path())?;
    let has_bytes = |name: &String| disk::len(&dir.analytics_path().join(name)) > 0;
    Ok(names.iter().any(|name| name.starts_with("hypotheses.") && has_bytes(name)))
}

/// The hash of an entry, if it is there. What is asked for stands in one of the newest files.
fn hash_of(audit: &Path, seq: u64) -> Result<Option<String>, StoreError> {
    for file in files::in_order(audit)?.into_iter().rev() {
        let (mut found, mut is_past) = (None, false);
        each_line(&file.path(audit), |_, text| {
            let Ok(read) = entry::read(text) else { return };
            is_past |= read.entry.seq < seq;
            if read.entry.seq == seq {
                found = Some(read.hash);
            }
        })?;
        if found.is_some() || is_past {
            return Ok(found);
        }
    }
    Ok(None)
}

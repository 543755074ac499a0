//! Follows the trail from entry to entry: each is as it was written, follows the one before, and agrees with what was
//! signed of it.

use std::path::{Path, PathBuf};

use super::checkpoint;
use super::entry::{self, AuditAction, AuditEntry, GENESIS};
use super::verify::{AuditFault, AuditVerified, Vouched};
use crate::head::Head;

/// Most entries behind the last checkpoint: twice as many as one is signed after.
const UNSIGNED_MAX: u64 = 32;

/// The chain as far as it was checked.
pub(super) struct Chain<'a> {
    vouched: &'a Vouched,
    head: Option<&'a Head>,
    first: Option<u64>,
    pub(super) seq: u64,
    h: String,
    pub(super) n_entries: u64,
    n_agreed: u64,
    /// The last entry that was removed at its time, as entries here say.
    pruned_up_to: u64,
    marks: Marks,
}

/// What entries say of the trail's head.
#[derive(Default)]
struct Marks {
    /// There was one.
    is_headed: bool,
    /// The entry with which one was begun for a trail of a version before.
    since: Option<u64>,
    /// The trail did not come as far.
    lost: Option<AuditFault>,
    /// The end was signed with an entry.
    was_signed: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn new(vouched: &'a Vouched, head: Option<&'a Head>) -> Self {
        Self {
            vouched,
            head,
            marks: Marks::default(),
            first: None,
            seq: 0,
            h: GENESIS.into(),
            n_entries: 0,
            n_agreed: 0,
            pruned_up_to: 0,
        }
    }

    pub(super) fn check(&mut self, file: &Path, line: u64, text: &str) -> Result<(), AuditFault> {
        let fault =
            |seq, why: String| AuditFault { seq, file: file.to_owned(), line: Some(line), why };
        let read = entry::read(text)
            .map_err(|why| fault(self.seq + 1, format!("the line is no entry: {why}")))?;
        let (seq, prev) = (read.entry.seq, &read.entry.prev);
        if !read.is_intact {
            return Err(fault(seq, "it was edited: its hash is another".into()));
        }
        if self.first.is_none() {
            self.begin(seq, prev).map_err(|why| fault(seq, why))?;
        }
        if seq > self.seq + 1 {
            let why = format!("dropped: the trail goes on with entry {seq}");
            return Err(fault(self.seq + 1, why));
        }
        if seq <= self.seq {
            return Err(fault(seq, format!("out of order: it stands after entry {}", self.seq)));
        }
        if *prev != self.h {
            let why = format!("it does not follow entry {}: one of the two was replaced", self.seq);
            return Err(fault(seq, why));
        }
        match self.vouched.by_seq.get(&seq) {
            Some(h) if *h != read.hash => {
                return Err(fault(seq, "a signed checkpoint has another hash for it".into()));
            }
            found => self.n_agreed += u64::from(found.is_some()),
        }
        if self.head.is_some_and(|head| head.seq == seq && head.h != read.hash) {
            return Err(fault(seq, "by its head the trail had another entry here".into()));
        }
        self.note(&read.entry, &fault);
        (self.seq, self.h) = (seq, read.hash);
        self.n_entries += 1;
        Ok(())
    }

    /// What an entry says of the trail itself.
    fn note(&mut self, entry: &AuditEntry, fault: &impl Fn(u64, String) -> AuditFault) {
        let marks = &mut self.marks;
        if let AuditAction::Pruned { last_seq, .. } = entry.action {
            self.pruned_up_to = self.pruned_up_to.max(last_seq);
        }
        if let AuditAction::Headed { .. } = entry.action {
            marks.since = marks.since.or(Some(entry.seq));
        }
        if let AuditAction::Lost { last_seq } = entry.action {
            let why = match last_seq {
                0 => "when it was opened here, its head or all that was before was gone".to_owned(),
                _ => format!(
                    "when it was opened here, entries up to {last_seq} were gone, by its head"
                ),
            };
            marks.lost.get_or_insert_with(|| fault(entry.seq, why));
        }
        marks.is_headed |= matches!(
            entry.action,
            AuditAction::Headed { .. } | AuditAction::Opened { headed: true, .. }
        );
        marks.was_signed |=
            matches!(entry.action, AuditAction::Closed | AuditAction::Erasure { .. });
    }

    /// The first entry that is kept follows nothing, or what a checkpoint vouches for.
    fn begin(&mut self, seq: u64, prev: &str) -> Result<(), String> {
        self.first = Some(seq);
        if seq > 1 {
            let before = seq - 1;
            if self.vouched.by_seq.get(&before).is_none_or(|h| h != prev) {
                return Err(format!(
                    "the trail begins here, and no checkpoint vouches for entry {before}"
                ));
            }
            (self.seq, self.h) = (before, prev.to_owned());
        }
        Ok(())
    }

    /// What checkpoints vouch for must be there, and what is gone must be on record as removed.
    pub(super) fn end(self, audit: &Path, is_headed: bool) -> Result<AuditVerified, AuditFault> {
        if let Some(fault) = self.marks.lost {
            return Err(fault);
        }
        let missing = |file: PathBuf, why: &str| {
            Err(AuditFault { seq: self.seq, file, line: None, why: why.to_owned() })
        };
        if !is_headed && self.marks.is_headed {
            let why =
                "its head, analytics/audit.head, is gone: nobody knows how far the trail has come";
            return missing(audit.to_owned(), why);
        }
        if self.marks.was_signed && self.vouched.by_seq.is_empty() {
            return missing(
                checkpoint::path(audit),
                "unsigned: its end was signed, and no checkpoint is there",
            );
        }
        let first_seq = self.first.unwrap_or(0);
        if first_seq > self.pruned_up_to + 1 {
            return Err(AuditFault {
                seq: self.pruned_up_to + 1,
                file: audit.to_owned(),
                line: None,
                why: format!("dropped: the trail begins with entry {first_seq}"),
            });
        }
        let signed_up_to = self.vouched.by_seq.keys().last().copied().unwrap_or(0);
        if signed_up_to > self.seq {
            return Err(AuditFault {
                seq: self.seq + 1,
                file: audit.to_owned(),
                line: None,
                why: format!("cut off: entry {signed_up_to} was signed and is gone"),
            });
        }
        // A checkpoint is signed long before there are so many entries behind the last one.
        let n_unsigned = self.seq - signed_up_to;
        if n_unsigned > UNSIGNED_MAX {
            return Err(AuditFault {
                seq: signed_up_to + 1,
                file: checkpoint::path(audit),
                line: None,
                why: format!(
                    "unsigned: {n_unsigned} entries are behind the last checkpoint, so some checkpoints are gone"
                ),
            });
        }
        Ok(AuditVerified {
            n_entries: self.n_entries,
            first_seq,
            last_seq: self.seq,
            n_checkpoints: self.n_agreed,
            signed_up_to,
            public_key: self.vouched.public_key.clone(),
            headed_since: self.marks.since,
        })
    }
}

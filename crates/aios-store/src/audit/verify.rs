//! Checks the trail and names the first entry that is not as it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::{self, Checkpoint};
use super::entry::{self, AuditAction, GENESIS};
use super::{control_head, each_line, files};
use crate::sign::{self, Signer};
use crate::{DataDir, StoreError};

/// Most entries behind the last checkpoint: twice as many as one is signed after.
const UNSIGNED_MAX: u64 = 32;

/// A trail that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditVerified {
    /// Entries that were checked.
    pub n_entries: u64,
    /// The first of them; greater than 1 once older ones were removed at their time.
    pub first_seq: u64,
    /// The last of them.
    pub last_seq: u64,
    /// Signed checkpoints that agree.
    pub n_checkpoints: u64,
    /// The last entry that a checkpoint vouches for: what comes after could be cut off unseen.
    pub signed_up_to: u64,
    /// What signatures were checked with.
    pub public_key: String,
}

/// What checking a trail came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// It is whole.
    Sound(AuditVerified),
    /// It is not.
    Bad(AuditFault),
    /// There is no entry and no checkpoint: nothing was shown.
    NoData,
}

impl AuditVerdict {
    /// Whether there is a trail, and it is whole.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self, Self::Sound(_))
    }
}

/// Where a trail is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditFault {
    /// The first bad entry, as far as it is known.
    pub seq: u64,
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1; none if the entry is missing at the end.
    pub line: Option<u64>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} ({}", self.seq, self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, "): {}", self.why)
    }
}

/// Checks every entry against its hash, its place in the chain and the signed checkpoints, those in
/// `copies` too; and control's chain against what the trail says of it.
///
/// # Errors
/// When a file or the signing key cannot be read, or a copy is not there: then there is no verdict.
pub fn verify_audit(dir: &DataDir, copies: &[PathBuf]) -> Result<AuditVerdict, StoreError> {
    let audit = dir.audit_path();
    if let Some(missing) = copies.iter().find(|copy| !copy.exists()) {
        return Err(StoreError::NoCheckpoints { path: missing.clone() });
    }
    let public_key = match dir.load_key(sign::KEY)? {
        Some(seed) => Signer::new(&seed).public_key().to_owned(),
        None => String::new(),
    };
    let mut vouched = Vouched { public_key, by_seq: BTreeMap::new() };
    for path in std::iter::once(checkpoint::path(&audit)).chain(copies.iter().cloned()) {
        if let Err(fault) = vouched.take(&path)? {
            return Ok(AuditVerdict::Bad(fault));
        }
    }
    let mut chain = Chain::new(&vouched);
    for file in files::in_order(&audit)? {
        let path = file.path(&audit);
        let mut fault = None;
        each_line(&path, |line, text| {
            fault = fault.take().or_else(|| chain.check(&path, line, text).err());
        })?;
        if let Some(fault) = fault {
            return Ok(AuditVerdict::Bad(fault));
        }
    }
    if chain.n_entries == 0 && vouched.by_seq.is_empty() {
        return Ok(AuditVerdict::NoData);
    }
    let verified = match chain.end(&audit) {
        Ok(verified) => verified,
        Err(fault) => return Ok(AuditVerdict::Bad(fault)),
    };
    Ok(match control_head::contradicted(dir)? {
        Some(fault) => AuditVerdict::Bad(fault),
        None => AuditVerdict::Sound(verified),
    })
}

/// The checkpoints, by entry.
struct Vouched {
    public_key: String,
    by_seq: BTreeMap<u64, String>,
}

impl Vouched {
    fn take(&mut self, path: &Path) -> Result<Result<(), AuditFault>, StoreError> {
        let (checkpoints, bad_lines) = checkpoint::read(path)?;
        let fault = |seq, line, why: &str| AuditFault {
            seq,
            file: path.to_owned(),
            line,
            why: why.to_owned(),
        };
        if let Some(line) = bad_lines.first() {
            return Ok(Err(fault(0, Some(*line as u64), "the line is no checkpoint")));
        }
        let is_foreign = |checkpoint: &&Checkpoint| !checkpoint.is_signed_with(&self.public_key);
        if let Some(Checkpoint { seq, h, .. }) = checkpoints.iter().find(is_foreign) {
            let why = format!("the signature of the checkpoint of hash {h} is not ours");
            return Ok(Err(fault(*seq, None, &why)));
        }
        for checkpoint in checkpoints {
            let known = self.by_seq.insert(checkpoint.seq, checkpoint.h.clone());
            if known.is_some_and(|known| known != checkpoint.h) {
                return Ok(Err(fault(
                    checkpoint.seq,
                    None,
                    "two checkpoints contradict each other",
                )));
            }
        }
        Ok(Ok(()))
    }
}

/// The chain as far as it was checked.
struct Chain<'a> {
    vouched: &'a Vouched,
    first: Option<u64>,
    seq: u64,
    h: String,
    n_entries: u64,
    n_agreed: u64,
    /// The last entry that was removed at its time, as entries here say.
    pruned_up_to: u64,
}

impl<'a> Chain<'a> {
    fn new(vouched: &'a Vouched) -> Self {
        Self {
            vouched,
            first: None,
            seq: 0,
            h: GENESIS.into(),
            n_entries: 0,
            n_agreed: 0,
            pruned_up_to: 0,
        }
    }

    fn check(&mut self, file: &Path, line: u64, text: &str) -> Result<(), AuditFault> {
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
        if let AuditAction::Pruned { last_seq, .. } = read.entry.action {
            self.pruned_up_to = self.pruned_up_to.max(last_seq);
        }
        (self.seq, self.h) = (seq, read.hash);
        self.n_entries += 1;
        Ok(())
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
    fn end(self, audit: &Path) -> Result<AuditVerified, AuditFault> {
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
        })
    }
}

//! Checks the trail and names the first entry that is not as it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::{self, Checkpoint};
use super::links::Chain;
use super::{control_head, each_line, files, head};
use crate::sign::{self, Signer};
use crate::{DataDir, StoreError};

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
    /// The last entry that a checkpoint vouches for.
    pub signed_up_to: u64,
    /// What signatures were checked with.
    pub public_key: String,
    /// The entry with which a trail of a version before got its head: what came before it could be cut off unseen then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headed_since: Option<u64>,
}

/// What checking a trail came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// It is whole.
    Sound(AuditVerified),
    /// What is there is sound, and nobody knows how far it had come: it is of a version that had no head.
    Headless(AuditVerified),
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

/// Checks every entry against its hash, its place in the chain, its head and the signed checkpoints, those in
/// `copies` too; and control's chain against what the trail says of it.
///
/// # Errors
/// When a file or the signing key cannot be read, or a copy is not there: then there is no verdict.
pub fn verify_audit(dir: &DataDir, copies: &[PathBuf]) -> Result<AuditVerdict, StoreError> {
    let verdict = check(dir, copies)?;
    Ok(match (control_head::contradicted(dir)?, verdict) {
        (Some(fault), AuditVerdict::Sound(_) | AuditVerdict::Headless(_)) => {
            AuditVerdict::Bad(fault)
        }
        (_, verdict) => verdict,
    })
}

/// The same without control's chain.
pub(super) fn check(dir: &DataDir, copies: &[PathBuf]) -> Result<AuditVerdict, StoreError> {
    let audit = dir.audit_path();
    if let Some(missing) = copies.iter().find(|copy| !copy.exists()) {
        return Err(StoreError::NoCheckpoints { path: missing.clone() });
    }
    let public_key = match dir.load_key(sign::KEY)? {
        Some(seed) => Signer::new(&seed).public_key().to_owned(),
        None => String::new(),
    };
    // Read before the trail, which only goes on meanwhile.
    let known = head::read(dir)?;
    let mut vouched = Vouched { public_key, by_seq: BTreeMap::new() };
    for path in std::iter::once(checkpoint::path(&audit)).chain(copies.iter().cloned()) {
        if let Err(fault) = vouched.take(&path)? {
            return Ok(AuditVerdict::Bad(fault));
        }
    }
    let mut chain = Chain::new(&vouched, known.as_ref().ok().and_then(Option::as_ref));
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
        return Ok(head::gone(&known, dir)?.map_or(AuditVerdict::NoData, AuditVerdict::Bad));
    }
    let is_headed = !matches!(known, Ok(None));
    let fault = head::contradicted(&known, dir, chain.seq);
    Ok(match fault.map_or_else(|| chain.end(&audit, is_headed), Err) {
        Ok(verified) if is_headed => AuditVerdict::Sound(verified),
        Ok(verified) => AuditVerdict::Headless(verified),
        Err(fault) => AuditVerdict::Bad(fault),
    })
}

/// The checkpoints, by entry.
pub(super) struct Vouched {
    pub(super) public_key: String,
    pub(super) by_seq: BTreeMap<u64, String>,
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

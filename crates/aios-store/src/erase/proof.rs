//! Checks a receipt: its signature, and what ledger and audit trail say of the same erasure.

use std::path::{Path, PathBuf};

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::census::Left;
use super::ledger::{self, ErasureState, Steps};
use super::receipt::{self, Receipt};
use crate::audit::{Erasures, OnRecord};
use crate::sign::{self, Signer, is_signed};
use crate::{DataDir, Fault, StoreError, disk, hex};

/// Most bytes of a receipt: it names each segment that was rewritten.
const RECEIPT_MAX: u64 = 64 << 20;

/// What a receipt comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptChecked {
    /// The erasure that it says it is about.
    pub id: String,
    /// How it says that ended.
    pub state: ErasureState,
    /// Records that it says were erased.
    pub n_records: u64,
    /// Each witness, and what it says.
    pub witnesses: [(&'static str, Witness); 3],
}

/// What one witness says of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "says", content = "why")]
pub enum Witness {
    /// The same.
    Same,
    /// Something else.
    Other(String),
    /// Nothing, as it is meant to be by now.
    PastItsTime,
}

impl ReceiptChecked {
    /// Whether nobody contradicts it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.witnesses.iter().any(|(_, says)| matches!(says, Witness::Other(_)))
    }
}

/// What is compared. The rest is under the signature.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    pub(super) id: String,
    state: ErasureState,
    pub(super) target: Vec<Pseudonym>,
    pub(super) plan_hash: Option<String>,
    pub(super) requested_at: Timestamp,
    pub(super) finished_at: Timestamp,
    pub(super) n_records_erased: u64,
    verified: Searched,
}

#[derive(Debug, Deserialize)]
struct Searched {
    n_events: u64,
    left: Vec<Left>,
    raw_id_searched: bool,
}

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    receipt: &'a RawValue,
    signature: String,
}

/// A receipt as it was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) facts: Facts,
    /// What the signature is over.
    text: String,
    signature: String,
}

impl Read {
    /// By which the trail knows it.
    pub(super) fn digest(&self) -> String {
        hex::encode(&Sha256::digest(&self.text))
    }
}

/// Reads a receipt, which may lie anywhere, and believes it.
pub(super) fn read(path: &Path) -> Result<Read, StoreError> {
    let Some(bytes) = disk::read_bounded(path, RECEIPT_MAX)? else {
        return Err(StoreError::NoReceipt { path: path.to_owned() });
    };
    let no_receipt = |error: serde_json::Error| StoreError::corrupt(path, error.to_string());
    let Signed { receipt, signature } = serde_json::from_slice(&bytes).map_err(no_receipt)?;
    let text = receipt.get().to_owned();
    let facts = serde_json::from_str(&text).map_err(no_receipt)?;
    Ok(Read { facts, text, signature })
}

/// Reads a receipt that this deployment has signed, as it was signed; nothing if it is another.
pub(super) fn signed(dir: &DataDir, path: &Path) -> Option<Facts> {
    let read = read(path).ok()?;
    let says = signature(dir, &read.text, &read.signature).ok()?;
    (says == Witness::Same).then_some(read.facts)
}

/// Checks the receipt in a file, which may lie anywhere.
///
/// # Errors
/// When the file is no receipt, or one of the witnesses cannot be read.
pub fn verify_receipt(dir: &DataDir, path: &Path) -> Result<ReceiptChecked, StoreError> {
    let read = read(path)?;
    let Read { facts, text, signature } = &read;
    let trail = Erasures::read(dir)?;
    let witnesses = [
        ("signature", self::signature(dir, text, signature)?),
        ("ledger", facts.against_ledger(&ledger::steps(dir)?, facts.is_last(dir)?)),
        ("audit", facts.against_trail(&trail, &read.digest())),
    ];
    let Facts { id, state, n_records_erased, .. } = read.facts;
    Ok(ReceiptChecked { id, state, n_records: n_records_erased, witnesses })
}

/// What is wrong with the receipts of a finished erasure, as the data directory keeps them.
pub(super) fn fault_of(dir: &DataDir, id: &str) -> Result<Option<Fault>, StoreError> {
    let mut paths = receipt::all(dir, id)?;
    paths.entry(1).or_insert_with(|| receipt::path(dir, id, 1));
    let last = paths.keys().next_back().copied();
    for (number, path) in paths {
        if let Some(why) = why_not(dir, &path, Some(number) == last)? {
            return Ok(Some(Fault::new(&path, None, why)));
        }
    }
    Ok(None)
}

/// What is wrong with one of them. One that is not the last has nothing but its signature, for ledger and trail tell
/// how it ended.
fn why_not(dir: &DataDir, path: &Path, is_last: bool) -> Result<Option<String>, StoreError> {
    match verify_receipt(dir, path) {
        Ok(checked) => {
            let n_asked = if is_last { checked.witnesses.len() } else { 1 };
            let mut asked = checked.witnesses.into_iter().take(n_asked);
            Ok(asked.find_map(|(who, says)| match says {
                Witness::Other(why) => Some(format!("{who}: {why}")),
                Witness::Same | Witness::PastItsTime => None,
            }))
        }
        Err(StoreError::NoReceipt { .. }) => {
            Ok(Some("the receipt of a finished erasure is gone".to_owned()))
        }
        Err(StoreError::Corrupt { why, .. }) => Ok(Some(format!("it is no receipt: {why}"))),
        Err(error) => Err(error),
    }
}

fn signature(dir: &DataDir, text: &str, signature: &str) -> Result<Witness, StoreError> {
    let Some(seed) = dir.load_key(sign::KEY)? else {
        return Ok(Witness::Other("this data directory has no signing key".to_owned()));
    };
    let is_ours = is_signed(Signer::new(&seed).public_key(), text.as_bytes(), signature);
    Ok(match is_ours {
        true => Witness::Same,
        false => Witness::Other("it is not signed by this deployment, or was edited".to_owned()),
    })
}

impl Facts {
    /// Whether it is of a run that searched for the id, and was not whole.
    pub(super) fn is_open_by_id(&self) -> bool {
        self.state == ErasureState::Incomplete && self.verified.raw_id_searched
    }

    /// What kept it from being whole. Nothing, where the id alone was missing.
    pub(super) fn in_the_way(&self) -> Vec<Left> {
        let mut left = self.verified.left.clone();
        if left.is_empty() && self.verified.n_events > 0 {
            let why = format!("{} events are still there", self.verified.n_events);
            left.push(Left { file: PathBuf::from("analytics"), why });
        }
        left
    }

    /// Whether it says the same of the erasure as another.
    pub(super) fn is_as(&self, other: &Receipt) -> bool {
        self.state == other.state
            && self.target == other.target
            && self.plan_hash == other.plan_hash
            && self.requested_at == other.requested_at
    }

    /// Whether there is no later one of the same erasure.
    fn is_last(&self, dir: &DataDir) -> Result<bool, StoreError> {
        let last = receipt::all(dir, &self.id)?.pop_last();
        let last = last.and_then(|(_, path)| read(&path).ok());
        Ok(last.is_none_or(|last| last.facts.finished_at <= self.finished_at))
    }

    /// How it ended is told by the last receipt alone.
    fn against_ledger(&self, ledger: &Steps, is_last: bool) -> Witness {
        let Some(entry) = ledger.last.get(&self.id) else {
            let before = ledger.forgotten.map(|forgotten| forgotten.forgotten_before);
            return match before.is_some_and(|before| self.finished_at < before) {
                true => Witness::PastItsTime,
                false => Witness::Other("the erasure is not in the ledger".to_owned()),
            };
        };
        let differs = [
            ("state", is_last && entry.state != self.state),
            ("subjects", entry.target != self.target),
            ("plan", entry.plan_hash != self.plan_hash),
            ("time", entry.requested_at != self.requested_at),
        ];
        other(differs, "the ledger")
    }

    fn against_trail(&self, trail: &Erasures, digest: &str) -> Witness {
        let Some(record) = trail.by_id.get(&self.id) else {
            let is_past = trail.since.is_some_and(|since| self.finished_at < since);
            return match is_past {
                true => Witness::PastItsTime,
                false => Witness::Other("the erasure is not on the audit record".to_owned()),
            };
        };
        let is_same = |(n_records, receipt): &(Option<u64>, String)| {
            receipt == digest && *n_records == Some(self.n_records_erased)
        };
        let differs = [
            ("subjects", !self.is_about(record)),
            ("receipt's digest", !record.proofs.iter().any(is_same)),
        ];
        other(differs, "the audit record")
    }

    fn is_about(&self, record: &OnRecord) -> bool {
        record.subjects.iter().all(|one| self.target.contains(one))
    }
}

fn other<const N: usize>(differs: [(&str, bool); N], who: &str) -> Witness {
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => Witness::Other(format!("{who} has another {what}")),
        None => Witness::Same,
    }
}

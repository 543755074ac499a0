//! The proof of an erasure: what was there before and after, what was read to make sure, signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_core::Timestamp;
use aios_privacy::{Pseudonym, RedactedText};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::census::{Census, Left, StoreCount};
use super::earlier::Earlier;
use super::ledger::{ErasureState, LedgerEntry};
use super::stays::Stays;
use super::target::EraseTarget;
use crate::sign::Signer;
use crate::{DataDir, Rewritten, Salvaged, StoreError, disk, hex};

/// What an erasure by pseudonym alone leaves open, and one that goes on after a crash.
const NO_RAW_ID: &str = "only pseudonyms were searched for, because the id behind them was not known; \
     `aios data verify` searches for the id";

/// What a run without the id leaves open where the one with it was not whole.
const NEEDS_ID: &str = "the run that searched for the id was not whole, and only pseudonyms were searched for since, \
     because the id is kept nowhere; `aios data delete` with the id does the rest";

/// Ends the name of a receipt.
const END: &str = ".receipt.json";

/// What an erasure has done.
#[derive(Debug, Serialize)]
pub struct Receipt {
    /// The erasure.
    pub id: String,
    /// [`ErasureState::Completed`] or [`ErasureState::Incomplete`].
    pub state: ErasureState,
    /// Whose data, by every live version of the key.
    pub target: Vec<Pseudonym>,
    /// Who asked.
    pub requester: String,
    /// On which ground.
    pub basis: RedactedText,
    /// The plan that was executed.
    pub plan_hash: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was proven.
    pub finished_at: Timestamp,
    /// What the plan had found.
    pub n_records_planned: u64,
    /// Lines that were removed.
    pub n_records_erased: u64,
    /// The sealed segments that were rewritten, with their digests.
    pub segments: Vec<Rewritten>,
    /// Damaged segments of which only a part could be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub salvaged: Vec<Salvaged>,
    /// Other files that were rewritten or removed.
    pub files: Vec<PathBuf>,
    /// How long it took to take the target's lines out.
    pub rewrite_ms: f64,
    /// How long it took to read everything afterwards.
    pub verify_ms: f64,
    /// What was read to make sure, and found.
    pub verified: ErasureProof,
    /// What was not done, and how it can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
    /// Version of the program.
    pub version: &'static str,
    /// What the signature is checked with.
    pub public_key: String,
}

/// The outcome of reading everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ErasureProof {
    /// How long that took.
    #[serde(skip)]
    pub(crate) took: Duration,
    /// Events that are still the target's.
    pub n_events: u64,
    /// Files read.
    pub n_files: u64,
    /// Bytes read, unpacked.
    pub n_bytes: u64,
    /// Store by store.
    pub stores: Vec<StoreCount>,
    /// What could not be read, or still names the target.
    pub left: Vec<Left>,
    /// What an erasure leaves on purpose, and by which rule.
    pub stays: Vec<Stays>,
    /// Whether the id itself was searched for too. After a crash nobody knows it any more.
    pub raw_id_searched: bool,
}

impl ErasureProof {
    /// From a look at every byte.
    pub(crate) fn of(dir: &DataDir, census: Census, failed: &BTreeMap<PathBuf, String>) -> Self {
        let (n_files, n_bytes) = census.n_read();
        let (left, stays) = (census.left(dir, failed), census.stays());
        Self {
            took: Duration::ZERO,
            n_events: census.n_events,
            n_files,
            n_bytes,
            stores: census.stores,
            left,
            stays,
            raw_id_searched: census.raw_id_searched,
        }
    }
}

impl Receipt {
    /// Signs it and writes it where none is yet. The signature is over the bytes of `receipt` as they stand in the file;
    /// gives their digest.
    pub(super) fn write(&self, path: &Path, signer: &Signer) -> Result<String, StoreError> {
        let failed = StoreError::io("write", path);
        let receipt = serde_json::to_string(self).map_err(std::io::Error::from).map_err(failed)?;
        let signature = signer.sign(receipt.as_bytes());
        let text = format!("{{\"receipt\":{receipt},\"signature\":\"{signature}\"}}\n");
        disk::write_atomic(path, text.as_bytes())?;
        Ok(hex::encode(&Sha256::digest(receipt)))
    }

    /// The same without the id in the names of files: a receipt outlives it.
    pub(super) fn naming_no_id(mut self, target: &EraseTarget) -> Self {
        let masked = |path: &mut PathBuf| *path = target.masked_path(std::mem::take(path));
        self.files.iter_mut().for_each(masked);
        self.verified.left.iter_mut().map(|left| &mut left.file).for_each(masked);
        self
    }

    /// Whether nothing was changed.
    pub(super) fn is_of_nothing(&self) -> bool {
        self.n_records_erased == 0
            && self.segments.is_empty()
            && self.salvaged.is_empty()
            && self.files.is_empty()
    }

    pub(super) fn new(
        last: &LedgerEntry,
        earlier: &Earlier,
        work: Work,
        verified: ErasureProof,
        finished_at: Timestamp,
        signer: &Signer,
    ) -> Self {
        let needs_id = earlier.needs_id && !verified.raw_id_searched;
        let is_done = verified.left.is_empty() && verified.n_events == 0 && !needs_id;
        let note = if needs_id { NEEDS_ID } else { NO_RAW_ID };
        let state = if is_done { ErasureState::Completed } else { ErasureState::Incomplete };
        Self {
            id: last.id.clone(),
            state,
            target: last.target.clone(),
            requester: last.requester.clone(),
            basis: last.basis.clone(),
            plan_hash: last.plan_hash.clone(),
            requested_at: last.requested_at,
            finished_at,
            n_records_planned: last.n_records,
            n_records_erased: work.n_records,
            segments: work.segments,
            salvaged: work.salvaged,
            files: work.files,
            rewrite_ms: work.took.as_secs_f64() * 1e3,
            verify_ms: verified.took.as_secs_f64() * 1e3,
            note: (!verified.raw_id_searched).then_some(note),
            verified,
            version: env!("CARGO_PKG_VERSION"),
            public_key: signer.public_key().to_owned(),
        }
    }
}

/// Where a receipt of an erasure is: `ID.receipt.json`, and `ID.2.receipt.json` of what was done once more.
pub(super) fn path(dir: &DataDir, id: &str, number: u32) -> PathBuf {
    let name = if number == 1 { format!("{id}{END}") } else { format!("{id}.{number}{END}") };
    dir.erasures_path().join(name)
}

/// The erasures of which there is a receipt, by name, with the last of each.
pub(super) fn last_of_each(dir: &DataDir) -> Result<BTreeMap<String, PathBuf>, StoreError> {
    let erasures = dir.erasures_path();
    let mut last = BTreeMap::<String, (u32, PathBuf)>::new();
    for name in disk::entries_in(&erasures)? {
        let Some(stem) = name.strip_suffix(END) else { continue };
        let (id, number) = match stem.rsplit_once('.') {
            Some((id, number)) => (id, number.parse().ok()),
            None => (stem, Some(1)),
        };
        let Some(number) = number else { continue };
        let known = last.entry(id.to_owned()).or_default();
        if number > known.0 {
            *known = (number, erasures.join(&name));
        }
    }
    Ok(last.into_iter().map(|(id, (_, path))| (id, path)).collect())
}

/// The receipts of an erasure, in order.
pub(super) fn all(dir: &DataDir, id: &str) -> Result<BTreeMap<u32, PathBuf>, StoreError> {
    let number_of = |name: &str| match name.strip_prefix(id)?.strip_suffix(END)? {
        "" => Some(1),
        number => number.strip_prefix('.')?.parse().ok(),
    };
    let erasures = dir.erasures_path();
    let names = disk::entries_in(&erasures)?;
    let all = names.iter().filter_map(|name| Some((number_of(name)?, erasures.join(name))));
    Ok(all.collect())
}

/// What was done to the files.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) took: Duration,
    pub(crate) n_records: u64,
    pub(crate) segments: Vec<Rewritten>,
    pub(crate) salvaged: Vec<Salvaged>,
    pub(crate) files: Vec<PathBuf>,
    /// Files that could not be cut in the last pass, and why.
    pub(crate) failed: BTreeMap<PathBuf, String>,
}

impl Work {
    /// A number that grows with each change to a file.
    pub(crate) fn n_changes(&self) -> usize {
        self.segments.len() + self.salvaged.len() + self.files.len()
    }
}

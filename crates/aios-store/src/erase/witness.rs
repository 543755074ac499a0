//! The ledger held against the audit trail, and against the receipts.
//!
//! The ledger decides what must stay erased, so whoever can make it shorter can bring people back. Each
//! erasure is on the audit record too, in a chain that shows what was taken out of it. What the ledger has
//! lost is therefore taken from there and done once more: done twice it comes to the same, and one that is
//! missing cannot be told from one that was never finished. Where the trail has lost it too, a signed receipt still
//! says whom it was about.

use std::collections::BTreeMap;

use aios_privacy::Redactor;

use super::forget::Forgotten;
use super::ledger::{self, ErasureState, LedgerEntry};
use super::{proof, receipt};
use crate::audit::{Erasures, OnRecord, actor};
use crate::{DataDir, Fault, StoreError};

/// What stands as the ground of an erasure that is known from the trail alone.
const BASIS: &str = "restored from the audit trail";

/// The same of one that is known from its receipt alone.
const BY_RECEIPT: &str = "restored from its receipt";

/// What the trail has on record and these last steps have not, as steps that are to be gone on from.
pub(super) fn lost(trail: Erasures, last: &BTreeMap<String, LedgerEntry>) -> Vec<LedgerEntry> {
    let is_lost = |(id, record): &(String, OnRecord)| !holds(last.get(id), record);
    let lost = trail.by_id.into_iter().filter(is_lost);
    lost.map(|(id, record)| restored(last.get(&id), id, record)).collect()
}

/// What neither the trail nor these last steps know, and a receipt of ours does, as steps that are to be gone on from. What
/// was forgotten because its time was over is none of it.
pub(super) fn orphaned(
    dir: &DataDir,
    forgotten: Option<Forgotten>,
    trail: &Erasures,
    last: &BTreeMap<String, LedgerEntry>,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let receipts = receipt::last_of_each(dir)?.into_iter();
    let unknown =
        receipts.filter(|(id, _)| !last.contains_key(id) && !trail.by_id.contains_key(id));
    let facts = unknown.filter_map(|(id, path)| {
        let is_over = |at| forgotten.is_some_and(|forgotten| at < forgotten.forgotten_before);
        proof::signed(dir, &path).filter(|facts| facts.id == id && !is_over(facts.finished_at))
    });
    Ok(facts
        .map(|facts| LedgerEntry {
            id: facts.id,
            state: ErasureState::Ledgered,
            ts: facts.finished_at,
            requested_at: facts.requested_at,
            target: facts.target,
            requester: actor::SERVER.to_owned(),
            basis: Redactor::new(&[]).redact(BY_RECEIPT).text,
            plan_hash: facts.plan_hash,
            valid_until: None,
            n_records: facts.n_records_erased,
            n_tries: 0,
        })
        .collect())
}

/// Where ledger, trail and receipts contradict each other.
pub(crate) fn discrepancies(dir: &DataDir) -> Result<Vec<Fault>, StoreError> {
    // Read before the ledger, which a running server writes first; and once more behind it, for the other
    // way round.
    let before = Erasures::read(dir)?;
    let path = ledger::path(dir);
    let ledger::Steps { last: entries, forgotten } = ledger::steps(dir)?;
    let trail = Erasures::read(dir)?;
    let orphaned = orphaned(dir, forgotten, &trail, &entries)?;
    let fault = |why: String| Fault::new(&path, None, why);
    let lost = lost(before, &entries).into_iter().map(|lost| {
        fault(format!(
            "the erasure {} is on the audit record and not, or not so, in here; the next start does it once more",
            lost.id
        ))
    });
    let orphaned = orphaned.into_iter().map(|orphan| {
        fault(format!(
            "the erasure {} has a receipt, and is neither in here nor on the audit record; the next start does it once more",
            orphan.id
        ))
    });
    let mut faults: Vec<_> = lost.chain(orphaned).collect();
    for (id, entry) in &entries {
        // The first step on record is the one that was decided, and is there before the next is taken.
        let is_due = entry.state > ErasureState::Ledgered
            && trail.since.is_some_and(|since| entry.requested_at >= since);
        if is_due && !trail.by_id.contains_key(id) {
            faults.push(fault(format!("the erasure {id} is in here and not on the audit record")));
        }
        let is_finished = matches!(entry.state, ErasureState::Completed | ErasureState::Incomplete);
        if is_finished {
            faults.extend(proof::fault_of(dir, id)?);
        }
    }
    Ok(faults)
}

/// Whether a step is as far as the record at least, for all whom it names.
fn holds(entry: Option<&LedgerEntry>, record: &OnRecord) -> bool {
    entry.is_some_and(|entry| {
        entry.state >= decided(record)
            && record.subjects.iter().all(|one| entry.target.contains(one))
    })
}

/// The step that a decision is gone on from.
fn decided(record: &OnRecord) -> ErasureState {
    if record.state == ErasureState::Waiting.name() {
        ErasureState::Waiting
    } else {
        ErasureState::Ledgered
    }
}

fn restored(before: Option<&LedgerEntry>, id: String, record: OnRecord) -> LedgerEntry {
    let state = decided(&record);
    let mut target = record.subjects;
    target.extend(before.iter().flat_map(|before| before.target.clone()));
    target.sort_unstable();
    target.dedup();
    LedgerEntry {
        id,
        state,
        ts: record.ts,
        requested_at: before.map_or(record.ts, |before| before.requested_at),
        target,
        requester: record.actor,
        basis: Redactor::new(&[]).redact(BASIS).text,
        plan_hash: before.and_then(|before| before.plan_hash.clone()),
        valid_until: None,
        n_records: before.map_or(0, |before| before.n_records),
        n_tries: before.map_or(0, |before| before.n_tries),
    }
}

//! Erasure from the request to the receipt.
//!
//! Requested, planned, ledgered, fenced, rewritten, verified, and a receipt. Each step is on record
//! before it is taken and can be taken again: a start after a crash goes on from the last one. From
//! the ledger on there is no way back, so that nothing is ever half erased for good.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_core::{Clock, Progress, Timestamp};

use super::census::{Census, Depth};
use super::cut::cut;
use super::earlier::Earlier;
use super::error::EraseError;
use super::ledger::{ErasureState, Ledger, LedgerEntry};
use super::plan::{ErasePlan, PLAN_LIFE, plan_hash};
use super::receipt::{ErasureProof, Receipt, Work};
use super::request::EraseRequest;
use super::target::EraseTarget;
use super::watch::Watch;
use crate::audit::{AuditAction, AuditLog};
use crate::sign::Signer;
use crate::{DataDir, EventStore as _, FileEventLog, Hold, Holds, MemoryStore, StoreError, hex};

/// Looks at every byte before what is still found is reported instead of cut.
const PASSES_MAX: usize = 3;

/// Erases. One for each data directory, beside its open event log.
pub struct Eraser {
    pub(super) dir: DataDir,
    pub(super) log: Arc<FileEventLog>,
    pub(super) audit: Arc<AuditLog>,
    clock: Arc<dyn Clock>,
    signer: Signer,
    ledger: Mutex<Ledger>,
    /// One erasure at a time.
    pub(super) turn: Mutex<()>,
    pub(super) watch: Mutex<Watch>,
    progress: Box<dyn Progress>,
}

impl fmt::Debug for Eraser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eraser").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Eraser {
    /// For a directory that this process owns.
    ///
    /// # Errors
    /// When the ledger or the signing key cannot be read.
    pub fn open(
        dir: &DataDir,
        log: Arc<FileEventLog>,
        audit: Arc<AuditLog>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        dir.must_own("erase")?;
        Ok(Self {
            dir: dir.clone(),
            log,
            audit,
            clock,
            signer: Signer::load(dir)?,
            ledger: Mutex::new(Ledger::read(dir)?.told()),
            turn: Mutex::default(),
            watch: Mutex::default(),
            progress: Box::new(()),
        })
    }

    /// The same, with somebody who is shown how long looking through everything goes.
    #[must_use]
    pub fn showing(self, progress: impl Progress + 'static) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Finds out what an erasure would remove, and puts it on record. Changes nothing else.
    ///
    /// # Errors
    /// When the directory cannot be read or the ledger not be written.
    pub fn plan(
        &self,
        target: &EraseTarget,
        request: &EraseRequest,
    ) -> Result<ErasePlan, EraseError> {
        // Else what is still on its way into the log would make it another erasure than the one planned.
        self.log.settle_blocking()?;
        let now = self.clock.now();
        let mut entry = LedgerEntry {
            id: new_id(&self.dir)?,
            state: ErasureState::Requested,
            ts: now,
            requested_at: now,
            target: target.pseudonyms().to_vec(),
            requester: request.requester.clone(),
            basis: target.masked_in(&request.basis),
            plan_hash: None,
            valid_until: None,
            n_records: 0,
            n_tries: 0,
        };
        self.step(&mut entry, ErasureState::Requested)?;
        let depth = Depth::Catalogued;
        let census = Census::as_of(&self.dir, target, depth, (now, now), &*self.progress)?;
        let plan_hash = plan_hash(target.pseudonyms(), &census);
        let valid_until = self.clock.now().plus(PLAN_LIFE);
        (entry.plan_hash, entry.valid_until) = (Some(plan_hash.clone()), Some(valid_until));
        entry.n_records = census.n_records();
        self.step(&mut entry, ErasureState::Planned)?;
        Ok(ErasePlan { id: entry.id, census, plan_hash, valid_until })
    }

    /// Executes a plan that was looked at. `known_as` is the plan's target with the id that the caller knows
    /// it by, which is searched for and kept nowhere. Blocks, in proportion to what is stored.
    ///
    /// # Errors
    /// When the plan is not there, too old, another or about somebody else, or the store fails; a failure after
    /// the ledger is gone on with at the next start.
    pub fn execute(
        &self,
        id: &str,
        plan_hash: &str,
        known_as: Option<&EraseTarget>,
    ) -> Result<Receipt, EraseError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = self.ledger().get(id).cloned();
        let mut entry = planned
            .filter(|entry| entry.state == ErasureState::Planned)
            .ok_or_else(|| EraseError::NoPlan { id: id.to_owned() })?;
        if entry.plan_hash.as_deref() != Some(plan_hash) {
            return Err(EraseError::OtherPlan { id: id.to_owned() });
        }
        // An id of somebody else would take out whatever holds that text.
        if known_as.is_some_and(|known_as| !known_as.is_about(&entry.target)) {
            return Err(EraseError::Another { id: id.to_owned() });
        }
        match entry.valid_until {
            Some(valid_until) if self.clock.now() <= valid_until => {}
            valid_until => {
                let valid_until = valid_until.unwrap_or(entry.ts);
                return Err(EraseError::Expired { id: id.to_owned(), valid_until });
            }
        }
        let catalogued = self.as_planned(&entry)?;
        let target = known_as.cloned().map_or_else(|| self.target_of(&entry), Ok)?;
        let holds = self.holds_on(&target, Some(catalogued.held_by))?;
        if !holds.is_empty() {
            // It was decided: it is done as soon as it may be.
            self.step(&mut entry, ErasureState::Waiting)?;
            self.on_record(&entry)?;
            return Err(EraseError::Held { id: entry.id, holds });
        }
        self.step(&mut entry, ErasureState::Ledgered)?;
        self.on_record(&entry)?;
        Ok(self.go_on(entry, &target)?)
    }

    /// How far an erasure has come.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<LedgerEntry> {
        self.ledger().get(id).cloned()
    }

    /// From the ledger to the receipt. Each step comes to the same when it is taken again.
    pub(super) fn go_on(
        &self,
        mut entry: LedgerEntry,
        target: &EraseTarget,
    ) -> Result<Receipt, StoreError> {
        self.log.fence().add(&entry.target);
        // What waits to be remembered is refused from here on.
        MemoryStore::fence_in(&self.dir, &entry.target)?;
        self.step(&mut entry, ErasureState::Fenced)?;
        // What was appended before the fence is in a sealed segment after this.
        self.log.seal_blocking()?;
        self.step(&mut entry, ErasureState::Rewriting)?;
        let mut work = Work::default();
        let begun_at = self.clock.now();
        cut(&self.dir, target, Depth::Catalogued, begun_at, &*self.progress, &mut work)?;
        if let Err(error) = self.log.catch_up_index() {
            tracing::warn!(%error, "the index cannot follow an erasure; it is made anew");
        }
        let cut_at = self.clock.now();
        let mut verified = self.verify(target, &mut work)?;
        (work.took, verified.took) = (cut_at.since(begun_at), self.clock.now().since(cut_at));
        self.step(&mut entry, ErasureState::Verified)?;
        let earlier = Earlier::of(&self.dir, &entry.id)?;
        let finished_at = self.clock.now();
        let receipt = Receipt::new(&entry, &earlier, work, verified, finished_at, &self.signer)
            .naming_no_id(target);
        let proof = match earlier.standing(&receipt) {
            Some(proof) => proof,
            None => (receipt.n_records_erased, receipt.write(&earlier.next, &self.signer)?),
        };
        self.on_record_as(&entry, receipt.state, Some(proof))?;
        self.step(&mut entry, receipt.state)?;
        Ok(receipt)
    }

    /// Reads every byte. What the catalogues had missed is cut, and everything read again.
    fn verify(&self, target: &EraseTarget, work: &mut Work) -> Result<ErasureProof, StoreError> {
        let mut census = self.look(target, Depth::EveryByte)?;
        for _ in 0..PASSES_MAX {
            if census.is_clean() && census.damaged.is_empty() {
                break;
            }
            if !census.held_by.is_empty() {
                // One that was set meanwhile: what is left stays until it ends.
                work.failed.extend(census.held());
                break;
            }
            let (n_before, is_indexed) = (work.n_changes(), census.is_indexed());
            cut(&self.dir, target, Depth::EveryByte, self.clock.now(), &*self.progress, work)?;
            if is_indexed {
                self.log.reindex()?;
            } else if work.n_changes() == n_before {
                // What is left is not for an erasure to change.
                break;
            }
            census = self.look(target, Depth::EveryByte)?;
        }
        Ok(ErasureProof::of(&self.dir, census, &work.failed))
    }

    /// What was looked at has to be what is erased, and all that the conversation has come to since. Gives what the
    /// catalogues show of it now.
    fn as_planned(&self, entry: &LedgerEntry) -> Result<Census, EraseError> {
        let target = self.target_of(entry)?;
        let times = (self.clock.now(), entry.requested_at);
        let depth = Depth::Catalogued;
        let census = Census::as_of(&self.dir, &target, depth, times, &*self.progress)?;
        if entry.plan_hash.as_deref() == Some(&plan_hash(&entry.target, &census)) {
            return Ok(census);
        }
        Err(EraseError::Changed { id: entry.id.clone(), n_records: census.n_records() })
    }

    /// Holds that were set since the plan was made count too.
    pub(super) fn held_by(&self, entry: &LedgerEntry) -> Result<Vec<Hold>, StoreError> {
        self.holds_on(&self.target_of(entry)?, None)
    }

    /// While any hold is in force, no catalogue is believed that nothing is held: what it has wrong would be gone.
    /// `catalogued` is what the catalogues say, where they were asked already.
    fn holds_on(
        &self,
        target: &EraseTarget,
        catalogued: Option<Vec<Hold>>,
    ) -> Result<Vec<Hold>, StoreError> {
        let now = self.clock.now();
        if Holds::of(&self.dir).list()?.iter().all(|hold| hold.is_expired(now)) {
            return Ok(Vec::new());
        }
        let held_by = match catalogued {
            Some(held_by) => held_by,
            None => self.look(target, Depth::Catalogued)?.held_by,
        };
        if held_by.is_empty() {
            Ok(self.look(target, Depth::EveryByte)?.held_by)
        } else {
            Ok(held_by)
        }
    }

    /// Whom an entry of the ledger names; the id is not known any more.
    pub(super) fn target_of(&self, entry: &LedgerEntry) -> Result<EraseTarget, StoreError> {
        EraseTarget::new(entry.target.clone(), None).ok_or_else(|| {
            StoreError::corrupt(self.dir.path(), format!("erasure {} is about nobody", entry.id))
        })
    }

    pub(super) fn look(&self, target: &EraseTarget, depth: Depth) -> Result<Census, StoreError> {
        Census::take(&self.dir, target, depth, self.clock.now(), &*self.progress)
    }

    pub(super) fn step(
        &self,
        entry: &mut LedgerEntry,
        state: ErasureState,
    ) -> Result<(), StoreError> {
        (entry.state, entry.ts) = (state, self.clock.now());
        self.ledger().write(entry.clone())
    }

    pub(super) fn on_record(&self, entry: &LedgerEntry) -> Result<(), StoreError> {
        self.on_record_as(entry, entry.state, None)
    }

    /// With what was removed, and the digest of the receipt that proves it.
    fn on_record_as(
        &self,
        entry: &LedgerEntry,
        state: ErasureState,
        proof: Option<(u64, String)>,
    ) -> Result<(), StoreError> {
        let (n_records, receipt) = proof.unzip();
        let action = AuditAction::Erasure {
            id: entry.id.clone(),
            state: state.name().to_owned(),
            subjects: entry.target.clone(),
            n_records,
            receipt,
        };
        self.audit.append(self.clock.now(), &entry.requester, action).map(drop)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_id(dir: &DataDir) -> Result<String, StoreError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|source| StoreError::NoRandom { path: dir.path().to_owned(), source })?;
    Ok(format!("er_{}", hex::encode(&random)))
}

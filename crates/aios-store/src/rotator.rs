//! Rotation of everything that is kept, each class by its own terms, and on record.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::Timestamp;
use serde::Serialize;

use crate::audit::{AuditAction, AuditLog};
use crate::retention::{self, Ask};
use crate::{DataDir, Eraser, EventStore, Policy, Rotate, Rotated, StoreError};

/// Rotates the event log and the audit trail of a directory that this process owns, and sees to it that what was
/// erased is not in them again.
pub struct Rotator {
    store: Arc<dyn EventStore>,
    audit: Arc<AuditLog>,
    eraser: Option<Arc<Eraser>>,
    /// How long erasures stay in the ledger.
    kept: Duration,
    stats: Mutex<RotatorStats>,
}

/// What rotating has come to since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RotatorStats {
    /// When it was last done.
    pub last_at: Option<Timestamp>,
    /// Whether nothing may be removed until somebody says so or mends something.
    pub is_stopped: bool,
    /// Segments that were sealed, but for those that were sealed because they were full.
    pub n_sealed: u64,
    /// Segments that were compressed.
    pub n_compressed: u64,
    /// Segments that were removed.
    pub n_removed: u64,
    /// Days of the audit trail that were removed.
    pub n_audit_days: u64,
    /// What could not be done.
    pub n_failed: u64,
}

impl Rotator {
    /// For an open log and an open trail of the same directory.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, audit: Arc<AuditLog>) -> Self {
        let kept = Policy::default().erasures();
        Self { store, audit, eraser: None, kept, stats: Mutex::default() }
    }

    /// The same, with who knows what must stay erased, and how long it has to be known.
    #[must_use]
    pub fn with_eraser(self, eraser: Arc<Eraser>, policy: &Policy) -> Self {
        Self { eraser: Some(eraser), kept: policy.erasures(), ..self }
    }

    /// Seals, compresses and removes what is due, in the name of `actor`.
    ///
    /// # Errors
    /// When the log cannot be listed or sealed, or the record of it not be written.
    pub fn rotate(
        &self,
        actor: &str,
        now: Timestamp,
        rotate: Rotate,
    ) -> Result<Rotated, StoreError> {
        let mut done = self.store.rotate(now, rotate).inspect_err(|_| {
            self.stats.lock().unwrap_or_else(PoisonError::into_inner).n_failed += 1;
        })?;
        if rotate.dry_run {
            done.n_audit_days = self.audit.n_due(now)?;
            return Ok(done);
        }
        self.erase_again(&mut done, now);
        self.prune(actor, &mut done, now, rotate.force);
        self.count(&done, now);
        if done.is_worth_a_record() {
            self.audit.append(now, actor, done.as_action(rotate.force))?;
        }
        Ok(done)
    }

    /// Looks whether what was erased is in a file again that somebody has put back, and erases it once more. Gives how
    /// many erasures that were.
    ///
    /// # Errors
    /// When the directory cannot be listed or the index not be asked.
    pub fn look_again(&self, now: Timestamp) -> Result<usize, StoreError> {
        let Some(eraser) = &self.eraser else { return Ok(0) };
        let resumed = eraser.look_again(now)?.unwrap_or_default();
        for (id, error) in resumed.failed {
            tracing::error!(%id, %error, "what was put back of an erasure cannot be erased once more");
        }
        Ok(resumed.receipts.len())
    }

    /// What rotating has come to since the process started.
    #[must_use]
    pub fn stats(&self) -> RotatorStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever puts files of a backup back brings erased ones back with them.
    fn erase_again(&self, done: &mut Rotated, now: Timestamp) {
        let Some(eraser) = &self.eraser else { return };
        match eraser.recheck(now) {
            Ok(again) => {
                done.n_erased_again = again.receipts.len() as u64;
                let told = |(id, error)| format!("the erasure {id}, once more: {error}");
                done.failed.extend(again.failed.into_iter().map(told));
            }
            Err(error) => done.failed.push(error.to_string()),
        }
    }

    /// Trail and ledger go by the same clock.
    fn prune(&self, actor: &str, done: &mut Rotated, now: Timestamp, force: bool) {
        if done.stopped.is_some_and(retention::Stop::doubts_the_clock) {
            return;
        }
        let forgotten = self.eraser.as_ref().map(|eraser| eraser.forget(actor, now, self.kept));
        match forgotten.transpose() {
            Ok(n) => done.n_forgotten = n.unwrap_or_default(),
            Err(error) => done.failed.push(error.to_string()),
        }
        match self.audit.prune(now, force) {
            Ok(pruned) => {
                done.n_audit_days = pruned.n_files;
                done.stopped = done.stopped.or(pruned.stopped);
            }
            Err(error) => done.failed.push(error.to_string()),
        }
    }

    fn count(&self, done: &Rotated, now: Timestamp) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.last_at = Some(now);
        stats.is_stopped = done.stopped.is_some();
        stats.n_sealed += done.n_sealed as u64;
        stats.n_compressed += done.compressed.len() as u64;
        stats.n_removed += done.removed.len() as u64;
        stats.n_audit_days += done.n_audit_days;
        stats.n_failed += done.failed.len() as u64;
    }
}

impl Rotated {
    fn is_worth_a_record(&self) -> bool {
        let n_done = self.n_sealed + self.compressed.len() + self.removed.len();
        n_done + self.failed.len() > 0 || self.stopped.is_some()
    }

    fn as_action(&self, forced: bool) -> AuditAction {
        AuditAction::Rotated {
            n_sealed: self.n_sealed as u64,
            n_compressed: self.compressed.len() as u64,
            n_removed: self.removed.len() as u64,
            n_failed: self.failed.len() as u64,
            forced,
            stopped: self.stopped.map(|stop| stop.to_string()),
        }
    }
}

impl fmt::Debug for Rotator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotator").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What rotating would compress and remove. Reads only, and opens nothing that a start would mend.
///
/// # Errors
/// When the log cannot be listed.
pub fn would_rotate(
    dir: &DataDir,
    policy: &Policy,
    keep_audit_days: u32,
    now: Timestamp,
    rotate: Rotate,
) -> Result<Rotated, StoreError> {
    let rotate = Rotate { dry_run: true, ..rotate };
    let done = retention::run(dir, Ask { now, term: policy.events, rotate })?;
    Ok(Rotated { n_audit_days: AuditLog::would_prune(dir, keep_audit_days, now)?, ..done })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuditConfig, EventLogConfig, FileEventLog, audit_tail};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    struct Rig {
        dir: DataDir,
        rotator: Rotator,
        _temp: tempfile::TempDir,
    }

    impl Rig {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let dir = DataDir::open(temp.path()).unwrap();
            let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
            let audit = AuditLog::open(&dir, AuditConfig::default(), START).unwrap();
            let rotator = Rotator::new(Arc::new(log), Arc::new(audit));
            Self { dir, rotator, _temp: temp }
        }

        /// Rotates once a day until day `last`.
        fn days(&self, from: u32, last: u32, how: Rotate) -> Rotated {
            let mut done = Rotated::default();
            for day in from..=last {
                let at = START.plus(DAY * day);
                let action = AuditAction::RefusedMore { n: u64::from(day) };
                self.rotator.audit.append(at, "x", action).unwrap();
                done = self.rotator.rotate("x", at, how).unwrap();
            }
            done
        }

        fn n_days(&self) -> usize {
            std::fs::read_dir(self.dir.audit_path()).unwrap().count() - 1
        }
    }

    #[test]
    fn the_trail_is_rotated_with_the_log_by_the_same_clock() {
        let rig = Rig::new();
        assert_eq!(rig.days(0, 366, Rotate::default()).n_audit_days, 1);
        assert_eq!(rig.n_days(), 366);
        // A year ahead at once, all that is kept would be past its time.
        let later = START.plus(DAY * 800);
        let done = rig.rotator.rotate("x", later, Rotate::default()).unwrap();
        assert!(matches!(done.stopped, Some(crate::Stop::ClockJumped { .. })), "{done:?}");
        assert_eq!((done.n_audit_days, rig.n_days()), (0, 367));
        let stats = rig.rotator.stats();
        assert!(stats.is_stopped && stats.n_audit_days == 1, "{stats:?}");
        let last = audit_tail(&rig.dir, 1).unwrap().remove(0);
        assert!(matches!(last.action, AuditAction::Rotated { stopped: Some(_), .. }), "{last:?}");
        assert_eq!(last.actor, "x");
        // Once the clock has gone on it is believed, and then it is too much at once.
        let done = rig
            .rotator
            .rotate("x", later.plus(Duration::from_secs(7200)), Rotate::default())
            .unwrap();
        assert!(
            matches!(done.stopped, Some(crate::Stop::RemovesTooMuchAudit { .. })),
            "{:?}",
            done.stopped
        );
        let forced = Rotate { force: true, ..Rotate::default() };
        let done = rig.rotator.rotate("x", later.plus(Duration::from_secs(7201)), forced).unwrap();
        assert_eq!((done.stopped, rig.n_days()), (None, 1));
        assert!(rig.rotator.audit.verify().unwrap().is_sound());
    }

    #[test]
    fn saying_what_would_be_done_changes_nothing() {
        let rig = Rig::new();
        rig.days(0, 2, Rotate::default());
        let read = || {
            let files = crate::disk::entries_in(&rig.dir.audit_path()).unwrap();
            let memory = std::fs::read(rig.dir.retention_path()).unwrap();
            (files, memory, audit_tail(&rig.dir, 99).unwrap().len())
        };
        let before = read();
        let dry = Rotate { dry_run: true, ..Rotate::default() };
        let at = START.plus(DAY * 367);
        let said = rig.rotator.rotate("x", at, dry).unwrap();
        let alone =
            would_rotate(&DataDir::read(rig.dir.path()).unwrap(), &Policy::default(), 365, at, dry);
        assert_eq!((said.n_audit_days, alone.unwrap().n_audit_days), (2, 2));
        assert_eq!(read(), before);
    }
}

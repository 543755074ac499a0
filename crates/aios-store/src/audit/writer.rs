//! Writes the trail.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aios_core::Timestamp;

use super::checkpoint::{self, Checkpoint};
use super::entry::{self, AuditAction, AuditEntry};
use super::files::{self, DayFile};
use super::head::{self, Standing};
use super::prune::{self, Pruned};
use super::state::State;
use super::{AuditConfig, AuditStats, AuditVerdict, actor, verify_audit};
use crate::head::ChainEnd;
use crate::sign::Signer;
use crate::{DataDir, StoreError, disk, fail, regular};

/// How far a clock may have gone back before the trail follows it: less is a midnight or a correction.
const BACK_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// The audit trail of a data directory, open for writing.
#[derive(Debug)]
pub struct AuditLog {
    dir: DataDir,
    audit: PathBuf,
    config: AuditConfig,
    signer: Signer,
    state: Mutex<State>,
    stats: Mutex<AuditStats>,
    /// Who opens and closes it.
    actor: &'static str,
    /// Whether the head goes on with the trail: one that contradicts it stays as it is.
    is_headed: bool,
}

impl AuditLog {
    /// Opens the trail for a server, where it ends. Half a line at its end is cut off, and the cut is an
    /// entry.
    ///
    /// # Errors
    /// When this process does not own the directory, or the trail cannot be read or written.
    pub fn open(dir: &DataDir, config: AuditConfig, now: Timestamp) -> Result<Self, StoreError> {
        let log = Self::attach(dir, config, actor::SERVER, now)?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let headed = log.is_headed;
        log.append(now, log.actor, AuditAction::Opened { version, headed })?;
        log.witness_control(now)?;
        log.witness_segments(now)?;
        Ok(log)
    }

    /// The same for a command that does its work while no server runs: no entry says that it began.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn offline(dir: &DataDir, config: AuditConfig, now: Timestamp) -> Result<Self, StoreError> {
        Self::attach(dir, config, actor::OPERATOR, now)
    }

    fn attach(
        dir: &DataDir,
        config: AuditConfig,
        actor: &'static str,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        dir.must_own("open the audit trail")?;
        let audit = dir.audit_path();
        disk::create_dir(&audit)?;
        disk::create_dir(&dir.analytics_path())?;
        // Before the key is made that says so.
        let was_in_use = head::was_in_use(dir)?;
        let signer = Signer::load(dir)?;
        let known = head::read(dir)?;
        let (state, n_torn) = State::at_end_of(&audit)?;
        let standing = Standing::of(dir, &known, &state, was_in_use)?;
        let is_headed = standing == Standing::Whole || matches!(known, Ok(None));
        let (dir, end) = (dir.clone(), state.end());
        let state = Mutex::new(state);
        let stats = Mutex::default();
        let log = Self { dir, audit, config, signer, state, stats, actor, is_headed };
        if n_torn > 0 {
            log.append(now, actor, AuditAction::TornTailCut { n_bytes: n_torn })?;
        }
        log.begin(standing, end, now)?;
        Ok(log)
    }

    /// Begins or continues the head, and puts on record what is extraordinary about that.
    fn begin(&self, standing: Standing, end: ChainEnd, now: Timestamp) -> Result<(), StoreError> {
        let last_seq = end.seq;
        match standing {
            // A crash may have left it an entry behind. Before the first entry, so that there is none without a head.
            Standing::New | Standing::Whole => {
                let end = self.lock().end();
                head::write(&self.dir, &self.signer, &end)
            }
            Standing::Headless => {
                tracing::warn!(last_seq, "the audit trail of a version before gets its head");
                self.append(now, self.actor, AuditAction::Headed { last_seq }).map(drop)
            }
            Standing::Lost { last_seq } => {
                tracing::error!(
                    last_seq,
                    "the audit trail is not whole: it does not come as far as its head, or that is gone; restore both, `aios audit verify` says more"
                );
                self.append(now, self.actor, AuditAction::Lost { last_seq }).map(drop)
            }
        }
    }

    /// Writes an entry and forces it to disk. Returns its number. That the end could not be signed is said,
    /// counted, and made up for by the next signature: the entry is on record all the same.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is left.
    pub fn append(
        &self,
        at: Timestamp,
        actor: &str,
        action: AuditAction,
    ) -> Result<u64, StoreError> {
        let hold = matches!(action, AuditAction::Hold { .. }).then(|| action.clone());
        let written = self.write(&mut self.lock(), at, actor, action);
        if let (Ok(_), Some(hold)) = (&written, &hold) {
            self.dir.with_holds_on_record(|known| known.take(at, hold));
        }
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        match &written {
            Ok(_) => stats.n_written += 1,
            Err(_) => stats.n_failed += 1,
        }
        written
    }

    /// Signs the end of the trail if an entry has waited for that long enough. To be called now and then.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn sign_if_due(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.lock();
        if self.is_due(&state, now) { self.sign(&mut state, now) } else { Ok(()) }
    }

    /// Signs the end. A server's trail also says that this was the orderly one.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn close(&self, at: Timestamp) -> Result<(), StoreError> {
        if self.actor == actor::SERVER {
            self.witness_control(at)?;
            self.witness_segments(at)?;
            return self.append(at, self.actor, AuditAction::Closed).map(drop);
        }
        let mut state = self.lock();
        if state.n_unsigned > 0 {
            self.try_to_sign(&mut state, at);
        }
        Ok(())
    }

    /// Removes files of days that are past their time. The entry before the first that is kept is
    /// vouched for by a checkpoint, so that the rest can still be verified. Where more than a fifth of
    /// the trail would go at once nothing does, unless it is forced.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn prune(&self, now: Timestamp, force: bool) -> Result<Pruned, StoreError> {
        let seq = self.lock().seq;
        let Some(plan) = prune::Plan::new(&self.audit, self.config.keep_days, now)? else {
            return Ok(Pruned::default());
        };
        let (n_files, last_seq) = (plan.n_files(), plan.last_seq);
        if let (false, Some(stop)) = (force, plan.stop(seq)) {
            return Ok(Pruned { n_files: 0, stopped: Some(stop) });
        }
        plan.keep_anchor(&self.audit, &self.signer, now)?;
        // On record first: a beginning that is gone without an entry was not removed by us.
        self.append(now, self.actor, AuditAction::Pruned { n_files, last_seq })?;
        plan.execute(&self.audit)?;
        Ok(Pruned { n_files, stopped: None })
    }

    /// How many files pruning would remove.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn n_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        Self::would_prune(&self.dir, self.config.keep_days, now)
    }

    /// The same without an open trail.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn would_prune(
        dir: &DataDir,
        keep_days: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let plan = prune::Plan::new(&dir.audit_path(), keep_days, now)?;
        Ok(plan.map_or(0, |plan| plan.n_files()))
    }

    /// Checks the trail, its checkpoints and their copy.
    ///
    /// # Errors
    /// As for [`verify_audit`].
    pub fn verify(&self) -> Result<AuditVerdict, StoreError> {
        let copies: Vec<_> = self.config.checkpoint_copy.iter().cloned().collect();
        verify_audit(&self.dir, &copies)
    }

    /// Where it is kept.
    pub(crate) const fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Who acts where nobody asks for it.
    #[must_use]
    pub fn actor(&self) -> &'static str {
        self.actor
    }

    /// What has become of the trail since it was opened.
    #[must_use]
    pub fn stats(&self) -> AuditStats {
        let n_unsigned = self.lock().n_unsigned;
        AuditStats { n_unsigned, ..*self.stats.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// What signatures are checked with, in hexadecimal digits.
    #[must_use]
    pub fn public_key(&self) -> &str {
        self.signer.public_key()
    }

    fn write(
        &self,
        state: &mut State,
        at: Timestamp,
        actor: &str,
        action: AuditAction,
    ) -> Result<u64, StoreError> {
        let path = self.file_for(state, at)?;
        let is_grave = matches!(action, AuditAction::Erasure { .. } | AuditAction::Closed);
        let (seq, prev) = (state.seq + 1, state.h.clone());
        let entry = AuditEntry { seq, prev, ts: at, actor: actor.to_owned(), action };
        let failed = || StoreError::io("write the audit trail", &path);
        let (line, h) = entry::line(&entry).map_err(io::Error::from).map_err(failed())?;
        state.write(line.as_bytes()).map_err(failed())?;
        (state.seq, state.h) = (seq, h);
        state.n_unsigned += 1;
        state.unsigned_since.get_or_insert(at);
        self.go_on_with_head(state);
        if is_grave || self.is_due(state, at) {
            self.try_to_sign(state, at);
        }
        Ok(seq)
    }

    /// An entry that is on record stays so where its head cannot be written: the next one writes it.
    fn go_on_with_head(&self, state: &State) {
        if self.is_headed
            && let Err(error) = head::write(&self.dir, &self.signer, &state.end())
        {
            self.checkpoint_failed();
            tracing::error!(%error, "the head of the audit trail could not be written; the next entry does it");
        }
    }

    fn is_due(&self, state: &State, now: Timestamp) -> bool {
        state.n_unsigned >= self.config.checkpoint_every
            || state.unsigned_since.is_some_and(|at| now.since(at) >= self.config.checkpoint_after)
    }

    /// Opens the file that an entry of that time belongs to, if it is not open.
    fn file_for(&self, state: &mut State, at: Timestamp) -> Result<PathBuf, StoreError> {
        let (day, day_after) = (files::day(at), files::day(at.plus(BACK_MAX)));
        // A clock that was set back does not reopen a day that is over, unless it was wrong by days.
        let stays = state.current.as_ref().filter(|file| day <= file.day && file.day <= day_after);
        let file = match stays {
            Some(file) if state.file.is_some() => return Ok(file.path(&self.audit)),
            Some(file) => file.clone(),
            None => DayFile::unwritten(&self.audit, &day)?,
        };
        self.turn_to(state, file, at)
    }

    /// Signs the end of the day before and opens the file of another.
    fn turn_to(
        &self,
        state: &mut State,
        file: DayFile,
        at: Timestamp,
    ) -> Result<PathBuf, StoreError> {
        if state.n_unsigned > 0 && state.current.as_ref() != Some(&file) {
            self.try_to_sign(state, at);
        }
        let path = file.path(&self.audit);
        let failed = || StoreError::io("open the audit trail", &path);
        let opened = regular::open_to_append(&path).map_err(failed())?;
        state.len = opened.metadata().map_err(failed())?.len();
        fail::point("audit.before_named");
        disk::sync_dir(&self.audit)?;
        fail::point("audit.named");
        (state.current, state.file) = (Some(file), Some(opened));
        Ok(path)
    }

    /// Writes a checkpoint here and at the second place. That the second place is gone is said, and
    /// does not stop what is being done: the one here is written first.
    fn sign(&self, state: &mut State, at: Timestamp) -> Result<(), StoreError> {
        let mark = Checkpoint::new(&self.signer, state.seq, &state.h, at);
        let here = checkpoint::path(&self.audit);
        if let Err(error) = mark.append_to(&here) {
            self.checkpoint_failed();
            return Err(StoreError::io("write", &here)(error));
        }
        (state.n_unsigned, state.unsigned_since) = (0, None);
        if let Some(copy) = &self.config.checkpoint_copy
            && let Err(error) = mark.append_to(copy)
        {
            self.checkpoint_failed();
            tracing::error!(%error, path = %copy.display(), "the copy of an audit checkpoint could not be written");
        }
        Ok(())
    }

    /// What is not signed now stays due.
    fn try_to_sign(&self, state: &mut State, at: Timestamp) {
        if let Err(error) = self.sign(state, at) {
            tracing::error!(%error, "the end of the audit trail could not be signed; it is tried again");
        }
    }

    fn checkpoint_failed(&self) {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).n_checkpoints_failed += 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Writes the trail.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aios_core::Timestamp;

use super::checkpoint::{self, Checkpoint};
use super::entry::{self, AuditAction, AuditEntry, GENESIS};
use super::prune::Plan;
use super::{AuditConfig, each_line, files};
use crate::sign::Signer;
use crate::{DataDir, StoreError, disk, fail};

/// The audit trail of a data directory, open for writing.
#[derive(Debug)]
pub struct AuditLog {
    audit: PathBuf,
    config: AuditConfig,
    signer: Signer,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The day whose file is open.
    day: String,
    file: Option<File>,
    /// Good bytes in it.
    len: u64,
    seq: u64,
    h: String,
    /// Entries since the last checkpoint.
    n_unsigned: u64,
}

impl AuditLog {
    /// Opens the trail where it ends. Half a line at its end is cut off, and the cut is an entry.
    ///
    /// # Errors
    /// When this process does not own the directory, or the trail cannot be read or written.
    pub fn open(dir: &DataDir, config: AuditConfig, now: Timestamp) -> Result<Self, StoreError> {
        dir.must_own("open the audit trail")?;
        let audit = dir.audit_path();
        disk::create_dir(&audit)?;
        let signer = Signer::load(dir)?;
        let (state, n_torn) = State::at_end_of(&audit)?;
        let log = Self { audit, config, signer, state: Mutex::new(state) };
        if n_torn > 0 {
            log.append(now, "server", AuditAction::TornTailCut { n_bytes: n_torn })?;
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        log.append(now, "server", AuditAction::Opened { version })?;
        Ok(log)
    }

    /// Writes an entry and forces it to disk. Returns its number.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is left.
    pub fn append(
        &self,
        at: Timestamp,
        actor: &str,
        action: AuditAction,
    ) -> Result<u64, StoreError> {
        let mut state = self.lock();
        let day = files::day(at);
        // A clock that was set back does not reopen a day that is over.
        if state.file.is_none() || day > state.day {
            self.turn_to(&mut state, day, at)?;
        }
        let is_grave = matches!(action, AuditAction::Erasure { .. } | AuditAction::Closed);
        let path = files::path(&self.audit, &state.day);
        let seq = state.seq + 1;
        let entry =
            AuditEntry { seq, prev: state.h.clone(), ts: at, actor: actor.to_owned(), action };
        let failed = StoreError::io("write the audit trail", &path);
        let (line, h) = entry::line(&entry).map_err(io::Error::from).map_err(failed)?;
        state.write(line.as_bytes()).map_err(StoreError::io("write the audit trail", &path))?;
        (state.seq, state.h) = (seq, h);
        state.n_unsigned += 1;
        if is_grave || state.n_unsigned >= self.config.checkpoint_every {
            self.sign(&mut state, at)?;
        }
        Ok(seq)
    }

    /// Says that this was the orderly end, and signs it.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub fn close(&self, at: Timestamp) -> Result<(), StoreError> {
        self.append(at, "server", AuditAction::Closed).map(drop)
    }

    /// Removes files of days that are past their time. The entry before the first that is kept is
    /// vouched for by a checkpoint, so that the rest can still be verified. Returns how many went.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub fn prune(&self, now: Timestamp) -> Result<u64, StoreError> {
        let day = self.lock().day.clone();
        let Some(plan) = Plan::new(&self.audit, &day, self.config.keep_days, now)? else {
            return Ok(0);
        };
        plan.keep_anchor(&self.audit, &self.signer, now)?;
        // On record first: a beginning that is gone without an entry was not removed by us.
        let (n_files, last_seq) = (plan.n_files(), plan.last_seq);
        self.append(now, "server", AuditAction::Pruned { n_files, last_seq })?;
        plan.execute(&self.audit)?;
        Ok(n_files)
    }

    /// What signatures are checked with, in hexadecimal digits.
    #[must_use]
    pub fn public_key(&self) -> &str {
        self.signer.public_key()
    }

    /// Signs the end of the day before and opens the file of another.
    fn turn_to(&self, state: &mut State, day: String, at: Timestamp) -> Result<(), StoreError> {
        if state.n_unsigned > 0 {
            self.sign(state, at)?;
        }
        let day = day.max(std::mem::take(&mut state.day));
        let path = files::path(&self.audit, &day);
        let opened = disk::private_file(&path)
            .and_then(|mut file| file.append(true).create(true).open(&path));
        let file = opened.map_err(StoreError::io("open the audit trail", &path))?;
        state.len = file.metadata().map_err(StoreError::io("open the audit trail", &path))?.len();
        disk::sync_dir(&self.audit)?;
        (state.day, state.file) = (day, Some(file));
        Ok(())
    }

    /// Writes a checkpoint here and at the second place. That the second place is gone is said, and
    /// does not stop what is being done: the one here is written first.
    fn sign(&self, state: &mut State, at: Timestamp) -> Result<(), StoreError> {
        let checkpoint = Checkpoint::new(&self.signer, state.seq, &state.h, at);
        let here = checkpoint::path(&self.audit);
        let failed = StoreError::io("write", &here);
        let line = checkpoint.line().map_err(io::Error::from).map_err(failed)?;
        append_line(&here, &line).map_err(StoreError::io("write", &here))?;
        state.n_unsigned = 0;
        if let Some(copy) = &self.config.checkpoint_copy
            && let Err(error) = append_line(copy, &line)
        {
            tracing::error!(%error, path = %copy.display(), "the copy of an audit checkpoint could not be written");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where the trail ends, and how many bytes of half a line were cut off there.
    fn at_end_of(audit: &Path) -> Result<(Self, u64), StoreError> {
        let mut state = Self {
            day: String::new(),
            file: None,
            len: 0,
            seq: 0,
            h: GENESIS.to_owned(),
            n_unsigned: 0,
        };
        let Some(day) = files::days(audit)?.pop() else { return Ok((state, 0)) };
        let path = files::path(audit, &day);
        let n_torn = cut_torn_tail(&path)?;
        state.find_last_entry(audit)?;
        state.day = day;
        let (signed, _) = checkpoint::read(&checkpoint::path(audit))?;
        let signed = signed.last().map_or(0, |checkpoint| checkpoint.seq);
        state.n_unsigned = state.seq.saturating_sub(signed);
        Ok((state, n_torn))
    }

    /// The last file may be empty, if the process died when it had just been made.
    fn find_last_entry(&mut self, audit: &Path) -> Result<(), StoreError> {
        for day in files::days(audit)?.iter().rev() {
            each_line(&files::path(audit, day), |_, line| {
                if let Ok(read) = entry::read(line) {
                    (self.seq, self.h) = (read.entry.seq, read.hash);
                }
            })?;
            if self.seq > 0 {
                break;
            }
        }
        Ok(())
    }

    /// All of a line, or nothing.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let written = file.write_all(line).and_then(|()| {
            fail::point("audit.before_sync");
            file.sync_data()
        });
        fail::point("audit.synced");
        match written {
            Ok(()) => self.len += line.len() as u64,
            // What is left if this fails too is cut off when the trail is opened again.
            Err(_) => drop(file.set_len(self.len)),
        }
        written
    }
}

fn cut_torn_tail(path: &Path) -> Result<u64, StoreError> {
    let n_torn = each_line(path, |_, _| {})?;
    if n_torn > 0 {
        let failed = || StoreError::io("cut the audit trail", path);
        let file = OpenOptions::new().write(true).open(path).map_err(failed())?;
        let len = file.metadata().map_err(failed())?.len();
        file.set_len(len - n_torn).and_then(|()| file.sync_all()).map_err(failed())?;
        tracing::warn!(n_torn, path = %path.display(), "half a line was cut from the audit trail");
    }
    Ok(n_torn)
}

/// Appends a line and forces it to disk. Half a line, which a crash has left at the end, is cut off first.
fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = disk::private_file(path)?.append(true).read(true).create(true).open(path)?;
    if !disk::ends_with_newline(&mut file)? {
        let bytes = std::fs::read(path)?;
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        OpenOptions::new().write(true).open(path)?.set_len(end as u64)?;
    }
    file.write_all(line.as_bytes())?;
    fail::point("checkpoint.before_sync");
    file.sync_all()
}

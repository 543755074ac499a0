//! Where the trail ends, as far as the process that writes it knows.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use aios_core::Timestamp;

use super::entry::{self, GENESIS};
use super::files::{self, DayFile};
use super::{checkpoint, each_line};
use crate::head::ChainEnd;
use crate::{StoreError, disk, fail, regular};

/// The end of the trail.
#[derive(Debug)]
pub(super) struct State {
    /// What holds the last entry; none in a new trail.
    pub(super) current: Option<DayFile>,
    /// That, once it is open.
    pub(super) file: Option<File>,
    /// Good bytes in it.
    pub(super) len: u64,
    pub(super) seq: u64,
    pub(super) h: String,
    /// Entries since the last checkpoint.
    pub(super) n_unsigned: u64,
    /// When the first of them was written.
    pub(super) unsigned_since: Option<Timestamp>,
}

impl State {
    /// Where the trail ends, and how many bytes of half a line were cut off there.
    pub(super) fn at_end_of(audit: &Path) -> Result<(Self, u64), StoreError> {
        let mut state = Self {
            current: None,
            file: None,
            len: 0,
            seq: 0,
            h: GENESIS.to_owned(),
            n_unsigned: 0,
            unsigned_since: None,
        };
        let (marks, _) = checkpoint::read(&checkpoint::path(audit))?;
        let signed = marks.last().map_or(0, |checkpoint| checkpoint.seq);
        let mut n_torn = 0;
        // The last file may be empty, if the process died when it had just been made.
        for file in files::in_order(audit)?.into_iter().rev() {
            let path = file.path(audit);
            n_torn += cut_torn_tail(&path)?;
            each_line(&path, |_, line| state.found(line, signed))?;
            if state.seq > 0 {
                state.current = Some(file);
                break;
            }
        }
        state.n_unsigned = state.seq.saturating_sub(signed);
        Ok((state, n_torn))
    }

    /// Where the chain ends.
    pub(super) fn end(&self) -> ChainEnd {
        ChainEnd { seq: self.seq, h: self.h.clone() }
    }

    fn found(&mut self, line: &str, signed: u64) {
        let Ok(read) = entry::read(line) else { return };
        (self.seq, self.h) = (read.entry.seq, read.hash);
        if self.seq > signed {
            self.unsigned_since.get_or_insert(read.entry.ts);
        }
    }

    /// All of a line, or nothing.
    pub(super) fn write(&mut self, line: &[u8]) -> io::Result<()> {
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
        let file = regular::open_to_cut(path).map_err(failed())?;
        let len = file.metadata().map_err(failed())?.len();
        disk::cut(&file, len - n_torn, "audit.before_cut", "audit.cut").map_err(failed())?;
        tracing::warn!(n_torn, path = %path.display(), "half a line was cut from the audit trail");
    }
    Ok(n_torn)
}

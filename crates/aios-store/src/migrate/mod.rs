//! Takes in logs that were written before schema 2.0.
//!
//! When the event log is opened and its file is of an older schema, it is set aside as
//! `hypotheses.older.ndjson`, so that new events begin in a file of their own. Migrating turns that file
//! into events of schema 2.0, redacted and under pseudonyms of this deployment, and puts that in its
//! place in one step. Then it is cut into segments, day by day, and removed; if the process dies there,
//! the next start goes on. Nothing of the old text is kept beside it, but for lines that are no answers:
//! they are masked and put into the quarantine.

mod convert;
mod older;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use aios_core::SCHEMA_VERSION;
use aios_privacy::{Keyring, Pseudonym, Redactor, pseudonyms_in};
use serde::Serialize;

use crate::erase::Ledger;
use crate::replace::{Points, Replacement, points};
use crate::segment::Layout;
use crate::segment::facts::{self, Kind};
use crate::{BadLine, DataDir, StoreError, disk, fail, regular};
pub(crate) use convert::owners;
use convert::{Converted, Converter};
use older::Older;

const REST: Points = points!("migrate_rest");
const CONVERTED: Points = points!("migrate_converted");

/// What migrating needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Migration<'a> {
    /// Masks what may not be kept.
    pub redactor: &'a Redactor,
    /// Makes the pseudonyms of conversations by its newest version, and knows by the older ones who was erased.
    pub keyring: &'a Keyring,
    /// Longest question and answer kept, in bytes.
    pub text_max: usize,
    /// Offset of the times in the old log, which name none, such as `Z` or `+02:00`.
    pub utc_offset: &'a str,
}

/// What migrating has done, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The file of the older schema; none if there is nothing to migrate.
    pub source: Option<PathBuf>,
    /// Answers of schema 0.9.
    pub n_v0_9: u64,
    /// Answers of schema 1.0.
    pub n_v1_0: u64,
    /// Events of the present schema, which stay as they are.
    pub n_v2_0: u64,
    /// Lines that are left out, because their conversation was erased here.
    pub n_erased: u64,
    /// Values that were masked.
    pub n_masked: u64,
    /// Lines that are no answers, the first ones with their numbers.
    pub not_migrated: Vec<BadLine>,
    /// How many they are.
    pub n_not_migrated: u64,
    /// Where those are put.
    pub aside: Option<PathBuf>,
}

/// Most lines that are named one by one.
const NAMED_MAX: usize = 100;

/// Migrates the older log of a directory; with `execute` false it only says what would be done.
///
/// # Errors
/// When this process does not own the directory, or something cannot be read or written.
pub fn migrate(dir: &DataDir, how: Migration<'_>, execute: bool) -> Result<Migrated, StoreError> {
    let layout = Layout::of(dir);
    let _lease = dir.lease_log()?;
    let source = match (regular::is_file(&layout.older()), execute) {
        (true, _) => layout.older(),
        (false, true) if set_aside(&layout)? => layout.older(),
        (false, false) if begins_older(&layout.active())? => layout.active(),
        (false, _) => return Ok(Migrated::default()),
    };
    let mut out = execute.then(|| Outcome::begin(dir, &source)).transpose()?;
    let erased = Ledger::read(dir)?.binding();
    let mut pass = Pass::new(how, &source, &erased);
    pass.run(out.as_mut())?;
    let mut migrated = pass.migrated;
    if let Some(out) = out {
        migrated.aside = out.commit(migrated.n_not_migrated > 0)?;
        crate::log::cut_older(dir)?;
    }
    Ok(migrated)
}

/// Puts an active segment of an older schema aside, so that new events do not mix with it. True if there
/// was one and there is room for it.
pub(crate) fn set_aside(layout: &Layout) -> Result<bool, StoreError> {
    let active = layout.active();
    if !begins_older(&active)? || layout.older().symlink_metadata().is_ok() {
        return Ok(false);
    }
    fail::point("older.before_rename");
    fs::rename(&active, layout.older()).map_err(StoreError::io("set aside", &active))?;
    fail::point("older.renamed");
    disk::sync_dir(layout.dir())?;
    tracing::warn!(
        path = %layout.older().display(),
        "the event log is of an older schema and was set aside; `aios logs migrate` takes it in"
    );
    Ok(true)
}

/// So many lines at the beginning may be of no schema, such as half of one.
const HEAD_LINES: usize = 64;

/// What editors on Windows put at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether the first line that is of any schema is of an older one.
fn begins_older(path: &Path) -> Result<bool, StoreError> {
    let failed = || StoreError::io("read", path);
    let file = match regular::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed()(error)),
    };
    let mut head = BufReader::new(io::Read::take(file, crate::LINE_MAX as u64));
    let mut line = Vec::new();
    for _ in 0..HEAD_LINES {
        line.clear();
        if head.read_until(b'\n', &mut line).map_err(failed())? == 0 {
            return Ok(false);
        }
        let text = without_mark(&line).trim_ascii_end();
        if !matches!(facts::of(text), Kind::Bad) {
            return Ok(false);
        }
        if Older::read(text).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
}

/// The first line of a file; `None` if the file is not there, or is none of ours.
pub(crate) fn first_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match regular::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if regular::is_irregular(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut line = Vec::new();
    BufReader::new(io::Read::take(file, crate::LINE_MAX as u64)).read_until(b'\n', &mut line)?;
    Ok(Some(line))
}

/// One reading of the older file.
struct Pass<'a> {
    converter: Converter<'a>,
    source: &'a Path,
    /// Whose events must not come back.
    erased: &'a [Pseudonym],
    migrated: Migrated,
}

/// What becomes of a line.
enum Becomes {
    Event(Vec<u8>),
    Nothing,
    /// It is put aside, masked.
    Rest(Vec<u8>),
}

impl<'a> Pass<'a> {
    fn new(how: Migration<'a>, source: &'a Path, erased: &'a [Pseudonym]) -> Self {
        let migrated = Migrated { source: Some(source.to_owned()), ..Migrated::default() };
        Self { converter: Converter::new(how), source, erased, migrated }
    }

    fn run(&mut self, mut out: Option<&mut Outcome>) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("migrate", self.source)(error);
        let mut reader = BufReader::new(regular::open(self.source).map_err(failed)?);
        let (mut line, mut number, mut offset) = (Vec::new(), 0, 0);
        loop {
            line.clear();
            let n = reader.read_until(b'\n', &mut line);
            let n = n.map_err(StoreError::io("migrate", self.source))?;
            if n == 0 {
                return Ok(());
            }
            number += 1;
            let text = if offset == 0 { without_mark(&line) } else { &line };
            let becomes = self.line(text, number, offset);
            if let Some(out) = out.as_deref_mut() {
                out.take(&becomes)?;
            }
            offset += n as u64;
        }
    }

    /// An old copy of what was erased here must not bring it back, under whichever version of the key that was,
    /// and not among what is put aside either.
    fn line(&mut self, line: &[u8], number: u64, offset: u64) -> Becomes {
        let text = line.trim_ascii_end();
        if text.is_empty() {
            return Becomes::Nothing;
        }
        if let Kind::Event(facts) = facts::of(text)
            && line.ends_with(b"\n")
        {
            if facts.pseudonyms().any(|id| self.is_erased(id)) {
                return self.left_out();
            }
            self.migrated.n_v2_0 += 1;
            return Becomes::Event(line.to_owned());
        }
        let owners = convert::owners(text, self.converter.keyring());
        if owners.iter().any(|owner| self.is_erased(owner.as_str())) {
            return self.left_out();
        }
        match self.converter.convert(text) {
            Ok(converted) if self.is_erased(converted.conv_id.as_str()) => self.left_out(),
            Ok(Converted { line, is_v0_9, n_masked, .. }) => {
                match is_v0_9 {
                    true => self.migrated.n_v0_9 += 1,
                    false => self.migrated.n_v1_0 += 1,
                }
                self.migrated.n_masked += n_masked;
                Becomes::Event(line)
            }
            // What nobody can read belongs to whoever can be seen in it.
            Err(_) if pseudonyms_in(text).any(|(_, one)| self.erased.contains(&one)) => {
                self.left_out()
            }
            Err(why) => {
                self.migrated.n_not_migrated += 1;
                if self.migrated.not_migrated.len() < NAMED_MAX {
                    let path = self.source.to_owned();
                    let bad = BadLine { path, number: Some(number), offset, why };
                    self.migrated.not_migrated.push(bad);
                }
                Becomes::Rest(self.converter.masked_line(line))
            }
        }
    }

    fn is_erased(&self, id: &str) -> bool {
        self.erased.iter().any(|erased| erased.as_str() == id)
    }

    fn left_out(&mut self) -> Becomes {
        self.migrated.n_erased += 1;
        Becomes::Nothing
    }
}

/// What is written: the converted log, and what is no part of it.
struct Outcome {
    converted: Replacement,
    rest: Replacement,
    aside: PathBuf,
}

impl Outcome {
    fn begin(dir: &DataDir, source: &Path) -> Result<Self, StoreError> {
        let quarantine = dir.quarantine_path();
        disk::create_dir(&quarantine)?;
        let aside = quarantine.join(format!("hypotheses.before-{SCHEMA_VERSION}.torn"));
        Ok(Self {
            converted: Replacement::begin(source)?,
            rest: Replacement::begin(&aside)?,
            aside,
        })
    }

    fn take(&mut self, becomes: &Becomes) -> Result<(), StoreError> {
        let (out, bytes) = match becomes {
            Becomes::Event(event) => (&mut self.converted, event.as_slice()),
            Becomes::Nothing => return Ok(()),
            Becomes::Rest(line) => (&mut self.rest, line.as_slice()),
        };
        out.write_all(bytes).map_err(StoreError::io("write", out.path()))
    }

    /// The rest first: once the converted log has taken the old one's place, the old one is gone.
    fn commit(self, has_rest: bool) -> Result<Option<PathBuf>, StoreError> {
        if has_rest {
            self.rest.commit(&REST)?;
        }
        self.converted.commit(&CONVERTED)?;
        Ok(has_rest.then_some(self.aside))
    }
}

//! Takes in logs that were written before schema 2.0.
//!
//! When the event log is opened and its file is of an older schema, it is set aside as
//! `hypotheses.older.ndjson`, so that new events begin in a file of their own. Migrating turns that file
//! into events of schema 2.0, redacted and under pseudonyms of this deployment, and puts that in its
//! place in one step. Then it is cut into segments, day by day, and removed; if the process dies there,
//! the next start goes on. So do, one after the other, those that were rotated under other names. Nothing of the
//! old text is kept beside it, but for lines that are no answers: they are masked and put into the quarantine.

mod convert;
mod older;
mod outside;

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aios_core::SCHEMA_VERSION;
use aios_privacy::{Keyring, Pseudonym, Redactor, pseudonyms_in};
use serde::Serialize;

use crate::erase::Ledger;
use crate::replace::{Points, Replacement, points};
use crate::segment::Layout;
use crate::segment::facts::{self, Kind};
use crate::segment::footer::Digest;
use crate::{BadLine, DataDir, StoreError, disk};
use convert::{Converted, Converter};
pub(crate) use convert::{owners, owners_in};
pub use outside::{Outside, outside};
pub(crate) use outside::{is_outside, is_taken_in, set_aside};

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
    /// The files of an older schema; none if there is nothing to migrate.
    pub sources: Vec<PathBuf>,
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
    /// Where those are put, of each file that has some.
    pub aside: Vec<PathBuf>,
}

/// Most lines that are named one by one.
const NAMED_MAX: usize = 100;

/// Migrates the older logs of a directory, one after the other; with `execute` false it only says what would be
/// done. Before the first is touched all have to be readable to their ends.
///
/// # Errors
/// When this process does not own the directory, or something cannot be read or written.
pub fn migrate(dir: &DataDir, how: Migration<'_>, execute: bool) -> Result<Migrated, StoreError> {
    let layout = Layout::of(dir);
    let _lease = dir.lease_log()?;
    let erased = Ledger::read(dir)?.binding();
    let mut waiting = outside(dir)?;
    waiting.retain(|one| one.is_older);
    for Outside { path, .. } in waiting.iter().filter(|_| execute) {
        outside::open(path)
            .and_then(|mut text| io::copy(&mut text, &mut io::sink()))
            .map_err(StoreError::io("read", path))?;
    }
    let mut migrated = Migrated::default();
    for Outside { path, .. } in waiting {
        let mut pass =
            Pass { converter: Converter::new(how), source: &path, erased: &erased, migrated };
        if !execute {
            pass.run(&path, None)?;
            migrated = pass.migrated;
        } else {
            let older = layout.older();
            if path != older {
                outside::move_aside(&layout, &path)?;
            }
            let mut out = Outcome::begin(dir, &older)?;
            pass.run(&older, Some(&mut out))?;
            migrated = pass.migrated;
            migrated.aside.extend(out.commit()?);
            crate::log::cut_older(dir)?;
        }
        migrated.sources.push(path);
    }
    Ok(migrated)
}

/// One reading of an older log.
struct Pass<'a> {
    converter: Converter<'a>,
    /// How it is called by who has put it there.
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

impl Pass<'_> {
    fn run(&mut self, path: &Path, mut out: Option<&mut Outcome>) -> Result<(), StoreError> {
        let mut reader = outside::open(path).map_err(StoreError::io("migrate", path))?;
        let (mut line, mut number, mut offset) = (Vec::new(), 0, 0);
        loop {
            line.clear();
            let n = reader.read_until(b'\n', &mut line);
            let n = n.map_err(StoreError::io("migrate", path))?;
            if n == 0 {
                return Ok(());
            }
            number += 1;
            let text = if offset == 0 { outside::without_mark(&line) } else { &line };
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
    /// Of the rest: a log that is migrated later does not take its place, and doing it again does.
    digest: Digest,
    quarantine: PathBuf,
}

impl Outcome {
    fn begin(dir: &DataDir, source: &Path) -> Result<Self, StoreError> {
        let quarantine = dir.quarantine_path();
        disk::create_dir(&quarantine)?;
        Ok(Self {
            converted: Replacement::begin(source)?,
            rest: Replacement::begin(&aside(&quarantine, ""))?,
            digest: Digest::default(),
            quarantine,
        })
    }

    fn take(&mut self, becomes: &Becomes) -> Result<(), StoreError> {
        let (out, bytes) = match becomes {
            Becomes::Event(event) => (&mut self.converted, event.as_slice()),
            Becomes::Nothing => return Ok(()),
            Becomes::Rest(line) => {
                self.digest.add(line);
                (&mut self.rest, line.as_slice())
            }
        };
        out.write_all(bytes).map_err(StoreError::io("write", out.path()))
    }

    /// The rest first: once the converted log has taken the old one's place, the old one is gone.
    fn commit(self) -> Result<Option<PathBuf>, StoreError> {
        let digest = self.digest.sha256();
        let has_rest = digest != Digest::of(b"");
        let path = has_rest.then(|| aside(&self.quarantine, &format!("-{digest:.NAMED_BY$}")));
        if let Some(path) = &path {
            self.rest.to(path).commit(&REST)?;
        }
        self.converted.commit(&CONVERTED)?;
        Ok(path)
    }
}

/// Digits of a digest in a name.
const NAMED_BY: usize = 16;

fn aside(quarantine: &Path, tail: &str) -> PathBuf {
    quarantine.join(format!("hypotheses.before-{SCHEMA_VERSION}{tail}.torn"))
}

//! Writes the register.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::PoisonError;

use aios_core::Timestamp;

use super::{Fact, Held, Register, names, path};
use crate::replace::{Points, Replacement, points};
use crate::retention::Term;
use crate::segment::Layout;
use crate::{
    DataDir, Footer, SegmentId, SegmentInfo, Segments, StoreError, audit, disk, fail, regular,
};

const AGE: Points = points!("register_age");

/// Lines more than are needed that make it worth while to write all of it anew.
const SPARE_LINES: u64 = 1000;

/// The register, open for writing.
#[derive(Debug)]
pub(crate) struct Book {
    register: Register,
    file: Option<File>,
    /// Good bytes in it.
    len: u64,
}

/// Writes lines and forces them to disk; the caller owns the directory.
pub(crate) fn note(dir: &DataDir, facts: &[Fact]) -> Result<(), StoreError> {
    if facts.is_empty() {
        return Ok(());
    }
    open(dir, |book| book.note(&path(dir), facts))?;
    // Whoever goes by the segments looks at them again.
    match facts.iter().all(|fact| matches!(fact, Fact::Sealed { .. })) {
        true => dir.note_sealed_segment(),
        false => dir.doubt_segments(),
    }
    Ok(())
}

/// Writes down those of the segments that are not in here.
pub(crate) fn note_found(dir: &DataDir, infos: &[SegmentInfo]) -> Result<(), StoreError> {
    let facts = open(dir, |book| Ok(book.unknown(infos)))?;
    note(dir, &facts)
}

/// A segment has got its footer.
pub(crate) fn note_sealed(dir: &DataDir, footer: &Footer) -> Result<(), StoreError> {
    let held = Held::from(footer);
    if states(dir, footer.segment)?.contains(&held) {
        return Ok(());
    }
    note(dir, &[Fact::Sealed { segment: footer.segment, held }])
}

/// A segment is about to become what its footer will say, or to go.
pub(crate) fn note_rewritten(
    dir: &DataDir,
    segment: SegmentId,
    left: Option<&Footer>,
) -> Result<(), StoreError> {
    match left {
        Some(footer) => note(dir, &[Fact::Rewritten { segment, held: footer.into() }]),
        None if states(dir, segment)?.is_empty() => Ok(()),
        None => note(dir, &[Fact::Removed { segment }]),
    }
}

/// What a segment has held since it was sealed, the last state last; nothing if it is not in here, or was removed.
pub(crate) fn states(dir: &DataDir, id: SegmentId) -> Result<Vec<Held>, StoreError> {
    look(dir, |register| Ok(register.segments.get(&id).cloned().unwrap_or_default()))
}

/// Shows the register: as this process writes it, or as it stands on disk.
pub(crate) fn look<T>(
    dir: &DataDir,
    show: impl FnOnce(&Register) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match dir.register() {
        Some(_) => open(dir, |book| show(&book.register)),
        None => show(&Register::read(dir)?),
    }
}

/// Forgets what retention would have removed by now, where it is gone already, what was lost so long ago, and what was
/// acknowledged and is no loss any more; and writes the register anew where most of it is about segments that are removed. `witnessed` is the last line that is on the
/// audit trail: only what is on record may be left out. Returns whether that was done.
pub(crate) fn age(
    dir: &DataDir,
    term: Term,
    now: Timestamp,
    witnessed: u64,
) -> Result<bool, StoreError> {
    open(dir, |book| {
        if book.register.end.0 != witnessed {
            return Ok(false);
        }
        let sealed = Segments::of(dir).list()?;
        let is_forgotten = book.forget(&Layout::of(dir), term, now);
        let is_due = book.take_back(dir, &sealed) || is_forgotten;
        let spare = book.register.n_lines.saturating_sub(book.register.facts().len() as u64);
        if !is_due && spare <= SPARE_LINES {
            return Ok(false);
        }
        book.write_anew(&path(dir))?;
        Ok(true)
    })
}

fn open<T>(
    dir: &DataDir,
    work: impl FnOnce(&mut Book) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    dir.must_own("write the register of segments")?;
    let Some(book) = dir.register() else { return work(&mut Book::open(dir)?) };
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *book {
        Some(book) => work(book),
        None => work(book.insert(Book::open(dir)?)),
    }
}

impl Book {
    /// Reads it to its end; half a line is cut off.
    pub(crate) fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let path = path(dir);
        let (register, len) = Register::read_asking(&path, None)?;
        let mut book = Self { register, file: None, len };
        if disk::len(&path) > len {
            let failed = || StoreError::io("cut the register of segments", &path);
            let file = regular::open_to_cut(&path).map_err(failed())?;
            disk::cut(&file, len, "register.before_cut", "register.cut").map_err(failed())?;
        }
        if book.register.n_lines == 0
            && let Some((seq, hash)) = audit::segments_witnessed(dir)?
        {
            tracing::error!(path = %path.display(), "the register of segments is gone; it is begun anew");
            book.register.before = (seq, hash);
            book.register.end = book.register.before.clone();
            let newest = crate::segment::ages(&Layout::of(dir))?.into_keys().next_back();
            book.note(&path, &[Fact::BegunAnew { newest }])?;
        }
        Ok(book)
    }

    fn note(&mut self, path: &Path, facts: &[Fact]) -> Result<(), StoreError> {
        let end = self.register.end.clone();
        let lines = self.register.add(facts);
        let written = self.write(path, lines.as_bytes());
        if written.is_err() {
            // What is not on disk is not known either; reading it anew is what a failed disk costs.
            self.register = Register::read_asking(path, None).map_or_else(
                |_| Register { end, ..self.register.clone() },
                |(register, _)| register,
            );
        }
        written
    }

    /// All of them, or nothing.
    fn write(&mut self, path: &Path, lines: &[u8]) -> Result<(), StoreError> {
        let failed = || StoreError::io("write the register of segments", path);
        if self.file.is_none() {
            let parent = path.parent().unwrap_or_else(|| Path::new("."));
            disk::create_dir(parent)?;
            self.file = Some(regular::open_to_append(path).map_err(failed())?);
            fail::point("register.before_named");
            disk::sync_dir(parent)?;
            fail::point("register.named");
        }
        let Some(file) = self.file.as_mut().filter(|file| disk::is_named(file, path)) else {
            // Somebody has taken it away; it is still known.
            return self.write_anew(path);
        };
        let written = file.write_all(lines).and_then(|()| {
            fail::point("register.before_sync");
            file.sync_data()
        });
        fail::point("register.synced");
        match written {
            Ok(()) => self.len += lines.len() as u64,
            // What is left if this fails too is cut off when it is opened again.
            Err(_) => drop(file.set_len(self.len)),
        }
        written.map_err(failed())
    }

    fn unknown(&self, infos: &[SegmentInfo]) -> Vec<Fact> {
        let footers = infos.iter().filter_map(|info| Some((info.id, info.footer.as_ref()?)));
        let unknown = footers.filter(|(id, _)| !self.register.segments.contains_key(id));
        unknown.map(|(segment, footer)| Fact::Sealed { segment, held: footer.into() }).collect()
    }

    fn forget(&mut self, layout: &Layout, term: Term, now: Timestamp) -> bool {
        let register = &mut self.register;
        let is_over = |last: Option<Timestamp>| last.is_some_and(|last| term.is_over(last, now));
        let n = |register: &Register| register.segments.len() + register.losses.len();
        let n_before = n(register);
        register.segments.retain(|id, held| {
            let last = held.last().and_then(|held| held.last_ts);
            !is_over(last.or(Some(id.began_at())))
                || regular::is_file(&layout.hot(*id))
                || regular::is_file(&layout.cold(*id))
        });
        register.losses.retain(|loss| !is_over(loss.last_ts));
        let is_healed = register.begun_anew.is_some_and(|newest| {
            let oldest = register.segments.keys().next();
            newest.is_none_or(|newest| oldest.is_none_or(|oldest| *oldest > newest))
        });
        if is_healed {
            register.begun_anew = None;
        }
        is_healed || n_before > n(register)
    }

    /// An acknowledgement is of a loss that is there: one that is not is taken back, so that the same is told if it comes
    /// again. Returns whether there was one.
    fn take_back(&mut self, dir: &DataDir, sealed: &[SegmentInfo]) -> bool {
        let register = &mut self.register;
        if register.acknowledged.is_empty() {
            return false;
        }
        let named: Result<BTreeSet<_>, _> =
            names(&register.short(dir, sealed)).into_iter().collect();
        let named = match named {
            Ok(named) => named,
            // Nobody knows which acknowledgement is about that one.
            Err(error) => {
                tracing::warn!(%error, "a loss cannot be looked at; what was acknowledged stays so");
                return false;
            }
        };
        let n_before = register.acknowledged.len();
        register.acknowledged.retain(|loss, known| {
            let is_there = named.contains(loss);
            if !is_there {
                let (by, at) = (&known.by, known.at);
                tracing::warn!(%loss, %by, %at, "a loss that was acknowledged is none any more; if it comes back, it is told anew");
            }
            is_there
        });
        n_before > register.acknowledged.len()
    }

    fn write_anew(&mut self, path: &Path) -> Result<(), StoreError> {
        let mut facts = vec![Fact::Aged];
        facts.extend(self.register.facts());
        let mut anew = Register {
            before: self.register.end.clone(),
            end: self.register.end.clone(),
            ..Register::default()
        };
        let lines = anew.add(&facts);
        let mut out = Replacement::begin(path)?;
        out.write_all(lines.as_bytes()).map_err(StoreError::io("write", path))?;
        out.commit(&AGE)?;
        let len = lines.len() as u64;
        (self.register, self.file, self.len) = (anew, None, len);
        Ok(())
    }
}

/// States of a segment that are kept when the register is written anew: a crash may have left the one before the last.
const STATES_MAX: usize = 2;

impl Register {
    /// What must be in it still.
    fn facts(&self) -> Vec<Fact> {
        let begun = self.begun_anew.map(|newest| Fact::BegunAnew { newest });
        let last = |(id, held): (&_, &Vec<Held>)| {
            let (segment, states) = (*id, held.len().saturating_sub(STATES_MAX));
            let held = held.iter().skip(states).cloned();
            held.map(|held| Fact::Sealed { segment, held }).collect::<Vec<_>>()
        };
        let segments = self.segments.iter().flat_map(last);
        let losses = self.losses.iter().cloned().map(Fact::Lost);
        let known = self.acknowledged.values().cloned().map(Fact::Acknowledged);
        begun.into_iter().chain(segments).chain(losses).chain(known).collect()
    }
}

//! Checks everything that the event log says of itself: footers, digests, members, sidecars, days, ends.

mod losses;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};

use aios_core::Progress;
use serde::Serialize;

use crate::back::BackLines;
use crate::erase::Ledger;
use crate::lines::{self, LINE_MAX, Lines, Place, Read};
use crate::log::recover::aside_of;
use crate::segment::cold::{self, Survey};
use crate::segment::facts::{self, Kind};
use crate::segment::footer::{Counts, Tally};
use crate::segment::sidecar::Sidecar;
use crate::segment::{Day, FileKind, Layout, ages, foreign, names};
use crate::{Age, DataDir, DigestOf, Footer, SegmentId, StoreError, Text, disk, outside, regular};

pub use losses::Known;

/// Most bad lines of one file that are named one by one.
const NAMED_MAX: usize = 20;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where it is one line's fault.
    pub line: Option<u64>,
    /// What is wrong.
    pub why: String,
    /// The name of the loss, if it is one that can be acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
}

/// What was looked at and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Sealed segments.
    pub n_segments: usize,
    /// Events, sealed or not.
    pub n_events: u64,
    /// Bytes of text.
    pub bytes: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What is wrong too, and was acknowledged.
    pub acknowledged: Vec<Known>,
}

impl Fault {
    /// One that nobody can acknowledge.
    pub(crate) fn new(path: &Path, line: Option<u64>, why: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, why: why.into(), loss: None }
    }
}

/// Reads every byte of the log. With `is_quiet` nobody writes it, so a torn end and a stray file are
/// faults; else they may be somebody's work in progress. What is shown are the bytes of sealed segments, as they lie on
/// disk.
///
/// # Errors
/// When the log's directory cannot be listed. A file that cannot be read is a fault.
pub fn verify(
    dir: &DataDir,
    is_quiet: bool,
    progress: &dyn Progress,
) -> Result<Verified, StoreError> {
    let layout = Layout::of(dir);
    let mut verifier =
        Verifier { erased: erased(dir), of_segments: BTreeMap::new(), done: Verified::default() };
    let ages = ages(&layout)?;
    let len = |(id, age): (&SegmentId, &Age)| disk::len(&age.path(&layout, *id));
    progress.begin(ages.iter().map(len).sum());
    for (id, age) in &ages {
        verifier.done.n_segments += 1;
        let n_before = verifier.done.faults.len();
        verifier.segment(&layout, *id, *age, is_quiet);
        if verifier.done.faults.len() > n_before {
            verifier.copies(&layout.hot(*id), &dir.quarantine_path());
            verifier.of_segments.insert(*id, n_before..verifier.done.faults.len());
        }
        progress.advance(len((id, age)));
    }
    progress.end();
    let foreign = foreign(&layout)?.into_iter();
    verifier.done.faults.extend(foreign.map(|it| Fault::new(&it.path, None, it.why)));
    verifier.register(dir)?;
    let outside = outside(dir)?.into_iter().filter(|it| it.path != layout.active());
    verifier.done.faults.extend(outside.map(|it| Fault::new(&it.path, None, it.why())));
    for path in [layout.late(), layout.active()] {
        verifier.open(&path, is_quiet);
    }
    if is_quiet {
        for name in names(&layout)? {
            if FileKind::of(&name) == FileKind::Stray {
                let why = "left half written by a crash; the next start removes it";
                verifier.fault(&layout.dir().join(name), None, why);
            }
        }
    }
    verifier.done.faults.extend(crate::papers::faults(dir));
    Ok(verifier.done)
}

/// Whose events must not be in the log any more. That a ledger cannot be read is among the faults of the
/// papers.
fn erased(dir: &DataDir) -> BTreeSet<String> {
    let finished = Ledger::read(dir).map(|ledger| ledger.finished()).unwrap_or_default();
    finished.into_iter().flat_map(|entry| entry.target).map(String::from).collect()
}

/// Goes through the log.
struct Verifier {
    /// Whose events must not be in it any more.
    erased: BTreeSet<String>,
    /// Which of the faults are a segment's.
    of_segments: BTreeMap<SegmentId, Range<usize>>,
    done: Verified,
}

impl Verifier {
    fn fault(&mut self, path: &Path, line: Option<u64>, why: impl Into<String>) {
        self.done.faults.push(Fault::new(path, line, why));
    }

    fn segment(&mut self, layout: &Layout, id: SegmentId, age: Age, is_quiet: bool) {
        let text = match Text::open(layout, id) {
            Ok(Some(text)) => text,
            // Removed or compressed since by a server that runs.
            Ok(None) => return,
            Err(error) => return self.fault(&layout.hot(id), None, error.to_string()),
        };
        let path = text.path().to_owned();
        let Some((tally, footer)) = self.lines(&path, Lines::new(text, START)) else { return };
        let footer = match footer {
            Some(footer) => footer,
            // It is just being sealed, or it is on the register, which names it.
            None if age == Age::Hot && !is_quiet => return,
            None => return self.fault(&path, None, "it has no footer"),
        };
        self.agrees(&path, &footer, tally.counts, id);
        if let Some(flaw) = &footer.flaw {
            self.fault(&path, None, flaw.clone());
        }
        match footer.sha256_of {
            DigestOf::Text if tally.clone().sha256() != footer.sha256 => {
                self.fault(&path, None, "its text is not what its footer's digest says");
            }
            DigestOf::Text | DigestOf::Members => {}
        }
        if age == Age::Cold {
            self.members(layout, id, &footer);
        }
    }

    /// Names what of a damaged segment stands in the quarantine too.
    fn copies(&mut self, segment: &Path, quarantine: &Path) {
        // A quarantine that cannot be listed names no copies, and the segment is named as damaged all the same.
        for copy in aside_of(segment, quarantine).unwrap_or_default() {
            let why = "a torn copy of the damaged segment, put aside and not counted: lines that the segment has lost may be in it";
            self.fault(&copy, None, why);
        }
    }

    fn agrees(&mut self, path: &Path, footer: &Footer, counts: Counts, id: SegmentId) {
        if footer.counts() != counts {
            let why = format!("its footer says {}, it holds {counts}", footer.counts());
            self.fault(path, None, why);
        }
        if footer.segment != id {
            self.fault(path, None, format!("its footer is that of {}", footer.segment));
        }
        let is_elsewhere = |ts| Day::of(ts) != id.day();
        if [counts.first_ts, counts.last_ts].into_iter().flatten().any(is_elsewhere) {
            self.fault(path, None, "it holds events of another day than its name says");
        }
    }

    /// The members of a cold segment, and the sidecar against them.
    fn members(&mut self, layout: &Layout, id: SegmentId, footer: &Footer) {
        let path = layout.cold(id);
        let survey = regular::open(&path).and_then(|file| cold::survey(BufReader::new(file)));
        let members = match survey {
            Ok(Some(Survey { members, .. })) => members,
            Ok(None) => return self.fault(&path, None, "something follows its footer"),
            Err(error) => return self.fault(&path, None, format!("it does not unpack: {error}")),
        };
        let is_digest_wrong =
            footer.sha256_of == DigestOf::Members && cold::digest_of(&members) != footer.sha256;
        if is_digest_wrong {
            self.fault(&path, None, "its members are not what its footer's digest says");
        }
        let sidecar = layout.sidecar(id);
        match Sidecar::load(layout, id) {
            // It is named among what is foreign.
            Ok(None) if regular::is_barred(&sidecar) => {}
            Ok(Some(written)) if written.members == members => {}
            Ok(Some(_)) => self.fault(&sidecar, None, "it says other things than the segment"),
            Ok(None) => self.fault(
                &sidecar,
                None,
                "it is missing or about another state of the segment; the next start makes it anew",
            ),
            Err(error) => self.fault(&sidecar, None, error.to_string()),
        }
    }

    /// A segment that takes events.
    fn open(&mut self, path: &Path, is_quiet: bool) {
        let file = match regular::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            // It is named among what is foreign.
            Err(error) if regular::is_irregular(&error) => return,
            Err(error) => return self.fault(path, None, error.to_string()),
        };
        let torn = BackLines::new(&file).and_then(|mut lines| Ok(lines.len() - lines.data_end()?));
        match torn {
            Ok(0) => {}
            Ok(n) if is_quiet => {
                self.fault(
                    path,
                    None,
                    format!("{n} bytes follow its last line; the next start puts them aside"),
                );
            }
            Ok(_) => {}
            Err(error) => return self.fault(path, None, error.to_string()),
        }
        if let Err(error) = io::Seek::rewind(&mut &file) {
            return self.fault(path, None, error.to_string());
        }
        self.lines(path, Lines::new(BufReader::new(file), START));
    }

    /// Reads every line; names those that are no events. Where a file cannot be read to its end, what
    /// came before may be garbage, so only that is said.
    fn lines(
        &mut self,
        path: &Path,
        mut lines: Lines<impl io::BufRead>,
    ) -> Option<(Tally, Option<Footer>)> {
        let mut lined = Lined::of(&self.erased);
        loop {
            match lines.next() {
                Ok(None) => break,
                Ok(Some(read)) => lined.take(&read),
                Err(error) => {
                    self.fault(path, None, format!("it cannot be read to its end: {error}"));
                    return None;
                }
            }
        }
        let Lined { tally, footer, n_bad, bad, n_erased, .. } = lined;
        let n_unnamed = n_bad - bad.len();
        for (line, why) in bad {
            self.fault(path, line, why);
        }
        if n_unnamed > 0 {
            self.fault(path, None, format!("{n_unnamed} more lines are no events"));
        }
        if n_erased > 0 {
            self.fault(path, None, format!("{n_erased} {ERASED_AGAIN}"));
        }
        self.done.n_events += tally.counts.n_events;
        self.done.bytes += tally.counts.bytes;
        Some((tally, footer))
    }
}

/// What is said of events that must not be in the log any more, behind their number.
const ERASED_AGAIN: &str = "events of somebody who was erased are in it, as from a backup; the next rotation erases them once more";

const START: Place = Place { number: Some(1), offset: 0 };

/// What the lines of a file come to.
struct Lined<'a> {
    erased: &'a BTreeSet<String>,
    n_erased: u64,
    tally: Tally,
    footer: Option<Footer>,
    n_bad: usize,
    /// The first of the bad ones.
    bad: Vec<(Option<u64>, String)>,
    /// A line and its newline.
    line: Vec<u8>,
}

impl<'a> Lined<'a> {
    fn of(erased: &'a BTreeSet<String>) -> Self {
        Self {
            erased,
            n_erased: 0,
            tally: Tally::default(),
            footer: None,
            n_bad: 0,
            bad: Vec::new(),
            line: Vec::new(),
        }
    }

    fn take(&mut self, read: &Read<'_>) {
        match *read {
            Read::TooLong { place } => {
                self.tally.counts.n_bad += 1;
                self.bad(place, format!("longer than {LINE_MAX} bytes"));
            }
            Read::Line { place, bytes } => {
                if let Err(why) = self.take_line(bytes) {
                    self.bad(place, why);
                }
            }
        }
    }

    fn bad(&mut self, place: Place, why: String) {
        self.n_bad += 1;
        if self.bad.len() < NAMED_MAX {
            self.bad.push((place.number, why));
        }
    }

    /// Takes in a line; why it is no event, if it is none.
    fn take_line(&mut self, line: &[u8]) -> Result<(), String> {
        // What stands behind a footer makes it none.
        if let Some(footer) = self.footer.take() {
            self.tally.add(&footer.line());
        }
        if facts::is_footer(line) {
            self.footer = Footer::read(line);
            return self.footer.as_ref().map(drop).ok_or_else(|| "not a footer".to_owned());
        }
        self.line.clear();
        self.line.extend_from_slice(line);
        self.line.push(b'\n');
        if let Kind::Event(facts) = self.tally.add(&self.line) {
            self.n_erased += u64::from(facts.pseudonyms().any(|id| self.erased.contains(id)));
        }
        lines::event(line).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Segments, fixture};

    /// A directory with one sealed segment of 600 events; what `harm` does to it must be found.
    fn check(is_cold: bool, harm: impl FnOnce(&Layout, SegmentId), expect: &[&str]) {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let layout = Layout::of(&dir);
        let id = SegmentId::of_first(fixture::event(0).at(), fixture::event(0).id());
        fs::create_dir(layout.dir()).unwrap();
        fs::write(layout.hot(id), (0..600).map(fixture::line).collect::<String>()).unwrap();
        Segments::of(&dir).finish(id).unwrap();
        if is_cold {
            Segments::of(&dir).compress(id).unwrap();
        }
        fs::write(layout.active(), fixture::line(601)).unwrap();
        harm(&layout, id);
        let verified = verify(&dir, true, &()).unwrap();
        let faults: Vec<_> = verified
            .faults
            .iter()
            .map(|fault| {
                let name = fault.path.file_name().unwrap().to_string_lossy();
                let name = name.replace(&id.to_string(), "ID");
                let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
                let why: String = fault.why.chars().take(25).collect();
                format!("{name}{line}: {why}")
            })
            .collect();
        assert_eq!(faults, expect);
    }

    fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_sound_log_has_no_faults() {
        check(false, |_, _| {}, &[]);
        check(true, |_, _| {}, &[]);
    }

    #[test]
    fn a_changed_text_is_found() {
        let swap = |bytes: &mut Vec<u8>| {
            let at = memchr::memmem::find(bytes, b"is blue").unwrap();
            bytes[at + 3..at + 7].copy_from_slice(b"grey");
        };
        check(
            false,
            |layout, id| change(&layout.hot(id), swap),
            &["hypotheses.ID.ndjson: its text is not what its "],
        );
        let line = |bytes: &mut Vec<u8>| bytes[0] = b'x';
        check(
            false,
            |layout, id| change(&layout.hot(id), line),
            &[
                "hypotheses.ID.ndjson:1: not an event: expected va",
                "hypotheses.ID.ndjson: its footer says 600 event",
                "hypotheses.ID.ndjson: its text is not what its ",
            ],
        );
    }

    #[test]
    fn a_line_that_was_added_or_taken_is_found() {
        let footer_says = "hypotheses.ID.ndjson: its footer says 600 event";
        let no_digest = "hypotheses.ID.ndjson: its text is not what its ";
        let first = fixture::line(0);
        let take = |bytes: &mut Vec<u8>| drop(bytes.drain(..first.len()));
        check(false, |layout, id| change(&layout.hot(id), take), &[footer_says, no_digest]);
        let add = |bytes: &mut Vec<u8>| bytes.extend_from_slice(first.as_bytes());
        let no_footer = "hypotheses.ID.ndjson: it has no footer";
        check(false, |layout, id| change(&layout.hot(id), add), &[no_footer]);
    }

    #[test]
    fn a_damaged_cold_segment_is_found() {
        let flip = |bytes: &mut Vec<u8>| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        };
        check(
            true,
            |layout, id| change(&layout.cold(id), flip),
            &["hypotheses.ID.ndjson.gz: it cannot be read to its "],
        );
        check(
            true,
            |layout, id| fs::remove_file(layout.sidecar(id)).unwrap(),
            &["hypotheses.ID.members: it is missing or about an"],
        );
        let hide = |bytes: &mut Vec<u8>| {
            let at = memchr::memmem::find(bytes, b"c1_0000").unwrap();
            bytes[at + 5] = b'9';
        };
        check(
            true,
            |layout, id| change(&layout.sidecar(id), hide),
            &["hypotheses.ID.members: it says other things than"],
        );
    }

    #[test]
    fn torn_ends_and_strays_are_found_where_nobody_writes() {
        let harm = |layout: &Layout, _| {
            change(&layout.active(), |bytes| bytes.extend_from_slice(b"{\"torn"));
            fs::write(layout.dir().join("hypotheses.ndjson.tmp"), "half").unwrap();
        };
        check(
            false,
            harm,
            &[
                "hypotheses.ndjson: 6 bytes follow its last l",
                "hypotheses.ndjson.tmp: left half written by a cr",
            ],
        );
    }
}

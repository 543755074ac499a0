//! What is left of a cold segment that cannot be read to its end.
//!
//! Each member stands for itself, so one that is damaged takes no other with it: the good ones become
//! the segment, with a footer that says what is missing. What could not be unpacked is put aside as it
//! is, because nobody knows whose lines are in it.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memchr::memmem;
use serde::Serialize;

use super::cold::{self, ColdWriter};
use super::footer::Footer;
use super::name::{Layout, SegmentId};
use super::rewrite::Record;
use super::sidecar::Sidecar;
use crate::replace::{Points, Replacement, points, remove};
use crate::{StoreError, disk};

const POINTS: Points = points!("salvage");

/// Most bytes of a cold segment that are looked through: many times what one is compressed from.
const FILE_MAX: u64 = 1 << 30;

/// How each member begins: gzip, deflate, no flags.
const MEMBER_START: &[u8] = &[0x1f, 0x8b, 8];

/// What was found in a damaged segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Salvaged {
    /// The segment.
    pub segment: SegmentId,
    /// Members that are whole and stay.
    pub n_members: usize,
    /// Where the pieces that cannot be unpacked were put.
    pub aside: Vec<PathBuf>,
    /// What the segment's footer says of it from now on.
    pub flaw: String,
}

/// The caller holds the lease. `None` if every member unpacks and the footer is there.
///
/// The pieces are put aside first, under names made of where they stood: broken off, it is done again
/// with the same outcome.
pub(super) fn cold(
    layout: &Layout,
    id: SegmentId,
    quarantine: &Path,
    record: &Record<'_>,
) -> Result<Option<Salvaged>, StoreError> {
    let path = layout.cold(id);
    let Some(bytes) = disk::read_bounded(&path, FILE_MAX)? else { return Ok(None) };
    let pieces = Pieces::of(&bytes);
    if pieces.bad.is_empty() && pieces.footer.is_some() {
        return Ok(None);
    }
    let aside = put_aside(&bytes, &pieces.bad, id, quarantine)?;
    let flaw = pieces.flaw();
    let out = ColdWriter::new(Replacement::begin(&path)?);
    let failed = StoreError::io("salvage", &path);
    let (out, footer, members) = write(out, &bytes, &pieces, id).map_err(failed)?;
    record(Some(&footer))?;
    remove(&layout.sidecar(id), "salvage.before_sidecar", "salvage.sidecar_removed")?;
    out.commit(&POINTS)?;
    Sidecar::of(&path, footer, members)?.write(layout, id)?;
    tracing::error!(segment = %id, flaw, "a cold segment is damaged; what can be read of it was kept");
    Ok(Some(Salvaged { segment: id, n_members: pieces.good.len(), aside, flaw }))
}

fn write(
    mut out: ColdWriter<Replacement>,
    bytes: &[u8],
    pieces: &Pieces,
    id: SegmentId,
) -> io::Result<(Replacement, Footer, Vec<cold::Member>)> {
    for (range, text) in &pieces.good {
        let packed = bytes.get(range.clone()).unwrap_or_default();
        out.copy(&cold::describe(text, 0, packed.len() as u64), packed)?;
    }
    let footer = out.footer(id).with_flaw(Some(pieces.flaw()));
    let (out, members) = out.finish(&footer)?;
    Ok((out, footer, members))
}

fn put_aside(
    bytes: &[u8],
    bad: &[Range<usize>],
    id: SegmentId,
    quarantine: &Path,
) -> Result<Vec<PathBuf>, StoreError> {
    bad.iter()
        .map(|range| {
            let path = quarantine.join(format!("hypotheses.{id}.at-{}.torn.gz", range.start));
            disk::write_atomic(&path, bytes.get(range.clone()).unwrap_or_default())?;
            Ok(path)
        })
        .collect()
}

/// A file taken apart.
#[derive(Debug, Default)]
struct Pieces {
    /// Members with their texts.
    good: Vec<(Range<usize>, Vec<u8>)>,
    /// What lies between.
    bad: Vec<Range<usize>>,
    footer: Option<Footer>,
}

impl Pieces {
    fn of(bytes: &[u8]) -> Self {
        let mut pieces = Self::default();
        let (mut at, mut bad_from) = (0, None);
        while at < bytes.len() {
            match member_at(bytes, at) {
                Some((end, text)) => {
                    pieces.bad.extend(bad_from.take().map(|from| from..at));
                    pieces.take(at..end, text);
                    at = end;
                }
                None => {
                    bad_from.get_or_insert(at);
                    at = next_start(bytes, at + 1);
                }
            }
        }
        pieces.bad.extend(bad_from.map(|from| from..bytes.len()));
        pieces
    }

    fn take(&mut self, range: Range<usize>, text: Vec<u8>) {
        match text.strip_suffix(b"\n").and_then(Footer::read) {
            Some(footer) => self.footer = Some(footer),
            None => self.good.push((range, text)),
        }
    }

    /// One sentence for whoever verifies the log.
    fn flaw(&self) -> String {
        let n_bad = self.bad.len();
        let before = self.footer.as_ref().and_then(|footer| footer.flaw.as_deref());
        let lost = match (&self.footer, n_bad) {
            (None, 0) => "its end is missing".to_owned(),
            (None, n) => format!("its end is missing and {n} pieces of it could not be unpacked"),
            (Some(_), n) => format!("{n} pieces of it could not be unpacked and were put aside"),
        };
        before.map_or(lost.clone(), |before| format!("{before}; {lost}"))
    }
}

/// The member that begins there: where it ends, and its text. Its checksum is right.
fn member_at(bytes: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let rest = bytes.get(at..).filter(|rest| rest.starts_with(MEMBER_START))?;
    let (text, n) = cold::unpack_first(rest).ok()?;
    Some((at + n, text))
}

fn next_start(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    memmem::find(rest, MEMBER_START).map_or(bytes.len(), |at| from + at)
}

//! Where a segment that is still written begins and ends in time.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use aios_core::Timestamp;

use super::facts::{self, Kind};
use super::name::{Day, FileKind, SegmentId};
use crate::back::{Back, BackLines};
use crate::lines::{Lines, Place, Read};
use crate::regular;

/// Most lines at each end that are looked at for an event.
const LINES_MAX: usize = 1000;

/// The first and the last event of a file, in its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// What the segment is called once it is sealed.
    pub(crate) id: SegmentId,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// Of a file by its name; `None` if there is none as for [`open`], or it holds no event.
pub(crate) fn at(path: &Path) -> io::Result<Option<Extent>> {
    open(path)?.map_or(Ok(None), |file| of(&file))
}

/// Opens a segment that takes events; `None` if it is not there. Late lines go another way where something else stands in
/// their place, and nothing of them is in that; without the other segment the log is not whole.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match regular::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if regular::is_irregular(&error) && FileKind::of(name) == FileKind::Late => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Extent {
    /// Whether a sealed segment holds nothing but events of this file: because it is this file, sealed
    /// meanwhile, or because this one is just being cut into days.
    pub(crate) fn covers(&self, sealed: SegmentId) -> bool {
        let is_cut = Day::of(self.first) != Day::of(self.last);
        sealed == self.id || (is_cut && sealed > self.id)
    }
}

/// Of an open file; `None` if it holds no event.
pub(crate) fn of(file: &File) -> io::Result<Option<Extent>> {
    let Some((id, first)) = first(file)? else { return Ok(None) };
    let last = last(file)?.unwrap_or(first);
    Ok(Some(Extent { id, first, last }))
}

fn first(mut file: &File) -> io::Result<Option<(SegmentId, Timestamp)>> {
    io::Seek::rewind(&mut file)?;
    let mut lines = Lines::new(BufReader::new(file), Place::default());
    for _ in 0..LINES_MAX {
        match lines.next()? {
            Some(Read::Line { bytes, .. }) => {
                if let Kind::Event(facts) = facts::of(bytes) {
                    return Ok(Some((SegmentId::of_first(facts.ts, facts.event_id), facts.ts)));
                }
            }
            Some(Read::TooLong { .. }) => {}
            None => break,
        }
    }
    Ok(None)
}

fn last(file: &File) -> io::Result<Option<Timestamp>> {
    let mut lines = BackLines::new(file)?;
    for _ in 0..LINES_MAX {
        match lines.previous()? {
            Some(Back::Line { bytes, .. }) => {
                if let Kind::Event(facts) = facts::of(bytes) {
                    return Ok(Some(facts.ts));
                }
            }
            Some(Back::TooLong { .. }) => {}
            None => break,
        }
    }
    Ok(None)
}

//! Which files there are to read.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use aios_core::Timestamp;

use super::cursor::Cursor;
use crate::lines::{Line, ReadError};
use crate::segment::{Age, Day, Layout, SegmentId, Text, ages, extent, footer_of};
use crate::{Filter, StoreError};

/// Something to read.
#[derive(Debug)]
pub(super) enum Source {
    /// A segment that takes events.
    Open { path: PathBuf, file: File },
    /// One that takes none any more.
    Sealed(SegmentId),
    /// Lines that were read already, the last first.
    Read(Vec<Result<Line, ReadError>>),
}

/// Everything that may hold what the filter wants, in the log's order.
pub(super) fn all(layout: &Layout, filter: &Filter) -> Result<Vec<Source>, StoreError> {
    // Opened before the directory is listed: a segment that is sealed in between is then seen under both
    // names, which its id tells, and never under none.
    let open: Vec<_> = [layout.late(), layout.active()]
        .into_iter()
        .map(|path| {
            let file = extent::open(&path).map_err(StoreError::io("open", &path))?;
            Ok(file.map(|file| (path, file)))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let open: Vec<_> = open.into_iter().flatten().collect();
    let mut open_ids = Vec::new();
    for (path, file) in &open {
        open_ids.extend(extent::of(file).map_err(StoreError::io("read", path))?);
    }
    let is_read_elsewhere = |id: SegmentId| open_ids.iter().any(|open| open.covers(id));
    let mut sources = Vec::new();
    for (id, age) in ages(layout)? {
        if !is_read_elsewhere(id) && may_hold(id, filter) && is_of_its_time(layout, id, age, filter)
        {
            sources.push(Source::Sealed(id));
        }
    }
    sources.extend(open.into_iter().map(|(path, file)| Source::Open { path, file }));
    Ok(sources)
}

impl Source {
    /// A cursor and the file it goes through; `None` if the file is gone.
    pub(super) fn open(
        self,
        layout: &Layout,
        newest_first: bool,
    ) -> Result<Option<(PathBuf, Cursor)>, ReadError> {
        let failed = |path: &Path, source| ReadError::Io { path: path.to_owned(), source };
        match self {
            Self::Open { path, file } => {
                let cursor = Cursor::of_file(file, newest_first);
                cursor.map_err(|error| failed(&path, error)).map(|cursor| Some((path, cursor)))
            }
            Self::Read(lines) => Ok(Some((PathBuf::new(), Cursor::Read(lines)))),
            Self::Sealed(id) => {
                let text = Text::open(layout, id)
                    .map_err(|error| failed(&layout.hot(id), io::Error::other(error)))?;
                let Some(text) = text else { return Ok(None) };
                let path = text.path().to_owned();
                let cursor = Cursor::of_text(text, newest_first);
                cursor.map_err(|error| failed(&path, error)).map(|cursor| Some((path, cursor)))
            }
        }
    }
}

/// A segment holds events of one day.
fn may_hold(id: SegmentId, filter: &Filter) -> bool {
    filter.since.is_none_or(|since| id.day() >= Day::of(since))
        && filter.until.is_none_or(|until| id.day() <= Day::of(until))
}

/// On the first and the last day, which may have many segments, a segment's footer says of what time it is. One that has
/// none that can be read, or bad lines, is read.
fn is_of_its_time(layout: &Layout, id: SegmentId, age: Age, filter: &Filter) -> bool {
    let is_edge = |at: Option<Timestamp>| at.is_some_and(|at| Day::of(at) == id.day());
    if !is_edge(filter.since) && !is_edge(filter.until) {
        return true;
    }
    let Ok(Some(footer)) = footer_of(layout, id, age) else { return true };
    let is_before = |last: Timestamp| filter.since.is_some_and(|since| last < since);
    let is_after = |first: Timestamp| filter.until.is_some_and(|until| first >= until);
    footer.n_bad > 0
        || (!footer.last_ts.is_some_and(is_before) && !footer.first_ts.is_some_and(is_after))
}

//! One event by its id.

use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use aios_core::{Event, EventId, Timestamp};

use super::query;
use crate::lines;
use crate::segment::{Layout, Text, extent};
use crate::{DataDir, Filter, Index, Row, StoreError};

/// How far behind the log the index may be. A younger event that it does not have is searched for in the log
/// itself.
const INDEX_LAG_MAX: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// The event of this id; `None` if it is not kept. Blocks while it reads.
///
/// # Errors
/// When the index or the log cannot be read.
pub fn find_event(dir: &DataDir, id: EventId, now: Timestamp) -> Result<Option<Event>, StoreError> {
    let row = Index::read(dir)?.map(|index| index.find(id)).transpose()?.flatten();
    if let Some(row) = row {
        return at(dir, &row, id);
    }
    let since = id.at();
    if now.since(since) > INDEX_LAG_MAX {
        return Ok(None);
    }
    let filter = Filter {
        since: Some(since),
        event_id: Some(id),
        limit: Some(1),
        newest_first: true,
        ..Filter::default()
    };
    Ok(query(dir, &filter)?.find_map(Result::ok).map(|line| line.event))
}

/// The event where the index has it. What was rewritten since is not found.
fn at(dir: &DataDir, row: &Row, id: EventId) -> Result<Option<Event>, StoreError> {
    let layout = Layout::of(dir);
    if let Some(mut text) = Text::open(&layout, row.segment)? {
        let path = text.path().to_owned();
        let line = text.skip(row.offset).and_then(|()| line(&mut text));
        return line.map(|line| of_id(&line, id)).map_err(StoreError::io("read", &path));
    }
    for path in [layout.active(), layout.late()] {
        let Some(mut file) = extent::open(&path).map_err(StoreError::io("open", &path))? else {
            continue;
        };
        let line = file
            .seek(SeekFrom::Start(row.offset))
            .and_then(|_| line(&mut BufReader::new(file)))
            .map_err(StoreError::io("read", &path))?;
        if let Some(event) = of_id(&line, id) {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

pub(super) fn line(text: &mut dyn io::BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    text.take(crate::LINE_MAX as u64).read_until(b'\n', &mut line)?;
    Ok(line)
}

pub(super) fn of_id(line: &[u8], id: EventId) -> Option<Event> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    lines::event(line).ok().filter(|event| event.id() == id)
}

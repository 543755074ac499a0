//! The events of some rows of the index, each segment read once.

use std::collections::BTreeMap;
use std::io::{BufReader, Seek as _, SeekFrom};

use aios_core::Event;

use super::find::{line, of_id};
use crate::segment::{Layout, Text, extent};
use crate::{DataDir, Row, SegmentId, StoreError};

/// The events of these rows, in their order; none where it was rewritten since, or, if `hot_only`, where it would have
/// to be unpacked. Blocks while it reads.
///
/// # Errors
/// When a segment cannot be read.
pub fn read_rows(
    dir: &DataDir,
    rows: &[Row],
    hot_only: bool,
) -> Result<Vec<Option<Event>>, StoreError> {
    let mut by_segment = BTreeMap::<SegmentId, Vec<usize>>::new();
    for (n, row) in rows.iter().enumerate() {
        by_segment.entry(row.segment).or_default().push(n);
    }
    let mut events = vec![None; rows.len()];
    let layout = Layout::of(dir);
    for (segment, mut places) in by_segment {
        places.sort_by_key(|n| rows[*n].offset);
        match Text::open(&layout, segment)? {
            Some(text) if hot_only && text.is_cold() => {}
            Some(mut text) => of_text(&mut text, rows, &places, &mut events)?,
            None => of_open(&layout, rows, &places, &mut events)?,
        }
    }
    Ok(events)
}

fn of_text(
    text: &mut Text,
    rows: &[Row],
    places: &[usize],
    events: &mut [Option<Event>],
) -> Result<(), StoreError> {
    let path = text.path().to_owned();
    let mut at = 0;
    for n in places {
        let row = &rows[*n];
        let found = text.skip(row.offset.saturating_sub(at)).and_then(|()| line(text));
        let found = found.map_err(StoreError::io("read", &path))?;
        at = row.offset + found.len() as u64;
        events[*n] = of_id(&found, row.event_id);
    }
    Ok(())
}

/// A segment that takes events is in one of two files.
fn of_open(
    layout: &Layout,
    rows: &[Row],
    places: &[usize],
    events: &mut [Option<Event>],
) -> Result<(), StoreError> {
    for path in [layout.active(), layout.late()] {
        let Some(file) = extent::open(&path).map_err(StoreError::io("open", &path))? else {
            continue;
        };
        let mut file = BufReader::new(file);
        for n in places.iter().filter(|n| events[**n].is_none()).collect::<Vec<_>>() {
            let row = &rows[*n];
            let found = file.seek(SeekFrom::Start(row.offset)).and_then(|_| line(&mut file));
            let found = found.map_err(StoreError::io("read", &path))?;
            events[*n] = of_id(&found, row.event_id);
        }
    }
    Ok(())
}

//! Reading the event log, also while another process writes it: every segment, in the log's order.

mod cursor;
mod find;
mod follow;
mod oldest;
mod rows;
mod source;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::filter::Matcher;
use crate::lines::{Line, Read, ReadError, parse, too_long};
use crate::segment::{Layout, facts};
use crate::{DataDir, Filter, StoreError};

use cursor::Cursor;
pub use find::find_event;
pub use follow::{Follow, FollowFrom};
pub use oldest::oldest_event;
pub use rows::read_rows;
use source::Source;

/// Events of the log, as an iterator. A bad line is an item of its own and does not end it, nor does a
/// file that cannot be read.
///
/// What is appended after the iterator was made is not seen.
#[derive(Debug)]
pub struct Events {
    layout: Layout,
    /// Files that are still to be read, the next one first.
    left: VecDeque<Source>,
    newest_first: bool,
    path: PathBuf,
    cursor: Option<Cursor>,
    matcher: Matcher,
    n_left: usize,
}

/// The last `n` lines, oldest first. Reads from the end, so the size of the log does not matter.
///
/// # Errors
/// When the log cannot be opened. A log that is not there is empty.
pub fn tail(dir: &DataDir, n: usize) -> Result<Events, StoreError> {
    let layout = Layout::of(dir);
    let newest_first = Filter { newest_first: true, ..Filter::default() };
    let last: Vec<_> = Events::new(layout.clone(), &newest_first)?.take(n).collect();
    let left = VecDeque::from([Source::Read(last)]);
    Ok(Events { left, newest_first: false, ..Events::none(layout, &Filter::default()) })
}

/// The events that a filter wants, line by line through one buffer.
///
/// A bad line is reported unless the filter rules it out by its bytes.
///
/// # Errors
/// When the log cannot be opened. A log that is not there is empty.
pub fn query(dir: &DataDir, filter: &Filter) -> Result<Events, StoreError> {
    Events::new(Layout::of(dir), filter)
}

impl Events {
    fn new(layout: Layout, filter: &Filter) -> Result<Self, StoreError> {
        let mut left = source::all(&layout, filter)?;
        if filter.newest_first {
            left.reverse();
        }
        Ok(Self { left: left.into(), ..Self::none(layout, filter) })
    }

    fn none(layout: Layout, filter: &Filter) -> Self {
        Self {
            layout,
            left: VecDeque::new(),
            newest_first: filter.newest_first,
            path: PathBuf::new(),
            cursor: None,
            matcher: Matcher::new(filter.clone()),
            n_left: filter.limit.unwrap_or(usize::MAX),
        }
    }

    /// The next item, whether or not it counts against the limit.
    fn find(&mut self) -> Option<Result<Line, ReadError>> {
        loop {
            let Some(cursor) = &mut self.cursor else {
                match self.open_next()? {
                    Ok(()) => continue,
                    Err(error) => return Some(Err(error)),
                }
            };
            match cursor.next() {
                Ok(Some(cursor::Item::Ready(found))) => return Some(found),
                Ok(Some(cursor::Item::Raw(read))) => {
                    if let Some(found) = self.matcher.examine(&self.path, &read) {
                        return Some(found);
                    }
                }
                Ok(None) => self.cursor = None,
                Err(source) => {
                    self.cursor = None;
                    return Some(Err(ReadError::Io { path: self.path.clone(), source }));
                }
            }
        }
    }

    fn open_next(&mut self) -> Option<Result<(), ReadError>> {
        let source = self.left.pop_front()?;
        match source.open(&self.layout, self.newest_first) {
            Ok(Some((path, cursor))) => (self.path, self.cursor) = (path, Some(cursor)),
            // Removed by retention since.
            Ok(None) => {}
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(()))
    }
}

impl Iterator for Events {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.n_left == 0 {
            return None;
        }
        let found = self.find()?;
        if found.is_ok() {
            self.n_left -= 1;
        }
        Some(found)
    }
}

impl Matcher {
    /// The event of a line if it is wanted, or what is wrong with the line.
    fn examine(&self, path: &Path, read: &Read<'_>) -> Option<Result<Line, ReadError>> {
        match *read {
            Read::TooLong { place } => Some(Err(ReadError::Bad(too_long(path, place)))),
            Read::Line { bytes, .. } if facts::is_footer(bytes) || !self.may_match(bytes) => None,
            Read::Line { place, bytes } => match parse(path, place, bytes) {
                Ok(line) => self.matches(&line.event).then_some(Ok(line)),
                Err(bad) => Some(Err(ReadError::Bad(bad))),
            },
        }
    }
}

//! Events as they come.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek, SeekFrom};
use std::path::PathBuf;

use super::cursor::{START, far};
use crate::back::{Back, BackLines};
use crate::disk::AT_ONCE;
use crate::filter::Matcher;
use crate::lines::{Line, Lines, Place, ReadError};
use crate::segment::extent;
use crate::{DataDir, Filter};

/// Bytes at the start of a segment that tell it from every other: an event's id stands there.
const HEAD: u64 = 256;

/// Events as they are appended to the active segment; when it is sealed, following goes on in the next.
/// Asking costs one small read; how often to ask is the caller's choice.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    from: FollowFrom,
    lines: Option<Lines<BufReader<File>>>,
    matcher: Matcher,
}

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowFrom {
    /// With the first event.
    Start,
    /// So many events before the end.
    Last(usize),
}

impl Follow {
    /// Follows the events that a filter wants; its `limit` and `newest_first` do not matter here.
    #[must_use]
    pub fn new(dir: &DataDir, from: FollowFrom, filter: &Filter) -> Self {
        let matcher = Matcher::new(filter.clone());
        Self { path: dir.events_path(), from, lines: None, matcher }
    }

    /// The next event; `None` when there is none yet. A log that is not there yet is waited for.
    ///
    /// # Errors
    /// [`ReadError::Bad`] for a line that is not an event: asking again goes on behind it.
    pub fn poll_new(&mut self) -> Result<Option<Line>, ReadError> {
        self.poll().map_err(|source| ReadError::Io { path: self.path.clone(), source })?.transpose()
    }

    fn poll(&mut self) -> io::Result<Option<Result<Line, ReadError>>> {
        if self.lines.is_none() {
            self.lines =
                extent::open(&self.path)?.map(|file| follow_from(file, self.from)).transpose()?;
            // A log that is made later is new from its first line on.
            self.from = FollowFrom::Start;
        }
        if let Some(found) = self.read()? {
            return Ok(Some(found));
        }
        if self.is_sealed()? {
            // What was appended before the file got its new name.
            if let Some(found) = self.read()? {
                return Ok(Some(found));
            }
            self.lines = None;
            return self.poll();
        }
        self.lines.as_mut().map_or(Ok(()), step_back_if_cut)?;
        Ok(None)
    }

    fn read(&mut self) -> io::Result<Option<Result<Line, ReadError>>> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        while let Some(read) = lines.next()? {
            if let Some(found) = self.matcher.examine(&self.path, &read) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether another file has the name now. Told by how the two begin, because not every system has
    /// an identity of files that could be asked for.
    fn is_sealed(&mut self) -> io::Result<bool> {
        let Some(lines) = &mut self.lines else { return Ok(false) };
        let file = lines.reader_mut().get_mut();
        // One that was emptied is still the same.
        if file.metadata()?.len() == 0 {
            return Ok(false);
        }
        let Some(named) = extent::open(&self.path)? else { return Ok(false) };
        let at = file.stream_position()?;
        let ours = head(file)?;
        file.seek(SeekFrom::Start(at))?;
        Ok(head(&named)? != ours)
    }
}

fn head(mut file: &File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

fn follow_from(mut file: File, from: FollowFrom) -> io::Result<Lines<BufReader<File>>> {
    let place = match from {
        FollowFrom::Start => START,
        FollowFrom::Last(n) => place_of_last(&file, n)?,
    };
    file.seek(SeekFrom::Start(place.offset))?;
    Ok(Lines::new(BufReader::with_capacity(AT_ONCE, file), place))
}

/// Where the last `n` whole lines begin.
fn place_of_last(file: &File, n: usize) -> io::Result<Place> {
    let mut lines = BackLines::new(file)?;
    let mut start = lines.data_end()?;
    for _ in 0..n {
        start = match lines.previous()? {
            Some(Back::Line { offset, .. } | Back::TooLong { offset }) => offset,
            None => break,
        };
    }
    Ok(far(start))
}

/// The writer cuts off what a failed write left, and an operator may empty the file.
fn step_back_if_cut(lines: &mut Lines<BufReader<File>>) -> io::Result<()> {
    let position = lines.position();
    let len = lines.reader_mut().get_ref().metadata()?.len();
    if len < position {
        lines.reader_mut().seek(SeekFrom::Start(len))?;
        lines.moved_to(len);
    }
    Ok(())
}

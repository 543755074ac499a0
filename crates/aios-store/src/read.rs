//! Reading the event log, also while another process writes it.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use crate::back::{Back, BackLines};
use crate::filter::Matcher;
use crate::lines::{Line, Lines, Place, Read, ReadError, parse, too_long};
use crate::{DataDir, Filter, StoreError};

/// Bytes read at a time, going forwards.
const READ_BUFFER: usize = 256 * 1024;

/// The place of a file's first line.
const START: Place = Place { number: Some(1), offset: 0 };

/// Events of the log, as an iterator. A bad line is an item of its own and does not end it.
///
/// What is appended after the iterator was made is not seen.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    cursor: Cursor,
    matcher: Matcher,
    n_left: usize,
}

/// Events as they are appended. Asking costs one small read; how often to ask is the caller's choice.
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

#[derive(Debug)]
enum Cursor {
    Forward(Lines<BufReader<Take<File>>>),
    Backward(BackLines<File>),
    Ended,
}

/// The last `n` events, oldest first. Reads from the end, so the size of the log does not matter.
///
/// # Errors
/// When the log cannot be opened or read. A log that is not there is empty.
pub fn tail(dir: &DataDir, n: usize) -> Result<Events, StoreError> {
    let path = dir.events_path();
    let cursor = open(&path)
        .and_then(|file| file.map_or(Ok(Cursor::Ended), |file| Cursor::last(file, n)))
        .map_err(StoreError::io("read the event log", &path))?;
    Ok(Events { path, cursor, matcher: Matcher::new(Filter::default()), n_left: usize::MAX })
}

/// The events that a filter wants, line by line through one buffer.
///
/// A bad line is reported unless the filter rules it out by its bytes.
///
/// # Errors
/// When the log cannot be opened. A log that is not there is empty.
pub fn query(dir: &DataDir, filter: &Filter) -> Result<Events, StoreError> {
    let path = dir.events_path();
    let cursor = open(&path)
        .and_then(|file| {
            file.map_or(Ok(Cursor::Ended), |file| Cursor::all(file, filter.newest_first))
        })
        .map_err(StoreError::io("read the event log", &path))?;
    let n_left = filter.limit.unwrap_or(usize::MAX);
    Ok(Events { path, cursor, matcher: Matcher::new(filter.clone()), n_left })
}

impl Iterator for Events {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.n_left == 0 {
            return None;
        }
        let found = loop {
            match self.cursor.next() {
                Ok(None) => return None,
                Ok(Some(read)) => match self.matcher.examine(&self.path, &read) {
                    Some(found) => break found,
                    None => continue,
                },
                Err(source) => {
                    self.cursor = Cursor::Ended;
                    break Err(ReadError::Io { path: self.path.clone(), source });
                }
            }
        };
        if found.is_ok() {
            self.n_left -= 1;
        }
        Some(found)
    }
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
            self.lines = open(&self.path)?.map(|file| follow_from(file, self.from)).transpose()?;
            // A log that is made later is new from its first line on.
            self.from = FollowFrom::Start;
        }
        let Some(lines) = &mut self.lines else { return Ok(None) };
        while let Some(read) = lines.next()? {
            if let Some(found) = self.matcher.examine(&self.path, &read) {
                return Ok(Some(found));
            }
        }
        step_back_if_cut(lines)?;
        Ok(None)
    }
}

impl Cursor {
    fn all(file: File, newest_first: bool) -> io::Result<Self> {
        if newest_first {
            return BackLines::new(file).map(Self::Backward);
        }
        let len = file.metadata()?.len();
        Self::forward(file, START, len)
    }

    fn last(file: File, n: usize) -> io::Result<Self> {
        let (place, end) = place_of_last(&file, n)?;
        Self::forward(file, place, end)
    }

    fn forward(mut file: File, place: Place, end: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(place.offset))?;
        let reader = BufReader::with_capacity(READ_BUFFER, file.take(end - place.offset));
        Ok(Self::Forward(Lines::new(reader, place)))
    }

    fn next(&mut self) -> io::Result<Option<Read<'_>>> {
        match self {
            Self::Forward(lines) => lines.next(),
            Self::Backward(lines) => Ok(lines.previous()?.map(|line| match line {
                Back::Line { offset, bytes } => Read::Line { place: far(offset), bytes },
                Back::TooLong { offset } => Read::TooLong { place: far(offset) },
            })),
            Self::Ended => Ok(None),
        }
    }
}

impl Matcher {
    /// The event of a line if it is wanted, or what is wrong with the line.
    fn examine(&self, path: &Path, read: &Read<'_>) -> Option<Result<Line, ReadError>> {
        match *read {
            Read::TooLong { place } => Some(Err(ReadError::Bad(too_long(path, place)))),
            Read::Line { bytes, .. } if !self.may_match(bytes) => None,
            Read::Line { place, bytes } => match parse(path, place, bytes) {
                Ok(line) => self.matches(&line.event).then_some(Ok(line)),
                Err(bad) => Some(Err(ReadError::Bad(bad))),
            },
        }
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the last `n` whole lines begin and end.
fn place_of_last(file: &File, n: usize) -> io::Result<(Place, u64)> {
    let mut lines = BackLines::new(file)?;
    let end = lines.data_end()?;
    let mut start = end;
    for _ in 0..n {
        start = match lines.previous()? {
            Some(Back::Line { offset, .. } | Back::TooLong { offset }) => offset,
            None => break,
        };
    }
    Ok((far(start), end))
}

fn follow_from(mut file: File, from: FollowFrom) -> io::Result<Lines<BufReader<File>>> {
    let place = match from {
        FollowFrom::Start => START,
        FollowFrom::Last(n) => place_of_last(&file, n)?.0,
    };
    file.seek(SeekFrom::Start(place.offset))?;
    Ok(Lines::new(BufReader::with_capacity(READ_BUFFER, file), place))
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

/// A place whose line number is known only if it is the first.
fn far(offset: u64) -> Place {
    Place { number: (offset == 0).then_some(1), offset }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use aios_core::Outcome;

    use super::*;
    use crate::fixture;

    struct Log {
        _temp: tempfile::TempDir,
        dir: DataDir,
    }

    impl Log {
        fn of(content: &str) -> Self {
            let temp = tempfile::tempdir().unwrap();
            let dir = DataDir::read(temp.path()).unwrap();
            fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
            let log = Self { _temp: temp, dir };
            log.append(content);
            log
        }

        fn append(&self, content: &str) {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).open(self.dir.events_path()).unwrap();
            file.write_all(content.as_bytes()).unwrap();
        }
    }

    fn line(n: u64) -> String {
        serde_json::to_string(&fixture::event(n)).unwrap() + "\n"
    }

    fn lines(numbers: impl IntoIterator<Item = u64>) -> String {
        numbers.into_iter().map(line).collect()
    }

    /// Events by the number that their text begins with, and bad lines in brackets.
    fn show(events: Events) -> String {
        events.map(|found| show_one(&found)).collect::<Vec<_>>().join(" ")
    }

    fn show_one(found: &Result<Line, ReadError>) -> String {
        match found {
            Ok(Line { event: aios_core::Event::Response(event), raw }) => {
                assert_eq!(
                    serde_json::to_string(&aios_core::Event::Response(event.clone())).unwrap(),
                    *raw
                );
                let words = event.question.as_str().split([' ', ':']);
                words.skip(1).take(1).collect()
            }
            Err(ReadError::Bad(bad)) => match bad.number {
                Some(number) => format!("[bad line {number}]"),
                None => format!("[bad at {}]", bad.offset),
            },
            Err(error) => format!("[{error}]"),
        }
    }

    #[test]
    fn the_tail_is_the_last_whole_lines() {
        let check = |content: &str, n: usize, expect: &str| {
            assert_eq!(show(tail(&Log::of(content).dir, n).unwrap()), expect, "{n}");
        };
        check("", 3, "");
        check(&lines(1..=5), 2, "4 5");
        check(&lines(1..=2), 5, "1 2");
        check(&lines(1..=2), 0, "");
        check(&(lines(1..=3) + "{\"torn"), 2, "2 3");
        // Enough for many blocks from the end.
        let many: Vec<_> = (101..=300).map(|n| n.to_string()).collect();
        check(&lines(1..=300), 200, &many.join(" "));
    }

    #[test]
    fn a_log_that_is_not_there_is_empty() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::read(temp.path()).unwrap();
        assert_eq!(show(tail(&dir, 3).unwrap()), "");
        assert_eq!(show(query(&dir, &Filter::default()).unwrap()), "");
        assert_eq!(
            Follow::new(&dir, FollowFrom::Start, &Filter::default()).poll_new().unwrap(),
            None
        );
    }

    #[test]
    fn a_query_filters_orders_and_limits() {
        let log = Log::of(&(lines(1..=6) + "{\"torn"));
        let check = |filter: Filter, expect: &str| {
            assert_eq!(show(query(&log.dir, &filter).unwrap()), expect, "{filter:?}");
        };
        let since = Some(fixture::event(3).at());
        check(Filter::default(), "1 2 3 4 5 6");
        check(Filter { since, ..Filter::default() }, "3 4 5 6");
        check(Filter { since, limit: Some(2), ..Filter::default() }, "3 4");
        check(Filter { since, limit: Some(2), newest_first: true, ..Filter::default() }, "6 5");
        check(Filter { conv: Some(fixture::conversation(4)), ..Filter::default() }, "4");
        check(Filter { outcome: Some(Outcome::Timeout), ..Filter::default() }, "");
        check(Filter { limit: Some(0), ..Filter::default() }, "");
    }

    #[test]
    fn bad_lines_are_reported_and_passed_over() {
        let log = Log::of(&(line(1) + "{\"half\n" + &line(3) + "\n" + &line(5)));
        let first = line(1).len();
        let fourth = first + 7 + line(3).len();
        assert_eq!(
            show(query(&log.dir, &Filter::default()).unwrap()),
            "1 [bad line 2] 3 [bad line 4] 5"
        );
        let newest_first = Filter { newest_first: true, ..Filter::default() };
        let expect = format!("5 [bad at {fourth}] 3 [bad at {first}] 1");
        assert_eq!(show(query(&log.dir, &newest_first).unwrap()), expect);
        // A limit counts events.
        let two = Filter { limit: Some(2), ..Filter::default() };
        assert_eq!(show(query(&log.dir, &two).unwrap()), "1 [bad line 2] 3");
    }

    #[test]
    fn following_sees_each_event_once_and_whole() {
        let log = Log::of(&lines(1..=3));
        let mut follow = Follow::new(&log.dir, FollowFrom::Last(1), &Filter::default());
        let mut poll = || {
            let mut seen = Vec::new();
            while let Some(found) = follow.poll_new().transpose() {
                seen.push(show_one(&found));
            }
            seen.join(" ")
        };
        assert_eq!(poll(), "3");
        assert_eq!(poll(), "");
        let next = line(4);
        let (head, rest) = next.split_at(20);
        log.append(head);
        assert_eq!(poll(), "");
        log.append(&format!("{rest}junk\n{}", line(5)));
        let junk_at = lines(1..=4).len();
        assert_eq!(poll(), format!("4 [bad at {junk_at}] 5"));
        // A failed write is cut off, and the place is written anew.
        log.append("{\"torn");
        assert_eq!(poll(), "");
        let whole = fs::metadata(log.dir.events_path()).unwrap().len() - 6;
        let file = OpenOptions::new().write(true).open(log.dir.events_path()).unwrap();
        file.set_len(whole).unwrap();
        assert_eq!(poll(), "");
        log.append(&line(6));
        assert_eq!(poll(), "6");
        file.set_len(0).unwrap();
        assert_eq!(poll(), "");
        log.append(&line(7));
        assert_eq!(poll(), "7");
    }
}

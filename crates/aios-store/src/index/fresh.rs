//! What the log's writer knows of lines that it has just written, so that the index need not read them: reading a
//! line costs some ten times what its row does.
//!
//! It is a shortcut and nothing more. What is missing here, because the index is far behind or the server has just
//! started, is read from the log; and a row is taken only if it is that of the line at which the index stands.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aios_core::Event;
use aios_privacy::RedactionCounts;
use rusqlite::Transaction;
use serde::{Deserialize, Serialize};

use super::catch_up::Pass;
use super::database::Code;
use super::entry::Entry;
use super::inserts::Inserts;
use super::known::{self, Known};
use super::read_error::ReadError;
use super::tail::Tail;
use super::unread::{self, Runs};
use crate::SegmentId;

/// Most that waits for the index, in bytes: some thousands of rows. More is forgotten, and read from the log.
const BYTES_MAX: usize = 1024 * 1024;

/// Rows that are taken in at once, in bytes: some hundreds. A transaction has its price, whatever is in it.
const STRETCH_BYTES: usize = 64 * 1024;

/// Rows of lines that stand one behind the other in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    segment: SegmentId,
    start: u64,
    end: u64,
    rows: Vec<u8>,
}

/// What was written and is not in the index yet.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<VecDeque<Stretch>>);

impl Fresh {
    /// Takes the rows of lines that were written at `start` of a segment.
    pub(crate) fn push(&self, segment: SegmentId, start: u64, n_bytes: u64, rows: &[u8]) {
        let mut waiting = self.lock();
        if waiting.iter().map(|one| one.rows.len()).sum::<usize>() + rows.len() > BYTES_MAX {
            // Behind a gap nothing is of use before the gap is read.
            waiting.clear();
        }
        let goes_on = |one: &&mut Stretch| {
            (one.segment, one.end) == (segment, start)
                && one.rows.len() + rows.len() <= STRETCH_BYTES
        };
        if let Some(last) = waiting.back_mut().filter(goes_on) {
            last.rows.extend_from_slice(rows);
            last.end += n_bytes;
            return;
        }
        waiting.push_back(Stretch { segment, start, end: start + n_bytes, rows: rows.to_vec() });
    }

    /// Forgets a segment that takes nothing more: what is missing of it is read.
    pub(crate) fn forget(&self, segment: SegmentId) {
        self.lock().retain(|one| one.segment != segment);
    }

    /// Gives out the stretch in which this place of a segment lies, and forgets those before it.
    pub(super) fn take(&self, segment: SegmentId, position: u64) -> Option<Stretch> {
        let mut waiting = self.lock();
        waiting.retain(|one| one.segment != segment || one.end > position);
        let at = waiting.iter().position(|one| one.segment == segment && one.start <= position)?;
        waiting.remove(at)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Stretch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line, and its row; `R` are its redactions, borrowed where they are written.
#[derive(Debug, Serialize, Deserialize)]
struct Told<'a, R> {
    /// Bytes of the line, with its newline.
    len: u64,
    /// None where the line itself has to be read.
    #[serde(borrow, bound(serialize = "R: Serialize", deserialize = "R: Deserialize<'de>"))]
    row: Option<(Entry<'a>, R)>,
}

impl<'a> Told<'a, RedactionCounts> {
    /// What was told of the lines of a stretch, each with where it begins. What is none ends it.
    fn all(stretch: &'a Stretch) -> impl Iterator<Item = (u64, Self)> {
        let (mut rows, mut next) = (&*stretch.rows, stretch.start);
        std::iter::from_fn(move || {
            let (told, left): (Self, _) = postcard::take_from_bytes(rows).ok()?;
            let at = next;
            (rows, next) = (left, at + told.len);
            Some((at, told))
        })
    }
}

/// Makes rows of events, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    row: Vec<u8>,
    conv: Vec<u8>,
    subject: Vec<u8>,
}

impl Teller {
    /// What is told of an event whose line is so long.
    pub(crate) fn tell(&mut self, event: &Event, len: usize) -> &[u8] {
        let Self { row, conv, subject } = self;
        [&mut *row, &mut *conv, &mut *subject].into_iter().for_each(Vec::clear);
        let len = len as u64;
        let told = match event {
            Event::Response(event) => {
                Code::put_name(event.conv_id.as_str(), conv);
                let subject = event.subject.as_ref().map(|id| {
                    Code::put_name(id.as_str(), subject);
                    &**subject
                });
                let entry = Entry::of(event, conv, subject);
                Told { len, row: Some((entry, &event.redactions)) }
            }
            // They are few.
            Event::Feedback(_) | Event::Hypothesis(_) => Told { len, row: None },
        };
        let unread = || Told::<&RedactionCounts> { len, row: None };
        let told = postcard::to_extend(&told, std::mem::take(row))
            .or_else(|_| postcard::to_extend(&unread(), Vec::new()));
        *row = told.unwrap_or_default();
        row
    }
}

/// How much a stretch came to.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    events: u64,
    lines: usize,
}

impl Pass<'_> {
    /// Takes in what was told of a segment that takes events, from where it was left off.
    pub(super) fn take_told(
        &mut self,
        id: SegmentId,
        at: &mut Known,
        file: &File,
    ) -> Result<(), ReadError> {
        while self.lines_left > 0 {
            let Some(stretch) = self.fresh.take(id, at.position) else { return Ok(()) };
            let taken = self.take_stretch(id, &stretch, at, file)?;
            self.done.n_events += taken.events;
            self.lines_left = self.lines_left.saturating_sub(taken.lines);
        }
        Ok(())
    }

    /// One that is not of this text comes to nothing.
    fn take_stretch(
        &mut self,
        id: SegmentId,
        stretch: &Stretch,
        at: &mut Known,
        file: &File,
    ) -> Result<Amount, ReadError> {
        let changes = self.database.transaction()?;
        let mut after = at.clone();
        after.seg = known::number(&changes, id)?;
        unread::forget_from(&changes, after.seg, after.position)?;
        let mut lines = Told::all(stretch);
        let taken = take_lines(&changes, &mut after, &mut lines, file)?;
        if taken.lines > 0 && after.position == stretch.end {
            known::note(&changes, &after, taken.events)?;
            changes.commit()?;
            self.fold_long()?;
            *at = after;
            return Ok(taken);
        }
        Ok(Amount::default())
    }
}

fn take_lines(
    changes: &Transaction<'_>,
    at: &mut Known,
    told: &mut dyn Iterator<Item = (u64, Told<'_, RedactionCounts>)>,
    file: &File,
) -> Result<Amount, ReadError> {
    let (mut tables, mut runs) = (Inserts::into(changes, at.seg)?, Runs::default());
    let (mut n, mut last) = (Amount::default(), None);
    let read_to = at.position;
    for (offset, told) in told.skip_while(|(offset, _)| *offset < read_to) {
        if offset != at.position {
            break;
        }
        let taken = match told.row {
            Some((entry, redactions)) => tables.row(&Entry { offset, ..entry }, &redactions)?,
            None => tables.take(&read_line(file, offset, told.len)?, offset)?,
        };
        n.events += at.take(taken, offset, &mut runs);
        n.lines += 1;
        at.position = offset + told.len;
        last = Some((offset, told.len));
    }
    if let Some((offset, len)) = last {
        at.tail = Some(Tail::of(offset, &read_line(file, offset, len)?));
    }
    tables.finish(changes)?;
    runs.keep(changes, at.seg)?;
    Ok(n)
}

/// Without its newline.
fn read_line(mut file: &File, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut line = Vec::new();
    file.take(len.saturating_sub(1)).read_to_end(&mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn id(n: u64) -> SegmentId {
        let event = fixture::event(n);
        SegmentId::of_first(event.at(), event.id())
    }

    fn take(fresh: &Fresh, segment: SegmentId, position: u64) -> Option<(u64, Vec<u8>)> {
        fresh.take(segment, position).map(|stretch| (stretch.start, stretch.rows))
    }

    #[test]
    fn the_stretch_is_given_out_in_which_the_index_stands() {
        let fresh = Fresh::default();
        let (one, other) = (id(1), id(2));
        fresh.push(one, 0, 10, b"a");
        fresh.push(other, 0, 5, b"b");
        fresh.push(one, 10, 10, b"c");
        fresh.push(one, 30, 10, b"d");
        assert_eq!(take(&fresh, one, 10), Some((10, b"c".to_vec())));
        assert_eq!(take(&fresh, one, 0), None, "what lies before was forgotten");
        assert_eq!(take(&fresh, one, 25), None, "nobody was told of it");
        assert_eq!(take(&fresh, one, 35), Some((30, b"d".to_vec())));
        assert_eq!(take(&fresh, other, 0), Some((0, b"b".to_vec())));
        fresh.push(other, 5, 5, b"e");
        fresh.forget(other);
        assert_eq!(take(&fresh, other, 5), None);
    }

    #[test]
    fn what_stands_one_behind_the_other_is_one_stretch() {
        let fresh = Fresh::default();
        fresh.push(id(1), 0, 10, b"a");
        fresh.push(id(1), 10, 10, b"b");
        fresh.push(id(1), 20, 10, &vec![b'c'; STRETCH_BYTES]);
        fresh.push(id(1), 30, 10, b"d");
        assert_eq!(take(&fresh, id(1), 0), Some((0, b"ab".to_vec())));
        assert_eq!(
            take(&fresh, id(1), 20).map(|(start, rows)| (start, rows.len())),
            Some((20, STRETCH_BYTES))
        );
        assert_eq!(take(&fresh, id(1), 30), Some((30, b"d".to_vec())));
    }

    #[test]
    fn what_is_too_much_is_forgotten() {
        let fresh = Fresh::default();
        let many = vec![0; BYTES_MAX / 2];
        fresh.push(id(1), 0, 10, &many);
        fresh.push(id(1), 10, 10, &many);
        fresh.push(id(1), 20, 10, b"a");
        assert_eq!(take(&fresh, id(1), 0), None);
        assert_eq!(take(&fresh, id(1), 20), Some((20, b"a".to_vec())));
    }

    /// With figures that take all their digits, as a clock and a division give them.
    fn uneven(n: u64) -> Event {
        let Event::Response(mut event) = fixture::event(n) else { panic!("no response") };
        let share = (n as f64 + 0.1) / 7.3;
        event.ts = event.ts.plus(std::time::Duration::from_micros(n * 137 + 1));
        event.timings.latency_ms = share * 1e3;
        event.timings.time_to_first_token_ms = Some(share / 3.0);
        event.cost_usd = Some(share / 1e5);
        event.tokens.input_tokens = Some(n * 31);
        event.previous = Some(fixture::event(n / 2).id());
        event.asked_again = n.is_multiple_of(2);
        Event::Response(event)
    }

    #[test]
    fn what_is_told_is_what_the_line_says() {
        let mut teller = Teller::default();
        for n in 0..60 {
            let event = uneven(n);
            let mut line = Vec::new();
            event.write_line(&mut line);
            let rows = teller.tell(&event, line.len());
            let told = postcard::from_bytes::<Told<'_, RedactionCounts>>(rows).unwrap();
            let Ok(Event::Response(read)) = crate::lines::event(line.trim_ascii_end()) else {
                panic!("no response")
            };
            let (conv, subject) = (Code::name(read.conv_id.as_str()), read.subject.as_ref());
            let subject = subject.map(|id| Code::name(id.as_str()));
            let (entry, redactions) = told.row.unwrap();
            assert_eq!(entry, Entry::of(&read, &conv, subject.as_deref()));
            assert_eq!((told.len, redactions), (line.len() as u64, read.redactions));
        }
        let rows = teller.tell(&fixture::hypothesis(4), 30);
        let told = postcard::from_bytes::<Told<'_, RedactionCounts>>(rows).unwrap();
        assert!(told.len == 30 && told.row.is_none());
    }
}

//! What the log's writer knows of lines that it has just written, so that the index need not read them: reading a
//! line costs some ten times what its row does.
//!
//! It is a shortcut and nothing more. What is missing here, because the index is far behind or the server has just
//! started, is read from the log; and a row is taken only if it is that of the line at which the index stands.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use super::recent::Cover;
pub(crate) use super::stretch::News;
use super::stretch::{Held, STRETCH_BYTES, Stretch};
use super::tail::Tail;
use super::unread::{self, Runs};
use crate::SegmentId;

/// What was written and is not in the index yet; and beyond that, while somebody asks for it, what was written of late.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<Kept>);

/// What is in memory, in the order in which it was told.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) stretches: VecDeque<Held>,
    /// What they take, in bytes.
    pub(super) n_bytes: usize,
    pub(super) cover: Cover,
    /// How often a file was given another name.
    pub(super) n_seals: u64,
    /// Room of a stretch that is done with, for the next one.
    spare: Vec<u8>,
}

impl Fresh {
    /// Takes the rows of lines that were written at `start` of a segment.
    pub(crate) fn push(&self, segment: SegmentId, start: u64, news: News<'_>) {
        self.lock().push(segment, start, news);
    }

    /// A file gets another name: until the [end](Self::end) of this the index may look for what was told in vain.
    pub(crate) fn seal(&self) {
        self.lock().seal();
    }

    /// Nothing more is told of a segment: what is missing of it in the index is read.
    pub(crate) fn end(&self, segment: Option<SegmentId>) {
        self.lock().end(segment);
    }

    /// Lines were written of which nothing was told, or what was told is not in the log any more.
    pub(crate) fn doubt(&self) {
        self.lock().doubt();
    }

    /// Gives out the stretch in which this place of a segment lies. The index needs those before it no more.
    pub(super) fn take(&self, segment: SegmentId, position: u64) -> Option<Arc<Stretch>> {
        self.lock().take(segment, position)
    }

    /// Takes back a stretch that was given out.
    pub(super) fn give_back(&self, stretch: Arc<Stretch>) {
        self.lock().spare_room_of(stretch);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, segment: SegmentId, start: u64, news: News<'_>) {
        if !self.cover.is_asked_after(news.rows.len()) && self.cover.is_kept() {
            self.doubt();
        }
        match self.stretches.back_mut().and_then(|last| last.goes_on(segment, start, &news)) {
            Some(last) => {
                let before = last.n_bytes();
                last.add(news);
                self.n_bytes += last.n_bytes() - before;
            }
            None => self.put(segment, start, news),
        }
        self.keep_within();
    }

    fn put(&mut self, segment: SegmentId, start: u64, news: News<'_>) {
        let is_new = || self.stretches.iter().all(|one| one.stretch.segment != segment);
        if start == 0 || is_new() {
            self.must_be_last(segment);
        }
        let room = if self.cover.is_kept() { Vec::new() } else { std::mem::take(&mut self.spare) };
        let stretch = Stretch::of(segment, start, news, room);
        self.n_bytes += stretch.n_bytes();
        self.stretches.push_back(Held { stretch: Arc::new(stretch), is_due: true });
    }

    fn take(&mut self, segment: SegmentId, position: u64) -> Option<Arc<Stretch>> {
        for one in self.stretches.iter_mut().filter(|one| one.stretch.segment == segment) {
            one.is_due &= one.stretch.end > position;
        }
        let mut due = self.stretches.iter_mut().filter(|one| one.is_due);
        let is_there = |one: &Stretch| one.segment == segment && one.start <= position;
        let found = due.find(|one| is_there(&one.stretch)).map(|one| {
            one.is_due = false;
            Arc::clone(&one.stretch)
        });
        self.keep_wanted();
        found
    }

    fn end(&mut self, segment: Option<SegmentId>) {
        let of_it = self.stretches.iter_mut().filter(|one| Some(one.stretch.segment) == segment);
        of_it.for_each(|one| one.is_due = false);
        if std::mem::take(&mut self.cover.is_sealing) {
            self.n_seals += 1;
        }
        self.keep_wanted();
    }

    /// Forgets what neither the index needs any more nor who asks.
    pub(super) fn keep_wanted(&mut self) {
        if !self.cover.is_kept() {
            self.keep_due();
        }
        self.keep_within();
    }

    /// Forgets what is in the index.
    pub(super) fn keep_due(&mut self) {
        self.stretches.retain(|one| one.is_due);
        self.n_bytes = self.stretches.iter().map(|one| one.stretch.n_bytes()).sum();
    }

    fn keep_within(&mut self) {
        while self.n_bytes > self.cover.bytes_max() {
            let Some(Held { stretch, .. }) = self.stretches.pop_front() else { return };
            self.n_bytes -= stretch.n_bytes();
            self.cover.lose(&stretch);
            self.spare_room_of(stretch);
        }
    }

    /// Keeps its room, if nobody reads it any more.
    fn spare_room_of(&mut self, stretch: Arc<Stretch>) {
        let rows = Arc::into_inner(stretch).map(|stretch| stretch.rows);
        if let Some(mut rows) = rows.filter(|rows| rows.capacity() <= STRETCH_BYTES) {
            rows.clear();
            self.spare = rows;
        }
    }
}

impl Stretch {
    /// The rows, each with where its line begins; false if not all of them can be read.
    pub(super) fn each_row(&self, mut take: impl FnMut(Entry<'_>)) -> bool {
        let mut read_to = self.start;
        for (offset, told) in Told::all(self) {
            read_to = offset + told.len;
            told.row.into_iter().for_each(|(entry, _)| take(Entry { offset, ..entry }));
        }
        read_to == self.end
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
        // What is no row is read, and so is all that stands behind it.
        *row = postcard::to_extend(&told, std::mem::take(row)).unwrap_or_default();
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
            self.fresh.give_back(stretch);
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
    use crate::index::recent;

    fn id(n: u64) -> SegmentId {
        let event = fixture::event(n);
        SegmentId::of_first(event.at(), event.id())
    }

    fn take(fresh: &Fresh, segment: SegmentId, position: u64) -> Option<(u64, Vec<u8>)> {
        fresh.take(segment, position).map(|stretch| (stretch.start, stretch.rows.clone()))
    }

    fn push(fresh: &Fresh, segment: SegmentId, start: u64, bytes: u64, rows: &[u8]) {
        fresh.push(segment, start, News::of(bytes, rows));
    }

    #[test]
    fn the_stretch_is_given_out_in_which_the_index_stands() {
        let fresh = Fresh::default();
        let (one, other) = (id(1), id(2));
        push(&fresh, one, 0, 10, b"a");
        push(&fresh, other, 0, 5, b"b");
        push(&fresh, one, 10, 10, b"c");
        push(&fresh, one, 30, 10, b"d");
        assert_eq!(take(&fresh, one, 10), Some((10, b"c".to_vec())));
        assert_eq!(take(&fresh, one, 0), None, "what lies before was forgotten");
        assert_eq!(take(&fresh, one, 25), None, "nobody was told of it");
        assert_eq!(take(&fresh, one, 35), Some((30, b"d".to_vec())));
        assert_eq!(take(&fresh, other, 0), Some((0, b"b".to_vec())));
        push(&fresh, other, 5, 5, b"e");
        fresh.end(Some(other));
        assert_eq!(take(&fresh, other, 5), None);
    }

    #[test]
    fn what_stands_one_behind_the_other_is_one_stretch() {
        let fresh = Fresh::default();
        push(&fresh, id(1), 0, 10, b"a");
        push(&fresh, id(1), 10, 10, b"b");
        push(&fresh, id(1), 20, 10, &vec![b'c'; STRETCH_BYTES]);
        push(&fresh, id(1), 30, 10, b"d");
        assert_eq!(take(&fresh, id(1), 0), Some((0, b"ab".to_vec())));
        assert_eq!(
            take(&fresh, id(1), 20).map(|(start, rows)| (start, rows.len())),
            Some((20, STRETCH_BYTES))
        );
        assert_eq!(take(&fresh, id(1), 30), Some((30, b"d".to_vec())));
    }

    #[test]
    fn what_is_done_with_gives_its_room_to_the_next() {
        let fresh = Fresh::default();
        push(&fresh, id(1), 0, 10, &vec![b'a'; STRETCH_BYTES]);
        let done = fresh.take(id(1), 0).unwrap();
        let room = done.rows.as_ptr();
        fresh.give_back(done);
        push(&fresh, id(1), 10, 10, b"b");
        let next = fresh.take(id(1), 10).unwrap();
        assert_eq!((next.rows.as_ptr(), &*next.rows), (room, &b"b"[..]));
    }

    #[test]
    fn what_is_too_much_is_forgotten() {
        let fresh = Fresh::default();
        let many = vec![0; recent::DUE_BYTES_MAX / 2];
        push(&fresh, id(1), 0, 10, &many);
        push(&fresh, id(1), 10, 10, &many);
        push(&fresh, id(1), 20, 10, b"a");
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

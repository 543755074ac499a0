//! Rows of lines that stand one behind the other, as the log's writer tells them.

use std::ops::Range;
use std::sync::Arc;

use aios_core::Timestamp;

use super::said::Said;
use crate::SegmentId;
use crate::segment::footer::Counts;

/// Rows that are taken in at once, in bytes: some hundreds. A transaction has its price, whatever is in it.
pub(super) const STRETCH_BYTES: usize = 64 * 1024;

/// What is told of lines that stand one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News<'a> {
    /// What they come to.
    pub(crate) counts: Counts,
    /// Their rows, as a [`Teller`](super::fresh::Teller) makes them.
    pub(crate) rows: &'a [u8],
    /// What they say of answers, each with where it does, from the first on.
    pub(crate) words: &'a [(u64, Said)],
}

#[cfg(test)]
impl<'a> News<'a> {
    /// Of so many bytes of lines.
    pub(super) fn of(bytes: u64, rows: &'a [u8]) -> Self {
        Self { counts: Counts { bytes, ..Counts::default() }, rows, words: &[] }
    }
}

/// Rows of lines that stand one behind the other in a segment.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) segment: SegmentId,
    pub(super) start: u64,
    pub(super) end: u64,
    /// The first and the last of their times, as exact as lines are.
    times: Option<(Timestamp, Timestamp)>,
    pub(super) rows: Vec<u8>,
    pub(super) words: Vec<(u64, Said)>,
}

/// A stretch, and whether the index is still to take it in.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) stretch: Arc<Stretch>,
    pub(super) is_due: bool,
}

impl Held {
    /// The stretch, if lines at `start` of a segment stand right behind it and it can take more: not while somebody reads it.
    pub(super) fn goes_on(
        &mut self,
        segment: SegmentId,
        start: u64,
        news: &News<'_>,
    ) -> Option<&mut Stretch> {
        let stretch = Arc::get_mut(&mut self.stretch).filter(|_| self.is_due)?;
        let is_next = (stretch.segment, stretch.end) == (segment, start);
        (is_next && stretch.rows.len() + news.rows.len() <= STRETCH_BYTES).then_some(stretch)
    }
}

impl Stretch {
    /// One that begins with this, in room that may be there already.
    pub(super) fn of(segment: SegmentId, start: u64, news: News<'_>, room: Vec<u8>) -> Self {
        let (rows, words) = (room, Vec::new());
        let mut stretch = Self { segment, start, end: start, times: None, rows, words };
        stretch.add(news);
        stretch
    }

    /// Takes in what stands behind it.
    pub(super) fn add(&mut self, news: News<'_>) {
        let News { counts, rows, words } = news;
        self.rows.extend_from_slice(rows);
        let end = self.end;
        self.words.extend(words.iter().map(|(at, said)| (end + at, *said)));
        self.end += counts.bytes;
        if let (Some(first), Some(last)) = (counts.first_ts, counts.last_ts) {
            let (first, last) = (first.as_stored(), last.as_stored());
            let (from, until) = self.times.unwrap_or((first, last));
            self.times = Some((from.min(first), until.max(last)));
        }
    }

    /// What it takes, also where it is not filled.
    pub(super) fn n_bytes(&self) -> usize {
        let words = self.words.capacity() * size_of::<(u64, Said)>();
        size_of::<(Held, Self)>() + self.rows.capacity() + words
    }

    /// Whether a line of it is of this time.
    pub(super) fn is_of(&self, times: &Range<Timestamp>) -> bool {
        self.times.is_some_and(|(first, last)| last >= times.start && first < times.end)
    }

    /// The time of the youngest line, or of the youngest answer that is spoken of.
    pub(super) fn youngest(&self) -> Option<Timestamp> {
        let spoken_of = self.words.iter().map(|(_, said)| said.about.at());
        spoken_of.chain(self.times.map(|(_, last)| last)).max()
    }
}

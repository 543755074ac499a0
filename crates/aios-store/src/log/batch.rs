//! What waits to be written: whole lines, and where the hour changes between them.

use aios_core::Timestamp;

use super::line::Line;
use crate::SegmentId;
use crate::index::said::Said;
use crate::segment::footer::Counts;

/// Longest buffer that is kept for the next batch.
const KEPT_BYTES_MAX: usize = 512 * 1024;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// An hour of event time, counted from 1970. Segments are cut where it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hour(i64);

/// Whole lines, each with its newline, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    lines: Vec<u8>,
    /// What the index is told of them.
    rows: Vec<u8>,
    /// What they say of answers, each with where in its run it does.
    words: Vec<(u64, Said)>,
    n_events: usize,
    /// Hardly ever more than one.
    runs: Vec<Run>,
}

/// Lines of one hour in a row.
#[derive(Debug)]
struct Run {
    hour: Hour,
    /// What a segment is called that begins with it.
    begins: SegmentId,
    end: usize,
    rows_end: usize,
    words_end: usize,
    counts: Counts,
}

/// Lines that go to one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) hour: Hour,
    pub(crate) lines: &'a [u8],
    pub(crate) counts: Counts,
    pub(crate) begins: SegmentId,
    pub(crate) rows: &'a [u8],
    pub(crate) words: &'a [(u64, Said)],
}

impl Piece<'_> {
    pub(crate) fn n_events(&self) -> usize {
        self.counts.n_events as usize
    }
}

impl Hour {
    /// The hour of a moment.
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(at.as_micros().div_euclid(MICROS_PER_HOUR))
    }

    /// The day it belongs to.
    pub(crate) fn day(self) -> i64 {
        self.0.div_euclid(24)
    }
}

impl Run {
    fn begun(hour: Hour, begins: SegmentId) -> Self {
        Self { hour, begins, end: 0, rows_end: 0, words_end: 0, counts: Counts::default() }
    }
}

impl Batch {
    /// Adds the line of an event.
    pub(crate) fn push(&mut self, line: Line<'_>) {
        self.lines.extend_from_slice(line.bytes);
        self.rows.extend_from_slice(line.row);
        self.n_events += 1;
        let hour = Hour::of(line.at);
        if self.runs.last().is_none_or(|run| run.hour != hour) {
            self.runs.push(Run::begun(hour, line.begins));
        }
        let Some(run) = self.runs.last_mut() else { return };
        self.words.extend(line.said.map(|said| (run.counts.bytes, said)));
        run.counts.add_event(line.at, line.bytes.len());
        (run.end, run.rows_end, run.words_end) =
            (self.lines.len(), self.rows.len(), self.words.len());
    }

    pub(crate) fn n_events(&self) -> usize {
        self.n_events
    }

    pub(crate) fn n_bytes(&self) -> usize {
        self.lines.len()
    }

    /// The lines, hour by hour.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let ends = self.runs.iter().map(|run| (run.end, run.rows_end, run.words_end));
        let starts = std::iter::once((0, 0, 0)).chain(ends);
        self.runs.iter().zip(starts).map(|(run, (start, rows_start, words_start))| Piece {
            hour: run.hour,
            lines: &self.lines[start..run.end],
            counts: run.counts,
            begins: run.begins,
            rows: &self.rows[rows_start..run.rows_end],
            words: &self.words[words_start..run.words_end],
        })
    }

    /// Makes room for the next. A burst must not hold its memory for good.
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.lines.shrink_to(KEPT_BYTES_MAX);
        self.rows.clear();
        self.rows.shrink_to(KEPT_BYTES_MAX);
        self.words.clear();
        self.words.shrink_to(KEPT_BYTES_MAX / size_of::<(u64, Said)>());
        self.n_events = 0;
        self.runs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn lines_are_cut_where_the_hour_changes() {
        let mut batch = Batch::default();
        let at = |hour: i64| Timestamp::from_micros(hour * MICROS_PER_HOUR);
        for (line, hour) in [("a\n", 7), ("b\n", 7), ("c\n", 8), ("d\n", 7)] {
            batch.push(fixture::log_line(line.as_bytes(), at(hour)));
        }
        let pieces: Vec<_> =
            batch.pieces().map(|piece| (piece.hour.0, piece.lines, piece.n_events())).collect();
        assert_eq!(pieces, [(7, &b"a\nb\n"[..], 2), (8, b"c\n", 1), (7, b"d\n", 1)]);
        let bytes: Vec<_> = batch.pieces().map(|piece| piece.counts.bytes).collect();
        assert_eq!(bytes, [4, 2, 2]);
        batch.clear();
        assert_eq!((batch.n_events(), batch.pieces().count()), (0, 0));
    }

    #[test]
    fn hours_and_days_are_those_of_utc() {
        let hour = |text: &str| Hour::of(Timestamp::parse(text).unwrap());
        assert_eq!(hour("2027-01-15T08:59:59.999Z"), hour("2027-01-15T08:00:00Z"));
        assert!(hour("2027-01-15T09:00:00Z") > hour("2027-01-15T08:59:59Z"));
        assert_eq!(hour("2027-01-15T00:00:00Z").day(), hour("2027-01-15T23:59:59Z").day());
        assert_eq!(hour("1969-12-31T23:59:59Z").day(), -1);
    }
}

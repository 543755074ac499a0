//! The segments that take lines, and when each is sealed.
//!
//! A segment is sealed before a line of a later hour, or when it is full. A line of a day that is over
//! (its request was admitted before midnight and ended after) must not go into today's segment, and its
//! own is sealed; so it goes into a segment for late lines, which is open only while there are any. Late
//! lines of the same day stay among the others: they break no rule.
//!
//! Where a link or a directory stands in the late lines' place, a late line is the first of a new active segment, and the
//! next one of its own day seals that.

use std::io;

use super::batch::{Hour, Piece};
use super::segment::{Segment, SegmentFile};
use crate::regular;

/// The active segment and the one for late lines.
#[derive(Debug)]
pub(crate) struct Rolling<F> {
    active: Open<F>,
    late: Option<Open<F>>,
    size_max: u64,
    /// Lines that somebody has taken out of a segment that is sealed by now.
    n_gone: u64,
}

/// A segment that takes lines.
#[derive(Debug)]
struct Open<F> {
    segment: Segment<F>,
    /// The latest hour in it; none if it is empty.
    hour: Option<Hour>,
}

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Active,
    /// After the active segment is sealed.
    NewActive,
    Late,
    /// After the segment for late lines is sealed.
    NewLate,
}

impl<F: SegmentFile> Rolling<F> {
    /// `hour` is that of the last line in the active segment.
    pub(crate) fn new(active: Segment<F>, hour: Option<Hour>, size_max: u64) -> Self {
        Self { active: Open { segment: active, hour }, late: None, size_max, n_gone: 0 }
    }

    /// Appends the lines to the segment they belong to: all of them, or none.
    pub(crate) fn append(&mut self, piece: Piece<'_>, durably: bool) -> io::Result<()> {
        let late = self.late.as_ref().and_then(|late| late.hour);
        let place = match place(self.active.hour, late, piece.hour) {
            Place::Active if self.active.is_full(piece, self.size_max) => Place::NewActive,
            Place::Late
                if self.late.as_ref().is_some_and(|late| late.is_full(piece, self.size_max)) =>
            {
                Place::NewLate
            }
            place => place,
        };
        match place {
            Place::Active => self.active.append(piece, durably),
            Place::NewActive => {
                self.seal()?;
                self.active.append(piece, durably)
            }
            Place::Late => self.append_late(piece, durably),
            Place::NewLate => {
                self.seal_late()?;
                self.append_late(piece, durably)
            }
        }
    }

    /// Forces everything to disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let late = self.late.as_mut().map_or(Ok(()), |late| late.segment.sync());
        self.active.segment.sync().and(late)
    }

    /// Looks what others have done to the files.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        let late = self.with_late(Segment::look);
        self.active.segment.look().and(late)
    }

    /// Lines that somebody has taken out of the log since this was last asked.
    pub(crate) fn take_gone(&mut self) -> u64 {
        let late = self.late.as_mut().map_or(0, |late| late.segment.take_gone());
        std::mem::take(&mut self.n_gone) + self.active.segment.take_gone() + late
    }

    /// Seals both segments.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        self.seal_late()?;
        self.active.segment.seal()?;
        self.active.hour = None;
        Ok(())
    }

    fn seal_late(&mut self) -> io::Result<()> {
        self.with_late(Segment::seal_away)?;
        self.n_gone += self.late.take().map_or(0, |mut late| late.segment.take_gone());
        Ok(())
    }

    /// Does it with the segment for late lines, if there is one. Where that can never be gone on in, there is none any more.
    fn with_late(&mut self, work: fn(&mut Segment<F>) -> io::Result<()>) -> io::Result<()> {
        match self.late.as_mut().map_or(Ok(()), |late| work(&mut late.segment)) {
            Err(error) if regular::is_irregular(&error) => {
                self.n_gone += self.late.take().map_or(0, |mut late| late.segment.give_up());
                Ok(())
            }
            done => done,
        }
    }

    fn append_late(&mut self, piece: Piece<'_>, durably: bool) -> io::Result<()> {
        self.with_late(Segment::look)?;
        match self.late().and_then(|late| late.append(piece, durably)) {
            Err(error) if self.late.is_none() && regular::is_irregular(&error) => {
                tracing::warn!(
                    "no file stands in the place of late lines; they go into segments of their own"
                );
                self.active.segment.seal()?;
                self.active.hour = None;
                self.active.append(piece, durably)
            }
            done => done,
        }
    }

    fn late(&mut self) -> io::Result<&mut Open<F>> {
        if self.late.is_none() {
            let segment = self.active.segment.late()?;
            self.late = Some(Open { segment, hour: None });
        }
        Ok(self.late.as_mut().expect("it was just opened"))
    }
}

impl<F: SegmentFile> Open<F> {
    fn append(&mut self, piece: Piece<'_>, durably: bool) -> io::Result<()> {
        if durably {
            self.segment.append_durably(piece)?;
        } else {
            self.segment.append(piece)?;
        }
        self.hour = self.hour.max(Some(piece.hour));
        Ok(())
    }

    /// Whether the lines would make it longer than it may be. One that is empty takes anything.
    fn is_full(&self, piece: Piece<'_>, size_max: u64) -> bool {
        self.hour.is_some() && self.segment.len() + piece.lines.len() as u64 > size_max
    }
}

/// Where lines of an hour belong, going by time alone.
fn place(active: Option<Hour>, late: Option<Hour>, hour: Hour) -> Place {
    match (active, late) {
        (None, _) => Place::Active,
        (Some(active), _) if hour > active => Place::NewActive,
        (Some(active), _) if hour.day() == active.day() => Place::Active,
        (Some(_), Some(late)) if hour.day() != late.day() => Place::NewLate,
        (Some(_), _) => Place::Late,
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Timestamp;

    use super::*;

    fn hour(text: &str) -> Option<Hour> {
        let at = Timestamp::parse(&format!("2027-01-{text}:30:00Z"));
        (!text.is_empty()).then(|| Hour::of(at.unwrap()))
    }

    /// Days and hours as `15T08`; empty for none.
    fn check(active: &str, late: &str, line: &str, expect: Place) {
        let place = place(hour(active), hour(late), hour(line).unwrap());
        assert_eq!(place, expect, "{active:?} {late:?} {line:?}");
    }

    #[test]
    fn a_later_hour_begins_a_segment() {
        check("", "", "15T08", Place::Active);
        check("15T08", "", "15T08", Place::Active);
        check("15T08", "", "15T09", Place::NewActive);
        check("15T08", "14T23", "16T00", Place::NewActive);
    }

    #[test]
    fn an_earlier_hour_stays_if_the_day_is_the_same() {
        check("15T08", "", "15T07", Place::Active);
        check("15T00", "", "14T23", Place::Late);
        check("15T00", "14T23", "14T22", Place::Late);
        check("15T00", "14T23", "13T23", Place::NewLate);
        check("15T00", "13T23", "14T23", Place::NewLate);
    }
}

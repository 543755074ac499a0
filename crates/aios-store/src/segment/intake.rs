//! Makes sealed segments of lines that come from elsewhere: each day's its own, none too large.
//!
//! Segments are named by their first event, so taking the same lines in again makes the same files. Where other lines
//! have the name, as those of a log that was copied and then written on, they take the nearest that is free.

use std::collections::BTreeMap;
use std::io::Write as _;

use aios_core::{EventId, Timestamp};

use super::catalog::{Age, ages, footer as footer_of};
use super::footer::{Footer, Tally};
use super::name::{Day, Layout, SegmentId};
use crate::StoreError;
use crate::replace::{Points, Replacement, points};

const POINTS: Points = points!("intake");

/// Segments in the making.
#[derive(Debug)]
pub(crate) struct Intake<'a> {
    layout: &'a Layout,
    size_max: u64,
    open: BTreeMap<Day, Part>,
    done: Vec<SegmentId>,
    /// Lines that are no events belong to the day of the one before.
    day: Option<Day>,
    /// Those before the first event.
    before: Vec<u8>,
}

#[derive(Debug)]
struct Part {
    id: SegmentId,
    out: Replacement,
    tally: Tally,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(layout: &'a Layout, size_max: u64) -> Self {
        Self {
            layout,
            size_max,
            open: BTreeMap::new(),
            done: Vec::new(),
            day: None,
            before: Vec::new(),
        }
    }

    /// Takes the line of an event, with its newline.
    pub(crate) fn event(
        &mut self,
        at: Timestamp,
        id: EventId,
        line: &[u8],
    ) -> Result<(), StoreError> {
        let day = Day::of(at);
        self.day = Some(day);
        if !self.open.contains_key(&day) {
            let id = SegmentId::of_first(at, id);
            let out = Replacement::begin(&self.layout.hot(id))?;
            self.open.insert(day, Part { id, out, tally: Tally::default() });
            let before = std::mem::take(&mut self.before);
            before
                .split_inclusive(|byte| *byte == b'\n')
                .try_for_each(|line| self.put(day, line))?;
        }
        self.put(day, line)?;
        let is_full =
            self.open.get(&day).is_some_and(|part| part.tally.counts.bytes >= self.size_max);
        if is_full && let Some(part) = self.open.remove(&day) {
            self.done.push(part.seal(self.layout)?);
        }
        Ok(())
    }

    /// Takes a line that is no event, with its newline.
    pub(crate) fn other(&mut self, line: &[u8]) -> Result<(), StoreError> {
        match self.day.filter(|day| self.open.contains_key(day)) {
            Some(day) => self.put(day, line),
            None => {
                self.before.extend_from_slice(line);
                Ok(())
            }
        }
    }

    /// Seals every segment. Lines that no event follows or precedes are given back.
    pub(crate) fn finish(mut self) -> Result<(Vec<SegmentId>, Vec<u8>), StoreError> {
        for part in std::mem::take(&mut self.open).into_values() {
            self.done.push(part.seal(self.layout)?);
        }
        self.done.sort_unstable();
        Ok((self.done, self.before))
    }

    fn put(&mut self, day: Day, line: &[u8]) -> Result<(), StoreError> {
        let Some(part) = self.open.get_mut(&day) else { return Ok(()) };
        part.tally.add(line);
        part.out.write_all(line).map_err(StoreError::io("write", &self.layout.hot(part.id)))
    }
}

impl Part {
    fn seal(mut self, layout: &Layout) -> Result<SegmentId, StoreError> {
        let mut footer = self.tally.clone().footer(self.id);
        while layout.is_taken(self.id) {
            if is_there(layout, &footer)? {
                return Ok(self.id);
            }
            self.id = self.id.next();
            footer = self.tally.clone().footer(self.id);
        }
        self.out = self.out.to(&layout.hot(self.id));
        self.out.write_all(&footer.line()).map_err(StoreError::io("write", self.out.path()))?;
        self.out.commit(&POINTS)?;
        Ok(self.id)
    }
}

/// Whether its segment is sealed already, with these lines.
fn is_there(layout: &Layout, footer: &Footer) -> Result<bool, StoreError> {
    let id = footer.segment;
    let Some(age) = ages(layout)?.remove(&id) else { return Ok(false) };
    let there = footer_of(layout, id, age)?;
    // A cold one's digest is made of other bytes.
    Ok(there.is_some_and(|there| match age {
        Age::Hot => there == *footer,
        Age::Cold => there.counts() == footer.counts(),
    }))
}

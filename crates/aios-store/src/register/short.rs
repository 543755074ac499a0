//! What was written down and is not there any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aios_core::Timestamp;

use super::keep::look;
use super::{Held, Register, Rest};
use crate::segment::sidecar::Sidecar;
use crate::segment::{Foreign, Layout, in_place_of, seal};
use crate::{Age, DataDir, Footer, SegmentId, SegmentInfo, StoreError, regular};

/// Events that were written, and that nobody can read any more, or can trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// The file that they were in.
    pub(crate) path: PathBuf,
    /// One at least.
    pub(crate) n_events: u64,
    /// None is older.
    pub(crate) first: Option<Timestamp>,
    /// None is younger.
    pub(crate) last: Option<Timestamp>,
    pub(crate) why: String,
    /// The sealed segment that they were in, if it was sealed.
    pub(crate) segment: Option<SegmentId>,
    /// What is left of it.
    pub(crate) rest: Rest,
}

/// What is missing of the segments that are on the register. `sealed` was listed just before.
pub(crate) fn shortfalls(
    dir: &DataDir,
    sealed: &[SegmentInfo],
) -> Result<Vec<Shortfall>, StoreError> {
    look(dir, |register| Ok(register.short(dir, sealed)))
}

impl Register {
    /// The same for whoever has the register in hand.
    pub(super) fn short(&self, dir: &DataDir, sealed: &[SegmentInfo]) -> Vec<Shortfall> {
        let layout = Layout::of(dir);
        let mut short = self.segments_short(&layout, sealed);
        short.extend(sealed.iter().filter_map(|info| flawed(&layout, info)));
        short.extend(self.losses.iter().map(|loss| Shortfall {
            path: dir.path().join(&loss.file),
            n_events: loss.n_lines,
            first: loss.first_ts,
            last: loss.last_ts,
            why: loss.why.clone(),
            segment: None,
            rest: Rest::Nothing,
        }));
        short
    }

    fn segments_short(&self, layout: &Layout, sealed: &[SegmentInfo]) -> Vec<Shortfall> {
        let sealed: BTreeMap<_, _> = sealed.iter().map(|info| (info.id, info)).collect();
        let mut short = Vec::new();
        for (id, states) in &self.segments {
            let Some(last) = states.last() else { continue };
            match sealed.get(id) {
                Some(info) => short.extend(of_segment(layout, info, states, last)),
                None => short.extend(of_gone(layout, *id, last)),
            }
        }
        short
    }
}

/// A segment that says of itself that something of it was lost.
fn flawed(layout: &Layout, info: &SegmentInfo) -> Option<Shortfall> {
    let footer = footer(layout, info)?;
    let held = Held::from(&footer);
    let flaw = footer.flaw?;
    let short = held.short(&info.path, info.id, 1, flaw);
    Some(Shortfall { rest: Rest::Footed(held), ..short })
}

fn of_gone(layout: &Layout, id: SegmentId, last: &Held) -> Option<Shortfall> {
    // Sealed or compressed since the list was made.
    if regular::is_file(&layout.hot(id)) || regular::is_file(&layout.cold(id)) {
        return None;
    }
    // Whoever put it there may have the segment, so it is not lost for good.
    if let Some(Foreign { path, why }) = in_place_of(layout, id) {
        return Some(Shortfall { rest: Rest::Bytes, ..last.short(&path, id, last.n_events, why) });
    }
    let why = "the segment is gone, and nothing on record has removed it";
    Some(last.short(&layout.hot(id), id, last.n_events, why.to_owned()))
}

fn of_segment(
    layout: &Layout,
    info: &SegmentInfo,
    states: &[Held],
    last: &Held,
) -> Option<Shortfall> {
    match footer(layout, info) {
        Some(footer) if states.contains(&Held::from(&footer)) => None,
        Some(footer) => {
            let n = last.n_events.saturating_sub(footer.n_events);
            let why = format!(
                "it is another than when it was sealed: it had {} events and its footer says {}",
                last.n_events, footer.n_events
            );
            let short = last.short(&info.path, info.id, n, why);
            Some(Shortfall { rest: Rest::Footed(Held::from(&footer)), ..short })
        }
        // All that it held is there; a start gives it its footer.
        None if has_all(info, states) => None,
        None => {
            let why = format!("it has lost its end: it was sealed with {} events", last.n_events);
            let short = last.short(&info.path, info.id, last.n_events, why);
            Some(Shortfall { rest: Rest::Bytes, ..short })
        }
    }
}

/// A hot one that cannot be read has nothing.
fn has_all(info: &SegmentInfo, states: &[Held]) -> bool {
    info.age == Age::Hot && seal::begins_as(&info.path, states).unwrap_or(false)
}

/// What a segment says of itself; one whose sidecar is missing has to be unpacked for that.
fn footer(layout: &Layout, info: &SegmentInfo) -> Option<Footer> {
    info.footer.clone().or_else(|| match info.age {
        Age::Hot => None,
        Age::Cold => Sidecar::survey(layout, info.id).ok().map(|it| it.footer().clone()),
    })
}

impl Held {
    /// With nothing left.
    fn short(&self, path: &Path, segment: SegmentId, n_events: u64, why: String) -> Shortfall {
        let (first, last, segment) = (self.first_ts, self.last_ts, Some(segment));
        let (path, n_events, rest) = (path.to_owned(), n_events.max(1), Rest::Nothing);
        Shortfall { path, n_events, first, last, why, segment, rest }
    }
}

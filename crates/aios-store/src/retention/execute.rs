//! Does what is due.

use std::collections::BTreeMap;
use std::io::BufReader;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::ClockMemory;
use super::hold::Holds;
use super::plan::{Held, Item, Plan, Step, plan};
use super::policy::Term;
use super::stop::Stop;
use crate::lines::{Lines, Place, Read};
use crate::segment::facts::{self, Kind};
use crate::segment::{Day, Layout, extent};
use crate::{Age, DataDir, SegmentId, SegmentInfo, Segments, StoreError, disk, regular};

/// Most bytes of what is remembered from run to run.
const MEMORY_MAX: u64 = 64 * 1024;

/// How to rotate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotate {
    /// Seal the active segment also if its day is not over.
    pub seal: bool,
    /// Go on where a guard says stop.
    pub force: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What rotating has done, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// Segments that were sealed.
    pub n_sealed: usize,
    /// Segments that were compressed.
    pub compressed: Vec<SegmentId>,
    /// Segments that were removed.
    pub removed: Vec<SegmentId>,
    /// Files that were put aside and whose time in the quarantine is over.
    #[serde(default)]
    pub n_put_aside: usize,
    /// Segments whose time is over and that a hold keeps.
    pub held: Vec<Held>,
    /// Erasures that were done once more, because somebody has put back what they had removed.
    #[serde(default)]
    pub n_erased_again: u64,
    /// Erasures whose time in the ledger was over.
    #[serde(default)]
    pub n_forgotten: u64,
    /// Days of the audit trail that were removed.
    #[serde(default)]
    pub n_audit_days: u64,
    /// Why nothing was removed.
    pub stopped: Option<Stop>,
    /// What could not be done; the rest was.
    pub failed: Vec<String>,
    /// Nothing was done, only said.
    pub dry_run: bool,
}

/// What a run of retention is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) now: Timestamp,
    pub(crate) term: Term,
    pub(crate) rotate: Rotate,
}

/// Compresses and removes what is due.
pub(crate) fn run(dir: &DataDir, ask: Ask) -> Result<Rotated, StoreError> {
    let segments = Segments::of(dir);
    let mut items = items(&segments.list()?);
    let n_sealed = items.len();
    if ask.rotate.dry_run {
        // What is still open and is sealed before anything else is done.
        items.extend(would_seal(dir, ask)?);
    }
    let n_sealed = items.len() - n_sealed;
    let (plan, failed) = guarded(dir, &items, ask)?;
    let dry_run = ask.rotate.dry_run;
    let mut done = Rotated { n_sealed, held: plan.held, failed, dry_run, ..Rotated::default() };
    done.stopped = plan.stop.filter(|stop| !(ask.rotate.force && stop.yields()));
    let is_allowed = |step: &Step| done.stopped.is_none_or(|stop| stop.allows(*step));
    for step in plan.steps.into_iter().filter(is_allowed) {
        let carried_out = if ask.rotate.dry_run { Ok(()) } else { carry_out(segments, step) };
        match (carried_out, step) {
            (Ok(()), Step::Compress(id)) => done.compressed.push(id),
            (Ok(()), Step::Remove(id)) => done.removed.push(id),
            // One that is damaged must not keep the others from their time.
            (Err(error), Step::Compress(_) | Step::Remove(_)) => {
                done.failed.push(error.to_string())
            }
        }
    }
    Ok(done)
}

/// The segments that sealing would make, as far as they can be told: one for each day.
fn would_seal(dir: &DataDir, ask: Ask) -> Result<Vec<Item>, StoreError> {
    let layout = Layout::of(dir);
    let mut days: BTreeMap<Day, Item> = BTreeMap::new();
    for path in [layout.late(), layout.active()] {
        let opened = extent::open(&path).map_err(StoreError::io("open", &path))?;
        let Some(file) = opened else { continue };
        let mut lines = Lines::new(BufReader::new(file), Place::default());
        while let Some(read) = lines.next().map_err(StoreError::io("read", &path))? {
            let Read::Line { bytes, .. } = read else { continue };
            let Kind::Event(facts) = facts::of(bytes) else { continue };
            let item = days.entry(Day::of(facts.ts)).or_insert_with(|| Item {
                id: SegmentId::of_first(facts.ts, facts.event_id),
                age: Age::Hot,
                n_events: 0,
                first: facts.ts,
                last: facts.ts,
            });
            item.n_events += 1;
            item.last = item.last.max(facts.ts);
        }
    }
    let today = Day::of(ask.now);
    days.retain(|day, _| *day < today || ask.rotate.seal);
    Ok(days.into_values().collect())
}

/// What is due, with a look at holds and clock first, and what of these could not be read.
fn guarded(dir: &DataDir, items: &[Item], ask: Ask) -> Result<(Plan, Vec<String>), StoreError> {
    let mut failed = Vec::new();
    let holds = Holds::of(dir).list().map_err(|error| failed.push(error.to_string()));
    let mut plan = plan(ask.now, items, ask.term, holds.as_deref().unwrap_or_default());
    let newest = items.iter().map(|item| item.last).max();
    let looked = read_memory(dir).map(|memory| memory.look(ask.now, newest));
    let (memory, doubt) = match looked.map_err(|error| failed.push(error.to_string())) {
        Ok((memory, jumped)) => (Some(memory), jumped),
        Err(()) => (None, Some(Stop::Unremembered)),
    };
    let memory = match ask.rotate.force {
        true => Some(ClockMemory { seen_at: Some(ask.now), doubted_at: None }),
        false => memory,
    };
    // One that cannot be read stays as it is until somebody has seen it.
    if let (Some(memory), false) = (memory, ask.rotate.dry_run) {
        write_memory(dir, memory)?;
    }
    let unheld = holds.err().map(|()| Stop::HoldsUnreadable);
    plan.stop = unheld.or(doubt).or(plan.stop);
    Ok((plan, failed))
}

/// Whether what is remembered from run to run can be read.
pub(crate) fn check_memory(dir: &DataDir) -> Result<(), StoreError> {
    read_memory(dir).map(drop)
}

fn carry_out(segments: Segments<'_>, step: Step) -> Result<(), StoreError> {
    match step {
        Step::Compress(id) => match segments.compress(id) {
            // Erased meanwhile.
            Err(StoreError::NoSegment { .. }) => Ok(()),
            compressed => compressed,
        },
        Step::Remove(id) => segments.remove(id),
    }
}

/// What is known of the ages of segments. One without a single event counts from its name, which is
/// made of the time at which it was begun.
pub(crate) fn items(infos: &[SegmentInfo]) -> Vec<Item> {
    let item = |info: &SegmentInfo| {
        let footer = info.footer.as_ref();
        let began = info.id.began_at();
        Item {
            id: info.id,
            age: info.age,
            n_events: footer.map_or(0, |footer| footer.n_events),
            first: footer.and_then(|footer| footer.first_ts).unwrap_or(began),
            last: footer.and_then(|footer| footer.last_ts).unwrap_or(began),
        }
    };
    infos.iter().map(item).collect()
}

fn read_memory(dir: &DataDir) -> Result<ClockMemory, StoreError> {
    let path = dir.retention_path();
    let Some(bytes) = regular::read_bounded(&path, MEMORY_MAX)? else {
        return Ok(ClockMemory::default());
    };
    serde_json::from_slice(&bytes).map_err(|error| StoreError::corrupt(&path, error.to_string()))
}

fn write_memory(dir: &DataDir, memory: ClockMemory) -> Result<(), StoreError> {
    let json = serde_json::to_vec(&memory).expect("its keys are text");
    disk::write_atomic(&dir.retention_path(), &json)
}

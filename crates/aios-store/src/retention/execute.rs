//! Does what is due.

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::ClockMemory;
use super::hold::Holds;
use super::plan::{Held, Item, Plan, Step, Stop, plan};
use super::policy::Term;
use crate::{DataDir, SegmentId, SegmentInfo, Segments, StoreError, disk};

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
    /// Why nothing was compressed or removed.
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
    let items = items(&segments.list()?);
    let plan = guarded(dir, &items, ask)?;
    let mut done = Rotated { held: plan.held, dry_run: ask.rotate.dry_run, ..Rotated::default() };
    if plan.stop.is_some() && !ask.rotate.force {
        done.stopped = plan.stop;
        return Ok(done);
    }
    for step in plan.steps {
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

/// What is due, with a look at the clock first.
fn guarded(dir: &DataDir, items: &[Item], ask: Ask) -> Result<Plan, StoreError> {
    let holds = Holds::of(dir).list()?;
    let mut plan = plan(ask.now, items, ask.term, &holds);
    let newest = items.iter().map(|item| item.last).max();
    let (memory, jumped) = read_memory(dir)?.look(ask.now, newest);
    let memory = match ask.rotate.force {
        true => ClockMemory { seen_at: Some(ask.now), doubted_at: None },
        false => memory,
    };
    if !ask.rotate.dry_run {
        write_memory(dir, memory)?;
    }
    plan.stop = jumped.or(plan.stop);
    Ok(plan)
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
    let Some(bytes) = disk::read_bounded(&path, MEMORY_MAX)? else {
        return Ok(ClockMemory::default());
    };
    serde_json::from_slice(&bytes).map_err(|error| StoreError::corrupt(&path, error.to_string()))
}

fn write_memory(dir: &DataDir, memory: ClockMemory) -> Result<(), StoreError> {
    let json = serde_json::to_vec(&memory).expect("its keys are text");
    disk::write_atomic(&dir.retention_path(), &json)
}

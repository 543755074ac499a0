//! Brings the log's directory in order before events are written.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;

use super::batch::Hour;
use super::disk_file::DiskFile;
use super::keeper::Chores;
use super::recover::{Recovered, recover};
use super::segment::Segment;
use crate::register::{self, Fact, Loss};
use crate::replace::{Points, Replacement, points, remove};
use crate::segment::extent::{self, Extent};
use crate::segment::facts::{self, Kind};
use crate::segment::intake::Intake;
use crate::segment::{Day, Layout, Segments};
use crate::{DataDir, StoreError, disk, fail, migrate, regular};

const SPLIT: Points = points!("split_rest");

/// The active segment, ready to be written.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) segment: Segment<DiskFile>,
    /// The hour of its last event.
    pub(super) hour: Option<Hour>,
    pub(super) aside: Aside,
}

/// What was put aside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aside {
    pub(super) n_bytes: u64,
    /// Whole lines that held no event.
    pub(super) n_lines: u64,
}

/// An event is written when its request ends, and is of the time when that began.
const LATE_MAX: Duration = Duration::from_secs(10 * 60);

impl Aside {
    /// Whole lines may have been acknowledged: that they are lost is written down, for whoever judges their time.
    fn add(
        &mut self,
        dir: &DataDir,
        path: &Path,
        recovered: &Recovered,
        extent: Option<Extent>,
    ) -> Result<(), StoreError> {
        self.n_bytes += recovered.quarantined;
        self.n_lines += recovered.n_lines;
        if recovered.n_lines == 0 {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let last_ts = recovered.written.max(extent.map(|extent| extent.last));
        register::note(
            dir,
            &[Fact::Lost(Loss {
                file: format!("analytics/{name}"),
                n_lines: recovered.n_lines,
                first_ts: extent.map(|extent| extent.last.minus(LATE_MAX)),
                last_ts,
                why: "lines at its end held no events, and were put into the quarantine".to_owned(),
            })],
        )
    }
}

/// Finishes what the last run left undone, and opens the active segment.
pub(super) fn open(dir: &DataDir, segment_max: u64, chores: Chores) -> Result<Opened, StoreError> {
    let (layout, quarantine) = (Layout::of(dir), dir.quarantine_path());
    disk::create_dir(layout.dir())?;
    let mut aside = seal_late(dir, &layout)?;
    let active = layout.active();
    migrate::set_aside(dir)?;
    cut_older(dir, segment_max)?;
    let recovered = recover(&active, &quarantine)?;
    let mut extent = extent_of(&active)?;
    aside.add(dir, &active, &recovered, extent)?;
    if extent.is_some_and(|extent| Day::of(extent.first) != Day::of(extent.last)) {
        split(&layout, segment_max)?;
        tracing::info!("the event log was cut into segments of one day each");
        extent = extent_of(&active)?;
    }
    Segments::of(dir).tidy()?;
    let (file, _) = DiskFile::open(&layout, &quarantine, chores)?;
    let hour = extent.map(|extent| Hour::of(extent.last));
    Ok(Opened {
        segment: Segment::open(file).map_err(StoreError::io("read", &active))?,
        hour,
        aside,
    })
}

/// Late lines of the last run become a segment of their own.
fn seal_late(dir: &DataDir, layout: &Layout) -> Result<Aside, StoreError> {
    let (path, mut aside) = (layout.late(), Aside::default());
    // Named by whoever looks at the log; late lines go another way.
    if regular::is_barred(&path) {
        return Ok(aside);
    }
    let recovered = recover(&path, &dir.quarantine_path())?;
    let extent = extent_of(&path)?;
    aside.add(dir, &path, &recovered, extent)?;
    match extent {
        Some(extent) => {
            let hot = layout.hot(layout.free(extent.id));
            fail::point("late.before_rename");
            fs::rename(&path, &hot).map_err(StoreError::io("seal", &path))?;
            fail::point("late.after_rename");
            disk::sync_dir(layout.dir())?;
            fail::point("late.done");
        }
        None if fs::metadata(&path).is_ok_and(|metadata| metadata.len() == 0) => {
            remove(&path, "late.before_remove", "late.removed")?;
        }
        // No events, but somebody's lines: they stay for who knows what they are.
        None => {}
    }
    Ok(aside)
}

/// A segment that was written before segments were cut by day: each day becomes one of its own. Broken
/// off, it is done again with the same outcome, because the original goes last.
fn split(layout: &Layout, segment_max: u64) -> Result<(), StoreError> {
    let path = layout.active();
    let rest = cut(&path, layout, segment_max)?;
    let mut out = Replacement::begin(&path)?;
    out.write_all(&rest).map_err(StoreError::io("write", &path))?;
    out.commit(&SPLIT)
}

/// The same with an older log that was migrated. One that was not is left alone.
pub(super) fn cut_older(dir: &DataDir, segment_max: u64) -> Result<(), StoreError> {
    let (layout, path) = (Layout::of(dir), Layout::of(dir).older());
    if regular::is_file(&path) && migrate::is_taken_in(&path)? {
        cut(&path, &layout, segment_max)?;
        remove(&path, "older.before_remove", "older.removed")?;
    }
    Ok(())
}

/// Makes segments of a file's events; gives back what belongs to no event.
fn cut(path: &Path, layout: &Layout, segment_max: u64) -> Result<Vec<u8>, StoreError> {
    let mut intake = Intake::new(layout, segment_max);
    let mut reader = BufReader::new(regular::open(path).map_err(StoreError::io("open", path))?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).map_err(StoreError::io("read", path))? > 0 {
        match facts::of(line.trim_ascii_end()) {
            Kind::Event(facts) => intake.event(facts.ts, facts.event_id, &line)?,
            Kind::Bad | Kind::Footer => intake.other(&line)?,
        }
        line.clear();
    }
    intake.finish().map(|(_, rest)| rest)
}

fn extent_of(path: &Path) -> Result<Option<Extent>, StoreError> {
    extent::at(path).map_err(StoreError::io("read", path))
}

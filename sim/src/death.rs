//! How a deployment dies: its process, or the power.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use aios_store::SyncPolicy;
use anyhow::{Context, Result, ensure};

use crate::run::{BREATH, PATIENCE, Run};
use crate::{planted, setup, text};

/// A line that a dying process has not finished.
const TORN: &[u8] = b"{\"event_type\":\"response\",\"schema_ver";

/// The process dies.
pub(crate) fn crash(run: &mut Run, torn: bool, no_index: bool) -> Result<()> {
    run.crash(|dir| {
        let log = dir.join("analytics").join("hypotheses.ndjson");
        if torn && log.exists() {
            planted::append(&log, TORN)?;
        }
        if no_index {
            for path in files_named(dir, "index.sqlite")? {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    })
}

/// The segments that are open, in the order in which the disk counts them.
pub(crate) fn open_segments(dir: &Path) -> [PathBuf; 2] {
    ["hypotheses.ndjson", "hypotheses.late.ndjson"].map(|name| dir.join("analytics").join(name))
}

/// The power is cut: of the open segments nothing is left but what was forced to the disk, or half of the rest too.
pub(crate) fn power_cut(run: &mut Run, torn: bool) -> Result<()> {
    let log = setup::event_log(run.seed);
    run.flush()?;
    if matches!(log.sync, SyncPolicy::Interval(_)) {
        wait_for_sync(run)?;
    }
    let synced = run.world().faults.synced();
    let mut lost = Vec::new();
    run.crash(|dir| {
        for (path, synced) in open_segments(dir).into_iter().zip(synced) {
            let Ok(mut bytes) = fs::read(&path) else { continue };
            let synced = bytes.len().min(usize::try_from(synced)?);
            let rest = bytes.len() - synced;
            let gone = bytes.split_off(synced + if torn { rest / 2 } else { 0 });
            // A line that is torn is lost, too.
            let begun = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            lost.extend([bytes.get(begun..).unwrap_or_default(), &gone].concat());
            fs::write(&path, bytes)?;
        }
        Ok(())
    })?;
    run.reached.note("power cuts");
    let lines = || lost.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines()
        .filter(|line| text::event_id(line).is_some())
        .for_each(|_| run.reached.note("events without power"));
    if log.sync != SyncPolicy::Always {
        run.truth.may_be_lost(lines());
    }
    Ok(())
}

/// Everything that is written is forced to the disk, which happens by itself within the interval.
fn wait_for_sync(run: &Run) -> Result<()> {
    let (started, faults) = (Instant::now(), &run.world().faults);
    faults.heal();
    for (place, path) in open_segments(run.world().dir.path()).into_iter().enumerate() {
        let len = fs::metadata(path).map_or(0, |it| it.len());
        while faults.synced().get(place).is_some_and(|synced| *synced < len) {
            ensure!(started.elapsed() < PATIENCE, "nothing was forced to the disk in {PATIENCE:?}");
            std::thread::park_timeout(BREATH);
        }
    }
    Ok(())
}

/// What is kept of the canary, to be put back.
pub(crate) fn control_files(dir: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let analytics = Path::new("analytics");
    let mut files = Vec::new();
    if dir.join(analytics).is_dir() {
        for path in files_named(&dir.join(analytics), "control")? {
            let name = path.file_name().context("a file has a name")?;
            files.push((analytics.join(name), fs::read(&path)?));
        }
    }
    Ok(files)
}

/// Puts it back.
pub(crate) fn restore(dir: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    for path in files_named(&dir.join("analytics"), "control")? {
        fs::remove_file(path)?;
    }
    files.iter().try_for_each(|(path, bytes)| Ok(fs::write(dir.join(path), bytes)?))
}

fn files_named(dir: &Path, start: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let is_named = entry.file_name().to_string_lossy().starts_with(start);
        if is_named && entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

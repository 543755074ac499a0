//! An event that is written can be read back, the disk has room, and nothing was lost.

use std::fs;
use std::path::{Path, PathBuf};

use aios_core::{Clock as _, Event};
use aios_store::{
    DataDir, EventLogConfig, EventStore, FileEventLog, Filter, ReadError, StoreError, SyncPolicy,
};

use super::{Checked, Fault, Subject, sample};
use crate::cli::running;
use crate::clock::SystemClock;
use crate::config::Config;

/// What a data directory has from its first use on.
const LOCK: &str = "aios.lock";

/// Lines at the end of the log that are looked at.
const TAIL: usize = 100;

/// Bytes that the disk must have room for: some ten thousand events.
const ROOM: usize = 16 << 20;

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    // Taking a directory leaves a lock in it, and makes one that is not there: that is for whoever means to use it.
    if !config.server.data_dir.join(LOCK).is_file() {
        return before_the_first_start(subject, config);
    }
    match DataDir::open(&config.server.data_dir) {
        Ok(dir) => by_writing(subject, config, &dir),
        Err(locked @ StoreError::Locked { .. }) => by_watching(subject, config, locked),
        Err(error) => Err(error.into()),
    }
}

/// Nothing was served here yet, or the name is a slip: nothing is made that stays, and it is said what will be.
fn before_the_first_start(subject: &Subject, config: &Config) -> Checked {
    let path = &config.server.data_dir;
    if path.is_dir() {
        let dir = DataDir::read(path)?;
        let n_lines = sound_tail(&dir)?;
        write_in(subject, config, path)?;
        return Ok(format!(
            "{} is used for the first time by the next `aios serve`; an event was written, synced and read back in it; the last {n_lines} lines are sound{}",
            path.display(),
            outside(&dir)?
        ));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    if !parent.is_dir() {
        let (path, parent) = (path.display(), parent.display());
        let detail = format!("there is no data directory {path}, nor {parent} to make it in");
        return Err(Fault::new(detail, "correct server.data_dir (--data-dir), or make the latter"));
    }
    write_in(subject, config, parent)?;
    Ok(format!(
        "there is no data directory {} yet: the first `aios serve` makes it; an event was written, synced and read back beside it",
        path.display()
    ))
}

/// Nobody else writes: a log of its own in the same place shows that one can be written there.
fn by_writing(subject: &Subject, config: &Config, dir: &DataDir) -> Checked {
    let n_lines = sound_tail(dir)?;
    write_in(subject, config, dir.path())?;
    Ok(format!(
        "written, synced and read back in {}; the last {n_lines} lines are sound{}{}",
        dir.path().display(),
        overdue(config, dir)?,
        outside(dir)?
    ))
}

/// Writes an event in a directory of this check in `place`, and reads it back.
fn write_in(subject: &Subject, config: &Config, place: &Path) -> Result<(), Fault> {
    let scratch = Scratch::new(place)?;
    let own = DataDir::open(&scratch.0)?;
    let events = EventLogConfig { sync: SyncPolicy::Always, ..config.events.log };
    let log = FileEventLog::open(&own, events)?;
    let event = sample::event();
    subject.runtime.block_on(write(&log, event.clone()))?;
    drop(log);
    let read: Vec<_> = aios_store::query(&own, &Filter::default())?.collect();
    match &read[..] {
        [Ok(line)] if line.event == event => {}
        _ => {
            let detail = format!("an event written in {} did not read back", own.path().display());
            return Err(Fault::new(detail, "check the disk"));
        }
    }
    room(own.path())
}

async fn write(log: &FileEventLog, event: Event) -> Result<(), Fault> {
    let hint = "check that the disk works and has room";
    let slot = log.reserve().await.map_err(|error| Fault::new(error.to_string(), hint))?;
    slot.append(event).durable().await.map_err(|error| Fault::new(error.to_string(), hint))
}

/// A server writes: its own counters and its last lines tell.
fn by_watching(subject: &Subject, config: &Config, locked: StoreError) -> Checked {
    let Some(running) = subject.running()? else {
        let admin = running::address(config);
        let detail = format!("{locked}, and no server answers at http://{admin}");
        return Err(Fault::new(detail, "wait for the other command to end, or stop the process"));
    };
    let log = &running.status.event_log;
    if log.failing || log.lost > 0 {
        let why = log.last_error.as_deref().unwrap_or("no cause is known");
        let detail = format!("the running server has lost {} events: {why}", log.lost);
        return Err(Fault::new(detail, "give the disk room, then restart the server"));
    }
    let dir = DataDir::read(&config.server.data_dir)?;
    let (n_lines, overdue, outside) = (sound_tail(&dir)?, overdue(config, &dir)?, outside(&dir)?);
    let written = log.written;
    Ok(format!(
        "a server writes it: {written} written, 0 lost; the last {n_lines} lines are sound{overdue}{outside}"
    ))
}

/// What is kept longer than it may be, if there is something. A server sees to it within the hour, so
/// it does not speak against starting one.
fn overdue(config: &Config, dir: &DataDir) -> Result<String, Fault> {
    let kept = aios_store::stats(dir, &config.events.log.retention, SystemClock.now())?;
    let n: usize = kept.iter().map(|class| class.n_overdue - class.n_held).sum();
    Ok(if n == 0 {
        String::new()
    } else {
        format!("; {n} segments are kept longer than they may be (`aios logs rotate`)")
    })
}

/// What is kept beside the log and never removed, if there is something. It does not speak against starting a server
/// either, which has to be stopped to take it in.
fn outside(dir: &DataDir) -> Result<String, Fault> {
    let all = aios_store::outside(dir)?;
    let names = all.iter().filter_map(|one| one.path.file_name()).map(|name| name.display());
    let names: Vec<_> = names.map(|name| name.to_string()).collect();
    Ok(if names.is_empty() {
        String::new()
    } else {
        format!("; not read and never removed: {} (`aios logs stats`)", names.join(", "))
    })
}

/// How many of the last lines there are; none may be bad.
fn sound_tail(dir: &DataDir) -> Result<usize, Fault> {
    let (mut n_lines, mut bad) = (0, None);
    for found in aios_store::tail(dir, TAIL)? {
        n_lines += 1;
        match found {
            Ok(_) => {}
            Err(ReadError::Bad(line)) => bad = Some(line),
            Err(error @ ReadError::Io { .. }) => return Err(anyhow::Error::new(error).into()),
        }
    }
    match bad {
        None => Ok(n_lines),
        Some(line) => {
            let hint = format!("`aios events tail -n {TAIL}` names each; the rest stays readable");
            Err(Fault::new(format!("not an event: {line}"), hint))
        }
    }
}

/// Writing is the one way to know that works everywhere.
fn room(dir: &Path) -> Result<(), Fault> {
    fs::write(dir.join("room"), vec![0; ROOM]).map_err(|error| {
        let detail = format!("cannot write {} MiB in {}: {error}", ROOM >> 20, dir.display());
        Fault::new(detail, "free some disk space, or choose another --data-dir")
    })
}

/// A directory of this check only; gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(place: &Path) -> Result<Self, Fault> {
        let path = place.join(format!("preflight-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| {
            let detail = format!("cannot make the directory {}: {error}", path.display());
            Fault::new(
                detail,
                "give the user that runs aios write access, or remove what is left there",
            )
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the check's directory could not be removed");
        }
    }
}

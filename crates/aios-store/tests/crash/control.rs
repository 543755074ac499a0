//! The process dies while it keeps what control decides: what somebody was told of is there, nothing else
//! stands in its way, and the next start goes on behind it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{ControlHistory, ControlLog, DataDir, Term};
use serde_json::{Value, json};

use crate::audit::{as_told, copy};
use crate::erasure::told;

/// Tells a child where to write, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_CONTROL_ORDER";
const KEEPS: &str = "control::a_child_keeps_what_it_decides";

/// The same for one that finds a file whose time is over, and half a line.
const OLD: &str = "AIOS_OLD_CONTROL_ORDER";
const PRUNES: &str = "control::a_child_prunes";

/// How often a point is passed by before the process ends there.
const PASSES: [usize; 3] = [0, 1, 2];

/// Bytes that fill a file, so that it is rolled.
const FILLER: usize = 9 << 20;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Three short lines, one that fills the file, and one in the next.
fn work(dir: &DataDir) {
    let (mut log, _) = ControlLog::open::<Value>(dir).unwrap().unwrap();
    let told = dir.path().join("exports").join("told");
    fs::create_dir_all(told.parent().unwrap()).unwrap();
    for n in 1..=5 {
        let filler = "x".repeat(if n == 4 { FILLER } else { 1 });
        log.roll_if_due(NOW).unwrap();
        let seq = log.append(NOW, &json!({ "n": n, "filler": filler })).unwrap();
        fs::write(&told, seq.to_string()).unwrap();
    }
    // As after a line that nobody can read.
    ControlLog::put_aside(dir, NOW).unwrap();
}

#[test]
fn a_child_keeps_what_it_decides() {
    as_told(ORDER, work);
}

/// A full file, one that goes on behind it, and half a line at its end.
fn fill(path: &Path) {
    let dir = DataDir::open(path).unwrap();
    let (mut log, _) = ControlLog::open::<Value>(&dir).unwrap().unwrap();
    for n in 1..=N_FILLED {
        log.roll_if_due(NOW).unwrap();
        let filler = "x".repeat(if n == 2 { FILLER } else { 1 });
        log.append(NOW, &json!({ "n": n, "filler": filler, "ts": NOW })).unwrap();
    }
    let newest = dir.path().join("analytics/control.ndjson");
    let text = fs::read_to_string(&newest).unwrap();
    fs::write(newest, text + "{\"seq\":").unwrap();
}

const N_FILLED: u64 = 4;

/// The next start goes on behind the half line, and later the full file goes.
fn prune(dir: &DataDir) {
    let (mut log, _) = ControlLog::open::<Value>(dir).unwrap().unwrap();
    log.append(NOW, &json!({ "n": 0, "ts": NOW })).unwrap();
    let term = Term { hot: None, total: Duration::from_secs(60) };
    log.prune(term, NOW.plus(Duration::from_secs(3600))).unwrap();
}

#[test]
fn a_child_prunes() {
    as_told(OLD, prune);
}

/// Every point at which one of these dies.
pub(crate) fn points() -> Vec<String> {
    let (new, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(old.path());
    let keeps = told(KEEPS, ORDER, new.path(), "", 0).unwrap();
    let keeps = keeps.into_iter().filter(|point| point.starts_with("control."));
    keeps.chain(told(PRUNES, OLD, old.path(), "", 0).unwrap()).collect()
}

#[test]
fn what_somebody_was_told_of_survives_a_crash_anywhere() {
    let temp = tempfile::tempdir().unwrap();
    let passed = told(KEEPS, ORDER, temp.path(), "", 0).unwrap();
    let points: Vec<_> = passed.iter().filter(|point| point.starts_with("control.")).collect();
    assert!(points.len() >= 12, "{points:?}");
    for point in points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            told(KEEPS, ORDER, temp.path(), point, n_before);
            check(temp.path(), &format!("{point} after {n_before}"));
        }
    }
}

#[test]
fn old_files_go_and_half_a_line_whenever_the_process_dies() {
    let (filled, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(filled.path());
    copy(filled.path(), temp.path());
    let passed = told(PRUNES, OLD, temp.path(), "", 0).unwrap();
    let is_passed = |name: &str| passed.iter().any(|point| point == name);
    assert!(is_passed("control.cut") && is_passed("control.removed"), "{passed:?}");
    let seqs = |path: &Path| -> Vec<u64> {
        let history = ControlHistory::<Value>::read(&DataDir::read(path).unwrap()).unwrap();
        assert_eq!(history.fault, None);
        history.lines.iter().map(|kept| kept.seq).collect()
    };
    let mut n_deaths = 0;
    for point in &passed {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            copy(filled.path(), temp.path());
            if told(PRUNES, OLD, temp.path(), point, n_before).is_some() {
                break;
            }
            n_deaths += 1;
            let what = format!("{point} after {n_before}");
            let seen = seqs(temp.path());
            assert!(seen.windows(2).all(|two| two[0] + 1 == two[1]), "{what}: {seen:?}");
            assert!(seen.contains(&N_FILLED) && [1, 3].contains(&seen[0]), "{what}: {seen:?}");
            prune(&DataDir::open(temp.path()).unwrap());
            let last = seqs(temp.path()).last().copied().unwrap();
            assert_eq!(seqs(temp.path()), (3..=last).collect::<Vec<_>>(), "{what}");
            assert!(last > N_FILLED, "{what}");
        }
    }
    assert!(n_deaths > 10, "{n_deaths}");
}

fn check(path: &Path, what: &str) {
    let dir = DataDir::open(path).unwrap();
    let told = fs::read_to_string(path.join("exports/told")).unwrap_or_default();
    let told: u64 = told.parse().unwrap_or(0);
    let aside = fs::read_dir(path.join("analytics")).unwrap();
    let is_aside = |entry: std::io::Result<fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().contains("corrupt")
    };
    let n_aside = aside.map(is_aside).filter(|is_aside| *is_aside).count();
    let history = ControlHistory::<Value>::read(&dir).unwrap();
    if n_aside > 0 && history.fault.is_some() {
        // Half of it was put aside; whoever asked for that asks again.
        ControlLog::put_aside(&dir, NOW).unwrap();
    } else {
        assert_eq!(history.fault, None, "{what}");
    }
    if n_aside == 0 {
        let kept: Vec<u64> = history.lines.iter().map(|kept| kept.seq).collect();
        assert!(kept.len() as u64 >= told, "{what}: {kept:?} of {told}");
        assert!(kept.iter().copied().eq(1..=kept.len() as u64), "{what}: {kept:?}");
    }
    let (mut log, lines) = ControlLog::open::<Value>(&dir).unwrap().unwrap();
    let next = log.append(NOW, &json!({ "n": 0 })).unwrap();
    assert!(lines.last().is_none_or(|kept| kept.seq + 1 == next), "{what}");
    // One that was begun anew counts on.
    assert!(next > told, "{what}: line {next} after {told} were told of");
}

//! The process dies while it keeps what control decides: what somebody was told of is there, nothing else
//! stands in its way, and the next start goes on behind it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use aios_core::Timestamp;
use aios_store::{ControlHistory, ControlLog, DataDir};
use serde_json::{Value, json};

/// Tells a child where to write, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_CONTROL_ORDER";

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
    let Ok(order) = std::env::var(ORDER) else { return };
    let mut parts = order.split('|');
    let (dir, point, n_before) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    aios_store::arm(point, n_before.parse().unwrap());
    work(&DataDir::open(dir).unwrap());
}

#[test]
fn what_somebody_was_told_of_survives_a_crash_anywhere() {
    let temp = tempfile::tempdir().unwrap();
    work(&DataDir::open(temp.path()).unwrap());
    let points: Vec<_> =
        aios_store::passed().into_iter().filter(|point| point.starts_with("control.")).collect();
    assert!(points.len() >= 10, "{points:?}");
    for point in points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            die_at(temp.path(), point, n_before);
            check(temp.path(), &format!("{point} after {n_before}"));
        }
    }
}

fn die_at(dir: &Path, point: &str, n_before: usize) {
    let order = format!("{}|{point}|{n_before}", dir.display());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "control::a_child_keeps_what_it_decides"]).env(ORDER, order);
    // It may also pass the point too seldom to end there.
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
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

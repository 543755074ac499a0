//! Scans the last day's events for personal data and secrets, which were masked before they were kept:
//! there should be none.

use std::collections::BTreeMap;
use std::time::Duration;

use aios_privacy::PiiKind;
use aios_store::{Filter, ReadError, query};

use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "rescan", run };

/// How far back, and an hour more so that no event is missed between two nights.
const RECENT: Duration = Duration::from_secs(25 * 60 * 60);

/// Most bytes that are looked at, newest first: a few seconds of one processor.
const BYTES_MAX: usize = 1 << 30;

/// What was looked at and what was found in it.
#[derive(Default)]
struct Scanned {
    n_events: usize,
    n_bytes: usize,
    is_all: bool,
    found: BTreeMap<PiiKind, usize>,
    n_bad_lines: usize,
}

fn run(night: &Night) -> Result<Outcome, String> {
    let scanned = scan(night)?;
    let Scanned { n_events, n_bytes, is_all, found, n_bad_lines } = scanned;
    if n_bad_lines > 0 {
        let way_on = "`aios logs verify` names them";
        return Err(format!("{n_bad_lines} lines cannot be read and were not scanned; {way_on}"));
    }
    if n_events == 0 {
        return Ok(Outcome::Skipped("no events in the last day".to_owned()));
    }
    let part = if is_all { "" } else { ", the newest part of the day" };
    let looked_at = format!("{n_events} events scanned ({} MiB{part})", n_bytes >> 20);
    if found.is_empty() {
        return Ok(Outcome::Done(format!("{looked_at}, 0 detections")));
    }
    let kinds: Vec<_> = found.iter().map(|(kind, n)| format!("{} {n}", kind.name())).collect();
    let way_on = "`aios pii scan data_core/analytics/hypotheses.ndjson` shows where";
    Ok(Outcome::Violation(format!("{looked_at}, found {}; {way_on}", kinds.join(", "))))
}

fn scan(night: &Night) -> Result<Scanned, String> {
    let since = night.now.minus(RECENT);
    let filter = Filter { since: Some(since), newest_first: true, ..Filter::default() };
    let events = query(&night.data_dir, &filter).map_err(|error| error.to_string())?;
    let mut scanned = Scanned { is_all: true, ..Scanned::default() };
    for line in events {
        let line = match line {
            Ok(line) => line,
            Err(ReadError::Bad(_)) => {
                scanned.n_bad_lines += 1;
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        if scanned.n_bytes + line.raw.len() > BYTES_MAX {
            scanned.is_all = false;
            break;
        }
        scanned.n_events += 1;
        scanned.n_bytes += line.raw.len();
        for finding in night.scanner.scan(&line.raw) {
            *scanned.found.entry(finding.kind).or_default() += 1;
        }
    }
    Ok(scanned)
}

//! Looks at the day's live questions for those that should become golden cases. They are only named, unless it is
//! wanted that they are added: as candidates then, which decide nothing until somebody accepts them.

use std::time::Duration;

use aios_eval::{BUILT_IN_SET, GoldenError, GoldenSet, with_cases};
use aios_store::{GoldenPaths, StoreError, change_document, read_document};

use crate::nightly::{Night, Outcome, Promotion, Step};
use crate::promotion::{Found, Wanted, find};

pub(in crate::nightly) const STEP: Step = Step { name: "promote", run };

/// How far back, and an hour more so that no event is missed between two nights.
const RECENT: Duration = Duration::from_secs(25 * 60 * 60);

/// Candidates that are named in the night's line.
const NAMED_MAX: usize = 5;

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
enum NotAdded {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Set(#[from] GoldenError),
}

fn run(night: &Night) -> Result<Outcome, String> {
    if night.work.promotion == Promotion::Off {
        return Ok(Outcome::Skipped("switched off".to_owned()));
    }
    let path = GoldenPaths::of(night.data_dir.path()).set;
    let text = read_document(&path).map_err(|error| error.to_string())?;
    let set = GoldenSet::parse(text.as_deref().unwrap_or(BUILT_IN_SET));
    let set = set.map_err(|error| format!("cannot use {}: {error}", path.display()))?;
    let wanted = Wanted {
        since: night.now.minus(RECENT),
        slow_ms: night.objectives.limits().slow_ms,
        max: night.work.promote_max,
    };
    let found = find(&night.data_dir, &night.scanner, &set, wanted);
    let found = found.map_err(|error| error.to_string())?;
    if !found.is_whole() {
        let n = found.n_bad;
        return Err(format!("{n} lines cannot be read; `aios logs verify` names them"));
    }
    let is_added = night.work.promotion == Promotion::Add && !night.dry_run;
    if is_added && !found.candidates.is_empty() {
        add(night, &path, &found).map_err(|error| error.to_string())?;
    }
    Ok(Outcome::Done(told(&found, is_added)))
}

fn add(night: &Night, path: &std::path::Path, found: &Found) -> Result<(), NotAdded> {
    let now = night.now.to_string();
    let cases: Vec<_> = found.candidates.iter().map(|candidate| candidate.case(&now)).collect();
    change_document(path, |text| -> Result<String, NotAdded> {
        Ok(with_cases(text.unwrap_or(BUILT_IN_SET), &cases)?)
    })?;
    Ok(())
}

fn told(found: &Found, is_added: bool) -> String {
    let (n, n_looked) = (found.candidates.len(), found.looked.n_events);
    let unread = match found.n_bad {
        0 => String::new(),
        n_bad => format!(" ({n_bad} lines cannot be read)"),
    };
    if n == 0 {
        return format!("no candidates among {n_looked} live questions{unread}");
    }
    let names = found.candidates.iter().take(NAMED_MAX).map(|candidate| {
        let reasons: Vec<_> = candidate.reasons.iter().map(|(reason, _)| reason.name()).collect();
        format!("{} ({})", candidate.id, reasons.join(", "))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if n > NAMED_MAX { format!(" and {} more", n - NAMED_MAX) } else { String::new() };
    let end = match is_added {
        true => "added; `aios golden accept` lets them decide",
        false => "`aios golden promote` adds them",
    };
    format!("{n} candidates of {n_looked} live questions{unread}: {names}{more}; {end}")
}

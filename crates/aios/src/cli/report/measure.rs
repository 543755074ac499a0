//! The guide's six metrics. Each is told by what is on record; where nothing is, that is no pass.

use std::time::Duration;

use aios_control::ControlEvent;
use aios_core::{Clock as _, Decision, Event, Split, Timestamp, Unread};
use aios_server::alerts::{Book, Severity};
use aios_server::judging::{self, Hours, Minutes};
use aios_store::{ControlHistory, DataDir, Filter};
use anyhow::Context as _;

use super::{Metric, Outcome, Report, Stage};
use crate::cli::routing::{InForce, open};
use crate::cli::slo;
use crate::clock::SystemClock;
use crate::config::Config;

/// Most events whose text is scanned, the newest first.
const SCANNED_MAX: usize = 100_000;

/// Fewest rollbacks that are too many.
const ROLLBACKS_TOO_MANY: usize = 5;

/// Measures the last days.
pub(super) fn report(config: &Config, days: u16) -> anyhow::Result<Report> {
    let until = SystemClock.now();
    let span = Duration::from_secs(u64::from(days) * 86_400);
    let from = until.minus(span);
    let dir = open(&config.server.data_dir)?;
    let (hours, unread) = hours(config, from, until)?;
    let history = dir.as_ref().map(ControlHistory::<ControlEvent>::read).transpose()?;
    let split = InForce::of(config)?.split;
    let stages = stages(history.as_ref(), from, until, split.treatment_pct.get());
    let metrics = vec![
        incidents(dir.as_ref(), from)?,
        compliance(&hours, &unread),
        canary(&split),
        rollbacks(history, from),
        recall(config, until)?,
        leakage(config, dir.as_ref(), from)?,
    ];
    let any = |verdict| metrics.iter().any(|metric| metric.verdict == verdict);
    let verdict = if any(Outcome::Fail) {
        Outcome::Fail
    } else if any(Outcome::NoData) {
        Outcome::NoData
    } else {
        Outcome::Pass
    };
    Ok(Report { days, from, until, verdict, metrics, hours, stages })
}

fn metric(
    name: &'static str,
    target: &'static str,
    is_met: Option<bool>,
    figure: String,
) -> Metric {
    let verdict = match is_met {
        Some(true) => Outcome::Pass,
        Some(false) => Outcome::Fail,
        None => Outcome::NoData,
    };
    Metric { name, target, figure, verdict }
}

/// An incident is a page.
fn incidents(dir: Option<&DataDir>, from: Timestamp) -> anyhow::Result<Metric> {
    let (name, target) = ("production incidents", "0");
    let json = dir.map(DataDir::read_alerts).transpose()?.flatten();
    let Some(json) = json else {
        // A book is made with its first alert; without any event nobody has watched anything.
        let has_run = dir.is_some_and(|dir| dir.events_path().is_file());
        let figure = if has_run { "0 pages" } else { "nothing was served" };
        return Ok(metric(name, target, has_run.then_some(true), figure.to_owned()));
    };
    let book: Book = serde_json::from_str(&json).context("the book of alerts cannot be read")?;
    let past = book.past.iter().filter(|past| past.ended >= from).map(|past| past.severity);
    let now = book.episodes.iter().map(|episode| episode.severity);
    let n = past.chain(now).filter(|severity| *severity == Severity::Page).count();
    Ok(metric(name, target, Some(n == 0), format!("{n} pages")))
}

fn hours(config: &Config, from: Timestamp, now: Timestamp) -> anyhow::Result<(Vec<Hours>, Unread)> {
    let (mut minutes, mut unread) = (Minutes::new(config.objectives.limits()), Unread::default());
    if let Some(index) = slo::index(&config.server.data_dir)? {
        minutes.bring_up(&index, now)?;
        unread = index.unread(&(from..now))?;
    }
    Ok((judging::hours(&minutes, &config.objectives, from), unread))
}

/// Hours of which a line was lost are not known to be kept.
fn compliance(hours: &[Hours], unread: &Unread) -> Metric {
    let all = || hours.iter().flat_map(|one| &one.hours);
    let (n, n_kept) = (all().count(), all().filter(|hour| !hour.is_broken).count());
    let share = (n > 0).then(|| n_kept as f64 / n as f64);
    let mut figure = match share {
        Some(share) => format!("{:.2} % ({n_kept} of {n} hours by objective)", share * 100.0),
        None => "no traffic".to_owned(),
    };
    let mut is_met = share.map(|share| share > 0.99);
    if !unread.is_none() {
        figure.push_str(&format!("; {unread}"));
        is_met = is_met.filter(|is_met| !is_met);
    }
    metric("SLO compliance", "> 99 %", is_met, figure)
}

fn canary(split: &Split) -> Metric {
    let pct = split.treatment_pct.get();
    let figure = format!("{pct} % in treatment ({})", split.origin);
    metric("canary advanced", "25 % or more", Some(pct >= 25.0), figure)
}

/// The share in treatment over the time, as far as decisions are on record: at each change, and now.
fn stages(
    history: Option<&ControlHistory<ControlEvent>>,
    from: Timestamp,
    until: Timestamp,
    now_pct: f64,
) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in history.map_or(&[][..], |history| &history.lines) {
        let ControlEvent::Decision(event) = &line.record else { continue };
        let (Decision::Advance { to, .. } | Decision::RollBack { to, .. } | Decision::Reset { to }) =
            event.decision
        else {
            continue;
        };
        // Of what was before, the last counts, from the beginning on.
        if event.ts < from {
            stages.clear();
        }
        stages.push(Stage { from: event.ts.max(from), pct: to.get() });
    }
    if stages.last().is_none_or(|last| last.pct != now_pct) {
        stages.push(Stage { from: until, pct: now_pct });
    }
    stages
}

fn rollbacks(history: Option<ControlHistory<ControlEvent>>, from: Timestamp) -> Metric {
    let (name, target) = ("rollbacks", "fewer than 5");
    let Some(history) = history.filter(|history| !history.lines.is_empty()) else {
        return metric(name, target, None, "no decisions are on record".to_owned());
    };
    if let Some(fault) = history.fault {
        return metric(name, target, None, format!("the decisions are damaged: {fault}"));
    }
    let is_rollback = |event: &ControlEvent| match event {
        ControlEvent::Decision(event) => {
            event.ts >= from && matches!(event.decision, Decision::RollBack { .. })
        }
        ControlEvent::Verdict(_) | ControlEvent::Hand(_) | ControlEvent::Standing(_) => false,
    };
    let n = history.lines.iter().filter(|line| is_rollback(&line.record)).count();
    metric(name, target, Some(n < ROLLBACKS_TOO_MANY), n.to_string())
}

fn recall(config: &Config, now: Timestamp) -> anyhow::Result<Metric> {
    let (dir, objectives) = (&config.server.data_dir, &config.objectives);
    let measured = judging::recall(dir, objectives, now)?.map(|recall| recall.at_5);
    let recall = match measured {
        Some(recall) => Some(recall),
        None => slo::report(None, dir, objectives, now)?.and_then(|goldens| goldens.recall_at_5),
    };
    let figure = match recall {
        Some(recall) => format!("{recall:.3}"),
        None => "no evaluation".to_owned(),
    };
    Ok(metric("recall@5", ">= 0.85", recall.map(|recall| recall >= 0.85), figure))
}

/// What should have been masked and was kept all the same.
fn leakage(config: &Config, dir: Option<&DataDir>, from: Timestamp) -> anyhow::Result<Metric> {
    let (name, target) = ("PII leakage", "none detected");
    let Some(dir) = dir else {
        return Ok(metric(name, target, None, "no events".to_owned()));
    };
    let redactor = config.privacy.redactor();
    let filter = Filter {
        since: Some(from),
        newest_first: true,
        limit: Some(SCANNED_MAX),
        ..Filter::default()
    };
    let (mut n, mut n_found, mut n_bad) = (0_u64, 0_u64, 0_u64);
    for line in aios_store::query(dir, &filter)? {
        let Ok(line) = line else {
            n_bad += 1;
            continue;
        };
        n += 1;
        for text in texts(&line.event) {
            let counts = redactor.redact(text).counts;
            n_found += u64::from(!counts.is_empty());
        }
    }
    let figure = format!("{n_found} texts with findings in {n} events, {n_bad} lines unreadable");
    // What cannot be read is not known to be clean.
    let is_met = if n_found > 0 { Some(false) } else { (n > 0 && n_bad == 0).then_some(true) };
    Ok(metric(name, target, is_met, figure))
}

fn texts(event: &Event) -> Vec<&str> {
    match event {
        Event::Response(event) => vec![event.question.as_str(), event.response.as_str()],
        Event::Feedback(event) => vec![event.label.as_str(), event.comment.as_str()],
        // Counts, and names of the configuration.
        Event::Hypothesis(_) => Vec::new(),
    }
}

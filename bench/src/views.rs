//! What the dashboard asks of the index of many events, one question after the other.

use std::path::Path;
use std::time::{Duration, Instant};

use aios_core::{Outcome, Purpose, Timestamp};
use aios_store::{Budget, Counts, DataDir, Index, Search, Span};
use anyhow::{Context, Result, ensure};
use serde::Serialize;

const DAY: Duration = Duration::from_secs(86_400);

/// How often each is asked; the middle counts.
const REPEATS: usize = 9;

/// How long each took, from opening the index on, in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    n_events: u64,
    day_by_minutes_ms: f64,
    week_by_hours_ms: f64,
    year_by_days_ms: f64,
    newest_page_ms: f64,
    rare_page_ms: f64,
    nothing_found_ms: f64,
}

/// Asks everything of the time before `until`.
pub(crate) fn run(dir: &Path, until: Timestamp) -> Result<Report> {
    let dir = DataDir::read(dir)?;
    let index = || Index::read(&dir)?.context("there is no index");
    let n_events = index()?.n_requests()?;
    let counted = |longest, ago: Duration| {
        middle(|| {
            let mut all = Counts::default();
            index()?.cells(longest, until.minus(ago)..until, |cell| all.merge(&cell.counts))?;
            ensure!(all.n() > 0, "nothing was counted");
            Ok(())
        })
    };
    let page = |search: &Search, is_found: bool| {
        middle(|| {
            let page = index()?.page(search, None, 100, &mut Budget::default())?;
            ensure!(page.rows.is_empty() != is_found, "{search:?}");
            Ok(())
        })
    };
    let failed = Search { outcome: Some(Outcome::UpstreamError), ..Search::default() };
    let nobody = Search { purpose: Some(Purpose::Replay), ..Search::default() };
    Ok(Report {
        n_events,
        day_by_minutes_ms: counted(Span::Minute, DAY)?,
        week_by_hours_ms: counted(Span::Hour, 7 * DAY)?,
        year_by_days_ms: counted(Span::Day, 365 * DAY)?,
        newest_page_ms: page(&Search::default(), true)?,
        rare_page_ms: page(&failed, true)?,
        nothing_found_ms: page(&nobody, false)?,
    })
}

fn middle(mut ask: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut took = Vec::new();
    for _ in 0..REPEATS {
        let began = Instant::now();
        ask()?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    Ok(took[REPEATS / 2])
}

//! How long the canary's look at many events takes: read from the index, compared, judged and kept.

use std::path::Path;
use std::time::{Duration, Instant};

use aios_core::{Bucket, Event, Percent, Split, Timestamp};
use aios_privacy::Pseudonym;
use aios_server::{CanaryKeeper, CanarySettings, ControlConfig, Gate, Look};
use aios_store::{DataDir, EventLogConfig, EventStore as _, FileEventLog, Index};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::store;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    n_events: u64,
    n_blocks: u64,
    check_ms: f64,
}

/// Fills a log in an empty directory, and looks at all of it once.
pub(crate) fn run(dir: &Path, n_events: u64) -> Result<Report> {
    let dir = DataDir::open(dir)?;
    fill(&dir, n_events)?;
    let split = Split::plain(Percent::new(50.0)?, "canary");
    let (first, last) = (store::at(0), store::at(n_events));
    let settings = CanarySettings {
        enabled: true,
        // All of it is one window, but for the hours before it that say what slow is.
        check_every: Duration::from_secs(1),
        settle: Duration::from_secs(1),
        ..ControlConfig::fixed(split.clone()).canary
    };
    let keeper = CanaryKeeper::open(&dir, split.treatment_pct)?;
    let index = Index::open(&dir)?;
    let look = Look {
        settings: &settings,
        split: &split,
        in_force_since: Some(first.plus(BEFORE)),
        rows: &index,
        gate: &Gate::MISSING,
        now: last.plus(Duration::from_secs(5)),
        if_version: None,
    };
    let started = Instant::now();
    let checked = keeper.check(&look)?;
    let check_ms = started.elapsed().as_secs_f64() * 1e3;
    let window = checked.window.context("nothing was counted")?;
    ensure!(checked.n_blocks > 0 && window.until > Timestamp::from_micros(0), "nothing was judged");
    Ok(Report { n_events, n_blocks: checked.n_blocks, check_ms })
}

/// So much of the log lies before the window.
const BEFORE: Duration = Duration::from_secs(3_600);

/// Every event of a conversation of its own, now of the one bucket and now of the other: nothing may be skipped.
fn fill(dir: &DataDir, n_events: u64) -> Result<()> {
    let log = FileEventLog::open(dir, EventLogConfig::default())?;
    let template = store::template_event()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for n in 0..n_events {
            let mut event = store::event(&template, n)?;
            let Event::Response(response) = &mut event else {
                bail!("the template is no response")
            };
            response.conv_id = Pseudonym::parse(&format!("c1_{n:032x}"))?;
            response.bucket = if n % 2 == 0 { Bucket::Control } else { Bucket::Treatment };
            drop(log.reserve().await?.append(event));
        }
        let report = log.close(store::CLOSE_MAX).await;
        ensure!(report.complete && report.lost == 0, "events were lost: {report:?}");
        Ok(())
    })?;
    drop(log);
    Index::open(dir)?.catch_up()?;
    Ok(())
}

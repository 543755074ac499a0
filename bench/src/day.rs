//! A day of traffic, for whoever looks at it afterwards.

use std::path::Path;
use std::time::Duration;

use aios_core::{Bucket, Event, EventId, Outcome, Tier, Timestamp, Weight};
use aios_privacy::Pseudonym;
use aios_store::{DataDir, EventLogConfig, EventStore as _, FileEventLog, Index};
use anyhow::{Context, Result, bail, ensure};

use crate::store;

const DAY: Duration = Duration::from_secs(86_400);

/// Turns of a conversation.
const TURNS: u64 = 5;

/// One request in so many goes wrong.
const FAILS_EVERY: u64 = 211;

/// Fills a log in an empty directory with events of the day before `until`, evenly, and brings the index up to it.
pub(crate) fn fill(dir: &Path, n_events: u64, until: Timestamp) -> Result<()> {
    let dir = DataDir::open(dir)?;
    let log = FileEventLog::open(&dir, EventLogConfig::default())?;
    let template = store::template_event()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for n in 0..n_events {
            let age = DAY.mul_f64((n_events - n) as f64 / n_events as f64);
            let event = event(&template, n, until.minus(age))?;
            drop(log.reserve().await?.append(event));
        }
        let report = log.close(store::CLOSE_MAX).await;
        ensure!(report.complete && report.lost == 0, "events were lost: {report:?}");
        Ok(())
    })?;
    drop(log);
    Index::open(&dir)?.catch_up()?;
    Ok(())
}

/// The `n`-th event: of either tier and bucket, faster and slower, and now and then a failure.
fn event(template: &Event, n: u64, at: Timestamp) -> Result<Event> {
    let mut event = template.clone();
    let Event::Response(response) = &mut event else { bail!("the template is no response") };
    // Strides without a common measure: no two facts go together.
    let weight = (n.wrapping_mul(37) % 100) as f64 / 100.0;
    let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
    response.ts = at;
    response.event_id = EventId::new(at, [1, 1, a, b, c, d, e, f, g, h]);
    response.conv_id = Pseudonym::parse(&format!("c1_{:032x}", n / TURNS))?;
    response.bucket =
        if (n / TURNS).is_multiple_of(4) { Bucket::Treatment } else { Bucket::Control };
    response.weight = Some(Weight::new(weight).context("it is a weight")?);
    response.tier = if weight >= 0.5 { Tier::Main } else { Tier::Embedder };
    response.source = Some(response.tier);
    response.timings.latency_ms = 200.0 + (n.wrapping_mul(97) % 9_000) as f64;
    if n.is_multiple_of(FAILS_EVERY) {
        (response.outcome, response.status, response.source) = (Outcome::UpstreamError, 502, None);
    }
    Ok(event)
}

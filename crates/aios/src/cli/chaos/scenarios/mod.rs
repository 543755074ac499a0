//! The scenarios: a file here and a line in [`SCENARIOS`].

mod clock_jump;
mod cut_streams;
mod disk_full;
mod errors;
mod flapping;
mod kill;
mod latency;
mod model_failure;
mod slow_disk;

use std::pin::Pin;
use std::time::Duration;

use aios_core::{Fault, Tier};

use super::seen::Seen;
use super::trial::Trial;
use crate::cli::output::say;

/// What fails, and what must come of it.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// In a line.
    pub(super) about: &'static str,
    /// What must come to somebody's ears.
    pub(super) alert: Option<&'static str>,
    /// Whether a server that others use may be tried with it.
    pub(super) on_running: bool,
    pub(super) run: Run,
}

/// The scenario that is done in rounds.
pub(super) const KILL: &str = kill::SCENARIO.name;

/// Its steps, one after the other.
type Run = for<'a> fn(&'a mut Trial) -> Steps<'a>;

type Steps<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// All of them.
pub(super) const SCENARIOS: &[Scenario] = &[
    model_failure::SCENARIO,
    latency::SCENARIO,
    errors::SCENARIO,
    cut_streams::SCENARIO,
    flapping::SCENARIO,
    disk_full::SCENARIO,
    slow_disk::SCENARIO,
    clock_jump::SCENARIO,
    kill::SCENARIO,
];

/// Watching takes a look every five seconds; so long after it something that is wrong must be on the record.
const ALERT_MAX: Duration = Duration::from_secs(30);

/// Something is over when it was not seen for ten minutes, and a look later.
const QUIET_S: i64 = 11 * 60;

/// What was alerted is over. A server of our own need not be waited for: its clock goes ahead.
async fn check_resolved(trial: &mut Trial, about: &str) -> anyhow::Result<()> {
    let at_most = if trial.subject.is_own() {
        trial.order(Fault::ClockJump { seconds: QUIET_S }).await?;
        ALERT_MAX
    } else {
        say("an alert is over after ten quiet minutes; they are waited for");
        ALERT_MAX + Duration::from_secs(QUIET_S.unsigned_abs())
    };
    let took = trial.alerted(about, false, at_most).await?;
    let detail = match trial.subject.is_alerted(about)? {
        _ if took.is_some() => "it is over, after ten quiet minutes".to_owned(),
        Some(_) => format!("{about} is still alerted"),
        None => format!("there is no book of alerts, so nobody knows whether {about} is over"),
    };
    trial.clear().await?;
    trial.check("alert resolved", took.is_some(), detail);
    Ok(())
}

/// Ends what fails; main answers again within two of a breaker's probe periods.
async fn check_recovery(trial: &mut Trial) -> anyhow::Result<()> {
    let recovery = recovery(trial).await?;
    check_recoveries(trial, &[recovery]);
    Ok(())
}

/// How main came back.
#[derive(Debug, Clone, Copy)]
struct Recovery {
    /// So often its breaker tried it at least when the fault ended.
    probe_every: Duration,
    /// When it answered again, if that was within two of these periods.
    took: Option<Duration>,
}

/// Ends what fails, and waits for main.
async fn recovery(trial: &mut Trial) -> anyhow::Result<Recovery> {
    let probe_every = trial.subject.probe_every().await;
    trial.clear().await?;
    let took = trial.ask_until(probe_every * 2, |seen| seen.is_answered_by(Tier::Main)).await?;
    Ok(Recovery { probe_every, took })
}

/// Main was back each time.
fn check_recoveries(trial: &mut Trial, all: &[Recovery]) {
    let late = all.iter().find(|recovery| recovery.took.is_none());
    let longest = all.iter().map(|recovery| recovery.probe_every).max().unwrap_or_default();
    let detail = match late {
        None => {
            let took = all.iter().filter_map(|recovery| recovery.took);
            let took: Vec<_> = took.map(|took| format!("{:.1}", took.as_secs_f64())).collect();
            let took = took.join(", ");
            format!("main answers after {took} s; its breaker tried it every {longest:?} at least")
        }
        Some(late) => {
            let most = late.probe_every * 2;
            format!("main does not answer within {most:?}, two of its breaker's periods then")
        }
    };
    trial.check("recovery", late.is_none() && !all.is_empty(), detail);
}

/// Before anything fails main answers, and nobody has been told of what is to fail: else nothing that follows would show
/// anything.
pub(super) async fn check_before(trial: &mut Trial, scenario: &Scenario) -> anyhow::Result<bool> {
    if let Some(about) = scenario.alert
        // Before the first alert there is no book.
        && trial.subject.is_alerted(about)? == Some(true)
    {
        let detail = format!("{about} is alerted already; that is over after ten quiet minutes");
        trial.check("before", false, detail);
        return Ok(false);
    }
    let mut instead = "its breaker is open".to_owned();
    let seen = |seen: &Seen| {
        instead = seen.failed.clone().unwrap_or_else(|| "the embedder does".to_owned());
        seen.is_answered_by(Tier::Main)
    };
    let took = trial.ask_until(Duration::from_secs(20), seen).await?;
    let detail = match took {
        Some(_) => "main answers".to_owned(),
        None => format!("main does not answer: {instead}"),
    };
    trial.check("before", took.is_some(), detail);
    Ok(took.is_some())
}

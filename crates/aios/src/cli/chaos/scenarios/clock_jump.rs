//! The clock jumps ahead by more than anything is kept, and back.

use std::time::Duration;

use aios_core::{Clock as _, Fault};

use super::Scenario;
use crate::cli::chaos::trial::{Ask, Trial, told};
use crate::clock::SystemClock;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock-jump",
    about: "the clock is 200 days ahead for a while, then an hour behind; nothing is lost, removed or done twice",
    alert: None,
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

/// Longer than anything is kept.
const AHEAD_S: i64 = 200 * 24 * 60 * 60;
const BEHIND_S: i64 = -60 * 60;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    // The clock that is remembered is the right one.
    trial.subject.rotate().await?;
    for (name, seconds) in [("ahead", AHEAD_S), ("behind", BEHIND_S)] {
        trial.order(Fault::ClockJump { seconds }).await?;
        let all = trial.ask_all(5, Ask::Whole).await?;
        trial.check(name, all.iter().all(|seen| seen.failed.is_none()), told(&all));
        let rotated = trial.subject.rotate().await?;
        if seconds == AHEAD_S {
            let why = &rotated["stopped"]["why"];
            trial.check(
                "nothing is removed by it",
                why == "clock_jumped",
                format!("stopped: {why}"),
            );
        }
        trial.clear().await?;
    }
    let all = trial.ask_all(5, Ask::Whole).await?;
    trial.check("right again", all.iter().all(|seen| seen.failed.is_none()), told(&all));
    check_times(trial)
}

/// The clock did jump: events have its times.
fn check_times(trial: &mut Trial) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let events = trial.subject.events()?;
    let n_ahead = events.iter().filter(|event| event.at.since(now) > DAY).count();
    let n_behind = events.iter().filter(|event| now.since(event.at) > HALF_AN_HOUR).count();
    let detail = format!("{n_ahead} events from days ahead, {n_behind} from an hour ago");
    trial.check("the clock jumped", n_ahead >= 5 && n_behind >= 5, detail);
    Ok(())
}

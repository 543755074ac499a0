//! Main is slow.

use std::time::Duration;

use aios_core::{Fault, Tier};

use super::{Scenario, check_before, check_recovery};
use crate::cli::chaos::trial::{Ask, Trial, told};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "latency",
    about: "each answer of main takes a second and a half longer",
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

const DELAY: Duration = Duration::from_millis(1_500);

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    check_before(trial).await?;
    let before = trial.ask(Ask::Whole).await?.took;
    trial.order(Fault::Delay { tier: Tier::Main, ms: 1_500 }).await?;
    let all = trial.ask_all(3, Ask::Whole).await?;
    trial.check("all are answered", all.iter().all(|seen| seen.failed.is_none()), told(&all));
    let fastest = all.iter().map(|seen| seen.took).min().unwrap_or_default();
    trial.check("the delay is felt", fastest >= DELAY, format!("at least {fastest:.1?}"));
    trial.clear().await?;
    check_recovery(trial).await?;
    let after = trial.ask(Ask::Whole).await?.took;
    let detail = format!("{before:.1?} before, {after:.1?} now");
    trial.check("as fast as before", after < before + DELAY / 2, detail);
    trial.check_alive().await;
    trial.check_events().await
}

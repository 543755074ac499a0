//! Main comes and goes.

use aios_core::{Fault, Tier};

use super::{Scenario, check_recovery};
use crate::cli::chaos::trial::{Ask, Trial, told};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flapping",
    about: "main comes and goes five times; every client is answered",
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for _ in 0..5 {
        trial.order(Fault::Refuse { tier: Tier::Main }).await?;
        all.extend(trial.ask_all(4, Ask::Whole).await?);
        trial.clear().await?;
        all.extend(trial.ask_all(4, Ask::Whole).await?);
    }
    trial.check("all are answered", all.iter().all(|seen| seen.failed.is_none()), told(&all));
    check_recovery(trial).await?;
    trial.check_alive().await;
    trial.check_events().await
}

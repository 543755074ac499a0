//! The operator's guide's chaos test: the main model is stopped and started again.

use aios_core::{Fault, Tier};

use super::{ALERT_MAX, Scenario, check_recovery, check_resolved};
use crate::cli::chaos::seen::{Ask, told};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "model-failure",
    about: "the main model is gone; the embedder answers everything until it is back",
    alert: Some("tier_main"),
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::Refuse { tier: Tier::Main }).await?;
    let all = trial.ask_all(10, Ask::Whole).await?;
    let by_embedder = all.iter().all(|seen| seen.is_answered_by(Tier::Embedder));
    trial.check("the embedder answers all", by_embedder, told(&all));
    let raised = raised(trial).await?;
    let detail = if raised { "tier_main is alerted" } else { "nobody is told of tier_main" };
    trial.check("alert raised", raised, detail);
    check_recovery(trial).await?;
    check_resolved(trial, "tier_main").await
}

/// While clients go on asking, as they do.
async fn raised(trial: &mut Trial) -> anyhow::Result<bool> {
    let began = tokio::time::Instant::now();
    while began.elapsed() < ALERT_MAX {
        if trial.subject.is_alerted("tier_main")? == Some(true) {
            return Ok(true);
        }
        trial.ask(Ask::Whole).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(false)
}

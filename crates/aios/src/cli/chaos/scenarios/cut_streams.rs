//! Main's connections break within its answers.

use aios_core::{Fault, Tier};

use super::{Scenario, check_recovery};
use crate::cli::chaos::trial::{Ask, Trial, told};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cut-streams",
    about: "main's streams break after their beginning; what was begun ends with an error, and is never taken for whole",
    alert: None,
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::Cut { tier: Tier::Main, pieces: 2 }).await?;
    let all = trial.ask_all(5, Ask::Stream).await?;
    // Another endpoint or tier may have answered, where nothing was begun yet.
    let broken: Vec<_> = all.iter().filter(|seen| seen.source == Some(Tier::Main)).collect();
    let n_broken = broken.len();
    trial.check("streams were broken", n_broken > 0, format!("{n_broken} of {}", all.len()));
    let is_told =
        broken.iter().all(|seen| seen.failed.is_some() && seen.body.contains("\"error\""));
    trial.check("each says so, without [DONE]", is_told, told(&all));
    trial.clear().await?;
    check_recovery(trial).await?;
    let whole = trial.ask(Ask::Stream).await?;
    let detail = whole.failed.clone().unwrap_or_else(|| "with [DONE]".to_owned());
    trial.check("streams are whole again", whole.failed.is_none(), detail);
    Ok(())
}

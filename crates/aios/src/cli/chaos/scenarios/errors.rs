//! Main answers half of what it is asked with an error.

use aios_core::{Fault, Tier};

use super::{Scenario, check_recovery};
use crate::cli::chaos::seen::{Ask, are_answered, told};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "errors",
    about: "main answers half of all calls with status 503; no client sees one",
    alert: None,
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::Status { tier: Tier::Main, code: 503, share_pct: 50 }).await?;
    let all = trial.ask_all(20, Ask::Whole).await?;
    trial.check("no client sees an error", are_answered(&all), told(&all));
    let n_struck = all.iter().filter(|seen| seen.n_attempts > 1).count();
    let detail = format!("{n_struck} of {} needed more than one call", all.len());
    trial.check("the fault struck", n_struck > 0, detail);
    check_recovery(trial).await
}

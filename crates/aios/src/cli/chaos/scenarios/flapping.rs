//! Main comes and goes.

use aios_core::{Fault, Tier};

use super::{Scenario, check_recoveries, recovery};
use crate::cli::chaos::seen::{Ask, are_answered, told};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flapping",
    about: "main comes and goes five times; every client is answered",
    alert: None,
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

const FLAPS: usize = 5;

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    let (mut all, mut n_struck, mut recoveries) = (Vec::new(), 0, Vec::new());
    for _ in 0..FLAPS {
        trial.order(Fault::Refuse { tier: Tier::Main }).await?;
        let without = trial.ask_all(4, Ask::Whole).await?;
        // Main was tried before the embedder answered: it had been back.
        n_struck += usize::from(without.iter().any(|seen| seen.n_attempts > 1));
        all.extend(without);
        recoveries.push(recovery(trial).await?);
        all.extend(trial.ask_all(4, Ask::Whole).await?);
    }
    trial.check("all are answered", are_answered(&all), told(&all));
    let detail = format!("{n_struck} of {FLAPS} times");
    trial.check("main was missed", n_struck == FLAPS, detail);
    check_recoveries(trial, &recoveries);
    Ok(())
}

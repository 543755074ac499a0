//! Each write to the event log takes its time.

use std::time::Duration;

use aios_core::Fault;

use super::Scenario;
use crate::cli::chaos::seen::{are_answered, told};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "slow-disk",
    about: "each write to the event log takes half a second; those who wait share one write",
    alert: None,
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

const DELAY: Duration = Duration::from_millis(500);

/// How long an answer may be waited for that comes as fast as before.
const FAST_WITHIN: Duration = Duration::from_secs(30);

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::DiskSlow { ms: 500 }).await?;
    let began = tokio::time::Instant::now();
    let beside = trial.ask_beside(40)?;
    let all = trial.join(beside).await;
    let took = began.elapsed();
    let answered = all.len() == 40 && are_answered(&all);
    trial.check("all are answered", answered, told(&all));
    let detail = format!(
        "40 at once in {took:.1?}; one after the other they would have taken {:?}",
        DELAY * 40
    );
    trial.check("the delay is felt, and shared", took >= DELAY && took < DELAY * 20, detail);
    trial.clear().await?;
    // Each answer would take that long if it were still slow: one that does not shows that it is over, however many a busy
    // machine delays.
    let after =
        trial.ask_until(FAST_WITHIN, |seen| seen.is_answered() && seen.took < DELAY).await?;
    let detail = match after {
        Some(after) => format!("an answer in less than {DELAY:?}, asked for after {after:.1?}"),
        None => format!("no answer in less than {DELAY:?} within {FAST_WITHIN:?}"),
    };
    trial.check("as fast as before", after.is_some(), detail);
    Ok(())
}

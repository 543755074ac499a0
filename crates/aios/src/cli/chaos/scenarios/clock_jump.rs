//! The clock jumps two days ahead, and back.

use aios_core::Fault;

use super::Scenario;
use crate::cli::chaos::trial::{Ask, Trial, told};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock-jump",
    about: "the clock is two days ahead for a while, then an hour behind; nothing is lost, removed or done twice",
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

const DAY_S: i64 = 24 * 60 * 60;

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    for (name, seconds) in [("ahead", 2 * DAY_S), ("behind", -3_600)] {
        trial.order(Fault::ClockJump { seconds }).await?;
        let all = trial.ask_all(5, Ask::Whole).await?;
        trial.check(name, all.iter().all(|seen| seen.failed.is_none()), told(&all));
        trial.clear().await?;
    }
    let all = trial.ask_all(5, Ask::Whole).await?;
    trial.check("right again", all.iter().all(|seen| seen.failed.is_none()), told(&all));
    trial.check_alive().await;
    trial.check_events().await
}

//! Nothing more can be written to the event log.

use aios_core::Fault;

use super::{ALERT_MAX, Scenario, check_resolved};
use crate::cli::chaos::trial::{Trial, told};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "disk-full",
    about: "the disk of the event log is full; somebody is told, and nothing that was answered is lost",
    alert: Some("event_log"),
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::DiskFull {}).await?;
    // They wait: with events.sync = "always" an answer is given when its event is on disk.
    let beside = trial.ask_beside(5)?;
    let raised = trial.alerted("event_log", true, ALERT_MAX).await?;
    let detail = if raised.is_some() { "event_log is alerted" } else { "nobody is told" };
    trial.check("alert raised", raised.is_some(), detail);
    let log = trial.subject.status().await.map(|status| status["event_log"].clone());
    let why = log.as_ref().and_then(|log| log["last_error"].as_str()).unwrap_or("").to_owned();
    trial.check("the status says why", why.contains("no room is left"), why);
    trial.clear().await?;
    let all = trial.join(beside).await;
    let answered = all.len() == 5 && all.iter().all(|seen| seen.failed.is_none());
    trial.check("those who waited are answered", answered, told(&all));
    check_resolved(trial, "event_log").await
}

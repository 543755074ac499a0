//! Nothing more can be written to the event log.

use aios_core::Fault;

use super::{ALERT_MAX, Scenario, check_resolved};
use crate::cli::chaos::seen::{Seen, are_answered, told};
use crate::cli::chaos::trial::Trial;

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
    let mut beside = trial.ask_beside(5)?;
    let raised = trial.alerted("event_log", true, ALERT_MAX).await?;
    let detail = if raised.is_some() { "event_log is alerted" } else { "nobody is told" };
    trial.check("alert raised", raised.is_some(), detail);
    let log = trial.subject.status().await.map(|status| status["event_log"].clone());
    let why = log.as_ref().and_then(|log| log["last_error"].as_str()).unwrap_or("").to_owned();
    trial.check("the status says why", why.contains("no room is left"), why);
    let mut all = trial.ended(&mut beside);
    let n_early = n_acknowledged(&all);
    let detail = format!("{n_early} of 5 while their events could not be kept");
    trial.check("nobody is answered meanwhile", n_early == 0, detail);
    trial.clear().await?;
    all.extend(trial.join(beside).await);
    let answered = all.len() == 5 && are_answered(&all);
    trial.check("those who waited are answered", answered, told(&all));
    check_resolved(trial, "event_log").await
}

/// How many were given to understand that all is well.
fn n_acknowledged(all: &[Seen]) -> usize {
    all.iter().filter(|seen| seen.status == Some(200)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::chaos::seen::Ask;
    use crate::cli::chaos::seen::tests::{ANSWER, lost, seen};

    #[test]
    fn an_answer_whose_event_cannot_be_kept_is_too_early() {
        let whole = |status| seen(Ask::Whole, status, None, ANSWER);
        assert_eq!(n_acknowledged(&[whole(503), lost(Ask::Whole)]), 0);
        assert_eq!(n_acknowledged(&[whole(503), whole(200)]), 1);
    }
}

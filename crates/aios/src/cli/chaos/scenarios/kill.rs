//! The server is killed under load and started again.

use std::time::{Duration, Instant};

use super::{Scenario, check_before};
use crate::cli::chaos::trial::{Ask, Seen, Trial, ask};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "kill",
    about: "the server is killed under load three times; what was answered is on record, once",
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

const ROUNDS: usize = 3;

/// Clients that ask without a pause.
const CLIENTS: usize = 4;

/// Pause of a client that was not answered.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// How long these may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Answers after which it is killed.
const ANSWERS: usize = 60;

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    check_before(trial).await?;
    for _ in 0..ROUNDS {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel::<Seen>();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            let (caller, told) = (trial.caller()?, told.clone());
            clients.spawn(async move {
                loop {
                    let seen = ask(caller.clone(), Ask::Whole).await;
                    let has_failed = seen.failed.is_some();
                    if told.send(seen).is_err() {
                        return;
                    }
                    if has_failed {
                        tokio::time::sleep(AFTER_FAILURE).await;
                    }
                }
            });
        }
        drop(told);
        let mut n = 0;
        let began = Instant::now();
        while n < ANSWERS {
            // A server that has ended by itself answers no more: that it did not last is what the check then says.
            let left = ANSWERS_WITHIN.saturating_sub(began.elapsed());
            let Ok(Some(seen)) = tokio::time::timeout(left, heard.recv()).await else { break };
            n += usize::from(seen.failed.is_none());
            trial.answered.extend(seen.event_id.filter(|_| seen.failed.is_none()));
        }
        let restarted = trial.subject.kill_and_restart();
        // What came in before the end was answered, too.
        heard.close();
        clients.shutdown().await;
        while let Some(seen) = heard.recv().await {
            trial.answered.extend(seen.event_id.filter(|_| seen.failed.is_none()));
        }
        let detail = match &restarted {
            Ok(()) => format!("after {n} answers"),
            Err(error) => format!("{error:#}"),
        };
        trial.check("killed, and started again", restarted.is_ok() && n == ANSWERS, detail);
        restarted?;
    }
    let after = trial.ask(Ask::Whole).await?;
    let detail = after.failed.clone().unwrap_or_else(|| "it answers".to_owned());
    trial.check("it answers again", after.failed.is_none(), detail);
    trial.check_alive().await;
    trial.check_events().await
}

//! The server is killed under load and started again.

use std::time::{Duration, Instant};

use super::Scenario;
use crate::cli::chaos::trial::{Ask, Seen, Trial, ask};
use crate::cli::output::say;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "kill",
    about: "the server is killed under load, again and again; what was answered is on record, once",
    alert: None,
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

/// Clients that ask without a pause.
const CLIENTS: usize = 4;

/// Pause of a client that was not answered.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// How long these may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Answers after which it is killed: another number in each round, so that it does not always happen at the same place.
const ANSWERS: usize = 40;
const ANSWERS_MORE: u64 = 41;

/// It is said how far it is after so many rounds.
const SAY_EVERY: u64 = 10;

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    let (rounds, mut n_answers, mut unclean) = (trial.rounds, 0, None);
    for round in 0..rounds {
        let n_wanted = ANSWERS + usize::try_from(round * 17 % ANSWERS_MORE)?;
        let n = kill_under_load(trial, n_wanted).await?;
        n_answers += n;
        if n < n_wanted {
            unclean.get_or_insert(format!("round {}: only {n} answers", round + 1));
        }
        if let Some(why) = why_unclean(trial).await {
            unclean.get_or_insert(format!("round {}: {why}", round + 1));
        }
        if (round + 1).is_multiple_of(SAY_EVERY) {
            say(format_args!("killed {} times, {n_answers} answers", round + 1));
        }
    }
    let after = trial.ask(Ask::Whole).await?;
    if let Some(why) = trial.subject.complaints().into_iter().next() {
        unclean.get_or_insert(format!("after the last: {why}"));
    }
    let detail = format!("{rounds} times, under {n_answers} answers");
    trial.check("killed, and started again", unclean.is_none(), unclean.unwrap_or(detail));
    let detail = after.failed.clone().unwrap_or_else(|| "it answers".to_owned());
    trial.check("it answers again", after.failed.is_none(), detail);
    let flaws = trial.subject.flaws().await?;
    let detail = match flaws.first() {
        None => "the event log and the audit trail are as they were written".to_owned(),
        Some(first) => format!("{} are not: {first}", flaws.len()),
    };
    trial.check("what it wrote is sound", flaws.is_empty(), detail);
    Ok(())
}

/// Has clients ask without a pause, kills the server after so many answers and starts it again; how many there were.
async fn kill_under_load(trial: &mut Trial, n_wanted: usize) -> anyhow::Result<usize> {
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
    let (mut n, began) = (0, Instant::now());
    while n < n_wanted {
        // A server that has ended by itself answers no more: that it did not last is what the check then says.
        let left = ANSWERS_WITHIN.saturating_sub(began.elapsed());
        let Ok(Some(seen)) = tokio::time::timeout(left, heard.recv()).await else { break };
        n += usize::from(seen.failed.is_none());
        trial.answered.extend(seen.event_id.filter(|_| seen.failed.is_none()));
    }
    let restarted = trial.subject.kill_and_restart().await;
    // What came in before the end was answered, too.
    heard.close();
    clients.shutdown().await;
    while let Some(seen) = heard.recv().await {
        trial.answered.extend(seen.event_id.filter(|_| seen.failed.is_none()));
    }
    restarted?;
    Ok(n)
}

/// What a server that was just started has to complain of.
async fn why_unclean(trial: &Trial) -> Option<String> {
    let Some(status) = trial.subject.status().await else {
        return Some("it does not answer at its admin address".to_owned());
    };
    let log = &status["event_log"];
    let is_clean = log["last_error"].is_null() && log["failing"] == false && log["lost"] == 0;
    if !is_clean {
        return Some(format!("its event log says {log}"));
    }
    // Of index, ledger and audit trail it says in its log how they are.
    trial.subject.complaints().into_iter().next()
}

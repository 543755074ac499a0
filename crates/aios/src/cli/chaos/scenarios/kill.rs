//! The server is killed under load and started again.

use std::fmt;
use std::time::{Duration, Instant};

use aios_core::EventId;
use aios_upstream::Caller;
use tokio::sync::mpsc::UnboundedSender;

use super::Scenario;
use crate::cli::chaos::record::Acknowledged;
use crate::cli::chaos::seen::{Ask, Seen, ask, praise};
use crate::cli::chaos::trial::Trial;
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
    let (rounds, mut sum, mut unclean) = (trial.rounds, Heard::default(), None);
    for round in 0..rounds {
        let n_wanted = ANSWERS + usize::try_from(round * 17 % ANSWERS_MORE)?;
        let heard = kill_under_load(trial, n_wanted).await?;
        sum.add(&heard);
        if let Some(why) = heard.complaint(n_wanted) {
            unclean.get_or_insert(format!("round {}: {why}", round + 1));
        }
        if let Some(why) = why_unclean(trial).await {
            unclean.get_or_insert(format!("round {}: {why}", round + 1));
        }
        if (round + 1).is_multiple_of(SAY_EVERY) {
            say(format_args!("killed {} times, {sum}", round + 1));
        }
    }
    let after = trial.ask(Ask::Whole).await?;
    if let Some(why) = trial.subject.complaints().into_iter().next() {
        unclean.get_or_insert(format!("after the last: {why}"));
    }
    let detail = format!("{rounds} times, under {sum}");
    trial.check("killed, and started again", unclean.is_none(), unclean.unwrap_or(detail));
    let detail = after.failed.clone().unwrap_or_else(|| "it answers".to_owned());
    trial.check("it answers again", after.is_answered(), detail);
    let flaws = trial.subject.flaws().await?;
    let detail = match flaws.first() {
        None => "the event log and the audit trail are as they were written".to_owned(),
        Some(first) => format!("{} are not: {first}", flaws.len()),
    };
    trial.check("what it wrote is sound", flaws.is_empty(), detail);
    Ok(())
}

/// What a client has seen.
enum Told {
    Answer(Ask, Seen),
    /// Its feedback was taken, or was not.
    Feedback(Result<EventId, String>),
}

/// What was heard of a server until it was killed.
#[derive(Debug, Default)]
struct Heard {
    n_whole: usize,
    n_streams: usize,
    n_feedback: usize,
    /// What went wrong while nothing had happened to it yet.
    wrong: Option<String>,
}

impl Heard {
    /// Takes in what a client has seen, which is on record from now on if it was acknowledged.
    fn take(&mut self, told: Told, acknowledged: &mut Acknowledged) {
        let wrong = match told {
            Told::Answer(how, seen) => {
                if seen.is_answered() {
                    acknowledged.note(&seen);
                    let n =
                        if how == Ask::Stream { &mut self.n_streams } else { &mut self.n_whole };
                    *n += 1;
                }
                seen.failed
            }
            Told::Feedback(Ok(id)) => {
                acknowledged.note_feedback(id);
                self.n_feedback += 1;
                None
            }
            Told::Feedback(Err(why)) => Some(format!("feedback: {why}")),
        };
        self.wrong = self.wrong.take().or(wrong);
    }

    const fn n_answers(&self) -> usize {
        self.n_whole + self.n_streams
    }

    /// So many answers came, and some of each kind of what is acknowledged.
    const fn is_enough(&self, n_wanted: usize) -> bool {
        let has_each = self.n_whole > 0 && self.n_streams > 0 && self.n_feedback > 0;
        has_each && self.n_answers() >= n_wanted
    }

    fn complaint(&self, n_wanted: usize) -> Option<String> {
        match &self.wrong {
            Some(wrong) => Some(format!("before it was killed: {wrong}")),
            None => (!self.is_enough(n_wanted)).then(|| format!("only {self}")),
        }
    }

    fn add(&mut self, more: &Self) {
        self.n_whole += more.n_whole;
        self.n_streams += more.n_streams;
        self.n_feedback += more.n_feedback;
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, n_streams, n_feedback) = (self.n_answers(), self.n_streams, self.n_feedback);
        write!(f, "{n} answers, {n_streams} of them streams, and {n_feedback} times feedback")
    }
}

/// Has clients ask without a pause, kills the server after so many answers and starts it again.
async fn kill_under_load(trial: &mut Trial, n_wanted: usize) -> anyhow::Result<Heard> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<Told>();
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..CLIENTS {
        clients.spawn(client(n, trial.caller()?, tell.clone()));
    }
    drop(tell);
    let (mut heard, began) = (Heard::default(), Instant::now());
    while !heard.is_enough(n_wanted) && heard.wrong.is_none() {
        // A server that has ended by itself answers no more: that it did not last is what the check then says.
        let left = ANSWERS_WITHIN.saturating_sub(began.elapsed());
        let Ok(Some(one)) = tokio::time::timeout(left, told.recv()).await else { break };
        heard.take(one, &mut trial.acknowledged);
    }
    while let Ok(one) = told.try_recv() {
        heard.take(one, &mut trial.acknowledged);
    }
    let restarted = trial.subject.kill_and_restart().await;
    // What came in before the end was acknowledged, too; whatever else came of the end is no fault.
    told.close();
    clients.shutdown().await;
    let mut in_the_end = Heard::default();
    while let Some(one) = told.recv().await {
        in_the_end.take(one, &mut trial.acknowledged);
    }
    heard.add(&in_the_end);
    restarted?;
    Ok(heard)
}

/// Asks without a pause: half of the clients want streams, and one says of each answer that it was good.
async fn client(n: usize, caller: Caller, tell: UnboundedSender<Told>) {
    let how = if n.is_multiple_of(2) { Ask::Whole } else { Ask::Stream };
    loop {
        let seen = ask(&caller, how).await;
        let has_failed = !seen.is_answered();
        let about = seen.event_id.filter(|_| n == 0 && !has_failed);
        if tell.send(Told::Answer(how, seen)).is_err() {
            return;
        }
        if let Some(about) = about
            && tell.send(Told::Feedback(praise(&caller, about).await)).is_err()
        {
            return;
        }
        if has_failed {
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::chaos::seen::tests::{ANSWER, DONE, WORD, lost, seen};

    fn id(n: u8) -> EventId {
        EventId::new(aios_core::Timestamp::from_micros(0), [n; 10])
    }

    fn heard(all: Vec<Told>) -> Heard {
        let mut heard = Heard::default();
        all.into_iter().for_each(|told| heard.take(told, &mut Acknowledged::default()));
        heard
    }

    fn each() -> Vec<Told> {
        let whole = seen(Ask::Whole, 200, Some(id(1)), ANSWER);
        let stream = seen(Ask::Stream, 200, Some(id(2)), &[WORD, DONE].concat());
        vec![
            Told::Answer(Ask::Whole, whole),
            Told::Answer(Ask::Stream, stream),
            Told::Feedback(Ok(id(3))),
        ]
    }

    #[test]
    fn what_fails_before_the_kill_is_a_fault() {
        assert_eq!(heard(each()).complaint(2), None);
        let wrong = [
            Told::Answer(Ask::Whole, seen(Ask::Whole, 500, Some(id(4)), "{}")),
            Told::Answer(Ask::Whole, lost(Ask::Whole)),
            Told::Answer(Ask::Stream, seen(Ask::Stream, 200, Some(id(4)), WORD)),
            Told::Feedback(Err("status 500".to_owned())),
        ];
        for wrong in wrong {
            let mut all = each();
            all.push(wrong);
            assert!(heard(all).complaint(2).unwrap().starts_with("before it was killed: "));
        }
    }

    #[test]
    fn each_kind_of_what_is_acknowledged_was_asked_for() {
        for left_out in 0..3 {
            let mut all = each();
            all.remove(left_out);
            assert!(heard(all).complaint(1).unwrap().starts_with("only "));
        }
        assert!(heard(each()).complaint(3).unwrap().contains("only 2 answers"));
    }

    #[test]
    fn a_stream_without_its_end_is_not_acknowledged() {
        let mut acknowledged = Acknowledged::default();
        let broken = seen(Ask::Stream, 200, Some(id(2)), WORD);
        Heard::default().take(Told::Answer(Ask::Stream, broken), &mut acknowledged);
        assert_eq!(acknowledged.n_lost(&[], &[]), 0);
        for told in each() {
            Heard::default().take(told, &mut acknowledged);
        }
        assert_eq!(acknowledged.n_lost(&[], &[]), 3);
    }
}

//! Clients: so many requests a second, whatever becomes of those before; and what they were told.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aios_core::EventId;
use aios_upstream::{CallError, Caller};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use super::Course;

/// Most requests under way at once; a server that is slower than that has failed.
const UNDER_WAY_MAX: usize = 2_048;

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A client that leaves does so after this time and up to four times as much: within a stream of a third of a second.
const PATIENCE: Duration = Duration::from_millis(60);

/// Conversations that are under way at once, and turns of each.
const BESIDE: u64 = 64;
const TURNS: u64 = 8;

/// Answers that feedback may be given on, the latest ones.
const REMEMBERED_MAX: usize = 16_384;

/// What one of four questions gives away, and must not be kept.
pub(super) const ADDRESS: &str = "kim@shop.example";

/// What clients were told.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Sheet>);

/// The sheet that it stands on.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) n_sent: u64,
    /// Requests whose clients left, by their number.
    pub(super) left: Vec<u64>,
    /// Requests that were not sent, because too many were under way.
    pub(super) n_unsent: u64,
    /// Failures, by their cause.
    pub(super) failed: BTreeMap<String, u64>,
    /// Events that were acknowledged, with the conversation of each.
    pub(super) events: Vec<(EventId, u64)>,
    /// The latest of them that are answers, for feedback.
    pub(super) latest: VecDeque<(EventId, u64)>,
    /// Conversations that were erased.
    pub(super) erased: Vec<u64>,
}

impl Told {
    pub(super) fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest conversation that nobody will say anything more in.
    pub(super) fn over(&self) -> Option<u64> {
        // Whoever waits for an answer belongs to the batch before at most.
        let batch = (self.sheet().n_sent / (BESIDE * TURNS)).checked_sub(4)?;
        Some((batch + 1) * BESIDE - 1)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sheet = self.sheet();
        let n_failed: u64 = sheet.failed.values().sum();
        let (n_sent, n_events, n_left) = (sheet.n_sent, sheet.events.len(), sheet.left.len());
        write!(f, "{n_sent} sent, {n_events} events, {n_left} left, {n_failed} failed")
    }
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Stream,
    /// A stream whose client leaves within it.
    Leaves,
}

/// Which conversation request `n` belongs to: some dozens at once, and after some turns of each the next ones.
pub(super) const fn conversation(n: u64) -> u64 {
    (n / (BESIDE * TURNS)) * BESIDE + n % BESIDE
}

/// The name of a conversation, and of a request.
pub(super) fn conversation_id(conversation: u64) -> String {
    format!("soak-talk-{conversation}")
}

/// Sends all of them, and waits for the last answer.
pub(super) async fn fire(caller: Caller, told: Arc<Told>, rate: f64, course: Arc<Course>) {
    let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    for n in 0.. {
        if !course.reaches(Duration::from_secs_f64(n as f64 / rate)).await {
            break;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            told.sheet().n_unsent += 1;
            continue;
        };
        let (caller, told) = (caller.clone(), Arc::clone(&told));
        tokio::spawn(async move {
            ask(caller, &told, n).await;
            drop(place);
        });
    }
    // All places are free: nobody waits any longer. It is never closed.
    drop(places.acquire_many(UNDER_WAY_MAX as u32).await);
}

async fn ask(caller: Caller, told: &Told, n: u64) {
    told.sheet().n_sent += 1;
    let kind = match n % 20 {
        0..10 => Kind::Whole,
        10..17 => Kind::Stream,
        _ => Kind::Leaves,
    };
    let patience = match kind {
        Kind::Whole | Kind::Stream => ANSWER_MAX,
        Kind::Leaves => PATIENCE.mul_f64(1.0 + (n % 97) as f64 / 32.0),
    };
    let reply = caller
        .with_headers(headers(n))
        .post("/chat/completions", body(n, kind != Kind::Whole), patience)
        .await;
    let mut sheet = told.sheet();
    match reply {
        Err(CallError::Timeout(_)) if kind == Kind::Leaves => sheet.left.push(n),
        Err(error) => sheet.fail(&error.to_string()),
        Ok(reply) => {
            let event_id = reply.headers.get("x-aios-event-id");
            let event_id = event_id.and_then(|id| EventId::parse(id.to_str().ok()?).ok());
            let is_whole = kind == Kind::Whole || reply.body.ends_with(b"data: [DONE]\n\n");
            match event_id {
                Some(id) if reply.status == 200 && is_whole => sheet.answered(id, n),
                Some(_) | None if reply.status == 200 && !is_whole => sheet.fail("a broken stream"),
                Some(_) | None => sheet.fail(&format!("status {}", reply.status)),
            }
        }
    }
}

impl Sheet {
    fn answered(&mut self, id: EventId, n: u64) {
        let told = (id, conversation(n));
        self.events.push(told);
        if self.latest.len() == REMEMBERED_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(told);
    }

    pub(super) fn fail(&mut self, why: &str) {
        *self.failed.entry(why.to_owned()).or_default() += 1;
    }
}

fn headers(n: u64) -> HeaderMap {
    let value = |text: String| HeaderValue::from_str(&text).expect("it is letters and digits");
    HeaderMap::from_iter([
        (HeaderName::from_static("x-request-id"), value(format!("soak-ask-{n}"))),
        (HeaderName::from_static("x-conversation-id"), value(conversation_id(conversation(n)))),
    ])
}

/// A question; now and then one with an address that must not be kept.
fn body(n: u64, stream: bool) -> Vec<u8> {
    const ASKED: [&str; 3] = [
        "What is the tide today?",
        "Explain step by step why the moon pulls the sea, compare spring and neap tides, and prove it.",
        "Translate this into French, then analyze its grammar in depth and justify each choice you make.",
    ];
    let asked = match ASKED.get((n % 4) as usize) {
        Some(asked) => (*asked).to_owned(),
        None => format!("Write a short letter to {ADDRESS}."),
    };
    format!(
        r#"{{"model":"aios-auto","stream":{stream},"messages":[{{"role":"user","content":"{asked} ({n})"}}]}}"#
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conversation_has_its_turns_and_then_no_more() {
        let mut turns = BTreeMap::<u64, Vec<u64>>::new();
        for n in 0..BESIDE * TURNS * 3 {
            turns.entry(conversation(n)).or_default().push(n);
        }
        assert_eq!(turns.len() as u64, BESIDE * 3);
        assert!(turns.values().all(|turns| turns.len() as u64 == TURNS));
        assert_eq!(turns[&BESIDE].first(), Some(&(BESIDE * TURNS)));
    }

    #[test]
    fn what_is_over_was_over_some_batches_ago() {
        let told = Told::default();
        assert_eq!(told.over(), None);
        told.sheet().n_sent = BESIDE * TURNS * 5;
        let over = told.over().unwrap();
        let last = (0..BESIDE * TURNS * 5).filter(|n| conversation(*n) == over).max().unwrap();
        assert!(last < BESIDE * TURNS * 2, "{last}");
    }

    #[test]
    fn bodies_are_json_and_one_of_four_gives_an_address_away() {
        let text = |n| {
            let body: serde_json::Value = serde_json::from_slice(&body(n, n == 1)).unwrap();
            assert_eq!(body["stream"], n == 1);
            body["messages"][0]["content"].as_str().unwrap().to_owned()
        };
        assert_eq!((0..4).filter(|n| text(*n).contains(ADDRESS)).count(), 1);
    }
}

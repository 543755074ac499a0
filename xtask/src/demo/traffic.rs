//! Made-up people who talk to the gateway: short and long questions, streams and whole answers, and now
//! and then something personal that must not reach the disk.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::{http, process};

/// People who talk at once.
const PEOPLE: usize = 6;
/// What each waits between an answer and the next question.
const PAUSE: Duration = Duration::from_millis(700);
/// Turns of one conversation.
const TURNS: usize = 4;
/// Latencies kept for the p95: the latest ones.
const LATENCIES_MAX: usize = 500;

const PROMPTS: &[&str] = &[
    "hi",
    "thanks!",
    "ok",
    "yes please",
    "good morning",
    "Explain step by step how a hash map resolves collisions, and when open addressing is the better choice.",
    "Why does my Rust program deadlock when two threads lock the same two mutexes in different order?",
    "I feel overwhelmed at work lately and do not know how to tell my manager. How would you start?",
    "Compare optimistic and pessimistic locking for a booking system with many readers.",
    "Write a polite letter to my landlord; my address for the reply is robin.miller@mail.example.",
    "Call me at +1 202 555 0143 tomorrow, and tell me how to prepare the meeting about the budget.",
    "Our server 203.0.113.42 answers slowly since noon. What would you measure first, and why?",
    "How do vaccines train the immune system? Please explain it for a twelve-year-old.",
    "Summarize https://intranet.example/reports/2026?token=abc in three sentences.",
    "What is the capital of Norway?",
];

/// Runs until it is stopped or dropped with its process.
pub(super) struct Traffic {
    seen: Arc<Mutex<Seen>>,
    stopped: Arc<AtomicBool>,
    people: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// What came back so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) n_requests: usize,
    pub(super) n_errors: usize,
    pub(super) n_routed: usize,
    pub(super) n_main: usize,
    pub(super) n_treatment: usize,
    pub(super) latencies: Vec<Duration>,
}

impl Traffic {
    pub(super) fn start(gateway: &str) -> Self {
        let (seen, stopped) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let next = Arc::new(AtomicUsize::new(0));
        let people = (0..PEOPLE).map(|person| {
            let (gateway, next) = (gateway.to_owned(), Arc::clone(&next));
            let (seen, stopped) = (Arc::clone(&seen), Arc::clone(&stopped));
            thread::spawn(move || talk(&gateway, person, &next, &seen, &stopped))
        });
        let people = Mutex::new(people.collect());
        Self { seen, stopped, people }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets everybody finish the answer they are reading.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        for person in self.people.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // A person who panicked has said so on stderr.
            person.join().ok();
        }
    }
}

fn talk(
    gateway: &str,
    person: usize,
    next: &AtomicUsize,
    seen: &Mutex<Seen>,
    stopped: &AtomicBool,
) {
    // Not all at once.
    process::pause(PAUSE.mul_f64(person as f64 / PEOPLE as f64));
    let mut turn = 0;
    while !stopped.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let conversation = format!("demo-{person}-{}", turn / TURNS);
        let prompt = PROMPTS.get(n % PROMPTS.len()).copied().unwrap_or_default();
        let started = Instant::now();
        let reply = ask(gateway, &conversation, prompt, n.is_multiple_of(2));
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.note(reply.ok().as_ref(), started.elapsed());
        drop(seen);
        turn += 1;
        process::pause(PAUSE);
    }
}

fn ask(
    gateway: &str,
    conversation: &str,
    prompt: &str,
    stream: bool,
) -> anyhow::Result<http::Reply> {
    let body = format!(
        r#"{{"model":"aios-auto","stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
    );
    let headers = [format!("x-conversation-id: {conversation}")];
    http::post(gateway, "/v1/chat/completions", &headers, &body)
}

impl Seen {
    fn note(&mut self, reply: Option<&http::Reply>, latency: Duration) {
        self.n_requests += 1;
        let Some(reply) = reply.filter(|reply| is_whole(reply)) else {
            self.n_errors += 1;
            return;
        };
        if let Some(tier) = reply.header("x-aios-route") {
            self.n_routed += 1;
            self.n_main += usize::from(tier == "main");
        }
        self.n_treatment += usize::from(reply.header("x-aios-bucket") == Some("treatment"));
        if self.latencies.len() == LATENCIES_MAX {
            self.latencies.remove(0);
        }
        self.latencies.push(latency);
    }

    /// 95th percentile of the latest answers; zero before the first.
    pub(super) fn latency_p95(&self) -> Duration {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let rank = (latencies.len() * 95).div_ceil(100).saturating_sub(1);
        latencies.get(rank).copied().unwrap_or_default()
    }
}

/// A stream may break after its status was sent; only `[DONE]` says that it did not.
fn is_whole(reply: &http::Reply) -> bool {
    let stream =
        reply.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    reply.status == 200 && (!stream || reply.body.contains("data: [DONE]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_need_no_escapes_in_json() {
        for prompt in PROMPTS {
            assert!(!prompt.contains(['"', '\\']) && prompt.is_ascii(), "{prompt}");
        }
    }

    #[test]
    fn an_answer_that_did_not_come_is_an_error() {
        let mut seen = Seen::default();
        seen.note(None, Duration::ZERO);
        assert_eq!((seen.n_requests, seen.n_errors, seen.n_routed), (1, 1, 0));
    }
}

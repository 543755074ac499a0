//! One request of a load test.

use std::time::Duration;

use aios_core::Tier;
use aios_eval::load::{Cause, Sample};
use aios_upstream::CallError;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Volley;
use super::said::{Said, fault};

/// What is posted to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    whole: Vec<u8>,
    stream: Vec<u8>,
}

impl Shot {
    /// A chat request, in one piece or as a stream.
    #[must_use]
    pub fn chat(model: &str, messages: &Value, output_tokens_max: Option<u64>) -> Self {
        let body = |stream: bool| {
            let mut body = json!({ "model": model, "messages": messages, "stream": stream });
            if let Some(most) = output_tokens_max {
                body["max_tokens"] = most.into();
            }
            body.to_string().into_bytes()
        };
        Self { whole: body(false), stream: body(true) }
    }

    /// Sends it, which should have happened at `intended`, or just now. Whatever goes wrong is what was seen.
    pub(super) async fn fire(
        &self,
        is_stream: bool,
        volley: &Volley,
        began: Instant,
        intended: Option<Duration>,
    ) -> Sample {
        let sent = began.elapsed();
        let mut words = Words::new(began);
        let mut said = is_stream.then(Said::default);
        let seen = |piece: &Bytes| {
            if let Some(said) = &mut said {
                said.take(piece, || words.word());
            }
        };
        let body = if is_stream { &self.stream } else { &self.whole }.clone();
        let path = "/chat/completions";
        let reply = volley.caller.post_watched(path, body, volley.timeout, seen).await;
        let ended = began.elapsed();
        let failed = match &reply {
            Ok(reply) => fault(reply, said.as_ref()),
            Err(error) => Some(cause(error, words.first.is_some())),
        };
        if is_stream && failed == Some(Cause::Timeout) {
            words.given_up_at(ended);
        }
        let header = |name: &str| reply.as_ref().ok()?.headers.get(name)?.to_str().ok();
        let source = header("x-aios-route").and_then(tier);
        let has_fallen_back = header("x-aios-fallback") == Some("true");
        Sample {
            intended: intended.unwrap_or(sent),
            sent,
            ended,
            first: words.first,
            gaps: words.gaps,
            failed,
            // Where it was routed, whoever answered in the end.
            tier: source.map(|tier| if has_fallen_back { tier.other() } else { tier }),
            fell_back: has_fallen_back,
            simulated: header("x-aios-simulated") == Some("true"),
        }
    }
}

fn cause(error: &CallError, has_begun: bool) -> Cause {
    match error {
        CallError::Url { .. } | CallError::NoSocket(_) => Cause::NotSent,
        CallError::Unreachable(_) => Cause::Unreachable,
        CallError::Lost(_) if has_begun => Cause::BrokenStream,
        CallError::Lost(_) => Cause::Lost,
        CallError::Timeout(_) => Cause::Timeout,
        CallError::TooLong => Cause::BadReply,
    }
}

fn tier(name: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.name() == name)
}

/// When the words of a stream came.
struct Words {
    began: Instant,
    first: Option<Duration>,
    last: Duration,
    gaps: Vec<Duration>,
}

impl Words {
    fn new(began: Instant) -> Self {
        Self { began, first: None, last: Duration::ZERO, gaps: Vec::new() }
    }

    fn word(&mut self) {
        self.came_at(self.began.elapsed());
    }

    /// The next ones were waited for until then: a server that hangs must not look quick.
    fn given_up_at(&mut self, ended: Duration) {
        self.came_at(ended);
    }

    fn came_at(&mut self, now: Duration) {
        if self.first.is_none() {
            self.first = Some(now);
        } else {
            self.gaps.push(now.saturating_sub(self.last));
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_vain_has_waited() {
        let at = Duration::from_secs;
        let mut words = Words::new(Instant::now());
        words.given_up_at(at(120));
        assert_eq!((words.first, words.gaps), (Some(at(120)), vec![]));
        let mut words = Words::new(Instant::now());
        words.came_at(at(1));
        words.given_up_at(at(120));
        assert_eq!((words.first, words.gaps), (Some(at(1)), vec![at(119)]));
    }
}

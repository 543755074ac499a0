//! Asks the judge about one answer.

use std::sync::Arc;

use aios_core::Operation;
use aios_eval::{Judgment, Verdict};
use aios_upstream::{Call, ModelSlot, Reply, RequestBody, Target};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::JudgeSettings;
use crate::live::Live;

/// Stands in the body where the endpoint's own model name goes.
const MODEL: &str = "aios-judge";

/// Tokens that a verdict may take, thinking included.
const REPLY_TOKENS_MAX: u64 = 512;

/// Bytes of a token, for what a call may cost.
const BYTES_PER_TOKEN: u64 = 3;

/// Bytes of the task around what is judged.
const TASK_BYTES: u64 = 1_200;

/// What came of it.
#[derive(Debug)]
pub(super) enum Asked {
    /// A verdict.
    Scored { verdict: Verdict, tokens: u64 },
    /// Something else.
    NoScore { why: String, tokens: u64 },
    /// Nothing.
    NoReply { why: String },
}

impl Asked {
    pub(super) const fn tokens(&self) -> u64 {
        match self {
            Self::Scored { tokens, .. } | Self::NoScore { tokens, .. } => *tokens,
            Self::NoReply { .. } => 0,
        }
    }
}

/// What a call may cost, at most.
pub(super) fn tokens_needed(question: &str, answer: &str, settings: &JudgeSettings) -> u64 {
    let bytes = question.len() + answer.len() + settings.rubric.len();
    (bytes as u64 + TASK_BYTES) / BYTES_PER_TOKEN + REPLY_TOKENS_MAX
}

/// Asks once; the other tier does not answer in the judge's place.
pub(super) async fn ask(
    live: &Arc<Live>,
    data_plane: &tokio::runtime::Handle,
    question: &str,
    answer: &str,
    settings: &JudgeSettings,
) -> Asked {
    let mut random = [0; 8];
    if let Err(error) = getrandom::fill(&mut random) {
        return Asked::NoReply { why: error.to_string() };
    }
    let mark = format!("{:016x}", u64::from_ne_bytes(random));
    let judgment = Judgment { question, answer, rubric: &settings.rubric };
    let Some(call) = call(&judgment, &mark, settings) else {
        return Asked::NoReply { why: "the request has no place for a model".to_owned() };
    };
    let upstreams = Arc::clone(&live.upstreams);
    let asking = data_plane.spawn(async move { upstreams.complete(&call, &mut Vec::new()).await });
    let reply = match asking.await {
        Ok(Ok(Reply::Whole(reply))) => reply,
        Ok(Ok(Reply::Stream(_))) => {
            return Asked::NoReply { why: "it answered with a stream".to_owned() };
        }
        Ok(Err(failure)) => return Asked::NoReply { why: failure.detail },
        Err(error) => return Asked::NoReply { why: error.to_string() },
    };
    let used = reply.observed.tokens;
    let tokens = used.input_tokens.unwrap_or(0) + used.output_tokens.unwrap_or(0);
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match Verdict::read(&body, &mark) {
        Ok(verdict) => Asked::Scored { verdict, tokens },
        Err(why) => Asked::NoScore { why, tokens },
    }
}

fn call(judgment: &Judgment<'_>, mark: &str, settings: &JudgeSettings) -> Option<Call> {
    let mut body = judgment.request(MODEL, mark);
    body.as_object_mut()?.insert("max_tokens".to_owned(), REPLY_TOKENS_MAX.into());
    let bytes = serde_json::to_vec(&body).ok()?;
    // No text holds this: in a text every quote stands behind a backslash.
    let key = format!("\"model\":\"{MODEL}\"");
    let at = memchr::memmem::find(&bytes, key.as_bytes())? + key.len() - MODEL.len() - 2;
    let slot = ModelSlot::new(at..at + MODEL.len() + 2);
    let prompt_bytes = bytes.len() as u64;
    let now = Instant::now();
    Some(Call {
        operation: Operation::Chat,
        target: Target::Tier { tier: settings.tier, fallback: false },
        body: RequestBody::new(Bytes::from(bytes), slot, Vec::new()),
        stream: false,
        strip_usage: false,
        headers: HeaderMap::new(),
        prompt_bytes,
        capture_max: 0,
        admitted_at: now,
        deadline: now + settings.timeout,
    })
}

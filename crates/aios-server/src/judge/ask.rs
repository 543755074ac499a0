//! Asks the judge about one answer.

use std::sync::Arc;

use aios_core::{AttemptOutcome, Operation};
use aios_eval::{Judgment, Verdict};
use aios_privacy::Pseudonymizer;
use aios_upstream::{Call, Reply};
use serde_json::Value;

use super::JudgeSettings;
use crate::gateway::{Gateway, OwnRequest, Sinks};
use crate::live::Live;
use crate::metrics::Metrics;

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
    /// Nothing; it may have cost something all the same.
    NoReply { why: String, tokens: u64 },
}

impl Asked {
    pub(super) const fn tokens(&self) -> u64 {
        match self {
            Self::Scored { tokens, .. }
            | Self::NoScore { tokens, .. }
            | Self::NoReply { tokens, .. } => *tokens,
        }
    }

    /// Nobody was asked.
    fn unasked(why: impl ToString) -> Self {
        Self::NoReply { why: why.to_string(), tokens: 0 }
    }
}

/// What a call may cost, at most.
pub(super) fn tokens_needed(question: &str, answer: &str, settings: &JudgeSettings) -> u64 {
    let bytes = question.len() + answer.len() + settings.rubric.len();
    (bytes as u64 + TASK_BYTES) / BYTES_PER_TOKEN + REPLY_TOKENS_MAX
}

/// What a call without a reply counts as. A model that was too slow has read the question, and may have written all
/// that it was let.
const fn tokens_lost(outcome: AttemptOutcome, needed: u64) -> u64 {
    use AttemptOutcome::{FirstTokenTimeout, InterTokenTimeout, TotalTimeout, WholeTimeout};
    match outcome {
        FirstTokenTimeout | WholeTimeout | InterTokenTimeout | TotalTimeout => needed,
        _ => 0,
    }
}

/// Asks once; the other tier does not answer in the judge's place.
pub(super) async fn ask(
    gateway: &Arc<Gateway>,
    live: &Live,
    data_plane: &tokio::runtime::Handle,
    question: String,
    answer: String,
    settings: &Arc<JudgeSettings>,
) -> Asked {
    let needed = tokens_needed(&question, &answer, settings);
    let mut random = [0; 8];
    if let Err(error) = getrandom::fill(&mut random) {
        return Asked::unasked(error);
    }
    let mark = format!("{:016x}", u64::from_ne_bytes(random));
    // What passes through the sinks is looked through, which takes its time with long texts.
    let (sinks, asker) = (live.sinks.clone(), Arc::clone(gateway));
    let (asks, marked) = (Arc::clone(settings), mark.clone());
    let called = super::aside(move || {
        let judgment = Judgment { question: &question, answer: &answer, rubric: &asks.rubric };
        let (sinks, pseudonyms) = (sinks.as_deref(), &asker.keys.pseudonyms);
        call(&judgment, &marked, &asks, sinks, pseudonyms, &asker.metrics)
    });
    let call = match called.await {
        Some(Ok(call)) => call,
        Some(Err(why)) => return Asked::unasked(why),
        None => return Asked::unasked("its call could not be made"),
    };
    let upstreams = Arc::clone(&live.upstreams);
    let asking = data_plane.spawn(async move { upstreams.complete(&call, &mut Vec::new()).await });
    let reply = match asking.await {
        Ok(Ok(Reply::Whole(reply))) => reply,
        Ok(Ok(Reply::Stream(_))) => {
            return Asked::unasked("it answered with a stream");
        }
        Ok(Err(failure)) => {
            let tokens = tokens_lost(failure.outcome, needed);
            return Asked::NoReply { why: failure.detail, tokens };
        }
        Err(error) => return Asked::unasked(error),
    };
    let used = reply.observed.tokens;
    let tokens = used.input_tokens.unwrap_or(0) + used.output_tokens.unwrap_or(0);
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match Verdict::read(&body, &mark) {
        Ok(verdict) => Asked::Scored { verdict, tokens },
        Err(why) => Asked::NoScore { why, tokens },
    }
}

fn call(
    judgment: &Judgment<'_>,
    mark: &str,
    settings: &JudgeSettings,
    sinks: Option<&Sinks>,
    pseudonyms: &Pseudonymizer,
    metrics: &Metrics,
) -> Result<Call, &'static str> {
    let mut body = judgment.request("", mark);
    body["max_tokens"] = REPLY_TOKENS_MAX.into();
    let (operation, tier) = (Operation::Chat, settings.tier);
    let request = OwnRequest { operation, tier, body, patience: settings.timeout };
    request.call(sinks, pseudonyms, metrics).map_err(|error| error.code())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aios_core::Tier;
    use aios_privacy::{Action, KeyMaterial, Policy, Redactor, Sink};

    use super::*;
    use crate::gateway::{OnUnscannable, SinkOptions};

    fn settings() -> JudgeSettings {
        JudgeSettings {
            tier: Tier::Main,
            share: 1.0,
            per_day_max: 1,
            tokens_per_day_max: 1,
            timeout: Duration::from_secs(1),
            rubric: "is right".into(),
        }
    }

    #[test]
    fn a_judge_is_sent_what_any_model_may_be() {
        let mail = ["jo.roe", "@", "example.org"].concat();
        let judgment = Judgment { question: "Who?", answer: &mail, rubric: "is right" };
        let called = |action: Action, key: u8| {
            let policy = Policy::default().with_default(Sink::Upstream, action);
            let options =
                SinkOptions { on_unscannable: OnUnscannable::Block, restore_in_tools: false };
            let sinks = Sinks::new(policy, |_| Redactor::default(), options).unwrap();
            let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([key; 32]));
            call(&judgment, "k7", &settings(), Some(&sinks), &pseudonyms, &Metrics::new())
        };
        assert!(format!("{:?}", called(Action::Mask, 1).unwrap().body).contains("[EMAIL"));
        assert_eq!(called(Action::Block, 1).err(), Some("pii_blocked"));
        // What a tag stands for cannot be tried out by whoever sees it, and is the same in every such request.
        let tagged = |key| format!("{:?}", called(Action::Placeholder, key).unwrap().body);
        assert!(tagged(1).contains("<EMAIL_") && tagged(1) == tagged(1) && tagged(1) != tagged(0));
    }

    #[test]
    fn a_judge_that_is_too_slow_has_cost_what_it_was_asked() {
        assert_eq!(tokens_lost(AttemptOutcome::TotalTimeout, 700), 700);
        assert_eq!(tokens_lost(AttemptOutcome::WholeTimeout, 700), 700);
        assert_eq!(tokens_lost(AttemptOutcome::ConnectFailed, 700), 0);
    }
}

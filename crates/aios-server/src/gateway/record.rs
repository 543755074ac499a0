//! The record of one admitted request, which becomes its one terminal event.
//!
//! The record holds a place in the event log from admission on and writes its event when it is
//! finished or, failing that, when it is dropped: so a deadline, a broken stream, a client that hangs
//! up and a panic all leave exactly one event, and none can leave two.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aios_core::{
    Attempt, AttemptOutcome, ConversationSource, Event, EventId, Operation, Outcome, RequestId,
    ResponseEvent, Route, SCHEMA_VERSION, Timestamp, Timings, Tokens,
};
use aios_privacy::{Pseudonym, Redacted, RedactionCounts};
use aios_store::{Commit, Slot};
use aios_upstream::{Answered, Observed};
use http::HeaderMap;
use tokio::time::Instant;

use super::client_request_id;
use super::cut::{captured, whole_part};
use super::errors::STATUS_CLIENT_CLOSED;
use super::memory::Wanted;
use super::relay::SHUTDOWN;
use super::sequel::Sequel;
use super::sinks::ReplyFilter;
use super::steering::Steering;
use crate::clients::Admission;
use crate::gateway::Gateway;
use crate::live::Live;
use crate::trace::TraceContext;

/// What is known of a request so far.
pub(crate) struct Record {
    gateway: Arc<Gateway>,
    live: Arc<Live>,
    slot: Option<Slot>,
    admission: Option<Admission>,
    admitted_at: Instant,
    facts: Facts,
    /// Each call to an endpoint; the upstream keeps it true while it works.
    pub(crate) attempts: Vec<Attempt>,
}

/// The facts that the phases add.
pub(crate) struct Facts {
    pub(crate) event_id: EventId,
    pub(crate) ts: Timestamp,
    pub(crate) request_id: RequestId,
    pub(crate) operation: Operation,
    pub(super) steering: Steering,
    pub(crate) stream: bool,
    pub(crate) conversation: Option<(Pseudonym, ConversationSource)>,
    pub(crate) subject: Option<Pseudonym>,
    pub(crate) msg_id: u32,
    /// How it goes on from the answer before; none if that is not looked at.
    pub(super) sequel: Option<Sequel>,
    /// What it asks of the memory; none if it does not.
    pub(super) memory: Option<Box<Wanted>>,
    pub(crate) request_model: String,
    pub(crate) question: String,
    pub(crate) route: Option<Route>,
    pub(crate) observed: Option<Observed>,
    pub(crate) answered: Option<Arc<Answered>>,
    pub(crate) body_read_at: Option<Instant>,
    pub(crate) status: u16,
    /// What is done with the reply.
    pub(super) reply_filter: Option<Box<ReplyFilter>>,
    /// The place in a trace; none if nobody observes.
    pub(crate) trace: Option<TraceContext>,
}

/// How a request ended.
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) error_code: Option<&'static str>,
}

impl Ending {
    pub(crate) const OK: Self = Self { outcome: Outcome::Ok, error_code: None };

    pub(crate) fn failed(outcome: Outcome, code: &'static str) -> Self {
        Self { outcome, error_code: Some(code) }
    }
}

impl Record {
    /// Opens the record of a request that has just been admitted.
    pub(crate) fn open(
        gateway: &Arc<Gateway>,
        live: &Arc<Live>,
        slot: Slot,
        admission: Option<Admission>,
        operation: Operation,
        headers: &HeaderMap,
    ) -> Self {
        let ts = gateway.clock.now();
        let event_id = EventId::new(ts, gateway.random());
        gateway.metrics.in_flight.inc();
        let facts = Facts {
            event_id,
            ts,
            request_id: client_request_id(headers)
                .unwrap_or_else(|| RequestId::from_event(event_id)),
            operation,
            steering: Steering::default(),
            stream: false,
            conversation: None,
            subject: None,
            msg_id: 0,
            sequel: None,
            memory: None,
            request_model: String::new(),
            question: String::new(),
            route: None,
            observed: None,
            answered: None,
            body_read_at: None,
            status: STATUS_CLIENT_CLOSED,
            reply_filter: None,
            trace: gateway.observer.as_ref().map(|_| TraceContext::of_request(event_id, headers)),
        };
        Self {
            gateway: Arc::clone(gateway),
            live: Arc::clone(live),
            slot: Some(slot),
            admission,
            admitted_at: Instant::now(),
            facts,
            attempts: Vec::new(),
        }
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    pub(crate) fn admitted_at(&self) -> Instant {
        self.admitted_at
    }

    pub(crate) fn admission(&self) -> Option<&Admission> {
        self.admission.as_ref()
    }

    /// Writes the event. Does nothing the second time.
    pub(crate) fn finish(&mut self, ending: &Ending) -> Option<Commit> {
        let slot = self.slot.take()?;
        let now = Instant::now();
        let event = self.event(ending, now);
        self.gateway.metrics.completed(&event);
        self.gateway.metrics.in_flight.dec();
        if let Some(admission) = self.admission.take() {
            let n_tokens =
                event.tokens.input_tokens.unwrap_or(0) + event.tokens.output_tokens.unwrap_or(0);
            admission.debit_tokens(n_tokens, now);
        }
        if let Some(sequel) = self.facts.sequel.take() {
            self.gateway.sequels.remember(sequel, &event, now);
        }
        if let (Some(observer), Some(trace)) = (&self.gateway.observer, &self.facts.trace) {
            observer.observe(&event, trace);
        }
        let question = std::mem::take(&mut self.facts.question);
        let memory = self.facts.memory.take();
        let exchange =
            memory.and_then(|memory| memory.exchange(question, &event, self.gateway.clock.now()));
        let commit = slot.append(Event::Response(Box::new(event)));
        if let Some(exchange) = exchange {
            self.gateway.memory.keep(exchange);
        }
        Some(commit)
    }

    fn event(&mut self, ending: &Ending, now: Instant) -> ResponseEvent {
        self.close_attempts(now);
        let tokens = self.tokens();
        let cost_usd = self.cost(tokens);
        let timings = self.timings(now);
        let facts = &mut self.facts;
        let mut counts = RedactionCounts::default();
        let mut detected = RedactionCounts::default();
        let mut n_failed = 0;
        let mut count = |redacted: Redacted| {
            n_failed += redacted.bytes_unscanned;
            counts.merge(&redacted.counts);
            detected.merge(&redacted.detected);
            redacted.text
        };
        let (live, text_max) = (&self.live, self.live.gateway.text_max);
        let observed = facts.observed.take().unwrap_or_default();
        // What a test asks is somebody's case, kept where the case is: a copy here would be found by no erasure.
        let is_live = facts.steering.purpose.is_live();
        let said = |text| if is_live { text } else { "" };
        let question = live.redact(said(&facts.question), text_max);
        let response = live.redact(said(whole_part(&observed.text, ending.outcome)), text_max);
        let n_bytes = [(&facts.question, &question), (&observed.text, &response)]
            .map(|(text, kept)| if kept.bytes_unscanned > 0 { 0 } else { said(text).len() });
        let n_bytes: usize = n_bytes.into_iter().map(|n| n.min(text_max)).sum();
        let route = facts.route.take().unwrap_or_else(|| self.gateway.unrouted());
        let (conv_id, conv_id_source) = facts.conversation.take().unwrap_or_else(|| {
            // A request that was refused before its body was understood is a conversation of its own.
            let own = self
                .gateway
                .keys
                .pseudonyms
                .conversation(&[b"event", facts.event_id.to_string().as_bytes()]);
            (own, ConversationSource::Derived)
        });
        let event = ResponseEvent {
            schema_version: SCHEMA_VERSION.into(),
            event_id: facts.event_id,
            ts: facts.ts,
            request_id: facts
                .request_id
                .clone()
                .kept(|id| count(live.redact(id, RequestId::LENGTH_MAX))),
            operation: facts.operation,
            purpose: facts.steering.purpose,
            stream: facts.stream,
            conv_id,
            conv_id_source,
            subject: facts.subject.take(),
            msg_id: facts.msg_id,
            previous: facts.sequel.as_ref().and_then(|sequel| sequel.previous),
            asked_again: facts.sequel.as_ref().is_some_and(|sequel| sequel.asked_again),
            client: self.admission.as_ref().map(|admission| admission.meter().name().to_owned()),
            request_model: count(live.redact_name(&facts.request_model)),
            response_model: observed
                .response_model
                .as_deref()
                .map(|model| count(live.redact_name(model))),
            model_mismatch: observed.model_mismatch,
            question: count(question),
            response: count(response),
            source: facts.answered.as_ref().map(|answered| answered.tier),
            tier: route.tier,
            bucket: route.bucket,
            boundary: route.boundary,
            weight: route.weight,
            weight_terms: route
                .terms
                .iter()
                .map(|(name, value)| ((*name).into(), *value))
                .collect(),
            profile: route.profile,
            route_reason: route.reason,
            propensity: route.propensity,
            attempts: std::mem::take(&mut self.attempts),
            outcome: ending.outcome,
            error_code: ending.error_code.map(str::to_owned),
            status: facts.status,
            finish_reason: observed.finish_reason,
            timings,
            tokens,
            cost_usd,
            memory_fragments: facts.memory.as_ref().map_or_else(Vec::new, |one| one.fragments()),
            memory: facts.memory.as_ref().and_then(|one| one.came()),
            redactions: counts,
            config_generation: self.live.generation,
            config_hash: self.live.hash.clone(),
            simulated: facts.answered.as_ref().is_some_and(|answered| answered.simulated),
        };
        let metrics = &self.gateway.metrics.privacy;
        metrics.logged(&live.policy, [n_bytes, n_failed], [&event.redactions, &detected]);
        if let Some(memory) = &mut facts.memory {
            captured(&observed.text, text_max).clone_into(&mut memory.heard);
        }
        event
    }

    /// What it costs, as far as that is known by now.
    pub(super) fn cost_usd(&self) -> Option<f64> {
        self.cost(self.tokens())
    }

    /// The endpoint's counts, or their estimate.
    fn tokens(&self) -> Tokens {
        self.facts.observed.as_ref().map_or_else(Tokens::default, |observed| observed.tokens)
    }

    fn cost(&self, tokens: Tokens) -> Option<f64> {
        let answered = self.facts.answered.as_ref()?;
        let input = tokens.input_tokens.unwrap_or(0) as f64 * answered.input_usd_per_mtok?;
        let output = tokens.output_tokens.unwrap_or(0) as f64 * answered.output_usd_per_mtok?;
        Some((input + output) / 1e6)
    }

    fn timings(&self, now: Instant) -> Timings {
        let since = |at: Instant| at.saturating_duration_since(self.admitted_at);
        let millis = |at: Instant| micros_exact(since(at).as_secs_f64() * 1e3);
        let latency_ms = millis(now);
        let first_token_at =
            self.facts.observed.as_ref().and_then(|observed| observed.first_token_at);
        let read_ms = self.facts.body_read_at.map_or(latency_ms, millis);
        // From the first attempt's start to the last one's end the time is the endpoints'.
        let (start_ms, end_ms) =
            Attempt::span_ms(&self.attempts).unwrap_or((latency_ms, latency_ms));
        let overhead_ms = (start_ms - read_ms).max(0.0) + (latency_ms - end_ms).max(0.0);
        let overhead_ms = micros_exact(overhead_ms);
        Timings { latency_ms, time_to_first_token_ms: first_token_at.map(millis), overhead_ms }
    }

    /// The client left in the middle of an attempt: it took until now.
    fn close_attempts(&mut self, now: Instant) {
        let elapsed_ms = now.saturating_duration_since(self.admitted_at).as_secs_f64() * 1e3;
        for attempt in &mut self.attempts {
            if attempt.outcome == AttemptOutcome::Abandoned && attempt.duration_ms == 0.0 {
                attempt.duration_ms = elapsed_ms - attempt.started_ms;
            }
            attempt.started_ms = micros_exact(attempt.started_ms);
            attempt.duration_ms = micros_exact(attempt.duration_ms);
        }
    }
}

/// Milliseconds to the microsecond: the rest is noise that would only lengthen the log.
fn micros_exact(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e3
}

impl Drop for Record {
    fn drop(&mut self) {
        let ending = if std::thread::panicking() {
            Ending::failed(Outcome::InternalError, "panic")
        } else if self.gateway.stopping.load(Ordering::Relaxed) {
            Ending::failed(Outcome::InternalError, SHUTDOWN)
        } else {
            Ending::failed(Outcome::ClientCancelled, "client_closed_request")
        };
        drop(self.finish(&ending));
    }
}

#[cfg(test)]
mod tests;

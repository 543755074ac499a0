//! An endpoint's health: closed (in use), open (left out), half-open (one call tries it again).
//!
//! The calls that try an endpoint again are real requests. Nobody suffers from one that fails: it
//! moves on to another endpoint like any other. Time is an argument.

use std::time::Duration;

use aios_core::AttemptOutcome;
use serde::Serialize;
use tokio::time::Instant;

use crate::{BreakerPolicy, Failure};

/// Where an endpoint's breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// In use.
    Closed,
    /// One call is trying the endpoint again, or the next one will.
    HalfOpen,
    /// Left out.
    Open,
}

/// A breaker as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BreakerStatus {
    /// Where it stands.
    pub state: BreakerState,
    /// Consecutive faults so far.
    pub n_failures: u32,
    /// The last fault, while there is one that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long until the endpoint is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<u64>,
    /// What would bring it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

impl BreakerStatus {
    /// 0 closed, 1 half-open, 2 open: for a gauge.
    #[must_use]
    pub const fn level(&self) -> i64 {
        match self.state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        }
    }
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    n_failures: u32,
    reason: Option<Reason>,
    /// While open: when it may be tried again. In the past: half-open.
    open_until: Option<Instant>,
    /// How long it was open the last time.
    opened_for: Duration,
    /// A call is trying it again.
    probing: bool,
    /// The endpoint asked to be left alone until then (429, loading).
    rest_until: Option<Instant>,
}

#[derive(Debug)]
struct Reason {
    detail: String,
    hint: &'static str,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admittance {
    /// Like any other.
    Free,
    /// As the one call that tries the endpoint again.
    Probe,
    /// Not now.
    Refused,
}

impl Breaker {
    pub(crate) const fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            n_failures: 0,
            reason: None,
            open_until: None,
            opened_for: Duration::ZERO,
            probing: false,
            rest_until: None,
        }
    }

    pub(crate) const fn set_policy(&mut self, policy: BreakerPolicy) {
        self.policy = policy;
    }

    /// Whether a call may be made now. Changes nothing: [`Self::enter`] does.
    pub(crate) fn admits(&self, now: Instant) -> Admittance {
        if self.rest_until.is_some_and(|until| now < until) {
            return Admittance::Refused;
        }
        match self.open_until {
            None => Admittance::Free,
            Some(until) if now >= until && !self.probing => Admittance::Probe,
            Some(_) => Admittance::Refused,
        }
    }

    /// A call is made. True if it is the one that tries the endpoint again.
    pub(crate) fn enter(&mut self, now: Instant) -> bool {
        let is_probe = self.admits(now) == Admittance::Probe;
        self.probing |= is_probe;
        is_probe
    }

    /// A call ended well. A wish to be left alone stays: it may have come after that call.
    pub(crate) fn succeeded(&mut self) {
        *self = Self { rest_until: self.rest_until, ..Self::new(self.policy) };
    }

    /// A call failed.
    pub(crate) fn failed(&mut self, failure: &Failure, now: Instant) {
        // What a caller is told is for that caller.
        let asked = failure.retry_after.filter(|_| failure.outcome != AttemptOutcome::CallerError);
        if let Some(wait) = asked {
            self.rest_until = Some(now + wait.min(self.policy.open_max));
        }
        if !failure.trips() {
            return;
        }
        self.n_failures = self.n_failures.saturating_add(1);
        self.reason = Some(Reason { detail: failure.detail.clone(), hint: hint(failure) });
        let was_open = self.open_until.is_some_and(|until| now >= until);
        if self.n_failures >= self.policy.failures && (self.open_until.is_none() || was_open) {
            self.opened_for = (self.opened_for * 2).clamp(self.policy.open, self.policy.open_max);
            self.open_until = Some(now + self.opened_for);
        }
    }

    /// The call that tried the endpoint again is over, in whatever way.
    pub(crate) const fn probe_ended(&mut self) {
        self.probing = false;
    }

    /// How much longer the endpoint asked to be left alone.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        self.rest_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// When it is worth trying again; the past if it is now.
    pub(crate) fn ready_at(&self, now: Instant) -> Instant {
        self.open_until.max(self.rest_until).unwrap_or(now)
    }

    pub(crate) fn status(&self, now: Instant) -> BreakerStatus {
        let state = match (self.open_until, self.rest_until) {
            (Some(until), _) if now < until => BreakerState::Open,
            (Some(_), _) => BreakerState::HalfOpen,
            (None, Some(until)) if now < until => BreakerState::Open,
            (None, _) => BreakerState::Closed,
        };
        let resting = self.rest_until.is_some_and(|until| now < until);
        let reason = self.reason.as_ref().map(|reason| reason.detail.clone());
        let asked = || "the endpoint asked to be left alone for a while".to_owned();
        let wait = self.ready_at(now).saturating_duration_since(now).as_millis();
        BreakerStatus {
            state,
            n_failures: self.n_failures,
            reason: reason.or_else(|| resting.then(asked)),
            retry_in_ms: (state == BreakerState::Open)
                .then(|| u64::try_from(wait).unwrap_or(u64::MAX)),
            hint: self.reason.as_ref().filter(|_| state != BreakerState::Closed).map(|r| r.hint),
        }
    }
}

/// What an operator can do about a fault.
const fn hint(failure: &Failure) -> &'static str {
    match failure.outcome {
        AttemptOutcome::ConnectFailed | AttemptOutcome::ConnectTimeout => {
            "is the model server running, and is its URL right?"
        }
        AttemptOutcome::FirstTokenTimeout
        | AttemptOutcome::WholeTimeout
        | AttemptOutcome::InterTokenTimeout => {
            "the server is too slow or stuck: look at its log, or raise [timeouts]"
        }
        AttemptOutcome::AuthRefused => "check the variable named by api_key_env",
        AttemptOutcome::ModelMissing => "load or pull the model, or correct its name",
        _ => "look at the model server's log",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        failures: 3,
        open: Duration::from_secs(5),
        open_max: Duration::from_secs(12),
    };

    fn failure(outcome: AttemptOutcome) -> Failure {
        Failure::new(outcome, "it failed")
    }

    fn opened(at: Instant) -> Breaker {
        let mut breaker = Breaker::new(POLICY);
        (0..3).for_each(|_| breaker.failed(&failure(AttemptOutcome::ServerError), at));
        breaker
    }

    #[test]
    fn faults_in_a_row_open_it_and_a_success_between_does_not_let_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        for _ in 0..4 {
            breaker.failed(&failure(AttemptOutcome::ConnectFailed), now);
            breaker.failed(&failure(AttemptOutcome::StreamCut), now);
            assert_eq!(breaker.admits(now), Admittance::Free);
            breaker.succeeded();
        }
        assert_eq!(opened(now).admits(now), Admittance::Refused);
        assert_eq!(opened(now).status(now).state, BreakerState::Open);
    }

    #[test]
    fn what_is_not_the_endpoints_fault_never_counts() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        for outcome in [
            AttemptOutcome::CallerError,
            AttemptOutcome::QueueFull,
            AttemptOutcome::TotalTimeout,
            AttemptOutcome::Loading,
            AttemptOutcome::RateLimited,
        ] {
            (0..9).for_each(|_| breaker.failed(&failure(outcome), now));
            assert_eq!(breaker.status(now).state, BreakerState::Closed, "{outcome:?}");
        }
        let told_to_wait = Failure {
            retry_after: Some(Duration::from_secs(2)),
            ..failure(AttemptOutcome::CallerError)
        };
        breaker.failed(&told_to_wait, now);
        assert_eq!(breaker.admits(now), Admittance::Free, "who sent it is to wait, nobody else");
    }

    #[test]
    fn one_call_at_a_time_tries_it_again() {
        let start = Instant::now();
        let mut breaker = opened(start);
        let later = start + POLICY.open;
        assert_eq!(breaker.admits(later), Admittance::Probe);
        breaker.enter(later);
        assert_eq!(breaker.admits(later), Admittance::Refused);
        breaker.probe_ended();
        assert_eq!(breaker.admits(later), Admittance::Probe, "the prober's client left");
        breaker.enter(later);
        breaker.succeeded();
        assert_eq!(breaker.admits(later), Admittance::Free);
    }

    #[test]
    fn it_stays_open_longer_each_time_up_to_a_limit() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for expect in [5, 10, 12, 12] {
            assert_eq!(breaker.status(now).retry_in_ms, Some(expect * 1_000));
            now += Duration::from_secs(expect);
            assert!(breaker.enter(now));
            breaker.failed(&failure(AttemptOutcome::ServerError), now);
            breaker.probe_ended();
        }
    }

    #[test]
    fn faults_of_calls_that_were_under_way_do_not_prolong_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.failed(&failure(AttemptOutcome::ServerError), now + Duration::from_secs(1));
        assert_eq!(breaker.status(now).retry_in_ms, Some(5_000));
    }

    #[test]
    fn an_endpoint_that_asks_for_rest_gets_it() {
        let now = Instant::now();
        let mut breaker = Breaker::new(POLICY);
        let mut limited = failure(AttemptOutcome::RateLimited);
        limited.retry_after = Some(Duration::from_secs(2));
        breaker.failed(&limited, now);
        assert_eq!(breaker.admits(now), Admittance::Refused);
        assert!(breaker.status(now).reason.is_some());
        assert_eq!(breaker.admits(now + Duration::from_secs(2)), Admittance::Free);
    }
}

//! Which endpoint is called next: the order of calls for one request, free of any IO.
//!
//! Stages come one after the other: the chosen tier, then the other one if it may answer too. Within a
//! stage each endpoint that its breaker admits is called once, the better of two drawn at random first
//! (power of two choices, Mitzenmacher 2001). Where another stage is left, a stage gets one more call
//! for a passing fault before the request moves on; the last stage gets all calls that remain. If no
//! breaker admits anything, the endpoint that is next in line is called nevertheless: a bad chance is
//! better than none.

use std::sync::Arc;
use std::time::Duration;

use aios_core::{AttemptOutcome, Operation};
use tokio::time::Instant;

use crate::dice::Dice;
use crate::endpoint::Endpoint;
use crate::{Failure, RetryPolicy};

/// The calls of one request.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    operation: Operation,
    stages: Vec<Vec<&'a Arc<Endpoint>>>,
    policy: RetryPolicy,
    dice: &'a Dice,
    at: usize,
    /// Called already in this round of this stage.
    tried: Vec<&'a Arc<Endpoint>>,
    /// Endpoints of this stage that a further call may help.
    again: Vec<&'a Arc<Endpoint>>,
    n_in_stage: usize,
    /// Calls that count against the policy.
    n_counted: usize,
    n_pauses: u32,
    /// Any call was made.
    has_called: bool,
}

/// The next call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next<'a> {
    pub(crate) endpoint: &'a Arc<Endpoint>,
    /// To be waited for first.
    pub(crate) pause: Duration,
}

/// Calls that a stage gets for passing faults while another stage is left.
const CALLS_BEFORE_FALLBACK: usize = 2;

impl<'a> Search<'a> {
    pub(crate) fn new(
        operation: Operation,
        stages: Vec<Vec<&'a Arc<Endpoint>>>,
        policy: RetryPolicy,
        dice: &'a Dice,
    ) -> Self {
        Self {
            operation,
            stages,
            policy,
            dice,
            at: 0,
            tried: Vec::new(),
            again: Vec::new(),
            n_in_stage: 0,
            n_counted: 0,
            n_pauses: 0,
            has_called: false,
        }
    }

    /// The next call, if there is to be one.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Next<'a>> {
        let next = self.choose(now).or_else(|| self.last_resort(now))?;
        self.tried.push(next.endpoint);
        self.n_in_stage += 1;
        self.n_counted += 1;
        self.has_called = true;
        Some(next)
    }

    /// A call has failed.
    pub(crate) fn failed(&mut self, endpoint: &'a Arc<Endpoint>, failure: &Failure) {
        if failure.is_too_long() {
            // No endpoint of this tier has more room.
            return self.leave_stage();
        }
        if failure.outcome == AttemptOutcome::Loading {
            // Waiting for a model is no retry; the deadline bounds it.
            self.n_counted -= 1;
        }
        if failure.is_transient() {
            self.again.push(endpoint);
        }
    }

    fn has_other_stage(&self) -> bool {
        self.stages.iter().skip(self.at + 1).any(|stage| !stage.is_empty())
    }

    /// Whether there is any stage left, the present one included.
    pub(crate) fn has_stage(&self) -> bool {
        self.stages.iter().skip(self.at).any(|stage| !stage.is_empty())
    }

    fn choose(&mut self, now: Instant) -> Option<Next<'a>> {
        while self.at < self.stages.len() && self.n_counted < self.policy.attempts_max {
            if self.is_last_call_for_others() {
                self.leave_stage();
                continue;
            }
            if let Some(endpoint) = self.fresh(now) {
                return Some(Next { endpoint, pause: Duration::ZERO });
            }
            if let Some(next) = self.once_more(now) {
                return Some(next);
            }
            self.leave_stage();
        }
        None
    }

    /// However many endpoints a tier has, the last call of several is the other tier's.
    fn is_last_call_for_others(&self) -> bool {
        self.n_counted > 0
            && self.n_counted + 1 >= self.policy.attempts_max
            && self.has_other_stage()
    }

    /// An endpoint of this stage that has not been called in this round. One that is to be tried again
    /// after a break goes first: it would otherwise wait for luck.
    fn fresh(&self, now: Instant) -> Option<&'a Arc<Endpoint>> {
        let stage = self.stages.get(self.at)?;
        let is_fresh = |endpoint: &&&'a Arc<Endpoint>| {
            !self.tried.iter().any(|tried| Arc::ptr_eq(tried, endpoint))
                && endpoint.admits(self.operation, now)
        };
        let fresh: Vec<&'a Arc<Endpoint>> = stage.iter().filter(is_fresh).copied().collect();
        fresh
            .iter()
            .find(|endpoint| endpoint.is_on_trial(self.operation, now))
            .copied()
            .or_else(|| self.better_of_two(&fresh))
    }

    fn better_of_two(&self, of: &[&'a Arc<Endpoint>]) -> Option<&'a Arc<Endpoint>> {
        let [first, .., _] = of else { return of.first().copied() };
        let one = self.dice.below(of.len());
        let other = (one + 1 + self.dice.below(of.len() - 1)) % of.len();
        let (one, other) = (of.get(one).unwrap_or(first), of.get(other).unwrap_or(first));
        Some(if other.load(self.operation) < one.load(self.operation) { other } else { one })
    }

    /// Another call to an endpoint whose fault may pass.
    fn once_more(&mut self, now: Instant) -> Option<Next<'a>> {
        let others_left = self.has_other_stage();
        if others_left && self.n_in_stage >= CALLS_BEFORE_FALLBACK {
            return None;
        }
        let pause = self.backoff();
        let wait = |endpoint: &Arc<Endpoint>| {
            pause.max(endpoint.breaker(self.operation).ready_at(now).saturating_duration_since(now))
        };
        let limit = if others_left { pause } else { self.policy.backoff_max.max(pause) };
        let candidate = self.again.iter().enumerate().map(|(n, endpoint)| (wait(endpoint), n));
        let (pause, n) = candidate.min().filter(|(wait, _)| *wait <= limit)?;
        let endpoint = self.again.remove(n);
        self.n_pauses += 1;
        Some(Next { endpoint, pause })
    }

    /// Full jitter: uniform up to a bound that doubles (Brooker, AWS Architecture Blog 2015).
    fn backoff(&self) -> Duration {
        let doubled = self.policy.backoff_base * 2_u32.saturating_pow(self.n_pauses);
        doubled.min(self.policy.backoff_max).mul_f64(self.dice.unit())
    }

    fn leave_stage(&mut self) {
        self.at += 1;
        self.n_in_stage = 0;
        self.tried.clear();
        self.again.clear();
    }

    /// Nothing was admitted anywhere: the one that is to be tried again soonest is called after all. One
    /// that asked to be left alone is not, unless its time is nearly over.
    fn last_resort(&self, now: Instant) -> Option<Next<'a>> {
        if self.has_called {
            return None;
        }
        let all = self.stages.iter().flatten();
        let (wait, endpoint) = all
            .map(|endpoint| (endpoint.breaker(self.operation).rest(now), *endpoint))
            .filter(|(wait, _)| *wait <= self.policy.backoff_max)
            .min_by_key(|(wait, endpoint)| {
                (*wait, endpoint.breaker(self.operation).ready_at(now))
            })?;
        Some(Next { endpoint, pause: wait })
    }

    /// How long every endpoint asked to be left alone, if nothing else keeps the request from them.
    pub(crate) fn rest(&self, now: Instant) -> Option<Duration> {
        let rests =
            self.stages.iter().flatten().map(|endpoint| endpoint.breaker(self.operation).rest(now));
        rests.min().filter(|rest| !self.has_called && !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aios_core::Tier;

    use super::*;
    use crate::{BreakerPolicy, EndpointConfig, ServerKind};

    const RETRIES: RetryPolicy = RetryPolicy {
        attempts_max: 4,
        backoff_base: Duration::from_millis(10),
        backoff_max: Duration::from_secs(2),
    };
    const BREAKER: BreakerPolicy = BreakerPolicy {
        failures: 1,
        open: Duration::from_secs(5),
        open_max: Duration::from_secs(60),
    };

    /// Endpoints of main and of embedder.
    struct Stage(Vec<Arc<Endpoint>>, Vec<Arc<Endpoint>>);

    fn stage(n_main: usize, n_embedder: usize) -> Stage {
        let endpoint = |tier: Tier, n: usize| {
            let config = EndpointConfig {
                name: format!("{tier}-{n}"),
                url: format!("sim://{tier}?instant"),
                model: "m".to_owned(),
                kind: ServerKind::Simulated,
                api_key: None,
                concurrency_max: 4,
                queue_max: 4,
                queue_timeout: Duration::from_secs(1),
                input_usd_per_mtok: None,
                output_usd_per_mtok: None,
            };
            Arc::new(Endpoint::new(config, tier, BREAKER))
        };
        let all = |tier, n| (1..=n).map(|n| endpoint(tier, n)).collect();
        Stage(all(Tier::Main, n_main), all(Tier::Embedder, n_embedder))
    }

    impl Stage {
        fn both(&self) -> Vec<Vec<&Arc<Endpoint>>> {
            vec![self.0.iter().collect(), self.1.iter().collect()]
        }
    }

    /// The calls of a search in which each call fails with `outcome`.
    fn calls(stages: Vec<Vec<&Arc<Endpoint>>>, outcome: AttemptOutcome) -> Vec<String> {
        let dice = Dice::default();
        let mut search = Search::new(Operation::Chat, stages, RETRIES, &dice);
        let mut calls = Vec::new();
        while let Some(next) = search.next(Instant::now()) {
            calls.push(next.endpoint.config.name.clone());
            assert!(calls.len() < 20, "{calls:?}");
            search.failed(next.endpoint, &Failure::new(outcome, "it failed"));
        }
        calls
    }

    #[test]
    fn a_tier_is_tried_once_more_before_the_other_one_answers() {
        let stage = stage(1, 1);
        let calls = calls(stage.both(), AttemptOutcome::ServerError);
        assert_eq!(calls, ["main-1", "main-1", "embedder-1", "embedder-1"]);
    }

    #[test]
    fn many_dead_endpoints_do_not_use_up_the_calls() {
        let stage = stage(6, 1);
        let calls = calls(stage.both(), AttemptOutcome::ConnectTimeout);
        assert_eq!((calls.len(), calls[3].as_str()), (4, "embedder-1"));
    }

    #[test]
    fn who_asked_to_be_left_alone_is_left_alone() {
        let stage = stage(1, 1);
        let now = Instant::now();
        let limited = Failure {
            retry_after: Some(Duration::from_secs(20)),
            ..Failure::new(AttemptOutcome::RateLimited, "it limits requests")
        };
        stage.0[0].failed(Operation::Chat, &limited, now);
        stage.1[0].failed(
            Operation::Chat,
            &Failure::new(AttemptOutcome::ConnectFailed, "gone"),
            now,
        );
        let dice = Dice::default();
        let next = Search::new(Operation::Chat, stage.both(), RETRIES, &dice).next(now).unwrap();
        assert_eq!(next.endpoint.config.name, "embedder-1");

        let only_main = vec![stage.0.iter().collect()];
        let mut search = Search::new(Operation::Chat, only_main, RETRIES, &dice);
        assert!(search.next(now).is_none());
        assert_eq!(search.rest(now), Some(Duration::from_secs(20)));
    }

    #[test]
    fn the_last_call_is_left_for_the_other_tier() {
        let stage = stage(1, 1);
        let dice = Dice::default();
        let retries = RetryPolicy { attempts_max: 2, ..RETRIES };
        let mut search = Search::new(Operation::Chat, stage.both(), retries, &dice);
        let first = search.next(Instant::now()).unwrap();
        search.failed(first.endpoint, &Failure::new(AttemptOutcome::ServerError, "it failed"));
        let second = search.next(Instant::now()).unwrap();
        assert_eq!(second.endpoint.config.name, "embedder-1");
    }

    #[test]
    fn a_timeout_is_not_waited_for_twice() {
        let stage = stage(1, 1);
        let calls = calls(stage.both(), AttemptOutcome::FirstTokenTimeout);
        assert_eq!(calls, ["main-1", "embedder-1"]);
    }

    #[test]
    fn the_only_endpoint_gets_every_call() {
        let stage = stage(1, 0);
        assert_eq!(calls(stage.both(), AttemptOutcome::ConnectionLost), ["main-1"; 4]);
    }

    #[test]
    fn every_endpoint_of_a_tier_comes_before_any_comes_again() {
        let stage = stage(3, 1);
        let calls = calls(stage.both(), AttemptOutcome::ServerError);
        let mut first_three = calls[..3].to_vec();
        first_three.sort();
        assert_eq!(first_three, ["main-1", "main-2", "main-3"]);
        assert_eq!(calls[3], "embedder-1");
    }

    #[test]
    fn what_its_breaker_leaves_out_is_not_called() {
        let stage = stage(2, 1);
        stage.0[0].failed(
            Operation::Chat,
            &Failure::new(AttemptOutcome::ConnectFailed, "gone"),
            Instant::now(),
        );
        let calls = calls(stage.both(), AttemptOutcome::FirstTokenTimeout);
        assert_eq!(calls, ["main-2", "embedder-1"]);
    }

    #[test]
    fn who_makes_no_vectors_goes_on_answering() {
        let stage = stage(2, 0);
        let failure = Failure::new(AttemptOutcome::ServerError, "no such route");
        stage.0[0].failed(Operation::Embeddings, &failure, Instant::now());
        let dice = Dice::default();
        let mut called = BTreeSet::new();
        for operation in [Operation::Embeddings, Operation::Chat] {
            for _ in 0..40 {
                let stages = vec![stage.0.iter().collect()];
                let next = Search::new(operation, stages, RETRIES, &dice).next(Instant::now());
                called.insert((operation.name(), next.unwrap().endpoint.config.name.clone()));
            }
        }
        let expect = [("chat", "main-1"), ("chat", "main-2"), ("embeddings", "main-2")];
        assert_eq!(called, expect.map(|(name, one)| (name, one.to_owned())).into());
        let status = stage.0[0].status(Instant::now());
        assert_eq!((status.breaker.level(), status.embeddings.unwrap().level()), (0, 2));
    }

    #[test]
    fn with_every_breaker_open_one_is_called_nevertheless() {
        let stage = stage(1, 1);
        let failure = Failure::new(AttemptOutcome::ConnectFailed, "gone");
        for endpoint in stage.0.iter().chain(&stage.1) {
            endpoint.failed(Operation::Chat, &failure, Instant::now());
        }
        assert_eq!(calls(stage.both(), AttemptOutcome::FirstTokenTimeout), ["main-1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_on_trial_is_called_first() {
        let stage = stage(3, 0);
        stage.0[1].failed(
            Operation::Chat,
            &Failure::new(AttemptOutcome::ConnectFailed, "gone"),
            Instant::now(),
        );
        tokio::time::advance(BREAKER.open).await;
        let dice = Dice::default();
        let next = Search::new(Operation::Chat, stage.both(), RETRIES, &dice)
            .next(Instant::now())
            .unwrap();
        assert_eq!(next.endpoint.config.name, "main-2");
    }

    #[test]
    fn the_less_busy_of_two_is_called() {
        let stage = stage(2, 0);
        stage.0[0].answered_after(Operation::Chat, Duration::from_millis(900), Instant::now());
        stage.0[1].answered_after(Operation::Chat, Duration::from_millis(30), Instant::now());
        let dice = Dice::default();
        for _ in 0..20 {
            let next = Search::new(Operation::Chat, stage.both(), RETRIES, &dice)
                .next(Instant::now())
                .unwrap();
            assert_eq!(next.endpoint.config.name, "main-2");
        }
    }

    #[test]
    fn nothing_configured_means_no_call() {
        assert!(calls(stage(0, 0).both(), AttemptOutcome::ServerError).is_empty());
    }
}

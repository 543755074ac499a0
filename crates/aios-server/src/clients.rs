//! Client keys and their limits.
//!
//! Keys are optional. Configuration holds SHA-256 digests; a presented key is digested and compared
//! with every digest in constant time, so that neither time nor an error tells how near a guess was.
//! Limits are token buckets per key: a minute's allowance that refills evenly. Tokens are debited
//! after the answer, when their number is known, so a bucket may go below zero and must first refill.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_privacy::SecretDigest;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::Instant;

use crate::gateway::errors::GatewayError;
use crate::gateway::memory::MemoryMode;

/// One client key as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// Name in events and metrics.
    pub name: String,
    /// SHA-256 of the key.
    pub digest: SecretDigest,
    /// Requests admitted per minute; `None` = no limit.
    pub requests_per_minute: Option<u64>,
    /// Tokens, in and out, per minute; `None` = no limit.
    pub tokens_per_minute: Option<u64>,
    /// Requests under way at once; `None` = no limit.
    pub concurrency_max: Option<usize>,
    /// Its requests may say that they are not live traffic, and choose their bucket.
    pub may_steer: bool,
    /// What is remembered of its requests; `None` = as configured for all.
    pub memory: Option<MemoryMode>,
}

/// The configured client keys with the state of their limits.
#[derive(Debug)]
pub struct Clients {
    required: bool,
    keys: Vec<Arc<Meter>>,
}

impl Clients {
    /// Takes the configured keys; limits of keys that stay as they were go on from `previous`.
    #[must_use]
    pub fn new(required: bool, keys: Vec<ClientKey>, previous: Option<&Self>) -> Self {
        let keep = |key: &ClientKey| {
            previous.and_then(|old| old.keys.iter().find(|meter| meter.key == *key)).cloned()
        };
        let keys =
            keys.into_iter().map(|key| keep(&key).unwrap_or_else(|| Arc::new(Meter::new(key))));
        Self { required, keys: keys.collect() }
    }

    /// Whether nobody is served without a key.
    pub(crate) const fn is_required(&self) -> bool {
        self.required
    }

    /// Finds the client behind a request. `None` = anonymous, where keys are not required.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Meter>>, GatewayError> {
        let Some(presented) = bearer(headers) else {
            return self.anonymous(false);
        };
        if self.keys.is_empty() {
            return self.anonymous(true);
        }
        let digest = SecretDigest::of(presented);
        // Every key is compared, also after a match: the time tells nothing.
        let found = self.keys.iter().rfold(None, |found, meter| {
            if meter.key.digest == digest { Some(Arc::clone(meter)) } else { found }
        });
        found.map_or_else(|| self.anonymous(true), |meter| Ok(Some(meter)))
    }

    /// The names of the keys.
    pub(crate) fn names(&self) -> Vec<String> {
        self.keys.iter().map(|meter| meter.name().to_owned()).collect()
    }

    fn anonymous(&self, presented: bool) -> Result<Option<Arc<Meter>>, GatewayError> {
        if self.required { Err(GatewayError::Unauthorized { presented }) } else { Ok(None) }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key.trim_ascii())
}

/// One key and what it has used.
#[derive(Debug)]
pub(crate) struct Meter {
    key: ClientKey,
    in_flight: AtomicUsize,
    allowance: Mutex<Allowance>,
}

#[derive(Debug)]
struct Allowance {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Meter {
    fn new(key: ClientKey) -> Self {
        let allowance = Allowance {
            requests: key.requests_per_minute.map(Bucket::per_minute),
            tokens: key.tokens_per_minute.map(Bucket::per_minute),
        };
        Self { key, in_flight: AtomicUsize::new(0), allowance: Mutex::new(allowance) }
    }

    /// The key's name.
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }

    /// Whether its requests may say that they are not live traffic.
    pub(crate) fn may_steer(&self) -> bool {
        self.key.may_steer
    }

    /// What is remembered of its requests, if it says so.
    pub(crate) fn memory(&self) -> Option<MemoryMode> {
        self.key.memory
    }

    /// Admits one request or says which limit stands in its way.
    pub(crate) fn admit(self: &Arc<Self>, now: Instant) -> Result<Admission, GatewayError> {
        let admission = self.enter()?;
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = &mut allowance.tokens {
            // The count is known afterwards only, so one token left is enough to be let in.
            tokens
                .wait(1.0, now)
                .map_err(|wait| limited("tokens per minute", tokens.limit(), wait))?;
        }
        if let Some(requests) = &mut allowance.requests {
            requests
                .take(1.0, now)
                .map_err(|wait| limited("requests per minute", requests.limit(), wait))?;
        }
        Ok(admission)
    }

    fn enter(self: &Arc<Self>) -> Result<Admission, GatewayError> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let admission = Admission { meter: Arc::clone(self) };
        match self.key.concurrency_max {
            Some(max) if before >= max => {
                Err(limited("requests at once", max as u64, Duration::from_secs(1)))
            }
            _ => Ok(admission),
        }
    }

    /// The state of the limits, for `x-ratelimit-*`.
    pub(crate) fn rates(&self, now: Instant) -> Rates {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let Allowance { requests, tokens } = &mut *allowance;
        Rates {
            requests: requests.as_mut().map(|bucket| bucket.rate(now)),
            tokens: tokens.as_mut().map(|bucket| bucket.rate(now)),
        }
    }
}

fn limited(what: &'static str, limit: u64, retry_after: Duration) -> GatewayError {
    GatewayError::ClientLimited { what, limit, retry_after }
}

/// A request that counts against its key until it is dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    meter: Arc<Meter>,
}

impl Admission {
    /// The key.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Debits the tokens of the finished request.
    pub(crate) fn debit_tokens(&self, n_tokens: u64, now: Instant) {
        let mut allowance = self.meter.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = &mut allowance.tokens {
            tokens.debit(n_tokens as f64, now);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.meter.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// State of one key's limits.
pub(crate) struct Rates {
    pub(crate) requests: Option<Rate>,
    pub(crate) tokens: Option<Rate>,
}

/// State of one limit.
pub(crate) struct Rate {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Time until the allowance is full again.
    pub(crate) reset: Duration,
}

#[derive(Debug)]
struct Bucket {
    capacity: f64,
    level: f64,
    filled_at: Option<Instant>,
}

impl Bucket {
    fn per_minute(limit: u64) -> Self {
        Self { capacity: limit as f64, level: limit as f64, filled_at: None }
    }

    fn limit(&self) -> u64 {
        self.capacity as u64
    }

    fn refill(&mut self, now: Instant) {
        let since = self.filled_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.level = self.capacity.min(self.level + since.as_secs_f64() * self.capacity / 60.0);
        self.filled_at = Some(now);
    }

    /// Whether `n` are there; if not, how long until they are.
    fn wait(&mut self, n: f64, now: Instant) -> Result<(), Duration> {
        self.refill(now);
        if self.level >= n {
            return Ok(());
        }
        Err(self.time_for(n - self.level))
    }

    fn take(&mut self, n: f64, now: Instant) -> Result<(), Duration> {
        self.wait(n, now)?;
        self.level -= n;
        Ok(())
    }

    fn debit(&mut self, n: f64, now: Instant) {
        self.refill(now);
        // A debt of more than a minute's allowance would lock a key out for longer than it can see.
        self.level = (self.level - n).max(-self.capacity);
    }

    fn rate(&mut self, now: Instant) -> Rate {
        self.refill(now);
        Rate {
            limit: self.limit(),
            remaining: self.level.max(0.0) as u64,
            reset: self.time_for(self.capacity - self.level),
        }
    }

    fn time_for(&self, n: f64) -> Duration {
        Duration::from_secs_f64((n * 60.0 / self.capacity.max(1.0)).clamp(0.0, 120.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(requests: Option<u64>, tokens: Option<u64>, concurrency: Option<usize>) -> Arc<Meter> {
        Arc::new(Meter::new(ClientKey {
            name: "app".into(),
            digest: SecretDigest::of(b"open sesame"),
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            concurrency_max: concurrency,
            may_steer: false,
            memory: None,
        }))
    }

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn only_the_right_key_enters_where_keys_are_required() {
        let clients = Clients::new(true, vec![key(None, None, None).key.clone()], None);
        let name = |value: &str| {
            clients.authenticate(&headers(value)).map(|meter| meter.unwrap().name().to_owned())
        };
        assert_eq!(name("Bearer open sesame").unwrap(), "app");
        assert_eq!(name("bearer  open sesame ").unwrap(), "app");
        for wrong in ["Bearer open sesam", "Bearer ", "open sesame", "Basic open sesame", ""] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
        assert!(clients.authenticate(&HeaderMap::new()).is_err());
    }

    #[test]
    fn without_required_keys_a_strange_key_is_anonymous() {
        let clients = Clients::new(false, vec![], None);
        assert!(clients.authenticate(&headers("Bearer lm-studio")).unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_refill_evenly() {
        let meter = key(Some(2), None, None);
        let start = Instant::now();
        assert!(meter.admit(start).is_ok() && meter.admit(start).is_ok());
        let error = meter.admit(start).unwrap_err();
        let GatewayError::ClientLimited { retry_after, limit: 2, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(retry_after, Duration::from_secs(30));
        assert!(meter.admit(start + retry_after).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_debited_afterwards_and_block_until_refilled() {
        let meter = key(None, Some(60), None);
        let start = Instant::now();
        let admission = meter.admit(start).unwrap();
        admission.debit_tokens(90, start);
        assert!(meter.admit(start + Duration::from_secs(29)).is_err());
        assert!(meter.admit(start + Duration::from_secs(32)).is_ok());
        assert_eq!(meter.rates(start).tokens.unwrap().remaining, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_finished_request_gives_its_place_back() {
        let meter = key(None, None, Some(1));
        let first = meter.admit(Instant::now()).unwrap();
        assert!(meter.admit(Instant::now()).is_err());
        drop(first);
        assert!(meter.admit(Instant::now()).is_ok());
    }

    #[test]
    fn a_reload_keeps_the_state_of_unchanged_keys() {
        let meter = key(Some(2), None, None);
        let old = Clients { required: true, keys: vec![Arc::clone(&meter)] };
        let new = Clients::new(true, vec![meter.key.clone()], Some(&old));
        assert!(Arc::ptr_eq(&new.keys[0], &meter));
    }
}

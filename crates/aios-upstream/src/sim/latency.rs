//! How long a simulated model takes.
//!
//! Time to the first token = the median × a spread drawn from the request (log-normal, σ 0.25, so
//! that the 95th percentile is about 1.5 medians) + the time to read the prompt, of which the part
//! beyond three seconds is left out: nobody learns anything from waiting minutes for a made-up answer
//! to a megabyte. After that tokens come at a steady rate. Requests beyond the slots wait in line.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::body::Pace;
use super::error::SimError;
use super::random::Random;
use super::spec::SimSpec;

/// Standard deviation of the logarithm of the spread.
const SPREAD: f64 = 0.25;
/// Longest time to read a prompt.
const PREFILL_MAX: Duration = Duration::from_secs(3);
/// Most requests that wait for a slot.
const WAITING_MAX: usize = 1_024;
/// The rate limit counts requests in windows of this length.
const WINDOW: Duration = Duration::from_secs(1);

/// The times of one request.
#[derive(Debug, Clone)]
pub(super) struct Latency {
    first: Duration,
    gap: Duration,
    random: Random,
}

impl Latency {
    /// Drawn from the seed and the request.
    pub(super) fn new(spec: &SimSpec, prompt_tokens: u64, request: &[u8]) -> Self {
        let mut random = Random::new(spec.seed, "latency", request);
        let spread = (SPREAD * random.normal()).exp();
        let prefill = prompt_tokens as f64 / spec.prefill_per_second;
        let prefill = Duration::from_secs_f64(prefill.min(PREFILL_MAX.as_secs_f64()));
        let gap = Duration::from_secs_f64(1.0 / spec.tokens_per_second);
        Self { first: spec.ttft.mul_f64(spread) + prefill, gap, random }
    }

    /// Until the first token.
    pub(super) const fn first(&self) -> Duration {
        self.first
    }

    /// Until the last of so many tokens.
    pub(super) fn whole(&self, n_tokens: usize) -> Duration {
        self.first + self.gap.mul_f64(n_tokens as f64)
    }

    /// The pace of a stream that begins now.
    pub(super) fn pace(self, slow_drip: Duration) -> Pace {
        let first_at = Instant::now() + self.first + slow_drip;
        Pace { first_at, gap: self.gap + slow_drip, random: self.random }
    }
}

/// The pace of a whole reply's pieces.
pub(super) fn drip(slow_drip: Duration, seed: u64) -> Pace {
    Pace {
        first_at: Instant::now() + slow_drip,
        gap: slow_drip,
        random: Random::new(seed, "drip", b""),
    }
}

/// A bounded number of requests at a time; the rest wait in line, first come, first served.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    n_waiting: AtomicUsize,
}

impl Slots {
    pub(super) fn new(n: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(n)), n_waiting: AtomicUsize::new(0) }
    }

    /// Waits for a slot; none is needed where the model answers at once.
    pub(super) async fn take(
        &self,
        spec: &SimSpec,
    ) -> Result<Option<OwnedSemaphorePermit>, SimError> {
        if spec.instant {
            return Ok(None);
        }
        if let Ok(slot) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Some(slot));
        }
        let _waiting = Waiting::enter(&self.n_waiting)?;
        Ok(Arc::clone(&self.free).acquire_owned().await.ok())
    }
}

/// One place in the line, given up when the request leaves it in any way.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(n_waiting: &'a AtomicUsize) -> Result<Self, SimError> {
        let place = Self(n_waiting);
        if n_waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            Ok(place)
        } else {
            Err(SimError::line_full())
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts requests in windows of a second.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    window: Mutex<Option<(Instant, u32)>>,
}

impl RateLimit {
    /// Takes one request, or says how long to wait.
    pub(super) fn take(&self, limit: u32, now: Instant) -> Result<(), Duration> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, n) = match *window {
            Some((start, n)) if now.duration_since(start) < WINDOW => (start, n),
            Some(_) | None => (now, 0),
        };
        if n >= limit {
            return Err(start + WINDOW - now);
        }
        *window = Some((start, n + 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Tier;

    use super::*;

    #[test]
    fn a_prompt_takes_its_time_up_to_some_seconds() {
        let spec = SimSpec::of_tier(Tier::Main);
        let prefill = |n_tokens| {
            let first = |n_tokens| Latency::new(&spec, n_tokens, b"the same").first();
            first(n_tokens) - first(0)
        };
        assert_eq!(prefill(2_500), Duration::from_secs(1));
        assert_eq!([prefill(25_000), prefill(250_000)], [PREFILL_MAX; 2]);
    }
}

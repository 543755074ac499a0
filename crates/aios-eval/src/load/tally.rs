//! Counts what was seen, sample by sample, in room that does not grow with how many there are.

use std::collections::BTreeMap;
use std::time::Duration;

use aios_core::Tier;
use hdrhistogram::Histogram;

use super::report::{Answered, Figures, Routed, Slice};
use super::sample::{Cause, Sample};

/// Longest time that is told from longer ones, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Digits that are kept of a time.
const DIGITS: u8 = 3;

/// Later than this is late. A timer may wake a few milliseconds after its time.
const LATE: Duration = Duration::from_millis(20);

/// Stretches of time that figures are kept of; they grow as the run does.
const SLICES_MAX: usize = 240;

/// Digits that are kept of a time within a slice: it becomes a point of a drawing.
const SLICE_DIGITS: u8 = 2;

/// What was seen so far.
#[derive(Debug, Clone)]
pub struct Tally {
    latency: Histogram<u64>,
    service: Histogram<u64>,
    first: Histogram<u64>,
    gap: Histogram<u64>,
    n: u64,
    n_unsent: u64,
    failed: BTreeMap<Cause, u64>,
    routed: BTreeMap<Option<Tier>, u64>,
    fell_back: BTreeMap<Tier, u64>,
    n_simulated: u64,
    n_late: u64,
    latest: Duration,
    ended: Duration,
    slice: Duration,
    slices: BTreeMap<u32, Counted>,
}

#[derive(Debug, Clone)]
struct Counted {
    n: u64,
    n_failed: u64,
    latency: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let times = || times(DIGITS);
        Self {
            latency: times(),
            service: times(),
            first: times(),
            gap: times(),
            n: 0,
            n_unsent: 0,
            failed: BTreeMap::new(),
            routed: BTreeMap::new(),
            fell_back: BTreeMap::new(),
            n_simulated: 0,
            n_late: 0,
            latest: Duration::ZERO,
            ended: Duration::ZERO,
            slice: Duration::from_secs(1),
            slices: BTreeMap::new(),
        }
    }
}

/// Times of so many digits. They take what room they need.
fn times(digits: u8) -> Histogram<u64> {
    let mut times = Histogram::new(digits).expect("the digits are from 0 to 5");
    times.auto(true);
    times
}

fn keep(times: &mut Histogram<u64>, time: Duration) {
    let us = u64::try_from(time.as_micros()).unwrap_or(LONGEST_US).clamp(1, LONGEST_US);
    // It takes what room it needs, so nothing is too long for it.
    times.record(us).unwrap_or_default();
}

impl Tally {
    /// Takes one in. What was never sent says nothing of the server, so it is counted and nothing more.
    pub fn add(&mut self, sample: &Sample) {
        if sample.failed == Some(Cause::NotSent) {
            self.n_unsent += 1;
            return;
        }
        self.n += 1;
        self.ended = self.ended.max(sample.ended);
        self.n_simulated += u64::from(sample.simulated);
        if sample.late() > LATE {
            self.n_late += 1;
            self.latest = self.latest.max(sample.late());
        }
        self.count_in_its_slice(sample);
        if let Some(cause) = sample.failed {
            *self.failed.entry(cause).or_default() += 1;
        } else {
            *self.routed.entry(sample.tier).or_default() += 1;
            if let Some(from) = sample.tier.filter(|_| sample.fell_back) {
                *self.fell_back.entry(from).or_default() += 1;
            }
        }
        // What was refused at once would make the rest look fast.
        if sample.has_waited() {
            keep(&mut self.latency, sample.latency());
            keep(&mut self.service, sample.service());
        }
        if let Some(first) = sample.first {
            keep(&mut self.first, first.saturating_sub(sample.intended));
        }
        for gap in &sample.gaps {
            keep(&mut self.gap, *gap);
        }
    }

    fn count_in_its_slice(&mut self, sample: &Sample) {
        while sample.intended.as_millis() / self.slice.as_millis() >= SLICES_MAX as u128 {
            self.widen();
        }
        let at = u32::try_from(sample.intended.as_millis() / self.slice.as_millis());
        let counted = self.slices.entry(at.unwrap_or(u32::MAX)).or_insert_with(Counted::new);
        counted.n += 1;
        counted.n_failed += u64::from(sample.failed.is_some());
        if sample.has_waited() {
            keep(&mut counted.latency, sample.latency());
        }
    }

    /// Two slices become one.
    fn widen(&mut self) {
        self.slice *= 2;
        let mut wide: BTreeMap<u32, Counted> = BTreeMap::new();
        for (at, counted) in std::mem::take(&mut self.slices) {
            let into = wide.entry(at / 2).or_insert_with(Counted::new);
            into.n += counted.n;
            into.n_failed += counted.n_failed;
            // Both take what room they need.
            into.latency.add(&counted.latency).unwrap_or_default();
        }
        self.slices = wide;
    }

    /// Requests that were sent so far.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// Requests that should have been sent and were not.
    #[must_use]
    pub const fn n_unsent(&self) -> u64 {
        self.n_unsent
    }

    /// Those without a whole answer.
    #[must_use]
    pub fn n_failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Of those that say how long one waits here, those that were waited for no longer.
    pub(super) fn given_up_share(&self) -> f64 {
        let n_given_up = self.failed.get(&Cause::Timeout).copied().unwrap_or(0);
        n_given_up as f64 / self.latency.len().max(1) as f64
    }

    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        self.failed.iter().map(|(cause, n)| (cause.name(), *n)).collect()
    }

    /// Times from when requests should have been sent to their ends; none before the first.
    #[must_use]
    pub fn latency(&self) -> Option<Figures> {
        figures(&self.latency)
    }

    pub(super) fn service(&self) -> Option<Figures> {
        figures(&self.service)
    }

    pub(super) fn first(&self) -> Option<Figures> {
        figures(&self.first)
    }

    pub(super) fn gap(&self) -> Option<Figures> {
        figures(&self.gap)
    }

    /// Which tiers answers were routed to; none where no answer says so.
    pub(super) fn routed(&self) -> Option<Routed> {
        let n = |tier| self.routed.get(&tier).copied().unwrap_or(0);
        let (n_main, n_embedder) = (n(Some(Tier::Main)), n(Some(Tier::Embedder)));
        let known = n_main + n_embedder;
        (known > 0).then(|| Routed {
            n_main,
            n_embedder,
            n_unknown: n(None),
            main_share: n_main as f64 / known as f64,
        })
    }

    /// Which tiers answered in the end; none where no answer says so.
    pub(super) fn answered(&self) -> Option<Answered> {
        let routed = self.routed()?;
        let from = |tier| self.fell_back.get(&tier).copied().unwrap_or(0);
        let (from_main, from_embedder) = (from(Tier::Main), from(Tier::Embedder));
        let n_main = routed.n_main - from_main + from_embedder;
        let n_embedder = routed.n_embedder - from_embedder + from_main;
        Some(Answered {
            n_main,
            n_embedder,
            n_fallback: from_main + from_embedder,
            main_share: n_main as f64 / (n_main + n_embedder) as f64,
        })
    }

    pub(super) const fn n_simulated(&self) -> u64 {
        self.n_simulated
    }

    pub(super) const fn late(&self) -> (u64, Duration) {
        (self.n_late, self.latest)
    }

    pub(super) const fn ended(&self) -> Duration {
        self.ended
    }

    /// Latencies by quantile, close together where they are rare.
    pub(super) fn curve(&self) -> Vec<(f64, f64)> {
        if self.latency.is_empty() {
            return Vec::new();
        }
        let steps = self.latency.iter_quantiles(5);
        let mut curve: Vec<_> =
            steps.map(|it| (it.quantile_iterated_to(), ms(it.value_iterated_to()))).collect();
        curve.dedup_by(|one, other| one.0 == other.0);
        curve
    }

    pub(super) fn slices(&self) -> Vec<Slice> {
        let of = |(at, counted): (&u32, &Counted)| Slice {
            at_s: self.slice.as_secs_f64() * f64::from(*at),
            n: counted.n,
            n_failed: counted.n_failed,
            p50_ms: quantile(&counted.latency, 0.5),
            p95_ms: quantile(&counted.latency, 0.95),
        };
        self.slices.iter().map(of).collect()
    }
}

impl Counted {
    fn new() -> Self {
        Self { n: 0, n_failed: 0, latency: times(SLICE_DIGITS) }
    }
}

impl Sample {
    /// Whether its end says how long one waits here.
    fn has_waited(&self) -> bool {
        matches!(self.failed, None | Some(Cause::Timeout))
    }
}

fn ms(us: u64) -> f64 {
    us as f64 / 1e3
}

fn quantile(times: &Histogram<u64>, at: f64) -> Option<f64> {
    (!times.is_empty()).then(|| ms(times.value_at_quantile(at)))
}

fn figures(times: &Histogram<u64>) -> Option<Figures> {
    let at = |quantile| ms(times.value_at_quantile(quantile));
    (!times.is_empty()).then(|| Figures {
        n: times.len(),
        mean_ms: times.mean() / 1e3,
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        max_ms: ms(times.max()),
    })
}

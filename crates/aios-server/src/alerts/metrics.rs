//! Budgets and alerts on the metrics page.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_control::slo::check::Check;
use aios_core::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::Book;
use crate::collected::Page;
use crate::judging::Budget;

/// What was last seen and told.
#[derive(Debug, Default)]
pub(crate) struct AlertMetrics {
    latest: Mutex<Latest>,
    n_panics: AtomicU64,
}

#[derive(Debug, Default)]
struct Latest {
    budgets: Vec<Budget>,
    check: Option<(Check, Timestamp)>,
    /// What is wrong, and whom it concerns.
    firing: Vec<(String, &'static str)>,
    n_waiting: usize,
    n_failing: usize,
    n_dropped: u64,
}

impl AlertMetrics {
    pub(super) fn set_seen(&self, budgets: Vec<Budget>, check: Check, at: Timestamp) {
        let mut latest = self.latest();
        latest.budgets = budgets;
        latest.check = Some((check, at));
    }

    /// How the objectives were kept at the last look, and when that was; none before the first.
    pub(crate) fn seen(&self) -> Option<(Check, Vec<Budget>, Timestamp)> {
        let latest = self.latest();
        latest.check.clone().map(|(check, at)| (check, latest.budgets.clone(), at))
    }

    pub(super) fn set_book(&self, book: &Book) {
        let mut latest = self.latest();
        let firing = book.episodes.iter();
        latest.firing =
            firing.map(|episode| (episode.about.clone(), episode.severity.name())).collect();
        latest.n_waiting = book.outbox.len();
        latest.n_failing = book.outbox.iter().filter(|of| of.last_error.is_some()).count();
        latest.n_dropped = book.n_dropped;
    }

    pub(super) fn panicked(&self) {
        self.n_panics.fetch_add(1, Ordering::Relaxed);
    }

    fn latest(&self) -> MutexGuard<'_, Latest> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes them.
#[derive(Debug)]
pub(crate) struct AlertCollector(pub(crate) Arc<AlertMetrics>);

impl Collector for AlertCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let latest = self.0.latest();
        let mut page = Page(encoder);
        type Read = fn(&Budget) -> f64;
        let gauges: [(&str, &str, Read); 2] = [
            (
                "slo_budget_left_pct",
                "What is left of an objective's error budget of 30 days",
                |b| b.burn.budget_left_pct,
            ),
            ("slo_burn_rate", "How many times too fast the budget burned in the last hour", |b| {
                b.burn.rate
            }),
        ];
        for (name, help, read) in gauges {
            page.family(name, help, MetricType::Gauge, &latest.budgets, |budget| {
                (vec![("slo", budget.slo.to_owned())], read(budget))
            })?;
        }
        page.family(
            "alerts_firing",
            "1 for what is wrong now",
            MetricType::Gauge,
            &latest.firing,
            |(about, severity)| {
                (vec![("about", about.clone()), ("severity", (*severity).to_owned())], 1.0)
            },
        )?;
        page.gauge(
            "alerts_waiting",
            "Messages that wait for their receiver",
            latest.n_waiting as f64,
        )?;
        page.gauge(
            "alerts_undelivered",
            "Messages among them that could not be sent so far",
            latest.n_failing as f64,
        )?;
        page.counter("alerts_dropped", "Messages that found no room", latest.n_dropped)?;
        page.counter(
            "alert_loop_panics",
            "Turns of the alert loop that panicked",
            self.0.n_panics.load(Ordering::Relaxed),
        )
    }
}

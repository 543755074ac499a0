//! What is asked of live traffic and golden reports.

use std::time::Duration;

use aios_control::slo::{Limits, Share, Slo, default_slos};

/// The objectives, and how much is looked at.
#[derive(Debug, Clone)]
pub struct Objectives {
    /// Each objective.
    pub slos: Vec<Slo>,
    /// An answer of less quality is not good enough.
    pub quality_min: f64,
    /// Live traffic that a check looks at.
    pub window: Duration,
    /// A golden report that is older says nothing.
    pub report_age_max: Duration,
}

impl Default for Objectives {
    /// The guide's table, held against a day.
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self { slos: default_slos(), quality_min: 0.5, window: DAY, report_age_max: 8 * DAY }
    }
}

impl Objectives {
    /// From where on an event is bad.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let slow = self.slos.iter().find(|slo| slo.share() == Some(Share::InTime));
        let slow_ms = slow.map_or(f64::INFINITY, |slo| slo.objective);
        Limits { slow_ms, quality_min: self.quality_min }
    }

    /// The objectives that are shares of events, which have a budget.
    pub fn budgeted(&self) -> impl Iterator<Item = (&Slo, Share)> {
        self.slos.iter().filter_map(|slo| Some((slo, slo.share()?)))
    }
}

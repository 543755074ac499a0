//! How the canary stands, read at each scrape.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::run::Desk;
use crate::collected::Page;

/// Reads a desk. Holds it weakly: the desk owns the gateway, whose metrics own this.
pub(crate) struct CanaryMetrics(Weak<Desk>);

impl CanaryMetrics {
    pub(crate) fn new(desk: &Arc<Desk>) -> Self {
        Self(Arc::downgrade(desk))
    }
}

impl fmt::Debug for CanaryMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CanaryMetrics")
    }
}

impl Collector for CanaryMetrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(desk) = self.0.upgrade() else { return Ok(()) };
        let standing = desk.keeper.standing();
        let canary = &standing.rollout.canary;
        let mut page = Page(encoder);
        let gauges: [(&str, &str, f64); 7] = [
            ("canary_pct", "Share that the canary asks for", canary.treatment_pct.get()),
            (
                "canary_passes",
                "Verdicts in a row that were met",
                f64::from(canary.consecutive_passes),
            ),
            (
                "canary_failures",
                "Verdicts in a row that were breached",
                f64::from(canary.consecutive_failures),
            ),
            ("canary_held", "1 while an operator holds it", f64::from(u8::from(canary.held))),
            (
                "canary_inconclusive",
                "Verdicts in a row without proof",
                f64::from(standing.rollout.n_inconclusive),
            ),
            ("canary_version", "Lines of control so far", standing.rollout.version as f64),
            (
                "canary_damaged",
                "1 while what is kept of it cannot be used",
                f64::from(u8::from(standing.fault.is_some())),
            ),
        ];
        for (name, help, value) in gauges {
            page.gauge(name, help, value)?;
        }
        let n_panics = desk.n_panics.load(Ordering::Relaxed);
        page.counter("canary_panics", "Looks at the canary that ended in a panic", n_panics)
    }
}

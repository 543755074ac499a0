//! What was masked goes on record once a minute, as counts.
//!
//! One entry per event would make the trail as long as the log, and fsync as often as there are
//! requests. The counts are those of the metrics, which are counted where the text is masked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, Timestamp};
use aios_store::{AuditAction, AuditLog};

use crate::metrics::Metrics;

/// How often counts go on record.
const EVERY: Duration = Duration::from_secs(60);

/// How often files past their time are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Puts counts on record.
pub(crate) struct Redactions {
    metrics: Arc<Metrics>,
    audit: Arc<AuditLog>,
    clock: Arc<dyn Clock>,
    /// What is on record already.
    recorded: BTreeMap<&'static str, u64>,
    since: Timestamp,
}

impl Redactions {
    pub(crate) fn new(metrics: Arc<Metrics>, audit: Arc<AuditLog>, clock: Arc<dyn Clock>) -> Self {
        let since = clock.now();
        Self { metrics, audit, clock, recorded: BTreeMap::new(), since }
    }

    /// Runs until `stop` turns true; then what is left goes on record, and that this is the end.
    pub(crate) async fn run(mut self, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(EVERY);
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        loop {
            tokio::select! {
                ended = stop.wait_for(|stop| *stop) => {
                    drop(ended);
                    break;
                }
                _ = tick.tick() => self.record(),
                _ = prune.tick() => self.prune(),
            }
        }
        self.record();
        if let Err(error) = self.audit.close(self.clock.now()) {
            tracing::error!(%error, "the end could not be put on record");
        }
    }

    /// Blocks for a write to disk, once a minute, on the control plane's thread.
    fn record(&mut self) {
        let now = self.clock.now();
        let totals = self.metrics.redactions();
        let new = |(kind, total): &(&'static str, u64)| {
            let before = self.recorded.get(kind).copied().unwrap_or(0);
            (*total > before).then(|| ((*kind).to_owned(), total - before))
        };
        let counts: BTreeMap<String, u64> = totals.iter().filter_map(new).collect();
        if counts.is_empty() {
            self.since = now;
            return;
        }
        let action = AuditAction::Redacted { sink: "log".into(), since: self.since, counts };
        match self.audit.append(now, "server", action) {
            Ok(_) => {
                self.recorded = totals.into_iter().collect();
                self.since = now;
            }
            // They are in the next entry.
            Err(error) => tracing::error!(%error, "redactions could not be put on record"),
        }
    }

    fn prune(&self) {
        match self.audit.prune(self.clock.now()) {
            Ok(0) => {}
            Ok(n_files) => {
                tracing::info!(n_files, "days of the audit trail past their time are gone")
            }
            Err(error) => tracing::error!(%error, "the audit trail could not be pruned"),
        }
    }
}

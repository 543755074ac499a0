//! What goes on record once a minute, as counts: what was masked, and refusals too many to be told one by
//! one.
//!
//! One entry per event would make the trail as long as the log, and fsync as often as there are
//! requests. The counts of masks are those of the metrics, which are counted where the text is masked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, Timestamp};
use aios_store::{AuditAction, AuditLog, actor};

use crate::admin::Auth;
use crate::metrics::Metrics;

/// How often counts go on record.
const EVERY: Duration = Duration::from_secs(60);

/// Puts counts on record.
pub(crate) struct Recorder {
    metrics: Arc<Metrics>,
    auth: Arc<Auth>,
    audit: Arc<AuditLog>,
    clock: Arc<dyn Clock>,
    /// What is on record already.
    recorded: BTreeMap<&'static str, u64>,
    since: Timestamp,
}

impl Recorder {
    pub(crate) fn new(
        metrics: Arc<Metrics>,
        auth: Arc<Auth>,
        audit: Arc<AuditLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let since = clock.now();
        Self { metrics, auth, audit, clock, recorded: BTreeMap::new(), since }
    }

    /// Runs until `stop` turns true; then what is left goes on record, and that this is the end.
    pub(crate) async fn run(mut self, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                ended = stop.wait_for(|stop| *stop) => {
                    drop(ended);
                    break;
                }
                _ = tick.tick() => self.record(),
            }
        }
        self.record();
        if let Err(error) = self.audit.close(self.clock.now()) {
            tracing::error!(%error, "the end could not be put on record");
        }
    }

    /// Blocks for a few writes to disk, once a minute, on the control plane's thread.
    fn record(&mut self) {
        let now = self.clock.now();
        self.redactions(now);
        self.refusals(now);
        if let Err(error) = self.audit.sign_if_due(now) {
            tracing::error!(%error, "the audit trail's end could not be signed");
        }
    }

    fn redactions(&mut self, now: Timestamp) {
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
        match self.audit.append(now, actor::SERVER, action) {
            Ok(_) => {
                self.recorded = totals.into_iter().collect();
                self.since = now;
            }
            // They are in the next entry.
            Err(error) => tracing::error!(%error, "redactions could not be put on record"),
        }
    }

    fn refusals(&self, now: Timestamp) {
        for (caller, n) in self.auth.take_counted() {
            if let Err(error) = self.audit.append(now, &caller, AuditAction::RefusedMore { n }) {
                self.auth.put_back(&caller, n);
                tracing::error!(%error, "refusals could not be put on record");
            }
        }
    }
}

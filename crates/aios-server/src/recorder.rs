//! What goes on record once a minute, as counts: what was masked, hidden and stopped, and refusals too many to
//! be told one by one.
//!
//! One entry per event would make the trail as long as the log, and fsync as often as there are
//! requests: here a sink has one a minute for each thing that was done on the way to it, and each event says itself what
//! was masked in it. The counts are those of the metrics, which are counted where it is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{AuditAction, AuditLog, actor};

use crate::admin::Auth;
use crate::gateway::Gateway;
use crate::sink_metrics::Deed;

/// How often counts go on record.
const EVERY: Duration = Duration::from_secs(60);

/// Puts counts on record.
pub(crate) struct Recorder {
    gateway: Arc<Gateway>,
    auth: Arc<Auth>,
    audit: Arc<AuditLog>,
    /// What is on record already.
    recorded: BTreeMap<Deed, BTreeMap<&'static str, u64>>,
    since: Timestamp,
}

impl Recorder {
    pub(crate) fn new(gateway: Arc<Gateway>, auth: Arc<Auth>, audit: Arc<AuditLog>) -> Self {
        let since = gateway.clock.now();
        Self { gateway, auth, audit, recorded: BTreeMap::new(), since }
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
        if let Err(error) = self.audit.close(self.gateway.clock.now()) {
            tracing::error!(%error, "the end could not be put on record");
        }
    }

    /// Blocks for a few writes to disk, once a minute, on the control plane's thread.
    fn record(&mut self) {
        let now = self.gateway.clock.now();
        self.redactions(now);
        self.refusals(now);
        if let Err(error) = self.audit.sign_if_due(now) {
            tracing::error!(%error, "the audit trail's end could not be signed");
        }
    }

    fn redactions(&mut self, now: Timestamp) {
        let config_hash = &self.gateway.live.load().hash;
        let mut is_recorded = true;
        for (deed, totals) in self.gateway.metrics.privacy.masked() {
            let before = self.recorded.get(&deed);
            let new = |(kind, total): (&&'static str, &u64)| {
                let n = total - before.and_then(|before| before.get(kind)).unwrap_or(&0);
                (n > 0).then(|| ((*kind).to_owned(), n))
            };
            let counts: BTreeMap<String, u64> = totals.iter().filter_map(new).collect();
            if counts.is_empty() {
                continue;
            }
            let (sink, done) = deed;
            let action = AuditAction::Redacted {
                sink: sink.to_owned(),
                done: done.to_owned(),
                config_hash: config_hash.clone(),
                since: self.since,
                counts,
            };
            match self.audit.append(now, actor::SERVER, action) {
                Ok(_) => drop(self.recorded.insert(deed, totals)),
                // They are in the next entry.
                Err(error) => {
                    is_recorded = false;
                    tracing::error!(%error, "redactions could not be put on record");
                }
            }
        }
        if is_recorded {
            self.since = now;
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

//! Metrics of what is kept: retention, holds, erasures, the audit trail, the quarantine. Read at each
//! scrape from whoever knows.

use std::fmt;
use std::sync::Arc;

use aios_core::Clock;
use aios_store::{AuditLog, DataDir, Eraser, ErasureState, Holds, Rotator, WaitsFor};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::collected::Page;

/// Who knows.
pub(crate) struct Kept {
    pub(crate) data_dir: Arc<DataDir>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) rotator: Arc<Rotator>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl Collector for Kept {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.retention(&mut page)?;
        self.holds(&mut page)?;
        self.erasures(&mut page)?;
        self.unfinished(&mut page)?;
        page.counter(
            "memory_replaced",
            "Times that the memory's file was removed, renamed or replaced while it was open",
            self.data_dir.n_memory_replaced(),
        )?;
        self.trail(&mut page)?;
        // One that cannot be listed is left out: zero would say that there is nothing.
        match self.data_dir.quarantine_bytes() {
            Ok(n) => page.gauge("quarantine_bytes", "Bytes that were put aside", n as f64),
            Err(_) => Ok(()),
        }
    }
}

impl Kept {
    fn retention(&self, page: &mut Page<'_>) -> fmt::Result {
        let stats = self.rotator.stats();
        if let Some(at) = stats.last_at {
            let seconds = at.as_micros() as f64 / 1e6;
            page.gauge(
                "retention_last_run_timestamp_seconds",
                "Time of the last rotation",
                seconds,
            )?;
        }
        page.gauge(
            "retention_stopped",
            "1 while a guard or a file that cannot be read keeps everything from being removed",
            f64::from(stats.is_stopped),
        )?;
        let steps = [
            ("sealed", stats.n_sealed),
            ("compressed", stats.n_compressed),
            ("removed", stats.n_removed),
            ("audit_day_removed", stats.n_audit_days),
            ("failed", stats.n_failed),
        ];
        page.family(
            "retention_steps",
            "What rotations have done, and what they could not",
            MetricType::Counter,
            &steps,
            |(step, n)| (vec![("step", (*step).to_owned())], *n as f64),
        )
    }

    fn holds(&self, page: &mut Page<'_>) -> fmt::Result {
        let Ok(holds) = Holds::of(&self.data_dir).list() else { return Ok(()) };
        let now = self.clock.now();
        let n_in_force = holds.iter().filter(|hold| !hold.is_expired(now)).count();
        page.gauge("holds", "Holds in force", n_in_force as f64)
    }

    fn erasures(&self, page: &mut Page<'_>) -> fmt::Result {
        let mut by_state = [("pending", 0), ("completed", 0), ("incomplete", 0)];
        for (state, n) in self.eraser.counts() {
            let place = match state {
                // Not decided yet, and maybe never.
                ErasureState::Requested | ErasureState::Planned => continue,
                ErasureState::Waiting
                | ErasureState::Ledgered
                | ErasureState::Fenced
                | ErasureState::Rewriting
                | ErasureState::Verified => 0,
                ErasureState::Completed => 1,
                ErasureState::Incomplete => 2,
            };
            by_state[place].1 += n;
        }
        page.family(
            "erasures",
            "Erasures that were decided, by how far they have come",
            MetricType::Gauge,
            &by_state,
            |(state, n)| (vec![("state", (*state).to_owned())], *n as f64),
        )
    }

    /// One that a later erasure of the same has made up for is not among them.
    fn unfinished(&self, page: &mut Page<'_>) -> fmt::Result {
        // Where a receipt cannot be read they are left out: zero would say that there are none.
        let Ok(all) = self.eraser.unfinished() else { return Ok(()) };
        let count = |what| all.iter().filter(|one| one.waits_for == what).count();
        page.family(
            "erasures_unfinished",
            "Erasures that were decided and are not whole, by what they wait for",
            MetricType::Gauge,
            &WaitsFor::ALL.map(|what| (what, count(what))),
            |(what, n)| (vec![("waits_for", what.name().to_owned())], *n as f64),
        )
    }

    fn trail(&self, page: &mut Page<'_>) -> fmt::Result {
        let stats = self.audit.stats();
        page.counter("audit_entries", "Entries written to the audit trail", stats.n_written)?;
        page.counter("audit_failures", "Entries that could not be written", stats.n_failed)?;
        page.counter(
            "audit_checkpoint_failures",
            "Checkpoints of the audit trail that could not be written",
            stats.n_checkpoints_failed,
        )?;
        let unsigned = stats.n_unsigned as f64;
        page.gauge("audit_unsigned_entries", "Entries behind the last checkpoint", unsigned)
    }
}

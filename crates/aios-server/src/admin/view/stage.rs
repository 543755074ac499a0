//! How things stand in a running server.

use std::sync::Arc;

use aios_store::AuditLog;

use super::live::{Audited, ConfigTold};
use super::scene::{Scene, Views};
use crate::admin::goldens::GoldenRuns;
use crate::alerts::AlertMetrics;
use crate::canary::Desk;
use crate::status::StatusReader;

/// Who knows.
pub(crate) struct Stage {
    pub(crate) desk: Arc<Desk>,
    pub(crate) status: StatusReader,
    pub(crate) alerts: Arc<AlertMetrics>,
    pub(crate) goldens: Arc<GoldenRuns>,
    pub(crate) audit: Arc<AuditLog>,
}

impl Stage {
    pub(crate) fn views(self) -> Views {
        let runs = self.goldens.subscribe();
        Views::new(Arc::clone(&self.desk.data_dir), move || self.scene()).with_golden_runs(runs)
    }

    fn scene(&self) -> Scene {
        let (desk, gateway) = (&self.desk, &self.desk.gateway);
        let (live, split) = (gateway.live.load_full(), gateway.split());
        Scene {
            now: gateway.clock.now(),
            objectives: Arc::clone(&live.objectives),
            seen: self.alerts.seen(),
            override_error: self.status.controller.override_error(),
            policy: gateway.routing.policy(&split),
            standing: desk.keeper.standing(),
            canary: desk.config.borrow().canary.clone(),
            hypotheses: Arc::clone(&live.shown.hypotheses),
            memory_mode: live.memory.mode.name(),
            redactor: Arc::clone(&live.redactor),
            config: ConfigTold {
                generation: live.generation,
                hash: live.hash.clone(),
                reload_error: self.status.reload.error(),
                started_at: gateway.started_at,
            },
            audited: Audited { n: self.audit.stats().n_written },
            endpoints: live.upstreams.status(),
            event_log: gateway.store.stats(),
            shown: Arc::clone(&live.shown),
            split,
        }
    }
}

//! What views read: the data directory, and how things stand at one moment. Where the latter comes from is nothing that a
//! view knows, so a running server and files that are only looked at show the same.

use std::sync::Arc;

use aios_control::hypothesis::Hypothesis;
use aios_control::slo::check::Check;
use aios_core::{Split, Timestamp};
use aios_privacy::Redactor;
use aios_route::Policy;
use aios_store::{DataDir, EventLogStats, StoreError};
use aios_upstream::EndpointStatus;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::watch;

use super::goldens::RunView;
use super::live::{Audited, ConfigTold};
use crate::Shown;
use crate::admin::trail::off_the_loop;
use crate::canary::{CanarySettings, Standing};
use crate::judging::{Budget, Objectives};

/// How things stand at one moment.
pub(crate) struct Scene {
    pub(crate) now: Timestamp,
    pub(crate) objectives: Arc<Objectives>,
    /// How the objectives were kept at the last look, and when that was.
    pub(crate) seen: Option<(Check, Vec<Budget>, Timestamp)>,
    pub(crate) split: Arc<Split>,
    pub(crate) override_error: Option<String>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) canary: CanarySettings,
    pub(crate) hypotheses: Arc<[Hypothesis]>,
    pub(crate) memory_mode: &'static str,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) config: ConfigTold,
    pub(crate) audited: Audited,
    pub(crate) shown: Arc<Shown>,
    pub(crate) endpoints: Vec<EndpointStatus>,
    pub(crate) event_log: EventLogStats,
}

type SceneNow = dyn Fn() -> Scene + Send + Sync;

/// What views work with.
#[derive(Clone)]
pub(crate) struct Views {
    pub(crate) dir: Arc<DataDir>,
    scene: Arc<SceneNow>,
    golden_run: Option<watch::Receiver<Option<RunView>>>,
}

impl Views {
    pub(crate) fn new(
        dir: Arc<DataDir>,
        scene: impl Fn() -> Scene + Send + Sync + 'static,
    ) -> Self {
        Self { dir, scene: Arc::new(scene), golden_run: None }
    }

    /// The same, with golden runs that can be looked at.
    pub(crate) fn with_golden_runs(self, runs: watch::Receiver<Option<RunView>>) -> Self {
        Self { golden_run: Some(runs), ..self }
    }

    /// How the last golden run goes.
    pub(super) fn golden_run(&self) -> Option<RunView> {
        self.golden_run.as_ref().and_then(|run| run.borrow().clone())
    }

    /// How things stand now.
    pub(in crate::admin) fn scene(&self) -> Scene {
        (self.scene)()
    }

    /// Reads the disk where it holds up nobody, and answers with what that comes to.
    pub(super) async fn show<T: Serialize + Send + 'static>(
        self,
        make: impl FnOnce(&DataDir, &Scene) -> Result<T, StoreError> + Send + 'static,
    ) -> Response {
        match self.read(make).await {
            Ok(view) => Json(view).into_response(),
            Err(response) => response,
        }
    }

    /// The same, for whoever does something else with it.
    pub(super) async fn read<T: Send + 'static>(
        self,
        make: impl FnOnce(&DataDir, &Scene) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Response> {
        off_the_loop(move || make(&self.dir, &self.scene())).await
    }
}

//! What runs beside serving: the admin listener and the loops that look at what was kept.
//!
//! It has a thread and a runtime of its own, so that a scrape or a slow disk never delays a request. If it
//! dies, serving goes on with the last split.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use aios_core::Faults;
use aios_privacy::Keyring;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower_service::Service as _;

use crate::admin::{self, AdminState, Auth, GoldenRuns, Hub, Page, Stage};
use crate::alerts::{AlertCollector, AlertConfig, AlertMetrics, Watch};
use crate::canary::{self, CanaryKeeper, CanaryMetrics, ControlConfig, Desk};
use crate::controller::{Controller, ControllerState};
use crate::gateway::Gateway;
use crate::judge::{JudgeCollector, JudgeMetrics, LiveJudge};
use crate::kept::Kept;
use crate::listener::{self, ListenerConfig};
use crate::nightly::{House, Housekeeper};
use crate::recorder::Recorder;
use crate::server::ReloadState;
use crate::status::StatusReader;

/// What the control plane is made of.
pub(crate) struct Controls {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) controller: Controller,
    pub(crate) controller_state: Arc<ControllerState>,
    pub(crate) canary: Arc<CanaryKeeper>,
    pub(crate) config: watch::Receiver<ControlConfig>,
    pub(crate) reload: Arc<ReloadState>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) kept: Kept,
    pub(crate) keyring: Arc<Keyring>,
    /// Where the gateway listens.
    pub(crate) gateway_address: SocketAddr,
    /// Where requests are served.
    pub(crate) data_plane: tokio::runtime::Handle,
    pub(crate) alerts: AlertConfig,
    /// Faults that may be ordered.
    pub(crate) faults: Option<Arc<Faults>>,
    pub(crate) page: Page,
    /// Only this machine can connect to the admin listener.
    pub(crate) is_loopback: bool,
}

/// The admin listener's service and the loops beside it.
pub(crate) struct ControlPlane {
    admin: axum::Router,
    controller: Controller,
    desk: Arc<Desk>,
    recorder: Recorder,
    watch: Watch,
    housekeeper: Arc<Housekeeper>,
    judge: LiveJudge,
    hub: Arc<Hub>,
}

impl ControlPlane {
    pub(crate) fn new(controls: Controls) -> Self {
        let Controls { gateway, controller_state, kept, auth, .. } = controls;
        let alert_metrics = Arc::new(AlertMetrics::default());
        let data_dir = || Arc::clone(&kept.data_dir);
        let receivers = controls.alerts.targets.clone().into();
        let watch = Watch::new(
            Arc::clone(&gateway),
            data_dir(),
            controls.canary.subscribe(),
            controls.alerts,
            Arc::clone(&alert_metrics),
        );
        let desk = Arc::new(Desk {
            keeper: controls.canary,
            config: controls.config,
            controller: Arc::clone(&controller_state),
            gateway: Arc::clone(&gateway),
            data_dir: data_dir(),
            n_panics: AtomicU64::new(0),
        });
        let recorder =
            Recorder::new(Arc::clone(&gateway), Arc::clone(&auth), Arc::clone(&kept.audit));
        let housekeeper = Arc::new(Housekeeper::new(House {
            gateway: Arc::clone(&gateway),
            address: controls.gateway_address,
            data_dir: data_dir(),
            rotator: Arc::clone(&kept.rotator),
            audit: Arc::clone(&kept.audit),
            keyring: Arc::clone(&controls.keyring),
        }));
        let status = StatusReader {
            desk: Arc::clone(&desk),
            gateway: Arc::clone(&gateway),
            controller: controller_state,
            reload: controls.reload,
        };
        let goldens = Arc::new(GoldenRuns::new(Arc::clone(&gateway.clock)));
        let stage = Stage {
            goldens: Arc::clone(&goldens),
            desk: Arc::clone(&desk),
            status: status.clone(),
            alerts: Arc::clone(&alert_metrics),
            audit: Arc::clone(&kept.audit),
        };
        let views = stage.views();
        let hub = Hub::new(Arc::clone(&gateway), views.clone());
        let admin = admin::router(AdminState {
            views: views.clone(),
            hub: Arc::clone(&hub),
            page: controls.page,
            goldens,
            receivers,
            nightly: Arc::clone(&housekeeper),
            gateway: Arc::clone(&gateway),
            status,
            auth,
            audit: Arc::clone(&kept.audit),
            data_dir: data_dir(),
            eraser: Arc::clone(&kept.eraser),
            desk: Arc::clone(&desk),
            rotator: Arc::clone(&kept.rotator),
            keyring: controls.keyring,
            is_loopback: controls.is_loopback,
            faults: controls.faults,
        });
        let judge_metrics = Arc::new(JudgeMetrics::default());
        let judge = LiveJudge::new(
            Arc::clone(&gateway),
            data_dir(),
            controls.data_plane,
            Arc::clone(&judge_metrics),
        );
        gateway.metrics.collect(JudgeCollector(judge_metrics));
        gateway.metrics.collect(AlertCollector(alert_metrics));
        gateway.metrics.collect(CanaryMetrics::new(&desk));
        gateway.metrics.collect(kept);
        Self {
            admin,
            controller: controls.controller,
            desk,
            recorder,
            watch,
            housekeeper,
            judge,
            hub,
        }
    }

    /// Runs it on a thread of its own until told to stop; puts its runtime where others look at it.
    pub(crate) fn spawn(
        self,
        known: &Arc<OnceLock<Handle>>,
        socket: std::net::TcpListener,
        config: ListenerConfig,
        stop: watch::Receiver<bool>,
    ) -> io::Result<JoinHandle<()>> {
        let known = Arc::clone(known);
        let run = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                known.get_or_init(|| runtime.handle().clone());
                runtime.block_on(self.run(socket, config, stop));
            }
            Err(error) => tracing::error!(%error, "the admin runtime could not start"),
        };
        std::thread::Builder::new().name("aios-control".into()).spawn(run)
    }

    async fn run(
        self,
        socket: std::net::TcpListener,
        config: ListenerConfig,
        stop: watch::Receiver<bool>,
    ) {
        let socket = match TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "the admin socket could not be used"),
        };
        let loops = [
            tokio::spawn(self.controller.run()),
            tokio::spawn(canary::run(self.desk)),
            tokio::spawn(self.housekeeper.keep_house()),
            tokio::spawn(self.judge.run()),
            tokio::spawn(self.watch.run(stop.clone())),
            tokio::spawn(self.hub.run(stop.clone())),
        ];
        let record = tokio::spawn(self.recorder.run(stop.clone()));
        let admin = self.admin;
        listener::serve(socket, config, stop, move |_peer, request| {
            let mut admin = admin.clone();
            async move { admin.call(request).await }
        })
        .await
        .shutdown()
        .await;
        loops.iter().for_each(tokio::task::JoinHandle::abort);
        if record.await.is_err() {
            tracing::error!("the end could not be put on record");
        }
    }
}

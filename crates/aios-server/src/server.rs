//! Puts the parts together and runs them until told to stop.
//!
//! The data plane runs on the caller's runtime, the control plane on a thread of its own: see
//! `control_plane.rs`.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::Faults;
use aios_privacy::Keyring;
use aios_store::{AuditLog, Eraser, Rotator};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::{self, AdminConfig, Page};
use crate::alerts::AlertConfig;
use crate::canary::ControlConfig;
use crate::collected::Collected;
use crate::control_plane::{ControlPlane, Controls};
use crate::gateway::memory::{Memory, MemoryMode};
use crate::gateway::{self, Gateway};
use crate::kept::Kept;
use crate::listener::{self, ListenerConfig};
use crate::live::Live;
use crate::unplugged::{Pieces, Planes};

/// What a server is made of.
pub struct Parts {
    /// What both planes are made of.
    pub pieces: Pieces,
    /// Limits of both listeners.
    pub listener: ListenerConfig,
    /// The gateway's socket.
    pub gateway_socket: TcpListener,
    /// The admin socket.
    pub admin_socket: std::net::TcpListener,
    /// Who may use it.
    pub admin: AdminConfig,
    /// The audit trail.
    pub audit: Arc<AuditLog>,
    /// Erases, beside the event log.
    pub eraser: Arc<Eraser>,
    /// Who is told of alerts.
    pub alerts: AlertConfig,
    /// Rotates what is kept.
    pub rotator: Arc<Rotator>,
    /// The dashboard's page.
    pub page: Page,
    /// Every live version of the pseudonyms' key, for ids that are asked for.
    pub keyring: Keyring,
    /// Faults that may be ordered; none where they may not.
    pub faults: Option<Arc<Faults>>,
}

/// A running server.
pub struct Handle {
    gateway: Arc<Gateway>,
    control: watch::Sender<ControlConfig>,
    stop: watch::Sender<bool>,
    stop_admin: watch::Sender<bool>,
    reload: Arc<ReloadState>,
    data_plane: tokio::task::JoinHandle<JoinSet<()>>,
    control_plane: std::thread::JoinHandle<()>,
    addresses: (SocketAddr, SocketAddr),
    login_path: Option<String>,
}

/// How a server stopped.
#[derive(Debug)]
pub struct Stopped {
    /// Connections that were still busy at the drain deadline; if it was stopped at once, requests.
    pub n_cut: usize,
    /// It was not waited for that deadline.
    pub at_once: bool,
}

/// How long streams have, after the drain deadline, to tell their clients that they end.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// The outcome of the last reload.
#[derive(Debug, Default)]
pub struct ReloadState(Mutex<Option<String>>);

impl ReloadState {
    /// Why the last reload did not take, if it did not.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, error: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

/// Starts serving.
///
/// # Errors
/// When a socket is not usable or the admin thread cannot be started.
pub fn start(parts: Parts) -> io::Result<Handle> {
    let addresses = (parts.gateway_socket.local_addr()?, parts.admin_socket.local_addr()?);
    if let Some(faults) = &parts.faults {
        parts.pieces.live.upstreams.allow_faults(faults);
    }
    let data_dir = Arc::clone(&parts.pieces.data_dir);
    let Planes { gateway, controller, controller_state, canary, control } =
        Planes::new(parts.pieces)?;
    let control_runtime = Arc::default();
    gateway.metrics.collect(Collected::new(&gateway, Arc::clone(&control_runtime)));
    if gateway.live.load().memory.mode != MemoryMode::Off {
        gateway.memory.open_ahead();
    }
    Memory::embed_beside(&gateway);
    let reload = Arc::new(ReloadState::default());
    let auth = admin::auth(parts.admin);
    let login_path = admin::first_link(&auth);
    let kept = Kept {
        data_dir,
        audit: parts.audit,
        eraser: parts.eraser,
        rotator: parts.rotator,
        clock: Arc::clone(&gateway.clock),
    };
    let control_plane = ControlPlane::new(Controls {
        gateway: Arc::clone(&gateway),
        controller,
        controller_state,
        canary,
        config: control.subscribe(),
        reload: Arc::clone(&reload),
        auth,
        kept,
        keyring: Arc::new(parts.keyring),
        gateway_address: addresses.0,
        data_plane: tokio::runtime::Handle::current(),
        alerts: parts.alerts,
        faults: parts.faults,
        page: parts.page,
        is_loopback: addresses.1.ip().is_loopback(),
    });
    let (stop, stopped) = watch::channel(false);
    let (stop_admin, admin_stopped) = watch::channel(false);
    let config = parts.listener;
    let control_plane =
        control_plane.spawn(&control_runtime, parts.admin_socket, config, admin_stopped)?;
    let data_plane = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        listener::serve(parts.gateway_socket, config, stopped, move |peer, request| {
            let gateway = Arc::clone(&gateway);
            async move { Ok::<_, Infallible>(gateway::serve(gateway, peer, request).await) }
        })
    });
    Ok(Handle {
        gateway,
        control,
        stop,
        stop_admin,
        reload,
        data_plane,
        control_plane,
        addresses,
        login_path,
    })
}

impl Handle {
    /// Puts a new configuration into force, whole.
    pub fn publish(&self, live: Live, control: ControlConfig) {
        // First: whoever sees the new generation must not be told that it was refused.
        self.reload.set(None);
        self.gateway.live.store(Arc::new(live));
        self.control.send_replace(control);
    }

    /// Keeps the configuration and says why.
    pub fn refuse_reload(&self, why: String) {
        self.reload.set(Some(why));
    }

    /// Where gateway and admin listen.
    #[must_use]
    pub const fn addresses(&self) -> (SocketAddr, SocketAddr) {
        self.addresses
    }

    /// Path of the link that opens the first browser session; none if there is no token with every right.
    #[must_use]
    pub fn login_path(&self) -> Option<&str> {
        self.login_path.as_deref()
    }

    /// The configuration in force.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.gateway.live.load_full()
    }

    /// Stops accepting, lets requests under way finish until the drain deadline or until `hurry` is over, then cuts
    /// them. Each leaves its event: the log is to be closed after this.
    pub async fn stop(mut self, hurry: impl Future<Output = ()>) -> Stopped {
        self.gateway.draining.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
        let stopped = tokio::select! {
            busy = &mut self.data_plane => self.cut(busy.unwrap_or_default()).await,
            () = hurry => self.cut_at_once(),
        };
        // Until here it could be seen how the drain goes.
        self.stop_admin.send_replace(true);
        // The control plane drains under the same deadline and has nothing that must be waited for.
        drop(self.gateway);
        let joined = tokio::task::spawn_blocking(move || self.control_plane.join());
        if tokio::time::timeout(Duration::from_secs(1), joined).await.is_err() {
            tracing::debug!("the admin listener was still busy");
        }
        stopped
    }

    async fn cut(&self, mut busy: JoinSet<()>) -> Stopped {
        let n_cut = busy.len();
        // From here on a stream ends, and a dropped request was cut by us, not left by its client.
        self.gateway.stopping.store(true, Ordering::Relaxed);
        let farewell = async { while busy.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL_MAX, farewell).await.is_err() {
            busy.shutdown().await;
        }
        Stopped { n_cut, at_once: false }
    }

    fn cut_at_once(&self) -> Stopped {
        self.gateway.stopping.store(true, Ordering::Relaxed);
        let n_cut = usize::try_from(self.gateway.metrics.in_flight.get()).unwrap_or_default();
        // With it go its connections.
        self.data_plane.abort();
        Stopped { n_cut, at_once: true }
    }
}

//! The two planes without sockets and loops: what listeners and loops would do, one call at a time.
//!
//! A server is made of the same planes (`server.rs`). Without sockets whoever drives them decides when a
//! request goes on, when control looks and what time it is; so a simulation runs the real pipeline and
//! the real controller, and runs them again just so.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use aios_core::{Clock, Split};
use aios_route::Knots;
use aios_store::{DataDir, EventStore};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::sync::{mpsc, watch};

use crate::canary::{
    self, CanaryError, CanaryKeeper, Checked, ControlConfig, Desk, Standing, Wish,
};
use crate::controller::{Controller, ControllerState};
use crate::gateway::memory::Memory;
use crate::gateway::{self, BoxError, Gateway, IdSource, Keys};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::routing::RoutingState;
use crate::trace::EventObserver;

/// What both planes are made of.
pub struct Pieces {
    /// The configuration at start.
    pub live: Live,
    /// What configuration asks of control.
    pub control: ControlConfig,
    /// Policy and sampler.
    pub routing: Arc<RoutingState>,
    /// Knots that the sampler has made, to be stored.
    pub learned: mpsc::Receiver<Knots>,
    /// The event log.
    pub store: Arc<dyn EventStore>,
    /// The data directory.
    pub data_dir: Arc<DataDir>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Keys of the deployment.
    pub keys: Keys,
    /// Is told of each event.
    pub observer: Option<Arc<dyn EventObserver>>,
    /// What ids are made of; by default what the operating system draws.
    pub ids: Option<[u64; 2]>,
}

/// Both planes, put together.
pub(crate) struct Planes {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) controller: Controller,
    pub(crate) controller_state: Arc<ControllerState>,
    pub(crate) canary: Arc<CanaryKeeper>,
    pub(crate) control: watch::Sender<ControlConfig>,
}

impl Planes {
    pub(crate) fn new(pieces: Pieces) -> io::Result<Self> {
        let canary = canary::open(&pieces.data_dir, pieces.control.canary.start)?;
        let (control, config) = watch::channel(pieces.control);
        let (controller, split, controller_state) = Controller::new(
            Arc::clone(&pieces.data_dir),
            config,
            canary.subscribe(),
            pieces.learned,
            Arc::clone(&pieces.clock),
        );
        let metrics = Arc::new(Metrics::new());
        let memory = Memory::new(Arc::clone(&pieces.data_dir), metrics.memory.clone());
        let gateway = Arc::new(Gateway {
            live: ArcSwap::from_pointee(pieces.live),
            split,
            routing: pieces.routing,
            store: pieces.store,
            data_dir: pieces.data_dir,
            sequels: gateway::Sequels::default(),
            words: gateway::WordCounts::default(),
            memory,
            started_at: pieces.clock.now(),
            clock: pieces.clock,
            keys: pieces.keys,
            observer: pieces.observer,
            metrics,
            draining: false.into(),
            stopping: false.into(),
            ids: pieces.ids.map_or_else(IdSource::new, IdSource::keyed),
        });
        Ok(Self { gateway, controller, controller_state, canary, control })
    }
}

/// Both planes, driven by hand.
pub struct Unplugged {
    desk: Arc<Desk>,
    controller: Controller,
    control: watch::Sender<ControlConfig>,
}

impl Unplugged {
    /// Puts them together; nothing runs by itself.
    ///
    /// # Errors
    /// When what is kept of the canary cannot be opened.
    pub fn new(pieces: Pieces) -> io::Result<Self> {
        let Planes { gateway, controller, controller_state, canary, control } =
            Planes::new(pieces)?;
        let desk = Arc::new(Desk {
            keeper: canary,
            config: control.subscribe(),
            controller: controller_state,
            data_dir: Arc::clone(&gateway.data_dir),
            gateway,
            n_panics: 0.into(),
        });
        Ok(Self { desk, controller, control })
    }

    /// Serves one request, as the gateway's listener does. Dropped early, its client has hung up.
    pub fn serve<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin + 'static>(
        &self,
        peer: SocketAddr,
        request: Request<B>,
    ) -> impl Future<Output = Response<impl Body<Data = Bytes, Error = Infallible> + use<B>>> + use<B>
    {
        gateway::serve(Arc::clone(&self.desk.gateway), peer, request)
    }

    /// Looks at configuration, canary and override file, as the controller does again and again.
    pub fn follow(&mut self) {
        self.controller.look(true);
    }

    /// Looks at the canary, as its loop does; none while it is switched off. Blocks.
    ///
    /// # Errors
    /// When rows cannot be read or a line cannot be kept.
    pub fn check(&self) -> Result<Option<Checked>, CanaryError> {
        self.desk.look_or_notice()
    }

    /// Does what an operator asks for. Blocks.
    ///
    /// # Errors
    /// When it cannot be done or kept.
    pub fn decide(&self, wish: Wish, reason: &str) -> Result<Arc<Standing>, CanaryError> {
        self.desk.decide(wish, reason, None)
    }

    /// Puts a new configuration into force, whole.
    pub fn publish(&self, live: Live, control: ControlConfig) {
        self.desk.gateway.live.store(Arc::new(live));
        self.control.send_replace(control);
    }

    /// Whether the memory's threads have nothing to do, and nobody waits for them.
    #[must_use]
    pub fn is_memory_still(&self) -> bool {
        self.desk.gateway.memory.is_still()
    }

    /// The configuration in force.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.desk.gateway.live.load_full()
    }

    /// The split in force.
    #[must_use]
    pub fn split(&self) -> Arc<Split> {
        self.desk.gateway.split()
    }

    /// How the canary stands.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        self.desk.keeper.standing()
    }
}

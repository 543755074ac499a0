//! From a configuration to a running server.

use std::sync::Arc;

use aios_core::{Clock, Faults, Profile};
use aios_privacy::SecretDigest;
use aios_route::{Knots, Policy, Sampler};
use aios_server::{
    AdminConfig, AdminToken, Clients, Handle, KnownNames, Live, LocalEmbedder, Parts, Pieces,
    RoutingState, Scopes,
};
use aios_store::{
    AuditLog, DataDir, Eraser, FileEventLog, Holds, Resumed, Rotator, StoreError, actor,
};
use aios_upstream::Upstreams;
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::endpoints::{Fill, NothingFound};
use crate::cli::output::Failure;
use crate::clock::{JumpingClock, SystemClock};
use crate::config::{Config, ProfileChoice};
use crate::otel::Traces;
use crate::{embedding, keys, knots};

/// What runs.
pub(super) struct Started {
    pub(super) handle: Handle,
    pub(super) store: Arc<FileEventLog>,
    pub(super) rotator: Arc<Rotator>,
    pub(super) routing: Routing,
    pub(super) fill: Fill,
}

/// What a reload needs to change routing.
#[derive(Clone)]
pub(super) struct Routing {
    pub(super) state: Arc<RoutingState>,
    pub(super) data_dir: Arc<DataDir>,
}

/// Takes the sockets and the data directory, and starts the server.
pub(super) async fn start(config: &Config, traces: Option<&Traces>) -> anyhow::Result<Started> {
    let gateway_socket = bind(config.server.listen, "server.listen", "--listen").await?;
    let admin_socket =
        bind(config.server.admin_listen, "server.admin_listen", "--admin-listen").await?;
    let data_dir =
        Arc::new(DataDir::open(&config.server.data_dir).context("cannot open the data directory")?);
    remember_clients(config, &data_dir)?;
    let keys = keys::load(&data_dir).context("cannot load the deployment's keys")?;
    let keyring = keys::keyring(&data_dir).context("cannot load the deployment's keys")?;
    let admin = admin(config, &data_dir).context("cannot load the admin token")?;
    let audit = AuditLog::open(&data_dir, config.audit.clone(), SystemClock.now())
        .context("cannot open the audit trail")?;
    tell_lost_holds(&data_dir);
    let faults = config.chaos.faults.then(Arc::<Faults>::default);
    let store = FileEventLog::open_with_faults(&data_dir, config.events.log, faults.clone())
        .context("cannot open the event log")?;
    let store = Arc::new(store);
    let audit = Arc::new(audit);
    let eraser = eraser(&data_dir, &store, &audit).context("cannot read the ledger of erasures")?;
    let fill = Fill::find(config)
        .await
        .map_err(|error| Failure::new(error.to_string(), NothingFound::HINT))?;
    let embedder = embedding::start(&config.memory, None)?;
    let rotator = Rotator::new(Arc::clone(&store) as _, Arc::clone(&audit));
    let rotator = Arc::new(rotator.with_eraser(Arc::clone(&eraser), &config.events.log.retention));
    let (learned_to, learned) = mpsc::channel(1);
    let (policy, sampler) = policy(config, &data_dir);
    let routing = Arc::new(RoutingState::new(policy, sampler, learned_to));
    let handle = aios_server::start(Parts {
        pieces: Pieces {
            live: live(config, 1, &fill, embedder, None),
            control: config.control(),
            routing: Arc::clone(&routing),
            learned,
            store: Arc::clone(&store) as Arc<dyn aios_store::EventStore>,
            data_dir: Arc::clone(&data_dir),
            clock: clock(faults.as_ref()),
            keys,
            observer: traces.map(Traces::observer),
            ids: None,
        },
        faults,
        listener: config.listener(),
        gateway_socket,
        admin_socket: admin_socket.into_std().context("cannot use the admin socket")?,
        admin,
        audit,
        eraser: Arc::clone(&eraser),
        alerts: config.alerts.clone(),
        rotator: Arc::clone(&rotator),
        page: crate::page::PAGE,
        keyring,
    })
    .context("cannot start the server")?;
    // Whoever has the directory finds the server, whatever address it was given.
    data_dir
        .publish_admin_address(handle.addresses().1)
        .context("cannot say where the server is")?;
    Ok(Started { handle, store, rotator, fill, routing: Routing { state: routing, data_dir } })
}

/// The real clock, or one that may jump.
fn clock(faults: Option<&Arc<Faults>>) -> Arc<dyn Clock> {
    match faults {
        None => Arc::new(SystemClock),
        Some(faults) => Arc::new(JumpingClock(Arc::clone(faults))),
    }
}

/// The configured tokens, and the one that stands in the data directory, which may do everything.
fn admin(config: &Config, data_dir: &DataDir) -> Result<AdminConfig, StoreError> {
    let token = data_dir.load_or_create_admin_token()?;
    let digest = SecretDigest::of(token.expose().as_bytes());
    let owner = AdminToken { name: actor::OWNER.to_owned(), digest, scopes: Scopes::all() };
    let mut admin = config.admin.clone();
    admin.tokens.insert(0, owner);
    admin.instance = instance(data_dir);
    Ok(admin)
}

/// Tells the server of this directory from others: no two serve one directory at a time.
fn instance(data_dir: &DataDir) -> String {
    let path = data_dir.path().to_string_lossy();
    SecretDigest::of(path.as_bytes()).to_hex().chars().take(8).collect()
}

/// Before anybody is served under a name: without it their conversations could not be found.
pub(super) fn remember_clients(config: &Config, data_dir: &DataDir) -> anyhow::Result<()> {
    let names = config.client_keys.iter().map(|key| key.name.as_str());
    data_dir.remember_clients(names).context("cannot remember the names of clients")
}

/// Holds that are gone with their file are kept to; whoever put it aside is told.
fn tell_lost_holds(dir: &DataDir) {
    match Holds::of(dir).lost() {
        Ok(lost) => lost.iter().for_each(|hold| {
            let (id, until) = (hold.id, hold.expires_at);
            tracing::error!(%id, %until, "a hold is on the audit record and not in holds.json; it is kept to all the same: put the file back, or release it");
        }),
        // Then nothing is removed either.
        Err(error) => tracing::error!(%error, "nobody knows which holds are in force"),
    }
}

/// Finishes, beside the start, what a crash has broken off, and erases once more what a backup has brought
/// back.
fn eraser(
    dir: &DataDir,
    store: &Arc<FileEventLog>,
    audit: &Arc<AuditLog>,
) -> Result<Arc<Eraser>, StoreError> {
    let (log, audit) = (Arc::clone(store), Arc::clone(audit));
    let eraser = Arc::new(Eraser::open(dir, log, audit, Arc::new(SystemClock))?);
    let resuming = Arc::clone(&eraser);
    tokio::task::spawn_blocking(move || {
        log_resumed(&resuming.resume());
        match resuming.recheck_at_start() {
            Ok(resumed) => log_resumed(&resumed),
            Err(error) => tracing::error!(%error, "what is erased could not be looked for"),
        }
    });
    Ok(eraser)
}

fn log_resumed(resumed: &Resumed) {
    for receipt in &resumed.receipts {
        tracing::info!(id = receipt.id, state = receipt.state.name(), "an erasure is finished");
    }
    for (id, error) in &resumed.failed {
        tracing::error!(%id, %error, "an erasure cannot be finished; it goes on at the next start");
    }
    if resumed.n_waiting > 0 {
        tracing::warn!(n = resumed.n_waiting, "erasures wait for holds to end");
    }
}

/// One generation of the configuration; endpoints and keys that stay as they were go on from `before`.
pub(super) fn live(
    config: &Config,
    generation: u64,
    fill: &Fill,
    embedder: Option<Arc<LocalEmbedder>>,
    before: Option<&Live>,
) -> Live {
    let mut memory = config.memory.resolved(&config.privacy);
    memory.local = embedder;
    let upstreams = fill.apply(config.upstream.clone());
    let upstreams = Upstreams::new(upstreams, before.map(|before| &*before.upstreams));
    let clients = config.client_keys.clone();
    let (gateway, redactor) = (config.gateway(), config.privacy.redactor());
    Live {
        generation,
        hash: config.hash.clone(),
        answers_hash: config.answers_hash.clone(),
        names: KnownNames::new(&gateway, &upstreams, &redactor),
        gateway,
        upstreams: Arc::new(upstreams),
        policy: config.privacy.policy.clone(),
        redactor: Arc::new(redactor),
        sinks: config.privacy.sinks(),
        judge: config.judge.clone().map(Arc::new),
        memory: Arc::new(memory),
        objectives: Arc::new(config.objectives.clone()),
        nightly: Arc::new(config.nightly.clone()),
        needs_restart: Vec::new(),
        clients: Clients::new(
            config.clients_required,
            clients,
            before.map(|before| &before.clients),
        ),
        shown: Arc::new(crate::config::shown(config)),
    }
}

/// The policy that the configuration asks for, and the sampler that may replace it.
pub(super) fn policy(config: &Config, data_dir: &DataDir) -> (Policy, Option<Sampler>) {
    let sampler = || Some(Sampler::new(config.routing.traffic_after));
    let golden = || Policy { profile: Profile::Golden, knots: Knots::golden() };
    if config.routing.profile == ProfileChoice::Golden {
        return (golden(), None);
    }
    match knots::stored(data_dir) {
        Ok(Some(knots)) => (Policy { profile: Profile::Traffic, knots }, None),
        Ok(None) => (golden(), sampler()),
        Err(error) => {
            tracing::warn!(%error, "the stored traffic knots cannot be used; they will be learned anew");
            (golden(), sampler())
        }
    }
}

async fn bind(address: std::net::SocketAddr, key: &str, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = format!(
            "if another program listens there (another `aios serve`?), end it, or choose another address with {flag} or `{key}`"
        );
        Failure::new(format!("cannot listen on {address} (`{key}`)"), hint).because(error).into()
    })
}

//! The configuration of a simulated deployment.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aios_control::Sources;
use aios_core::{BOUNDARY_DEFAULT, Boundary, Percent, Split, Tier};
use aios_privacy::{KeyMaterial, Keyring, PiiKind, Redactor};
use aios_server::{Clients, ControlConfig, GatewayConfig, KnownNames, Live};
use aios_store::{EventLogConfig, OnFull, SyncPolicy};
use aios_upstream::{
    BreakerPolicy, EndpointConfig, RetryPolicy, ServerKind, Timeouts, UpstreamConfig, Upstreams,
};

/// Longest time that a request may take.
pub(crate) const TOTAL: Duration = Duration::from_secs(60);

/// What the canary is asked every.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// Made once: it is the same for all.
static REDACTOR: LazyLock<Arc<Redactor>> = LazyLock::new(|| Arc::new(Redactor::new(&PiiKind::ALL)));

/// Every answer waits until its event is on disk, so that whatever a client has seen must be kept.
pub(crate) fn event_log() -> EventLogConfig {
    EventLogConfig {
        sync: SyncPolicy::Always,
        queue_max: 64,
        on_full: OnFull::Wait(Duration::from_secs(2)),
        // Small, so that segments are sealed because they are full.
        segment_max: 24 * 1024,
        ..EventLogConfig::default()
    }
}

/// The pseudonyms' keys.
pub(crate) fn keyring() -> Keyring {
    Keyring::new(&[(1, KeyMaterial::new([7; 32]))]).expect("it holds one version")
}

/// One generation of the configuration.
pub(crate) fn live(seed: u64, generation: u64, before: Option<&Live>) -> Live {
    let gateway = GatewayConfig {
        sequels: true,
        body_max: 1 << 20,
        body_timeout: Duration::from_secs(10),
        total_timeout: TOTAL,
        text_max: 4096,
        aliases: Vec::new(),
    };
    let upstreams = Upstreams::new(upstreams(), before.map(|before| &*before.upstreams));
    let upstreams = upstreams.with_draws(seed ^ generation);
    let redactor = Arc::clone(&REDACTOR);
    Live {
        generation,
        hash: format!("{generation:012x}"),
        shown: Arc::default(),
        answers_hash: "0123456789ab".to_owned(),
        names: KnownNames::new(&gateway, &upstreams, &redactor),
        gateway,
        upstreams: Arc::new(upstreams),
        redactor,
        sinks: None,
        memory: Arc::default(),
        objectives: Arc::default(),
        judge: None,
        clients: Clients::new(false, Vec::new(), before.map(|before| &before.clients)),
    }
}

fn upstreams() -> UpstreamConfig {
    UpstreamConfig {
        main: vec![endpoint(Tier::Main)],
        embedder: vec![endpoint(Tier::Embedder)],
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            first_token: Duration::from_secs(20),
            whole: Duration::from_secs(40),
            inter_token: Duration::from_secs(10),
            total: TOTAL,
            finish_grace: Duration::from_secs(1),
        },
        retries: RetryPolicy {
            attempts_max: 4,
            backoff_base: Duration::from_millis(100),
            backoff_max: Duration::from_secs(2),
        },
        breaker: BreakerPolicy {
            failures: 3,
            open: Duration::from_secs(10),
            open_max: Duration::from_secs(120),
        },
        lmstudio_preload: false,
    }
}

/// Name of a tier's endpoint.
pub(crate) const fn endpoint_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Main => "sim-main",
        Tier::Embedder => "sim-embedder",
    }
}

fn endpoint(tier: Tier) -> EndpointConfig {
    let name = endpoint_name(tier);
    EndpointConfig {
        name: name.to_owned(),
        url: format!("sim://{}?slots=4&model={name}", tier.name()),
        model: name.to_owned(),
        kind: ServerKind::Simulated,
        api_key: None,
        concurrency_max: 4,
        queue_max: 8,
        queue_timeout: Duration::from_secs(10),
        input_usd_per_mtok: Some(1.0),
        output_usd_per_mtok: Some(2.0),
    }
}

/// What is asked of control. `seed` chooses whom the canary listens to.
pub(crate) fn control(seed: u64, adaptive: bool) -> ControlConfig {
    let mut control = ControlConfig::fixed(Split {
        treatment_pct: Percent::new(10.0).expect("it is a percentage"),
        control_boundary: BOUNDARY_DEFAULT,
        treatment_boundary: Boundary::new(0.6).expect("it is a boundary"),
        adaptive,
        frozen: false,
        origin: if adaptive { "config" } else { "kill_switch" }.to_owned(),
    });
    control.canary.enabled = true;
    control.canary.check_every = CHECK_EVERY;
    control.canary.settle = TOTAL;
    control.canary.sources = if seed.is_multiple_of(2) { Sources::Auto } else { Sources::Golden };
    control
}

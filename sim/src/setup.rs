//! The configuration of a simulated deployment.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aios_control::{Sources, Stages};
use aios_core::{BOUNDARY_DEFAULT, Boundary, Percent, Split, Tier};
use aios_privacy::{
    Action, KeyMaterial, Keyring, PiiKind, Policy, Pseudonym, Redactor, SecretDigest, Sink,
};
use aios_server::{
    ClientKey, Clients, ControlConfig, GatewayConfig, KnownNames, Live, MemoryConfig, MemoryMode,
    OnUnscannable, SinkOptions, Sinks,
};
use aios_store::{EventLogConfig, OnFull, SyncPolicy};
use aios_upstream::{
    BreakerPolicy, EndpointConfig, RetryPolicy, ServerKind, Timeouts, UpstreamConfig, Upstreams,
};

use crate::invariants::LIMITED;
use crate::planted::Planted;
use crate::step::{CLIENTS, Talk};
use crate::text;

/// Longest time that a request may take.
pub(crate) const TOTAL: Duration = Duration::from_secs(60);

/// In a third of the seeds events are compressed when they are so old, which clocks here come to.
const HOT: Duration = Duration::from_secs(3_600);

/// What the canary is asked every.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// Made once: it is the same for all.
static REDACTOR: LazyLock<Arc<Redactor>> = LazyLock::new(|| Arc::new(Redactor::new(&PiiKind::ALL)));

/// The planted bug: nothing is masked.
static BLIND: LazyLock<Arc<Redactor>> = LazyLock::new(|| Arc::new(Redactor::new(&[])));

/// Mostly every answer waits until its event is on disk, so that whatever a client has seen must be kept. By the other
/// policies it is kept too: before a process dies here, the writer's thread is waited for.
pub(crate) fn event_log(seed: u64) -> EventLogConfig {
    let mut terms = EventLogConfig::default().retention;
    if seed % 3 == 1 {
        terms.events.hot = Some(HOT);
    }
    EventLogConfig {
        retention: terms,
        sync: match seed % 8 {
            6 => SyncPolicy::Interval(Duration::from_millis(100)),
            7 => SyncPolicy::Never,
            _ => SyncPolicy::Always,
        },
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

/// Whom a conversation's events are stored as.
pub(crate) fn pseudonyms(seed: u64, talk: Talk) -> Vec<Pseudonym> {
    let id = text::conversation_id(seed, talk);
    keyring().conversation(&[text::client_name(talk.client).as_bytes(), id.as_bytes()])
}

/// What the client with limits may ask in a minute, and how much at once.
pub(crate) const REQUESTS_PER_MINUTE: u64 = 4;
pub(crate) const CONCURRENCY_MAX: usize = 2;

fn clients(before: Option<&Live>, planted: Option<Planted>) -> Clients {
    let per_minute = match planted {
        Some(Planted::HarshLimit) => 1,
        Some(Planted::LavishMinute) => REQUESTS_PER_MINUTE + 1,
        _ => REQUESTS_PER_MINUTE,
    };
    let is_crowded = planted == Some(Planted::NoLimit);
    let key = |client: u64| {
        let has_limits = client == LIMITED;
        Some(ClientKey {
            name: text::client_name(client).to_owned(),
            digest: SecretDigest::of(text::client_key(client)?.as_bytes()),
            requests_per_minute: has_limits.then_some(per_minute),
            tokens_per_minute: None,
            concurrency_max: (has_limits && !is_crowded).then_some(CONCURRENCY_MAX),
            may_steer: false,
            memory: None,
        })
    };
    let keys = (0..CLIENTS).filter_map(key).collect();
    Clients::new(false, keys, before.map(|before| &before.clients))
}

/// What is done with personal data on its way, by the seed.
pub(crate) const fn passing(seed: u64) -> Option<(Sink, Action)> {
    match seed % 6 {
        0 => Some((Sink::Upstream, Action::Placeholder)),
        1 => Some((Sink::Upstream, Action::Mask)),
        2 => Some((Sink::Upstream, Action::Block)),
        3 => Some((Sink::Client, Action::Mask)),
        _ => None,
    }
}

/// Made once: they are costly, and the same for all.
static SINKS: [LazyLock<Option<Arc<Sinks>>>; 4] = [
    LazyLock::new(|| sinks(0)),
    LazyLock::new(|| sinks(1)),
    LazyLock::new(|| sinks(2)),
    LazyLock::new(|| sinks(3)),
];

fn sinks(seed: u64) -> Option<Arc<Sinks>> {
    let (sink, action) = passing(seed)?;
    let policy = Policy::default().with_default(sink, action);
    let redactor = |is_in: &dyn Fn(PiiKind) -> bool| {
        let kinds: Vec<_> = PiiKind::ALL.into_iter().filter(|kind| is_in(*kind)).collect();
        Redactor::new(&kinds)
    };
    let options = SinkOptions { on_unscannable: OnUnscannable::Block, restore_in_tools: true };
    Sinks::new(policy, redactor, options).map(Arc::new)
}

/// Whether what is said in a conversation is put before the model again.
pub(crate) const fn remembers(seed: u64) -> bool {
    seed % 5 == 4
}

/// What is found is given, however little it has to do with the question.
fn memory(seed: u64) -> MemoryConfig {
    let mut memory = MemoryConfig::off(Policy::default(), Redactor::default);
    if remembers(seed) {
        memory.mode = MemoryMode::Conversation;
        memory.words_max = 950;
        memory.search_timeout = Duration::from_secs(5);
    }
    memory
}

/// One generation of the configuration.
pub(crate) fn live(
    seed: u64,
    generation: u64,
    before: Option<&Live>,
    planted: Option<Planted>,
) -> Live {
    let is_endless = planted == Some(Planted::Endless);
    let gateway = GatewayConfig {
        sequels: true,
        body_max: 1 << 20,
        body_timeout: if is_endless { FOREVER } else { Duration::from_secs(10) },
        total_timeout: if is_endless { FOREVER } else { TOTAL },
        text_max: 4096,
        aliases: Vec::new(),
    };
    let upstreams = Upstreams::new(upstreams(planted), before.map(|before| &*before.upstreams));
    let upstreams = upstreams.with_draws(seed ^ generation);
    let redactor = match planted {
        Some(Planted::RawText) if generation > 1 => Arc::clone(&BLIND),
        _ => Arc::clone(&REDACTOR),
    };
    let sinks = SINKS.get((seed % 6) as usize).and_then(|sinks| (*sinks).clone());
    Live {
        generation,
        hash: format!("{generation:012x}"),
        shown: Arc::default(),
        answers_hash: "0123456789ab".to_owned(),
        names: KnownNames::new(&gateway, &upstreams, &redactor),
        gateway,
        upstreams: Arc::new(upstreams),
        policy: Policy::default(),
        redactor,
        sinks: sinks.filter(|_| planted != Some(Planted::Unmasked)),
        memory: Arc::new(memory(seed)),
        objectives: Arc::default(),
        judge: None,
        nightly: Arc::default(),
        needs_restart: Vec::new(),
        clients: clients(before, planted),
    }
}

/// Where a planted bug leaves out a limit of time.
const FOREVER: Duration = Duration::from_secs(86_400 * 365);

/// After so long at most a breaker tries an endpoint again.
const OPEN_MAX: Duration = Duration::from_secs(120);

fn upstreams(planted: Option<Planted>) -> UpstreamConfig {
    let is_stuck = planted == Some(Planted::StuckBreaker);
    let is_endless = planted == Some(Planted::Endless);
    let (limit, forever) = (|time| if is_endless { FOREVER } else { time }, FOREVER);
    UpstreamConfig {
        main: vec![endpoint(Tier::Main)],
        embedder: vec![endpoint(Tier::Embedder)],
        timeouts: Timeouts {
            connect: limit(Duration::from_secs(2)),
            first_token: limit(Duration::from_secs(20)),
            whole: limit(Duration::from_secs(40)),
            inter_token: limit(Duration::from_secs(10)),
            total: limit(TOTAL),
            finish_grace: Duration::from_secs(1),
        },
        retries: RetryPolicy {
            attempts_max: 4,
            backoff_base: Duration::from_millis(100),
            backoff_max: Duration::from_secs(2),
        },
        breaker: BreakerPolicy {
            failures: if is_stuck { 1 } else { 3 },
            open: if is_stuck { forever } else { Duration::from_secs(10) },
            open_max: if is_stuck { forever } else { OPEN_MAX },
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
        // What has reached it is seen in what it answers.
        url: format!("sim://{}?slots=4&echo&model={name}", tier.name()),
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

/// Whom the canary listens to.
pub(crate) const fn sources(seed: u64) -> Sources {
    if seed.is_multiple_of(2) { Sources::Auto } else { Sources::Golden }
}

/// What is asked of control. `seed` chooses whom the canary listens to.
pub(crate) fn control(seed: u64, adaptive: bool, planted: Option<Planted>) -> ControlConfig {
    let adaptive = adaptive || planted == Some(Planted::DeafKillSwitch);
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
    control.canary.sources = sources(seed);
    match planted {
        Some(Planted::EarlyAdvance) => control.canary.policy.passes = 2,
        Some(Planted::SkippedStage) => {
            control.canary.policy.stages = Stages::new(&[10.0, 50.0, 100.0]).expect("they rise");
        }
        _ => {}
    }
    control
}

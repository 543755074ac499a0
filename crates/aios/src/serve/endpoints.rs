//! Which endpoints the tiers get where none are configured: what is found, else simulated ones.

use std::time::Duration;

use aios_core::Tier;
use aios_upstream::{
    EndpointConfig, FoundServer, HttpFetch, Pick, SimSpec, UpstreamConfig, choose_tiers, discover,
};

use crate::config::{Config, EndpointLimits};

/// How often servers are looked for while simulated models stand in for them.
pub(super) const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(10);

/// Endpoints for the tiers that have none configured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fill {
    main: Option<EndpointConfig>,
    embedder: Option<EndpointConfig>,
    /// Simulated models stand in.
    pub(super) is_simulated: bool,
}

/// Why nothing can answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NothingFound {
    /// There is no server where they are looked for.
    #[error("no endpoint is configured, and no model server was found at {0}")]
    LookedAt(String),
    /// They are not to be looked for.
    #[error("no endpoint is configured, and none is looked for (discovery.enabled = false)")]
    NotLookedFor,
}

impl NothingFound {
    /// What to do about it.
    pub(crate) const HINT: &str =
        "start a model server, name its endpoints in aios.toml, or set discovery.simulate = true";

    /// What a server of this configuration fails with, whatever is there to be found.
    pub(crate) fn for_certain(config: &Config) -> Option<Self> {
        let is_certain = !config.discovery.enabled && Unfound::of(config) == Unfound::NoStart;
        is_certain.then_some(Self::NotLookedFor)
    }
}

/// What becomes of tiers without an endpoint where no server is found. `aios serve` goes by it, and
/// `aios config check` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfound {
    /// Each tier has an endpoint.
    AllConfigured,
    /// This tier has none: half of the answers must not be made up where the other half is real.
    OtherTier(Tier),
    /// Simulated models stand in.
    Simulated,
    /// The server does not start.
    NoStart,
}

impl Unfound {
    /// Of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        match empty_tiers(&config.upstream).as_slice() {
            [] => Self::AllConfigured,
            [tier] => Self::OtherTier(*tier),
            _ if config.discovery.simulate => Self::Simulated,
            _ => Self::NoStart,
        }
    }
}

/// What a tier does where the other one has no endpoint.
pub(crate) const fn answers_alone(tier: Tier) -> &'static str {
    match tier {
        Tier::Main => "main answers all messages, embeddings are refused",
        Tier::Embedder => "embedder answers everything",
    }
}

impl Fill {
    /// Looks for servers if a tier needs one.
    ///
    /// # Errors
    /// When a tier needs one, none is found and simulated models are not wanted.
    pub(crate) async fn find(config: &Config) -> Result<Self, NothingFound> {
        let unfound = Unfound::of(config);
        if unfound == Unfound::AllConfigured {
            return Ok(Self::default());
        }
        if let Some(found) = Self::look(config).await {
            return Ok(found);
        }
        match unfound {
            Unfound::AllConfigured => Ok(Self::default()),
            Unfound::OtherTier(tier) => {
                let then = answers_alone(tier.other());
                tracing::warn!(%tier, "no endpoint is configured or found: {then}");
                Ok(Self::default())
            }
            Unfound::Simulated => Ok(Self::simulated(&config.limits)),
            Unfound::NoStart => Err(NothingFound::for_certain(config)
                .unwrap_or_else(|| NothingFound::LookedAt(config.discovery.urls.join(", ")))),
        }
    }

    /// Looks for servers; `None` if there is none with a model that generates text.
    pub(super) async fn look(config: &Config) -> Option<Self> {
        if !config.discovery.enabled {
            return None;
        }
        let urls: Vec<&str> = config.discovery.urls.iter().map(|url| root_of(url)).collect();
        let found = discover(&HttpFetch::new(), &urls).await;
        say_what_is_loading(&found);
        let tiers = choose_tiers(&found)?;
        Some(Self {
            main: Some(of_pick(&tiers.main, "main-1", &config.limits)),
            embedder: Some(of_pick(&tiers.embedder, "embedder-1", &config.limits)),
            is_simulated: false,
        })
    }

    fn simulated(limits: &EndpointLimits) -> Self {
        let of_tier = |tier: Tier| {
            let pick = Pick {
                kind: aios_upstream::ServerKind::Simulated,
                url: format!("sim://{tier}"),
                model: SimSpec::of_tier(tier).model,
            };
            Some(of_pick(&pick, &format!("{tier}-1"), limits))
        };
        Self { main: of_tier(Tier::Main), embedder: of_tier(Tier::Embedder), is_simulated: true }
    }

    /// The configuration with its empty tiers filled.
    pub(crate) fn apply(&self, mut config: UpstreamConfig) -> UpstreamConfig {
        if config.main.is_empty() {
            config.main.extend(self.main.clone());
        }
        if config.embedder.is_empty() {
            config.embedder.extend(self.embedder.clone());
        }
        config
    }
}

/// The tiers that have no endpoint configured.
pub(super) fn empty_tiers(config: &UpstreamConfig) -> Vec<Tier> {
    Tier::ALL.into_iter().filter(|tier| config.tier(*tier).is_empty()).collect()
}

fn say_what_is_loading(found: &[FoundServer]) {
    for server in found.iter().filter(|server| server.loading) {
        tracing::warn!(
            url = server.url,
            "a model server is still loading its model and is left out"
        );
    }
}

fn of_pick(pick: &Pick, name: &str, limits: &EndpointLimits) -> EndpointConfig {
    EndpointConfig {
        name: name.to_owned(),
        url: pick.url.clone(),
        model: pick.model.clone(),
        kind: pick.kind,
        api_key: None,
        concurrency_max: limits.concurrency_max,
        queue_max: limits.queue_max,
        queue_timeout: limits.queue_timeout,
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
    }
}

fn root_of(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix("/v1").unwrap_or(url)
}

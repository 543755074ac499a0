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

/// Why a tier stays without an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("no model server was found for {tiers}; looked at {urls}")]
pub(crate) struct NothingFound {
    tiers: String,
    urls: String,
}

impl Fill {
    /// Looks for servers if a tier needs one.
    ///
    /// # Errors
    /// When a tier needs one, none is found and simulated models are not wanted.
    pub(crate) async fn find(config: &Config) -> Result<Self, NothingFound> {
        let empty = empty_tiers(&config.upstream);
        if empty.is_empty() {
            return Ok(Self::default());
        }
        if let Some(found) = Self::look(config).await {
            return Ok(found);
        }
        if let [Tier::Main] | [Tier::Embedder] = empty.as_slice() {
            // Half of the answers must not be made up where the other half is real.
            tracing::warn!(tier = %empty[0], "no endpoint is configured or found; the other tier answers all");
            return Ok(Self::default());
        }
        if config.discovery.simulate {
            return Ok(Self::simulated(&config.limits));
        }
        Err(NothingFound {
            tiers: empty.iter().map(Tier::to_string).collect::<Vec<_>>().join(" and "),
            urls: config.discovery.urls.join(", "),
        })
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

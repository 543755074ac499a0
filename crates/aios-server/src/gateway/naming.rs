//! What a model name asks for.

use aios_core::Tier;

use super::errors::GatewayError;
use crate::live::Live;

/// The name that lets the gateway choose.
pub(crate) const AUTO: &str = "aios-auto";
/// The names that pin a tier.
pub(crate) const PINS: [(&str, Tier); 2] =
    [("aios-main", Tier::Main), ("aios-embedder", Tier::Embedder)];

/// What the client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The gateway chooses the tier.
    Auto,
    /// One tier.
    Tier(Tier),
    /// One model by its exact name.
    Model(String),
}

/// Reads a model name: our own names, then exact endpoint models, then aliases.
pub(crate) fn asked(live: &Live, model: &str) -> Result<Asked, GatewayError> {
    if model == AUTO {
        return Ok(Asked::Auto);
    }
    if let Some((name, tier)) = PINS.iter().find(|(name, _)| *name == model) {
        return match live.upstreams.serves(*tier) {
            true => Ok(Asked::Tier(*tier)),
            false => Err(GatewayError::TierWithoutEndpoint { model: name, tier: *tier }),
        };
    }
    if live.upstreams.has_model(model) {
        return Ok(Asked::Model(model.to_owned()));
    }
    if live.gateway.aliases.iter().any(|alias| alias == model) {
        return Ok(Asked::Auto);
    }
    Err(GatewayError::UnknownModel { model: model.chars().take(NAME_SHOWN_MAX).collect() })
}

/// Longest model name repeated in an error, in characters.
const NAME_SHOWN_MAX: usize = 128;

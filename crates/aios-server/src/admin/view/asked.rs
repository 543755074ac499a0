//! Which time is asked for.

use aios_core::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::words::Time;

/// A time.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Times {
    /// From here on; without it, a day before the end.
    #[schemars(with = "Option<Time>")]
    pub(super) since: Option<Timestamp>,
    /// Up to here; without it, now.
    #[schemars(with = "Option<Time>")]
    pub(super) until: Option<Timestamp>,
}

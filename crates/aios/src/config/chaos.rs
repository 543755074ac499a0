//! `[chaos]`: as it is written is as it is.

use serde::Deserialize;

/// Trials of what becomes of the system when something fails.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// Whether faults may be ordered over the admin API.
    pub faults: bool,
}

//! What a request is made for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a request was made. Only live traffic counts where AIOS judges how it serves: what is measured must
/// not be moved by measuring it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Somebody wants the answer.
    #[default]
    Live,
    /// A case of a golden set.
    Golden,
    /// A load or chaos test.
    Loadtest,
    /// Something that was asked before.
    Replay,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Live, Self::Golden, Self::Loadtest, Self::Replay];

    /// Name in headers and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Golden => "golden",
            Self::Loadtest => "loadtest",
            Self::Replay => "replay",
        }
    }

    /// Whether it counts where AIOS judges how it serves.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

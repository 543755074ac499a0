//! Documents that people edit too.

use crate::erase::registry::{Store, Treatment};

/// Golden sets, baselines and the reports made of them: production prompts may have become cases.
pub(crate) const GOLDENS: Store = Store {
    name: "goldens",
    files: &["goldens/*", "retrieval_qa/*"],
    treatment: Treatment::Records,
};

/// Reports.
pub(crate) const REPORTS: Store =
    Store { name: "reports", files: &["reports/*"], treatment: Treatment::Records };

/// What routing has learned, and its outcome log.
pub(crate) const ROUTER: Store =
    Store { name: "router", files: &["router/*"], treatment: Treatment::Lines };

/// What the operator sets while the server runs.
pub(crate) const SETTINGS: Store = Store {
    name: "settings",
    files: &["analytics/adaptive_override.json", "holds.json", "retention.json"],
    treatment: Treatment::Apart,
};

/// What is wrong and who was told of it: figures and advice, nobody's words.
pub(crate) const ALERTS: Store =
    Store { name: "alerts", files: &["alerts/book.json"], treatment: Treatment::Apart };

/// The names of the clients that there are or have been.
pub(crate) const CLIENTS: Store =
    Store { name: "clients", files: &["clients.json"], treatment: Treatment::Names };

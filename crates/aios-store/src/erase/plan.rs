//! What is looked at before anything is erased.

use std::fmt::Write as _;
use std::time::Duration;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::census::{Census, Named};
use super::registry::{STORES, Treatment};
use crate::hex;

/// How long a plan may be executed.
pub(super) const PLAN_LIFE: Duration = Duration::from_secs(15 * 60);

/// What an erasure would remove.
#[derive(Debug, Serialize)]
pub struct ErasePlan {
    /// The erasure.
    pub id: String,
    /// What was found.
    pub census: Census,
    /// The digest that has to be shown to execute it.
    pub plan_hash: String,
    /// Until when.
    pub valid_until: Timestamp,
}

/// The digest of a plan: whose data, and how much of it where.
#[must_use]
pub fn plan_hash(target: &[Pseudonym], census: &Census) -> String {
    let mut text = String::from("aios erasure plan\n");
    for pseudonym in target {
        // Writing to a string cannot fail.
        writeln!(text, "{pseudonym}").unwrap_or_default();
    }
    // Without catalogues, which follow in their own time, and without what is found by the id itself,
    // which whoever executes the plan may not know.
    let counted = census.stores.iter().filter(|store| store.by_pseudonym != Named::default());
    for store in counted.filter(|store| !is_catalogue(store.store)) {
        let Named { n_records, n_bytes, n_files } = store.by_pseudonym;
        writeln!(text, "{} {n_records} {n_bytes} {n_files}", store.store).unwrap_or_default();
    }
    hex::encode(&Sha256::digest(text))
}

fn is_catalogue(name: &str) -> bool {
    let mut stores = STORES.iter().filter(|store| store.name == name);
    stores.any(|store| {
        matches!(store.treatment, Treatment::Derived | Treatment::Catalogue | Treatment::Indexed)
    })
}

//! What an erasure leaves of somebody on purpose: how often, where, and by which rule.
//!
//! Whoever reads everything afterwards finds it again. So it is told apart from what should be gone, in the same words by
//! the receipt and by `aios data verify`.

use serde::Serialize;

use super::census::{Census, StoreCount};
use super::registry::{STORES, Treatment};

/// What stays in one store by one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// The store.
    pub store: &'static str,
    /// Lines, records, pages or names.
    pub n: u64,
    /// The rule.
    pub why: &'static str,
}

const PROOF: &str =
    "proof of what was done names whom it is about, by pseudonym and by nothing else";
const THEIRS: &str = "lines of others have it in their text; they are theirs";
const CHAINED: &str = "an operator's words in a chain of hashes, which cannot lose a line";
const ANYBODYS: &str =
    "the id may be anybody's word or number there, and no pseudonym stands beside it";

impl Census {
    /// What an erasure leaves, store by store.
    #[must_use]
    pub fn stays(&self) -> Vec<Stays> {
        let names = Stays { store: "names of files", n: self.n_names_mentioning, why: ANYBODYS };
        let all = self.stores.iter().flat_map(in_store).chain([names]);
        all.filter(|stays| stays.n > 0).collect()
    }
}

fn in_store(count: &StoreCount) -> [Stays; 2] {
    let store = count.store;
    [
        Stays { store, n: count.n_proofs, why: PROOF },
        Stays { store, n: count.n_mentions, why: mentions_of(store) },
    ]
}

fn mentions_of(name: &str) -> &'static str {
    let treatment = STORES.iter().find(|store| store.name == name).map(|store| store.treatment);
    match treatment {
        Some(Treatment::Lines | Treatment::Database) => THEIRS,
        Some(
            Treatment::Records
            | Treatment::Derived
            | Treatment::Catalogue
            | Treatment::Indexed
            | Treatment::Scraps
            | Treatment::Names
            | Treatment::Proof
            | Treatment::Apart,
        )
        | None => ANYBODYS,
        Some(Treatment::Chain) => CHAINED,
    }
}

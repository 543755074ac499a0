//! Asks the memory the questions of a set.

use std::time::Instant;

use aios_core::{Clock as _, Timestamp};
use aios_eval::retrieval::{Answer, QaCase};
use aios_memory::{Unit, n_words};
use aios_privacy::{Keyring, Pseudonym};
use aios_store::{MemoryScope, MemoryStore, Recalled};

use crate::cli::memory::opened::conversation;
use crate::clock::SystemClock;

/// How questions are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    pub(super) k: usize,
    pub(super) unit: Unit,
    pub(super) words_max: usize,
    /// Client whose conversations are meant.
    pub(super) client: &'a str,
}

/// An answer, and the ids in it for whoever judges it elsewhere.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) answer: Answer,
    /// Ids of each result in the order in which they were said.
    pub(super) spans: Vec<Vec<String>>,
    /// The id for which each result was found, the best first; then all others.
    pub(super) fragments: Vec<String>,
}

/// Asks one question in its conversation, or, where it names none, in all that is stored.
pub(super) fn ask(
    memory: &MemoryStore,
    ring: &Keyring,
    case: &QaCase,
    manner: Manner<'_>,
) -> anyhow::Result<Asked> {
    let scope = case.conv_id.as_deref().map(|id| scope_of(ring, manner.client, id));
    let begun = Instant::now();
    let mut query = memory.query(&case.question, now());
    (query.k, query.unit, query.words_max) = (manner.k, manner.unit, manner.words_max);
    let results = match &scope {
        Some(scope) => memory.search(scope, &query)?,
        None => memory.search_everything(&query)?,
    };
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    Ok(asked(&results, scope.as_ref(), ms))
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// A conversation by the application's id, or by the pseudonym that events show.
fn scope_of(ring: &Keyring, client: &str, id: &str) -> MemoryScope {
    match Pseudonym::parse(id) {
        Ok(pseudonym) if pseudonym.is_conversation() => MemoryScope::Conversation(vec![pseudonym]),
        Ok(_) | Err(_) => conversation(ring, client, id),
    }
}

fn asked(results: &[Recalled], scope: Option<&MemoryScope>, ms: f64) -> Asked {
    let is_leak = |home: &str| match scope {
        Some(MemoryScope::Conversation(all)) => !all.iter().any(|one| one.as_str() == home),
        Some(MemoryScope::Subject(_) | MemoryScope::Shared) | None => false,
    };
    let fragments = || results.iter().flat_map(|result| &result.fragments);
    let answer = Answer {
        // Copies that were merged into a fragment are found with it.
        results: results
            .iter()
            .map(|result| {
                let ids = result.fragments.iter().flat_map(|one| one.also.iter().chain([&one.id]));
                ids.cloned().collect()
            })
            .collect(),
        n_words: fragments().map(|one| n_words(&one.text)).sum(),
        n_leaks: fragments().filter(|one| is_leak(&one.home)).count(),
        ms,
    };
    let spans =
        results.iter().map(|result| result.fragments.iter().map(|one| one.id.clone()).collect());
    let best = results.iter().filter_map(|result| result.fragments.get(result.best));
    let mut ids: Vec<String> = best.map(|one| one.id.clone()).collect();
    let rest: Vec<String> =
        fragments().map(|one| one.id.clone()).filter(|id| !ids.contains(id)).collect();
    ids.extend(rest);
    Asked { answer, spans: spans.collect(), fragments: ids }
}

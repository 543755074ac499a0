//! Finds what was said before, in time or not at all.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Bucket, MemoryOutcome, MemoryUse, Timestamp};
use aios_memory::{ModelId, Quantized, Query, normal_hash};
use aios_privacy::{Pseudonym, Pseudonymizer};
use aios_store::{FRAGMENT_MAX, MemoryScope, MemoryStore, Recalled, RecalledFragment, StoreError};
use aios_upstream::Edit;
use bytes::Bytes;
use tokio::time::Instant;

use super::Opened;
use super::config::MemoryConfig;
use super::embed::{Embedded, embed};
use super::fence::{block, put};
use super::local::Haste;
use super::turn::texts_at;
use super::wanted::Wanted;
use crate::gateway::Gateway;
use crate::gateway::cut::bounded;
use crate::gateway::record::Record;

/// Finds what answers the question, to be put into the body before the user's last turn. What came of it
/// stands in `wanted`. `None` where the body stays as it is.
pub(in crate::gateway) async fn recall(
    record: &Record,
    wanted: &mut Wanted,
    body: &Bytes,
) -> Option<Edit> {
    let asked = wanted.asked.as_ref()?;
    let gateway = record.gateway();
    let mut search = Search {
        scope: asked.scope.clone(),
        question: question(record).to_owned(),
        config: Arc::clone(&wanted.config),
        now: record.facts().ts,
        body: body.clone(),
        contents: asked.contents.clone(),
        vector: None,
    };
    let begun = Instant::now();
    let has_vectors = wanted.config.embeddings;
    if has_vectors {
        search.vector = vector_in_time(record, &wanted.config, &search).await;
    }
    let had_vector = search.vector.is_some();
    let found = in_time(gateway, search, wanted.config.search_timeout).await;
    let took = begun.elapsed();
    let is_by_vector = found.as_ref().map_or(had_vector, |found| found.is_by_vector);
    let is_degraded = has_vectors && !is_by_vector;
    let found = found.map(|found| found.spans);
    let n_found = found.as_ref().map_or(0, |found| count(found));
    let withheld = wanted.config.withheld.get() / 100.0;
    let (outcome, propensity) = match &found {
        Err(outcome) => (*outcome, 1.0),
        Ok(found) if found.is_empty() => (MemoryOutcome::Nothing, 1.0),
        Ok(_) if is_withheld(gateway, record, wanted) => (MemoryOutcome::Withheld, withheld),
        Ok(_) => (MemoryOutcome::Given, 1.0 - withheld),
    };
    let came = MemoryUse { outcome, is_degraded, propensity };
    gateway.memory.metrics.asked(&came, n_found, took);
    let given = (outcome == MemoryOutcome::Given).then(|| found.unwrap_or_default());
    let block = given.as_ref().map(|given| block(&gateway.keys, given));
    let edit = block.as_ref().map(|block| put(block, body, &asked.turn, wanted.config.place));
    wanted.block = block.unwrap_or_default();
    wanted.came = Some(came);
    let fragments = given.iter().flatten().flat_map(|span| &span.fragments);
    wanted.given = fragments.map(|one| one.number).collect();
    edit
}

/// What is asked, no longer than what is kept of it.
fn question(record: &Record) -> &str {
    bounded(&record.facts().question, FRAGMENT_MAX)
}

/// By a keyed hash of the turn, so that a request that is sent again fares the same.
fn is_withheld(gateway: &Gateway, record: &Record, wanted: &Wanted) -> bool {
    let facts = record.facts();
    let conversation = facts.conversation.as_ref().map_or("", |(id, _)| id.as_str());
    let turn = facts.msg_id.to_le_bytes();
    let lot = lot(&gateway.keys.pseudonyms, conversation, &turn, question(record));
    aios_route::bucket_of(&gateway.keys.bucket, &lot, wanted.config.withheld) == Bucket::Treatment
}

/// What is asked counts too: of a client that sends nothing but its newest turn, every turn is the first.
fn lot(key: &Pseudonymizer, conversation: &str, turn: &[u8], question: &str) -> Pseudonym {
    let parts = [b"memory withheld", conversation.as_bytes(), turn, question.as_bytes()];
    key.conversation(&parts)
}

fn count(found: &[Recalled]) -> usize {
    found.iter().map(|span| span.fragments.len()).sum()
}

/// Most bytes of a request that are read beside other requests.
const AT_HAND_BYTES_MAX: usize = 64 * 1024;

/// What a search came to.
struct Found {
    spans: Vec<Recalled>,
    /// The question's vector was compared; one of another model than that in force is not.
    is_by_vector: bool,
}

/// One search, with all that it needs on another thread.
struct Search {
    scope: MemoryScope,
    question: String,
    config: Arc<MemoryConfig>,
    now: Timestamp,
    body: Bytes,
    /// Where what is said in it stands.
    contents: Vec<Range<usize>>,
    /// The question's, and the model that it is of.
    vector: Option<(ModelId, Quantized)>,
}

/// The question's vector; `None` if it does not come in time.
async fn vector_in_time(
    record: &Record,
    config: &MemoryConfig,
    search: &Search,
) -> Option<(ModelId, Quantized)> {
    let gateway = record.gateway();
    let opened = Arc::clone(&gateway.memory.opened);
    let (scope, question) = (search.scope.clone(), search.question.clone());
    // Masked as what it is compared with.
    let question = config.remembered(&question)?.as_str().to_owned();
    // It reads the store as a search does, and counts as one.
    let turn = Arc::clone(&gateway.memory.searches).try_acquire_owned().ok()?;
    let embedding = async {
        let cut = move || {
            let cut = opened.store()?.question_to_embed(&scope, &question);
            drop(turn);
            cut
        };
        let question = tokio::task::spawn_blocking(cut).await.ok()?.ok()?;
        let texts = [question].to_vec();
        let embedded = embed(gateway, record.live(), &texts, Haste::Question).await;
        let Embedded { model, mut vectors } = embedded.ok()?;
        Some((model, vectors.pop()??))
    };
    tokio::time::timeout(config.embed_timeout, embedding).await.ok()?
}

/// Searches at once if all of it is at hand, else where it holds up no other request. A search that is too
/// late ends by itself, and has warmed the cache.
async fn in_time(
    gateway: &Gateway,
    search: Search,
    longest: Duration,
) -> Result<Found, MemoryOutcome> {
    let opened = Arc::clone(&gateway.memory.opened);
    // A panic costs the memory's part of the request, and no more of it.
    let at_hand = || if search.is_small() { search.at_hand(&opened) } else { Ok(None) };
    match catch_unwind(AssertUnwindSafe(at_hand)) {
        Ok(Ok(Some(found))) => return Ok(found),
        Ok(Ok(None)) => {}
        Ok(Err(error)) => return Err(failed(&error)),
        Err(_panic) => return Err(failed(&"it has panicked")),
    }
    let Ok(turn) = Arc::clone(&gateway.memory.searches).try_acquire_owned() else {
        return Err(MemoryOutcome::Late);
    };
    let (_waits, busy) = (gateway.memory.busy(), gateway.memory.busy());
    let searching = tokio::task::spawn_blocking(move || {
        let found = search.run(&opened);
        drop((turn, busy));
        found
    });
    match tokio::time::timeout(longest, searching).await {
        Err(_late) => Err(MemoryOutcome::Late),
        Ok(Ok(Ok(found))) => Ok(found),
        Ok(Ok(Err(error))) => Err(failed(&error)),
        Ok(Err(panicked)) => Err(failed(&panicked)),
    }
}

fn failed(why: &dyn Display) -> MemoryOutcome {
    tracing::error!(%why, "the memory could not be searched");
    MemoryOutcome::Failed
}

impl Search {
    /// Whether what the request holds is soon read: all of it is held against what is found.
    fn is_small(&self) -> bool {
        self.contents.iter().map(ExactSizeIterator::len).sum::<usize>() <= AT_HAND_BYTES_MAX
    }

    /// `None` if it would have to wait for a lock, the disk or a large scope.
    fn at_hand(&self, opened: &Opened) -> Result<Option<Found>, StoreError> {
        let Some(store) = opened.at_hand() else { return Ok(None) };
        let query = self.query(&store);
        let found = store.search_at_hand(&self.scope, &query);
        Ok(found.map(|found| self.found(&query, found)))
    }

    fn run(&self, opened: &Opened) -> Result<Found, StoreError> {
        let store = opened.store()?;
        let query = self.query(&store);
        let found = store.search(&self.scope, &query)?;
        Ok(self.found(&query, found))
    }

    fn found(&self, query: &Query, spans: Vec<Recalled>) -> Found {
        let is_by_vector = query.vector.is_some();
        Found { spans: self.without_what_is_there(spans), is_by_vector }
    }

    fn query(&self, store: &MemoryStore) -> Query {
        let mut query = store.query(&self.question, self.now);
        query.words_max = self.config.words_max;
        query.weights.floor_evidence = self.config.floor;
        if let Some((model, vector)) = &self.vector {
            store.ask_by_vector(&mut query, model, vector.clone());
        }
        query
    }

    /// What the request holds anyway would only be paid for twice.
    fn without_what_is_there(&self, mut found: Vec<Recalled>) -> Vec<Recalled> {
        if found.is_empty() {
            return found;
        }
        let mut there = HashSet::new();
        for text in self.contents.iter().flat_map(|content| texts_at(&self.body, content)) {
            let text = bounded(&text, FRAGMENT_MAX);
            let fragments = || found.iter().flat_map(|span| &span.fragments);
            // To read all words of a text costs more than to see of each fragment that it is another one.
            if fragments().any(|one| are_alike(&one.text, text)) {
                there.insert(hash_of(text, fragments()));
            }
            // What was kept of it may have been masked.
            if fragments().any(|one| may_be_of(&one.text, text)) {
                let kept = self.config.remembered(text);
                there.extend(kept.map(|kept| hash_of(kept.as_str(), fragments())));
            }
        }
        for span in &mut found {
            let best = span.fragments.get(span.best).map(|one| one.number);
            span.fragments.retain(|one| !there.contains(&one.norm_hash));
            let best = span.fragments.iter().position(|one| Some(one.number) == best);
            span.best = best.unwrap_or(0);
        }
        found.retain(|span| !span.fragments.is_empty());
        found
    }
}

/// The hash of a text's words, which a fragment that is the same has already.
fn hash_of<'a>(
    text: &str,
    mut fragments: impl Iterator<Item = &'a Arc<RecalledFragment>>,
) -> [u8; 16] {
    fragments.find(|one| one.text == text).map_or_else(|| normal_hash(text), |one| one.norm_hash)
}

/// Whether two texts may have the same words: their letters are the same, whatever their case, spaces and marks, as
/// far as both are of the Latin script without accents. What stands behind that is not looked at.
fn are_alike(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (letters(one), letters(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.is_ascii() && b.is_ascii() => {
                if !a.eq_ignore_ascii_case(&b) {
                    return false;
                }
            }
            (Some(_), Some(_)) => return true,
            (Some(more), None) | (None, Some(more)) => return !more.is_ascii(),
        }
    }
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !byte.is_ascii() || byte.is_ascii_alphanumeric())
}

/// Whether a fragment may be what was kept of a text: what stands before its first mask, placeholder or link is the
/// same. To mask a text costs more than all else here, and nearly no other can be one.
fn may_be_of(fragment: &str, text: &str) -> bool {
    let (fragment, text) = (fragment.as_bytes(), text.as_bytes());
    let n_same = fragment.iter().zip(text).take_while(|(one, other)| one == other).count();
    // Nothing before it is what every text begins with.
    let behind = fragment.get(1..).filter(|_| n_same > 0).unwrap_or_default();
    let may_begin = &behind[..n_same.min(behind.len())];
    let link = &behind[..(n_same + 2).min(behind.len())];
    memchr::memchr2(b'[', b'<', may_begin).is_some() || memchr::memmem::find(link, b"://").is_some()
}

#[cfg(test)]
mod tests {
    use aios_privacy::KeyMaterial;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_fragment_may_be_of_a_text_that_is_the_same_up_to_a_mask(
            pieces in prop::collection::vec("[a-c]{0,2}|\\[|<|://|:/|/", 0..6),
            n_same in 0..12_usize,
            rest in "[a-c/:\\[]{0,4}",
        ) {
            let fragment = pieces.concat();
            let text = fragment.chars().take(n_same).collect::<String>() + &rest;
            let n_same = fragment.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            let is_mask = |at: usize| {
                let rest = &fragment.as_bytes()[at..];
                ["[", "<", "://"].iter().any(|one| rest.starts_with(one.as_bytes()))
            };
            let expect = (1..=n_same.min(fragment.len())).any(is_mask);
            prop_assert_eq!(may_be_of(&fragment, &text), expect, "{} / {}", fragment, text);
        }

        #[test]
        fn what_has_the_same_words_has_the_same_letters(
            pieces in prop::collection::vec("[a-zA-Z0-9é'.,東ß]{1,4}", 0..6),
            marks in prop::collection::vec("[ !-]{1,2}", 6),
            strange in "[a-cA-C ]{0,4}",
        ) {
            let text = |between: &dyn Fn(usize) -> String| -> String {
                pieces.iter().enumerate().map(|(n, one)| one.clone() + &between(n)).collect()
            };
            let one = text(&|_| " ".to_owned());
            let other = text(&|n| marks[n].clone()).to_ascii_uppercase();
            for other in [other, strange] {
                if normal_hash(&one) == normal_hash(&other) {
                    prop_assert!(are_alike(&one, &other), "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn other_texts_are_told_apart_by_their_letters() {
        assert!(are_alike("It leaves.", "it: LEAVES"));
        assert!(!are_alike("It leaves.", "It arrives."));
        assert!(!are_alike("It leaves.", "It leaves now."));
        assert!(are_alike("It leaves…", "It leaves"), "nothing is said of what is not plain");
        // What was masked is looked for where the two are the same until then.
        assert!(may_be_of("Write to [EMAIL] now", "Write to kim@shop now"));
        assert!(may_be_of("See x://[HOST]", "See x://shop"));
        assert!(!may_be_of("Write me: [EMAIL]", "Write to kim@shop now"));
        assert!(!may_be_of("[EMAIL] is mine", "kim@shop is mine"));
    }

    #[test]
    fn each_question_has_a_lot_of_its_own_and_keeps_it() {
        let key = Pseudonymizer::new(1, &KeyMaterial::new([7; 32]));
        let of = |conversation, turn: u32, question| {
            lot(&key, conversation, &turn.to_le_bytes(), question)
        };
        let first = of("c", 1, "When does it leave?");
        assert_eq!(of("c", 1, "When does it leave?"), first);
        assert_ne!(of("c", 1, "And where from?"), first);
        assert_ne!(of("c", 2, "When does it leave?"), first);
        assert_ne!(of("d", 1, "When does it leave?"), first);
    }
}

//! Asks the memory the questions of a set whose answers are known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use aios_core::Timestamp;
use aios_eval::retrieval::{Answer, QaCase, QaSet, RetrievalReport};
use aios_memory::{Embedder, Quantized, Query, Unit, n_words};
use aios_privacy::{Keyring, Pseudonym};
use aios_store::{
    DataDir, MemoryScope, MemoryStore, Recalled, RecalledFragment, StoreError, fragment_id,
    read_document,
};

/// Results that count, as the objective has it.
const K: usize = 5;

/// How questions are asked.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// Most results.
    pub k: usize,
    /// What a result is.
    pub unit: Unit,
    /// Most words of all results.
    pub words_max: usize,
    /// Client whose conversations are meant.
    pub client: &'a str,
    /// Who makes the questions' vectors, where those of the fragments count too.
    pub embedder: Option<&'a dyn Embedder>,
    /// The time at which it is asked.
    pub now: Timestamp,
}

/// An answer, and the ids in it for whoever judges it elsewhere.
#[derive(Debug, Default)]
pub struct Asked {
    /// What came back.
    pub answer: Answer,
    /// Ids of each result in the order in which they were said.
    pub spans: Vec<Vec<String>>,
    /// The id for which each result was found, the best first; then all others.
    pub fragments: Vec<String>,
}

/// Where a data directory has its questions.
#[must_use]
pub fn questions_path(data_dir: &Path) -> PathBuf {
    data_dir.join("retrieval_qa").join("qa_set.json")
}

/// What a measurement came to.
#[derive(Debug)]
pub enum Measured {
    /// Nothing is remembered.
    NoMemory,
    /// There are no questions.
    NoQuestions,
    /// What was found.
    Report(Box<RetrievalReport>),
}

/// What the memory finds of what it should: the questions of the data directory asked of what is remembered
/// there.
///
/// # Errors
/// When either cannot be read, or the questions are no such set.
pub fn measure(dir: &DataDir, ring: &Keyring, now: Timestamp) -> Result<Measured, String> {
    let told = |error: StoreError| error.to_string();
    let Some(memory) = MemoryStore::read(dir).map_err(told)? else {
        return Ok(Measured::NoMemory);
    };
    let path = questions_path(dir.path());
    let Some(text) = read_document(&path).map_err(told)? else {
        return Ok(Measured::NoQuestions);
    };
    let set =
        QaSet::parse(&text).map_err(|error| format!("cannot use {}: {error}", path.display()))?;
    let (unit, words_max) = (Unit::Span, Query::WORDS_MAX);
    let manner = Manner { k: K, unit, words_max, client: "", embedder: None, now };
    let asked = set.cases().iter().map(|case| ask(&memory, ring, case, manner));
    let answers = asked.map(|one| one.map(|one| one.answer)).collect::<Result<Vec<_>, _>>();
    let report = RetrievalReport::new(&set, &answers.map_err(told)?, K);
    Ok(Measured::Report(Box::new(report)))
}

/// Asks one question in its conversation, or, where it names none, in all that is stored.
///
/// # Errors
/// When the memory cannot be read.
pub fn ask(
    memory: &MemoryStore,
    ring: &Keyring,
    case: &QaCase,
    manner: Manner<'_>,
) -> Result<Asked, StoreError> {
    let scope = case.conv_id.as_deref().map(|id| scope_of(ring, manner.client, id));
    let begun = Instant::now();
    let mut query = memory.query(&case.question, manner.now);
    (query.k, query.unit, query.words_max) = (manner.k, manner.unit, manner.words_max);
    if let Some(embedder) = manner.embedder {
        memory.use_model(embedder.model());
        let vector = question_vector(memory, scope.as_ref(), &case.question, embedder)?;
        vector.map(|vector| memory.ask_by_vector(&mut query, embedder.model(), vector));
    }
    let results = match &scope {
        Some(scope) => memory.search(scope, &query)?,
        None => memory.search_everything(&query)?,
    };
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    Ok(asked(&results, scope.as_ref(), ms))
}

/// As the gateway has it made: without the names of those who speak in the scope.
fn question_vector(
    memory: &MemoryStore,
    scope: Option<&MemoryScope>,
    question: &str,
    embedder: &dyn Embedder,
) -> Result<Option<Quantized>, StoreError> {
    let cut = scope.map(|scope| memory.question_to_embed(scope, question)).transpose()?;
    Ok(Quantized::of(&embedder.embed(cut.as_deref().unwrap_or(question))))
}

/// A conversation by the application's id, or by the pseudonym that events show.
fn scope_of(ring: &Keyring, client: &str, id: &str) -> MemoryScope {
    match Pseudonym::parse(id) {
        Ok(pseudonym) if pseudonym.is_conversation() => MemoryScope::Conversation(vec![pseudonym]),
        Ok(_) | Err(_) => {
            MemoryScope::Conversation(ring.conversation(&[client.as_bytes(), id.as_bytes()]))
        }
    }
}

/// Everything that a case may call a fragment: the caller's id, those of copies that were merged into it, and
/// the store's own, by which events name it.
fn ids_of(one: &RecalledFragment) -> BTreeSet<String> {
    let also = one.also.iter().chain([&one.id]).cloned();
    also.chain([fragment_id(one.number)]).collect()
}

fn asked(results: &[Recalled], scope: Option<&MemoryScope>, ms: f64) -> Asked {
    let is_leak = |home: &str| match scope {
        Some(MemoryScope::Conversation(all)) => !all.iter().any(|one| one.as_str() == home),
        Some(MemoryScope::Subject(_) | MemoryScope::Shared) | None => false,
    };
    let fragments = || results.iter().flat_map(|result| &result.fragments);
    let answer = Answer {
        results: results
            .iter()
            .map(|result| result.fragments.iter().flat_map(|one| ids_of(one)).collect())
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

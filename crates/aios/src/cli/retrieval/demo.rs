//! The set that comes with AIOS, for whoever has remembered nothing yet.

use aios_core::Clock as _;
use aios_memory::{Embedder, Kind, Quantized};
use aios_privacy::{Keyring, Remembered};
use aios_store::{DataDir, Home, MemoryStore, NewFragment};
use anyhow::Context as _;
use serde::Deserialize;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys;

/// Questions about two conversations that were made up.
pub(super) const QUESTIONS: &str = include_str!("../../../../../fixtures/retrieval/qa_set.json");

/// What was said in them.
const FRAGMENTS: &str = include_str!("../../../../../fixtures/retrieval/fragments.ndjson");

#[derive(Deserialize)]
struct Line {
    id: String,
    conv_id: String,
    speaker: String,
    text: String,
    ts: aios_core::Timestamp,
}

/// A memory of its own that holds these conversations, and is gone with the directory.
pub(super) struct Demo {
    pub(super) memory: MemoryStore,
    pub(super) ring: Keyring,
    _dir: DataDir,
    _place: Place,
}

/// A directory that is removed at the end.
struct Place(std::path::PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, dir = %self.0.display(), "the demo's directory stays");
        }
    }
}

/// Makes it.
pub(super) fn open(config: &Config, embedder: Option<&dyn Embedder>) -> anyhow::Result<Demo> {
    let place = std::env::temp_dir().join(format!(
        "aios-demo-{}-{}",
        std::process::id(),
        SystemClock.now().as_micros()
    ));
    let dir = DataDir::open(&place)?;
    let place = Place(place);
    let memory = MemoryStore::open(&dir)?;
    let ring = keys::keyring(&dir)?;
    let scanner = config.privacy.scanner();
    let kept = |text: &str| -> Option<Remembered> { config.privacy.remembered(&scanner, text) };
    let mut new = Vec::new();
    for line in FRAGMENTS.lines() {
        let line: Line = serde_json::from_str(line).context("the demo's fragments are damaged")?;
        let home = ring.current().conversation(&[b"", line.conv_id.as_bytes()]);
        new.extend(kept(&line.text).map(|text| NewFragment {
            home: Home::Conversation(home),
            subject: None,
            id: Some(line.id),
            session: 0,
            kind: Kind::Turn,
            speaker: kept(&line.speaker),
            text,
            ts: line.ts,
            valid: aios_memory::Validity::default(),
            source: "demo",
        }));
    }
    memory.add(new)?.wait()?;
    if let Some(embedder) = embedder {
        give_vectors(&memory, embedder)?;
    }
    Ok(Demo { memory, ring, _dir: dir, _place: place })
}

fn give_vectors(memory: &MemoryStore, embedder: &dyn Embedder) -> anyhow::Result<()> {
    let model = embedder.model();
    let without = memory.without_vector(model, usize::MAX)?;
    let vector = |text: &str| Quantized::of(&embedder.embed(text));
    let vectors = without.iter().map(|(one, text)| (*one, vector(text)));
    memory.put_vectors(model, vectors.collect())?;
    Ok(())
}

//! What is remembered can be opened, counted and searched.

use std::path::Path;
use std::{fs, io};

use aios_core::Clock as _;
use aios_memory::Quantized;
use aios_server::MemoryMode;
use aios_store::{DataDir, MemoryScope, MemoryStats, MemoryStore, StoreError};

use super::{Checked, Fault, Subject};
use crate::clock::SystemClock;
use crate::config::Memory;
use crate::embedding;

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    let mode = match config.memory.mode {
        MemoryMode::Off if config.memory.by_header => "off unless a request asks for it",
        MemoryMode::Off => "off",
        MemoryMode::Conversation => "on, by conversation",
        MemoryMode::User => "on, by user",
    };
    let vectors = vectors(&config.memory)?;
    let dir = &config.server.data_dir;
    // What there is not yet can hold nothing that is wrong.
    let is_there = match fs::read_dir(dir.join("memory")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => {
            let hint = "give the user that runs aios read access to it";
            let detail = format!("{mode}, but what is in {} cannot be read", dir.display());
            return Err(Fault::new(format!("{detail}: {error}"), hint));
        }
        Ok(_) => true,
    };
    let stats = if is_there { looked_at(dir) } else { Ok(None) };
    let stats = stats.map_err(|error| {
        let hint = "bring the file back from a backup, or move it away: then nothing is remembered";
        Fault::new(format!("{mode}, but what is stored cannot be used: {error}"), hint)
    })?;
    Ok(match stats {
        None => format!("{mode}; nothing is stored{vectors}"),
        Some(stats) => {
            format!(
                "{mode}; {} fragments of {} conversations{vectors}",
                stats.n_fragments, stats.n_conversations
            )
        }
    })
}

/// Who makes vectors, if anybody does. A model in this process makes one.
fn vectors(config: &Memory) -> Result<String, Fault> {
    if !config.embeddings {
        return Ok(String::new());
    }
    let by = config.vectors_by();
    let Some(model) = embedding::read(config)? else { return Ok(format!("; vectors by {by}")) };
    if Quantized::of(&model.embed("Is anything there?")).is_none() {
        let hint = "copy the model's directory anew, or take another model";
        return Err(Fault::new(format!("{by} makes vectors of no direction"), hint));
    }
    Ok(format!("; vectors of {} numbers by {by}", model.model().dim))
}

/// Counts what is stored and searches it once; `None` if there is nothing.
fn looked_at(dir: &Path) -> Result<Option<MemoryStats>, StoreError> {
    let Some(memory) = MemoryStore::read(&DataDir::read(dir)?)? else { return Ok(None) };
    let question = memory.query("Is anything there?", SystemClock.now());
    memory.search(&MemoryScope::Shared, &question)?;
    memory.stats().map(Some)
}

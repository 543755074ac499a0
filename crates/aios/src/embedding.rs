//! The model in this process that makes vectors, if the configuration names one.
//!
//! Without the cargo feature `local-embeddings` none can be run, and whoever names one is told so: that texts go to
//! another model instead, perhaps on another machine, is not what was asked for.

use std::path::Path;
use std::sync::Arc;

use aios_memory::Embedder;
use aios_server::LocalEmbedder;
use anyhow::Context as _;

use crate::config::Memory;

/// Reads the model.
///
/// # Errors
/// When it cannot be read, or this build can run none.
pub fn read(config: &Memory) -> anyhow::Result<Option<Arc<dyn Embedder>>> {
    config.local_model().map(read_from).transpose()
}

/// Reads the model and starts it. One that is the same as before goes on.
///
/// # Errors
/// When it cannot be read, or this build can run none.
pub fn start(
    config: &Memory,
    before: Option<&Arc<LocalEmbedder>>,
) -> anyhow::Result<Option<Arc<LocalEmbedder>>> {
    let Some(embedder) = read(config)? else { return Ok(None) };
    if let Some(before) = before.filter(|before| before.model() == embedder.model()) {
        return Ok(Some(Arc::clone(before)));
    }
    let started = LocalEmbedder::start(embedder).context("cannot start a thread for the model")?;
    Ok(Some(Arc::new(started)))
}

#[cfg(feature = "local-embeddings")]
fn read_from(directory: &Path) -> anyhow::Result<Arc<dyn Embedder>> {
    let model = aios_embed::SentenceTransformer::load(directory).map_err(|error| {
        let message = "the model that `memory.embed_model_dir` names cannot be used";
        crate::cli::output::Failure::new(message, error.hint()).because(error)
    })?;
    Ok(Arc::new(model))
}

#[cfg(not(feature = "local-embeddings"))]
fn read_from(directory: &Path) -> anyhow::Result<Arc<dyn Embedder>> {
    let message = format!(
        "this build cannot run the model in {} (`memory.embed_model_dir`)",
        directory.display()
    );
    let hint = "build with --features local-embeddings, or leave the key empty: then the embedder tier makes the vectors";
    Err(crate::cli::output::Failure::new(message, hint).into())
}

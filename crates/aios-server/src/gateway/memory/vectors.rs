//! Gives fragments their vectors, beside all else: after each commit, and what is left over from before.
//!
//! There is no queue: the store knows which fragments have no vector of the model in force, so that neither a
//! restart nor another model nor an endpoint that was away leaves any out.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::embed::{Embedded, embed};
use crate::gateway::Gateway;

/// Texts in one request.
const BATCH: usize = 32;

/// How often what is left over is looked for, where nothing new comes.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What the endpoint is asked first, to learn which model answers.
const FIRST: &str = "memory";

/// Works until the gateway is gone.
pub(super) async fn run(gateway: Weak<Gateway>, news: Arc<Notify>) {
    while let Some(gateway) = gateway.upgrade() {
        if gateway.live.load().memory.embeddings {
            let is_stopping = || gateway.draining.load(Ordering::Relaxed);
            while !is_stopping() && step(&gateway).await == Some(true) {}
        }
        drop(gateway);
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Gives some fragments their vectors. Whether there may be more; `None` where the endpoint or the store cannot
/// be used now.
async fn step(gateway: &Arc<Gateway>) -> Option<bool> {
    let live = gateway.live.load_full();
    let opened = Arc::clone(&gateway.memory.opened);
    let store = at_the_disk(move || opened.store()).await?;
    let model = match store.model() {
        Some(model) => model,
        None => {
            let first = embed(&live, &gateway.metrics, &[FIRST.to_owned()]).await?;
            store.use_model(&first.model);
            first.model
        }
    };
    let reading = store.clone();
    let without = at_the_disk(move || reading.without_vector(&model, BATCH)).await?;
    if without.is_empty() {
        return Some(false);
    }
    let (numbers, texts): (Vec<i64>, Vec<String>) = without.into_iter().unzip();
    let Embedded { model, vectors } = embed(&live, &gateway.metrics, &texts).await?;
    store.use_model(&model);
    let vectors = numbers.into_iter().zip(vectors);
    let vectors: Vec<_> = vectors.filter_map(|(number, one)| Some((number, one?))).collect();
    let n = at_the_disk(move || store.put_vectors(&model, vectors)).await?;
    gateway.memory.metrics.embedded(n);
    // Texts of no direction would come again and again.
    (n > 0).then_some(true)
}

async fn at_the_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, aios_store::StoreError> + Send + 'static,
) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "fragments could not be given their vectors");
            None
        }
        Err(panicked) => {
            tracing::error!(%panicked, "fragments could not be given their vectors");
            None
        }
    }
}

//! Gives fragments their vectors, beside all else: after each commit, and what is left over from before.
//!
//! There is no queue: the store knows which fragments have no vector of the model in force, so that neither a
//! restart nor another model nor an endpoint that was away leaves any out. A text that the model refuses is told
//! from an endpoint that refuses all: it is marked as one that has no vector, and the others go on.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use aios_memory::{ModelId, Quantized};
use aios_store::Worded;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::embed::{Embedded, NoVectors, embed};
use super::local::Haste;
use crate::gateway::Gateway;
use crate::live::Live;

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
            while !is_stopping() {
                let begun = Instant::now();
                if step(&gateway).await != Some(true) {
                    break;
                }
                // A model in this process gets half a processor at most: others are at work here.
                if gateway.live.load().memory.local.is_some() {
                    tokio::time::sleep(begun.elapsed()).await;
                }
            }
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
    let known = match &live.memory.local {
        Some(local) => Some(local.model().clone()),
        // A model that says its digest was one in this process, and is so no longer.
        None => store.model().filter(|model| model.digest.is_empty()),
    };
    let model = match known {
        Some(model) => model,
        None => first(gateway, &live).await?,
    };
    store.use_model(&model);
    let reading = store.clone();
    let without = at_the_disk(move || reading.without_vector(&model, BATCH)).await?;
    if without.is_empty() {
        return Some(false);
    }
    let (model, vectors) = vectors(gateway, &live, without).await?;
    store.use_model(&model);
    let n = at_the_disk(move || store.put_vectors(&model, vectors)).await?;
    gateway.memory.metrics.embedded(n);
    Some(true)
}

/// The model that answers.
async fn first(gateway: &Gateway, live: &Live) -> Option<ModelId> {
    embed(gateway, live, &[FIRST.to_owned()], Haste::Fragments).await.ok().map(|first| first.model)
}

type Vectors = Vec<(Worded, Option<Quantized>)>;

/// The vectors of some fragments: of all with one request, or, if the model refuses that, of half of them. One
/// that is refused alone has none, if the model refuses not just anything.
async fn vectors(
    gateway: &Gateway,
    live: &Live,
    mut some: Vec<(Worded, String)>,
) -> Option<(ModelId, Vectors)> {
    loop {
        let (worded, texts): (Vec<Worded>, Vec<String>) = some.iter().cloned().unzip();
        match embed(gateway, live, &texts, Haste::Fragments).await {
            Ok(Embedded { model, vectors }) => {
                return Some((model, worded.into_iter().zip(vectors).collect()));
            }
            Err(NoVectors::Away) => return None,
            Err(NoVectors::Refused) if some.len() > 1 => some.truncate(some.len() / 2),
            Err(NoVectors::Refused) => {
                let model = first(gateway, live).await?;
                tracing::warn!(
                    fragment = worded[0].number,
                    "the model makes no vector of a fragment"
                );
                return Some((model, vec![(worded[0], None)]));
            }
        }
    }
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

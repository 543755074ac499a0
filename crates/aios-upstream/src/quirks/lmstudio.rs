//! LM Studio loads models on demand, and that needs care.
//!
//! - A model that is not loaded is answered with an error, which is no fault of the caller: load it
//!   and try again.
//! - Requests that arrive together for a model that is not loaded can each load a copy: loads are
//!   made one at a time per server.
//! - Of the models loaded on demand only one is kept by default ("auto-evict"). Routing between two
//!   tiers would then reload a model at nearly each switch. Models loaded explicitly are exempt, so
//!   both are loaded at the start, and a lack of room for both is said aloud.
//!
//! Loading needs the native API of version 0.4 (`/api/v1`). Older versions can only load on demand; what is loaded
//! there, `/api/v0` tells.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::ErrorBody;
use crate::discover::Fetch;

/// Longest wait for a model to load: a large one from a slow disk.
pub(crate) const LOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Longest wait for the list of models.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// After a failed load the same model is not tried again for so long.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Most servers whose loads are remembered.
const SERVERS_MAX: usize = 256;

/// Why a model could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    /// The server has no API for it.
    #[error(
        "cannot load `{model}` in LM Studio at {root}: its API lacks model loading (hint: update to LM Studio 0.4 or newer, or load the model by hand)"
    )]
    Unsupported { root: String, model: String },
    /// The server does not know the model.
    #[error(
        "cannot load `{model}` in LM Studio at {root}: it is not downloaded (hint: `lms get {model}`)"
    )]
    NotDownloaded { root: String, model: String },
    /// The load failed.
    #[error("LM Studio at {root} could not load `{model}`: {why}")]
    Failed { root: String, model: String, why: String },
}

/// Whether a reply says that the model is not loaded.
pub(crate) fn is_not_loaded(status: u16, body: &[u8]) -> bool {
    const STARTS: [&str; 2] = ["no models loaded", "model is unloaded"];
    (400..500).contains(&status)
        && ErrorBody::read(body).is_some_and(|error| {
            let message = error.message.to_ascii_lowercase();
            STARTS.iter().any(|start| message.starts_with(start))
        })
}

/// The server's root from the base URL of its OpenAI-compatible API.
pub(crate) fn root_of(base_url: &str) -> &str {
    let base = base_url.trim_end_matches('/');
    base.strip_suffix("/v1").unwrap_or(base).trim_end_matches('/')
}

/// Loads models, one at a time per server, and counts it.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    servers: Mutex<BTreeMap<String, Arc<Server>>>,
    n_loads: AtomicU64,
    n_failures: AtomicU64,
    loading_ms: AtomicU64,
}

/// One server: who holds the lock may load.
#[derive(Debug, Default)]
struct Server {
    failures: tokio::sync::Mutex<BTreeMap<String, (Instant, LoadError)>>,
}

/// How often models were loaded into LM Studio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LoadCounts {
    /// Models loaded through the API. A number that grows steadily means thrashing.
    pub n_loads: u64,
    /// Loads that failed.
    pub n_failures: u64,
    /// Time that all loads took.
    pub loading_ms: u64,
}

/// What a server has.
struct Models {
    models: Vec<Model>,
    /// Whether its API loads models.
    loads: bool,
}

#[derive(Deserialize)]
struct ListV1 {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct ListV0 {
    data: Vec<ModelV0>,
}

#[derive(Deserialize)]
struct ModelV0 {
    id: String,
    state: String,
}

#[derive(Deserialize)]
struct Model {
    key: String,
    loaded_instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    id: String,
}

#[derive(Deserialize)]
struct Loaded {
    load_time_seconds: Option<f64>,
}

impl Loader {
    /// What was done so far.
    pub(crate) fn counts(&self) -> LoadCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LoadCounts {
            n_loads: get(&self.n_loads),
            n_failures: get(&self.n_failures),
            loading_ms: get(&self.loading_ms),
        }
    }

    /// Makes sure that a model is loaded: returns at once if it is, else loads it. Calls that come
    /// meanwhile wait for the same load, and a caller that leaves does not end it.
    ///
    /// # Errors
    /// When it cannot be loaded; for a while the same answer is given without asking again.
    pub(crate) async fn ensure_loaded<F>(
        self: &Arc<Self>,
        fetch: &Arc<F>,
        root: &str,
        model: &str,
    ) -> Result<(), LoadError>
    where
        F: Fetch + 'static,
    {
        let (loader, fetch, job) = (Arc::clone(self), Arc::clone(fetch), Job::new(root, model));
        let server = self.server(root);
        let failed = job.failed("the load was broken off");
        let load = tokio::spawn(async move { loader.load_once(&*fetch, &server, &job).await });
        load.await.unwrap_or(Err(failed))
    }

    /// Loads every model of a server before the first request comes. Each result stands for itself.
    pub(crate) async fn preload<F>(
        self: &Arc<Self>,
        fetch: &Arc<F>,
        root: &str,
        models: &[&str],
    ) -> Vec<Result<(), LoadError>>
    where
        F: Fetch + 'static,
    {
        let mut results = Vec::with_capacity(models.len());
        for model in models {
            results.push(self.ensure_loaded(fetch, root, model).await);
        }
        results
    }

    fn server(&self, root: &str) -> Arc<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= SERVERS_MAX && !servers.contains_key(root) {
            servers.retain(|_, server| Arc::strong_count(server) > 1);
        }
        Arc::clone(servers.entry(root.to_owned()).or_default())
    }

    async fn load_once<F: Fetch>(
        &self,
        fetch: &F,
        server: &Server,
        job: &Job,
    ) -> Result<(), LoadError> {
        let mut failures = server.failures.lock().await;
        if let Some((at, error)) = failures.get(&job.model)
            && at.elapsed() < RETRY_AFTER
        {
            return Err(error.clone());
        }
        failures.retain(|_, (at, _)| at.elapsed() < RETRY_AFTER);
        let result = self.load_if_missing(fetch, job).await;
        if let Err(error) = &result {
            self.n_failures.fetch_add(1, Ordering::Relaxed);
            failures.insert(job.model.clone(), (Instant::now(), error.clone()));
        }
        result
    }

    async fn load_if_missing<F: Fetch>(&self, fetch: &F, job: &Job) -> Result<(), LoadError> {
        let Models { models, loads } =
            list(fetch, &job.root).await.ok_or_else(|| job.unsupported())?;
        let found =
            models.iter().find(|model| model.is(&job.model)).ok_or_else(|| job.not_downloaded())?;
        if !found.loaded_instances.is_empty() {
            return Ok(());
        }
        if !loads {
            return Err(job.unsupported());
        }
        let url = format!("{}/api/v1/models/load", job.root);
        let body = json!({"model": found.key}).to_string().into();
        let start = Instant::now();
        let reply = tokio::time::timeout(LOAD_TIMEOUT, fetch.fetch(Method::POST, &url, body)).await;
        match reply {
            Ok(Some((200..300, body))) => self.count_load(&body, start.elapsed()),
            Ok(Some((status, _))) => return Err(job.failed(&format!("status {status}"))),
            Ok(None) => return Err(job.failed("no answer")),
            Err(_) => {
                return Err(job.failed(&format!("not done after {} s", LOAD_TIMEOUT.as_secs())));
            }
        }
        Ok(())
    }

    /// By the server's own clock if it tells.
    fn count_load(&self, body: &[u8], took: Duration) {
        let told =
            serde_json::from_slice::<Loaded>(body).ok().and_then(|loaded| loaded.load_time_seconds);
        let took = told.and_then(|secs| Duration::try_from_secs_f64(secs).ok()).unwrap_or(took);
        self.n_loads.fetch_add(1, Ordering::Relaxed);
        self.loading_ms
            .fetch_add(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Says that fewer of the configured models are in memory than routing needs; `None` if all are, or
/// the server does not tell.
pub(crate) async fn residency_warning<F: Fetch>(
    fetch: &F,
    root: &str,
    configured: &[&str],
) -> Option<String> {
    let Models { models, .. } = list(fetch, root).await?;
    let is_loaded = |name: &&&str| {
        models.iter().any(|model| model.is(name) && !model.loaded_instances.is_empty())
    };
    let n_loaded = configured.iter().filter(is_loaded).count();
    (n_loaded < configured.len()).then(|| {
        format!(
            "LM Studio at {root} holds {n_loaded} of the {} configured models: routing between them may reload one at \
             each switch (hint: load both in LM Studio, or turn off \"only keep last JIT loaded model\")",
            configured.len()
        )
    })
}

async fn list<F: Fetch>(fetch: &F, root: &str) -> Option<Models> {
    if let Some(ListV1 { models }) = read(fetch, &format!("{root}/api/v1/models")).await {
        return Some(Models { models, loads: true });
    }
    let ListV0 { data } = read(fetch, &format!("{root}/api/v0/models")).await?;
    Some(Models { models: data.into_iter().map(Model::from).collect(), loads: false })
}

async fn read<F: Fetch, T: DeserializeOwned>(fetch: &F, url: &str) -> Option<T> {
    let reply = fetch.fetch(Method::GET, url, Bytes::new());
    let (status, body) = tokio::time::timeout(LIST_TIMEOUT, reply).await.ok()??;
    serde_json::from_slice(&body).ok().filter(|_| status == 200)
}

impl From<ModelV0> for Model {
    fn from(ModelV0 { id, state }: ModelV0) -> Self {
        let loaded = (state == "loaded").then(|| Instance { id: id.clone() });
        Self { key: id, loaded_instances: loaded.into_iter().collect() }
    }
}

impl Model {
    /// A model is known by its key, with or without the publisher, and by the ids of its copies.
    fn is(&self, name: &str) -> bool {
        let base = name.split('@').next().unwrap_or(name);
        self.key == name
            || self.key == base
            || self.key.rsplit('/').next() == Some(base)
            || self.loaded_instances.iter().any(|instance| instance.id == name)
    }
}

/// What is to be loaded where.
#[derive(Debug)]
struct Job {
    root: String,
    model: String,
}

impl Job {
    fn new(root: &str, model: &str) -> Self {
        Self { root: root.to_owned(), model: model.to_owned() }
    }

    fn unsupported(&self) -> LoadError {
        LoadError::Unsupported { root: self.root.clone(), model: self.model.clone() }
    }

    fn not_downloaded(&self) -> LoadError {
        LoadError::NotDownloaded { root: self.root.clone(), model: self.model.clone() }
    }

    fn failed(&self, why: &str) -> LoadError {
        LoadError::Failed {
            root: self.root.clone(),
            model: self.model.clone(),
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;

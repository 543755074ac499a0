//! Watches the configuration and puts a changed one into force: whole, or not at all.
//!
//! The file is looked at again and again rather than watched by the operating system, because
//! editors, network drives and containers each replace files in their own way and all of them are seen
//! by looking.

use std::sync::Arc;
use std::time::Duration;

use aios_server::{HONORED_WITHIN, Handle, Live, LocalEmbedder};

use super::endpoints::{Fill, LOOK_AGAIN_EVERY, NothingFound, empty_tiers};
use super::parts::{self, Routing};
use super::signals::{Signal, Signals};
use crate::config::{self, Config, FileStamp, Sources};
use crate::embedding;

const LOOK_EVERY: Duration = Duration::from_millis(250);

// What is written during a look is seen at the next, and read at the one after it. The kill switch may stand in it.
const _: () = assert!(LOOK_EVERY.as_millis() * 3 <= HONORED_WITHIN.as_millis());

pub(super) struct Reloader {
    /// In force.
    config: Config,
    /// What stands in for tiers without endpoints.
    fill: Fill,
    /// What was there at the start, for what only a restart can change.
    at_start: Config,
    sources: Sources,
    file: Settling<Option<FileStamp>>,
    routing: Routing,
}

/// What is read once it has stayed as it is for two looks. Whoever writes a file anew empties it first, and half of one may
/// be a whole configuration: that of somebody who has set nothing.
struct Settling<T> {
    read: T,
    seen: T,
}

impl<T: PartialEq + Clone> Settling<T> {
    fn new(read: T) -> Self {
        Self { seen: read.clone(), read }
    }

    /// Whether it is to be read, now that it looks like this.
    fn is_due(&mut self, now: T) -> bool {
        let is_due = now == self.seen && now != self.read;
        if is_due {
            self.read = now.clone();
        }
        self.seen = now;
        is_due
    }
}

impl Reloader {
    /// `seen` is what the file looked like before it was read.
    pub(super) fn new(
        config: Config,
        fill: Fill,
        sources: Sources,
        seen: Option<FileStamp>,
        routing: Routing,
    ) -> Self {
        Self { at_start: config.clone(), config, fill, sources, file: Settling::new(seen), routing }
    }

    /// Reloads as needed until the process is to stop.
    pub(super) async fn run_until_stopped(mut self, handle: &Handle, signals: &mut Signals) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut discover = tokio::time::interval_at(
            tokio::time::Instant::now() + LOOK_AGAIN_EVERY,
            LOOK_AGAIN_EVERY,
        );
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Stop => return,
                    Signal::Reload => self.reload(handle).await,
                },
                _ = look.tick() => self.reload_if_changed(handle).await,
                _ = discover.tick() => self.discover_if_simulated(handle).await,
            }
        }
    }

    async fn reload_if_changed(&mut self, handle: &Handle) {
        if self.file.is_due(self.sources.stamp()) {
            self.reload(handle).await;
        }
    }

    async fn reload(&mut self, handle: &Handle) {
        match config::reload(&self.sources) {
            Ok(config) => self.put_into_force(config, handle).await,
            Err(error) => {
                let why = error.to_string();
                tracing::error!(%why, "the changed configuration was not taken; the last one stays");
                handle.refuse_reload(why);
            }
        }
    }

    async fn put_into_force(&mut self, config: Config, handle: &Handle) {
        match self.fill_for(&config).await {
            Ok(fill) => self.fill = fill,
            Err(error) => {
                tracing::error!(%error, "the changed configuration was not taken; the last one stays");
                return handle.refuse_reload(error.to_string());
            }
        }
        let embedder = match Self::embedder_for(&config, handle).await {
            Ok(embedder) => embedder,
            Err(error) => {
                let why = format!("{error:#}");
                tracing::error!(%why, "the changed configuration was not taken; the last one stays");
                return handle.refuse_reload(why);
            }
        };
        if let Err(error) = parts::remember_clients(&config, &self.routing.data_dir) {
            let why = format!("{error:#}");
            tracing::error!(%why, "the changed configuration was not taken; the last one stays");
            return handle.refuse_reload(why);
        }
        for key in config.needs_restart(&self.config) {
            tracing::warn!(key, "a change of this key takes effect at the next start");
        }
        if config.routing.profile != self.config.routing.profile
            || config.routing.traffic_after != self.config.routing.traffic_after
        {
            let (policy, sampler) = parts::policy(&config, &self.routing.data_dir);
            self.routing.state.publish(policy, sampler);
        }
        self.config = config;
        self.publish(handle, embedder);
    }

    /// What was found stays as long as the same tiers need it: a server that is silent for a moment
    /// must not be replaced by a simulated one.
    async fn fill_for(&self, config: &Config) -> Result<Fill, NothingFound> {
        let is_same = empty_tiers(&config.upstream) == empty_tiers(&self.config.upstream)
            && config.discovery == self.config.discovery;
        if is_same { Ok(self.fill.clone()) } else { Fill::find(config).await }
    }

    /// The model that makes vectors, read anew: its files may be others by now.
    async fn embedder_for(
        config: &Config,
        handle: &Handle,
    ) -> anyhow::Result<Option<Arc<LocalEmbedder>>> {
        let (memory, before) = (config.memory.clone(), handle.live().memory.local.clone());
        tokio::task::spawn_blocking(move || embedding::start(&memory, before.as_ref())).await?
    }

    fn publish(&self, handle: &Handle, embedder: Option<Arc<LocalEmbedder>>) {
        let before = handle.live();
        let generation = before.generation + 1;
        let live = Live {
            needs_restart: self.config.needs_restart(&self.at_start),
            ..parts::live(&self.config, generation, &self.fill, embedder, Some(&before))
        };
        let (generation, hash) = (live.generation, live.hash.clone());
        let upstreams = Arc::clone(&live.upstreams);
        handle.publish(live, self.config.control());
        tracing::info!(generation, hash, "a new configuration is in force");
        tokio::spawn(async move { upstreams.prepare().await });
    }

    /// A model server that is started after AIOS takes the simulated models' place.
    async fn discover_if_simulated(&mut self, handle: &Handle) {
        if !self.fill.is_simulated {
            return;
        }
        if let Some(found) = Fill::look(&self.config).await {
            tracing::info!("a model server was found; it takes the simulated models' place");
            self.fill = found;
            self.publish(handle, handle.live().memory.local.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_it_stays_as_it_is() {
        let check = |looks: &str, read: &str| {
            let mut file = Settling::new('a');
            let due = looks.chars().filter(|look| file.is_due(*look));
            assert_eq!(due.collect::<String>(), read, "{looks}");
        };
        check("aaa", "");
        check("abbb", "b");
        // Emptied, then written: what lies between is never taken for what was meant.
        check("a_bbb", "b");
        check("a_b_b_", "");
        // There and back again is no change.
        check("abaa", "");
        check("bbaa", "ba");
    }
}

//! The loop that looks and tells: at the parts that requests need every few seconds, at the objectives every minute.
//!
//! It runs beside the control loop. A turn that panics is logged and the next one begins anew, so
//! that no trouble here is anybody else's.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::DataDir;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::book::{Book, Delivery, Manner, Trouble};
use super::canary::canary_troubles;
use super::metrics::AlertMetrics;
use super::sight::{Sight, broken_parts};
use super::watched::{Expects, Ground, Misses, blind, troubles};
use super::{AlertConfig, ChannelKind, send};
use crate::canary::Standing;
use crate::gateway::Gateway;
use crate::nightly::Nightly;

/// How often the parts are looked at, and what is due is sent.
const TICK: Duration = Duration::from_secs(5);

/// How often the objectives are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Watches a gateway.
pub(crate) struct Watch {
    gateway: Arc<Gateway>,
    dir: Arc<DataDir>,
    canary: watch::Receiver<Arc<Standing>>,
    sight: Option<Sight>,
    looked_at: Option<Timestamp>,
    /// What the objectives said the last time, else why they could not be looked at.
    of_objectives: Result<Vec<Trouble>, Trouble>,
    /// What is wrong with that which watches.
    of_watching: Vec<Trouble>,
    misses: Misses,
    /// Since when a night's work is to be done by itself.
    nights_since: Option<Timestamp>,
    /// Since when it is watched.
    since: Timestamp,
    post: Post,
    metrics: Arc<AlertMetrics>,
}

impl Watch {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        dir: Arc<DataDir>,
        canary: watch::Receiver<Arc<Standing>>,
        config: AlertConfig,
        metrics: Arc<AlertMetrics>,
    ) -> Self {
        let since = gateway.clock.now();
        let post = Post::open(Arc::clone(&dir), config);
        Self {
            gateway,
            dir,
            canary,
            sight: None,
            looked_at: None,
            of_objectives: Ok(Vec::new()),
            of_watching: Vec::new(),
            misses: Misses::since(since),
            nights_since: None,
            since,
            post,
            metrics,
        }
    }

    /// Goes on until told to stop.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                _ = tick.tick() => {
                    let now = self.gateway.clock.now();
                    if AssertUnwindSafe(self.turn(now)).catch_unwind().await.is_err() {
                        self.metrics.panicked();
                        tracing::error!("looking for alerts has panicked; the next turn begins anew");
                    }
                }
            }
        }
    }

    async fn turn(&mut self, now: Timestamp) {
        // A clock that was set back is a reason to look, too.
        let is_recent = |at: Timestamp| now >= at && now.since(at) < LOOK_EVERY;
        if !self.looked_at.is_some_and(is_recent) {
            self.looked_at = Some(now);
            self.look(now).await;
        }
        // The objectives are looked at all the same: metrics and dashboard show them.
        if self.post.config.enabled {
            self.observe(now);
            self.post.deliver(now).await;
            self.metrics.set_book(&self.post.book);
        }
    }

    /// Looks at the objectives, and whether they can be looked at.
    async fn look(&mut self, now: Timestamp) {
        let live = self.gateway.live.load_full();
        let (dir, split) = (Arc::clone(&self.dir), self.gateway.split());
        let objectives = Arc::clone(&live.objectives);
        // Another configuration counts anew.
        let kept = self.sight.take().filter(|sight| sight.is_for(&objectives));
        let mut sight = kept.unwrap_or_else(|| Sight::new(&objectives));
        let (expects, since) = (self.expects(&live.nightly, now), self.since);
        let missed = self.misses.look(self.gateway.metrics.privacy.missed(), now);
        let looked = tokio::task::spawn_blocking(move || {
            let seen = sight.look(&dir, &objectives, &split, now);
            let ground = Ground {
                dir: &dir,
                objectives: &objectives,
                expects,
                seen: seen.as_ref().ok(),
                missed: &missed,
                since,
                now,
            };
            let of_watching = troubles(&ground);
            (sight, seen, of_watching)
        });
        let seen = match looked.await {
            Ok((sight, seen, of_watching)) => {
                self.of_watching = of_watching;
                seen.map(|seen| (sight, seen)).map_err(|error| error.to_string())
            }
            Err(panicked) => {
                self.metrics.panicked();
                Err(panicked.to_string())
            }
        };
        self.of_objectives = match seen {
            Ok((sight, seen)) => {
                self.sight = Some(sight);
                self.metrics.set_seen(seen.budgets, seen.check, now);
                Ok(seen.troubles)
            }
            Err(error) => {
                tracing::warn!(error, "the objectives cannot be looked at; it is tried again");
                Err(blind(&error))
            }
        };
    }

    /// What is to happen by itself, by the configuration in force. Nights that were just switched on are not missed yet.
    fn expects(&mut self, nightly: &Nightly, now: Timestamp) -> Expects {
        self.nights_since = nightly.at.as_ref().map(|_| self.nights_since.unwrap_or(now));
        Expects {
            traffic: self.post.config.expect_traffic,
            nights: self.nights_since,
            goldens: nightly.work.golden.is_some(),
        }
    }

    fn observe(&mut self, now: Timestamp) {
        let live = self.gateway.live.load();
        let mut troubles = broken_parts(&live.upstreams.status(), &self.gateway.store.stats());
        // Looking has taken a while, and what the canary has kept meanwhile is of no time to come.
        let standing = Arc::clone(&self.canary.borrow());
        troubles.extend(canary_troubles(&standing, self.gateway.clock.now()));
        troubles.extend(self.of_watching.iter().cloned());
        match &self.of_objectives {
            Ok(seen) => troubles.extend(seen.iter().cloned()),
            // What cannot be seen is not over.
            Err(trouble) => {
                self.post.last(now);
                troubles.push(trouble.clone());
            }
        }
        self.post.observe(&troubles, now);
    }
}

/// The book and its receivers.
pub(super) struct Post {
    dir: Arc<DataDir>,
    pub(super) config: AlertConfig,
    manner: Manner,
    pub(super) book: Book,
}

impl Post {
    /// Goes on with the book as it was kept.
    pub(super) fn open(dir: Arc<DataDir>, config: AlertConfig) -> Self {
        let manner = Manner {
            channels: config.targets.iter().map(super::Target::kind).collect(),
            remind_every: config.remind_every,
            per_hour_max: config.per_hour_max,
        };
        let book = kept(&dir).unwrap_or_else(|why| {
            tracing::error!(why, "the book of alerts cannot be read; it begins anew");
            Book::default()
        });
        Self { dir, config, manner, book }
    }

    /// Takes in all that is wrong now.
    pub(super) fn observe(&mut self, troubles: &[Trouble], now: Timestamp) {
        let before = self.book.clone();
        self.book.observe(troubles, &self.manner, now);
        for episode in self.book.episodes.iter().filter(|episode| episode.began == now) {
            tracing::warn!(
                about = episode.about,
                severity = episode.severity.name(),
                detail = episode.detail,
                "an alert begins"
            );
        }
        if self.book != before {
            self.keep();
        }
    }

    /// Nothing could be seen: what is going on lasts.
    fn last(&mut self, now: Timestamp) {
        self.book.episodes.iter_mut().for_each(|episode| episode.seen = now);
    }

    /// Sends what is due, to all receivers at once: one that hangs holds up no other.
    pub(super) async fn deliver(&mut self, now: Timestamp) {
        let mut due: HashMap<ChannelKind, Vec<Delivery>> = HashMap::new();
        for delivery in self.book.due(&self.manner, now) {
            due.entry(delivery.channel).or_default().push(delivery);
        }
        let receivers = due.into_iter().map(|(kind, due)| in_turn(self.target(kind).cloned(), due));
        let mut sent = stream::select_all(receivers);
        while let Some((delivery, sent)) = sent.next().await {
            if let Err(why) = &sent {
                tracing::warn!(
                    why,
                    about = delivery.message.about,
                    "an alert could not be sent; it is tried again"
                );
            }
            self.book.settle(delivery.id, sent, now);
            self.keep();
        }
    }

    fn target(&self, kind: ChannelKind) -> Option<&super::Target> {
        self.config.targets.iter().find(|target| target.kind() == kind)
    }

    /// A book that cannot be kept is still acted upon: the disk may be what the alert is about.
    fn keep(&self) {
        let kept = serde_json::to_string(&self.book)
            .map_err(|error| error.to_string())
            .and_then(|json| self.dir.write_alerts(&json).map_err(|error| error.to_string()));
        if let Err(error) = kept {
            tracing::error!(error, "the book of alerts cannot be kept");
        }
    }
}

/// Sends to one receiver, one after the other, up to the first that it does not take: the others would fare no better now.
fn in_turn(
    target: Option<super::Target>,
    due: Vec<Delivery>,
) -> BoxStream<'static, (Delivery, Result<(), String>)> {
    let sending = stream::unfold(Some((target, due.into_iter())), async |state| {
        let (target, mut due) = state?;
        let delivery = due.next()?;
        let sent = match &target {
            Some(target) => send(target, &delivery.message).await,
            None => Err("there is no such receiver any more".to_owned()),
        };
        let rest = sent.is_ok().then_some((target, due));
        Some(((delivery, sent), rest))
    });
    sending.boxed()
}

fn kept(dir: &DataDir) -> Result<Book, String> {
    match dir.read_alerts().map_err(|error| error.to_string())? {
        Some(json) => serde_json::from_str(&json).map_err(|error| error.to_string()),
        None => Ok(Book::default()),
    }
}

#[cfg(test)]
mod tests;

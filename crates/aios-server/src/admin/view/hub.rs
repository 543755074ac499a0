//! What is told as it happens, to everybody who listens.
//!
//! It is found out once a second for all of them together, and not at all while nobody listens. A listener begins with how
//! things stand, so there is nothing to resume after a break: ticks that were missed are in the charts. Whoever takes
//! too little loses ticks, and is told so and anew how things stand. Whoever is let in no more is told nothing more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::{Bucket, Outcome, Tier};
use aios_store::{DataDir, Index, Latencies, Span, StoreError};
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::MissedTickBehavior;

use super::events::with_questions;
use super::goldens::RunView;
use super::index::IndexTold;
use super::live::{Audited, ConfigTold, Gap, Tick};
use super::newest::Newest;
use super::overview::{Alert, CanaryBrief};
use super::scene::{Scene, Views};
use super::tiles;
use crate::admin::guard::error;
use crate::gateway::Gateway;

const SECOND: Duration = Duration::from_secs(1);

/// Frames that wait for a slow listener; then it is told anew how things stand.
const FRAMES_MAX: usize = 64;

/// Most listeners: more are no people.
const LISTENERS_MAX: usize = 64;

/// Tells what happens.
pub(crate) struct Hub {
    gateway: Arc<Gateway>,
    views: Views,
    /// None once the server stops.
    frames: Mutex<Option<broadcast::Sender<Bytes>>>,
    is_heard: Notify,
}

/// How things stand, but for what happens each second.
#[derive(Debug, Clone, PartialEq)]
struct Standing {
    alerts: Vec<Alert>,
    canary: CanaryBrief,
    config: ConfigTold,
    audited: Audited,
    index: IndexTold,
    golden: Option<RunView>,
}

impl Hub {
    pub(crate) fn new(gateway: Arc<Gateway>, views: Views) -> Arc<Self> {
        let frames = Mutex::new(Some(broadcast::channel(FRAMES_MAX).0));
        Arc::new(Self { gateway, views, frames, is_heard: Notify::new() })
    }

    /// Tells until the server stops; then every listener's stream ends.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            _ = stop.changed() => {}
            () = self.tell() => {}
        }
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A stream of server-sent events that begins with how things stand, and ends when whoever listens is let in no
    /// more.
    pub(crate) async fn listen(
        self: Arc<Self>,
        is_let_in: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Response {
        let Some(frames) = self.subscribe() else {
            let why = "too many listen already, or the server stops";
            return error(StatusCode::SERVICE_UNAVAILABLE, "no_stream", why);
        };
        let first = match self.standing().await {
            Ok(standing) => standing.frames(None),
            Err(response) => return response,
        };
        self.is_heard.notify_one();
        let is_let_in = Box::new(is_let_in);
        let listener = Listener { hub: self, frames, first: first.into(), is_let_in };
        let told = stream::unfold(listener, |mut listener| async {
            listener.next().await.map(|frame| (Ok::<_, std::io::Error>(frame), listener))
        });
        let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
        (headers, Body::from_stream(told)).into_response()
    }

    fn subscribe(&self) -> Option<broadcast::Receiver<Bytes>> {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let frames = frames.as_ref()?;
        (frames.receiver_count() < LISTENERS_MAX).then(|| frames.subscribe())
    }

    fn n_listeners(&self) -> usize {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    fn send(&self, frame: Bytes) {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        // The last listener may have left this moment.
        frames.as_ref().map(|frames| frames.send(frame).ok());
    }

    async fn tell(&self) {
        let mut tick = tokio::time::interval(SECOND);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut seen) = (None, None);
        loop {
            tick.tick().await;
            if self.n_listeners() == 0 {
                self.is_heard.notified().await;
                // Whoever comes has just been told how things stand.
                (told, seen) = (self.standing().await.ok(), self.tick(None).await);
                continue;
            }
            seen = self.tick(seen).await;
            if let Ok(standing) = self.standing().await {
                standing.frames(told.as_ref()).into_iter().for_each(|frame| self.send(frame));
                told = Some(standing);
            }
        }
    }

    /// Tells what happened since it was looked the last time, if that is known.
    async fn tick(&self, earlier: Option<Seen>) -> Option<Seen> {
        let counted = Counted::of(&self.gateway);
        let look = move |dir: &DataDir, scene: &Scene| {
            let (newest, tick) = look(dir, scene, earlier.as_ref(), &counted)?;
            Ok((Seen { counted, newest }, tick))
        };
        // What could not be read this time is counted in the next.
        let (seen, tick) = self.views.clone().read(look).await.ok()?;
        tick.iter().for_each(|tick| self.send(frame("tick", tick)));
        Some(seen)
    }

    async fn standing(&self) -> Result<Standing, Response> {
        let golden = self.views.golden_run();
        let make = move |dir: &DataDir, scene: &Scene| {
            Ok(Standing {
                alerts: tiles::alerts(dir)?,
                canary: tiles::brief(scene),
                config: scene.config.clone(),
                audited: scene.audited,
                index: IndexTold::of(dir)?,
                golden,
            })
        };
        self.views.clone().read(make).await
    }
}

/// What was there at the last look.
struct Seen {
    counted: Counted,
    newest: Newest,
}

/// What there is now, and a tick of what came since, if it is known since when.
fn look(
    dir: &DataDir,
    scene: &Scene,
    earlier: Option<&Seen>,
    counted: &Counted,
) -> Result<(Newest, Option<Tick>), StoreError> {
    let Some(index) = Index::read(dir)? else {
        let tick = earlier.map(|earlier| counted.since(&earlier.counted));
        return Ok((Newest::default(), tick.map(|tick| at(scene, tick))));
    };
    let (newest, rows) = Newest::of(&index)?;
    let Some(earlier) = earlier else { return Ok((newest, None)) };
    let mut latencies = Latencies::default();
    let minute = scene.now.minus(60 * SECOND)..scene.now.plus(SECOND);
    index.cells(Span::Minute, minute, |cell| latencies.merge(&cell.counts.latencies))?;
    let (rows, n_left_out) = newest.since(&earlier.newest, rows);
    let tick = Tick {
        latency_ms_p50: latencies.percentile(0.5),
        latency_ms_p95: latencies.percentile(0.95),
        newest: with_questions(dir, rows)?,
        n_left_out,
        ..counted.since(&earlier.counted)
    };
    Ok((newest, Some(at(scene, tick))))
}

fn at(scene: &Scene, tick: Tick) -> Tick {
    Tick { at_ms: scene.now.as_micros() / 1_000, ..tick }
}

/// Everything that was counted since the start.
struct Counted {
    clients: Vec<(Option<Tier>, Bucket, Outcome, u64)>,
    n_all: u64,
    n_in_flight: i64,
}

impl Counted {
    fn of(gateway: &Gateway) -> Self {
        let metrics = &gateway.metrics;
        let clients = metrics.clients_requests();
        // Counted after those of clients, it is no less than they are.
        Self { clients, n_all: metrics.n_requests(), n_in_flight: metrics.in_flight.get() }
    }

    fn since(&self, earlier: &Self) -> Tick {
        let mut tick = Tick { n_in_flight: self.n_in_flight, ..Tick::default() };
        for (now, before) in self.clients.iter().zip(&earlier.clients) {
            let (source, bucket, outcome, n) = (now.0, now.1, now.2, now.3 - before.3);
            tick.n += n;
            match source {
                Some(Tier::Main) => tick.n_main += n,
                Some(Tier::Embedder) => tick.n_embedder += n,
                None => {}
            }
            if bucket == Bucket::Treatment {
                tick.n_treatment += n;
            }
            if aios_control::is_failure(outcome) {
                tick.n_failed += n;
            }
        }
        // Requests end while they are counted.
        tick.n_own = (self.n_all - earlier.n_all).saturating_sub(tick.n);
        tick
    }
}

impl Standing {
    /// What is another than it was; all of it, if nothing was told before.
    fn frames(&self, told: Option<&Self>) -> Vec<Bytes> {
        let mut frames = Vec::new();
        if told.is_none_or(|told| told.alerts != self.alerts) {
            frames.push(frame("alerts", &self.alerts));
        }
        if told.is_none_or(|told| told.canary != self.canary) {
            frames.push(frame("canary", &self.canary));
        }
        if told.is_none_or(|told| told.config != self.config) {
            frames.push(frame("config", &self.config));
        }
        if told.is_none_or(|told| told.audited != self.audited) {
            frames.push(frame("audited", &self.audited));
        }
        if told.is_none_or(|told| told.index != self.index) {
            frames.push(frame("index", &self.index));
        }
        if let Some(run) = &self.golden
            && told.is_none_or(|told| told.golden.as_ref() != Some(run))
        {
            frames.push(frame("golden", run));
        }
        frames
    }
}

/// One server-sent event. JSON has no line break in it.
fn frame(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// Somebody who listens.
struct Listener {
    hub: Arc<Hub>,
    frames: broadcast::Receiver<Bytes>,
    /// What is told before anything else.
    first: VecDeque<Bytes>,
    /// A session may end while its stream goes on.
    is_let_in: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Listener {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.first.pop_front() {
                return Some(frame);
            }
            let heard = self.frames.recv().await;
            if !(self.is_let_in)() {
                return None;
            }
            match heard {
                Ok(frame) => return Some(frame),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(n_frames)) => {
                    self.first = self.hub.standing().await.ok()?.frames(None).into();
                    self.first.push_front(frame("gap", &Gap { n_frames }));
                }
            }
        }
    }
}

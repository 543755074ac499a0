//! The stream of what happens.

use std::time::Duration;

use aios_core::{Event, EventId, Purpose};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::watch;

use super::views::event;
use super::*;

/// Somebody who listens.
struct Listening(Body);

/// An event of the stream: its name, its data, and the bytes that it came in.
type Heard = (String, Value, bytes::Bytes);

impl Listening {
    async fn begin(admin: &Admin, headers: &[(&str, &str)]) -> Self {
        let reply = admin.ask("GET /admin/v1/live", headers).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Self(reply.into_body())
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Heard> {
        let frame = tokio::time::timeout(Duration::from_secs(60), self.0.frame()).await;
        let bytes = frame.expect("something is told each second")?.unwrap().into_data().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let (name, data) = text.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let data = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
        Some((name.to_owned(), data, bytes.clone()))
    }

    async fn tick(&mut self) -> Heard {
        loop {
            let heard = self.next().await.unwrap();
            if heard.0 == "tick" {
                return heard;
            }
        }
    }

    async fn names(&mut self, n: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..n {
            names.push(self.next().await.unwrap().0);
        }
        names
    }
}

/// What everybody is told first.
const STANDING: [&str; 5] = ["alerts", "canary", "config", "audited", "index"];

fn bearer() -> String {
    format!("Bearer {}", token_of("all"))
}

/// A server whose stream runs until the sender is dropped or told.
fn running() -> (Admin, watch::Sender<bool>) {
    let admin = Admin::new(true);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::clone(&admin.hub).run(stopped));
    (admin, stop)
}

fn made(n: u8, purpose: Purpose) -> Event {
    let mut event = event();
    event.ts = FixedClock.now().minus(Duration::from_secs(60 - u64::from(n)));
    event.event_id = EventId::new(event.ts, [n; 10]);
    event.purpose = purpose;
    Event::Response(Box::new(event))
}

/// The log's thread writes by a time of its own.
async fn record(admin: &Admin, events: Vec<Event>) {
    tokio::time::resume();
    admin.record(events).await;
    tokio::time::pause();
}

#[tokio::test(start_paused = true)]
async fn how_things_stand_comes_first_and_then_each_second_what_clients_did() {
    let (admin, _stop) = running();
    let token = bearer();
    let mut heard = Listening::begin(&admin, &[("authorization", &token)]).await;
    assert_eq!(heard.names(STANDING.len()).await, STANDING);
    let (_, quiet, _) = heard.tick().await;
    assert_eq!(
        (&quiet["n"], &quiet["n_own"], &quiet["n_left_out"]),
        (&0.into(), &0.into(), &0.into())
    );
    admin
        .record(vec![made(1, Purpose::Live), made(2, Purpose::Golden), made(3, Purpose::Golden)])
        .await;
    let (mut n, mut n_own, mut newest) = (0, 0, Vec::new());
    while n + n_own < 3 || newest.len() < 3 {
        let (_, tick, _) = heard.tick().await;
        n += tick["n"].as_u64().unwrap();
        n_own += tick["n_own"].as_u64().unwrap();
        assert_eq!((&tick["n_main"], &tick["n_left_out"]), (&tick["n"], &0.into()));
        newest.extend(tick["newest"].as_array().unwrap().iter().map(|row| row["question"].clone()));
    }
    assert_eq!((n, n_own, newest.len()), (1, 2, 3));
    assert!(newest.iter().all(|question| question == "Why is the sky blue?"), "{newest:?}");
    let (_, quiet, _) = heard.tick().await;
    assert_eq!(quiet["newest"].as_array().unwrap().len(), 0, "nothing is told twice");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_for_a_tick_is_counted() {
    let (admin, _stop) = running();
    record(&admin, vec![made(0, Purpose::Live)]).await;
    let token = bearer();
    let mut heard = Listening::begin(&admin, &[("authorization", &token)]).await;
    heard.tick().await;
    // Each is in the index at another moment, so that it may take a few ticks.
    record(&admin, (1..=50).map(|n| made(n, Purpose::Live)).collect()).await;
    let (mut n_told, mut n_left_out) = (0, 0);
    while n_told + n_left_out < 50 {
        let (_, tick, _) = heard.tick().await;
        n_told += tick["newest"].as_array().unwrap().len() as u64;
        n_left_out += tick["n_left_out"].as_u64().unwrap();
    }
    assert_eq!(n_told + n_left_out, 50);
    assert!(n_told >= 20 && n_left_out > 0, "{n_told} {n_left_out}");
}

#[tokio::test(start_paused = true)]
async fn many_listeners_are_told_the_same_which_is_found_out_once() {
    let (admin, _stop) = running();
    let token = bearer();
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(Listening::begin(&admin, &[("authorization", &token)]).await);
    }
    let mut ticks = Vec::new();
    for heard in &mut all {
        ticks.push(heard.tick().await.2);
    }
    // Not only the same text: the same bytes.
    let places: std::collections::BTreeSet<_> = ticks.iter().map(|tick| tick.as_ptr()).collect();
    assert_eq!(places.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_session_and_no_other_does() {
    let (admin, _stop) = running();
    let (cookie, token) = (admin.session("all", Scopes::all()), bearer());
    let mine = [("cookie", cookie.as_str()), ("origin", "http://127.0.0.1:8501")];
    let mut heard = Listening::begin(&admin, &mine).await;
    let mut other = Listening::begin(&admin, &[("authorization", &token)]).await;
    heard.tick().await;
    assert_eq!(admin.status("POST /admin/v1/logout", &mine).await, 200);
    while heard.next().await.is_some() {}
    other.tick().await;
    other.tick().await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_too_little_is_told_what_was_lost_and_how_things_stand() {
    let (admin, _stop) = running();
    let token = bearer();
    let mut slow = Listening::begin(&admin, &[("authorization", &token)]).await;
    let mut other = Listening::begin(&admin, &[("authorization", &token)]).await;
    assert_eq!(slow.names(STANDING.len()).await, STANDING);
    for _ in 0..100 {
        other.tick().await;
    }
    let (name, gap, _) = slow.next().await.unwrap();
    assert_eq!(name, "gap");
    assert!(gap["n_frames"].as_u64().unwrap() >= 30, "{gap}");
    assert_eq!(slow.names(STANDING.len()).await, STANDING);
}

#[tokio::test(start_paused = true)]
async fn every_stream_ends_when_the_server_stops_and_none_begins() {
    let (admin, stop) = running();
    let token = bearer();
    let mut heard = Listening::begin(&admin, &[("authorization", &token)]).await;
    heard.tick().await;
    stop.send_replace(true);
    while heard.next().await.is_some() {}
    assert_eq!(admin.status("GET /admin/v1/live", &[("authorization", &token)]).await, 503);
}

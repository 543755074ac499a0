//! What was answered is on record, also when the process is killed; what was half written is not data.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Place;
use crate::rig::{
    Act, Client, DONE, Server, Setup, Upstream, chat, chat_json, chunk, delta, events, finish, log,
    ok, post, reply, soon, stream_head, whole_stream,
};

/// Clients at once.
const N_CLIENTS: usize = 16;

/// How old an answer is whose event a test lets be lost. The promise is a hundred milliseconds, and is proven where time is
/// an argument (`log/decide.rs` of the store); here what writes has to get its turn on a busy machine.
const AGE_MAX: Duration = Duration::from_secs(2);

/// Answers that clients got in full: event id and time.
type Answers = Arc<Mutex<Vec<(String, Instant)>>>;

/// Asks again and again, in streams and not, until the server is gone.
async fn ask_on(api: String, answers: Answers) {
    let mut client = Client::connect(&api).await;
    for n in 0.. {
        let request = post(&chat("aios-auto", "How are you?", n % 2 == 0));
        if client.try_send(&request).await.is_err() {
            return;
        }
        let Some(reply) = client.try_reply().await else { return };
        if reply.is_whole {
            let id = reply.header("x-aios-event-id").unwrap().to_owned();
            answers.lock().unwrap().push((id, Instant::now()));
        }
    }
}

/// Kills a server under load, after `n` answers. Gives what was left and when the kill came.
async fn killed_under_load(setup: &Setup, n: usize) -> (Place, Answers, Instant) {
    let server = Server::start(setup).await;
    let answers = Answers::default();
    let clients: Vec<_> = (0..N_CLIENTS)
        .map(|_| tokio::spawn(ask_on(server.api().to_owned(), Arc::clone(&answers))))
        .collect();
    crate::rig::eventually("answers", async || {
        let answers = answers.lock().unwrap();
        let is_old_enough = answers.first().is_some_and(|(_, at)| at.elapsed() > 2 * AGE_MAX);
        (answers.len() >= n && is_old_enough).then_some(())
    })
    .await;
    let killed_at = Instant::now();
    let place = server.kill();
    for client in clients {
        soon("the clients' end", client).await.unwrap();
    }
    (place, answers, killed_at)
}

fn ids(events: &[Value]) -> BTreeSet<&str> {
    let ids: BTreeSet<_> = events.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "an event stands twice");
    ids
}

#[tokio::test]
async fn with_sync_always_every_answer_has_its_event() {
    let setup = Setup::new().set("events.sync", "\"always\"");
    let (place, answers, _) = killed_under_load(&setup, 100).await;
    let events = log(&place);
    let ids = ids(&events);
    for (id, _) in answers.lock().unwrap().iter() {
        assert!(ids.contains(id.as_str()), "{id} was answered and is lost");
    }
}

#[tokio::test]
async fn by_default_what_was_answered_a_moment_before_has_its_event() {
    let (place, answers, killed_at) = killed_under_load(&Setup::new(), 100).await;
    let events = log(&place);
    let ids = ids(&events);
    let answers = answers.lock().unwrap();
    let is_lost = |(id, _): &&(String, Instant)| !ids.contains(id.as_str());
    let oldest = answers.iter().filter(is_lost).map(|(_, at)| killed_at - *at).max();
    println!("the oldest answer without an event: {oldest:?} before the kill");
    let old = answers.iter().filter(|(_, at)| *at + AGE_MAX < killed_at);
    let lost: Vec<_> = old.clone().filter(is_lost).collect();
    assert!(old.count() > 0, "the load ran long enough");
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn a_torn_line_is_not_data_and_the_log_goes_on() {
    let (place, _, _) = killed_under_load(&Setup::new(), 50).await;
    let whole = log(&place).len();
    let path = place.path().join(crate::rig::EVENTS);
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend_from_slice(b"{\"event_type\":\"response\",\"event_id\":\"01");
    std::fs::write(&path, torn).unwrap();
    let server = Server::start_in(place).await;
    server.chat("aios-main", "x").await.expect(200);
    let events = server.events(whole + 1).await;
    assert_eq!(ids(&events).len(), whole + 1);
    assert_eq!(events.last().unwrap()["outcome"], "ok");
}

/// Its writer knows what it wrote, so nobody is told that all is well: not by the server, and not by whoever looks at the
/// files afterwards.
#[tokio::test]
async fn a_log_that_is_cut_under_a_server_is_told_and_gone_on_in() {
    let server = Server::start(&Setup::new()).await;
    for _ in 0..3 {
        server.chat("aios-main", "x").await.expect(200);
    }
    let path = server.place().path().join(crate::rig::EVENTS);
    crate::rig::eventually("events", async || (server.log().len() == 3).then_some(())).await;
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 40).unwrap();
    let counted = crate::rig::eventually("the loss", async || {
        let log = server.status().await["event_log"].clone();
        (log["taken"] == 1).then_some(log)
    })
    .await;
    assert_eq!((&counted["lost"], &counted["written"]), (&1.into(), &3.into()));
    server.chat("aios-main", "x").await.expect(200);
    crate::rig::eventually("the next", async || (server.log().len() == 3).then_some(())).await;
    let place = server.kill();
    let run = |args: &[&str]| place.run(&[args, &["--data-dir", "data"]].concat()).ended(2).stdout;
    let judged = run(&["slo", "check"]);
    assert!(judged.contains("event_log=NODATA[unread=1 first=analytics"), "{judged}");
    let named = run(&["logs", "verify"]);
    assert!(named.contains("somebody has cut, replaced or removed it"), "{named}");
}

#[tokio::test]
async fn a_killed_server_can_be_started_again_and_again() {
    let mut place = Server::start(&Setup::new()).await.kill();
    for n in 1..=3 {
        let server = Server::start_in(place).await;
        server.chat("aios-main", "x").await.expect(200);
        crate::rig::eventually("its event", async || (server.log().len() == n).then_some(())).await;
        place = server.kill();
    }
}

/// What a request of the mixed load asks the model server for.
const KINDS: [&str; 8] = ["whole", "stream", "fault", "cut", "limited", "caller", "leave", "wrong"];

/// A model server that does as it is told.
async fn obedient() -> Upstream {
    Upstream::start(|request| {
        let kind = KINDS.into_iter().find(|kind| request.has(&format!("kind {kind}.")));
        match kind.unwrap() {
            "whole" => ok(&chat_json("big", "Hello")),
            "stream" => whole_stream([delta("Hello"), finish(), DONE.to_owned()]),
            "fault" => vec![Act::Reset],
            "cut" => [events([delta("Hello")]), vec![Act::Close]].concat(),
            "limited" => reply(429, "", "{}"),
            "caller" => reply(400, "", r#"{"error":{"message":"no"}}"#),
            "leave" => vec![stream_head(), chunk(delta("Hello")), Act::AwaitHangUp],
            _ => ok("garbage"),
        }
    })
    .await
}

/// Sends one request of that kind; leaves early where the kind says so.
async fn ask_for(api: &str, kind: &str) {
    let is_stream = matches!(kind, "stream" | "cut" | "leave");
    let mut client = Client::connect(api).await;
    client.send(&post(&chat("aios-main", &format!("kind {kind}."), is_stream))).await;
    let mut reply = client.head().await;
    if kind == "leave" {
        return client.read_until(&mut reply, "Hello").await;
    }
    while client.piece(&mut reply).await.is_some() {}
    assert!(reply.is_whole, "{kind}");
}

#[tokio::test]
async fn each_request_of_a_mixed_load_leaves_one_event() {
    const N_CLIENTS: usize = 32;
    const N_REQUESTS: usize = 13;
    let upstream = obedient().await;
    // What is tested is the count: no breaker may keep requests from their fate.
    let setup = Setup::main(&upstream).set("breaker.failures", "1000");
    let server = Server::start(&setup).await;
    let clients = (0..N_CLIENTS).map(|client| {
        let api = server.api().to_owned();
        tokio::spawn(async move {
            for n in 0..N_REQUESTS {
                ask_for(&api, KINDS[(client + n) % KINDS.len()]).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        soon("a client's end", client).await.unwrap();
    }
    server.settled().await;
    let events = server.events(N_CLIENTS * N_REQUESTS).await;
    ids(&events);
    let n_per_kind = N_CLIENTS * N_REQUESTS / KINDS.len();
    let count = |outcome: &str| events.iter().filter(|event| event["outcome"] == outcome).count();
    assert_eq!(count("ok"), 2 * n_per_kind);
    assert_eq!(count("upstream_error"), 2 * n_per_kind);
    assert_eq!(count("stream_cut"), n_per_kind);
    assert_eq!(count("overloaded"), n_per_kind);
    assert_eq!(count("caller_error"), n_per_kind);
    assert_eq!(count("client_cancelled"), n_per_kind);
}

/// Two that write one log would be none that does.
#[tokio::test]
async fn a_second_server_on_one_data_directory_is_refused_and_the_first_goes_on() {
    let server = Server::start(&Setup::new()).await;
    server.chat("aios-auto", "How are you?").await.expect(200);
    let any = "127.0.0.1:0";
    let second = ["serve", "--listen", any, "--admin-listen", any, "--data-dir", "data"];
    let refused = server.place().run(&second).ended(1);
    assert!(refused.stderr.contains("is in use by another process"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: stop the other process"), "{}", refused.stderr);
    server.chat("aios-auto", "And now?").await.expect(200);
    let place = server.stop_after(2).await;
    assert_eq!(log(&place).len(), 2);
    place.run(&["logs", "verify", "--data-dir", "data"]).ended(0);
    place.run(&["audit", "verify", "--data-dir", "data"]).ended(0);
}

use std::fs;
use std::time::Duration;

use aios_core::{EventId, Split};
use aios_privacy::Secret;
use aios_store::Index;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::alerts::Target;
use crate::judging::{Objectives, fixture};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + second) * 1_000_000)
}

/// A receiver over a real socket: answers with the status that is asked for, and shows what came.
struct Receiver {
    url: String,
    status: Arc<std::sync::Mutex<u16>>,
    came: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/services/{}", listener.local_addr().unwrap(), secret());
        let status = Arc::new(std::sync::Mutex::new(200));
        let (tell, came) = mpsc::unbounded_channel();
        let answer = Arc::clone(&status);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let (path, body) = read(&mut socket).await;
                let status = *answer.lock().unwrap();
                let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                socket.write_all(reply.as_bytes()).await.unwrap();
                if status == 200 && tell.send((path, body)).is_err() {
                    return;
                }
            }
        });
        Self { url, status, came }
    }

    fn answer_with(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// What has come so far.
    fn texts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Ok((path, body)) = self.came.try_recv() {
            assert!(path.ends_with(&secret()));
            texts.push(body["text"].as_str().unwrap().to_owned());
        }
        texts
    }
}

/// Looks like one only at run time.
fn secret() -> String {
    ["T00", "B00", &"x".repeat(24)].join("/")
}

async fn read(socket: &mut tokio::net::TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n = socket.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let path = head.split(' ').nth(1).unwrap().to_owned();
            return (path, body);
        }
    }
}

/// A data directory with a log that the test writes.
struct Place {
    dir: Arc<DataDir>,
    index: Index,
    log: String,
    _temp: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        let index = Index::open(&dir).unwrap();
        Self { dir: Arc::new(dir), index, log: String::new(), _temp: temp }
    }

    /// Ten requests in the minute that begins at `second`.
    fn ten_requests(&mut self, second: i64, outcome: &str) {
        for n in 0..10 {
            let ts = at(second + n * 6);
            let line = fixture::response(json!({
                "event_id": EventId::new(ts, [n as u8; 10]), "ts": ts,
                "conv_id": format!("c1_{second:031x}{n}"), "outcome": outcome,
            }));
            self.log += &(line + "\n");
        }
    }

    fn write(&mut self) {
        fs::write(self.dir.events_path(), &self.log).unwrap();
        self.index.catch_up().unwrap();
    }

    fn post(&self, receiver: &Receiver) -> Post {
        let target = Target::new(ChannelKind::Slack, Secret::new(receiver.url.clone()), &[]);
        let config = AlertConfig {
            enabled: true,
            targets: vec![target.unwrap()],
            remind_every: Duration::from_secs(4 * 3_600),
            per_hour_max: 20,
            expect_traffic: false,
        };
        Post::open(Arc::clone(&self.dir), config)
    }
}

fn split() -> Split {
    Split::plain(aios_core::Percent::new(10.0).unwrap(), "test")
}

#[tokio::test]
async fn a_full_outage_at_ten_requests_a_minute_is_told_within_five_minutes() {
    let (mut place, mut receiver) = (Place::new(), Receiver::start().await);
    let objectives = Objectives::default();
    let (mut sight, mut post) = (Sight::new(&objectives), place.post(&receiver));
    (0..60).for_each(|minute| place.ten_requests(minute * 60, "ok"));
    place.write();
    let mut told_after = None;
    for minute in 60..70 {
        place.ten_requests(minute * 60, "upstream_error");
        place.write();
        let now = at((minute + 1) * 60 - 1);
        let seen = sight.look(&place.dir, &objectives, &split(), now).unwrap();
        post.observe(&seen.troubles, now);
        post.deliver(now).await;
        let texts = receiver.texts();
        let is_page = |text: &&String| text.starts_with("*AIOS ALERT (page): error_rate*");
        if let Some(text) = texts.iter().find(is_page) {
            assert!(text.contains("1. See which endpoints fail"), "{text}");
            told_after = Some(minute - 60 + 1);
            break;
        }
    }
    assert!(told_after.is_some_and(|minutes| minutes <= 5), "{told_after:?}");
}

#[tokio::test]
async fn one_bad_request_in_thirty_is_told_to_nobody() {
    let (mut place, mut receiver) = (Place::new(), Receiver::start().await);
    let objectives = Objectives::default();
    let (mut sight, mut post) = (Sight::new(&objectives), place.post(&receiver));
    (0..3).for_each(|minute| place.ten_requests(minute * 60, "ok"));
    place.log = place.log.replacen("\"outcome\":\"ok\"", "\"outcome\":\"timeout\"", 1);
    place.write();
    for minute in 0..120 {
        let now = at(minute * 60);
        let seen = sight.look(&place.dir, &objectives, &split(), now).unwrap();
        post.observe(&seen.troubles, now);
        post.deliver(now).await;
    }
    assert_eq!(receiver.texts(), Vec::<String>::new());
}

#[tokio::test]
async fn a_receiver_that_fails_for_an_hour_and_a_restart_lose_nothing() {
    let (place, mut receiver) = (Place::new(), Receiver::start().await);
    let trouble = Trouble {
        about: "pass_rate".to_owned(),
        severity: crate::alerts::Severity::Ticket,
        detail: "<b> & co".to_owned(),
    };
    receiver.answer_with(503);
    let mut post = place.post(&receiver);
    post.observe(std::slice::from_ref(&trouble), at(0));
    for minute in 0..60 {
        // Each time as after a restart.
        post = place.post(&receiver);
        post.deliver(at(minute * 60)).await;
    }
    let n_tries = post.book.outbox[0].n_attempts;
    assert!((5..=12).contains(&n_tries), "it is tried at growing pauses: {n_tries}");
    let kept = place.dir.read_alerts().unwrap().unwrap();
    assert!(!kept.contains(&secret()) && kept.contains("slack answered 503"), "{kept}");
    receiver.answer_with(200);
    for minute in 60..90 {
        post.deliver(at(minute * 60)).await;
    }
    let texts = receiver.texts();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("&lt;b&gt; &amp; co"), "{}", texts[0]);
    assert_eq!(place.post(&receiver).book.told.len(), 1);
}

/// It takes the connection and never says a word.
#[tokio::test]
async fn a_receiver_that_hangs_holds_up_no_other() {
    let (place, mut receiver) = (Place::new(), Receiver::start().await);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{}", silent.local_addr().unwrap(), secret());
    let mut post = place.post(&receiver);
    let hanging = Target::new(ChannelKind::Webhook, Secret::new(url), &[]).unwrap();
    let targets = vec![hanging, post.config.targets.remove(0)];
    post = Post::open(Arc::clone(&place.dir), AlertConfig { targets, ..post.config.clone() });
    let trouble = Trouble {
        about: "pass_rate".to_owned(),
        severity: crate::alerts::Severity::Page,
        detail: String::new(),
    };
    post.observe(std::slice::from_ref(&trouble), at(0));
    tokio::select! {
        () = post.deliver(at(0)) => panic!("the one that hangs has answered"),
        came = receiver.came.recv() => assert!(came.unwrap().1["text"].is_string()),
    }
}

#[tokio::test]
async fn what_the_goldens_and_routing_break_is_a_ticket() {
    let (place, objectives) = (Place::new(), Objectives::default());
    let goldens = place.dir.path().join("goldens");
    fs::create_dir(&goldens).unwrap();
    let set = include_str!("../../../../../fixtures/golden/set_v1.json");
    fs::write(goldens.join("sample_set.json"), set).unwrap();
    let report = include_str!("../../../../../fixtures/golden/report_v1.json");
    let mut report: serde_json::Value = serde_json::from_str(report).unwrap();
    (report["timestamp"], report["metrics"]["pass_rate"]) = (json!(at(0)), json!(0.5));
    report["report_id"] = json!("");
    let report: aios_eval::Report = serde_json::from_value(report).unwrap();
    let text = serde_json::to_string(&report.sealed()).unwrap();
    fs::write(goldens.join("last_report.json"), text).unwrap();
    let far = Split { treatment_boundary: aios_core::Boundary::new(0.6).unwrap(), ..split() };
    let look = |split: &Split, second| {
        let seen =
            Sight::new(&objectives).look(&place.dir, &objectives, split, at(second)).unwrap();
        let abouts = seen.troubles.into_iter().map(|trouble| {
            assert_eq!(trouble.severity, crate::alerts::Severity::Ticket);
            trouble.about
        });
        abouts.collect::<Vec<_>>()
    };
    assert_eq!(look(&far, 60), ["pass_rate", "boundary_drift"]);
    // A report that has grown old says nothing.
    assert_eq!(look(&split(), 9 * 86_400), Vec::<String>::new());
}

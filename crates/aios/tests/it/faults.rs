//! A model server that fails in every way it can: what the client gets, what the event says, and that
//! nothing is left behind.

use std::time::Duration;

use serde_json::Value;

use crate::rig::{
    Act, DONE, Reply, Server, Setup, Upstream, chat, chat_json, chunk, delta, events, finish,
    last_chunk, ok, post, reply, stream_head,
};

/// One way to fail, and what must come of it when the client asks for main and nothing else.
struct Case {
    name: &'static str,
    acts: Vec<Act>,
    settings: &'static [(&'static str, &'static str)],
    ending: Ending,
    outcome: &'static str,
    code: Option<&'static str>,
    attempts: &'static [&'static str],
}

/// What the client sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// An answer, to its end.
    Answer,
    /// An error with a status of its own.
    Error(u16),
    /// An error inside a stream that had begun, and no `[DONE]`.
    InBand,
}

const WHOLE: [bool; 1] = [false];
const STREAM: [bool; 1] = [true];
const BOTH: [bool; 2] = [false, true];

impl Case {
    /// A failure of the endpoint that is tried twice and then reported.
    fn broken(name: &'static str, acts: Vec<Act>) -> Self {
        Self {
            name,
            acts,
            settings: &[],
            ending: Ending::Error(502),
            outcome: "upstream_error",
            code: None,
            attempts: &[],
        }
    }

    /// A failure in the middle of a stream.
    fn in_band(name: &'static str, acts: Vec<Act>) -> Self {
        Self { ending: Ending::InBand, outcome: "stream_cut", ..Self::broken(name, acts) }
    }

    fn answered(name: &'static str, acts: Vec<Act>) -> Self {
        let case = Self::broken(name, acts);
        Self { ending: Ending::Answer, outcome: "ok", attempts: &["ok"], ..case }
    }

    fn code(self, code: &'static str, attempts: &'static [&'static str]) -> Self {
        Self { code: Some(code), attempts, ..self }
    }

    fn ends(self, ending: Ending, outcome: &'static str) -> Self {
        Self { ending, outcome, ..self }
    }

    fn set(self, settings: &'static [(&'static str, &'static str)]) -> Self {
        Self { settings, ..self }
    }

    async fn check(self, streams: &[bool]) {
        for stream in streams {
            self.check_one(*stream).await;
        }
    }

    async fn check_one(&self, stream: bool) -> (Reply, Value) {
        let name = format!("{} (stream: {stream})", self.name);
        let acts = self.acts.clone();
        let upstream = Upstream::start(move |request| match request.has("plain") {
            true => ok(&chat_json("big", "Fine.")),
            false => acts.clone(),
        })
        .await;
        let setup = self
            .settings
            .iter()
            .fold(Setup::main(&upstream), |setup, (key, value)| setup.set(key, value));
        let server = Server::start(&setup).await;
        let reply = server.ask(&post(&chat("aios-main", "fault", stream))).await;
        self.judge_reply(&name, &reply);
        let event = finish_up(server, reply.status).await;
        self.judge_event(&name, stream, &event);
        (reply, event)
    }

    fn judge_reply(&self, name: &str, reply: &Reply) {
        let text = reply.text();
        assert!(reply.is_whole, "{name}: cut: {text}");
        match self.ending {
            Ending::Answer => assert_eq!(reply.status, 200, "{name}: {text}"),
            Ending::Error(status) => {
                assert_eq!(reply.status, status, "{name}: {text}");
                assert_eq!(reply.error_code(), self.code.unwrap(), "{name}");
                assert_eq!(reply.header("x-should-retry"), Some("false"), "{name}");
            }
            Ending::InBand => {
                assert_eq!(reply.status, 200, "{name}: {text}");
                assert!(!text.contains("[DONE]"), "{name}: {text}");
                let last = text.trim_end().rsplit("\n\n").next().unwrap();
                let json = last.strip_prefix("data: ").unwrap();
                let error: Value = serde_json::from_str(json).unwrap();
                assert!(error["error"]["message"].is_string(), "{name}: {text}");
            }
        }
    }

    fn judge_event(&self, name: &str, stream: bool, event: &Value) {
        assert_eq!(event["outcome"], self.outcome, "{name}: {event:#}");
        assert_eq!(event["error_code"].as_str(), self.code, "{name}: {event:#}");
        assert_eq!(event["stream"], stream, "{name}");
        let attempts = event["attempts"].as_array().unwrap().iter();
        let outcomes: Vec<_> =
            attempts.map(|attempt| attempt["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, self.attempts, "{name}");
    }
}

/// Nothing is left over, the next request is answered, and each left one event. Gives the first.
async fn finish_up(server: Server, status: u16) -> Value {
    server.settled().await;
    server.chat("aios-main", "plain").await.expect(200);
    server.settled().await;
    let mut events = server.events(2).await;
    assert_eq!(events[1]["outcome"], "ok");
    assert_eq!(events[0]["status"], status);
    events.swap_remove(0)
}

const FIRST_TOKEN: &[(&str, &str)] = &[("timeouts.first_token", "\"150ms\"")];
const INTER_TOKEN: &[(&str, &str)] = &[("timeouts.inter_token", "\"150ms\"")];
const TOTAL: &[(&str, &str)] = &[("timeouts.total", "\"150ms\"")];
const FINISH_GRACE: &[(&str, &str)] = &[("timeouts.finish_grace", "\"50ms\"")];

fn json_head(length: usize) -> Act {
    Act::send(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    ))
}

/// A stream that ends where the connection is closed.
fn unframed_head() -> Act {
    Act::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_refused_connection_is_a_502() {
    let server = Server::start(&Setup::main(&Upstream::refusing())).await;
    for stream in BOTH {
        let reply = server.ask(&post(&chat("aios-main", "x", stream))).await.expect(502);
        assert_eq!(reply.error_code(), "upstream_unreachable");
        assert_eq!(reply.header("x-aios-attempts"), Some("2"));
        assert_eq!(reply.header("x-should-retry"), Some("false"));
    }
    server.settled().await;
    server.chat("aios-embedder", "x").await.expect(200);
    let events = server.events(3).await;
    for event in &events[..2] {
        assert_eq!((&event["outcome"], &event["status"]), (&"upstream_error".into(), &502.into()));
        assert_eq!(event["attempts"][1]["outcome"], "connect_failed");
    }
}

#[tokio::test]
async fn a_reset_before_the_reply_is_a_502() {
    let case = Case::broken("reset before a reply", vec![Act::Reset]);
    case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn a_connection_closed_before_the_reply_is_a_502() {
    let case = Case::broken("closed before a reply", vec![Act::Close]);
    case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn a_connection_lost_in_the_body_is_a_502() {
    for (name, end) in [("reset in mid-body", Act::Reset), ("closed in mid-body", Act::Close)] {
        let case = Case::broken(name, vec![json_head(500), Act::send("{\"id\":"), end]);
        case.code("upstream_connection_lost", &["connection_lost", "connection_lost"])
            .check(&WHOLE)
            .await;
    }
}

#[tokio::test]
async fn a_stream_lost_before_its_first_event_is_a_502() {
    // The head has come and a comment, but nothing that says something: no status was sent on.
    for (name, end) in [("reset", Act::Reset), ("closed", Act::Close)] {
        let case = Case::broken(name, vec![stream_head(), chunk(": wait\n\n"), end]);
        case.code("upstream_stream_cut", &["stream_cut", "stream_cut"])
            .ends(Ending::Error(502), "stream_cut")
            .check(&STREAM)
            .await;
    }
}

#[tokio::test]
async fn a_server_error_is_a_502() {
    let case = Case::broken("500", reply(500, "", r#"{"error":{"message":"oops"}}"#));
    case.code("upstream_error", &["server_error", "server_error"]).check(&BOTH).await;
    let case = Case::broken("503 without a word", reply(503, "", ""));
    case.code("upstream_error", &["server_error", "server_error"]).check(&WHOLE).await;
}

#[tokio::test]
async fn a_limited_endpoint_is_a_429_with_its_wait() {
    let acts = reply(429, "retry-after: 7\r\n", r#"{"error":{"message":"slow down"}}"#);
    let case = Case::broken("429", acts)
        .code("rate_limit_exceeded", &["rate_limited"])
        .ends(Ending::Error(429), "overloaded");
    for stream in BOTH {
        let (reply, _) = case.check_one(stream).await;
        assert_eq!(reply.header("retry-after"), Some("7"));
    }
}

#[tokio::test]
async fn a_limited_endpoint_keeps_its_breaker_closed() {
    let upstream = Upstream::always(reply(429, "", "{}")).await;
    let setup = Setup::main(&upstream).set("breaker.failures", "2");
    let server = Server::start(&setup).await;
    for _ in 0..3 {
        server.chat("aios-main", "x").await.expect(429);
    }
    let breaker = server.endpoint("main-1").await["breaker"].clone();
    assert_eq!((&breaker["state"], &breaker["n_failures"]), (&"closed".into(), &0.into()));
}

#[tokio::test]
async fn silence_before_the_first_token_is_a_504() {
    let timeout = |name, acts| {
        Case::broken(name, acts)
            .set(FIRST_TOKEN)
            .code("upstream_first_token_timeout", &["first_token_timeout"])
            .ends(Ending::Error(504), "timeout")
    };
    timeout("no headers", vec![Act::AwaitHangUp]).check(&BOTH).await;
    timeout("half the headers", vec![Act::send("HTTP/1.1 200 OK\r\ncon"), Act::AwaitHangUp])
        .check(&BOTH)
        .await;
    timeout("no body", vec![json_head(20), Act::AwaitHangUp]).check(&WHOLE).await;
    timeout("no event", vec![stream_head(), Act::AwaitHangUp]).check(&STREAM).await;
    timeout("a comment", vec![stream_head(), chunk(": wait\n\n"), Act::AwaitHangUp])
        .check(&STREAM)
        .await;
}

#[tokio::test]
async fn the_deadline_of_a_request_is_a_504() {
    Case::broken("no headers", vec![Act::AwaitHangUp])
        .set(TOTAL)
        .code("deadline_exceeded", &["total_timeout"])
        .ends(Ending::Error(504), "timeout")
        .check(&BOTH)
        .await;
}

#[tokio::test]
async fn silence_inside_a_stream_is_reported_in_band() {
    let silent = |name, acts| {
        Case::in_band(name, acts)
            .set(INTER_TOKEN)
            .code("upstream_inter_token_timeout", &["inter_token_timeout"])
            .ends(Ending::InBand, "timeout")
    };
    let begun = || vec![stream_head(), chunk(delta("Hel")), chunk(delta("lo"))];
    silent("after an event", [begun(), vec![Act::AwaitHangUp]].concat()).check(&STREAM).await;
    let half = chunk("data: {\"id\":");
    silent("in an event", [begun(), vec![half, Act::AwaitHangUp]].concat()).check(&STREAM).await;
}

#[tokio::test]
async fn a_slow_stream_is_no_fault() {
    const SILENCE: &[(&str, &str)] = &[("timeouts.inter_token", "\"500ms\"")];
    let drip = |n| [Act::Pause(Duration::from_millis(50)), chunk(delta(&format!("{n} ")))];
    let mut acts = vec![stream_head()];
    // Longer in all than the longest silence allowed.
    acts.extend((0..15).flat_map(drip).chain([chunk(finish()), chunk(DONE), last_chunk()]));
    let (reply, event) = Case::answered("drip", acts).set(SILENCE).check_one(true).await;
    assert!(reply.text().ends_with(DONE));
    assert!(event["latency_ms"].as_f64().unwrap() > 500.0, "{event:#}");
}

#[tokio::test]
async fn a_stream_that_breaks_is_reported_in_band() {
    let cut = |name, acts| Case::in_band(name, acts).code("upstream_stream_cut", &["stream_cut"]);
    let begun = || vec![stream_head(), chunk(delta("Hel")), chunk(delta("lo"))];
    for end in [Act::Close, Act::Reset] {
        cut("between events", [begun(), vec![end.clone()]].concat()).check(&STREAM).await;
        let half = chunk("data: {\"id\":");
        cut("in an event", [begun(), vec![half, end.clone()]].concat()).check(&STREAM).await;
        cut("in a chunk", [begun(), vec![Act::send("ff\r\ndata: {"), end]].concat())
            .check(&STREAM)
            .await;
    }
    let unframed = vec![unframed_head(), Act::send(delta("Hello")), Act::Close];
    cut("closed without framing", unframed).check(&STREAM).await;
    let ended = events([delta("Hello")]).into_iter().chain([last_chunk()]).collect();
    cut("ended without a finish reason", ended).check(&STREAM).await;
}

#[tokio::test]
async fn a_missing_end_mark_is_added_after_a_finish_reason() {
    let whole = || events([delta("Hello"), finish()]);
    let unframed =
        vec![unframed_head(), Act::send(delta("Hello")), Act::send(finish()), Act::Close];
    let cases = [
        ("closed", [whole(), vec![Act::Close]].concat()),
        ("ended", [whole(), vec![last_chunk()]].concat()),
        ("held open", [whole(), vec![Act::AwaitHangUp]].concat()),
        ("closed without framing", unframed),
    ];
    for (name, acts) in cases {
        let (reply, event) = Case::answered(name, acts).set(FINISH_GRACE).check_one(true).await;
        assert_eq!(reply.text(), delta("Hello") + &finish() + DONE, "{name}");
        assert_eq!(event["finish_reason"], "stop", "{name}");
    }
}

#[tokio::test]
async fn garbage_in_a_stream_is_reported_in_band() {
    Case::in_band("not JSON", events([delta("Hello").as_str(), "data: {nonsense\n\n"]))
        .code("upstream_error_in_reply", &["error_in_reply"])
        .check(&STREAM)
        .await;
}

#[tokio::test]
async fn garbage_at_the_start_of_a_stream_is_a_502() {
    Case::broken("not JSON", events(["data: \u{1}\u{2}garbage\n\n"]))
        .code("upstream_error_in_reply", &["error_in_reply", "error_in_reply"])
        .check(&STREAM)
        .await;
    let endless = vec![stream_head(), chunk("x".repeat(9 << 20)), Act::Close];
    Case::broken("an event that never ends", endless)
        .code("upstream_bad_reply", &["bad_reply", "bad_reply"])
        .check(&STREAM)
        .await;
}

#[tokio::test]
async fn garbage_instead_of_a_reply_is_a_502() {
    let bad = |name, acts| {
        Case::broken(name, acts).code("upstream_bad_reply", &["bad_reply", "bad_reply"])
    };
    bad("not HTTP", vec![Act::send("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Act::Close]).check(&BOTH).await;
    bad("not JSON", ok("<html>It works!</html>")).check(&WHOLE).await;
    bad("no stream", ok(&chat_json("big", "whole"))).check(&STREAM).await;
    bad("no answer", ok(r#"{"hello":"world"}"#)).check(&WHOLE).await;
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    const ERROR: &str = r#"{"error":{"message":"out of memory","type":"server_error"}}"#;
    Case::broken("whole", ok(ERROR))
        .code("upstream_error_in_reply", &["error_in_reply", "error_in_reply"])
        .check(&BOTH)
        .await;
    let event = format!("data: {ERROR}\n\n");
    Case::broken("first event", events([&event]))
        .code("upstream_error_in_reply", &["error_in_reply", "error_in_reply"])
        .check(&STREAM)
        .await;
    let later = Case::in_band("later event", events([delta("Hello"), event.clone()]))
        .code("upstream_error_in_reply", &["error_in_reply"]);
    let (reply, _) = later.check_one(true).await;
    assert_eq!(reply.text(), delta("Hello") + &event, "as the endpoint wrote it");
}

#[tokio::test]
async fn another_model_than_asked_for_is_noted() {
    let case = Case::answered("wrong model", ok(&chat_json("llama-3.2-1b", "Hello")));
    let (reply, event) = case.check_one(false).await;
    assert_eq!(reply.json()["model"], "llama-3.2-1b");
    assert_eq!(
        (&event["model_mismatch"], &event["response_model"]),
        (&true.into(), &"llama-3.2-1b".into())
    );
}

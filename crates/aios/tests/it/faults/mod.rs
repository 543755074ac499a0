//! A model server that fails in every way it can: what the client gets, what the event says, and that
//! nothing is left behind.

mod beginnings;
mod streams;

use serde_json::Value;

use crate::rig::{Act, Reply, Server, Setup, Upstream, chat, chat_json, ok, post};

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
        server.settled().await;
        if !self.settings.is_empty() {
            // What brought the fault about soon would hurry the next request as well.
            server.configure(&Setup::main(&upstream).toml());
            server.taken_over(2).await;
        }
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
                // Who is told when to come again does so.
                let again = reply.header("retry-after").is_none().then_some("false");
                assert_eq!(reply.header("x-should-retry"), again, "{name}");
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
    server.chat("aios-main", "plain").await.expect(200);
    server.settled().await;
    let mut events = server.events(2).await;
    assert_eq!(events[1]["outcome"], "ok");
    assert_eq!(events[0]["status"], status);
    events.swap_remove(0)
}

//! Traces over real sockets: what a collector gets and what a model server is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::program::Place;
use crate::rig::{EVENTS, Server, chat, chat_json, eventually, log, post_with};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// Answers every request with a 200 and the same body, and keeps what it was sent.
struct Station {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<u8>>>,
}

impl Station {
    fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let length = body.len();
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                while let Some(request) = receive(&mut stream) {
                    kept.lock().unwrap().extend_from_slice(&request);
                    stream.write_all(reply.as_bytes()).unwrap();
                }
            }
        });
        Self { address, requests }
    }

    /// All that has come.
    fn bytes(&self) -> Vec<u8> {
        self.requests.lock().unwrap().clone()
    }

    fn has(&self, part: &[u8]) -> bool {
        self.bytes().windows(part.len()).any(|bytes| bytes == part)
    }

    async fn until(&self, part: &str) {
        let what = format!("`{part}` at {}", self.address);
        eventually(&what, async || self.has(part.as_bytes()).then_some(())).await;
    }
}

/// One request, head and body; `None` at the end of the connection.
fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read(&mut piece).ok().filter(|n| *n > 0)?;
        request.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let end = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        if let (Some(end), Some(length)) = (end, length)
            && request.len() >= end + 4 + length.trim().parse::<usize>().unwrap()
        {
            return Some(request);
        }
    }
}

/// A server whose main tier is `model`, which sends its traces to `collector` so many milliseconds
/// after they were made.
async fn start(model: &Station, collector: &Station, delay_ms: &str) -> Server {
    let (model, collector) = (model.address, collector.address);
    let place = Place::new().env("OTEL_BSP_SCHEDULE_DELAY", delay_ms);
    let text = format!(
        "[telemetry]\notlp_endpoint = \"http://{collector}\"\nservice_name = \"aios-in-test\"\n\
         [tiers.main]\nendpoints = [{{ url = \"http://{model}/v1\", model = \"big\", kind = \"open_ai\" }}]\n\
         [tiers.embedder]\nendpoints = [{{ url = \"sim://embedder?instant\" }}]\n"
    );
    place.write("aios.toml", &text);
    Server::start_in(place).await
}

fn model() -> Station {
    Station::start(&chat_json("big-2026", "An answer nobody else may read."))
}

async fn ask(server: &Server, headers: &str) {
    let body = chat("aios-main", "A question nobody else may read.", false);
    server.ask(&post_with(headers, body.as_bytes())).await.expect(200);
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn text(event: &Value, key: &str) -> String {
    event[key].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_leaves_a_span_and_each_call_one_below_it() {
    let (model, collector) = (model(), Station::start(""));
    let server = start(&model, &collector, "10").await;
    ask(&server, &format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: a=b\r\n")).await;
    collector.until("chat big").await;
    let events = server.events(1).await;
    let event_id = text(&events[0], "event_id");
    let span = event_id.replace('-', "").split_off(16);
    assert!(collector.has(b"POST /v1/traces HTTP/1.1\r\n"));
    for part in [
        "aios-in-test",
        "chat aios-main",
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "gen_ai.response.finish_reasons",
        "big-2026",
        "main-1",
        "aios.route_reason",
        &event_id,
        &text(&events[0], "conv_id"),
    ] {
        assert!(collector.has(part.as_bytes()), "no `{part}`");
    }
    for (name, id) in [("trace", TRACE), ("caller's span", SPAN), ("span", &span)] {
        assert!(collector.has(&hex(id)), "no id of the {name}");
    }
    assert!(!collector.has(b"nobody else may read"), "a text left the gateway");
    assert!(model.has(format!("traceparent: 00-{TRACE}-{span}-01\r\n").as_bytes()));
    assert!(model.has(b"tracestate: a=b\r\n"));
}

#[tokio::test]
async fn what_the_caller_does_not_record_is_not_sent() {
    let (model, collector) = (model(), Station::start(""));
    let server = start(&model, &collector, "10").await;
    ask(&server, &format!("traceparent: 00-{TRACE}-{SPAN}-00\r\n")).await;
    ask(&server, "").await;
    collector.until("chat big").await;
    let events = server.events(2).await;
    assert!(!collector.has(&hex(TRACE)));
    assert!(!collector.has(text(&events[0], "event_id").as_bytes()));
    assert!(collector.has(text(&events[1], "event_id").as_bytes()));
    assert!(model.has(format!("traceparent: 00-{TRACE}-").as_bytes()), "its trace is gone on with");
}

#[cfg(unix)]
#[tokio::test]
async fn spans_that_wait_are_sent_at_the_end() {
    let (model, collector) = (model(), Station::start(""));
    let server = start(&model, &collector, "3600000").await;
    ask(&server, "").await;
    let place = server.stop().await;
    let events = log(&place);
    assert_eq!(events.len(), 1, "in {EVENTS}");
    assert!(collector.has(text(&events[0], "event_id").as_bytes()));
}

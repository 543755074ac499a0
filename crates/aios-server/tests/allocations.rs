//! How many allocations a request costs the gateway: a count that no noisy machine can blur.
//!
//! Client and model are plain threads that send fixed bytes from fixed buffers, so that what is
//! counted is the gateway's own: routing, redaction, event log and metrics included.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::alloc::System;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, Percent, Split, Timestamp};
use aios_privacy::{KeyMaterial, Keyring, PiiKind, Pseudonymizer, Redactor};
use aios_route::{BucketKey, Policy};
use aios_server::{
    AdminConfig, Clients, GatewayConfig, Keys, KnownNames, ListenerConfig, Live, Parts, Pieces,
    RoutingState,
};
use aios_store::{AuditConfig, AuditLog, DataDir, Eraser, EventLogConfig, FileEventLog, Rotator};
use aios_upstream::{
    BreakerPolicy, EndpointConfig, RetryPolicy, ServerKind, Timeouts, UpstreamConfig, Upstreams,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a request may cost. Lower it when a change brings the count down.
const WHOLE_MAX: usize = 75;
/// What a stream of [`N_EVENTS`] events may cost.
const STREAM_MAX: usize = 84;
/// Events of the stream, its end mark not counted.
const N_EVENTS: usize = 33;

const N_WARM: usize = 200;
/// The index is brought up once a second, on another thread that is counted along. So the least of several
/// counts is taken.
const N_ROUNDS: usize = 4;
const N_COUNTED: usize = 100;

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }
}

#[test]
fn a_request_costs_no_more_allocations_than_before() {
    let whole = check(&http_reply("application/json", WHOLE), false);
    let streamed = check(&http_reply("text/event-stream", &stream()), true);
    println!("allocations: {whole} for a whole reply, {streamed} for a stream");
    assert!(whole <= WHOLE_MAX, "{whole} allocations for a whole reply, {WHOLE_MAX} allowed");
    assert!(streamed <= STREAM_MAX, "{streamed} allocations for a stream, {STREAM_MAX} allowed");
    assert!(whole > 10, "{whole}: nothing was counted");
}

/// Allocations per request when the model answers with `reply`.
fn check(reply: &[u8], stream: bool) -> usize {
    let model = start_model(reply.to_vec());
    let temp = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gateway = runtime.block_on(async { start_gateway(temp.path(), model) });
    let address = gateway.addresses().0;
    let client = std::thread::spawn(move || count(address, stream));
    runtime.block_on(async {
        while !client.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gateway.stop(std::future::pending()).await;
    });
    client.join().unwrap()
}

fn count(address: SocketAddr, stream: bool) -> usize {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    let request = request(stream);
    let mut buffer = vec![0; 64 * 1024];
    let mut exchange = || {
        connection.write_all(&request).unwrap();
        read_reply(&mut connection, &mut buffer, stream);
    };
    (0..N_WARM).for_each(|_| exchange());
    let rounds = (0..N_ROUNDS).map(|_| {
        let region = Region::new(ALLOCATOR);
        (0..N_COUNTED).for_each(|_| exchange());
        let change = region.change();
        (change.allocations + change.reallocations) / N_COUNTED
    });
    rounds.min().unwrap()
}

/// Reads to the end of the last chunk, or to the end of the JSON.
fn read_reply(connection: &mut TcpStream, buffer: &mut [u8], stream: bool) {
    let end: &[u8] = if stream { b"0\r\n\r\n" } else { b"}}\n" };
    let mut n = 0;
    while n < end.len() || &buffer[n - end.len()..n] != end {
        let read = connection.read(&mut buffer[n..]).unwrap();
        assert!(read > 0, "the gateway hung up after {}", String::from_utf8_lossy(&buffer[..n]));
        n += read;
    }
    assert!(buffer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&buffer[..n]));
}

fn request(stream: bool) -> Vec<u8> {
    let question =
        "Why does the sea have tides twice a day, and why are they of unlike height? ".repeat(8);
    let body = format!(
        r#"{{"model":"aios-auto","stream":{stream},"user":"u-1","messages":[{{"role":"system","content":"Be brief."}},{{"role":"user","content":"{question}"}}]}}"#
    );
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

const WHOLE: &str = concat!(
    r#"{"id":"c-1","object":"chat.completion","created":1,"model":"large-1","choices":[{"index":0,"#,
    r#""message":{"role":"assistant","content":"The moon pulls the near sea more than the earth."},"#,
    r#""finish_reason":"stop"}],"usage":{"prompt_tokens":160,"completion_tokens":11,"total_tokens":171}}"#,
    "\n"
);

fn stream() -> String {
    let mut text = String::new();
    for n in 1..=N_EVENTS {
        let finish = if n == N_EVENTS { r#""stop""# } else { "null" };
        text.push_str(&format!(
            r#"data: {{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"large-1","choices":[{{"index":0,"delta":{{"content":"word "}},"finish_reason":{finish}}}]}}"#
        ));
        text.push_str("\n\n");
    }
    text + "data: [DONE]\n\n"
}

fn http_reply(content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Answers each request with the same bytes, without looking at more than its end.
fn start_model(reply: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.set_nodelay(true).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let mut n = 0;
        loop {
            match connection.read(&mut buffer[n..]) {
                Ok(0) | Err(_) => return,
                Ok(read) => n += read,
            }
            if buffer[..n].ends_with(b"]}") {
                n = 0;
                connection.write_all(&reply).unwrap();
            }
        }
    });
    address
}

fn start_gateway(dir: &std::path::Path, model: SocketAddr) -> aios_server::Handle {
    let data_dir = Arc::new(DataDir::open(dir).unwrap());
    let store = FileEventLog::open(&data_dir, EventLogConfig::default()).unwrap();
    let (learned_to, learned) = tokio::sync::mpsc::channel(1);
    let gateway_socket = TcpListener::bind("127.0.0.1:0").unwrap();
    gateway_socket.set_nonblocking(true).unwrap();
    let admin_socket = TcpListener::bind("127.0.0.1:0").unwrap();
    admin_socket.set_nonblocking(true).unwrap();
    let audit = AuditLog::open(&data_dir, AuditConfig::default(), FixedClock.now()).unwrap();
    let (audit, store) = (Arc::new(audit), Arc::new(store));
    let clock = Arc::new(FixedClock);
    let eraser = Eraser::open(&data_dir, Arc::clone(&store), Arc::clone(&audit), clock).unwrap();
    let rotator = Rotator::new(Arc::clone(&store) as _, Arc::clone(&audit));
    aios_server::start(Parts {
        faults: None,
        alerts: aios_server::alerts::AlertConfig {
            enabled: false,
            targets: Vec::new(),
            remind_every: Duration::MAX,
            per_hour_max: 1,
            expect_traffic: false,
        },
        page: aios_server::Page::default(),
        pieces: Pieces {
            live: live(model),
            control: aios_server::ControlConfig::fixed(split()),
            routing: Arc::new(RoutingState::new(Policy::golden(), None, learned_to)),
            learned,
            store,
            data_dir,
            clock: Arc::new(FixedClock),
            observer: None,
            keys: Keys {
                pseudonyms: Pseudonymizer::new(1, &KeyMaterial::new([1; 32])),
                older: vec![],
                bucket: BucketKey::new(&KeyMaterial::new([2; 32])),
            },
            ids: None,
        },
        listener: ListenerConfig {
            connections_max: 8,
            header_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(1),
        },
        gateway_socket: tokio::net::TcpListener::from_std(gateway_socket).unwrap(),
        admin_socket,
        admin: AdminConfig { tokens: vec![], hosts: vec![], instance: String::new() },
        audit,
        eraser: Arc::new(eraser),
        rotator: Arc::new(rotator),
        keyring: Keyring::new(&[(1, KeyMaterial::new([1; 32]))]).unwrap(),
    })
    .unwrap()
}

fn split() -> Split {
    Split::plain(Percent::new(10.0).unwrap(), "test")
}

fn live(model: SocketAddr) -> Live {
    let minute = Duration::from_secs(60);
    let endpoint = |name: &str| EndpointConfig {
        name: name.to_owned(),
        url: format!("http://{model}/v1"),
        model: "large-1".to_owned(),
        kind: ServerKind::OpenAi,
        api_key: None,
        concurrency_max: 8,
        queue_max: 8,
        queue_timeout: minute,
        input_usd_per_mtok: Some(1.0),
        output_usd_per_mtok: Some(2.0),
    };
    let config = UpstreamConfig {
        main: vec![endpoint("main-1")],
        embedder: vec![endpoint("embedder-1")],
        timeouts: Timeouts {
            connect: minute,
            first_token: minute,
            whole: minute,
            inter_token: minute,
            total: minute,
            finish_grace: minute,
        },
        retries: RetryPolicy { attempts_max: 1, backoff_base: minute, backoff_max: minute },
        breaker: BreakerPolicy { failures: 5, open: minute, open_max: minute },
        lmstudio_preload: false,
    };
    let gateway = GatewayConfig {
        sequels: true,
        body_max: 1 << 20,
        body_timeout: minute,
        total_timeout: minute,
        text_max: 16 * 1024,
        aliases: vec![],
    };
    let (upstreams, redactor) = (Upstreams::new(config, None), Redactor::new(&PiiKind::ALL));
    Live {
        answers_hash: String::new(),
        generation: 1,
        hash: "0123456789ab".to_owned(),
        objectives: Arc::default(),
        names: KnownNames::new(&gateway, &upstreams, &redactor),
        gateway,
        upstreams: Arc::new(upstreams),
        policy: aios_privacy::Policy::default(),
        redactor: Arc::new(redactor),
        sinks: None,
        judge: None,
        memory: Arc::default(),
        clients: Clients::new(false, vec![], None),
        nightly: Arc::default(),
        shown: Arc::default(),
        needs_restart: Vec::new(),
    }
}

//! Against a server that behaves as LM Studio does, over real sockets.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Mutex;

use aios_core::Operation;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{
    BreakerPolicy, BreakerState, EndpointConfig, ModelSlot, RequestBody, RetryPolicy, Timeouts,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A server with two models, neither of them in memory.
#[derive(Default)]
struct LmStudio {
    loaded: Mutex<BTreeSet<String>>,
    n_loads: Mutex<u32>,
    /// Versions before 0.4 have no API for loading.
    is_old: bool,
    /// Answers under the requested name with whatever is loaded.
    answers_as: Option<&'static str>,
}

const MODELS: [&str; 2] = ["large-7b", "small-1b"];

impl LmStudio {
    async fn start(self) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = Arc::new(self);
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&serving);
                let service = service_fn(move |request| Arc::clone(&server).answer(request));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        (server, url)
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let model = asked["model"].as_str().unwrap_or_default().to_owned();
        let (status, reply) = match path.as_str() {
            "/api/v1/models" if !self.is_old => (200, self.list()),
            "/api/v1/models/load" if !self.is_old => (200, self.load(model)),
            "/v1/chat/completions" => self.chat(&model),
            _ => (404, json!({"error": "Unexpected endpoint or method."})),
        };
        let mut response = Response::new(Full::from(reply.to_string()));
        *response.status_mut() = status.try_into().unwrap();
        Ok(response)
    }

    fn list(&self) -> Value {
        let loaded = self.loaded.lock().unwrap();
        let model = |key: &&str| {
            let instances: Vec<Value> =
                loaded.get(*key).iter().map(|id| json!({"id": id})).collect();
            json!({"type": "llm", "key": key, "loaded_instances": instances})
        };
        json!({"models": MODELS.iter().map(model).collect::<Vec<_>>()})
    }

    fn load(&self, model: String) -> Value {
        *self.n_loads.lock().unwrap() += 1;
        self.loaded.lock().unwrap().insert(model);
        json!({"status": "loaded", "load_time_seconds": 1.5})
    }

    fn chat(&self, model: &str) -> (u16, Value) {
        if !self.loaded.lock().unwrap().contains(model) {
            let message = "No models loaded. Please load a model in the developer page or use the 'lms load' command.";
            let error = json!({"message": message, "type": "invalid_request_error", "param": "model", "code": null});
            return (404, json!({ "error": error }));
        }
        let choice = json!({"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"});
        (200, json!({"model": self.answers_as.unwrap_or(model), "choices": [choice]}))
    }

    fn n_loads(&self) -> u32 {
        *self.n_loads.lock().unwrap()
    }
}

fn upstreams(url: &str, previous: Option<&Upstreams>) -> Upstreams {
    let endpoint = |tier: Tier, model: &str| EndpointConfig {
        name: format!("{tier}-1"),
        url: url.to_owned(),
        model: model.to_owned(),
        kind: ServerKind::Auto,
        api_key: None,
        concurrency_max: 16,
        queue_max: 16,
        queue_timeout: MINUTE,
        input_usd_per_mtok: None,
        output_usd_per_mtok: None,
    };
    let config = UpstreamConfig {
        main: vec![endpoint(Tier::Main, MODELS[0])],
        embedder: vec![endpoint(Tier::Embedder, MODELS[1])],
        timeouts: Timeouts {
            connect: MINUTE,
            first_token: MINUTE,
            whole: MINUTE,
            inter_token: MINUTE,
            total: MINUTE,
            finish_grace: MINUTE,
        },
        retries: RetryPolicy {
            attempts_max: 2,
            backoff_base: Duration::from_millis(1),
            backoff_max: Duration::from_millis(1),
        },
        breaker: BreakerPolicy { failures: 1, open: MINUTE, open_max: MINUTE },
        lmstudio_preload: true,
    };
    Upstreams::new(config, previous)
}

async fn ask(upstreams: &Upstreams, tier: Tier) -> (Result<Reply, Failure>, Vec<Attempt>) {
    let now = Instant::now();
    let call = Call {
        operation: Operation::Chat,
        target: Target::Tier { tier, fallback: false },
        body: RequestBody::new(
            Bytes::from_static(br#"{"model":"x"}"#),
            ModelSlot::new(9..12),
            Vec::new(),
        ),
        stream: false,
        strip_usage: false,
        headers: HeaderMap::new(),
        prompt_bytes: 0,
        capture_max: 1024,
        admitted_at: now,
        deadline: now + MINUTE,
    };
    let mut attempts = Vec::new();
    let result = upstreams.complete(&call, &mut attempts).await;
    (result, attempts)
}

fn text(result: Result<Reply, Failure>) -> String {
    match result {
        Ok(Reply::Whole(reply)) => reply.observed.text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_models_are_loaded_before_the_first_request() {
    let (server, url) = LmStudio::default().start().await;
    let upstreams = upstreams(&url, None);
    upstreams.prepare().await;
    assert_eq!(server.n_loads(), 2);
    assert_eq!(upstreams.loads().loading_ms, 3_000);
    assert!(upstreams.status().iter().all(|endpoint| endpoint.warning.is_none()));
    assert_eq!(text(ask(&upstreams, Tier::Main).await.0), "Yes.");
}

#[tokio::test]
async fn a_model_that_is_not_loaded_is_loaded_once_for_all_who_wait() {
    let (server, url) = LmStudio::default().start().await;
    let upstreams = upstreams(&url, None);
    let all = futures_util::future::join_all((0..8).map(|_| ask(&upstreams, Tier::Embedder))).await;
    for (result, attempts) in all {
        assert_eq!(text(result), "Yes.");
        assert_eq!(attempts.len(), 1, "loading is part of the attempt: {attempts:?}");
    }
    assert_eq!(server.n_loads(), 1);
}

#[tokio::test]
async fn an_old_version_cannot_load_and_that_is_nobodys_fault() {
    let (_server, url) = LmStudio { is_old: true, ..LmStudio::default() }.start().await;
    let upstreams = upstreams(&url, None);
    let (result, _) = ask(&upstreams, Tier::Main).await;
    let failure = result.unwrap_err();
    assert_eq!((failure.outcome, failure.fault), (AttemptOutcome::Loading, Fault::Overload));
    let status = &upstreams.status()[0];
    assert!(status.warning.as_ref().unwrap().contains("hint: update to LM Studio 0.4"));
    assert!(!failure.detail.contains("http"), "{}", failure.detail);
    assert_eq!(status.breaker.n_failures, 0);
}

#[tokio::test]
async fn another_model_in_the_reply_is_noticed_and_said() {
    let server = LmStudio { answers_as: Some(MODELS[1]), ..LmStudio::default() };
    let (_server, url) = server.start().await;
    let upstreams = upstreams(&url, None);
    let Ok(Reply::Whole(reply)) = ask(&upstreams, Tier::Main).await.0 else { panic!("no answer") };
    assert!(reply.observed.model_mismatch);
    let status = &upstreams.status()[0];
    assert_eq!(status.n_model_mismatches, 1);
    assert!(status.warning.as_ref().unwrap().contains(MODELS[0]));
}

#[tokio::test]
async fn an_endpoint_that_stays_keeps_its_health_over_a_reload() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", nobody.local_addr().unwrap());
    drop(nobody);
    let before = upstreams(&url, None);
    assert!(ask(&before, Tier::Main).await.0.is_err());
    let same = upstreams(&url, Some(&before));
    assert_eq!(same.status()[0].breaker.state, BreakerState::Open);
    let moved = upstreams("http://127.0.0.1:9/v1", Some(&before));
    assert_eq!(moved.status()[0].breaker.state, BreakerState::Closed);
}

use super::*;

/// A server that takes a second to load, and tells how many copies it holds.
#[derive(Default)]
struct Fake {
    loads: Mutex<Vec<String>>,
    old: bool,
    broken: bool,
}

impl Fake {
    fn loads(&self) -> Vec<String> {
        self.loads.lock().unwrap().clone()
    }

    fn list(&self) -> String {
        let loads = self.loads();
        let model = |key: &str| {
            let copies: Vec<_> =
                loads.iter().filter(|load| *load == key).map(|id| json!({"id": id})).collect();
            json!({"type": "llm", "key": key, "loaded_instances": copies})
        };
        json!({"models": [model("qwen/big"), model("small")]}).to_string()
    }
}

impl Fetch for Fake {
    async fn fetch(&self, method: Method, url: &str, body: Bytes) -> Option<(u16, Bytes)> {
        let path = url.strip_prefix("http://host").unwrap();
        match (method, path) {
            (Method::GET, "/api/v0/models") if self.old => {
                let model = |id, state| json!({"id": id, "type": "llm", "state": state});
                let list = json!({"data": [model("big", "loaded"), model("small", "not-loaded")]});
                Some((200, list.to_string().into()))
            }
            _ if self.old => Some((200, r#"{"error":"Unexpected endpoint"}"#.into())),
            (Method::GET, "/api/v1/models") => Some((200, self.list().into())),
            (Method::POST, "/api/v1/models/load") if self.broken => Some((500, Bytes::new())),
            (Method::POST, "/api/v1/models/load") => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                self.loads.lock().unwrap().push(body["model"].as_str().unwrap().to_owned());
                Some((200, r#"{"status":"loaded","load_time_seconds":1.5}"#.into()))
            }
            (method, path) => panic!("{method} {path}"),
        }
    }
}

const ROOT: &str = "http://host";

#[tokio::test(start_paused = true)]
async fn requests_that_come_together_load_one_copy() {
    let (loader, server) = (Arc::new(Loader::default()), Arc::new(Fake::default()));
    let calls = (0..5).map(|_| loader.ensure_loaded(&server, ROOT, "big"));
    let results = futures_util::future::join_all(calls).await;
    assert_eq!(results, vec![Ok(()); 5]);
    assert_eq!(server.loads(), ["qwen/big"]);
    assert_eq!(loader.counts(), LoadCounts { n_loads: 1, n_failures: 0, loading_ms: 1_500 });
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_does_not_end_the_load() {
    let (loader, server) = (Arc::new(Loader::default()), Arc::new(Fake::default()));
    let left = tokio::time::timeout(
        Duration::from_millis(500),
        loader.ensure_loaded(&server, ROOT, "small"),
    );
    assert!(left.await.is_err());
    assert_eq!(loader.ensure_loaded(&server, ROOT, "small").await, Ok(()));
    assert_eq!(server.loads(), ["small"]);
}

#[tokio::test(start_paused = true)]
async fn preloading_makes_room_for_both_tiers_known() {
    let (loader, server) = (Arc::new(Loader::default()), Arc::new(Fake::default()));
    let configured = ["qwen/big", "small"];
    loader.ensure_loaded(&server, ROOT, "small").await.unwrap();
    let warning = residency_warning(&*server, ROOT, &configured).await.unwrap();
    assert!(
        warning.starts_with("LM Studio at http://host holds 1 of the 2 configured models"),
        "{warning}"
    );
    assert_eq!(loader.preload(&server, ROOT, &configured).await, vec![Ok(()); 2]);
    assert_eq!(residency_warning(&*server, ROOT, &configured).await, None);
    assert_eq!(server.loads(), ["small", "qwen/big"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_is_not_repeated_at_once() {
    let (loader, server) =
        (Arc::new(Loader::default()), Arc::new(Fake { broken: true, ..Fake::default() }));
    for _ in 0..3 {
        let error = loader.ensure_loaded(&server, ROOT, "small").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "LM Studio at http://host could not load `small`: status 500"
        );
    }
    assert_eq!(loader.counts().n_failures, 1);
    tokio::time::advance(RETRY_AFTER).await;
    assert!(loader.ensure_loaded(&server, ROOT, "small").await.is_err());
    assert_eq!(loader.counts().n_failures, 2);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_loaded_is_said_with_a_hint() {
    let loader = Arc::new(Loader::default());
    let old = Arc::new(Fake { old: true, ..Fake::default() });
    let error = loader.ensure_loaded(&old, ROOT, "small").await.unwrap_err();
    assert_eq!(error, Job::new(ROOT, "small").unsupported());
    let error = loader.ensure_loaded(&Arc::new(Fake::default()), ROOT, "huge").await.unwrap_err();
    assert_eq!(error, Job::new(ROOT, "huge").not_downloaded());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_load_tells_what_it_holds() {
    let old = Arc::new(Fake { old: true, ..Fake::default() });
    assert_eq!(Arc::new(Loader::default()).ensure_loaded(&old, ROOT, "big").await, Ok(()));
    assert_eq!(residency_warning(&*old, ROOT, &["big"]).await, None);
    let warning = residency_warning(&*old, ROOT, &["big", "small"]).await.unwrap();
    assert!(warning.contains("holds 1 of the 2 configured models"), "{warning}");
}

#[test]
fn a_model_that_is_not_loaded_is_recognized() {
    for (expect, status, body) in [
        (
            true,
            404,
            r#"{"error":{"message":"No models loaded. Please load a model.","type":"invalid_request_error","param":"model","code":null}}"#,
        ),
        (true, 400, r#"{"error":"Model is unloaded."}"#),
        (false, 404, r#"{"error":{"message":"Unknown model"}}"#),
        (false, 500, r#"{"error":"No models loaded"}"#),
        (false, 404, "No models loaded"),
    ] {
        assert_eq!(is_not_loaded(status, body.as_bytes()), expect, "{status} {body}");
    }
}

#[test]
fn the_root_is_the_base_without_its_version() {
    for url in
        ["http://host:1234/v1", "http://host:1234/v1/", "http://host:1234", "http://host:1234/"]
    {
        assert_eq!(root_of(url), "http://host:1234", "{url}");
    }
}

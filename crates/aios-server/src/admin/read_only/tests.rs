use std::collections::BTreeMap;

use aios_core::Percent;
use axum::body::Body;
use serde_json::Value;

use super::*;
use crate::admin::tests::{FixedClock, split};
use crate::canary::ControlConfig;

fn files(path: &std::path::Path) -> Files {
    let check = Check {
        verdict: aios_core::Verdict::NoData,
        unread: aios_core::Unread::default(),
        slos: vec![],
    };
    Files {
        data_dir: DataDir::read(path).unwrap(),
        clock: Arc::new(FixedClock),
        page: Page::default(),
        objectives: Objectives::default(),
        seen: (check, vec![]),
        split: split(),
        override_error: None,
        policy: Policy::golden(),
        standing: Standing::new(Percent::new(10.0).unwrap()),
        canary: ControlConfig::fixed(split()).canary,
        memory_mode: MemoryMode::Off,
        redactor: Redactor::new(&[]),
        shown: Shown::default(),
        config_hash: "0123456789ab".into(),
    }
}

async fn ask(router: &Router, endpoint: &str, headers: &[(&str, &str)]) -> Response {
    let (method, path) = endpoint.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().call(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn what_is_on_disk_can_be_looked_at_and_nothing_be_changed() {
    let temp = tempfile::tempdir().unwrap();
    let before = |path: &std::path::Path| std::fs::read_dir(path).unwrap().count();
    let n_files = before(temp.path());
    let look = ReadOnly::new(files(temp.path())).unwrap();
    let link = format!("GET {}", look.link());
    let router = router(look.state);
    let reply = ask(&router, &link, &[]).await;
    assert_eq!(reply.status(), 303);
    let cookie =
        reply.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mine = [("cookie", cookie.as_str()), ("origin", "http://127.0.0.1:1")];
    assert_eq!(ask(&router, &link, &[]).await.status(), 401, "a link is good once");
    let all: BTreeMap<_, _> = routes::endpoints()
        .into_iter()
        .filter(|endpoint| !endpoint.path.contains('{') && endpoint.path.starts_with("/admin"))
        .map(|endpoint| ((endpoint.path, endpoint.method.to_string()), ()))
        .collect();
    let mut n_read = 0;
    for (path, method) in all.into_keys() {
        let endpoint = format!("{method} {path}");
        assert_eq!(ask(&router, &endpoint, &[]).await.status(), 401, "{endpoint}");
        let reply = ask(&router, &endpoint, &mine).await;
        let status = reply.status().as_u16();
        match path {
            "/admin/v1/routing/explain" => assert_eq!(status, 415, "it is asked with a body"),
            _ if method == "GET" && status == 200 => n_read += 1,
            _ => {
                let body = axum::body::to_bytes(reply.into_body(), 9_999).await.unwrap();
                let told: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(
                    (status, &told["error"]["code"]),
                    (409, &"read_only".into()),
                    "{endpoint}"
                );
            }
        }
    }
    assert!(n_read >= 14, "{n_read}");
    // So that a page asks for no stream, and does not take its absence for a lost connection.
    let who = ask(&router, "GET /admin/v1/whoami", &mine).await;
    let who = axum::body::to_bytes(who.into_body(), 9_999).await.unwrap();
    let who: Value = serde_json::from_slice(&who).unwrap();
    assert_eq!((&who["name"], &who["is_read_only"]), (&"owner".into(), &true.into()));
    assert_eq!(before(temp.path()), n_files, "nothing was written");
}

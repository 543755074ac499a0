//! Who is not let in, and how little is said to whom.

use super::*;

#[tokio::test]
async fn who_is_nobody_and_who_lacks_the_right_are_told_apart() {
    let admin = Admin::new(true);
    let bearer = |name: &str| format!("Bearer {}", token_of(name));
    let check = async |value: &str, expect: u16| {
        let status = admin.status("GET /admin/v1/audit", &[("authorization", value)]).await;
        assert_eq!(status, expect, "{value}");
    };
    check(&bearer("audit:read"), 200).await;
    check(&bearer("logs:read"), 403).await;
    check(&bearer("somebody"), 401).await;
}

#[tokio::test]
async fn a_server_that_is_named_twice_is_not_asked() {
    let admin = Admin::new(true);
    for path in ["/healthz", "/status", "/admin/v1/audit"] {
        let request = Request::builder()
            .uri(path)
            .header("host", "127.0.0.1:8501")
            .header("host", "evil.example")
            .body(Body::empty())
            .unwrap();
        let reply = admin.router.clone().call(request).await.unwrap();
        assert_eq!(reply.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_told_in_the_form_of_every_error() {
    let admin = Admin::new(true);
    let bearer = format!("Bearer {}", token_of("all"));
    let check = async |endpoint: &str, content: &str, expect: (u16, &str)| {
        let headers = [("authorization", bearer.as_str()), ("content-type", content)];
        let reply = admin.ask(endpoint, &headers).await;
        let status = reply.status().as_u16();
        let body = axum::body::to_bytes(reply.into_body(), 9999).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, body["error"]["code"].as_str()), (expect.0, Some(expect.1)), "{body}");
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    };
    check("POST /admin/v1/logs/rotate", "application/json", (400, "bad_body")).await;
    check("POST /admin/v1/logs/rotate", "text/plain", (415, "bad_body")).await;
    check("GET /admin/v1/audit?n=x", "text/plain", (400, "bad_query")).await;
    check("GET /admin/v1/nothing", "text/plain", (404, "unknown_path")).await;
    check("GET /admin/v1/logs/rotate", "text/plain", (405, "bad_method")).await;
}

#[tokio::test]
async fn a_foreign_name_is_not_served() {
    let admin = Admin::new(true);
    let host = |name: &'static str| [("host", name)];
    for path in ["GET /status", "GET /metrics", "GET /", "GET /admin/v1/audit", "GET /nothing"] {
        assert_eq!(admin.status(path, &host("evil.example")).await, 421, "{path}");
    }
    assert_eq!(admin.status("GET /status", &host("aios.internal:8501")).await, 200);
    assert_eq!(admin.status("GET /healthz", &host("10.1.2.3:8501")).await, 200);
}

#[tokio::test]
async fn nobody_learns_which_paths_there_are() {
    let admin = Admin::new(true);
    for path in ["GET /admin/v1/audit", "GET /admin/v1/nothing", "POST /nothing", "PUT /%2e%2e"] {
        assert_eq!(admin.status(path, &[]).await, 401, "{path}");
    }
    let bearer = format!("Bearer {}", token_of("none"));
    let known = [("authorization", bearer.as_str())];
    assert_eq!(admin.status("GET /admin/v1/nothing", &known).await, 404);
}

#[tokio::test]
async fn too_many_failures_are_told_so_and_the_right_token_still_works() {
    let admin = Admin::new(true);
    let wrong = [("authorization", "Bearer guess")];
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(admin.status("GET /admin/v1/whoami", &wrong).await.as_u16());
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    assert_eq!(admin.trail().len(), 11, "the trail does not grow with each guess");
    let bearer = format!("Bearer {}", token_of("none"));
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("authorization", &bearer)]).await, 200);
}

#[tokio::test]
async fn without_a_token_the_admin_api_is_closed() {
    let auth = auth(AdminConfig { tokens: vec![], hosts: vec![], instance: "1f".into() });
    assert_eq!(first_link(&auth), None);
}

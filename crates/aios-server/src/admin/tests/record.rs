//! What goes on record of what is asked of the admin API, and of who was not let in.

use super::*;

#[tokio::test]
async fn what_changes_something_and_who_is_refused_is_on_record() {
    let admin = Admin::new(true);
    let bearer = |name: &str| format!("Bearer {}", token_of(name));
    let cookie = admin.session("all", Scopes::all());
    let ask = async |endpoint: &str, name: &str, value: &str| {
        admin.status(endpoint, &[(name, value), ("origin", "http://127.0.0.1:8501")]).await;
    };
    ask("POST /admin/v1/login-links", "authorization", &bearer("all")).await;
    ask("POST /admin/v1/login-links", "cookie", &cookie).await;
    ask("GET /admin/v1/audit?n=1", "authorization", &bearer("all")).await;
    // What it is asked stands in a body, and it only reads all the same.
    ask("POST /admin/v1/routing/explain", "authorization", &bearer("all")).await;
    ask("POST /admin/v1/memory/search", "authorization", &bearer("all")).await;
    ask("GET /admin/v1/audit?n=2", "authorization", "Bearer guess").await;
    ask("GET /admin/v1/audit?n=3", "authorization", &bearer("logs:read")).await;
    ask("POST /admin/v1/routing/explain", "authorization", &bearer("logs:read")).await;
    let trail: Vec<_> =
        admin.trail().into_iter().map(|entry| (entry.actor, entry.action)).collect();
    let changed =
        || AuditAction::Changed { request: "POST /admin/v1/login-links".into(), status: 200 };
    let refused = |status| AuditAction::Refused { request: "GET /admin/v1/audit".into(), status };
    let explain =
        AuditAction::Refused { request: "POST /admin/v1/routing/explain".into(), status: 403 };
    let expect = [
        ("all", changed()),
        ("all (session)", changed()),
        ("stranger", refused(401)),
        ("logs:read", refused(403)),
        ("logs:read", explain),
    ];
    assert_eq!(trail[1..], expect.map(|(actor, action)| (actor.to_owned(), action)));
}

#[tokio::test]
async fn what_was_done_is_on_record_with_who_did_it() {
    let admin = Admin::new(true);
    let bearer = format!("Bearer {}", token_of("all"));
    let post = async |path: &str, body: &str| {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", &bearer)
            .body(Body::from(body.to_owned()))
            .unwrap();
        admin.router.clone().call(request).await.unwrap().status().as_u16()
    };
    let hold = r#"{"owner":"legal","reason":"case 7","expires_at":"2027-01-16T08:00:00Z"}"#;
    assert_eq!(post("/admin/v1/logs/holds/add", hold).await, 200);
    assert_eq!(post("/admin/v1/logs/holds/add", &hold.replace("2027", "2026")).await, 400);
    assert_eq!(post("/admin/v1/logs/holds/release", r#"{"id":"h1"}"#).await, 200);
    assert_eq!(post("/admin/v1/logs/reindex", "").await, 200);
    assert_eq!(post("/admin/v1/keys/rotate", "").await, 200);
    assert_eq!(post("/admin/v1/data/find", r#"{"conv_id":"chat-1"}"#).await, 200);
    // What is kept for good is some words, and no document.
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
    assert_eq!(post("/admin/v1/canary/hold", &long).await, 422);
    let trail = admin.trail();
    let done: Vec<_> = trail
        .iter()
        .filter(|entry| !matches!(entry.action, AuditAction::Changed { .. }))
        .map(|entry| {
            let action = serde_json::to_value(&entry.action).unwrap();
            let change = action["change"].as_str().unwrap_or_default();
            format!("{} {} {change}", entry.actor, action["action"].as_str().unwrap())
        })
        .collect();
    let expect = ["all hold set", "all hold released", "all reindexed ", "all key rotated"];
    assert_eq!(done[1..5], expect);
    assert_eq!(done[5..], ["all found "]);
}

#[tokio::test]
async fn who_comes_in_by_a_link_and_who_does_not_is_on_record() {
    let admin = Admin::new(true);
    let link = format!("GET {}", first_link(&admin.auth).unwrap());
    assert_eq!(admin.status(&link, &[]).await, 303);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(admin.status(&link, &[]).await.as_u16());
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    let trail = admin.trail();
    assert_eq!(
        (trail[1].actor.as_str(), &trail[1].action),
        ("all (session)", &AuditAction::SignedIn)
    );
    let refused = AuditAction::Refused { request: "GET /".into(), status: 401 };
    assert_eq!((trail[2].actor.as_str(), &trail[2].action), ("stranger", &refused));
    assert_eq!(trail.len(), 12, "the trail does not grow with each guess");
    // Whoever has a good link is let in all the same.
    let link = format!("GET {}", first_link(&admin.auth).unwrap());
    assert_eq!(admin.status(&link, &[]).await, 303);
}

//! Sessions of browsers: how they begin by a link, what they may not do, how they end.

use super::*;

#[tokio::test]
async fn a_session_changes_nothing_for_another_sites_page() {
    let admin = Admin::new(true);
    let cookie = admin.session("all", Scopes::all());
    let post = "POST /admin/v1/login-links";
    let from = |origin: &'static str| [("cookie", cookie.clone()), ("origin", origin.to_owned())];
    for (origin, expect) in [("http://127.0.0.1:8501", 200), ("http://evil.example", 403)] {
        let headers = from(origin);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(admin.status(post, &headers).await, expect, "{origin}");
    }
    assert_eq!(admin.status(post, &[("cookie", &cookie)]).await, 403, "no page at all");
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("cookie", &cookie)]).await, 200);
}

#[tokio::test]
async fn who_signs_out_is_known_no_more_and_the_browser_forgets() {
    let admin = Admin::new(true);
    let cookie = admin.session("all", Scopes::all());
    let mine = [("cookie", cookie.as_str()), ("origin", "http://127.0.0.1:8501")];
    let reply = admin.ask("POST /admin/v1/logout", &mine).await;
    assert_eq!(reply.status(), 200);
    let forgets = reply.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(forgets.starts_with("aios_session_1f=; Max-Age=0;"), "{forgets}");
    let body = axum::body::to_bytes(reply.into_body(), 999).await.unwrap();
    assert_eq!(body, r#"{"is_signed_out":true}"#);
    assert_eq!(admin.status("GET /admin/v1/whoami", &mine).await, 401);
}

#[tokio::test]
async fn a_link_is_exchanged_for_a_session_once() {
    let admin = Admin::new(true);
    let path = format!("GET {}", first_link(&admin.auth).unwrap());
    let reply = admin.ask(&path, &[]).await;
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["location"]),
        (303, &"/".parse().unwrap())
    );
    let cookie = reply.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(admin.status("GET /admin/v1/audit", &[("cookie", cookie)]).await, 200);
    assert_eq!(admin.status(&path, &[]).await, 401);
    // The guard never lets the code in as anything but a code.
    let code = path.rsplit('=').next().unwrap();
    let bearer = format!("Bearer {code}");
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("authorization", &bearer)]).await, 401);
}

#[tokio::test]
async fn a_link_that_was_only_looked_at_is_still_good() {
    let admin = Admin::new(true);
    let link = first_link(&admin.auth).unwrap();
    assert_eq!(admin.status(&format!("HEAD {link}"), &[]).await, 200);
    let prefetch = [("sec-purpose", "prefetch;prerender")];
    assert_eq!(admin.status(&format!("GET {link}"), &prefetch).await, 200);
    assert_eq!(admin.trail().len(), 1, "nobody has come in");
    assert_eq!(admin.status(&format!("GET {link}"), &[]).await, 303);
}

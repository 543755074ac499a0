//! The admin listener and the audit trail of the real program.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::Place;
use crate::rig::{Server, Setup, Upstream, chat, chat_json, eventually, ok, post_with};

const TOKEN: &str = "data/keys/admin.token";

fn audit(place: &Place, args: &[&str], code: i32) -> String {
    let all = [&["audit"], args, &["--data-dir", "data"]].concat();
    place.run(&all).ended(code).stdout
}

/// The trail's entries without what belongs to their place in it.
fn entries(place: &Place) -> Vec<Value> {
    let lines = audit(place, &["tail", "-n", "999", "--json"], 0);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_admin_api_opens_to_the_token_in_the_data_directory_alone() {
    let server = Server::start(&Setup::new()).await;
    let token = server.read_data("keys/admin.token");
    let bearer = format!("authorization: Bearer {}\r\n", token.trim());
    let ask = async |path: &str, headers: &str| server.admin("GET", path, headers).await;
    ask("/status", "").await.expect(200);
    ask("/metrics", "").await.expect(200);
    ask("/admin/v1/audit", "").await.expect(401);
    ask("/admin/v1/audit", "authorization: Bearer guess\r\n").await.expect(401);
    let whoami = ask("/admin/v1/whoami", &bearer).await.expect(200).json();
    assert_eq!(whoami["name"], "owner");
    let trail = ask("/admin/v1/audit", &bearer).await.expect(200).json();
    let refused = trail["entries"].as_array().unwrap().iter().filter(|e| e["action"] == "refused");
    assert_eq!(refused.count(), 2);
    ask("/admin/v1/audit/verify", &bearer).await.expect(200);
    ask("/status", "x-forwarded-for: 127.0.0.1\r\n").await.expect(200);
    // A client key is no admin token, and the gateway's port has nothing of the admin API.
    server.ask(&crate::rig::get("/admin/v1/audit")).await.expect(404);
    server.ask(&crate::rig::get("/status")).await.expect(404);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let place = server.stop().await;
        for secret in [TOKEN, "data/keys/pseudonyms.key", "data/keys/signing.key"] {
            let mode = std::fs::metadata(place.path().join(secret)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{secret}");
        }
    }
}

#[tokio::test]
async fn the_banners_link_opens_one_session() {
    let server = Server::start(&Setup::new()).await;
    let link = server.said_line("sign in").await;
    let path = link.split_once("/?token=").unwrap().1;
    let path = format!("/?token={}", path.split(' ').next().unwrap());
    let reply = server.admin("GET", &path, "").await.expect(303);
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    server.admin("GET", &path, "").await.expect(401);
    let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    server.admin("GET", "/admin/v1/audit", &cookie).await.expect(200);
    server.admin("POST", "/admin/v1/login-links", &cookie).await.expect(403);
    let ours = format!("{cookie}sec-fetch-site: same-origin\r\n");
    server.admin("POST", "/admin/v1/login-links", &ours).await.expect(200);
}

#[tokio::test]
async fn what_was_masked_is_on_record_without_what_it_was() {
    let server = Server::start(&Setup::new()).await;
    let address = ["ann.smith", "example.org"].join("@");
    server.chat("aios-auto", &format!("Write to {address} and to {address}.")).await.expect(200);
    let place = server.stop_after(1).await;
    let entries = entries(&place);
    let masked: Vec<_> = entries.iter().filter(|entry| entry["action"] == "redacted").collect();
    assert_eq!(masked.len(), 1, "{entries:?}");
    assert_eq!(masked[0]["sink"], "log");
    assert!(masked[0]["counts"]["email"].as_u64().unwrap() >= 2, "{}", masked[0]);
    assert_eq!(entries.last().unwrap()["action"], "closed");
    assert!(!format!("{entries:?}").contains("ann.smith"));
}

#[tokio::test]
async fn what_is_done_on_the_way_to_each_sink_is_counted_and_on_record() {
    let (ann, bob) = (["ann.smith", "example.org"].join("@"), "81.2.69.142");
    let upstream = Upstream::always(ok(&chat_json("big", &format!("Not from {bob}.")))).await;
    let setup = Setup::main(&upstream)
        .set("memory.mode", r#""conversation""#)
        .set("privacy.sinks.upstream", r#"{ email = "placeholder" }"#)
        .set("privacy.sinks.client", r#"{ ipv4 = "mask" }"#);
    let server = Server::start(&setup).await;
    let asked = chat("aios-main", &format!("Write to {ann}."), false);
    server.ask(&post_with("x-conversation-id: a\r\n", asked.as_bytes())).await.expect(200);
    server.settled().await;
    let kept = r#"aios_privacy_findings_total{kind="email",sink="memory",action="mask"} 1"#;
    let page = eventually("the question is remembered", async || {
        let page = server.admin("GET", "/metrics", "").await.text();
        page.contains(kept).then_some(page)
    });
    let page = page.await;
    for sink in ["log", "upstream", "client", "memory"] {
        let line = format!("aios_privacy_scanned_bytes_total{{sink=\"{sink}\"}} ");
        let n = page.lines().find_map(|text| text.strip_prefix(&line)).map(str::parse::<u64>);
        assert!(n.is_some_and(|n| n.unwrap() >= 15), "{sink}: {page}");
    }
    let hash = server.status().await["config"]["hash"].clone();
    let entries = entries(&server.stop_after(1).await);
    let redacted = entries.iter().filter(|entry| entry["action"] == "redacted");
    let deeds: BTreeSet<_> = redacted
        .map(|entry| {
            assert_eq!(entry["config_hash"], hash, "{entry}");
            let kinds = entry["counts"].as_object().unwrap().keys();
            let kinds: Vec<_> = kinds.map(String::as_str).collect();
            format!("{} {} {}", entry["sink"], entry["done"], kinds.join(" ")).replace('"', "")
        })
        .collect();
    let expect =
        ["client mask ipv4", "log mask email", "memory mask email", "upstream placeholder email"];
    assert_eq!(deeds, expect.map(str::to_owned).into(), "{entries:?}");
    let told = format!("{entries:?}");
    assert!(!told.contains("ann.smith") && !told.contains(bob), "{told}");
}

#[tokio::test]
async fn a_trail_that_somebody_touched_is_found_out() {
    let place = Server::start(&Setup::new()).await.stop().await;
    // A process that was killed leaves no `closed`, and the trail goes on all the same.
    let place = Server::start_in(place).await.kill();
    let place = Server::start_in(place).await.stop().await;
    // More than these five where the canary has looked: how far its log had come is put down as well.
    let ok = audit(&place, &["verify", "--json"], 0);
    assert!(
        serde_json::from_str::<Value>(&ok).unwrap()["verified"]["n_entries"].as_u64().unwrap() >= 5,
        "{ok}"
    );
    let name = std::fs::read_dir(place.path().join("data/audit")).unwrap();
    let name = name
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("20"))
        .unwrap();
    let file = format!("data/audit/{name}");
    let whole = place.read(&file);
    let dropped: String = whole
        .lines()
        .enumerate()
        .filter(|(n, _)| *n != 2)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    let cut: String = whole.lines().take(4).map(|line| format!("{line}\n")).collect();
    let edited = whole.replacen("\"actor\":\"server\"", "\"actor\":\"nobody\"", 1);
    for (text, seq, why) in [(edited, 1, "edited"), (dropped, 3, "dropped"), (cut, 5, "cut off")] {
        place.write(&file, &text);
        let shown = audit(&place, &["verify"], 2);
        assert!(shown.starts_with(&format!("AUDIT_BAD entry {seq} (")), "{shown}");
        assert!(shown.contains(why), "{shown}");
        let json: Value = serde_json::from_str(&audit(&place, &["verify", "--json"], 2)).unwrap();
        assert_eq!((&json["ok"], &json["fault"]["seq"]), (&json!(false), &json!(seq)));
    }
    place.write(&file, &whole);
    audit(&place, &["verify"], 0);
}

#[test]
fn an_admin_address_that_others_can_reach_needs_a_token() {
    let place = Place::new();
    let refused = |text: &str| {
        place.write("aios.toml", text);
        place.run(&["config", "check"]).ended(1).stderr
    };
    let open = "[server]\nadmin_listen = \"0.0.0.0:8501\"\n";
    assert!(refused(open).contains("needs a token"));
    let token = |scopes: &str| {
        let sha256 = "ab".repeat(32);
        format!(
            "{open}[admin]\ntokens = [{{ name = \"ops\", sha256 = \"{sha256}\", scopes = {scopes} }}]\n"
        )
    };
    assert!(refused(&token("[\"audit\"]")).contains("unknown scope \"audit\""));
    place.write("aios.toml", &token("[\"audit:read\", \"privacy:*\"]"));
    place.run(&["config", "check"]).ended(0);
}

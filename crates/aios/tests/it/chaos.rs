//! `aios chaos`: each scenario on a server of its own, and on one that runs.

use serde_json::{Value, json};

use crate::program::{Place, Ran};
use crate::rig::{Server, Setup};

/// Runs a scenario on a server of its own; it leaves nothing in this place.
fn passes(scenario: &str) {
    let place = Place::new();
    let ran = place.run(&["chaos", scenario]).ended(0);
    assert!(ran.stdout.ends_with("PASS\n"), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("FAIL") && ran.stdout.lines().count() > 5, "{}", ran.stdout);
    assert!(std::fs::read_dir(place.path()).unwrap().next().is_none());
}

#[test]
fn the_main_model_fails_and_comes_back() {
    passes("model-failure");
}

#[test]
fn answers_are_late_wrong_or_cut() {
    for scenario in ["latency", "errors", "cut-streams", "flapping"] {
        passes(scenario);
    }
}

#[test]
fn the_disk_is_full_or_slow() {
    for scenario in ["disk-full", "slow-disk"] {
        passes(scenario);
    }
}

#[test]
fn the_clock_jumps() {
    passes("clock-jump");
}

#[test]
fn the_server_is_killed() {
    passes("kill");
}

/// Two trials at once would end one another's faults. The second one leaves those of the first as they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_faults_is_not_tried() {
    let server = Server::start(&Setup::new().set("chaos.faults", "true")).await;
    let token =
        format!("authorization: Bearer {}\r\n", server.read_data("keys/admin.token").trim());
    let order = r#"{"fault":{"kind":"delay","tier":"main","ms":1},"for_s":60}"#;
    let path = "/admin/v1/faults/order";
    server.admin_with("POST", path, &token, order).await.expect(200);
    let refused = ran(beside(&server, &["chaos", "errors", "--running"])).ended(1);
    assert!(refused.stderr.contains("another trial is under way"), "{}", refused.stderr);
    assert_eq!(faults(&server).await[0]["fault"]["kind"], "delay");
}

/// Whoever may not read the token is told so, and not to allow faults.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_without_the_token_says_what_is_missing() {
    let server = Server::start(&Setup::new().set("chaos.faults", "true")).await;
    server.remove_data("keys/admin.token");
    let refused = ran(beside(&server, &["chaos", "errors", "--running"])).ended(1);
    assert!(refused.stderr.contains("admin token"), "{}", refused.stderr);
}

/// A server that wants client keys is tried with one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_keys_is_tried_with_one() {
    let key = format!("sk-{}", "chaos".repeat(6));
    let digest = aios_privacy::SecretDigest::of(key.as_bytes()).to_hex();
    let keys = format!("[{{ name = \"ops\", sha256 = \"{digest}\", may_steer = true }}]");
    let setup = Setup::new().set("chaos.faults", "true").set("clients.required", "true");
    let server = Server::start(&setup.set("clients.keys", &keys)).await;
    let with = ["chaos", "errors", "--running", "--json", "--api-key-env", "CHAOS_KEY"];
    let mut with = beside(&server, &with);
    with.env("CHAOS_KEY", &key);
    assert_eq!(ran(with).ended(0).json()["verdict"], "met");
}

/// Runs a command that knows the running server.
fn beside(server: &Server, args: &[&str]) -> std::process::Command {
    let mut command = server.place().command(&[args, &["--data-dir", "data"]].concat());
    command.env("AIOS_SERVER__ADMIN_LISTEN", server.admin_address());
    command.env("AIOS_SERVER__LISTEN", server.api());
    command
}

fn ran(mut command: std::process::Command) -> Ran {
    tokio::task::block_in_place(|| Ran::of(command.output().unwrap()))
}

async fn faults(server: &Server) -> Value {
    let token =
        format!("authorization: Bearer {}\r\n", server.read_data("keys/admin.token").trim());
    server.admin("GET", "/admin/v1/faults", &token).await.expect(200).json()["faults"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_allow_faults_has_none() {
    let server = Server::start(&Setup::new()).await;
    let refused = ran(beside(&server, &["chaos", "errors", "--running"])).ended(1);
    assert!(refused.stderr.contains("chaos.faults = true"), "{}", refused.stderr);
    let own = ran(beside(&server, &["chaos", "kill", "--running"])).ended(64);
    assert!(own.stderr.contains("of its own only"), "{}", own.stderr);
    ran(beside(&server, &["chaos", "earthquake"])).ended(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_tried_and_keeps_no_fault() {
    let server = Server::start(&Setup::new().set("chaos.faults", "true")).await;
    let tried = ran(beside(&server, &["chaos", "errors", "--running", "--json"])).ended(0).json();
    assert_eq!((&tried["scenario"], &tried["verdict"]), (&json!("errors"), &json!("met")));
    assert_eq!(faults(&server).await, json!([]));
}

/// Who waits because of a fault goes on when that is over, and not when their own patience is.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_goes_on_when_the_fault_is_cleared() {
    let setup = Setup::new().set("chaos.faults", "true").set("timeouts.total", "\"10m\"");
    let setup = setup.set("timeouts.first_token", "\"10m\"").set("timeouts.whole", "\"10m\"");
    let server = Server::start(&setup).await;
    let token =
        format!("authorization: Bearer {}\r\n", server.read_data("keys/admin.token").trim());
    for kind in [r#""kind":"hang""#, r#""kind":"delay","ms":60000"#] {
        let order = format!(r#"{{"fault":{{{kind},"tier":"main"}},"for_s":600}}"#);
        server.admin_with("POST", "/admin/v1/faults/order", &token, &order).await.expect(200);
        let under_way = async || server.status().await["requests_in_flight"] == 1;
        let clear = async {
            crate::rig::eventually("a request", async || under_way().await.then_some(())).await;
            let cleared = server.admin_with("POST", "/admin/v1/faults/clear", &token, "{}").await;
            cleared.expect(200);
        };
        let (answered, ()) = tokio::join!(server.chat("aios-main", "x"), clear);
        assert_eq!(answered.expect(200).header("x-aios-attempts"), Some("1"), "{kind}");
    }
}

/// Nobody has to take a fault back: who waits because of it goes on when its time is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_ends_by_itself() {
    let setup = Setup::new().set("chaos.faults", "true").set("timeouts.total", "\"10m\"");
    let setup = setup.set("timeouts.first_token", "\"10m\"").set("timeouts.whole", "\"10m\"");
    let server = Server::start(&setup).await;
    let token =
        format!("authorization: Bearer {}\r\n", server.read_data("keys/admin.token").trim());
    let order = r#"{"fault":{"kind":"hang","tier":"main"},"for_s":1}"#;
    server.admin_with("POST", "/admin/v1/faults/order", &token, order).await.expect(200);
    let answered = server.chat("aios-main", "x").await;
    assert_eq!(answered.expect(200).header("x-aios-attempts"), Some("1"));
    assert_eq!(faults(&server).await, json!([]));
}

/// A server that does not last is what is found, and no mistake of who tries it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_under_a_trial_has_failed_it() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let server = Server::start(&Setup::new().set("chaos.faults", "true")).await;
    let mut trial = beside(&server, &["chaos", "flapping", "--running"]);
    trial.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut trial = trial.spawn().unwrap();
    let mut lines = BufReader::new(trial.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("before")));
    server.kill();
    let code = tokio::task::block_in_place(|| trial.wait().unwrap().code());
    lines.for_each(drop);
    let mut shown = String::new();
    trial.stdout.unwrap().read_to_string(&mut shown).unwrap();
    assert!(code == Some(2) && shown.ends_with("FAIL\n"), "{code:?} {shown}");
    assert!(shown.contains("PASS  before") && shown.contains("it lasts to the end"), "{shown}");
}

/// A signal to a trial under way.
#[cfg(unix)]
fn signal(name: &str, trial: &std::process::Child) {
    let sent = std::process::Command::new("kill").args([name, &trial.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whoever ends a trial leaves nothing behind.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_is_ended_early_leaves_no_fault() {
    let server = Server::start(&Setup::new().set("chaos.faults", "true")).await;
    for name in ["-INT", "-TERM"] {
        let mut trial = beside(&server, &["chaos", "model-failure", "--running"]).spawn().unwrap();
        let some = async || (faults(&server).await != json!([])).then_some(());
        crate::rig::eventually("a fault", some).await;
        signal(name, &trial);
        let ended = tokio::task::block_in_place(|| trial.wait().unwrap());
        assert_eq!(ended.code(), Some(3), "{name}");
        assert_eq!(faults(&server).await, json!([]), "{name}");
    }
}

/// A trial on a server of its own, once something fails there; temporary files go to `temp`.
#[cfg(unix)]
fn trial_under_way(
    place: &Place,
    temp: &std::path::Path,
) -> (std::process::Child, impl Iterator<Item = String>, String) {
    use std::io::{BufRead as _, BufReader};
    let mut command = place.command(&["chaos", "model-failure"]);
    command.env("TMPDIR", temp).stderr(std::process::Stdio::piped());
    let mut trial = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(trial.stderr.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find_map(|line| Some(line.strip_prefix("tried: http://")?.to_owned()));
    let address = url.unwrap().trim_end_matches("/v1").to_owned();
    // From here on it waits for an alert, which takes seconds.
    assert!(lines.any(|line| line.contains("before")));
    (trial, lines, address)
}

/// Nor a server of its own, nor its directory.
#[cfg(unix)]
#[test]
fn a_trial_that_is_ended_early_leaves_no_server() {
    for name in ["-INT", "-TERM"] {
        let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
        let (mut trial, lines, address) = trial_under_way(&place, temp.path());
        signal(name, &trial);
        lines.for_each(drop);
        assert_eq!(trial.wait().unwrap().code(), Some(3), "{name}");
        assert!(std::net::TcpStream::connect(&address).is_err(), "{name}: {address}");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0, "{name}");
    }
}

/// One that is killed can stop nothing: its server does so by itself.
#[cfg(unix)]
#[test]
fn a_trial_that_is_killed_leaves_no_server() {
    use std::io::Read as _;

    use crate::rig::DEADLINE;
    let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
    let (mut trial, _lines, address) = trial_under_way(&place, temp.path());
    signal("-KILL", &trial);
    trial.wait().unwrap();
    // A connection on which nothing is asked ends with the server, or before it where that takes long.
    let began = std::time::Instant::now();
    while let Ok(mut connection) = std::net::TcpStream::connect(&address) {
        assert!(began.elapsed() < DEADLINE, "{address} is still served");
        connection.set_read_timeout(Some(DEADLINE)).unwrap();
        drop(connection.read(&mut [0]));
    }
}

/// Where main does not answer before anything fails, nothing is tried, and nothing is proven.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_proven_where_main_is_down_already() {
    let down = Setup::new().set("chaos.faults", "true").with_main_at("sim://main?refuse", "");
    let server = Server::start(&down).await;
    let tried = ran(beside(&server, &["chaos", "errors", "--running", "--json"])).ended(3).json();
    assert_eq!(
        (&tried["verdict"], tried["checks"].as_array().unwrap().len()),
        (&json!("no_data"), 1)
    );
}

//! What the admin address serves for browsers and for other dashboards.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::program::{Place, Running, free_address, http};
use crate::rig::{Server, Setup};

#[tokio::test]
async fn other_dashboards_ask_for_metrics_that_there_are() {
    let server = Server::start(&Setup::new()).await;
    let page = server.admin("GET", "/metrics", "").await.expect(200).text();
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let known: BTreeSet<_> = kinds.flat_map(series).collect();
    assert!(known.contains("aios_requests_total"), "{known:?}");
    let read = |name: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops").join(name))
            .unwrap()
    };
    let board: Value = serde_json::from_str(&read("grafana/aios.json")).unwrap();
    let targets = board["panels"].as_array().unwrap().iter();
    let targets = targets.flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut asked: Vec<_> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let rules = read("prometheus/aios.rules.yml");
    let exprs = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    asked.extend(exprs.map(|expr| serde_json::from_str::<String>(expr).unwrap()));
    assert!(asked.len() > 30, "{}", asked.len());
    for expr in asked {
        let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let metrics: Vec<_> = words.filter(|word| word.starts_with("aios_")).collect();
        assert!(!metrics.is_empty(), "{expr}");
        for metric in metrics {
            assert!(known.contains(metric), "{metric} of {expr} is no metric");
        }
    }
}

/// Names under which a metric's values stand.
fn series(kind: &str) -> Vec<String> {
    match kind.split_once(' ') {
        Some((name, "counter")) => vec![format!("{name}_total")],
        Some((name, "histogram")) => {
            ["bucket", "count", "sum"].map(|end| format!("{name}_{end}")).to_vec()
        }
        Some((name, _)) => vec![name.to_owned()],
        None => vec![],
    }
}

#[test]
fn without_a_server_what_is_on_disk_is_shown() {
    let place = Place::simulated();
    place.run(&["init", "--goldens"]).ended(0);
    let listen = free_address();
    let args = ["dashboard", "--no-open"];
    let looking = Running::start(
        place.command(&args).env("AIOS_SERVER__ADMIN_LISTEN", &listen),
        "no server runs on",
    );
    let (_, rest) = looking.first_line.split_once("http://").unwrap();
    let address = rest.split(' ').next().unwrap();
    assert!(http(address, "GET", "/", "").1.starts_with("<!doctype html>"));
    for path in ["/admin/v1/view/overview", "/admin/v1/logs/rotate", "/metrics"] {
        assert_eq!(http(address, "GET", path, "").0, 401, "{path}");
    }
}

#[tokio::test]
async fn the_page_is_for_everybody_and_what_it_shows_is_not() {
    let server = Server::start(&Setup::new()).await;
    let page = server.admin("GET", "/", "").await.expect(200).text();
    assert!(page.starts_with("<!doctype html>"), "{page}");
    server.admin("GET", "/admin/v1/view/overview", "").await.expect(401);
    let token = server.read_data("keys/admin.token");
    let header = format!("authorization: Bearer {}\r\n", token.trim());
    let ask = async |header: &str| {
        server.admin_with("GET", "/admin/v1/view/overview", header, "").await.expect(200).json()
    };
    let stages = serde_json::json!([10.0, 25.0, 50.0, 75.0, 100.0]);
    assert_eq!(ask(&header).await["canary"]["stages_pct"], stages);
    // A token that is pasted into the page is not needed any more afterwards.
    let signed_in = server.admin_with("POST", "/admin/v1/login", &header, "").await;
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(ask(&format!("cookie: {cookie}\r\n")).await["canary"]["stages_pct"], stages);
}

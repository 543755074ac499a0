//! What other monitoring takes: a dashboard for Grafana, rules for Prometheus. Both ask for metrics of `/metrics`.

use super::Plan;
use super::piece::Piece;

const GRAFANA: &str = include_str!("../../../../../ops/grafana/aios.json");
const PROMETHEUS: &str = include_str!("../../../../../ops/prometheus/aios.rules.yml");

pub(super) fn grafana() -> Plan {
    let next = "next: in Grafana, Dashboards > New > Import, and name your Prometheus data source";
    one("grafana/aios.json", GRAFANA, next)
}

pub(super) fn prometheus() -> Plan {
    let next = "next: name the file under rule_files in prometheus.yml, and scrape /metrics of the admin address";
    one("prometheus/aios.rules.yml", PROMETHEUS, next)
}

fn one(path: &str, text: &str, next: &str) -> Plan {
    Plan { pieces: vec![Piece::text(path, text)], next: vec![next.to_owned()] }
}

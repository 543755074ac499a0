//! Workflows for GitHub Actions: goldens before a merge, service levels every half hour.

use super::Plan;
use super::piece::Piece;

const QUALITY_GATE: &str = include_str!("workflows/quality-gate.yml");
const QUALITY_ALERTS: &str = include_str!("workflows/quality-alerts.yml");

pub(super) fn plan() -> Plan {
    let next = [
        "next: commit both files, then in the repository's settings under Actions:",
        "  variable AIOS_RUNNER    the label of a runner beside your models and, for the alerts, the data directory",
        "  variable AIOS_INSTALL   how AIOS gets onto it; `true` where it is installed",
        "  variable AIOS_DATA_DIR  the live data directory on that runner",
        "  secret SLACK_WEBHOOK_URL  where alerts go; without it a failed run is the alert",
    ];
    let piece = |name: &str, text: &str| Piece::text(format!(".github/workflows/{name}"), text);
    Plan {
        pieces: vec![
            piece("quality-gate.yml", QUALITY_GATE),
            piece("quality-alerts.yml", QUALITY_ALERTS),
        ],
        next: next.map(str::to_owned).to_vec(),
    }
}

//! What to do: the guide's incident response, step by step.

/// Tiers have the same steps.
const TIER: &str = "tier";

/// The steps for each objective and part. A command stands between backticks, and can be run as it stands there.
pub const RUNBOOK: &[(&str, &[&str])] = &[
    (
        "latency_ms_p95",
        &[
            "Check LM Studio status and model load: `aios models`, `aios status`",
            "Review recent changes in git log",
            "Check system resources (CPU/GPU/RAM)",
            "Consider rolling back to the previous commit, or the canary: `aios canary reset --start-pct 10`",
            "Take it into the baseline if this is the new normal: `aios golden compare`, then `aios golden accept --all --reason \"the new normal\"`",
        ],
    ),
    (
        "pass_rate",
        &[
            "Run golden tests manually to see failures: `aios golden compare`",
            "Check goldens/last_report.json for failure details",
            "Review recent code changes",
            "Check model availability: `aios models`",
            "Roll back if the regression is confirmed: `aios canary reset --start-pct 10`",
        ],
    ),
    (
        "boundary_drift",
        &[
            "Check adaptive routing state: `aios routing status`",
            "Review hypothesis test results: `aios hypotheses run`",
            "Verify quality metrics: `aios slo check`",
            "Consider freezing adaptation: `aios routing override --freeze`",
            "Override the boundary by hand if needed: `aios routing override --boundary 0.5`; `aios routing clear` ends both",
        ],
    ),
    (
        "recall_at_5",
        &[
            "Run deduplication: `aios memory dedup --execute`",
            "Check retrieval quality: `aios retrieval eval`",
            "Review fragment access patterns: `aios memory score`",
            "Put old fragments away if recall degraded: `aios memory decay --execute`",
        ],
    ),
    (
        "error_rate",
        &[
            "See which endpoints fail: `aios models`, `aios status`",
            "Look at the newest failures: `aios events query --outcome upstream_error`",
            "Check that the model servers run and have their models loaded",
            "Switch adaptive routing off if it is the cause: `aios routing override --control-pct 100`; `aios routing clear` ends it",
        ],
    ),
    (
        "event_log",
        &[
            "Check that the disk of the data directory has room and can be written",
            "See what the log says: `aios status`, `aios logs verify`",
            "Requests are refused or go unrecorded until it can be written again",
        ],
    ),
    (
        "log_unread",
        &[
            "See which lines, and what is wrong with them: `aios slo check`, `aios logs verify`",
            "Check the disk, and that nothing but AIOS writes into analytics/ or removes files there",
            "Restore the segment from a backup; else wait until the lines are older than slo.window",
            "Begin tests of hypotheses anew without them: `aios canary reset --start-pct 10`",
        ],
    ),
    (
        "index_unreadable",
        &[
            "Check that index.sqlite in the data directory can be read and written, and that the disk has room",
            "Make it anew from the log, which loses nothing: `aios logs reindex`",
            "Until then objectives, hypotheses and the canary are not judged: `aios status`",
        ],
    ),
    (
        "golden_report",
        &[
            "See what is wrong with it: `aios slo check`",
            "Make a new one: `aios golden compare`",
            "If the night makes none, see why: `aios nightly --only golden`",
        ],
    ),
    (
        "nightly_ended",
        &[
            "See what the steps found: the last night on the dashboard, or reports/nightly.json",
            "Mend that, then do the night's work again: `aios nightly`",
        ],
    ),
    (
        "nightly_missed",
        &[
            "Do it now, and see whether a step hangs or fails: `aios nightly`",
            "Check nightly.at and the machine's clock and time zone: `aios config show`",
        ],
    ),
    (
        "privacy_unscanned",
        &[
            "See where it was going and why: aios_privacy_unscanned_bytes_total at /metrics",
            "too_large is more text than is scanned, unreadable an answer that is no JSON, panic a fault of the scanner: see the server's log",
            "With privacy.sinks.on_unscannable = \"block\" nothing of it went on; with pass it did",
        ],
    ),
    (
        "silence",
        &[
            "Ask the gateway yourself: `aios models`, then a request to /v1/chat/completions",
            "Check that clients, the network and whatever stands in front of AIOS still lead here",
            "Set alerts.expect_traffic = false if no traffic is no fault here",
        ],
    ),
    (
        "canary_stalled",
        &[
            "See what is not proven yet: `aios canary check`",
            "See how long it takes at this traffic, and what wider margins would change: `aios canary plan`",
            "Go on without proof if you answer for it: `aios canary approve --reason \"…\"`",
            "Or end it: `aios canary reset --start-pct 0`",
        ],
    ),
    (
        "canary_blind",
        &[
            "See until when: `aios canary status`",
            "Mend the clock (NTP), then begin anew: `aios canary reset --start-pct 10`",
        ],
    ),
    (
        "canary_incomparable",
        &[
            "See what came in: `aios canary check`, `aios routing status`",
            "Look whether something in front of AIOS changes conversation ids, or control's endpoints fail: `aios models`",
            "Begin anew once that is mended: `aios canary reset --start-pct 10`",
        ],
    ),
    (
        "canary_damaged",
        &[
            "See which line it is: `aios canary verify`",
            "Restore analytics/control.ndjson from a backup, or begin anew: `aios canary reset --start-pct 10`",
        ],
    ),
    (
        TIER,
        &[
            "See why its endpoints are left out: `aios models`",
            "Start the model server, or load the model in LM Studio",
            "The other tier answers meanwhile; watch latency and quality: `aios slo status`",
        ],
    ),
];

/// The steps for an objective or a part.
#[must_use]
pub fn runbook(about: &str) -> &'static [&'static str] {
    let about = if about.starts_with("tier_") { TIER } else { about };
    let found = RUNBOOK.iter().find(|(of, _)| *of == about);
    found.map_or(&["Look at `aios status` and `aios slo status`"], |(_, steps)| steps)
}

//! A look, as it is told to people.

use std::io::Write;

use aios_control::{CanaryPolicy, unseen_regression};
use aios_core::{Decision, MetricEvidence};
use aios_server::{Checked, Quiet};

use crate::cli::table;

/// An e-value from which something is proven.
const PROOF_E: f64 = 20.0;

pub(super) fn print(
    out: &mut dyn Write,
    checked: &Checked,
    policy: &CanaryPolicy,
) -> anyhow::Result<()> {
    let next = checked.next_pct.map_or_else(|| "none".to_owned(), |next| format!("{next}%"));
    writeln!(out, "Canary check  stage {}% -> next {next}", checked.judged_pct)?;
    writeln!(out, "on trial: {}", checked.candidate)?;
    if !checked.metrics.is_empty() {
        let head = ["  metric", "control", "treatment", "T-C (always-valid 95 %)", "margin"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows[0].extend(["evidence", "verdict"].map(str::to_owned));
        rows.extend(checked.metrics.iter().zip(&checked.differences).map(row));
        table::print(out, &rows)?;
    }
    let mut facts = Vec::new();
    facts.extend(
        checked.harm_log_e.map(|log| format!("harm e={} (rolls back at {PROOF_E})", e_value(log))),
    );
    facts.extend((checked.n_blocks > 0).then(|| format!("blocks {}", checked.n_blocks)));
    let closed = checked.golden_why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    facts.push(format!("golden: {}{closed}", checked.golden.name()));
    writeln!(out, "  {}", facts.join("   "))?;
    if checked.golden_only {
        let n = checked.n_golden_cases;
        let unseen = 100.0 * unseen_regression(n);
        writeln!(
            out,
            "  evidence: golden-only ({n} cases), cannot see regressions under ~{unseen:.0} %"
        )?;
    }
    if let Some(quiet) = checked.quiet {
        writeln!(out, "  nothing counted: {}", why(quiet))?;
    }
    let canary = &checked.canary;
    // A stage begins at nothing; what led to it is told.
    let passes = match checked.decision {
        Some(Decision::Advance { .. }) => policy.passes,
        _ => canary.consecutive_passes,
    };
    writeln!(
        out,
        "Verdict: {} ({passes}/{}) {}   Action: {}   Treatment bucket: {}%   Consecutive failures: {}/{}",
        checked.verdict,
        policy.passes,
        checked.reason,
        checked.decision.map_or_else(|| waiting(checked), |decision| decision.to_string()),
        canary.treatment_pct,
        canary.consecutive_failures,
        policy.failures,
    )?;
    Ok(())
}

fn waiting(checked: &Checked) -> String {
    if checked.canary.held { "held".to_owned() } else { "waiting".to_owned() }
}

fn row((metric, (low, high)): (&MetricEvidence, &(f64, f64))) -> Vec<String> {
    let share = |n: u64, n_bad: u64| {
        let pct = if n > 0 { 100.0 * n_bad as f64 / n as f64 } else { 0.0 };
        format!("{n_bad}/{n} {pct:.1}%")
    };
    let rate = |n: u64, n_bad: u64| if n > 0 { n_bad as f64 / n as f64 } else { 0.0 };
    let difference = rate(metric.n_treatment, metric.n_treatment_bad)
        - rate(metric.n_control, metric.n_control_bad);
    let is_latency = metric.metric == "latency_p95";
    let margin = if is_latency {
        format!("+{:.0}%", 100.0 * metric.margin)
    } else {
        format!("{:.1}pp", 100.0 * metric.margin)
    };
    let is_proven = metric.noninferior_log_e >= PROOF_E.ln();
    vec![
        format!("  {}", metric.metric),
        share(metric.n_control, metric.n_control_bad),
        share(metric.n_treatment, metric.n_treatment_bad),
        format!("{:+.1}pp [{:+.1}, {:+.1}]", 100.0 * difference, 100.0 * low, 100.0 * high),
        margin,
        format!("NI e={}", e_value(metric.noninferior_log_e)),
        if is_proven { "pass" } else { "open" }.to_owned(),
    ]
}

fn e_value(log: f64) -> String {
    let e = log.exp();
    if e < 1_000.0 { format!("{e:.2}") } else { format!("{e:.1e}") }
}

fn why(quiet: Quiet) -> String {
    match quiet {
        Quiet::Off => {
            "nobody is in treatment; `aios canary reset --start-pct 10` begins a rollout".to_owned()
        }
        Quiet::RolledBack => {
            "it was rolled back and stays so until `aios canary reset`, or another candidate"
                .to_owned()
        }
        Quiet::Promoted => "everybody is in treatment, so that live traffic has nothing to be compared with; golden reports go on to count".to_owned(),
        Quiet::Overridden => "the operator's override or the kill switch is in force".to_owned(),
        Quiet::Ahead { until } => format!(
            "a clock was ahead when something was kept, so that nothing is new before {until}; `aios canary reset` begins anew"
        ),
        Quiet::NotYet { due } => format!("the next window can be judged at {due}"),
        Quiet::NoBaseline => "too few answers in control to measure latencies by".to_owned(),
        Quiet::NoRequests => "nothing came in that can be compared".to_owned(),
        Quiet::Unread { n_lines } => format!(
            "{n_lines} lines of the window cannot be read, so what was read does not let it pass; `aios slo check` names the first"
        ),
    }
}

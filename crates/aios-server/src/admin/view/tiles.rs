//! Each objective as a tile, and what stands beside them.

use aios_control::Stages;
use aios_control::slo::burn::Alert as Burning;
use aios_control::slo::check::{Checked, Statement, Witness};
use aios_store::{DataDir, StoreError};

use super::overview::{Alert, BudgetLeft, CanaryBrief, Said, Tile};
use super::scene::Scene;
use crate::alerts::{Book, runbook};
use crate::judging::Budget;

pub(super) fn tiles(scene: &Scene) -> Vec<Tile> {
    let Some((check, budgets, _)) = &scene.seen else { return Vec::new() };
    let budget_of = |slo: &str| budgets.iter().find(|budget| budget.slo == slo);
    check.slos.iter().map(|slo| tile(slo, budget_of(slo.slo))).collect()
}

fn tile(slo: &Checked, budget: Option<&Budget>) -> Tile {
    // Live traffic is what users get; a report stands for it where there is none.
    let first = slo.statements.first();
    Tile {
        slo: slo.slo.to_owned(),
        good: word(&slo.good),
        objective: slo.objective,
        unit: unit(slo.slo).to_owned(),
        verdict: slo.verdict,
        is_off: slo.is_off,
        value: first.map(|said| said.figure),
        n: first.map_or(0, |said| said.n),
        statements: slo.statements.iter().map(said).collect(),
        budget: budget.map(budget_left),
    }
}

fn unit(slo: &str) -> &'static str {
    match slo {
        "latency_ms_p95" => "ms",
        "boundary_drift" => "distance",
        _ => "share",
    }
}

fn said(statement: &Statement) -> Said {
    let witness = match statement.witness {
        Witness::Live => "live",
        Witness::Goldens => "goldens",
        Witness::Routing => "routing",
    };
    Said {
        witness: witness.to_owned(),
        verdict: statement.verdict,
        value: statement.figure,
        n: statement.n,
        is_unproven: statement.unproven,
    }
}

fn budget_left(budget: &Budget) -> BudgetLeft {
    let alert = match budget.burn.alert {
        Burning::Page => "page",
        Burning::Ticket => "ticket",
        Burning::None => "none",
        Burning::Insufficient => "insufficient",
    };
    BudgetLeft {
        n: budget.n,
        n_bad: budget.n_bad,
        bad_share_max: budget.bad_share_max,
        left_pct: budget.burn.budget_left_pct,
        burn_rate: budget.burn.rate,
        alert: alert.to_owned(),
        exhausted_in_hours: budget.burn.exhausted_in_hours,
        hourly_bad: budget.hourly_bad.clone(),
    }
}

/// What is wrong now, by the book of alerts, which is kept after every change.
pub(super) fn alerts(dir: &DataDir) -> Result<Vec<Alert>, StoreError> {
    let book = dir.read_alerts()?.and_then(|text| match serde_json::from_str::<Book>(&text) {
        Ok(book) => Some(book),
        Err(error) => {
            tracing::warn!(%error, "the book of alerts cannot be read");
            None
        }
    });
    let episodes = book.map(|book| book.episodes).unwrap_or_default();
    let alert = |episode: crate::alerts::Episode| Alert {
        runbook: runbook(&episode.about).iter().map(|step| (*step).to_owned()).collect(),
        about: episode.about,
        severity: episode.severity,
        since: episode.began,
        detail: episode.detail,
    };
    let mut alerts: Vec<_> = episodes.into_iter().map(alert).collect();
    alerts.sort_by_key(|alert| (std::cmp::Reverse(alert.severity), alert.since));
    Ok(alerts)
}

pub(super) fn brief(scene: &Scene) -> CanaryBrief {
    let (rollout, policy) = (&scene.standing.rollout, &scene.canary.policy);
    let canary = &rollout.canary;
    CanaryBrief {
        is_enabled: scene.canary.enabled,
        treatment_pct: scene.split.treatment_pct.get(),
        origin: scene.split.origin.clone(),
        phase: canary.phase.name().to_owned(),
        is_held: canary.held,
        stages_pct: shares(policy.stages),
        stage_pct: canary.treatment_pct.get(),
        next_pct: policy.stages.after(canary.treatment_pct).map(aios_core::Percent::get),
        stage_since: rollout.stage_since,
        n_consecutive_passes: canary.consecutive_passes,
        n_consecutive_failures: canary.consecutive_failures,
        n_passes_to_advance: policy.passes,
        n_failures_to_roll_back: policy.failures,
        reason: rollout.reason.map(|reason| reason.name().to_owned()),
        n_inconclusive: rollout.n_inconclusive,
        candidate: rollout.candidate.clone(),
        version: rollout.version,
        fault: scene.standing.fault.as_ref().map(ToString::to_string),
    }
}

fn shares(stages: Stages) -> Vec<f64> {
    let first = Some(stages.first());
    std::iter::successors(first, |share| stages.after(*share))
        .map(aios_core::Percent::get)
        .collect()
}

/// A word as it stands in JSON.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

//! Steps that are about the canary: golden runs, looks, orders.

use std::fs;

use aios_control::Stages;
use aios_core::{Bucket, Clock as _, Decision, Percent, Profile, Verdict};
use aios_eval::{Report, candidate_fingerprint};
use aios_server::{CanaryError, Wish};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::death;
use crate::planted::Planted;
use crate::run::Run;
use crate::step::Order;
use crate::truth::{Course, Golden};

/// A golden report; what differs from run to run is changed in it.
const REPORT: &str = include_str!("../../fixtures/golden/report_v1.json");

/// What it asked, and what it was compared with.
const GOLDENS: [(&str, &str); 2] = [
    ("sample_set.json", include_str!("../../fixtures/golden/set_v1.json")),
    ("baseline_results.json", include_str!("../../fixtures/golden/baseline_v1.json")),
];

pub(crate) fn golden(run: &mut Run, passed: bool) -> Result<()> {
    let (now, split) = (run.clock.now(), run.world().plane.split());
    let hash = run.world().plane.live().answers_hash.clone();
    let boundary = split.treatment_boundary.get();
    let mut report: Value = serde_json::from_str(REPORT)?;
    report["timestamp"] = json!(now);
    report["report_id"] = json!("");
    run.truth.goldens.push(Golden { at: now, passed });
    if !passed && !run.saboteur.strikes(Planted::FailedGolden, 1) {
        report["status"] = json!("FAIL");
        report["regressions_detected"] = json!([{ "what": "latency", "detail": "40 % slower" }]);
    }
    report["candidate_fingerprint"] =
        json!(candidate_fingerprint(&hash, Bucket::Treatment, boundary, Profile::Golden));
    let report = Report::parse(&report.to_string())?.sealed();
    let goldens = run.world().dir.path().join("goldens");
    fs::create_dir_all(&goldens)?;
    for (name, text) in GOLDENS {
        fs::write(goldens.join(name), text)?;
    }
    Ok(fs::write(goldens.join("last_report.json"), serde_json::to_string(&report)?)?)
}

pub(crate) fn check(run: &mut Run) -> Result<()> {
    let before = death::control_files(run.world().dir.path())?;
    let checked = run.world().plane.check().context("the canary cannot be looked at")?;
    let Some(checked) = checked else { return Ok(()) };
    run.truth.version = checked.version;
    let (at, newest) = (run.clock.now(), run.truth.goldens.len().checked_sub(1));
    run.truth.course.push(Course::Looked { at, newest, decision: checked.decision });
    if checked.quiet.is_none() {
        run.reached.note(match checked.verdict {
            Verdict::Met => "verdicts met",
            Verdict::Breached => "verdicts breached",
            Verdict::NoData => "verdicts without proof",
        });
    }
    if let Some(decision) = checked.decision {
        run.truth.decided.push((checked.version, decision));
        run.reached.note(match decision {
            Decision::Advance { .. } => "advances",
            Decision::RollBack { .. } => "rollbacks",
            Decision::MoveBoundary { .. } => "boundary steps",
            Decision::Reset { .. } | Decision::Hold | Decision::Resume => "resets",
        });
        if matches!(decision, Decision::RollBack { .. })
            && run.saboteur.strikes(Planted::LostRollback, 1)
        {
            run.crash(|dir| death::restore(dir, &before))?;
        }
    }
    Ok(())
}

pub(crate) fn obey(run: &mut Run, order: Order) -> Result<()> {
    let wish = match order {
        Order::Reset(pct) => Wish::Reset(Percent::new(pct as f64)?),
        Order::Hold => Wish::Hold,
        Order::Resume => Wish::Resume,
        Order::Approve => Wish::Approve(Stages::default()),
    };
    let is_move = matches!(order, Order::Reset(_) | Order::Approve);
    match run.world().plane.decide(wish, "because") {
        Ok(standing) => {
            run.truth.version = standing.rollout.version;
            run.truth.course.extend(is_move.then_some(Course::Ordered));
        }
        // There may be no next stage.
        Err(CanaryError::NoNextStage { .. }) => {}
        Err(error) => return Err(error).context("an operator is not obeyed"),
    }
    Ok(())
}

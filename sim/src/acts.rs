//! What each step does.

use std::fs;
use std::time::Duration;

use aios_control::Stages;
use aios_core::{Bucket, Clock as _, Decision, Percent, Profile, Tier, Verdict};
use aios_eval::{Report, candidate_fingerprint};
use aios_privacy::Redactor;
use aios_server::{CanaryError, Wish};
use aios_store::{EraseError, EraseRequest, EraseTarget, Eraser, ErasureState, Receipt, Rotate};
use aios_upstream::FaultPlan;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{self, Client};
use crate::death;
use crate::files::Files;
use crate::planted::{self, Planted};
use crate::run::Run;
use crate::step::{Ask, CLIENTS, Order, Step, Talk};
use crate::truth::{Asked, Health, Models, Stands};
use crate::{setup, text};

/// A golden report; what differs from run to run is changed in it.
const REPORT: &str = include_str!("../../fixtures/golden/report_v1.json");

/// What it asked, and what it was compared with.
const GOLDENS: [(&str, &str); 2] = [
    ("sample_set.json", include_str!("../../fixtures/golden/set_v1.json")),
    ("baseline_results.json", include_str!("../../fixtures/golden/baseline_v1.json")),
];

/// Where every client is.
const PEER: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);

/// Answers that are older are looked up once.
const RIPE: Duration = Duration::from_secs(60);

/// So often an operator looks again what an erasure would remove: of one conversation hardly ever more than once.
const PLANS_MAX: u32 = 5;

/// Does a step, and lets everybody come as far as they can.
pub(crate) fn act(run: &mut Run, step: &Step) -> Result<()> {
    match step {
        Step::Ask(ask) => begin(run, ask),
        Step::Wait { ms } => run.wait(*ms)?,
        Step::Jump { secs } => run.clock.jump(*secs),
        Step::Model { tier, faults } => model(run, *tier, faults)?,
        Step::Disk { writes, syncs, cuts } => {
            let faults = &run.world().faults;
            faults.fail_writes(*writes);
            faults.fail_syncs(*syncs);
            faults.fail_cuts(*cuts);
        }
        Step::Override(text) => overridden(run, *text)?,
        Step::KillSwitch { off } => {
            run.truth.killed = *off;
            reload(run);
        }
        Step::Reload => reload(run),
        Step::Say { back, score } => say(run, *back, *score),
        Step::Golden { passed } => golden(run, *passed)?,
        Step::Check => check(run)?,
        Step::Order(order) => obey(run, *order)?,
        Step::Erase { talk } => erase(run, *talk)?,
        Step::Rotate { seal } => rotate(run, *seal)?,
        Step::Crash { torn, no_index } => death::crash(run, *torn, *no_index)?,
        Step::PowerCut { torn } => death::power_cut(run, *torn)?,
    }
    run.world_mut().plane.follow();
    run.settle()?;
    if run.saboteur.doubles {
        double(run)?;
    }
    Ok(())
}

/// The planted bug: the last event is written once more.
fn double(run: &mut Run) -> Result<()> {
    let path = run.world().dir.events_path();
    let lines = fs::read(&path)?;
    if let Some(line) = lines.split_inclusive(|byte| *byte == b'\n').next_back() {
        planted::append(&path, line)?;
        run.saboteur.doubles = false;
    }
    Ok(())
}

fn begin(run: &mut Run, ask: &Ask) {
    let client = match run.saboteur.strikes(Planted::MixedUp, 12) {
        true => (ask.talk.client + 1) % CLIENTS,
        false => ask.talk.client,
    };
    let request = client::request(ask, run.seed, client);
    let replied = run.world().plane.serve(PEER.into(), request);
    let exchange = Box::pin(async move { client::take(replied.await).await });
    let asked = Asked {
        at: run.clock.now(),
        since: run.elapsed,
        life: run.life,
        talk: ask.talk,
        kind: ask.kind,
        conversation: setup::pseudonyms(run.seed, ask.talk).swap_remove(0),
        own: text::own(ask),
        personal: text::personal(ask),
        stands: Stands::UnderWay,
        killed: run.truth.killed,
        event_id: None,
        answer: None,
        models: match run.clients.is_empty() {
            true => run.truth.models(run.elapsed),
            // Whoever else is under way takes places, and is perhaps the one that tries again.
            false => Models::default(),
        },
    };
    run.truth.asked.insert(ask.n, asked);
    run.clients.push(Client { ask: ask.clone(), n_turns: 0, exchange });
    if run.saboteur.strikes(Planted::DoubleEvent, 12) {
        run.saboteur.doubles = true;
    }
}

fn model(run: &mut Run, tier: Tier, faults: &str) -> Result<()> {
    let plan = FaultPlan::parse(faults).map_err(anyhow::Error::msg)?;
    let was_well = matches!(run.truth.models.get(&tier), None | Some(Health::Well(_)));
    run.truth.n_changes += 1;
    match faults {
        // Once more.
        "" if was_well => {}
        "" => drop(run.truth.models.insert(tier, Health::Well(run.elapsed))),
        "refuse" | "status=503" => drop(run.truth.models.insert(tier, Health::Fails)),
        _ => drop(run.truth.models.insert(tier, Health::Odd)),
    }
    let live = run.world().plane.live();
    let switch = live.upstreams.sim_faults(setup::endpoint_name(tier));
    // The plan notes since when it is in force.
    run.runtime.block_on(async { switch.context("the model is simulated").map(|it| it.set(plan)) })
}

fn overridden(run: &mut Run, text: Option<&str>) -> Result<()> {
    let path = run.world().dir.override_path();
    match text {
        Some(text) => fs::write(path, text)?,
        None if path.exists() => fs::remove_file(path)?,
        None => {}
    }
    Ok(())
}

fn reload(run: &mut Run) {
    run.generation += 1;
    let (seed, generation, adaptive) = (run.seed, run.generation, !run.truth.killed);
    let plane = &run.world().plane;
    let planted = run.saboteur.planted;
    let live = setup::live(seed, generation, Some(&plane.live()), planted);
    plane.publish(live, setup::control(seed, adaptive, planted));
}

/// Says how good one of the last answers was that somebody got.
fn say(run: &mut Run, back: u64, score: u64) {
    let now = run.clock.now();
    // What was answered a moment ago is waited for, and nobody moves the clock meanwhile.
    let is_ripe = |asked: &&Asked| {
        asked.answer.as_ref().is_some_and(|it| it.status == 200) && now.since(asked.at) > RIPE
    };
    let answered = run.truth.asked.values().rev().filter(is_ripe);
    let of = |asked: &Asked| Some((asked.event_id.clone()?, asked.talk.client));
    let Some((event_id, client)) = answered.filter_map(of).nth(back as usize) else { return };
    let body = json!({ "event_id": event_id, "score": score as f64 / 10.0 }).to_string();
    let request = client::post("/v1/feedback", client);
    let request = request.body(Full::new(Bytes::from(body))).expect("it is a request");
    let replied = run.world().plane.serve(PEER.into(), request);
    let answer = run.drive(async { client::take(replied.await).await });
    run.got.answer(0, &answer);
}

fn golden(run: &mut Run, passed: bool) -> Result<()> {
    let (now, split) = (run.clock.now(), run.world().plane.split());
    let hash = &run.world().plane.live().answers_hash;
    let boundary = split.treatment_boundary.get();
    let mut report: Value = serde_json::from_str(REPORT)?;
    report["timestamp"] = json!(now);
    report["report_id"] = json!("");
    if !passed {
        report["status"] = json!("FAIL");
        report["regressions_detected"] = json!([{ "what": "latency", "detail": "40 % slower" }]);
    }
    report["candidate_fingerprint"] =
        json!(candidate_fingerprint(hash, Bucket::Treatment, boundary, Profile::Golden));
    let report = Report::parse(&report.to_string())?.sealed();
    let goldens = run.world().dir.path().join("goldens");
    fs::create_dir_all(&goldens)?;
    for (name, text) in GOLDENS {
        fs::write(goldens.join(name), text)?;
    }
    Ok(fs::write(goldens.join("last_report.json"), serde_json::to_string(&report)?)?)
}

fn check(run: &mut Run) -> Result<()> {
    let before = death::control_files(run.world().dir.path())?;
    let checked = run.world().plane.check().context("the canary cannot be looked at")?;
    let Some(checked) = checked else { return Ok(()) };
    run.truth.version = checked.version;
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

fn obey(run: &mut Run, order: Order) -> Result<()> {
    let wish = match order {
        Order::Reset(pct) => Wish::Reset(Percent::new(pct as f64)?),
        Order::Hold => Wish::Hold,
        Order::Resume => Wish::Resume,
        Order::Approve => Wish::Approve(Stages::default()),
    };
    match run.world().plane.decide(wish, "because") {
        Ok(standing) => run.truth.version = standing.rollout.version,
        // There may be no next stage.
        Err(CanaryError::NoNextStage { .. }) => {}
        Err(error) => return Err(error).context("an operator is not obeyed"),
    }
    Ok(())
}

fn erase(run: &mut Run, talk: Talk) -> Result<()> {
    let id = text::conversation_id(run.seed, talk);
    let pseudonyms = setup::pseudonyms(run.seed, talk);
    let target = EraseTarget::new(pseudonyms, Some(&id)).context("somebody is meant")?;
    let word = text::planted(run.seed, talk);
    let files = Files::read(run.world().dir.path())?;
    let theirs = files.events().filter(|line| String::from_utf8_lossy(line).contains(&word));
    run.saboteur.remember(theirs.map(<[u8]>::to_vec));
    let receipt = plan_and_execute(&run.world().eraser, &target)?;
    if receipt.state != ErasureState::Completed {
        bail!("an erasure is {}", receipt.state.name());
    }
    run.reached.note("erasures");
    run.truth.erased.insert(talk);
    let last = run.truth.asked.keys().next_back().copied().unwrap_or(0);
    run.truth.erased_upto.insert(talk, last);
    Ok(())
}

/// What an answer leaves in the memory is still on its way there: who is told that something has come since the plan was made
/// looks again, as an operator does.
fn plan_and_execute(eraser: &Eraser, target: &EraseTarget) -> Result<Receipt> {
    let request = EraseRequest::new("sim", "GDPR Art. 17", &Redactor::default());
    let mut n_plans_left = PLANS_MAX;
    loop {
        let plan = eraser.plan(target, &request).context("an erasure cannot be planned")?;
        n_plans_left -= 1;
        match eraser.execute(&plan.id, &plan.plan_hash, Some(target)) {
            Err(EraseError::Changed { .. }) if n_plans_left > 0 => {}
            done => return done.context("an erasure cannot be executed"),
        }
    }
}

fn rotate(run: &mut Run, seal: bool) -> Result<()> {
    let how = Rotate { seal, ..Rotate::default() };
    let done = run.world().rotator.rotate("sim", run.clock.now(), how)?;
    run.reached.note("rotations");
    if let Some(why) = done.failed.first() {
        bail!("rotating has failed: {why}");
    }
    if run.saboteur.strikes(Planted::Resurrection, 2)
        && let Some(line) = run.saboteur.remembered()
    {
        planted::append(&run.world().dir.events_path(), line)?;
    }
    Ok(())
}

//! What each step does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aios_core::{Clock as _, Tier};
use aios_privacy::Redactor;
use aios_store::{
    EraseRequest, EraseTarget, Eraser, ErasureState, EventStore as _, Receipt, Rotate,
};
use aios_upstream::FaultPlan;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::canary;
use crate::client::{self, Client};
use crate::death;
use crate::files::Files;
use crate::invariants::erased::{coded, holds};
use crate::planted::{self, Planted};
use crate::run::Run;
use crate::step::{Ask, CLIENTS, Step, Talk};
use crate::truth::{Asked, Health, Models, Said, Stands};
use crate::{setup, text};

/// Where every client is.
const PEER: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);

/// Answers that are older are looked up once.
const RIPE: Duration = Duration::from_secs(60);

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
        Step::Say { back, score } => say(run, *back, *score)?,
        Step::Golden { passed } => canary::golden(run, *passed)?,
        Step::Check => canary::check(run)?,
        Step::Order(order) => canary::obey(run, *order)?,
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
    let last = lines.split_inclusive(|byte| *byte == b'\n').next_back();
    if let Some(line) = last.filter(|line| run.saboteur.may_double(line)) {
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
    let mut request = client::request(ask, run.seed, client);
    request.body_mut().is_deadly = run.saboteur.strikes(Planted::Panic, 12);
    let replied = run.world().plane.serve(PEER.into(), request);
    let exchange = Box::pin(async move { client::take(replied.await).await });
    let asked = Asked {
        at: run.clock.now(),
        since: run.elapsed,
        stay: None,
        waited: Duration::ZERO,
        talk: ask.talk,
        kind: ask.kind,
        conversation: setup::pseudonyms(run.seed, ask.talk).swap_remove(0),
        own: text::own(ask),
        personal: text::personal(ask),
        stands: Stands::UnderWay,
        may_be_gone: false,
        untreated: run.truth.untreated(),
        event_id: None,
        answer: None,
        models: match run.clients.is_empty() {
            true => run.truth.models(run.elapsed),
            // Whoever else is under way takes places, and is perhaps the one that tries again.
            false => Models::default(),
        },
    };
    run.truth.asked.insert(ask.n, asked);
    run.clients.push(Client { ask: ask.clone(), n_turns: 0, has_come: false, exchange });
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

fn overridden(run: &mut Run, text: Option<&'static str>) -> Result<()> {
    let mut path = run.world().dir.override_path();
    run.truth.written = text;
    run.truth.hears(false);
    if run.saboteur.planted == Some(Planted::DeafOverride) {
        path.set_extension("unheard");
    }
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
fn say(run: &mut Run, back: u64, score: u64) -> Result<()> {
    let now = run.clock.now();
    // What was answered a moment ago is waited for, and nobody moves the clock meanwhile.
    let is_ripe = |asked: &&Asked| {
        asked.answer.as_ref().is_some_and(|it| it.status == 200) && now.since(asked.at) > RIPE
    };
    let answered = run.truth.asked.values().rev().filter(is_ripe);
    let of = |asked: &Asked| Some((asked.event_id.clone()?, asked.talk));
    let Some((event_id, talk)) = answered.filter_map(of).nth(back as usize) else {
        return Ok(());
    };
    let body = json!({ "event_id": event_id, "score": score as f64 / 10.0 }).to_string();
    let request = client::post("/v1/feedback", talk.client);
    let request = request.body(Full::new(Bytes::from(body))).expect("it is a request");
    let mut stay = run.truth.comes(run.life, run.elapsed);
    let replied = run.world().plane.serve(PEER.into(), request);
    let answer = run.drive(async { client::take(replied.await).await });
    run.got.answer(0, &answer);
    stay.went = Some(run.truth.turn());
    let told: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let id = told.as_ref().and_then(|told| told["id"].as_str()).map(str::to_owned);
    let event_id = id.filter(|_| answer.status == 200);
    let is_refused = answer.is("rate_limit_exceeded");
    let lost = event_id.clone().filter(|_| run.saboteur.strikes(Planted::LostFeedback, 1));
    if event_id.is_some() {
        run.reached.note("feedback");
    }
    run.truth.said.push(Said { talk, stay, is_refused, event_id, may_be_gone: false });
    let Some(lost) = lost else { return Ok(()) };
    run.crash(|dir| {
        let segments = death::open_segments(dir);
        Ok(segments.iter().try_for_each(|path| planted::take_out(path, &lost))?)
    })
}

fn erase(run: &mut Run, talk: Talk) -> Result<()> {
    let id = text::conversation_id(run.seed, talk);
    let pseudonyms = setup::pseudonyms(run.seed, talk);
    let names = pseudonyms.clone();
    let target = EraseTarget::new(pseudonyms, Some(&id)).context("somebody is meant")?;
    let word = text::planted(run.seed, talk);
    let files = Files::read(run.world().dir.path())?;
    let theirs = files.events().filter(|line| String::from_utf8_lossy(line).contains(&word));
    run.saboteur.remember(theirs.map(<[u8]>::to_vec));
    let codes: Vec<_> = names.iter().map(|name| coded(name.as_str())).collect();
    if files
        .all()
        .any(|(path, bytes)| is_index(path) && codes.iter().any(|code| holds(bytes, code)))
    {
        run.reached.note("names in the index");
    }
    let index = run.world().dir.path().join("index.sqlite");
    let is_left = run.saboteur.planted == Some(Planted::LeftInIndex) && index.exists();
    let left =
        codes.iter().filter(|_| is_left).map(|code| planted::segments_in_index(&index, code));
    let left: Vec<Vec<i64>> = left.collect::<Result<_>>()?;
    let receipt = plan_and_execute(&run.world().eraser, &target)?;
    if receipt.state != ErasureState::Completed {
        bail!("an erasure is {}", receipt.state.name());
    }
    run.reached.note("erasures");
    run.truth.erase(talk);
    run.world().log.catch_up_index().context("the index does not follow")?;
    let mut left = left.iter().zip(&codes);
    left.try_for_each(|(segments, code)| planted::put_in_index(&index, segments, code))
}

fn is_index(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("index.sqlite"))
}

/// Nothing is under way while it goes on, so that what was planned is what is there.
fn plan_and_execute(eraser: &Eraser, target: &EraseTarget) -> Result<Receipt> {
    let request = EraseRequest::new("sim", "GDPR Art. 17", &Redactor::default());
    let plan = eraser.plan(target, &request).context("an erasure cannot be planned")?;
    let done = eraser.execute(&plan.id, &plan.plan_hash, Some(target));
    done.context("an erasure cannot be executed")
}

fn rotate(run: &mut Run, seal: bool) -> Result<()> {
    assert!(!run.saboteur.strikes(Planted::LoosePanic, 2), "a planted bug");
    let how = Rotate { seal, ..Rotate::default() };
    let done = run.world().rotator.rotate("sim", run.clock.now(), how)?;
    run.reached.note("rotations");
    done.compressed.iter().for_each(|_| run.reached.note("segments compressed"));
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

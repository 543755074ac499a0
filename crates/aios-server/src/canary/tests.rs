//! The canary over made-up traffic: looked at, moved and opened again. What is about one thing stands in a file of its own.

mod boundary;
mod clocks;
mod described;
mod hands;
mod reports;
mod scores;
mod verified;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aios_control::{Canary, Phase, Row, Stages};
use aios_core::{
    BOUNDARY_DEFAULT, Boundary, Bucket, Decision, GoldenGate, Outcome, Percent, Split, Tier,
    Timestamp, Verdict, VerdictReason, Weight,
};
use aios_privacy::RedactedText;
use aios_store::{DataDir, StoreError};

use super::*;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const TURN: Duration = Duration::from_secs(600);
const SETTLE: Duration = Duration::from_secs(60);

fn pct(value: f64) -> Percent {
    Percent::new(value).unwrap()
}

/// So many requests a second, of which treatment's share goes badly in so many cases.
struct Traffic {
    per_second: i64,
    pct: Cell<f64>,
    treatment_fails_every: u64,
    /// Each answer is the embedder's, just below the boundary, and this good.
    quality: Option<f64>,
    /// From then on; before there is nothing.
    since: Timestamp,
    /// Half of all requests are of forty conversations that never end, the other half of one a minute.
    few: bool,
}

impl RowSource for Traffic {
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        let gap = 1_000_000 / self.per_second;
        let from = times.start.max(self.since).as_micros();
        let mut n = (from + gap - 1).div_euclid(gap);
        while n * gap < times.end.as_micros() {
            take(self.row(n, Timestamp::from_micros(n * gap)));
            n += 1;
        }
        Ok(())
    }

    fn n_unread(&self, _: Range<Timestamp>) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// Traffic of which one line was lost.
struct Torn<'a> {
    rows: &'a Traffic,
    at: Timestamp,
}

impl RowSource for Torn<'_> {
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        self.rows.each(times, take)
    }

    fn n_unread(&self, times: Range<Timestamp>) -> Result<u64, StoreError> {
        Ok(u64::from(times.contains(&self.at)))
    }
}

impl Traffic {
    fn steady(treatment_fails_every: u64) -> Self {
        let since = Timestamp::from_micros(START.as_micros() - 86_400_000_000);
        let (per_second, pct, quality) = (10, Cell::new(10.0), None);
        Self { per_second, pct, treatment_fails_every, quality, since, few: false }
    }

    fn row(&self, n: i64, ts: Timestamp) -> Row {
        let conversation = match self.few {
            true if n % 2 == 0 => n % 40,
            true => n / (60 * self.per_second),
            false => n,
        };
        let is_treated = mixed(conversation, 1) % 1_000 < (self.pct.get() * 10.0) as u64;
        let bucket = if is_treated { Bucket::Treatment } else { Bucket::Control };
        let fails_every = if is_treated { self.treatment_fails_every } else { 1_000_000_007 };
        let failed = mixed(n, 2).is_multiple_of(fails_every);
        Row {
            ts,
            conversation: conversation as u64,
            bucket,
            tier: Some(if self.quality.is_some() { Tier::Embedder } else { Tier::Main }),
            outcome: if failed { Outcome::Timeout } else { Outcome::Ok },
            latency_ms: (mixed(n, 3) % 1_000) as f64,
            time_to_first_token_ms: None,
            boundary: BOUNDARY_DEFAULT,
            weight: Weight::new(if self.quality.is_some() { 0.5 } else { 0.7 }).ok(),
            memory: None,
            output_tokens: None,
            quality: self.quality,
        }
    }
}

/// A number that nobody would guess from `n` and `salt`, and always the same.
fn mixed(n: i64, salt: u64) -> u64 {
    let mut z =
        (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Nobody asks for anything.
struct Silence;

impl RowSource for Silence {
    fn each(&self, _: Range<Timestamp>, _: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        Ok(())
    }

    fn n_unread(&self, _: Range<Timestamp>) -> Result<u64, StoreError> {
        Ok(0)
    }
}

struct Rig {
    keeper: Arc<CanaryKeeper>,
    settings: CanarySettings,
    split: Split,
    dir: DataDir,
    _temp: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let treatment_boundary = Boundary::new(0.55).unwrap();
        let split = Split { treatment_boundary, ..Split::plain(pct(10.0), "canary") };
        let fixed = ControlConfig::fixed(split.clone()).canary;
        let settings = CanarySettings { enabled: true, check_every: TURN, settle: SETTLE, ..fixed };
        let keeper = Arc::new(CanaryKeeper::open(&dir, settings.start).unwrap());
        Self { keeper, settings, split, dir, _temp: temp }
    }

    fn reopened(self) -> Self {
        let Self { keeper, settings, split, dir, _temp } = self;
        drop(keeper);
        let keeper = Arc::new(CanaryKeeper::open(&dir, settings.start).unwrap());
        Self { keeper, settings, split, dir, _temp }
    }

    fn look<'a>(&'a self, rows: &'a dyn RowSource, gate: &'a Gate, now: Timestamp) -> Look<'a> {
        Look {
            settings: &self.settings,
            split: &self.split,
            in_force_since: Some(START.plus(Duration::from_micros(777))),
            rows,
            gate,
            now,
            if_version: None,
        }
    }

    /// One look after each of so many turns; what was decided.
    fn turns(&self, rows: &Traffic, gate: &Gate, from: u32, n: u32) -> Vec<String> {
        let mut decided = Vec::new();
        for turn in from..from + n {
            let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
            rows.pct.set(self.keeper.standing().rollout.canary.treatment_pct.get());
            let checked = self.keeper.check(&self.look(rows, gate, now)).unwrap();
            decided.extend(checked.decision.map(|decision| format!("{turn}: {decision}")));
        }
        decided
    }

    fn decide(&self, wish: Wish) -> Result<Arc<Standing>, CanaryError> {
        let order = Order { wish, reason: RedactedText::default(), if_version: None };
        self.keeper.decide(order, START)
    }
}

fn open_gate() -> Gate {
    Gate { state: GoldenGate::FreshPass, report: None, made: None, n_cases: 20, why: None }
}

/// Reports are made in the order of their names.
fn report(name: &str, state: GoldenGate) -> Gate {
    let made = START.plus(Duration::from_millis(u64::from(name.as_bytes()[0])));
    Gate { state, report: Some(name.into()), made: Some(made), n_cases: 20, why: None }
}

#[test]
fn an_equal_treatment_reaches_everybody_and_a_restart_changes_nothing() {
    let (mut rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    // No moment of the clock is lucky.
    rig.settings.check_every = TURN - Duration::from_micros(123_456);
    let first = rig.turns(&rows, &gate, 1, 5);
    assert_eq!(first, ["3: advance 25"]);
    let before = rig.keeper.standing();
    let rig = rig.reopened();
    assert_eq!(rig.keeper.standing(), before);
    assert!(before.rollout.testimony.is_some());
    let rest = rig.turns(&rows, &gate, 6, 40);
    assert_eq!(rest.len(), 3, "{rest:?}");
    assert!(rest[2].ends_with("advance 100"), "{rest:?}");
    assert_eq!(rig.keeper.standing().rollout.canary.phase, Phase::Promoted);
    // Another candidate begins anew, and is not everybody's at once.
    let other = CanarySettings { error_margin: 0.02, ..rig.settings.clone() };
    let look = rig.look(&rows, &gate, START.plus(TURN * 60));
    rig.keeper.check(&Look { settings: &other, ..look }).unwrap();
    let canary = rig.keeper.standing().rollout.canary;
    assert_eq!((canary.phase, canary.treatment_pct.get()), (Phase::Running, 10.0));
}

/// Heard in every window, forty conversations would soon be proof that treatment gets too much or too little.
#[test]
fn conversations_that_go_on_are_heard_once_also_after_a_restart() {
    let day_before = Traffic::steady(1_000_000_007).since;
    // Who came in the window that the limit is measured by is heard afterwards, restart or not.
    for since in [day_before, START] {
        heard_once_since(since);
    }
}

fn heard_once_since(since: Timestamp) {
    let traffic = Traffic { few: true, since, ..Traffic::steady(1_000_000_007) };
    let (rows, gate) = (traffic, open_gate());
    let n_dealt = |rig: &Rig| {
        let rollout = &rig.keeper.standing().rollout;
        assert_ne!(rollout.reason, Some(VerdictReason::SampleRatioMismatch));
        let kept = serde_json::to_value(rollout.testimony.as_ref().unwrap()).unwrap();
        let dealt = kept["epochs"][0]["n_dealt"].as_array().unwrap().clone();
        dealt.iter().filter_map(serde_json::Value::as_u64).sum::<u64>()
    };
    let whole = Rig::new();
    whole.turns(&rows, &gate, 1, 24);
    let restarted = Rig::new();
    restarted.turns(&rows, &gate, 1, 1);
    let restarted = restarted.reopened();
    restarted.turns(&rows, &gate, 2, 11);
    let restarted = restarted.reopened();
    restarted.turns(&rows, &gate, 13, 12);
    assert!((200..=281).contains(&n_dealt(&whole)), "{}", n_dealt(&whole));
    assert_eq!(n_dealt(&restarted), n_dealt(&whole));
}

#[test]
fn harm_is_rolled_back_and_stays_so() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(10), open_gate());
    let decided = rig.turns(&rows, &gate, 1, 20);
    assert_eq!(decided.len(), 1, "{decided:?}");
    assert!(decided[0].ends_with("roll back 10"), "{decided:?}");
    let again = rig.look(&rows, &gate, START.plus(TURN * 50));
    assert_eq!(rig.keeper.check(&again).unwrap().quiet, Some(Quiet::RolledBack));
    // Another candidate is tried anew.
    let other = CanarySettings { error_margin: 0.02, ..rig.settings.clone() };
    let look = Look { settings: &other, ..again };
    assert!(matches!(rig.keeper.check(&look).unwrap().quiet, Some(Quiet::NotYet { .. })));
    assert_eq!(rig.keeper.standing().rollout.canary.phase, Phase::Running);
}

#[test]
fn what_was_not_read_lets_nothing_pass_and_harm_that_was_read_counts() {
    let (rig, rows, gate) = (Rig::new(), Traffic::steady(1_000_000_007), open_gate());
    let now = START.plus(TURN + SETTLE + Duration::from_micros(1_234));
    let torn = Torn { rows: &rows, at: START.plus(TURN / 2) };
    for _ in 0..2 {
        let checked = rig.keeper.check(&rig.look(&torn, &gate, now)).unwrap();
        assert_eq!(checked.quiet, Some(Quiet::Unread { n_lines: 1 }));
        assert_eq!(rig.keeper.standing().rollout.canary.consecutive_passes, 0);
    }
    // Of another time it is of no matter, and once it can be read again the window counts.
    let before = Torn { at: START.minus(TURN), ..torn };
    let checked = rig.keeper.check(&rig.look(&before, &gate, now)).unwrap();
    assert_eq!((checked.quiet, checked.verdict), (None, Verdict::Met));
    let (rig, rows) = (Rig::new(), Traffic::steady(3));
    let torn = Torn { rows: &rows, at: START.plus(TURN / 2) };
    let checked = rig.keeper.check(&rig.look(&torn, &gate, now)).unwrap();
    assert_eq!((checked.quiet, checked.verdict), (None, Verdict::Breached));
}

#[test]
fn damage_puts_everything_into_control_until_a_reset() {
    let rig = Rig::new();
    rig.decide(Wish::Reset(pct(50.0))).unwrap();
    let file = rig.dir.path().join("analytics/control.ndjson");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("50.0", "90.0")).unwrap();
    let rig = rig.reopened();
    let standing = rig.keeper.standing();
    let fault = standing.fault.clone().unwrap();
    assert!(
        fault.to_string().contains("control.ndjson: line 1: it is not as it was written"),
        "{fault}"
    );
    assert_eq!(split_of(&rig.split, &standing).treatment_pct, pct(0.0));
    let (rows, gate) = (Traffic::steady(10), open_gate());
    let look = rig.look(&rows, &gate, START.plus(TURN * 2));
    assert!(matches!(rig.keeper.check(&look), Err(CanaryError::Fault(_))));
    assert!(matches!(rig.decide(Wish::Hold), Err(CanaryError::Fault(_))));
    let standing = rig.decide(Wish::Reset(pct(10.0))).unwrap();
    // It counts on from the line that was damaged, so that the trail knows which chain is the newest.
    assert_eq!((&standing.fault, standing.rollout.version), (&None, 2));
    assert_eq!(split_of(&rig.split, &standing).treatment_pct, pct(10.0));
}

/// The rows before the rollout say what slow is; without them its first window must.
#[test]
fn what_a_limit_is_made_of_proves_nothing() {
    let (rig, gate) = (Rig::new(), open_gate());
    let rows = Traffic { since: START, ..Traffic::steady(1_000_000_007) };
    let check = |turn: u32| {
        let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
        rig.keeper.check(&rig.look(&rows, &gate, now)).unwrap()
    };
    let first = check(1);
    assert_eq!((first.verdict, first.n_blocks), (Verdict::NoData, 0));
    assert!(rig.keeper.standing().rollout.testimony.is_some());
    assert!(check(2).n_blocks > 0);
    let few = Traffic { since: START.plus(TURN - Duration::from_secs(5)), ..Traffic::steady(7) };
    let rig = Rig::new();
    let look = rig.look(&few, &gate, START.plus(TURN + SETTLE + SETTLE));
    assert_eq!(rig.keeper.check(&look).unwrap().quiet, Some(Quiet::NoBaseline));
}

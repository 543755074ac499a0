use std::time::{Duration, SystemTime};

use aios_core::{Bucket, Timestamp};
use aios_privacy::PiiKind;
use aios_store::{AuditConfig, AuditLog, EventLogConfig, FileEventLog};

use super::*;

/// Far from any event: nothing of the log is recent.
const LATER: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn night(dir: &tempfile::TempDir) -> Night {
    let data_dir = Arc::new(DataDir::open(dir.path()).unwrap());
    let store = FileEventLog::open(&data_dir, EventLogConfig::default()).unwrap();
    let audit = AuditLog::open(&data_dir, AuditConfig::default(), LATER).unwrap();
    let audit = Arc::new(audit);
    let store: Arc<dyn EventStore> = Arc::new(store);
    let rotator = Arc::new(Rotator::new(Arc::clone(&store), Arc::clone(&audit)));
    let scanner = Arc::new(Redactor::new(&PiiKind::ALL));
    Night {
        store,
        rotator,
        audit,
        actor: "x".into(),
        data_dir,
        scanner,
        objectives: Arc::default(),
        keyring: None,
        work: NightWork {
            promote_max: 10,
            golden: Some(Bucket::Treatment),
            ..NightWork::default()
        },
        served: None,
        now: LATER,
        dry_run: false,
        progress: Arc::new(()),
        only: None,
        free_bytes: None,
    }
}

fn ends(run: fn(&Night) -> Result<Outcome, String>) -> StepReport {
    let dir = tempfile::tempdir().unwrap();
    run_step(&Step { name: "x", run }, &night(&dir))
}

#[tokio::test]
async fn a_step_fails_alone() {
    let state = |run| ends(run).state;
    assert_eq!(state(|_| Ok(Outcome::Done(String::new()))), StepState::Done);
    assert_eq!(state(|_| Err("no".to_owned())), StepState::Failed);
    let panicked = ends(|_| panic!("on purpose"));
    assert_eq!(
        (panicked.state, panicked.detail.as_str()),
        (StepState::Failed, "it panicked: on purpose")
    );
}

#[tokio::test]
async fn the_worst_state_is_the_nights() {
    let report = |states: &[StepState]| NightReport {
        started_at: LATER,
        dry_run: false,
        steps: states
            .iter()
            .map(|state| StepReport { step: String::new(), state: *state, detail: String::new() })
            .collect(),
    };
    let check = |states: &[StepState], expect| assert_eq!(report(states).worst(), expect);
    check(&[], StepState::Skipped);
    check(&[StepState::Done, StepState::Skipped], StepState::Skipped);
    check(&[StepState::Violation, StepState::Done], StepState::Violation);
    check(&[StepState::Violation, StepState::Failed], StepState::Failed);
}

#[tokio::test]
async fn a_report_of_what_was_on_trial_before_is_outdated() {
    let dir = tempfile::tempdir().unwrap();
    let mut night = night(&dir);
    night.work.golden_threshold = 0.25;
    let goldens = dir.path().join("goldens");
    let set = include_str!("../../../../fixtures/golden/set_v1.json");
    let baseline = include_str!("../../../../fixtures/golden/baseline_v1.json");
    std::fs::create_dir_all(&goldens).unwrap();
    std::fs::write(goldens.join("sample_set.json"), set).unwrap();
    std::fs::write(goldens.join("baseline_results.json"), baseline).unwrap();
    night.now = Timestamp::parse("2027-01-15T09:00:00Z").unwrap();
    let report = include_str!("../../../../fixtures/golden/report_v1.json");
    let mut report: serde_json::Value = serde_json::from_str(report).unwrap();
    report["report_id"] = "".into();
    let mut check = |bucket: &str, of: Option<&str>, served: Option<&'static str>, expect: bool| {
        report["bucket"] = bucket.into();
        report["candidate_fingerprint"] = of.into();
        std::fs::write(dir.path().join("goldens/last_report.json"), report.to_string()).unwrap();
        let address = ([127, 0, 0, 1], 1).into();
        let served = Served::new(address, move |_| served.map(str::to_owned), || false);
        night.served = Some(Arc::new(served));
        assert_eq!(follow::is_outdated(&night), expect, "{bucket} {of:?}");
    };
    check("treatment", Some("a"), Some("a"), false);
    check("treatment", Some("a"), Some("b"), true);
    check("control", Some("a"), Some("b"), false);
    check("treatment", None, Some("b"), false);
    // Nobody may be in treatment: there is nothing to ask.
    check("treatment", Some("a"), None, false);
    // Nor does asking again help while there is no baseline to compare with.
    std::fs::remove_file(goldens.join("baseline_results.json")).unwrap();
    check("treatment", Some("a"), Some("a"), false);
    std::fs::write(goldens.join("baseline_results.json"), baseline).unwrap();
    std::fs::write(goldens.join("sample_set.json"), set.replace("Question 07", "?")).unwrap();
    check("treatment", Some("a"), Some("a"), true);
}

/// A machine that is off at two each night would never do it if the first one were always that to come.
#[test]
fn the_first_night_that_was_missed_is_due_at_the_next_start() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let at = NightlyAt::new(2, 0, jiff::tz::TimeZone::UTC).unwrap();
    let time = |text: &str| Timestamp::parse(text).unwrap();
    let is_due = |now: &str| at.due(due_since(&dir), time(now)) <= time(now);
    // Nothing was served yet.
    assert!(!is_due("2026-11-27T09:00:00Z"));
    let first = time("2026-11-27T15:00:00Z");
    let id = aios_core::EventId::new(first, [1; 10]);
    let line = serde_json::json!({ "event_type": "response", "event_id": id, "ts": first,
        "conv_id": format!("c1_{:032x}", 1) });
    std::fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
    std::fs::write(dir.events_path(), format!("{line}\n")).unwrap();
    for (now, expect) in [
        ("2026-11-27T18:00:00Z", false),
        ("2026-11-28T01:59:59Z", false),
        ("2026-11-28T09:00:00Z", true),
        ("2026-12-24T09:00:00Z", true),
    ] {
        assert_eq!(is_due(now), expect, "{now}");
    }
    // Once, and then each night.
    dir.write_night(r#"{"started_at":"2026-11-28T09:00:00Z","dry_run":false,"steps":[]}"#).unwrap();
    assert!(!is_due("2026-11-28T10:00:00Z") && is_due("2026-11-29T09:00:00Z"));
}

#[tokio::test]
async fn an_empty_log_makes_a_quiet_night() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let night = night(&dir);
    assert_eq!(due_since(&night.data_dir), None);
    let report = run_night(&night, |step| told.push(step.clone()));
    assert_eq!(told, report.steps);
    let states: Vec<_> = told.iter().map(|step| (step.step.as_str(), step.state)).collect();
    assert_eq!(
        states,
        [
            ("rotate", StepState::Done),
            ("reports", StepState::Done),
            ("rescan", StepState::Skipped),
            ("memory", StepState::Skipped),
            ("recall", StepState::Skipped),
            ("golden", StepState::Skipped),
            ("hypotheses", StepState::Skipped),
            ("promote", StepState::Done),
        ]
    );
    assert_eq!(due_since(&night.data_dir), Some(LATER));
}

#[tokio::test]
async fn on_a_full_disk_only_what_makes_room_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let states = |free_bytes| {
        let report = run_night(&Night { free_bytes: Some(free_bytes), ..night(&dir) }, |_| {});
        let failed = report.steps.iter().filter(|step| step.state == StepState::Failed);
        failed.map(|step| step.step.clone()).collect::<Vec<_>>()
    };
    assert_eq!(states(FREE_MIN), [""; 0]);
    let failed = states(FREE_MIN - 1);
    assert_eq!(failed, step_names().skip(1).collect::<Vec<_>>());
    assert_eq!(step_names().next(), Some("rotate"));
}

#[tokio::test]
async fn a_single_step_is_no_night() {
    let dir = tempfile::tempdir().unwrap();
    let night = Night { only: Some("rescan".into()), ..night(&dir) };
    let report = run_night(&night, |_| {});
    assert_eq!(report.steps.iter().map(|step| &*step.step).collect::<Vec<_>>(), ["rescan"]);
    assert_eq!(due_since(&night.data_dir), None);
}

#[tokio::test]
async fn reports_go_with_the_events_that_they_speak_of() {
    const DAY: Duration = Duration::from_secs(86_400);
    let dir = tempfile::tempdir().unwrap();
    let mut night = night(&dir);
    night.data_dir.write_night("{}").unwrap();
    let path = dir.path().join("reports/nightly.json");
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) - 40 * DAY;
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    let step = STEPS.iter().find(|step| step.name == "reports").unwrap();
    for (days, is_kept) in [(41, true), (39, false)] {
        night.work.events_kept_for = days * DAY;
        assert_eq!(run_step(step, &night).state, StepState::Done);
        assert_eq!(path.exists(), is_kept, "{days}");
    }
}

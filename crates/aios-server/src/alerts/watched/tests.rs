use std::fs;
use std::sync::Arc;

use aios_core::{EventId, Split, Unread};
use aios_store::DataDir;
use serde_json::{Value, json};

use super::*;
use crate::alerts::runbook;
use crate::alerts::sight::Sight;
use crate::judging::fixture;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + hour * 3_600) * 1_000_000)
}

/// A data directory, and what is looked at in it.
struct Place {
    dir: Arc<DataDir>,
    expects: Expects,
    since: Timestamp,
    has_index: bool,
    missed: BTreeMap<Missed, u64>,
    _temp: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(DataDir::open(temp.path()).unwrap());
        let expects = Expects { traffic: true, nights: Some(at(0)), goldens: true };
        Self { dir, expects, since: at(0), has_index: true, missed: BTreeMap::new(), _temp: temp }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn event(&self, ts: Timestamp) {
        let event = fixture::response(json!({
            "event_id": EventId::new(ts, [1; 10]), "ts": ts, "conv_id": format!("c1_{:032x}", 1),
        }));
        self.write("analytics/hypotheses.ndjson", &format!("{event}\n"));
    }

    fn night(&self, ts: Timestamp, states: &[(&str, &str)]) {
        let step = |(step, state): &(&str, &str)| json!({ "step": step, "state": state, "detail": "Lyon" });
        let steps: Vec<Value> = states.iter().map(step).collect();
        let night = json!({ "started_at": ts, "dry_run": false, "steps": steps });
        self.dir.write_night(&night.to_string()).unwrap();
    }

    /// All that is wrong after so many hours.
    fn troubles(&self, hour: i64) -> Vec<Trouble> {
        let objectives = Objectives::default();
        let split = Split::plain(aios_core::Percent::new(10.0).unwrap(), "config");
        if self.has_index {
            aios_store::Index::open(&self.dir).unwrap().catch_up().unwrap();
        }
        let seen = Sight::new(&objectives).look(&self.dir, &objectives, &split, at(hour)).unwrap();
        let ground = Ground {
            dir: &self.dir,
            objectives: &objectives,
            expects: self.expects,
            seen: Some(&seen),
            missed: &self.missed,
            since: self.since,
            now: at(hour),
        };
        troubles(&ground)
    }

    #[track_caller]
    fn check(&self, hour: i64, expect: &[&str]) {
        let found = self.troubles(hour);
        let abouts: Vec<_> = found.iter().map(|trouble| trouble.about.as_str()).collect();
        assert_eq!(abouts, expect, "{found:?}");
        for trouble in &found {
            assert!(runbook(&trouble.about).len() > 1, "{} has no steps", trouble.about);
            assert!(!trouble.detail.contains("Lyon"), "{}", trouble.detail);
        }
    }
}

#[test]
fn silence_is_told_only_where_traffic_is_expected_and_not_of_the_time_before_the_start() {
    let mut place = Place::new();
    place.check(0, &[]);
    place.check(1, &["silence"]);
    place.event(at(1));
    place.check(1, &[]);
    place.check(2, &["silence"]);
    place.since = at(2);
    place.check(2, &[]);
    place.expects.traffic = false;
    place.check(9, &[]);
}

fn quiet() -> Place {
    let mut place = Place::new();
    place.expects.traffic = false;
    place
}

#[test]
fn an_index_that_stays_away_is_a_page() {
    let mut place = quiet();
    place.has_index = false;
    place.check(1, &[]);
    place.event(at(0));
    place.check(0, &[]);
    place.check(1, &["index_unreadable"]);
    assert_eq!(place.troubles(1)[0].severity, Severity::Page);
    place.has_index = true;
    place.check(1, &[]);
}

#[test]
fn two_days_without_a_night_are_told_once_there_was_time_to_catch_up() {
    let mut place = quiet();
    // Nothing was served: there is nothing to look after.
    place.check(99, &[]);
    place.event(at(0));
    place.check(48, &[]);
    place.check(49, &["nightly_missed"]);
    place.expects.nights = Some(at(49));
    place.check(50, &[]);
    place.check(51, &["nightly_missed"]);
    place.night(at(50), &[("rotate", "done")]);
    place.check(51, &[]);
    place.check(99, &["nightly_missed"]);
    place.expects.nights = None;
    place.check(99, &[]);
}

#[test]
fn a_night_that_found_something_or_failed_is_told_until_one_ends_well() {
    let place = quiet();
    place.night(at(0), &[("rotate", "done"), ("golden", "skipped")]);
    place.check(1, &[]);
    for state in ["violation", "failed"] {
        place.night(at(0), &[("rotate", "done"), ("rescan", state)]);
        place.check(1, &["nightly_ended"]);
        assert!(place.troubles(1)[0].detail.ends_with(&format!("rescan {state}")));
    }
    place.write("reports/nightly.json", "{\"started_at\":");
    place.check(1, &["nightly_ended"]);
    place.night(at(1), &[("rotate", "done")]);
    place.check(1, &[]);
}

#[test]
fn a_golden_report_that_cannot_be_used_is_told_and_one_that_is_missed() {
    let mut place = quiet();
    let report = include_str!("../../../../../fixtures/golden/report_v1.json");
    let of = |ts: Timestamp| {
        let mut report: Value = serde_json::from_str(report).unwrap();
        report["timestamp"] = json!(ts);
        report.to_string()
    };
    let set = include_str!("../../../../../fixtures/golden/set_v1.json");
    place.write("goldens/sample_set.json", set);
    place.write("goldens/last_report.json", &of(at(0)));
    place.check(1, &[]);
    place.write("goldens/last_report.json", &of(at(0)).replace("\"metrics\"", "\"met"));
    place.check(1, &["golden_report"]);
    // An old one counts only where a night asks the set.
    place.write("goldens/last_report.json", &of(at(0)));
    place.check(9 * 24, &[]);
    place.write("goldens/baseline_results.json", &of(at(0)));
    place.check(9 * 24, &["golden_report"]);
    place.night(at(9 * 24), &[("golden", "skipped")]);
    place.check(9 * 24, &[]);
    place.night(at(9 * 24), &[("golden", "done")]);
    place.expects.goldens = false;
    place.check(9 * 24, &[]);
}

#[test]
fn lines_that_cannot_be_read_are_told_by_number_and_place_alone() {
    let place = quiet();
    place.event(at(0));
    let log = fs::read_to_string(place.dir.events_path()).unwrap();
    place.write("analytics/hypotheses.ndjson", &format!("{log}Lyon\n"));
    place.check(1, &["log_unread"]);
    let detail = place.troubles(1)[0].detail.replace('\\', "/");
    assert!(
        detail.starts_with(
            "1 line of the event log cannot be read, the first in analytics/hypotheses.ndjson:2,"
        ),
        "{detail}"
    );
    assert!(!Unread::default().to_string().is_empty() && runbook("index_unreadable").len() > 1);
}

#[test]
fn what_could_not_be_scanned_is_told() {
    let mut place = Place::new();
    place.expects = Expects::default();
    place.check(1, &[]);
    place.missed = BTreeMap::from([(("client", "unreadable"), 7), (("upstream", "panic"), 512)]);
    place.check(1, &["privacy_unscanned"]);
    let detail = place.troubles(1).remove(0).detail;
    assert!(detail.ends_with("7 bytes to client (unreadable), 512 bytes to upstream (panic)"));
}

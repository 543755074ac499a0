use std::fs;

use aios_control::slo::Share;
use aios_core::EventId;
use aios_store::DataDir;
use serde_json::json;

use super::*;
use crate::judging::fixture;

const LIMITS: Limits = Limits { slow_ms: 20_000.0, quality_min: 0.5 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + second) * 1_000_000)
}

fn id(second: i64) -> EventId {
    EventId::new(at(second), [1; 10])
}

/// A log to which lines are appended, with an index behind it.
struct Log {
    dir: DataDir,
    index: Index,
    _temp: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        let index = Index::open(&dir).unwrap();
        Self { dir, index, _temp: temp }
    }

    fn append(&mut self, lines: impl IntoIterator<Item = String>) {
        let mut text = fs::read_to_string(self.dir.events_path()).unwrap_or_default();
        lines.into_iter().for_each(|line| text += &(line + "\n"));
        fs::write(self.dir.events_path(), text).unwrap();
        self.index.catch_up().unwrap();
    }
}

fn response(second: i64, outcome: &str) -> String {
    fixture::response(json!({
        "event_id": id(second), "ts": at(second), "conv_id": format!("c1_{second:032x}"),
        "outcome": outcome,
    }))
}

fn feedback(said_at: i64, about: i64, score: f64) -> String {
    fixture::feedback(json!({
        "event_id": EventId::new(at(said_at), [2; 10]), "ts": at(said_at), "about": id(about),
        "conv_id": format!("c1_{about:032x}"), "score": score,
    }))
}

/// Bad ones of all ones.
fn counts(minutes: &Minutes, share: Share) -> (u64, u64) {
    let counted = minutes.tallies().minutes(share);
    counted.iter().fold((0, 0), |(n_bad, n), at| (n_bad + at.n_bad, n + at.n))
}

#[test]
fn late_events_are_counted_in_the_minute_in_which_they_began() {
    let mut log = Log::new();
    let mut minutes = Minutes::new(LIMITS);
    log.append([response(0, "ok"), response(590, "ok")]);
    minutes.bring_up(&log.index, at(600)).unwrap();
    assert_eq!(counts(&minutes, Share::Answered), (0, 2));
    // It began before both and ended after them.
    log.append([response(30, "timeout")]);
    minutes.bring_up(&log.index, at(660)).unwrap();
    assert_eq!(counts(&minutes, Share::Answered), (1, 3));
    assert_eq!(minutes.tallies().minutes(Share::Answered)[0].n, 2);
    // Counting again what did not change changes nothing.
    minutes.bring_up(&log.index, at(720)).unwrap();
    assert_eq!(counts(&minutes, Share::Answered), (1, 3));
    assert_eq!(minutes.last_event(), Some(at(590)));
}

#[test]
fn a_word_that_comes_days_later_still_counts() {
    let mut log = Log::new();
    let mut minutes = Minutes::new(LIMITS);
    let day = 86_400;
    log.append([response(0, "ok"), response(2 * day, "ok")]);
    minutes.bring_up(&log.index, at(2 * day + 1)).unwrap();
    assert_eq!(counts(&minutes, Share::GoodEnough), (0, 0));
    log.append([feedback(2 * day + 30, 0, 0.0)]);
    minutes.bring_up(&log.index, at(2 * day + 60)).unwrap();
    assert_eq!(counts(&minutes, Share::GoodEnough), (1, 1));
    assert_eq!(counts(&minutes, Share::Answered), (0, 2));
}

#[test]
fn what_is_older_than_the_budget_is_forgotten() {
    let mut log = Log::new();
    let mut minutes = Minutes::new(LIMITS);
    log.append([response(0, "ok")]);
    minutes.bring_up(&log.index, at(60)).unwrap();
    assert_eq!(counts(&minutes, Share::Answered), (0, 1));
    minutes.bring_up(&log.index, at(31 * 86_400)).unwrap();
    assert_eq!(counts(&minutes, Share::Answered), (0, 0));
}

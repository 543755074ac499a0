use std::io::Write as _;
use std::time::{Duration, Instant};

use aios_core::{Event, EventId};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    DataDir, EventLogConfig, EventStore as _, FileEventLog, Keep, Look, Segments, SyncPolicy,
    fixture,
};

/// A quarter of an hour before a day ends, in microseconds.
const BEGIN: i64 = 1_800_000_000_000_000 / 86_400_000_000 * 86_400_000_000 + 85_500_000_000;

/// A log that is written, and whose index nobody brings up unasked.
struct Rig {
    runtime: tokio::runtime::Runtime,
    _temp: tempfile::TempDir,
    dir: DataDir,
    log: FileEventLog,
    /// What was written.
    events: Vec<Event>,
}

impl Rig {
    fn new(segment_max: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let (sync, index_every) = (SyncPolicy::Always, Duration::from_secs(3_600));
        let config = EventLogConfig { sync, index_every, segment_max, ..EventLogConfig::default() };
        let log = FileEventLog::open(&dir, config).unwrap();
        Self { runtime, _temp: temp, dir, log, events: Vec::new() }
    }

    /// One whose memory holds all that is written from here on.
    fn keeping(segment_max: u64) -> Self {
        let rig = Self::new(segment_max);
        assert_eq!(rig.log.recent(&everything()), None, "nobody has asked before");
        rig.log.catch_up_index().unwrap();
        rig
    }

    fn write(&mut self, event: Event) {
        let slot = self.runtime.block_on(self.log.reserve()).unwrap();
        self.runtime.block_on(slot.append(event.clone()).durable()).unwrap();
        self.events.push(event);
    }

    /// An event so many milliseconds after the beginning.
    fn write_at(&mut self, ms: i64) {
        let n = self.events.len() as u64;
        self.write(fixture::event_at(at(ms), n));
    }

    /// What somebody says of the answer that was given so long ago.
    fn say(&mut self, back: usize, score: f64, source: &str) {
        let Some(about) = self.events.iter().rev().nth(back) else { return };
        let (n, ts) = (self.events.len() as u8, about.at().plus(Duration::from_millis(1)));
        let value = json!({
            "event_type": "feedback", "schema_version": "2.0", "event_id": EventId::new(ts, [n; 10]),
            "ts": ts, "about": about.id(), "conv_id": fixture::conversation(0), "source": source,
            "score": score,
        });
        self.write(serde_json::from_value(value).unwrap());
    }

    fn seal(&self) {
        self.runtime.block_on(self.log.seal()).unwrap();
    }

    /// Takes the events of a conversation out of the log.
    fn erase(&self, n: u64) {
        self.seal();
        let name = fixture::conversation(n);
        let mut keep = |line: &[u8]| {
            let is_gone = memchr::memmem::find(line, name.as_str().as_bytes()).is_some();
            if is_gone { Keep::Drop } else { Keep::Keep }
        };
        for info in Segments::of(&self.dir).list().unwrap() {
            Segments::of(&self.dir).rewrite(info.id, Look::Everywhere, &mut keep).unwrap();
        }
    }

    /// Somebody else writes to the file that takes events.
    fn meddle(&self) {
        let file = std::fs::OpenOptions::new().append(true).open(self.dir.events_path());
        file.unwrap().write_all(b"{\"event_type\":\"response\"}\n").unwrap();
    }

    fn n_in_index(&self) -> usize {
        in_index(&self.dir, &everything()).len()
    }

    /// What memory answers is what the index does; whether it answers.
    fn check(&self, times: &Range<Timestamp>) -> bool {
        let told = self.log.knows_unread();
        let n_unread = |dir| Index::read(dir).unwrap().unwrap().unread(times).unwrap().n_lines;
        let n_before = told.then(|| n_unread(&self.dir));
        let found = self.log.recent(times).map(|Recent { from, seen }| {
            // What memory has not stands in the index as that is.
            [in_index(&self.dir, &(times.start..from)), seen].concat()
        });
        self.log.catch_up_index().unwrap();
        if n_before == Some(0) {
            assert_eq!(n_unread(&self.dir), 0);
        }
        let is_answered = found.is_some();
        assert!(found.is_none_or(|found| found == in_index(&self.dir, times)));
        is_answered
    }
}

fn everything() -> Range<Timestamp> {
    at(-1_000_000_000)..at(1_000_000_000)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_micros(BEGIN + ms * 1_000)
}

fn in_index(dir: &DataDir, times: &Range<Timestamp>) -> Vec<Seen> {
    let mut seen = Vec::new();
    let index = Index::read(dir).unwrap().unwrap();
    index.seen(times.clone(), |one| seen.push(*one)).unwrap();
    seen
}

#[derive(Debug, Clone)]
enum Step {
    /// So many, of times around this one.
    Write(Vec<i64>),
    Say(usize, f64, bool),
    /// The beginning of another hour, and of another day after that.
    Later(i64),
    Seal,
    Erase(u64),
    Meddle,
    CatchUp,
    Ask(i64, i64),
    KeepAtMost(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(0..40_i64, 1..5).prop_map(Step::Write),
        3 => (0..8_usize, 0.0..1.0, any::<bool>()).prop_map(|(n, score, by)| Step::Say(n, score, by)),
        1 => (1..700_000_i64).prop_map(Step::Later),
        1 => Just(Step::Seal),
        1 => (0..30_u64).prop_map(Step::Erase),
        1 => Just(Step::Meddle),
        2 => Just(Step::CatchUp),
        6 => (-60..60_i64, 0..90_i64).prop_map(|(from, len)| Step::Ask(from, len)),
        1 => (500..20_000_usize).prop_map(Step::KeepAtMost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever is written in whatever order, sealed, taken out and forgotten for want of room.
    #[test]
    fn memory_answers_as_the_index_does_or_not_at_all(
        steps in proptest::collection::vec(step(), 1..25),
        segment_max in prop_oneof![Just(3_000_u64), Just(1 << 20)],
    ) {
        let (mut rig, mut now) = (Rig::new(segment_max), 0);
        rig.check(&everything());
        for step in steps {
            match step {
                Step::Write(times) => {
                    times.iter().for_each(|ms| rig.write_at(now + ms - 20));
                    now += 10;
                }
                Step::Say(back, score, by_client) => {
                    rig.say(back, score, if by_client { "client" } else { "judge" });
                }
                Step::Later(ms) => now += ms,
                Step::Seal => rig.seal(),
                Step::Erase(n) => rig.erase(n),
                // The writer notices at its next write.
                Step::Meddle => {
                    rig.meddle();
                    rig.write_at(now);
                }
                Step::CatchUp => drop(rig.log.catch_up_index().unwrap()),
                Step::Ask(from, len) => drop(rig.check(&(at(now + from)..at(now + from + len)))),
                Step::KeepAtMost(n_bytes) => rig.log.fresh().keep_at_most(n_bytes),
            }
        }
        // In the end it answers again, and is not asked in vain.
        rig.log.fresh().keep_at_most(BYTES_MAX);
        rig.write_at(now);
        rig.seal();
        now += 1_000_000;
        rig.write_at(now);
        // What was taken out of the log is forgotten by the first catching up, and all is known after the second.
        for _ in 0..2 {
            rig.check(&everything());
        }
        for ms in [3, 3, 5, 9] {
            rig.write_at(now + ms);
        }
        rig.say(1, 0.5, "client");
        prop_assert!(rig.check(&(at(now + 2)..at(now + 9))));
    }
}

#[test]
fn what_is_in_memory_need_not_be_in_the_index() {
    let mut rig = Rig::new(1 << 20);
    rig.write_at(0);
    assert_eq!(rig.log.recent(&everything()), None);
    rig.log.catch_up_index().unwrap();
    (2..6).for_each(|ms| rig.write_at(ms));
    rig.say(3, 0.25, "client");
    let found = rig.log.recent(&(at(1)..at(5))).unwrap();
    assert_eq!(rig.n_in_index(), 1, "it was not brought up");
    let quality: Vec<_> = found.seen.iter().map(|one| one.quality).collect();
    assert_eq!((found.from, &*quality), (at(1), [Some(0.25), None, None].as_slice()));
    assert!(rig.check(&(at(1)..at(5))));
}

#[test]
fn what_is_not_in_memory_is_in_the_index() {
    let mut rig = Rig::new(1 << 20);
    rig.write_at(0);
    assert_eq!(rig.log.recent(&everything()), None);
    rig.log.catch_up_index().unwrap();
    (2..6).for_each(|ms| rig.write_at(ms));
    let recent = |rig: &Rig, ms: Range<i64>| {
        let found = rig.log.recent(&(at(ms.start)..at(ms.end)));
        found.map(|found| (found.from, found.seen.len()))
    };
    assert_eq!(recent(&rig, 0..5), Some((at(1), 3)), "all of the one from before");
    assert_eq!(recent(&rig, -9..0), Some((at(0), 0)));
    assert_eq!(rig.n_in_index(), 1, "it was not brought up");
    assert!(rig.check(&(at(-9)..at(5))));
    // Somebody speaks of it; then one of its time comes late.
    rig.say(4, 0.25, "client");
    assert_eq!((recent(&rig, 0..5), recent(&rig, 1..5)), (None, Some((at(1), 3))));
    rig.write_at(-3);
    assert_eq!((recent(&rig, -3..5), recent(&rig, -9..-3)), (None, Some((at(-3), 0))));
}

#[test]
fn a_segment_that_its_writer_seals_stays_in_memory() {
    let mut rig = Rig::keeping(2_000);
    (0..9).for_each(|ms| rig.write_at(ms));
    assert!(Segments::of(&rig.dir).list().unwrap().len() > 2);
    assert!(rig.check(&(at(0)..at(9))), "across segments");
    // By now they have their footers.
    assert!(rig.check(&(at(0)..at(9))));
    assert_eq!(rig.n_in_index(), 9);
}

#[test]
fn what_was_erased_is_in_memory_no_more() {
    let mut rig = Rig::keeping(1 << 20);
    (0..9).for_each(|ms| rig.write_at(ms));
    assert_eq!(rig.log.recent(&(at(0)..at(9))).unwrap().seen.len(), 9);
    rig.erase(4);
    assert_eq!(rig.log.recent(&(at(0)..at(9))), None);
    assert!(rig.log.fresh().lock().stretches.is_empty());
    rig.log.catch_up_index().unwrap();
    assert_eq!(rig.n_in_index(), 8);
    rig.write_at(20);
    assert!(rig.check(&(at(10)..at(30))), "and what comes after it is");
}

#[test]
fn memory_knows_nothing_of_a_file_that_others_write_to() {
    let mut rig = Rig::keeping(1 << 20);
    rig.write_at(0);
    assert!(rig.log.knows_unread());
    rig.meddle();
    rig.write_at(1);
    assert!(!rig.log.knows_unread());
    assert_eq!(rig.log.recent(&(at(0)..at(9))), None);
    rig.log.catch_up_index().unwrap();
    let unread = Index::read(&rig.dir).unwrap().unwrap().unread(&(at(0)..at(9))).unwrap();
    assert_eq!(unread.n_lines, 1);
    // Of this file nothing is told any more.
    rig.write_at(2);
    assert_eq!(rig.log.recent(&(at(2)..at(9))), None);
}

#[test]
fn what_has_no_room_is_asked_of_the_index() {
    let mut rig = Rig::keeping(1 << 20);
    (0..9).for_each(|ms| rig.write_at(ms));
    let n_bytes = rig.log.fresh().lock().n_bytes;
    rig.log.fresh().keep_at_most(n_bytes - 1);
    // A stretch that somebody reads is not gone on with.
    let held: Vec<_> =
        rig.log.fresh().lock().stretches.iter().map(|one| Arc::clone(&one.stretch)).collect();
    rig.write_at(20);
    drop(held);
    assert_eq!(rig.log.recent(&(at(0)..at(30))), None);
    assert_eq!(rig.log.recent(&(at(8)..at(30))), None);
    assert!(rig.check(&(at(9)..at(30))));
    rig.log.fresh().keep_at_most(0);
    rig.write_at(40);
    assert_eq!(rig.log.recent(&(at(9)..at(50))), None);
}

#[test]
fn nothing_is_kept_for_who_does_not_ask() {
    let mut rig = Rig::new(1 << 20);
    for ms in 0..3 {
        rig.write_at(ms);
        assert!(!rig.log.fresh().lock().cover.is_kept());
        rig.log.catch_up_index().unwrap();
        assert!(rig.log.fresh().lock().stretches.is_empty());
    }
    let mut rig = Rig::keeping(1 << 20);
    rig.log.fresh().keep_at_most(1_000);
    (0..9).for_each(|ms| rig.write_at(ms));
    assert!(rig.log.fresh().lock().cover.is_kept());
    (9..18).for_each(|ms| rig.write_at(ms));
    for ms in [18, 19] {
        assert!(!rig.log.fresh().lock().cover.is_kept());
        rig.log.catch_up_index().unwrap();
        rig.write_at(ms);
    }
    rig.log.catch_up_index().unwrap();
    assert!(rig.log.fresh().lock().stretches.is_empty());
    // Whoever asks again has it kept again.
    assert!(!rig.check(&everything()));
    rig.write_at(30);
    assert!(rig.check(&(at(25)..at(40))));
}

#[test]
fn for_who_will_ask_it_is_kept_from_when_that_was_said() {
    let mut rig = Rig::new(1 << 20);
    (0..3).for_each(|ms| rig.write_at(ms));
    rig.log.keep_recent();
    // The keeper has done what it was asked before.
    rig.log.catch_up_index().unwrap();
    assert_eq!(rig.n_in_index(), 3);
    rig.write_at(5);
    assert_eq!(rig.log.recent(&(at(0)..at(9))).map(|found| found.seen.len()), Some(1));
    assert_eq!(rig.n_in_index(), 3);
    // It was not said in vain, though the index is never asked for.
    let mut rig = Rig::new(1 << 20);
    rig.log.keep_recent();
    let until = Instant::now() + Duration::from_secs(10);
    while rig.log.recent(&everything()).is_none() && Instant::now() < until {
        std::thread::yield_now();
    }
    rig.write_at(5);
    assert!(rig.check(&(at(0)..at(9))));
}

/// Its rows may be in the index behind those of segments that were begun later.
#[test]
fn a_segment_that_begins_with_an_older_event_has_what_was_before_it_forgotten() {
    let mut rig = Rig::keeping(1 << 20);
    (0..3).for_each(|ms| rig.write_at(5_000 + ms));
    assert!(rig.log.recent(&(at(1_000)..at(9_000))).is_some());
    rig.seal();
    rig.write_at(2_000);
    assert_eq!(rig.log.recent(&(at(1_000)..at(9_000))), None);
    rig.write_at(5_003);
    assert_eq!(rig.log.recent(&(at(5_003)..at(9_000))).unwrap().seen.len(), 1);
    assert!(rig.check(&(at(5_003)..at(9_000))));
}

#[test]
fn an_index_that_is_made_anew_knows_nothing_of_what_was_unread() {
    let mut rig = Rig::keeping(1 << 20);
    rig.meddle();
    rig.write_at(0);
    rig.seal();
    rig.log.catch_up_index().unwrap();
    // The answers' minutes: what was unread reaches into the time after it.
    rig.write_at(1_000_000);
    rig.check(&everything());
    rig.write_at(1_000_001);
    rig.check(&everything());
    rig.write_at(1_000_002);
    assert!(rig.log.knows_unread());
    let is_unread = || {
        let index = Index::read(&rig.dir).unwrap().unwrap();
        index.unread(&everything()).unwrap().n_lines > 0
    };
    rig.log.fresh().doubt();
    assert!(!rig.log.knows_unread(), "until it has been brought up");
    rig.log.reindex().unwrap();
    assert!(is_unread());
    Index::remove(&rig.dir).unwrap();
    rig.log.catch_up_index().unwrap();
    assert!(is_unread());
    let fresh = Arc::<Fresh>::default();
    fresh.seen(&everything(), 0);
    let mut index = Index::open(&rig.dir).unwrap().told_by(&fresh);
    index.catch_up().unwrap();
    let changes = rig.dir.segments_changes();
    assert!(fresh.is_all_told(changes));
    drop(index.rebuild().unwrap());
    assert!(!fresh.is_all_told(changes), "one that was made anew");
}

/// Sealed and renamed, but without its footer yet, just before the index is brought up.
#[test]
fn a_segment_that_was_sealed_a_moment_ago_is_not_passed_over() {
    let (mut rig, fresh) = (Rig::keeping(1 << 20), Arc::<Fresh>::default());
    let mut index = Index::open(&rig.dir).unwrap().told_by(&fresh);
    rig.write_at(0);
    index.catch_up().unwrap();
    rig.write_at(1);
    // Its writer has given the file its name; that the segment is finished is still to be told.
    let generation = rig.dir.segments_generation();
    fresh.seal();
    let active = rig.dir.events_path();
    let first = rig.events[0].clone();
    let id = crate::SegmentId::of_first(first.at(), first.id());
    let sealed = crate::segment::Layout::of(&rig.dir).hot(id);
    std::fs::rename(&active, &sealed).unwrap();
    std::fs::write(&active, "").unwrap();
    fresh.end(Some(id));
    assert_eq!(rig.dir.segments_generation(), generation);
    index.catch_up().unwrap();
    assert_eq!(index.n_events().unwrap(), 2);
}

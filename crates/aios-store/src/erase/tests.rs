//! Erasure over real files: what goes, what stays, and what cannot bring it back.

mod backups;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use aios_core::{Clock, Event, ResponseEvent, Timestamp};

use super::*;
use crate::audit::{AuditConfig, AuditLog, audit_tail, verify_audit};
use crate::segment::{Age, Segments};
use crate::sign;
use crate::{DataDir, EventLogConfig, EventStore, FileEventLog, StoreError, SyncPolicy, fixture};

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A data directory with an open log.
struct Rig {
    temp: tempfile::TempDir,
    dir: DataDir,
    log: Arc<FileEventLog>,
    eraser: Arc<Eraser>,
    audit: Arc<AuditLog>,
    clock: Arc<Hand>,
    runtime: tokio::runtime::Runtime,
}

/// So that an event that was waited for is on disk.
fn config() -> EventLogConfig {
    EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() }
}

/// Event `n` belongs to conversation `n % 10`.
fn event(n: u64) -> Event {
    let conv_id = fixture::conversation(n % 10);
    Event::Response(Box::new(ResponseEvent { conv_id, ..fixture::response(n) }))
}

fn line(n: u64) -> String {
    serde_json::to_string(&event(n)).unwrap() + "\n"
}

fn target(n: u64) -> EraseTarget {
    EraseTarget::new(vec![fixture::conversation(n)], Some("chat-of-ann")).unwrap()
}

fn request() -> EraseRequest {
    EraseRequest::new("cli", "request", &aios_privacy::Redactor::new(&[]))
}

impl Rig {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(temp: tempfile::TempDir) -> Self {
        Self::with(temp, config())
    }

    fn with(temp: tempfile::TempDir, config: EventLogConfig) -> Self {
        let dir = DataDir::open(temp.path()).unwrap();
        let log = Arc::new(FileEventLog::open(&dir, config).unwrap());
        let clock = Arc::new(Hand(AtomicI64::new(1_800_000_100_000_000)));
        let audit = AuditLog::open(&dir, AuditConfig::default(), clock.now()).unwrap();
        let hand = Arc::clone(&clock) as Arc<dyn Clock>;
        let audit = Arc::new(audit);
        let eraser = Eraser::open(&dir, Arc::clone(&log), Arc::clone(&audit), hand).unwrap();
        let eraser = Arc::new(eraser);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { temp, dir, log, eraser, audit, clock, runtime }
    }

    /// Events in a cold segment, in a hot one, and in the active one.
    fn filled() -> Self {
        let rig = Self::new();
        rig.append(0..400);
        rig.log.seal_blocking().unwrap();
        for segment in Segments::of(&rig.dir).list().unwrap() {
            Segments::of(&rig.dir).finish(segment.id).unwrap();
            Segments::of(&rig.dir).compress(segment.id).unwrap();
        }
        rig.append(400..500);
        rig.log.seal_blocking().unwrap();
        rig.append(500..520);
        rig
    }

    /// Holds everything for a minute.
    fn hold(&self) -> crate::Hold {
        self.hold_from(None)
    }

    /// The same of what happened from then on.
    fn hold_from(&self, since: Option<Timestamp>) -> crate::Hold {
        self.hold_within(since, None)
    }

    fn hold_within(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> crate::Hold {
        let now = self.clock.now();
        let hold = crate::NewHold {
            owner: "legal".into(),
            reason: "case 7".into(),
            expires_at: now.plus(std::time::Duration::from_secs(60)),
            since,
            until,
        };
        let redactor = aios_privacy::Redactor::new(&[]);
        crate::Holds::of(&self.dir).add(hold, &redactor, now, fixture::unrecorded).unwrap()
    }

    /// Appends events; returns when all of them are on disk.
    fn append(&self, numbers: std::ops::Range<u64>) {
        self.append_events(numbers.map(event));
    }

    /// Appends events that are on their way into the log when this returns.
    fn hand_over(&self, numbers: std::ops::Range<u64>) {
        self.runtime.block_on(async {
            for number in numbers {
                drop(self.log.reserve().await.unwrap().append(event(number)));
            }
        });
    }

    fn append_events(&self, events: impl Iterator<Item = Event>) {
        self.runtime.block_on(async {
            let mut last = None;
            for event in events {
                last = Some(self.log.reserve().await.unwrap().append(event));
            }
            last.unwrap().durable().await.unwrap();
        });
    }

    /// The same directory in another process's life.
    fn restart(self) -> Self {
        let Self { temp, dir, log, eraser, audit, clock, runtime } = self;
        runtime.block_on(log.close(std::time::Duration::from_secs(10)));
        drop((dir, log, eraser, audit, clock, runtime));
        Self::at(temp)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.temp.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn look(&self, n: u64) -> Census {
        Census::take(&self.dir, &target(n), Depth::EveryByte, self.clock.now(), &()).unwrap()
    }

    fn erase(&self, n: u64) -> Receipt {
        let plan = self.eraser.plan(&target(n), &request()).unwrap();
        self.eraser.execute(&plan.id, &plan.plan_hash, Some(&target(n))).unwrap()
    }

    /// Every line of the event log as it stands on disk, footers left out.
    fn lines(&self) -> BTreeSet<String> {
        self.log.seal_blocking().unwrap();
        let (mut lines, mut reader) = (BTreeSet::new(), reader::Reader::default());
        for file in scan::files(self.temp.path()).unwrap() {
            if file.store.is_some_and(|store| store.name.starts_with("events")) {
                content::each_line(&mut reader, &file.path, |line| {
                    let text = String::from_utf8(line.to_vec()).unwrap();
                    if !text.contains("segment_footer") {
                        assert!(lines.insert(text), "a line stands twice");
                    }
                })
                .unwrap();
            }
        }
        lines
    }

    fn files(&self) -> Vec<String> {
        let relative = |path: &Path| path.strip_prefix(self.temp.path()).unwrap().to_owned();
        let files = scan::files(self.temp.path()).unwrap();
        files.iter().map(|file| relative(&file.path).display().to_string()).collect()
    }
}

fn kept(numbers: std::ops::Range<u64>, erased: u64) -> BTreeSet<String> {
    numbers.filter(|n| n % 10 != erased).map(line).collect()
}

#[test]
fn a_plan_counts_what_is_on_its_way_into_the_log() {
    // Events are gathered for a while before they are written, as they are by default.
    let rig = Rig::with(tempfile::tempdir().unwrap(), EventLogConfig::default());
    for round in 0..5 {
        rig.hand_over(100 * round..100 * round + 50);
        let plan = rig.eraser.plan(&target(3), &request()).unwrap();
        assert_eq!(plan.census.n_events, 5 + 5 * round);
    }
}

#[test]
fn a_conversation_goes_from_every_store_and_all_others_stay_byte_for_byte() {
    let rig = Rig::filled();
    let ours = fixture::conversation(7);
    rig.write("memory/fragments.ndjson", &format!("{{\"of\":\"{ours}\"}}\n{{\"of\":\"b\"}}\n"));
    rig.write(
        "analytics/quarantine/hypotheses.at-9-1.torn",
        &format!("…{ours}\",\"question\":\"x"),
    );
    rig.write("analytics/quarantine/hypotheses.at-9-2.torn", "{\"nobody");
    rig.write("cache/answers", &format!("{ours}"));
    rig.write("exports/for-ann.csv", &format!("{ours};hello"));
    rig.log.catch_up_index().unwrap();
    let before = rig.look(7);
    let index = |census: &Census| {
        census.stores.iter().find(|store| store.store == "index").unwrap().n_files_naming
    };
    assert!(index(&before) > 0, "{:?}", before.stores);
    assert_eq!((before.n_events, before.n_records()), (52, 55));

    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert_eq!((receipt.n_records_planned, receipt.n_records_erased), (55, 55));
    assert_eq!((receipt.verified.n_events, receipt.segments.len()), (0, 3));
    let after = rig.look(7);
    assert!(after.is_clean() && after.is_complete() && after.n_events == 0, "{after:?}");
    assert_eq!(index(&after), 0);
    let indexed = crate::Index::read(&rig.dir).unwrap().unwrap();
    assert_eq!(indexed.n_events().unwrap(), 468, "the index is kept, not removed");
    assert!(rig.lines() == kept(0..520, 7));
    let read = |name: &str| fs::read_to_string(rig.temp.path().join(name)).unwrap();
    assert_eq!(read("memory/fragments.ndjson"), "{\"of\":\"b\"}\n");
    let files = rig.files();
    for gone in ["quarantine/hypotheses.at-9-1", "cache/", "exports/", ".bak", ".tmp"] {
        assert!(!files.iter().any(|file| file.contains(gone)), "{gone} in {files:?}");
    }
    assert!(files.iter().any(|file| file.contains("hypotheses.at-9-2")), "{files:?}");
    assert!(Segments::of(&rig.dir).list().unwrap().iter().any(|one| one.age == Age::Cold));
    assert_eq!(crate::verify(&rig.dir, true, &()).unwrap().faults, []);
}

#[test]
fn the_receipt_is_signed_and_the_trail_still_verifies() {
    let rig = Rig::filled();
    let receipt = rig.erase(7);
    let path = rig.temp.path().join(format!("erasures/{}.receipt.json", receipt.id));
    let text = fs::read_to_string(path).unwrap();
    let (signed, rest) = text.split_once(",\"signature\":\"").unwrap();
    let signed = signed.strip_prefix("{\"receipt\":").unwrap();
    let signature = rest.strip_suffix("\"}\n").unwrap();
    assert!(sign::is_signed(&receipt.public_key, signed.as_bytes(), signature));
    assert!(!sign::is_signed(
        &receipt.public_key,
        signed.replace("52", "53").as_bytes(),
        signature
    ));
    assert!(verify_audit(&rig.dir, &[]).unwrap().is_sound());
    let trail = format!("{:?}", audit_tail(&rig.dir, 9).unwrap());
    assert!(trail.contains("ledgered") && trail.contains("completed"), "{trail}");
    assert!(!trail.contains("chat-of-ann") && !text.contains("chat-of-ann"));
}

#[test]
fn somebody_of_whom_nothing_is_stored_is_found_nowhere() {
    let rig = Rig::filled();
    let census = rig.look(77);
    assert_eq!((census.n_events, census.n_records()), (0, 0));
    assert!(census.is_clean() && census.is_complete());
    assert!(census.n_read().0 > 3 && census.n_read().1 > 100_000);
}

#[test]
fn another_s_line_that_names_the_target_is_reported_and_stays() {
    let rig = Rig::filled();
    let mention = line(8).replace("Question 8", fixture::conversation(7).as_str());
    let odd = line(9).replacen("{\"event_type\"", "{\"_raw\":\"replaced\",\"event_type\"", 1);
    rig.log.seal_blocking().unwrap();
    let active = rig.dir.events_path();
    fs::write(&active, format!("{mention}{odd}")).unwrap();
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    let lines = rig.lines();
    assert!(lines.contains(&mention) && lines.contains(&odd));
    assert_eq!(rig.look(7).n_mentions(), 1);
}

#[test]
fn lines_that_nobody_can_read_are_searched_as_bytes() {
    let rig = Rig::new();
    let half = line(17).split_at(420).0.to_owned();
    rig.append(0..20);
    rig.log.seal_blocking().unwrap();
    // Its footer is another thread's to write: what is put in the segment's place meanwhile would get that one too.
    rig.log.catch_up_index().unwrap();
    let segment = Segments::of(&rig.dir).list().unwrap().remove(0);
    // In the place of one that is off the record: no footer, so that it is made anew.
    Segments::of(&rig.dir).remove(segment.id).unwrap();
    let sound: String = (0..20).map(line).collect();
    fs::write(&segment.path, format!("{half}\nnot json at all\n{sound}")).unwrap();
    Segments::of(&rig.dir).finish(segment.id).unwrap();
    Segments::of(&rig.dir).compress(segment.id).unwrap();
    let receipt = rig.erase(7);
    assert_eq!((receipt.state, receipt.n_records_erased), (ErasureState::Completed, 3));
    let mut expect = kept(0..20, 7);
    expect.insert("not json at all\n".into());
    assert!(rig.lines() == expect);
}

#[test]
fn a_catalogue_that_hides_something_is_not_believed() {
    let rig = Rig::filled();
    rig.log.seal_blocking().unwrap();
    rig.log.catch_up_index().unwrap();
    let index = rusqlite::Connection::open(rig.dir.index_path()).unwrap();
    assert!(index.execute("DELETE FROM names", []).unwrap() > 9);
    let sidecar = rig.files().into_iter().find(|file| file.ends_with(".members")).unwrap();
    let path = rig.temp.path().join(&sidecar);
    let (ours, other) = (fixture::conversation(7).to_string(), format!("c1_{:032x}", 6));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&ours));
    fs::write(&path, text.replace(&ours, &other)).unwrap();
    assert_eq!(rig.look(7).n_events, 52);
    assert_eq!(rig.eraser.plan(&target(7), &request()).unwrap().census.n_events, 12);
    let receipt = rig.erase(7);
    assert_eq!((receipt.state, receipt.n_records_erased), (ErasureState::Completed, 52));
    assert!(rig.lines() == kept(0..520, 7));
}

#[test]
fn the_index_rules_out_only_what_it_has_read() {
    let rig = Rig::filled();
    rig.log.seal_blocking().unwrap();
    rig.log.catch_up_index().unwrap();
    let n_events = || {
        let now = rig.clock.now();
        Census::take(&rig.dir, &target(7), Depth::Catalogued, now, &()).unwrap().n_events
    };
    let index = rusqlite::Connection::open(rig.dir.index_path()).unwrap();
    let change = |sql: &str| assert!(index.execute(sql, []).unwrap() > 0, "{sql}");
    assert_eq!(n_events(), 52);
    change("DELETE FROM names");
    assert_eq!(n_events(), 12, "those in hot segments, which are always read");
    // Of another state of the segments, it says nothing: the sidecar is asked.
    change("UPDATE segments SET sha256 = 'x'");
    assert_eq!(n_events(), 52);
    drop(index);
    crate::Index::open(&rig.dir).unwrap().rebuild().unwrap();
    assert_eq!(n_events(), 52, "nor of what it has not read yet");
}

#[test]
fn whoever_waits_is_shown_every_byte_that_is_looked_through() {
    let rig = Rig::filled();
    rig.log.seal_blocking().unwrap();
    // After this, nothing is written any more.
    rig.log.catch_up_index().unwrap();
    let whole = |seen: fixture::Seen| seen.n_done == seen.n_all && seen.n_begun == seen.n_ended;
    let watcher = fixture::Watcher::default();
    let (now, depth) = (rig.clock.now(), Depth::EveryByte);
    Census::take(&rig.dir, &target(7), depth, now, &watcher).unwrap();
    let seen = watcher.seen();
    assert!(whole(seen) && seen.n_begun == 1 && seen.n_all > 100_000, "{seen:?}");
    Hits::of(&rig.dir, "blue", &watcher).unwrap();
    let searched = watcher.seen();
    assert!(whole(searched) && searched.n_all == 2 * seen.n_all, "{searched:?}");

    let files = Segments::of(&rig.dir).list().unwrap();
    let n_bytes = files.iter().map(|segment| segment.file_bytes).sum::<u64>();
    let watcher = fixture::Watcher::default();
    crate::verify(&rig.dir, true, &watcher).unwrap();
    let seen = watcher.seen();
    assert!(whole(seen) && seen.n_all == n_bytes, "{seen:?} of {n_bytes}");
}

/// Seals and compresses everything, once, when a look begins, or has seen its first file, or ends.
struct Mover<'a> {
    rig: &'a Rig,
    when: &'static str,
    is_done: AtomicBool,
}

impl Mover<'_> {
    fn at(&self, moment: &str) {
        if moment == self.when && !self.is_done.swap(true, Ordering::SeqCst) {
            self.rig.log.seal_blocking().unwrap();
            let segments = Segments::of(&self.rig.dir);
            for segment in segments.list().unwrap().iter().filter(|one| one.age == Age::Hot) {
                segments.finish(segment.id).unwrap();
                segments.compress(segment.id).unwrap();
            }
        }
    }
}

impl aios_core::Progress for Mover<'_> {
    fn begin(&self, _n: u64) {
        self.at("begin");
    }

    fn advance(&self, _n: u64) {
        self.at("advance");
    }

    fn end(&self) {
        self.at("end");
    }
}

#[test]
fn what_is_sealed_and_compressed_during_a_look_is_seen_once() {
    for when in ["never", "begin", "advance", "end"] {
        let mover = |rig| Mover { rig, when, is_done: AtomicBool::new(false) };
        let rig = Rig::filled();
        let (depth, now) = (Depth::EveryByte, rig.clock.now());
        let census = Census::take(&rig.dir, &target(7), depth, now, &mover(&rig)).unwrap();
        assert_eq!((census.n_events, census.unreadable.len()), (52, 0), "{when}");
        let rig = Rig::filled();
        let text = fixture::conversation(7).to_string();
        let hits = Hits::of(&rig.dir, &text, &mover(&rig)).unwrap().unwrap();
        let of_events = hits.stores.iter().filter(|store| store.store.starts_with("events"));
        assert_eq!(of_events.map(|store| store.n_hits).sum::<u64>(), 52, "{when}");
    }
}

#[test]
fn a_copy_of_a_segment_elsewhere_is_not_ruled_out_by_what_became_of_the_segment() {
    let rig = Rig::filled();
    let analytics = rig.dir.analytics_path();
    let names = crate::disk::entries_in(&analytics).unwrap();
    let cold = names.iter().find(|name| name.ends_with(".gz")).unwrap();
    let copy = fs::read(analytics.join(cold)).unwrap();
    rig.erase(7);
    rig.write("memory/x", "");
    fs::write(rig.temp.path().join("memory").join(cold), copy).unwrap();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    assert_eq!(plan.census.n_records(), 40);
}

#[test]
fn what_cannot_be_read_or_is_nobodys_leaves_the_erasure_incomplete() {
    let check = |name: &str, content: &[u8], why: &str| {
        let rig = Rig::filled();
        let path = rig.temp.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let receipt = rig.erase(7);
        assert_eq!(receipt.state, ErasureState::Incomplete, "{name}");
        let left: Vec<_> =
            receipt.verified.left.iter().filter(|left| left.file == Path::new(name)).collect();
        assert!(left.len() == 1 && left[0].why.contains(why), "{:?}", receipt.verified.left);
        // The rest is gone all the same.
        assert_eq!((receipt.n_records_erased, rig.look(7).n_events), (52, 0));
    };
    let named = format!("copied {}", fixture::conversation(7));
    check("exports/half.gz", &[0x1f, 0x8b, 8, 0, 0], "");
    check("exports/events.zip", b"PK\x03\x04whatever", "packed");
    check("backup.xz", b"\xfd7zXZ\x00whatever", "packed");
    check("analytics/hypotheses.ndjson.bak", named.as_bytes(), "no known store");
    let ours = format!("{{\"holds\":\"{}\"}}", fixture::conversation(7));
    check("aios.lock.json", ours.as_bytes(), "no known store");
}

#[test]
fn requests_under_way_and_replays_do_not_bring_it_back() {
    let rig = Rig::filled();
    let slot = rig.runtime.block_on(rig.log.reserve()).unwrap();
    rig.erase(7);
    drop(slot.append(event(1007)));
    rig.append(520..540);
    let lines = rig.lines();
    assert_eq!(lines.len(), 468 + 1 + 20);
    let erased: Vec<_> = lines.iter().filter(|line| line.contains("\"c65535_0000")).collect();
    assert_eq!(erased.len(), 3, "the late one, 527 and 537 are accounted for");
    assert!(erased.iter().all(|line| !line.contains("Question") && line.contains("141.75")));
    assert_eq!(rig.look(7).n_events, 0);
    // Also not after a restart.
    let rig = rig.restart();
    rig.append(540..560);
    assert_eq!((rig.look(7).n_events, rig.look(6).n_events), (0, 56));
}

#[test]
fn live_writes_are_neither_lost_nor_brought_back() {
    let rig = Rig::filled();
    /// Also where a test fails, or its thread would be waited for in vain.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let stop = AtomicBool::new(false);
    let (log, runtime) = (&rig.log, &rig.runtime);
    let n = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 520;
            while !stop.load(Ordering::SeqCst) || n % 10 != 0 {
                // Each waits for the disk, as a client would, so that the index can keep up.
                let append = async {
                    let slot = log.reserve().await.unwrap();
                    slot.append(event(n)).durable().await.unwrap();
                };
                runtime.block_on(append);
                n += 1;
            }
            n
        });
        let stopping = Stop(&stop);
        for conversation in [7, 3] {
            let receipt = rig.erase(conversation);
            assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
        }
        drop(stopping);
        writer.join().unwrap()
    });
    let lines = rig.lines();
    let named: BTreeSet<_> =
        lines.iter().filter(|line| !line.contains("c65535_")).cloned().collect();
    let expect: BTreeSet<_> = kept(0..n, 7).intersection(&kept(0..n, 3)).cloned().collect();
    assert!(named == expect, "{} of {}", named.len(), expect.len());
    assert_eq!(rig.log.stats().lost, 0);
}

#[test]
fn only_the_plan_that_was_looked_at_is_executed_while_it_is_fresh() {
    let rig = Rig::filled();
    // When all events have happened.
    rig.clock.0.fetch_add(1_000_000_000, Ordering::SeqCst);
    let plan = || rig.eraser.plan(&target(7), &request()).unwrap();
    let first = plan();
    let refused = |id: &str, hash: &str| rig.eraser.execute(id, hash, None).unwrap_err();
    assert!(matches!(refused("er_none", &first.plan_hash), EraseError::NoPlan { .. }));
    assert!(matches!(refused(&first.id, "00"), EraseError::OtherPlan { .. }));
    rig.clock.0.fetch_add(15 * 60 * 1_000_000 + 1, Ordering::SeqCst);
    assert!(matches!(refused(&first.id, &first.plan_hash), EraseError::Expired { .. }));
    assert_eq!(rig.look(7).n_events, 52, "nothing was changed");
    let second = plan();
    assert_eq!(second.plan_hash, first.plan_hash);
    rig.eraser.execute(&second.id, &second.plan_hash, None).unwrap();
    assert!(matches!(refused(&second.id, &second.plan_hash), EraseError::NoPlan { .. }), "once");
}

#[test]
fn an_id_of_somebody_else_takes_nothing_out() {
    let rig = Rig::filled();
    rig.write("exports/notes.csv", "chat-of-bob;hello");
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    let both = [7, 8].map(fixture::conversation);
    for pseudonyms in [&both[1..], &both] {
        let bob = EraseTarget::new(pseudonyms.to_vec(), Some("chat-of-bob")).unwrap();
        let error = rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&bob)).unwrap_err();
        assert!(matches!(error, EraseError::Another { .. }), "{error}");
    }
    assert_eq!((rig.look(7).n_events, rig.look(8).n_events), (52, 52), "nothing was changed");
    assert!(rig.files().iter().any(|file| file.contains("notes.csv")));
    rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&target(7))).unwrap();
    assert!(rig.files().iter().any(|file| file.contains("notes.csv")));
}

#[test]
fn a_start_goes_on_from_every_step() {
    use ErasureState::{Fenced, Ledgered, Rewriting, Verified};
    for state in [Ledgered, Fenced, Rewriting, Verified] {
        let rig = Rig::filled();
        let plan = rig.eraser.plan(&target(7), &request()).unwrap();
        let mut entry = rig.eraser.state(&plan.id).unwrap();
        entry.state = state;
        Ledger::read(&rig.dir).unwrap().write(entry).unwrap();
        let rig = rig.restart();
        assert_eq!(rig.log.fence().n_refused(), 1, "{state:?}");
        let receipts = rig.eraser.resume().receipts;
        assert_eq!((receipts.len(), receipts[0].state), (1, ErasureState::Completed));
        assert!(rig.lines() == kept(0..520, 7), "{state:?}");
        assert!(receipts[0].note.is_some_and(|note| note.contains("was not known")));
        assert!(rig.eraser.resume().receipts.is_empty());
    }
}

#[test]
fn a_hold_blocks_the_erasure_and_is_named() {
    let rig = Rig::filled();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    let hold = rig.hold_from(Some(event(510).at()));
    let error = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err().to_string();
    assert!(error.contains("the hold h1 of legal until") && error.contains("case 7"), "{error}");
    assert_eq!(rig.look(7).n_events, 52, "nothing was changed");
    assert_eq!(rig.look(7).held_by, std::slice::from_ref(&hold));
    assert_eq!(rig.look(77).held_by, []);
    crate::Holds::of(&rig.dir).release(hold.id, fixture::unrecorded).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
}

/// Everything of conversation 7 in cold segments is in no index.
fn hidden() -> Rig {
    let rig = Rig::filled();
    rig.log.seal_blocking().unwrap();
    rig.log.catch_up_index().unwrap();
    let index = rusqlite::Connection::open(rig.dir.index_path()).unwrap();
    assert!(index.execute("DELETE FROM names", []).unwrap() > 9);
    rig
}

#[test]
fn a_hold_keeps_what_a_catalogue_hides_too() {
    let rig = hidden();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    assert_eq!(plan.census.n_events, 12, "those in hot segments");
    let hold = rig.hold_within(None, Some(event(300).at()));
    let error = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    assert!(matches!(error, EraseError::Held { .. }), "{error}");
    assert_eq!(rig.eraser.state(&plan.id).unwrap().state, ErasureState::Waiting);
    assert_eq!((rig.eraser.resume().n_waiting, rig.look(7).n_events), (1, 52));
    crate::Holds::of(&rig.dir).release(hold.id, fixture::unrecorded).unwrap();
    assert_eq!(rig.eraser.resume().receipts[0].state, ErasureState::Completed);
    assert!(rig.lines() == kept(0..520, 7));
}

#[test]
fn a_hold_that_was_set_while_it_was_erased_keeps_what_is_left() {
    let rig = hidden();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    let mut entry = rig.eraser.state(&plan.id).unwrap();
    rig.eraser.step(&mut entry, ErasureState::Ledgered).unwrap();
    let hold = rig.hold_within(None, Some(event(300).at()));
    let receipt = rig.eraser.resume().receipts.remove(0);
    assert_eq!((receipt.state, receipt.verified.n_events), (ErasureState::Incomplete, 40));
    assert!(receipt.verified.left.iter().any(|left| left.why.contains("hold h1 of legal")));
    assert_eq!(rig.look(7).n_events, 40);
    crate::Holds::of(&rig.dir).release(hold.id, fixture::unrecorded).unwrap();
    let later = rig.clock.now().plus(std::time::Duration::from_secs(86_400));
    assert_eq!(rig.eraser.recheck(later).unwrap().receipts[0].state, ErasureState::Completed);
    assert!(rig.lines() == kept(0..520, 7));
}

#[test]
fn a_damaged_ledger_keeps_the_log_shut() {
    let rig = Rig::filled();
    rig.erase(7);
    rig.write("erasures/ledger.ndjson", "gibberish\n");
    let Rig { temp, dir, log, eraser, audit, runtime, clock } = rig;
    drop((eraser, audit, log, dir, runtime, clock));
    let dir = DataDir::open(temp.path()).unwrap();
    let error = FileEventLog::open(&dir, EventLogConfig::default()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn erasing_by_subject_tells_whose_else_the_records_are() {
    let rig = Rig::new();
    let subject = aios_privacy::Pseudonym::parse(&format!("s1_{:032x}", 5)).unwrap();
    rig.append_events((0..30).map(|n| {
        let subject = (n % 3 == 0).then(|| subject.clone());
        let event = event(n).response().unwrap().clone();
        Event::Response(Box::new(ResponseEvent { subject, ..event }))
    }));
    rig.log.seal_blocking().unwrap();
    let target = EraseTarget::new(vec![subject.clone()], None).unwrap();
    let plan = rig.eraser.plan(&target, &request()).unwrap();
    assert_eq!((plan.census.n_events, plan.census.n_others), (10, 10));
    assert_eq!(plan.census.by_pseudonym[subject.as_str()], 10);
    let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(receipt.verified.left, []);
    assert_eq!((receipt.state, rig.lines().len()), (ErasureState::Completed, 20));
}

#[test]
fn every_file_that_the_crate_makes_belongs_to_a_store() {
    let rig = Rig::filled();
    rig.write("analytics/quarantine/x.torn", "half");
    rig.dir.write_knots("[]").unwrap();
    rig.dir.rotate_key("pseudonyms").unwrap();
    rig.dir.load_or_create_admin_token().unwrap();
    rig.erase(7);
    for file in scan::files(rig.temp.path()).unwrap() {
        assert!(file.store.is_some(), "{} belongs to no store", file.path.display());
    }
}

mod control;
mod damage;
mod ids;
mod memory;
mod names;
mod older;
mod records;
mod witnesses;

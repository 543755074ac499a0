use std::fs;
use std::time::Duration;

use aios_core::Event;

use aios_core::Timestamp;
use std::ops::Range;

use super::*;
use crate::segment::Layout;
use crate::{
    EventLogConfig, EventStore as _, FileEventLog, Filter, Keep, Look, Rotate, Segments,
    SyncPolicy, disk, fixture, query,
};

/// A directory with a log that is written and indexed by the test.
pub(super) struct Log {
    temp: tempfile::TempDir,
    pub(super) dir: DataDir,
}

impl Log {
    pub(super) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.analytics_path()).unwrap();
        Self { temp, dir }
    }

    /// Writes events to the active segment, as its writer would.
    pub(super) fn append(&self, events: std::ops::Range<u64>) {
        let mut text = fs::read_to_string(self.dir.events_path()).unwrap_or_default();
        text.extend(events.map(fixture::line));
        fs::write(self.dir.events_path(), text).unwrap();
    }

    pub(super) fn seal(&self) {
        let log = FileEventLog::open(&self.dir, EventLogConfig::default()).unwrap();
        let seal = Rotate { seal: true, ..Rotate::default() };
        log.rotate(fixture::event(0).at(), seal).unwrap();
    }

    pub(super) fn index(&self) -> Index {
        Index::open(&self.dir).unwrap()
    }
}

/// Sealed segments of an event each.
pub(super) fn seal(log: &Log, numbers: Range<u64>) -> Vec<SegmentId> {
    let layout = Layout::of(&log.dir);
    let one = |n| {
        let id = SegmentId::of_first(fixture::event(n).at(), fixture::event(n).id());
        fs::write(layout.hot(id), fixture::line(n)).unwrap();
        Segments::of(&log.dir).finish(id).unwrap();
        id
    };
    numbers.map(one).collect()
}

pub(super) fn everything() -> Range<Timestamp> {
    Timestamp::from_micros(0)..Timestamp::from_micros(i64::MAX)
}

/// Checks the rows against the log itself.
fn check(index: &Index, dir: &DataDir) -> usize {
    let rows: Vec<_> = index.window(everything()).unwrap();
    let mut events: Vec<_> =
        query(dir, &Filter::default()).unwrap().map(|line| line.unwrap().event).collect();
    events.sort_by_key(Event::at);
    assert_eq!(rows.len(), events.len());
    let responses = events.iter().filter_map(Event::response);
    for (row, event) in rows.iter().zip(responses) {
        assert_eq!((row.ts, row.event_id, &row.conv), (event.ts, event.event_id, &event.conv_id));
        assert_eq!((row.tier, row.source, row.bucket), (event.tier, event.source, event.bucket));
        assert_eq!(
            (row.outcome, row.status, row.operation),
            (event.outcome, event.status, event.operation)
        );
        assert_eq!(row.latency_ms, event.timings.latency_ms);
        assert_eq!(row.time_to_first_token_ms, event.timings.time_to_first_token_ms);
        assert_eq!(row.output_tokens, event.tokens.output_tokens);
        assert_eq!(row.weight, event.weight.map(aios_core::Weight::get));
        assert_eq!(row.boundary, event.boundary.get());
    }
    assert_eq!(index.n_events().unwrap(), rows.len() as u64);
    check_counts(index, &events);
    check_pages(index, &rows);
    rows.len()
}

/// Checks what was counted against the events themselves.
fn check_counts(index: &Index, events: &[Event]) {
    let responses = || events.iter().filter_map(Event::response);
    let live = || responses().filter(|event| event.purpose.is_live());
    for span in Span::ALL {
        let mut all = Counts::default();
        index
            .cells(span, everything(), |cell| {
                let of_cell = live().filter(|event| {
                    event.ts.as_secs().div_euclid(span.secs()) * span.secs() == cell.start_s
                        && (event.source, event.bucket) == (cell.source, cell.bucket)
                });
                assert!(cell.counts.n() > 0 && cell.counts.n() <= of_cell.count() as u64);
                all.merge(&cell.counts);
            })
            .unwrap();
        assert_eq!(all.n(), live().count() as u64);
        let n_ok = live().filter(|event| event.outcome == aios_core::Outcome::Ok).count() as u64;
        assert_eq!(all.n_ended(aios_core::Outcome::Ok), n_ok);
        assert_eq!(all.latencies.n(), n_ok);
        let tokens = live().filter_map(|event| event.tokens.output_tokens).sum::<u64>();
        assert_eq!(all.output_tokens, tokens);
        let n_weighed = live().filter(|event| event.weight.is_some()).count() as u64;
        assert_eq!(all.n_weighed(), n_weighed);
    }
    let n_masked = responses().flat_map(|event| event.redactions.iter()).map(|(_, n)| u64::from(n));
    let masked = index.masked(everything()).unwrap();
    assert_eq!(masked.iter().map(|(_, _, n)| n).sum::<u64>(), n_masked.sum::<u64>());
}

/// Checks that pages give every row once, the newest first.
fn check_pages(index: &Index, rows: &[Row]) {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = index.page(&Search::default(), before, 3, &mut Budget::default()).unwrap();
        assert_eq!(page.rows.len(), page.places.len());
        found.extend(page.rows);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    found.reverse();
    assert_eq!(found, rows);
}

/// What this thread has read of files so far, in bytes.
#[cfg(target_os = "linux")]
fn n_read() -> u64 {
    let counts = fs::read_to_string("/proc/thread-self/io").unwrap();
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap();
    read.parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn turns_read_a_segment_once_and_not_all_of_it_each_time() {
    let log = Log::new();
    log.append(0..8_000);
    log.seal();
    let n_bytes: u64 =
        Segments::of(&log.dir).list().unwrap().iter().map(|one| one.file_bytes).sum();
    let mut index = log.index();
    let (before, mut n_turns) = (n_read(), 1);
    while index.catch_up_some().unwrap().is_behind {
        n_turns += 1;
    }
    let read = n_read() - before;
    assert!(n_turns >= 16, "{n_turns}");
    assert!(read < 3 * n_bytes, "{read} of {n_bytes} in {n_turns} turns");
    assert_eq!(check(&index, &log.dir), 8_000);
}

#[test]
fn what_a_hypothesis_was_found_to_be_is_kept_whole_and_is_no_event() {
    let log = Log::new();
    log.append(0..2);
    let line = r#"{"event_type":"hypothesis","schema_version":"2.0","event_id":"01H0000000000000000000000","ts":"2027-01-15T08:00:00Z","name":"a","statement":"b","finding":"supported","since":"2027-01-01T00:00:00Z","n_pairs":30,"effect":-0.2,"interval":[-0.3,-0.1],"log_e_for":4.0,"log_e_against":-2.0,"by_lot":true}"#;
    let id = fixture::event(0).id().to_string();
    let line = line.replace("01H0000000000000000000000", &id) + "\n";
    let text = fs::read_to_string(log.dir.events_path()).unwrap() + &line;
    fs::write(log.dir.events_path(), text).unwrap();
    let mut index = log.index();
    index.catch_up().unwrap();
    let findings = index.findings().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].name.as_str(), findings[0].n_pairs), ("a", 30));
    assert_eq!(index.n_events().unwrap(), 2);
}

#[test]
fn a_page_holds_what_all_conditions_hold_for() {
    let log = Log::new();
    log.append(0..40);
    let mut index = log.index();
    index.catch_up().unwrap();
    let rows: Vec<_> = index.window(everything()).unwrap();
    let check = |search: Search, expect: &dyn Fn(&Row) -> bool| {
        let found = index.page(&search, None, 100, &mut Budget::default()).unwrap();
        let expect: Vec<_> = rows.iter().rev().filter(|row| expect(row)).cloned().collect();
        assert_eq!((found.rows, found.next), (expect, None), "{search:?}");
    };
    let of = Search::default;
    let (third, conv) = (rows[3].clone(), rows[7].conv.clone());
    check(Search { tier: Some(third.tier), ..of() }, &|row| row.tier == third.tier);
    check(Search { source: third.source, ..of() }, &|row| row.source == third.source);
    check(Search { bucket: Some(third.bucket), ..of() }, &|row| row.bucket == third.bucket);
    check(Search { outcome: Some(third.outcome), ..of() }, &|row| row.outcome == third.outcome);
    check(Search { conv: Some(conv.clone()), ..of() }, &|row| row.conv == conv);
    check(Search { since: Some(third.ts), ..of() }, &|row| row.ts >= third.ts);
    check(Search { until: Some(third.ts), ..of() }, &|row| row.ts < third.ts);
    let ms = third.latency_ms;
    check(Search { latency_ms_min: Some(ms), ..of() }, &|row| row.latency_ms >= ms);
    check(Search { latency_ms_max: Some(ms), ..of() }, &|row| row.latency_ms <= ms);
}

#[test]
fn a_search_looks_at_no_more_than_its_budget_however_many_pages_it_takes() {
    let log = Log::new();
    log.append(0..40);
    let mut index = log.index();
    index.catch_up().unwrap();
    let nobody = Search { latency_ms_min: Some(f64::INFINITY), ..Search::default() };
    let mut budget = Budget::of(30);
    let page = index.page(&nobody, None, 10, &mut budget).unwrap();
    assert!(page.rows.is_empty() && page.next.is_some() && budget.is_spent());
    let stays = index.page(&nobody, page.next, 10, &mut budget).unwrap();
    assert_eq!(stays, page, "nothing is left to look with");
    let mut budget = Budget::of(30);
    assert_eq!(index.page(&nobody, page.next, 10, &mut budget).unwrap().next, None);
    assert_eq!(budget, Budget::of(20), "of forty, ten were left");
}

#[test]
fn who_reads_while_the_index_is_made_anew_can_tell() {
    let log = Log::new();
    log.append(0..10);
    log.seal();
    log.append(10..13);
    let mut index = log.index().rebuild().unwrap();
    index.catch_up_by(3, &()).unwrap();
    let read = || Index::read(&log.dir).unwrap().unwrap();
    let behind = read().n_bytes_behind().unwrap();
    assert!(behind > 0);
    assert_eq!(read().n_requests().unwrap(), 3);
    index.catch_up_by(3, &()).unwrap();
    assert!((1..behind).contains(&read().n_bytes_behind().unwrap()));
    index.catch_up().unwrap();
    assert_eq!((read().n_bytes_behind().unwrap(), read().n_requests().unwrap()), (0, 13));
}

#[test]
fn cells_of_a_time_are_counted_to_the_minute_however_long_it_is() {
    let log = Log::new();
    // One event a second.
    log.append(0..300);
    let mut index = log.index();
    index.catch_up().unwrap();
    let first = fixture::event(0).at();
    let whole =
        |secs: i64| Timestamp::from_micros((first.as_secs() + secs).div_euclid(60) * 60_000_000);
    let count = |longest, times| {
        let mut n = 0;
        index.cells(longest, times, |cell| n += cell.counts.n()).unwrap();
        n
    };
    let rows: Vec<_> = index.window(everything()).unwrap();
    for (from, until) in [(0, 300), (60, 180), (120, 100_000), (-100_000, 120)] {
        let times = whole(from)..whole(until);
        let expect = rows.iter().filter(|row| times.contains(&row.ts) && row.purpose.is_live());
        let expect = expect.count() as u64;
        for span in Span::ALL {
            assert_eq!(count(span, times.clone()), expect, "{span:?} {from} {until}");
        }
    }
}

#[test]
fn the_index_may_be_brought_up_a_part_at_a_time() {
    let log = Log::new();
    log.append(0..10);
    log.index().catch_up().unwrap();
    log.seal();
    log.append(10..17);
    let mut index = log.index();
    let mut n_turns = 0;
    while index.catch_up_by(3, &()).unwrap().is_behind {
        n_turns += 1;
    }
    // Seven new lines and the footer of what was sealed, three at a time.
    assert_eq!(n_turns, 2);
    assert_eq!(check(&index, &log.dir), 17);
    assert_eq!(index.catch_up().unwrap(), CaughtUp::default());
}

#[test]
fn a_segment_that_is_sealed_while_it_is_read_is_not_read_again() {
    let (log, other) = (Log::new(), Log::new());
    log.append(0..10);
    let mut index = log.index();
    assert_eq!(index.catch_up().unwrap().n_events, 10);
    // What its writer makes of it, under the name that it was opened by.
    other.append(0..12);
    other.seal();
    let sealed = &Segments::of(&other.dir).list().unwrap()[0];
    fs::copy(&sealed.path, log.dir.events_path()).unwrap();
    assert_eq!(index.catch_up().unwrap().n_events, 2);
    let path = Layout::of(&log.dir).hot(sealed.id);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::rename(log.dir.events_path(), path).unwrap();
    drop(index);
    assert_eq!(log.index().catch_up().unwrap(), CaughtUp::default());
    assert_eq!(check(&log.index(), &log.dir), 12);
}

#[test]
fn the_index_follows_the_log_through_every_change() {
    let log = Log::new();
    let mut index = log.index();
    assert_eq!(index.catch_up().unwrap(), CaughtUp::default());
    log.append(0..10);
    assert_eq!(index.catch_up().unwrap().n_events, 10);
    // More of the active segment, then nothing new.
    log.append(10..15);
    assert_eq!(index.catch_up().unwrap().n_events, 5);
    assert_eq!(index.catch_up().unwrap(), CaughtUp::default());
    assert_eq!(check(&index, &log.dir), 15);
    // Sealing changes no event, compressing no text.
    drop(index);
    log.seal();
    let mut index = log.index();
    index.catch_up().unwrap();
    assert_eq!(check(&index, &log.dir), 15);
    let id = Segments::of(&log.dir).list().unwrap()[0].id;
    Segments::of(&log.dir).compress(id).unwrap();
    assert_eq!(index.catch_up().unwrap(), CaughtUp::default());
    // What is erased from the log is gone from the index, also from its file.
    let name = fixture::conversation(7);
    assert_eq!(index.segments_of(std::slice::from_ref(&name)).unwrap(), [id]);
    let mut keep = |line: &[u8]| {
        let is_gone = memchr::memmem::find(line, name.as_str().as_bytes()).is_some();
        if is_gone { Keep::Drop } else { Keep::Keep }
    };
    Segments::of(&log.dir).rewrite(id, Look::Everywhere, &mut keep).unwrap();
    assert_eq!(
        index.catch_up().unwrap(),
        CaughtUp { n_events: 14, n_forgotten: 1, is_behind: false }
    );
    assert_eq!(check(&index, &log.dir), 14);
    assert_eq!(index.segments_of(std::slice::from_ref(&name)).unwrap(), []);
    let code = Code::name(name.as_str());
    for entry in fs::read_dir(log.temp.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        assert_eq!(memchr::memmem::find(&bytes, &code), None, "{}", path.display());
    }
    Segments::of(&log.dir).remove(id).unwrap();
    assert_eq!(
        index.catch_up().unwrap(),
        CaughtUp { n_events: 0, n_forgotten: 1, is_behind: false }
    );
    assert_eq!(check(&index, &log.dir), 0);
}

#[test]
fn lines_that_were_lost_and_replaced_are_forgotten() {
    let name = fixture::conversation;
    // The file ends before what was read, or goes on with others, of the same length and of another.
    for after in [0..0, 20..21, 20..22, 120..140] {
        for is_sealed in [false, true] {
            let log = Log::new();
            log.append(0..10);
            log.index().catch_up().unwrap();
            fs::remove_file(log.dir.events_path()).unwrap();
            log.append(0..8);
            log.append(after.clone());
            if is_sealed {
                log.seal();
                let id = Segments::of(&log.dir).list().unwrap()[0].id;
                Segments::of(&log.dir).compress(id).unwrap();
            }
            let mut index = log.index();
            let done = index.catch_up().unwrap();
            assert_eq!(check(&index, &log.dir), 8 + after.clone().count(), "{after:?} {done:?}");
            assert_eq!(index.segments_of(&[name(9)]).unwrap(), [], "{after:?}");
            for n in after.clone() {
                assert_eq!(index.segments_of(&[name(n)]).unwrap().len(), 1, "{after:?}");
            }
            assert_eq!(index.catch_up().unwrap(), CaughtUp::default());
        }
    }
}

#[test]
fn whoever_waits_is_shown_how_much_of_the_sealed_segments_is_read() {
    let log = Log::new();
    log.append(0..50);
    log.seal();
    let footer = Segments::of(&log.dir).list().unwrap()[0].footer.clone().unwrap();
    let watcher = fixture::Watcher::default();
    log.index().rebuild().unwrap().catch_up_showing(&watcher).unwrap();
    let seen = watcher.seen();
    assert_eq!((seen.n_all, seen.n_begun, seen.n_ended), (footer.bytes, 1, 1));
    // The footer's own line is read too.
    assert_eq!(seen.n_done, footer.bytes + footer.line().len() as u64);
    log.index().catch_up_showing(&watcher).unwrap();
    assert_eq!(watcher.seen().n_all, footer.bytes, "there is nothing more to read");
}

#[test]
fn whoever_an_event_names_is_known_even_where_nothing_else_of_it_is_understood() {
    let log = Log::new();
    let (odd, said) = (fixture::line(1), fixture::feedback(2, 0.5));
    let said = serde_json::to_string(&said).unwrap() + "\n";
    let later = [
        odd.replace("\"operation\":\"chat\"", "\"operation\":\"sing\""),
        said.replace("\"source\":\"client\"", "\"source\":\"oracle\""),
    ];
    assert!(later[0] != odd && later[1] != said, "{said}");
    fs::write(log.dir.events_path(), later.concat()).unwrap();
    let mut index = log.index();
    assert_eq!(index.catch_up().unwrap().n_events, 0);
    let named = |n| index.segments_of(&[fixture::conversation(n)]).unwrap().len();
    assert_eq!([1, 2, 3].map(named), [1, 1, 0]);
}

#[test]
fn an_index_that_is_missing_damaged_or_old_is_made_anew() {
    let log = Log::new();
    log.append(0..50);
    log.index().catch_up().unwrap();
    let path = log.dir.index_path();
    let harms: [fn(&std::path::Path); 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| {
            fs::write(path, "no database, but some text that is long enough to be read").unwrap()
        },
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[100..4096].fill(0x5a);
            fs::write(path, bytes).unwrap();
        },
        |path| Connection::open(path).unwrap().pragma_update(None, "user_version", 99).unwrap(),
    ];
    for harm in harms {
        harm(&path);
        let mut index = log.index();
        assert_eq!(index.catch_up().unwrap().n_events, 50);
        assert_eq!(check(&index, &log.dir), 50);
    }
}

#[test]
fn a_window_is_cut_to_its_times_and_goes_over_many_pages() {
    let log = Log::new();
    log.append(0..9000);
    let mut index = log.index();
    index.catch_up().unwrap();
    let at = |n| fixture::event(n).at();
    let n_rows = |range: Range<Timestamp>| index.window(range).unwrap().len();
    assert_eq!(n_rows(at(10)..at(20)), 10);
    assert_eq!(n_rows(at(0)..at(8999)), 8999);
    assert_eq!(n_rows(everything()), 9000);
    assert_eq!(n_rows(at(20)..at(20)), 0);
    assert_eq!(n_rows(at(20)..at(10)), 0);
    let reader = Index::read(&DataDir::read(log.temp.path()).unwrap()).unwrap().unwrap();
    assert_eq!(reader.window(everything()).unwrap().len(), 9000);
}

#[test]
fn a_damaged_segment_is_left_out_until_it_can_be_read() {
    let log = Log::new();
    log.append(0..300);
    log.seal();
    log.append(300..310);
    let info = Segments::of(&log.dir).list().unwrap().remove(0);
    Segments::of(&log.dir).compress(info.id).unwrap();
    let path = Segments::of(&log.dir).list().unwrap()[0].path.clone();
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[40..60].fill(0);
    fs::write(&path, damaged).unwrap();
    let mut index = log.index();
    index.rebuild().unwrap().catch_up().unwrap();
    index = log.index();
    let n_after = index.window(fixture::event(300).at()..everything().end).unwrap().len();
    assert_eq!(n_after, 10);
    fs::write(&path, whole).unwrap();
    index.catch_up().unwrap();
    assert_eq!(check(&index, &log.dir), 310);
}

#[tokio::test]
async fn an_open_log_is_indexed_behind_the_writer() {
    let log = Log::new();
    let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
    let open = FileEventLog::open(&log.dir, config).unwrap();
    for n in 0..20 {
        open.reserve().await.unwrap().append(fixture::event(n)).durable().await.unwrap();
    }
    let off_the_runtime = |work: &(dyn Fn() -> Result<CaughtUp, crate::StoreError> + Sync)| {
        std::thread::scope(|scope| scope.spawn(work).join().unwrap().unwrap())
    };
    off_the_runtime(&|| open.catch_up_index());
    let reader = Index::read(&log.dir).unwrap().unwrap();
    assert_eq!(check(&reader, &log.dir), 20);
    assert_eq!(off_the_runtime(&|| open.reindex()).n_events, 20);
    let reader = Index::read(&log.dir).unwrap().unwrap();
    assert_eq!(check(&reader, &log.dir), 20);
    // Also where somebody has removed it meanwhile. Windows lets nobody do that.
    #[cfg(unix)]
    {
        drop(reader);
        fs::remove_file(log.dir.index_path()).unwrap();
        off_the_runtime(&|| open.catch_up_index());
        assert_eq!(check(&Index::read(&log.dir).unwrap().unwrap(), &log.dir), 20);
    }
    assert!(open.close(Duration::from_secs(30)).await.complete);
}

/// A copy that was made before an erasure, and is put back over the file that a server has open or in its place.
#[cfg(unix)]
#[tokio::test]
async fn a_copy_that_is_put_over_an_open_index_brings_nothing_back() {
    let log = Log::new();
    let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
    let open = FileEventLog::open(&log.dir, config).unwrap();
    for n in 0..20 {
        open.reserve().await.unwrap().append(fixture::event(n)).durable().await.unwrap();
    }
    open.seal().await.unwrap();
    let id = Segments::of(&log.dir).list().unwrap()[0].id;
    let off_the_runtime = |work: &(dyn Fn() -> Result<CaughtUp, crate::StoreError> + Sync)| {
        std::thread::scope(|scope| scope.spawn(work).join().unwrap().unwrap())
    };
    off_the_runtime(&|| open.catch_up_index());
    let (path, aside) = (log.dir.index_path(), log.temp.path().join("aside"));
    // Whole, as a backup has it.
    let whole = Index::read(&log.dir).unwrap().unwrap();
    whole.database.execute("VACUUM INTO ?1", [aside.to_str().unwrap()]).unwrap();
    drop(whole);
    let copy = fs::read(&aside).unwrap();
    fs::remove_file(&aside).unwrap();
    let name = fixture::conversation(7);
    let code = Code::name(name.as_str());
    assert!(memchr::memmem::find(&copy, &code).is_some());
    let mut keep = |line: &[u8]| {
        let is_gone = memchr::memmem::find(line, name.as_str().as_bytes()).is_some();
        if is_gone { Keep::Drop } else { Keep::Keep }
    };
    Segments::of(&log.dir).rewrite(id, Look::Everywhere, &mut keep).unwrap();
    off_the_runtime(&|| open.catch_up_index());
    for in_place in [true, false] {
        if in_place {
            fs::write(&path, &copy).unwrap();
        } else {
            fs::write(&aside, &copy).unwrap();
            fs::rename(&aside, &path).unwrap();
        }
        off_the_runtime(&|| open.catch_up_index());
        let reader = Index::read(&log.dir).unwrap().unwrap();
        assert_eq!(check(&reader, &log.dir), 19, "{in_place}");
        assert_eq!(reader.segments_of(std::slice::from_ref(&name)).unwrap(), []);
        for end in ["", "-wal"] {
            let bytes = fs::read(format!("{}{end}", path.display())).unwrap_or_default();
            assert_eq!(memchr::memmem::find(&bytes, &code), None, "{in_place} {end}");
        }
    }
    assert!(open.close(Duration::from_secs(30)).await.complete);
}

/// Quality by event's number, as a window of judging has it.
fn qualities(index: &Index) -> Vec<Option<f64>> {
    let mut found = Vec::new();
    index.seen(everything(), |seen| found.push(seen.quality)).unwrap();
    found
}

#[test]
fn the_last_word_of_the_best_voice_counts_whenever_it_was_said() {
    let log = Log::new();
    log.append(0..4);
    let mut index = log.index();
    index.catch_up().unwrap();
    assert_eq!(qualities(&index), [None; 4]);
    let said = |n, score, source: &str| {
        let line = serde_json::to_string(&fixture::feedback(n, score)).unwrap();
        line.replace("\"source\":\"client\"", &format!("\"source\":\"{source}\"")) + "\n"
    };
    // The answer to question 2 made the client ask again, which is counted and no word on its quality.
    let after = |n: u64, asked_again| {
        let previous = Some(fixture::event(n - 1).id());
        let event = aios_core::ResponseEvent { previous, asked_again, ..fixture::response(n) };
        serde_json::to_string(&Event::Response(Box::new(event))).unwrap() + "\n"
    };
    let mut text = fs::read_to_string(log.dir.events_path()).unwrap();
    text += &said(0, 1.0, "client");
    text += &said(0, 0.2, "judge");
    text += &after(3, true)
        .replace(&fixture::event(3).id().to_string(), "0192f0c4-7b00-7000-8000-0000000000aa");
    text += &said(1, 0.25, "judge");
    fs::write(log.dir.events_path(), text).unwrap();
    index.catch_up().unwrap();
    let found = qualities(&index);
    assert_eq!(found[..3], [Some(1.0), Some(0.25), None]);
    let sequels = Sequels { n_followed: 1, n_asked_again: 1 };
    assert_eq!(index.sequels(&everything()).unwrap(), sequels);
    // Also in a copy, which needs neither the lock nor the file.
    let reader = DataDir::read(log.temp.path()).unwrap();
    assert_eq!(qualities(&Index::snapshot(&reader).unwrap()), found);
    drop(index);
    fs::remove_file(log.dir.index_path()).unwrap();
    assert_eq!(qualities(&Index::snapshot(&reader).unwrap()), found);
    assert!(!log.dir.index_path().exists());
}

#[test]
fn what_is_said_within_one_millisecond_is_said_as_often() {
    let log = Log::new();
    log.append(0..2);
    let said = |score| serde_json::to_string(&fixture::feedback(1, score)).unwrap() + "\n";
    let text = fs::read_to_string(log.dir.events_path()).unwrap();
    fs::write(log.dir.events_path(), text + &said(0.0) + &said(0.5) + &said(1.0)).unwrap();
    let mut index = log.index();
    index.catch_up().unwrap();
    assert_eq!(index.n_scores_by_client(fixture::event(1).id()).unwrap(), 3);
    assert_eq!(qualities(&index), [None, Some(1.0)], "the last word counts");
}

#[test]
fn a_copy_is_as_fresh_as_the_log() {
    let log = Log::new();
    log.append(0..10);
    log.index().catch_up().unwrap();
    log.append(10..13);
    assert_eq!(check(&Index::snapshot(&log.dir).unwrap(), &log.dir), 13);
    // The file is where it was.
    assert_eq!(Index::read(&log.dir).unwrap().unwrap().n_events().unwrap(), 10);
}

#[test]
fn an_event_is_found_by_its_id() {
    let log = Log::new();
    log.append(0..100);
    let mut index = log.index();
    index.catch_up().unwrap();
    let found = index.find(fixture::event(42).id()).unwrap().unwrap();
    assert_eq!(found.conv, fixture::conversation(42));
    assert_eq!(index.find(fixture::event(200).id()).unwrap(), None);
}

/// Writes events as the log's writer would, and tells of them if wanted.
fn write_and_tell(log: &Log, fresh: &fresh::Fresh, events: Range<u64>, tells: bool) {
    let start = fs::metadata(log.dir.events_path()).map_or(0, |metadata| metadata.len());
    log.append(events.clone());
    let (mut teller, mut rows, mut n_bytes) = (fresh::Teller::default(), Vec::new(), 0);
    for n in events {
        let len = fixture::line(n).len();
        rows.extend_from_slice(teller.tell(&fixture::event(n), len));
        n_bytes += len as u64;
    }
    if tells {
        let first = fixture::event(0);
        let news = fresh::News::of(n_bytes, &rows);
        fresh.push(SegmentId::of_first(first.at(), first.id()), start, news);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// Whatever of the lines was told, in however many turns the index is brought up.
    #[test]
    fn what_was_told_and_what_was_read_come_to_the_log(
        steps in proptest::collection::vec((1_u64..6, proptest::prelude::any::<bool>(), 0_usize..5), 1..12),
    ) {
        let log = Log::new();
        let fresh = Arc::<fresh::Fresh>::default();
        let mut index = log.index().told_by(&fresh);
        let mut n = 0;
        for (n_events, tells, n_lines) in steps {
            write_and_tell(&log, &fresh, n..n + n_events, tells);
            n += n_events;
            index.catch_up_by(n_lines, &()).unwrap();
        }
        index.catch_up().unwrap();
        proptest::prop_assert_eq!(check(&index, &log.dir) as u64, n);
        // Reopened, it goes on from where it was.
        drop(index);
        log.append(n..n + 2);
        let mut index = log.index();
        proptest::prop_assert_eq!(index.catch_up().unwrap().n_events, 2);
        proptest::prop_assert_eq!(check(&index, &log.dir) as u64, n + 2);
    }
}

#[test]
fn what_was_told_is_not_read() {
    let log = Log::new();
    let fresh = Arc::<fresh::Fresh>::default();
    write_and_tell(&log, &fresh, 0..3, true);
    // Their text is another by now, except for the first line, which names the segment, and the last, by which it is known.
    let text = fs::read_to_string(log.dir.events_path()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let blank = "x".repeat(lines[1].len());
    fs::write(log.dir.events_path(), [lines[0], &blank, lines[2], ""].join("\n")).unwrap();
    let mut index = log.index().told_by(&fresh);
    assert_eq!(index.catch_up().unwrap().n_events, 3);
    assert_eq!(index.window(everything()).unwrap().len(), 3);
    assert_eq!(index.rebuild().unwrap().catch_up().unwrap().n_events, 2, "told once only");
}

#[test]
fn what_was_told_of_another_text_comes_to_nothing() {
    let log = Log::new();
    let fresh = Arc::<fresh::Fresh>::default();
    write_and_tell(&log, &fresh, 0..4, true);
    let first = fixture::event(0);
    let segment = SegmentId::of_first(first.at(), first.id());
    // It begins within a line, or is no row, or ends before its rows do.
    for (start, n_bytes, rows) in
        [(7, 900_000, &b"\x01\x00"[..]), (0, 50, b"\xff\xff"), (0, 1, b"\x05\x00")]
    {
        let fresh = Arc::<fresh::Fresh>::default();
        fresh.push(segment, start, fresh::News::of(n_bytes, rows));
        let mut index = log.index().rebuild().unwrap().told_by(&fresh);
        index.catch_up().unwrap();
        assert_eq!(check(&index, &log.dir), 4, "{start}");
    }
}

/// Brings an index up; how many events are in it. Its journal must have stayed short.
fn with_short_journal(log: &Log) -> u64 {
    let mut index = log.index();
    index.catch_up().unwrap();
    let len = disk::len(&log.dir.index_path().with_extension("sqlite-wal"));
    assert!(len > 0 && len < mark::JOURNAL_MAX + 400_000, "{len}");
    drop(index);
    Index::read(&log.dir).unwrap().unwrap().n_events().unwrap()
}

#[test]
fn the_journal_stays_short() {
    let log = Log::new();
    seal(&log, 0..400);
    assert_eq!(with_short_journal(&log), 400);
}

#[test]
fn the_journal_stays_short_where_no_segment_can_be_read() {
    let log = Log::new();
    for n in 0..900 {
        let id = SegmentId::of_first(fixture::event(n).at(), fixture::event(n).id());
        fs::write(Layout::of(&log.dir).cold(id), "no gzip").unwrap();
    }
    assert_eq!(with_short_journal(&log), 0);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_indexs_place_is_neither_followed_nor_read() {
    let log = Log::new();
    log.append(0..5);
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().join("somebodys");
    let put = |bytes: &[u8]| {
        fs::write(&elsewhere, bytes).unwrap();
        fs::remove_file(log.dir.index_path()).ok();
        std::os::unix::fs::symlink(&elsewhere, log.dir.index_path()).unwrap();
    };
    put(b"");
    let mut index = log.index();
    index.catch_up().unwrap();
    drop(index);
    assert!(fs::read(&elsewhere).unwrap().is_empty());
    let bytes = fs::read(log.dir.index_path()).unwrap();
    assert_eq!(Index::read(&log.dir).unwrap().unwrap().n_events().unwrap(), 5);
    put(&bytes);
    assert!(Index::read(&log.dir).unwrap().is_none());
    assert!(fs::read(&elsewhere).unwrap() == bytes);
}

#[cfg(unix)]
#[test]
fn a_link_beside_the_index_is_neither_followed_nor_in_its_way() {
    let log = Log::new();
    log.append(0..5);
    log.index().catch_up().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().join("somebodys");
    fs::write(&elsewhere, "somebody's").unwrap();
    let [journal, wal, shared, _] = crate::regular::database_files(&log.dir.index_path());
    for path in [journal, wal, shared] {
        fs::remove_file(&path).ok();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        log.index().catch_up().unwrap();
        assert!(!path.is_symlink(), "{}", path.display());
        assert_eq!(Index::read(&log.dir).unwrap().unwrap().n_events().unwrap(), 5);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "somebody's");
    }
}

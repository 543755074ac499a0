//! When segments are sealed, on a real disk.

use std::fs;

use aios_core::Timestamp;

use super::*;
use crate::segment::{Day, Layout, SegmentInfo, Segments, extent};

/// A log whose events happen when the test says.
struct Log {
    _temp: tempfile::TempDir,
    dir: DataDir,
    log: FileEventLog,
    n: u64,
}

impl Log {
    fn new(segment_max: u64) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let log = open(&dir, segment_max);
        Self { _temp: temp, dir, log, n: 0 }
    }

    /// Appends events at these times, on a day in January 2027, as `15T08:30:00`.
    async fn append(&mut self, times: &[&str]) {
        for time in times {
            let event = fixture::event_at(at(time), self.n);
            self.n += 1;
            self.log.reserve().await.unwrap().append(event).durable().await.unwrap();
        }
    }

    /// Each segment's events by time, the sealed ones first, and that of late lines before the active.
    fn segments(&self) -> Vec<Vec<String>> {
        let layout = Layout::of(&self.dir);
        let sealed = Segments::of(&self.dir).list().unwrap();
        let mut paths: Vec<_> = sealed.into_iter().map(|info| info.path).collect();
        paths.extend([layout.late(), layout.active()]);
        paths.iter().filter(|path| path.exists()).map(|path| times(path)).collect()
    }

    /// Closes the log and opens it anew.
    async fn reopen(self, segment_max: u64) -> Self {
        assert!(self.log.close(LONG).await.complete);
        drop(self.log);
        Self { log: open(&self.dir, segment_max), ..self }
    }

    fn sealed(&self) -> Vec<SegmentInfo> {
        Segments::of(&self.dir).list().unwrap()
    }
}

fn open(dir: &DataDir, segment_max: u64) -> FileEventLog {
    let config =
        EventLogConfig { sync: SyncPolicy::Always, segment_max, ..EventLogConfig::default() };
    FileEventLog::open(dir, config).unwrap()
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2027-01-{time}Z")).unwrap()
}

/// The times of a file's events.
fn times(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok());
    events.map(|event| event.at().to_string().chars().skip(8).take(11).collect()).collect()
}

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn an_event_of_a_later_hour_begins_a_segment() {
    let mut log = Log::new(MIB);
    log.append(&["15T08:30:00", "15T08:59:59", "15T09:00:00", "15T08:59:58", "15T10:00:00"]).await;
    assert_eq!(
        log.segments(),
        [
            vec!["15T08:30:00", "15T08:59:59"],
            vec!["15T09:00:00", "15T08:59:58"],
            vec!["15T10:00:00"]
        ]
    );
    let log = log.reopen(MIB).await;
    let footers: Vec<_> = log.sealed().into_iter().map(|info| info.footer.unwrap()).collect();
    assert_eq!(
        (footers[1].first_ts, footers[1].last_ts),
        (Some(at("15T08:59:58")), Some(at("15T09:00:00")))
    );
}

#[tokio::test]
async fn an_event_of_a_day_that_is_over_goes_to_its_own_day() {
    let mut log = Log::new(MIB);
    log.append(&["15T23:59:59", "16T00:00:01", "15T23:59:58", "16T00:00:02", "15T23:50:00"]).await;
    assert_eq!(
        log.segments(),
        [
            vec!["15T23:59:59"],
            vec!["15T23:59:58", "15T23:50:00"],
            vec!["16T00:00:01", "16T00:00:02"]
        ]
    );
    // Another day that is over, then an hour later.
    log.append(&["14T12:00:00", "16T01:00:00"]).await;
    let expect = [
        vec!["14T12:00:00"],
        vec!["15T23:59:58", "15T23:50:00"],
        vec!["15T23:59:59"],
        vec!["16T00:00:01", "16T00:00:02"],
        vec!["16T01:00:00"],
    ];
    assert_eq!(log.segments(), expect);
    let ends = |info: &SegmentInfo| {
        let footer = info.footer.as_ref().unwrap();
        (Day::of(footer.first_ts.unwrap()), Day::of(footer.last_ts.unwrap()))
    };
    let log = log.reopen(MIB).await;
    assert!(log.sealed().iter().all(|info| ends(info) == (info.id.day(), info.id.day())));
}

#[tokio::test]
async fn a_full_segment_is_sealed() {
    let line =
        serde_json::to_vec(&fixture::event_at(at("15T08:00:00"), 0)).unwrap().len() as u64 + 1;
    let mut log = Log::new(2 * line);
    log.append(&["15T08:00:00", "15T08:00:01", "15T08:00:02", "15T08:00:03", "15T08:00:04"]).await;
    let n_events: Vec<_> = log.segments().iter().map(Vec::len).collect();
    assert_eq!(n_events, [2, 2, 1]);
    // Also where the process has ended in between.
    let mut log = log.reopen(2 * line).await;
    log.append(&["15T08:00:05", "15T08:00:06"]).await;
    let n_events: Vec<_> = log.segments().iter().map(Vec::len).collect();
    assert_eq!(n_events, [2, 2, 2, 1]);
}

#[tokio::test]
async fn after_a_start_an_event_of_a_later_hour_begins_a_segment() {
    let mut log = Log::new(MIB);
    log.append(&["15T08:30:00"]).await;
    let mut log = log.reopen(MIB).await;
    log.append(&["15T08:40:00"]).await;
    let mut log = log.reopen(MIB).await;
    log.append(&["16T08:30:00"]).await;
    assert_eq!(log.segments(), [vec!["15T08:30:00", "15T08:40:00"], vec!["16T08:30:00"]]);
}

#[tokio::test]
async fn late_lines_of_the_last_run_become_a_segment() {
    let mut log = Log::new(MIB);
    log.append(&["16T00:00:01", "15T23:59:58"]).await;
    assert!(Layout::of(&log.dir).late().exists());
    let log = log.reopen(MIB).await;
    assert!(!Layout::of(&log.dir).late().exists());
    assert_eq!(log.segments(), [vec!["15T23:59:58"], vec!["16T00:00:01"]]);
    assert_eq!(log.sealed()[0].footer.as_ref().unwrap().n_events, 1);
}

/// Puts a directory in the place of late lines, appends, and takes it away when so many lines are known to be gone.
async fn append_beside_a_directory(log: &mut Log, times: &[&str], n_taken: u64) {
    let late = Layout::of(&log.dir).late();
    fs::remove_file(&late).ok();
    fs::create_dir(&late).unwrap();
    let appended = tokio::time::timeout(LONG, log.append(times)).await;
    assert!(appended.is_ok(), "events wait: {times:?}");
    while log.log.stats().taken < n_taken {
        tokio::task::yield_now().await;
    }
    fs::remove_dir(&late).unwrap();
}

#[tokio::test]
async fn late_lines_go_another_way_where_no_file_stands_in_their_place() {
    let mut log = Log::new(MIB);
    log.append(&["16T00:00:01"]).await;
    let times = ["15T23:59:57", "15T23:59:58", "16T00:00:02", "15T23:59:59"];
    append_beside_a_directory(&mut log, &times, 0).await;
    let mut expect = vec![
        vec!["15T23:59:57", "15T23:59:58"],
        vec!["16T00:00:01"],
        vec!["16T00:00:02"],
        vec!["15T23:59:59"],
    ];
    assert_eq!(log.segments(), expect);
    // Their place is free again.
    log.append(&["16T00:00:03", "15T23:59:56"]).await;
    expect.insert(1, vec!["15T23:59:59"]);
    expect[4] = vec!["15T23:59:56"];
    expect.push(vec!["16T00:00:03"]);
    assert_eq!(log.segments(), expect);
    assert_eq!((log.log.stats().taken, log.log.stats().lost), (0, 0));
}

// Nothing can be removed while it is open where that is locked.
#[cfg(unix)]
#[tokio::test]
async fn late_lines_whose_place_is_taken_are_lost_and_events_go_on() {
    for next in ["15T23:59:59", "16T00:00:02", "16T01:00:00", "14T12:00:00"] {
        let mut log = Log::new(MIB);
        log.append(&["16T00:00:01", "15T23:59:57", "15T23:59:58"]).await;
        append_beside_a_directory(&mut log, &[next], 2).await;
        let mut expect = vec![vec!["16T00:00:01"], vec![next]];
        if next == "16T00:00:02" {
            expect = vec![vec!["16T00:00:01", next]];
        }
        assert_eq!(log.segments(), expect);
        assert!(log.log.close(LONG).await.complete);
        let stats = log.log.stats();
        assert_eq!((stats.taken, stats.lost, stats.written), (2, 2, 4));
    }
}

#[tokio::test]
async fn sealing_takes_everything_that_was_appended() {
    let mut log = Log::new(MIB);
    log.append(&["16T00:00:01", "15T23:59:58"]).await;
    log.log.seal().await.unwrap();
    assert_eq!(log.segments(), [vec!["15T23:59:58"], vec!["16T00:00:01"], vec![]]);
    // Nothing to seal is no error, and leaves no segment.
    log.log.seal().await.unwrap();
    assert_eq!(log.sealed().len(), 2);
    log.append(&["16T00:00:02"]).await;
    assert_eq!(log.segments()[2], ["16T00:00:02"]);
    assert!(log.log.close(LONG).await.complete);
    assert!(log.log.seal().await.is_err());
}

#[tokio::test]
async fn events_go_on_while_segments_are_sealed() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let config = EventLogConfig {
        sync: SyncPolicy::Never,
        segment_max: 20_000,
        ..EventLogConfig::default()
    };
    let log = FileEventLog::open(&dir, config).unwrap();
    for n in 0..500 {
        drop(log.reserve().await.unwrap().append(fixture::event(n)));
        if n % 100 == 50 {
            log.seal().await.unwrap();
        }
    }
    assert!(log.close(LONG).await.complete);
    drop(log);
    let expect: Vec<_> = (0..500).map(fixture::event).collect();
    assert!(read(&dir) == expect);
    let sealed = Segments::of(&dir).list().unwrap();
    assert!(sealed.len() >= 5, "{}", sealed.len());
    assert!(sealed.iter().all(|info| info.footer.is_some()));
}

#[tokio::test]
async fn a_log_of_many_days_in_one_file_is_cut_by_day() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let layout = Layout::of(&dir);
    fs::create_dir(layout.dir()).unwrap();
    let line =
        |time: &str, n| serde_json::to_string(&fixture::event_at(at(time), n)).unwrap() + "\n";
    let lines = ["13T10:00:00", "13T11:00:00", "14T10:00:00", "13T23:00:00", "15T10:00:00"];
    let mut text: String = lines.iter().zip(0..).map(|(time, n)| line(time, n)).collect();
    text.insert_str(0, "{\"older\": 1}\n");
    fs::write(layout.active(), &text).unwrap();
    let log = open(&dir, MIB);
    let read: Vec<_> =
        Segments::of(&dir).list().unwrap().iter().map(|info| times(&info.path)).collect();
    assert_eq!(
        read,
        [
            vec!["13T10:00:00", "13T11:00:00", "13T23:00:00"],
            vec!["14T10:00:00"],
            vec!["15T10:00:00"]
        ]
    );
    assert_eq!(extent::at(&layout.active()).unwrap(), None);
    drop(log);
    // The line that is no event is still there, once.
    let bad = query(&dir, &Filter::default()).unwrap().filter(Result::is_err).count();
    assert_eq!(bad, 1);
}

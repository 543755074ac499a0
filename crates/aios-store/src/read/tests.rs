use std::fs::{self, OpenOptions};
use std::io::Write;

use aios_core::Outcome;

use super::*;
use crate::{FileEventLog, Segments, fixture};

struct Log {
    _temp: tempfile::TempDir,
    dir: DataDir,
}

impl Log {
    fn of(content: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::read(temp.path()).unwrap();
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        let log = Self { _temp: temp, dir };
        log.append(content);
        log
    }

    /// Owns the directory, to change segments.
    fn owner(&self) -> DataDir {
        DataDir::open(self.dir.path()).unwrap()
    }

    fn append(&self, content: &str) {
        let mut options = OpenOptions::new();
        let mut file = options.append(true).create(true).open(self.dir.events_path()).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }
}

fn line(n: u64) -> String {
    serde_json::to_string(&fixture::event(n)).unwrap() + "\n"
}

fn lines(numbers: impl IntoIterator<Item = u64>) -> String {
    numbers.into_iter().map(line).collect()
}

/// Events by the number that their text begins with, and bad lines in brackets.
fn show(events: Events) -> String {
    events.map(|found| show_one(&found)).collect::<Vec<_>>().join(" ")
}

fn show_one(found: &Result<Line, ReadError>) -> String {
    match found {
        Ok(Line { event: aios_core::Event::Response(event), raw }) => {
            assert_eq!(
                serde_json::to_string(&aios_core::Event::Response(event.clone())).unwrap(),
                *raw
            );
            let words = event.question.as_str().split([' ', ':']);
            words.skip(1).take(1).collect()
        }
        Ok(Line { event: aios_core::Event::Feedback(_), .. }) => "feedback".to_owned(),
        Ok(Line { event: aios_core::Event::Hypothesis(_), .. }) => "hypothesis".to_owned(),
        Err(ReadError::Bad(bad)) => match bad.number {
            Some(number) => format!("[bad line {number}]"),
            None => format!("[bad at {}]", bad.offset),
        },
        Err(error) => format!("[{error}]"),
    }
}

#[test]
fn the_tail_is_the_last_whole_lines() {
    let check = |content: &str, n: usize, expect: &str| {
        assert_eq!(show(tail(&Log::of(content).dir, n).unwrap()), expect, "{n}");
    };
    check("", 3, "");
    check(&lines(1..=5), 2, "4 5");
    check(&lines(1..=2), 5, "1 2");
    check(&lines(1..=2), 0, "");
    check(&(lines(1..=3) + "{\"torn"), 2, "2 3");
    // Enough for many blocks from the end.
    let many: Vec<_> = (101..=300).map(|n| n.to_string()).collect();
    check(&lines(1..=300), 200, &many.join(" "));
}

#[test]
fn a_log_that_is_not_there_is_empty() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::read(temp.path()).unwrap();
    assert_eq!(show(tail(&dir, 3).unwrap()), "");
    assert_eq!(show(query(&dir, &Filter::default()).unwrap()), "");
    assert_eq!(Follow::new(&dir, FollowFrom::Start, &Filter::default()).poll_new().unwrap(), None);
}

#[test]
fn a_query_filters_orders_and_limits() {
    let log = Log::of(&(lines(1..=6) + "{\"torn"));
    let check = |filter: Filter, expect: &str| {
        assert_eq!(show(query(&log.dir, &filter).unwrap()), expect, "{filter:?}");
    };
    let since = Some(fixture::event(3).at());
    check(Filter::default(), "1 2 3 4 5 6");
    check(Filter { since, ..Filter::default() }, "3 4 5 6");
    check(Filter { since, limit: Some(2), ..Filter::default() }, "3 4");
    check(Filter { since, limit: Some(2), newest_first: true, ..Filter::default() }, "6 5");
    check(Filter { conv: vec![fixture::conversation(4)], ..Filter::default() }, "4");
    check(Filter { outcome: Some(Outcome::Timeout), ..Filter::default() }, "");
    check(Filter { limit: Some(0), ..Filter::default() }, "");
}

#[test]
fn bad_lines_are_reported_and_passed_over() {
    let log = Log::of(&(line(1) + "{\"half\n" + &line(3) + "\n" + &line(5)));
    let first = line(1).len();
    let fourth = first + 7 + line(3).len();
    assert_eq!(
        show(query(&log.dir, &Filter::default()).unwrap()),
        "1 [bad line 2] 3 [bad line 4] 5"
    );
    let newest_first = Filter { newest_first: true, ..Filter::default() };
    let expect = format!("5 [bad at {fourth}] 3 [bad at {first}] 1");
    assert_eq!(show(query(&log.dir, &newest_first).unwrap()), expect);
    // A limit counts events.
    let two = Filter { limit: Some(2), ..Filter::default() };
    assert_eq!(show(query(&log.dir, &two).unwrap()), "1 [bad line 2] 3");
}

#[test]
fn following_sees_each_event_once_and_whole() {
    let log = Log::of(&lines(1..=3));
    let mut follow = Follow::new(&log.dir, FollowFrom::Last(1), &Filter::default());
    let mut poll = || {
        let mut seen = Vec::new();
        while let Some(found) = follow.poll_new().transpose() {
            seen.push(show_one(&found));
        }
        seen.join(" ")
    };
    assert_eq!(poll(), "3");
    assert_eq!(poll(), "");
    let next = line(4);
    let (head, rest) = next.split_at(20);
    log.append(head);
    assert_eq!(poll(), "");
    log.append(&format!("{rest}junk\n{}", line(5)));
    let junk_at = lines(1..=4).len();
    assert_eq!(poll(), format!("4 [bad at {junk_at}] 5"));
    // A failed write is cut off, and the place is written anew.
    log.append("{\"torn");
    assert_eq!(poll(), "");
    let whole = fs::metadata(log.dir.events_path()).unwrap().len() - 6;
    let file = OpenOptions::new().write(true).open(log.dir.events_path()).unwrap();
    file.set_len(whole).unwrap();
    assert_eq!(poll(), "");
    log.append(&line(6));
    assert_eq!(poll(), "6");
    file.set_len(0).unwrap();
    assert_eq!(poll(), "");
    log.append(&line(7));
    assert_eq!(poll(), "7");
}

/// A log of three segments, two sealed and one of them cold, and one event in the active one.
async fn log_of_segments() -> Log {
    let log = Log::of(&lines(1..=2));
    let owner = log.owner();
    for numbers in [3..=4, 5..=5] {
        let writer = FileEventLog::open(&owner, crate::EventLogConfig::default()).unwrap();
        writer.seal().await.unwrap();
        drop(writer);
        log.append(&lines(numbers));
    }
    let segments = Segments::of(&owner);
    segments.compress(segments.list().unwrap()[0].id).unwrap();
    log
}

#[tokio::test]
async fn every_segment_is_read_in_order_and_footers_are_no_events() {
    let log = log_of_segments().await;
    let check = |filter: Filter, expect: &str| {
        assert_eq!(show(query(&log.dir, &filter).unwrap()), expect, "{filter:?}");
    };
    check(Filter::default(), "1 2 3 4 5");
    check(Filter { newest_first: true, ..Filter::default() }, "5 4 3 2 1");
    check(Filter { newest_first: true, limit: Some(3), ..Filter::default() }, "5 4 3");
    check(Filter { conv: vec![fixture::conversation(2)], ..Filter::default() }, "2");
    let day_after = fixture::event(1).at().plus(std::time::Duration::from_secs(86_400));
    check(Filter { since: Some(day_after), ..Filter::default() }, "");
    for (n, expect) in [(0, ""), (1, "5"), (2, "4 5"), (4, "2 3 4 5"), (9, "1 2 3 4 5")] {
        assert_eq!(show(tail(&log.dir, n).unwrap()), expect, "{n}");
    }
}

#[tokio::test]
async fn of_a_day_only_the_segments_are_opened_that_are_of_the_time() {
    let log = log_of_segments().await;
    // The first two events lie in a segment that cannot be read any more.
    let cold = &Segments::of(&log.dir).list().unwrap()[0];
    let mut bytes = fs::read(&cold.path).unwrap();
    bytes[..20].fill(0);
    fs::write(&cold.path, bytes).unwrap();
    let at = |n| Some(fixture::event(n).at());
    let found = |filter: Filter| query(&log.dir, &filter).unwrap().collect::<Vec<_>>();
    assert!(found(Filter { since: at(2), ..Filter::default() })[0].is_err());
    let later = found(Filter { since: at(3), ..Filter::default() });
    assert_eq!(later.iter().map(show_one).collect::<Vec<_>>(), ["3", "4", "5"]);
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_hides_no_other() {
    let log = log_of_segments().await;
    let cold = &Segments::of(&log.dir).list().unwrap()[0];
    let mut bytes = fs::read(&cold.path).unwrap();
    bytes.truncate(20);
    fs::write(&cold.path, bytes).unwrap();
    let found: Vec<_> = query(&log.dir, &Filter::default()).unwrap().collect();
    let shown: Vec<_> = found.iter().filter(|found| found.is_ok()).map(show_one).collect();
    assert_eq!(shown, ["3", "4", "5"]);
    let Err(ReadError::Io { path, .. }) = &found[0] else { panic!("{found:?}") };
    assert_eq!(*path, cold.path);
}

#[tokio::test]
async fn a_segment_that_is_sealed_while_it_is_read_is_read_once() {
    let log = Log::of(&lines(1..=3));
    let mut events = query(&log.dir, &Filter::default()).unwrap();
    assert_eq!(show_one(&events.next().unwrap()), "1");
    let writer = FileEventLog::open(&log.owner(), crate::EventLogConfig::default()).unwrap();
    writer.seal().await.unwrap();
    assert_eq!(show(events), "2 3");
}

#[tokio::test]
async fn following_goes_on_in_the_next_segment() {
    let log = Log::of(&lines(1..=2));
    let mut follow = Follow::new(&log.dir, FollowFrom::Last(1), &Filter::default());
    let mut poll = || {
        let mut seen = Vec::new();
        while let Some(found) = follow.poll_new().transpose() {
            seen.push(show_one(&found));
        }
        seen.join(" ")
    };
    assert_eq!(poll(), "2");
    log.append(&line(3));
    let writer = FileEventLog::open(&log.owner(), crate::EventLogConfig::default()).unwrap();
    writer.seal().await.unwrap();
    drop(writer);
    assert_eq!(poll(), "3");
    log.append(&lines(4..=5));
    assert_eq!(poll(), "4 5");
}

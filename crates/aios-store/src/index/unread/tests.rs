use std::fs;

use super::*;
use crate::index::tests::{Log, everything};
use crate::{Segments, fixture};

/// What a copy of the index, and the index itself, say of this log.
#[track_caller]
fn check(log: &Log, times: &Range<Timestamp>, n_lines: u64, first: Option<&str>) -> Unread {
    let mut index = log.index().rebuild().unwrap();
    index.catch_up().unwrap();
    let copy = Index::snapshot(&log.dir).unwrap().unread(times).unwrap();
    assert_eq!(index.unread(times).unwrap(), copy);
    let place = copy.first.as_ref().map(|first| first.to_string().replace('\\', "/"));
    assert_eq!((copy.n_lines, place.as_deref()), (n_lines, first));
    copy
}

fn write(log: &Log, text: impl AsRef<[u8]>) {
    fs::write(log.dir.events_path(), text).unwrap();
}

fn text(log: &Log) -> String {
    fs::read_to_string(log.dir.events_path()).unwrap()
}

const ACTIVE: &str = "analytics/hypotheses.ndjson";

#[test]
fn lines_that_hold_no_event_are_counted_and_the_first_is_named() {
    let log = Log::new();
    check(&log, &everything(), 0, None);
    log.append(0..9);
    check(&log, &everything(), 0, None);
    let lines: Vec<_> = text(&log).lines().map(str::to_owned).collect();
    let mangled = lines.iter().enumerate().map(|(n, line)| match n % 3 {
        1 => line.replace("\"ts\":\"", "\"ts\":\"x"),
        _ => line.clone(),
    });
    write(&log, mangled.map(|line| line + "\n").collect::<String>());
    let unread = check(&log, &everything(), 3, Some(&format!("{ACTIVE}:2")));
    assert!(unread.first.unwrap().why.contains("not an event"));
    let query = crate::query(&log.dir, &crate::Filter::default()).unwrap();
    assert_eq!(query.filter(Result::is_err).count(), 3);
    // In several turns, as beside a server, it comes to the same.
    let mut index = log.index().rebuild().unwrap();
    while super::super::catch_up::run(
        (&log.dir, &index.fresh),
        (&mut index.database, None),
        true,
        1,
        &(),
    )
    .unwrap()
    .0
    .is_behind
    {}
    assert_eq!(index.unread(&everything()).unwrap().n_lines, 3);
}

/// Whoever has read it whole knows it; a copy asks the file itself.
#[test]
fn what_became_of_an_open_segment_since_it_was_read_is_seen_in_a_copy() {
    let log = Log::new();
    log.append(0..9);
    log.index().catch_up().unwrap();
    write(&log, text(&log).replace("\"tier\"", "\"t\0er\""));
    let copy = Index::snapshot(&log.dir).unwrap();
    assert_eq!(copy.unread(&everything()).unwrap().n_lines, 9);
    assert_eq!(copy.n_events().unwrap(), 0);
    log.append(9..10);
    assert_eq!(Index::snapshot(&log.dir).unwrap().n_events().unwrap(), 1);
}

#[test]
fn a_file_without_any_event_is_unread_as_a_whole() {
    let log = Log::new();
    let garbage: Vec<u8> =
        (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let n_lines = garbage.split(|byte| *byte == b'\n').count() as u64;
    assert!(n_lines > 3);
    write(&log, garbage);
    check(&log, &everything(), n_lines, Some(&format!("{ACTIVE}:1")));
    check(
        &log,
        &(fixture::event(0).at()..fixture::event(9).at()),
        n_lines,
        Some(&format!("{ACTIVE}:1")),
    );
}

#[test]
fn a_line_that_is_being_written_is_no_fault_and_what_can_be_none_is() {
    let log = Log::new();
    log.append(0..3);
    let whole = text(&log);
    for end in ["{", "{\"event_type\":\"resp"] {
        write(&log, whole.clone() + end);
        check(&log, &everything(), 0, None);
    }
    write(&log, whole.clone() + "\0\0\0");
    check(&log, &everything(), 1, Some(&format!("{ACTIVE}:4")));
    write(&log, whole.get(..whole.len() / 6).unwrap());
    check(&log, &everything(), 0, None);
}

/// A line has no time of its own: the events around it have.
#[test]
fn lines_count_for_the_times_that_they_can_be_of() {
    let log = Log::new();
    log.append(0..2_000);
    let mut lines: Vec<_> = text(&log).lines().map(str::to_owned).collect();
    lines[100] = "lost".to_owned();
    write(&log, lines.join("\n") + "\n");
    let of = |from: u64, until: u64| fixture::event(from).at()..fixture::event(until).at();
    check(&log, &of(0, 2_000), 1, Some(&format!("{ACTIVE}:101")));
    check(&log, &of(101, 200), 1, Some(&format!("{ACTIVE}:101")));
    // Its request may have begun ten minutes after the one behind it.
    check(&log, &of(700, 2_000), 1, Some(&format!("{ACTIVE}:101")));
    check(&log, &of(702, 2_000), 0, None);
    log.seal();
    let segment = Segments::of(&log.dir).list().unwrap()[0].path.clone();
    let name = format!("analytics/{}:101", segment.file_name().unwrap().to_string_lossy());
    check(&log, &of(0, 2_000), 1, Some(&name));
    check(&log, &of(702, 2_000), 0, None);
}

#[test]
fn a_segment_that_cannot_be_unpacked_counts_with_all_its_events_until_it_can() {
    let log = Log::new();
    log.append(0..300);
    log.seal();
    log.append(300..310);
    let segments = Segments::of(&log.dir);
    segments.compress(segments.list().unwrap()[0].id).unwrap();
    let path = segments.list().unwrap()[0].path.clone();
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[40..60].fill(0);
    fs::write(&path, damaged).unwrap();
    let name = format!("analytics/{}", path.file_name().unwrap().to_string_lossy());
    let unread = check(&log, &everything(), 300, Some(&name));
    assert!(unread.first.unwrap().why.contains("cannot be read to its end"));
    fs::write(&path, whole).unwrap();
    check(&log, &everything(), 0, None);
}

#[test]
fn the_events_of_a_segment_whose_footer_is_damaged_are_read() {
    let log = Log::new();
    log.append(0..30);
    log.seal();
    let path = Segments::of(&log.dir).list().unwrap()[0].path.clone();
    let sealed = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        sealed.replace("{\"event_type\":\"segment_footer\"", "{\"event_type\":\"segment_fo"),
    )
    .unwrap();
    drop(log.index().rebuild().unwrap());
    let name = format!("analytics/{}:31", path.file_name().unwrap().to_string_lossy());
    check(&log, &everything(), 1, Some(&name));
    assert_eq!(log.index().n_events().unwrap(), 30);
}

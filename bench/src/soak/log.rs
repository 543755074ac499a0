//! The event log, held against what clients were told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aios_core::{Event, EventId};
use aios_store::{DataDir, Filter, query, verify};
use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

use super::asks::{ADDRESS, Sheet, Told, conversation};

/// Longest that the last events take to the disk.
const ON_DISK_MAX: Duration = Duration::from_secs(10);

/// What stands in the log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) n_events: usize,
    /// Acknowledged, or asked by somebody who left, not erased, and not there.
    pub(super) n_lost: usize,
    /// Those of them that were asked by somebody who left.
    pub(super) n_lost_left: usize,
    /// There more than once, by their own id, by their request's, or by what they speak of.
    pub(super) n_doubled: usize,
    /// There although their conversation was erased.
    pub(super) n_returned: usize,
    /// Lines that are none.
    pub(super) n_bad: usize,
    /// Lines with the address that clients gave away.
    pub(super) n_unmasked: usize,
    /// Lines where it was masked.
    pub(super) n_masked: usize,
}

/// Looks until everything that was acknowledged is there, or has had its time.
pub(super) async fn settle(dir: &DataDir, told: &Told) -> Result<Found> {
    let began = Instant::now();
    loop {
        // Reading takes time, too: what was written meanwhile is seen by the next look.
        let is_last = began.elapsed() > ON_DISK_MAX;
        let found = compare(read(dir)?, &told.sheet());
        if found.n_lost == 0 || is_last {
            return Ok(found);
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// What `aios logs verify` finds wrong with it, by what it says.
pub(super) fn faults(dir: &DataDir) -> Result<BTreeMap<String, u64>> {
    let faults = verify(dir, false, &()).context("the event log cannot be verified")?.faults;
    let mut by_why = BTreeMap::new();
    for fault in faults {
        *by_why.entry(fault.why).or_default() += 1;
    }
    Ok(by_why)
}

/// What a log has of what matters here.
#[derive(Debug, Default)]
struct Lines {
    ids: Vec<EventId>,
    /// Requests of which there is an event.
    requests: Vec<u64>,
    /// What feedback is about.
    said_of: Vec<EventId>,
    n_bad: usize,
    n_unmasked: usize,
    n_masked: usize,
}

/// What stands for an address.
const MASK: &str = "[EMAIL]";

impl Lines {
    fn look_for_address(&mut self, line: &str) {
        self.n_unmasked += usize::from(line.contains(ADDRESS));
        self.n_masked += usize::from(line.contains(MASK));
    }
}

fn read(dir: &DataDir) -> Result<Lines> {
    let mut lines = Lines::default();
    for line in query(dir, &Filter::default()).context("the event log cannot be read")? {
        if let Ok(line) = &line {
            lines.look_for_address(&line.raw);
        }
        match line.map(|line| line.event) {
            Ok(Event::Response(event)) => {
                lines.ids.push(event.event_id);
                let n = event.request_id.as_str().strip_prefix("soak-ask-");
                lines.requests.extend(n.and_then(|n| n.parse::<u64>().ok()));
            }
            Ok(Event::Feedback(event)) => {
                lines.ids.push(event.event_id);
                lines.said_of.push(event.about);
            }
            Ok(_) => {}
            Err(_) => lines.n_bad += 1,
        }
    }
    Ok(lines)
}

fn compare(mut lines: Lines, sheet: &Sheet) -> Found {
    lines.ids.sort_unstable();
    lines.requests.sort_unstable();
    lines.said_of.sort_unstable();
    let erased: BTreeSet<u64> = sheet.erased.iter().copied().collect();
    let of_erased = |n: &&u64| erased.contains(&conversation(**n));
    let is_there = |id: &EventId| lines.ids.binary_search(id).is_ok();
    let (gone, expected): (Vec<_>, Vec<_>) =
        sheet.events.iter().partition(|(_, whose)| erased.contains(whose));
    let gone: BTreeSet<_> = gone.into_iter().map(|(id, _)| id).collect();
    let left = sheet.left.iter().filter(|n| !of_erased(n));
    let n_lost_left = left.filter(|n| lines.requests.binary_search(n).is_err()).count();
    let n_returned = lines.requests.iter().filter(of_erased).count();
    Found {
        n_events: lines.ids.len(),
        n_lost_left,
        n_lost: expected.iter().filter(|(id, _)| !is_there(id)).count() + n_lost_left,
        // Nobody says what they think of one answer twice.
        n_doubled: n_doubled(&lines.ids)
            .max(n_doubled(&lines.requests) + n_doubled(&lines.said_of)),
        n_returned: n_returned + lines.said_of.iter().filter(|id| gone.contains(id)).count(),
        n_bad: lines.n_bad,
        n_unmasked: lines.n_unmasked,
        n_masked: lines.n_masked,
    }
}

fn n_doubled<T: PartialEq>(sorted: &[T]) -> usize {
    sorted.windows(2).filter(|pair| matches!(pair, [one, other] if one == other)).count()
}

#[cfg(test)]
mod tests {
    use aios_core::Timestamp;

    use super::*;

    fn id(n: u8) -> EventId {
        EventId::new(Timestamp::from_micros(1_800_000_000_000_000), [n; 10])
    }

    /// Three requests of three conversations; the third's is erased.
    fn check(ids: &[u8], requests: &[u64], expect: Found) {
        let ids: Vec<_> = ids.iter().map(|n| id(*n)).collect();
        let requests = requests.to_vec();
        let lines = Lines { ids: ids.clone(), requests, ..Lines::default() };
        let sheet = Sheet {
            events: (0..3).map(|n| (id(n as u8), conversation(n))).collect(),
            erased: vec![conversation(2)],
            ..Sheet::default()
        };
        assert_eq!(compare(lines, &sheet), Found { n_events: ids.len(), ..expect });
    }

    #[test]
    fn each_event_is_there_once_and_what_is_erased_is_not() {
        let none = Found::default();
        check(&[1, 0], &[0, 1], none);
        check(&[0], &[0], Found { n_lost: 1, ..none });
        check(&[0, 1, 0], &[0, 1], Found { n_doubled: 1, ..none });
        // Of one request two events, each with an id of its own.
        check(&[0, 1, 9], &[0, 1, 1], Found { n_doubled: 1, ..none });
        check(&[0, 1, 2], &[0, 1, 2], Found { n_returned: 1, ..none });
    }

    #[test]
    fn who_left_has_an_event_and_what_was_said_goes_with_whom_it_is_about() {
        let sheet = Sheet {
            left: vec![0, 1, 2],
            events: vec![(id(2), conversation(2))],
            erased: vec![conversation(2)],
            ..Sheet::default()
        };
        let lines = Lines { requests: vec![1], said_of: vec![id(2), id(1)], ..Lines::default() };
        let expect = Found { n_lost: 1, n_lost_left: 1, n_returned: 1, ..Found::default() };
        assert_eq!(compare(lines, &sheet), expect);
    }

    #[test]
    fn what_was_said_once_is_there_once_whatever_its_ids() {
        let (ids, said_of) = (vec![id(7), id(8), id(9)], vec![id(1), id(2), id(1)]);
        let lines = Lines { ids, said_of, ..Lines::default() };
        let expect = Found { n_events: 3, n_doubled: 1, ..Found::default() };
        assert_eq!(compare(lines, &Sheet::default()), expect);
    }

    #[test]
    fn what_is_wrong_with_the_log_is_told() {
        let place = tempfile::tempdir().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        assert_eq!(faults(&dir).unwrap(), BTreeMap::new());
        std::fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
        std::fs::write(dir.events_path(), "no event\n").unwrap();
        assert_eq!(faults(&dir).unwrap().into_values().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn an_address_is_found_in_the_log_masked_or_not() {
        let mut lines = Lines::default();
        let text = ["a letter to [EMAIL].", "a letter to kim@shop.example.", "the tide"];
        text.iter().for_each(|text| lines.look_for_address(&format!("{{\"text\":\"{text}\"}}")));
        let expect = Found { n_unmasked: 1, n_masked: 1, ..Found::default() };
        assert_eq!(compare(lines, &Sheet::default()), expect);
    }
}

//! What must be on record, and what is.

use std::collections::{BTreeMap, BTreeSet};

use aios_core::{Event, EventId, EventType, Purpose, Timestamp};
use aios_store::{AuditVerdict, DataDir, Filter, query, verify, verify_audit};
use anyhow::Context as _;
use serde_json::Value;

use super::seen::Seen;

/// An event of a trial.
#[derive(Debug)]
pub(super) struct OnRecord {
    pub(super) event_id: EventId,
    pub(super) request_id: String,
    pub(super) at: Timestamp,
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    /// Requests that were answered with their event's id.
    answered: Vec<EventId>,
    /// Answers without one.
    n_nameless: usize,
    /// Feedback that was taken.
    feedback: Vec<EventId>,
}

impl Acknowledged {
    pub(super) fn note(&mut self, seen: &Seen) {
        self.answered.extend(seen.event_id);
        self.n_nameless += usize::from(seen.is_answered() && seen.event_id.is_none());
    }

    pub(super) fn note_feedback(&mut self, id: EventId) {
        self.feedback.push(id);
    }

    /// Whether feedback was taken, too.
    pub(super) const fn has_feedback(&self) -> bool {
        !self.feedback.is_empty()
    }

    /// How much of it is not on record.
    pub(super) fn n_lost(&self, events: &[OnRecord], feedback: &[EventId]) -> usize {
        let events: BTreeSet<_> = events.iter().map(|event| event.event_id).collect();
        let feedback: BTreeSet<_> = feedback.iter().copied().collect();
        let lost = |ids: &[EventId], there: &BTreeSet<EventId>| {
            ids.iter().filter(|id| !there.contains(id)).count()
        };
        lost(&self.answered, &events) + lost(&self.feedback, &feedback)
    }

    /// Whether all of it is on record, once, in words.
    pub(super) fn verdict(&self, events: &[OnRecord], feedback: &[EventId]) -> (bool, String) {
        let n_lost = self.n_lost(events, feedback);
        // A request has one answer, be it under other ids of events.
        let n_doubled =
            n_doubled(events.iter().map(|event| &event.request_id)) + n_doubled(feedback.iter());
        let n = self.answered.len();
        let mut detail = format!("{n} answers, {n_lost} lost, {n_doubled} doubled");
        if self.n_nameless > 0 {
            detail = format!("{detail}; {} answers without an event", self.n_nameless);
        }
        if self.has_feedback() {
            detail = format!("{detail}; with {} words of feedback", self.feedback.len());
        }
        if let n_more @ 1.. = events.len().saturating_sub(n) {
            detail = format!("{detail}; {n_more} events of requests whose answer did not arrive");
        }
        (n > 0 && n_lost == 0 && n_doubled == 0 && self.n_nameless == 0, detail)
    }
}

/// How many are there more than once.
fn n_doubled<T: Ord>(all: impl Iterator<Item = T>) -> usize {
    let mut n_each = BTreeMap::<_, usize>::new();
    all.for_each(|one| *n_each.entry(one).or_default() += 1);
    n_each.values().filter(|n| **n > 1).count()
}

/// The answers of a trial that are on record.
pub(super) fn events(dir: &DataDir, since: Option<Timestamp>) -> anyhow::Result<Vec<OnRecord>> {
    let mut events = Vec::new();
    let filter = Filter { purpose: Some(Purpose::Loadtest), since, ..Filter::default() };
    for line in query(dir, &filter)? {
        if let Event::Response(event) = line?.event {
            let (event_id, at) = (event.event_id, event.ts);
            events.push(OnRecord { event_id, at, request_id: event.request_id.to_string() });
        }
    }
    Ok(events)
}

/// The feedback that is on record.
pub(super) fn feedback(dir: &DataDir, since: Option<Timestamp>) -> anyhow::Result<Vec<EventId>> {
    let filter = Filter { event_type: Some(EventType::Feedback), since, ..Filter::default() };
    let mut ids = Vec::new();
    for line in query(dir, &filter)? {
        if let Event::Feedback(event) = line?.event {
            ids.push(event.event_id);
        }
    }
    Ok(ids)
}

/// Whether the book of alerts tells of this now; nothing where there is no book, which begins with the first alert.
pub(super) fn is_alerted(dir: &DataDir, about: &str) -> anyhow::Result<Option<bool>> {
    let Some(book) = dir.read_alerts()? else { return Ok(None) };
    let unknown = "the book of alerts cannot be read, so nobody knows what is alerted";
    let book: Value = serde_json::from_str(&book).context(unknown)?;
    let episodes = book["episodes"].as_array().context(unknown)?;
    Ok(Some(episodes.iter().any(|episode| episode["about"] == about)))
}

/// What is wrong with event log and audit trail.
pub(super) fn flaws(dir: &DataDir) -> anyhow::Result<Vec<String>> {
    let faults = verify(dir, false, &())?.faults;
    let mut flaws: Vec<_> = faults
        .into_iter()
        .map(|fault| format!("{}: {}", fault.path.display(), fault.why))
        .collect();
    flaws.extend(match verify_audit(dir, &[])? {
        AuditVerdict::Sound(_) => None,
        AuditVerdict::Bad(fault) => Some(format!("the audit trail: {fault}")),
        AuditVerdict::Headless(_) => Some("the audit trail has no head".to_owned()),
        AuditVerdict::NoData => Some("there is no audit trail".to_owned()),
    });
    Ok(flaws)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::seen::Ask;
    use super::super::seen::tests::{ANSWER, seen};
    use super::*;

    fn id(n: u8) -> EventId {
        EventId::new(Timestamp::from_micros(0), [n; 10])
    }

    fn on_record(event: u8, request: u8) -> OnRecord {
        let at = Timestamp::from_micros(0);
        OnRecord { event_id: id(event), request_id: request.to_string(), at }
    }

    #[test]
    fn each_answer_has_one_event() {
        let check = |named: &[Option<u8>], events: &[(u8, u8)], expect: bool| {
            let mut acknowledged = Acknowledged::default();
            named.iter().for_each(|n| {
                acknowledged.note(&seen(Ask::Whole, 200, n.map(id), ANSWER));
            });
            let events: Vec<_> = events.iter().map(|(e, r)| on_record(*e, *r)).collect();
            let (passed, detail) = acknowledged.verdict(&events, &[]);
            assert_eq!(passed, expect, "{detail}");
            detail
        };
        check(&[Some(1), Some(2)], &[(1, 1), (2, 2)], true);
        check(&[Some(1)], &[(1, 1), (2, 2)], true);
        check(&[], &[], false);
        check(&[Some(1), Some(2)], &[(1, 1)], false);
        check(&[Some(1)], &[(1, 1), (2, 1)], false);
        let nameless = check(&[Some(1), None], &[(1, 1), (2, 2)], false);
        assert!(nameless.contains("1 answers without an event"), "{nameless}");
    }

    #[test]
    fn what_failed_needs_no_event() {
        let mut acknowledged = Acknowledged::default();
        acknowledged.note(&seen(Ask::Whole, 200, Some(id(1)), ANSWER));
        acknowledged.note(&seen(Ask::Whole, 429, None, ANSWER));
        assert!(acknowledged.verdict(&[on_record(1, 1)], &[]).0);
    }

    #[test]
    fn feedback_that_was_taken_is_on_record_once() {
        let mut acknowledged = Acknowledged::default();
        acknowledged.note(&seen(Ask::Whole, 200, Some(id(1)), ANSWER));
        acknowledged.note_feedback(id(7));
        let check = |feedback: &[EventId], expect: bool| {
            let (passed, detail) = acknowledged.verdict(&[on_record(1, 1)], feedback);
            assert_eq!(passed, expect, "{detail}");
        };
        check(&[id(7)], true);
        check(&[], false);
        check(&[id(1)], false);
        check(&[id(7), id(7)], false);
    }

    #[test]
    fn a_book_that_nobody_can_read_says_nothing_of_what_is_over() {
        let place = TempDir::new().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        assert_eq!(is_alerted(&dir, "tier_main").unwrap(), None);
        for (book, expect) in [
            (r#"{"episodes":[]}"#, Some(false)),
            (r#"{"episodes":[{"about":"tier_main"}]}"#, Some(true)),
            (r#"{"episodes":"#, None),
            ("{}", None),
            ("", None),
        ] {
            dir.write_alerts(book).unwrap();
            let told = is_alerted(&dir, "tier_main").ok();
            assert_eq!(told, expect.map(Some), "{book}");
        }
    }

    #[test]
    fn what_is_wrong_with_what_was_written_is_told() {
        let place = TempDir::new().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
        fs::write(dir.events_path(), "no event\n").unwrap();
        let flaws = flaws(&dir).unwrap();
        assert!(flaws[0].starts_with(&dir.events_path().display().to_string()), "{flaws:?}");
        assert!(flaws.len() == 2 && flaws[1].contains("there is no trail"), "{flaws:?}");
    }
}

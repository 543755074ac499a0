//! Which events a query wants.

use aios_core::{
    Bucket, Event, EventId, EventType, FeedbackEvent, HypothesisEvent, Outcome, Purpose,
    ResponseEvent, Tier, Timestamp,
};
use aios_privacy::{Pseudonym, RedactedText};
use memchr::memmem::Finder;

/// Which events are wanted. What is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// What kind of fact.
    pub event_type: Option<EventType>,
    /// Admitted at this time or later.
    pub since: Option<Timestamp>,
    /// Admitted before this time.
    pub until: Option<Timestamp>,
    /// The tier that routing chose.
    pub tier: Option<Tier>,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The conversation's bucket.
    pub bucket: Option<Bucket>,
    /// What the request was made for.
    pub purpose: Option<Purpose>,
    /// How the request ended.
    pub outcome: Option<Outcome>,
    /// The conversation, by each of its pseudonyms; none for any.
    pub conv: Vec<Pseudonym>,
    /// This event only.
    pub event_id: Option<EventId>,
    /// Part of the question or the answer, in any letter case.
    pub text: Option<String>,
    /// At most so many events.
    pub limit: Option<usize>,
    /// The last first.
    pub newest_first: bool,
}

/// A filter made ready for many lines.
#[derive(Debug)]
pub(crate) struct Matcher {
    filter: Filter,
    /// In lower case.
    text: Option<String>,
    /// Bytes that the line of a wanted event must contain.
    needles: Vec<Finder<'static>>,
}

impl Filter {
    /// Whether an event is wanted; `limit` and `newest_first` are about many.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        Matcher::new(self.clone()).matches(event)
    }
}

impl Matcher {
    pub(crate) fn new(filter: Filter) -> Self {
        let text = filter.text.as_deref().map(str::to_lowercase);
        let needles = [
            // A line has one of several, which no single search could tell.
            filter.conv.first().filter(|_| filter.conv.len() == 1).map(ToString::to_string),
            filter.event_id.map(|id| id.to_string()),
            filter.event_type.map(|kind| format!("\"event_type\":\"{}\"", kind.name())),
            filter.outcome.map(|outcome| format!("\"{}\"", outcome.name())),
        ];
        let needles =
            needles.into_iter().flatten().map(|needle| Finder::new(&needle).into_owned()).collect();
        Self { filter, text, needles }
    }

    /// Whether a line is worth parsing: looking for a few bytes is some fifty times cheaper.
    pub(crate) fn may_match(&self, line: &[u8]) -> bool {
        self.needles.iter().all(|needle| needle.find(line).is_some())
    }

    pub(crate) fn matches(&self, event: &Event) -> bool {
        if self.filter.event_type.is_some_and(|kind| kind != event.event_type()) {
            return false;
        }
        match event {
            Event::Response(event) => self.matches_response(event),
            Event::Feedback(event) => self.matches_feedback(event),
            Event::Hypothesis(event) => self.matches_hypothesis(event),
        }
    }

    /// Whether something is asked that only requests have.
    const fn asks_of_requests(&self) -> bool {
        let filter = &self.filter;
        filter.tier.is_some()
            || filter.source.is_some()
            || filter.bucket.is_some()
            || filter.outcome.is_some()
    }

    fn matches_hypothesis(&self, event: &HypothesisEvent) -> bool {
        let filter = &self.filter;
        !self.asks_of_requests()
            && filter.since.is_none_or(|since| event.ts >= since)
            && filter.until.is_none_or(|until| event.ts < until)
            && filter.conv.is_empty()
            && filter.event_id.is_none_or(|id| event.event_id == id)
            && self.text.is_none()
    }

    fn matches_feedback(&self, event: &FeedbackEvent) -> bool {
        let filter = &self.filter;
        !self.asks_of_requests()
            && filter.since.is_none_or(|since| event.ts >= since)
            && filter.until.is_none_or(|until| event.ts < until)
            && (filter.conv.is_empty() || filter.conv.contains(&event.conv_id))
            && filter.event_id.is_none_or(|id| event.event_id == id)
            && self.text.as_deref().is_none_or(|text| holds(&event.comment, text))
    }

    fn matches_response(&self, event: &ResponseEvent) -> bool {
        let filter = &self.filter;
        filter.since.is_none_or(|since| event.ts >= since)
            && filter.until.is_none_or(|until| event.ts < until)
            && filter.tier.is_none_or(|tier| event.tier == tier)
            && filter.source.is_none_or(|source| event.source == Some(source))
            && filter.bucket.is_none_or(|bucket| event.bucket == bucket)
            && filter.purpose.is_none_or(|purpose| event.purpose == purpose)
            && filter.outcome.is_none_or(|outcome| event.outcome == outcome)
            && (filter.conv.is_empty() || filter.conv.contains(&event.conv_id))
            && filter.event_id.is_none_or(|id| event.event_id == id)
            && self.text.as_deref().is_none_or(|text| contains(event, text))
    }
}

fn contains(event: &ResponseEvent, lower_case: &str) -> bool {
    [&event.question, &event.response].iter().any(|text| holds(text, lower_case))
}

fn holds(text: &RedactedText, lower_case: &str) -> bool {
    text.as_str().to_lowercase().contains(lower_case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Whether the fixture's event 7 matches, and whether its line passes the look at the bytes.
    fn check(change: impl FnOnce(&mut Filter), expect: bool) {
        let mut filter = Filter::default();
        change(&mut filter);
        let event = fixture::event(7);
        assert_eq!(filter.matches(&event), expect, "{filter:?}");
        let line = serde_json::to_vec(&event).unwrap();
        assert!(!expect || Matcher::new(filter).may_match(&line));
    }

    #[test]
    fn each_condition_counts() {
        let event = fixture::event(7);
        let (at, id) = (event.at(), event.id());
        let millisecond = std::time::Duration::from_millis(1);
        check(|_| {}, true);
        check(|filter| filter.since = Some(at), true);
        check(|filter| filter.since = Some(at.plus(millisecond)), false);
        check(|filter| filter.until = Some(at), false);
        check(|filter| filter.until = Some(at.plus(millisecond)), true);
        check(|filter| filter.event_id = Some(id), true);
        check(|filter| filter.event_id = Some(fixture::event(8).id()), false);
        check(|filter| filter.conv = vec![fixture::conversation(7)], true);
        check(|filter| filter.conv = vec![fixture::conversation(8)], false);
        let both = || vec![fixture::conversation(8), fixture::conversation(7)];
        check(|filter| filter.conv = both(), true);
        check(|filter| filter.tier = Some(Tier::Main), true);
        check(|filter| filter.tier = Some(Tier::Embedder), false);
        check(|filter| filter.source = Some(Tier::Embedder), true);
        check(|filter| filter.source = Some(Tier::Main), false);
        check(|filter| filter.bucket = Some(Bucket::Control), true);
        check(|filter| filter.bucket = Some(Bucket::Treatment), false);
        check(|filter| filter.purpose = Some(Purpose::Live), true);
        check(|filter| filter.purpose = Some(Purpose::Golden), false);
        check(|filter| filter.outcome = Some(Outcome::Ok), true);
        check(|filter| filter.outcome = Some(Outcome::Timeout), false);
        check(|filter| filter.text = Some("QUESTION 7".into()), true);
        check(|filter| filter.text = Some("ÜBER".into()), true);
        check(|filter| filter.text = Some("question 8".into()), false);
    }

    #[test]
    fn lines_that_cannot_match_are_not_parsed() {
        let line = serde_json::to_vec(&fixture::event(7)).unwrap();
        let other = Filter { conv: vec![fixture::conversation(8)], ..Filter::default() };
        assert!(!Matcher::new(other).may_match(&line));
        let other = Filter { outcome: Some(Outcome::Timeout), ..Filter::default() };
        assert!(!Matcher::new(other).may_match(&line));
    }
}

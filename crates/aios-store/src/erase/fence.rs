//! Keeps what is erased from being written again.
//!
//! A request that was under way when its conversation was erased, a retry and a replay would all bring
//! back what was taken out. So whatever is fenced is accounted for without its content: the event says
//! that there was a request, how long it took and how it ended, and nothing of whose it was or what it
//! said. The fence stands for as long as the ledger holds the erasure.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use aios_core::{ConversationSource, Event, FeedbackEvent, ResponseEvent};
use aios_privacy::{Pseudonym, RedactedText};

/// The pseudonyms that are refused.
#[derive(Debug, Default)]
pub struct Fence {
    refused: RwLock<BTreeSet<Pseudonym>>,
    /// Goes up with each change; 0 as long as nothing is refused.
    generation: AtomicU64,
}

impl Fence {
    /// Refuses these from now on.
    pub(crate) fn add(&self, pseudonyms: &[Pseudonym]) {
        if pseudonyms.is_empty() {
            return;
        }
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        refused.extend(pseudonyms.iter().cloned());
        // Under the lock: whoever sees the new number finds the new pseudonyms.
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes whenever more is refused.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Whether this one is refused.
    pub(crate) fn refuses(&self, pseudonym: &Pseudonym) -> bool {
        self.generation() > 0 && (*pseudonym == Pseudonym::erased() || self.is_named(pseudonym))
    }

    fn is_named(&self, pseudonym: &Pseudonym) -> bool {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).contains(pseudonym)
    }

    /// How many pseudonyms are refused.
    #[must_use]
    pub fn n_refused(&self) -> usize {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Has an event accepted as the fence stands at that moment. `accept` gets the generation under which
    /// the event passed, and gives nothing if it is another by then.
    pub(crate) fn through<T>(
        &self,
        mut event: Event,
        accept: impl Fn(&Event, u64) -> Option<T>,
    ) -> T {
        loop {
            let generation = self.generation();
            event = self.pass(event);
            if let Some(accepted) = accept(&event, generation) {
                return accepted;
            }
        }
    }

    /// The event, without its content if it is refused.
    fn pass(&self, event: Event) -> Event {
        if self.generation() == 0 {
            return event;
        }
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Response(event)
                if is_refused(&refused, &event.conv_id, event.subject.as_ref()) =>
            {
                Event::Response(Box::new(without_content(*event)))
            }
            Event::Feedback(event)
                if is_refused(&refused, &event.conv_id, event.subject.as_ref()) =>
            {
                Event::Feedback(Box::new(only_its_score(*event)))
            }
            Event::Response(_) | Event::Feedback(_) | Event::Hypothesis(_) => event,
        }
    }
}

fn is_refused(
    refused: &BTreeSet<Pseudonym>,
    conversation: &Pseudonym,
    subject: Option<&Pseudonym>,
) -> bool {
    // What is about an event without content is about somebody who is erased.
    *conversation == Pseudonym::erased()
        || std::iter::once(conversation).chain(subject).any(|id| refused.contains(id))
}

fn only_its_score(event: FeedbackEvent) -> FeedbackEvent {
    FeedbackEvent {
        conv_id: Pseudonym::erased(),
        subject: None,
        client: None,
        label: RedactedText::default(),
        comment: RedactedText::default(),
        redactions: aios_privacy::RedactionCounts::default(),
        ..event
    }
}

fn without_content(event: ResponseEvent) -> ResponseEvent {
    ResponseEvent {
        conv_id: Pseudonym::erased(),
        conv_id_source: ConversationSource::Derived,
        previous: None,
        asked_again: false,
        subject: None,
        client: None,
        request_id: RedactedText::default(),
        request_model: RedactedText::default(),
        question: RedactedText::default(),
        response: RedactedText::default(),
        weight_terms: std::collections::BTreeMap::new(),
        memory_fragments: Vec::new(),
        redactions: aios_privacy::RedactionCounts::default(),
        ..event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn what_is_fenced_is_accounted_for_without_its_content() {
        let fence = Fence::default();
        assert_eq!(fence.pass(fixture::event(7)), fixture::event(7));
        fence.add(&[fixture::conversation(7)]);
        assert_eq!(fence.pass(fixture::event(8)), fixture::event(8));
        let kept = serde_json::to_string(&fence.pass(fixture::event(7))).unwrap();
        for gone in [fixture::conversation(7).as_str(), "Question", "blue", "req_7"] {
            assert!(!kept.contains(gone), "{gone} is in {kept}");
        }
        let kept: ResponseEvent = serde_json::from_str(&kept).unwrap();
        assert_eq!((kept.status, kept.timings.latency_ms), (200, 141.75));
        assert_eq!(fence.n_refused(), 1);
    }

    #[test]
    fn what_is_said_of_an_event_without_content_is_kept_no_more_than_that() {
        let fence = Fence::default();
        fence.add(&[fixture::conversation(7)]);
        let Event::Feedback(mut event) = fixture::feedback(8, 0.5) else { unreachable!() };
        event.conv_id = Pseudonym::erased();
        event.comment = fixture::response(1).question;
        let Event::Feedback(kept) = fence.pass(Event::Feedback(event)) else { unreachable!() };
        assert!(kept.comment.is_empty() && kept.score == Some(0.5));
        assert!(fence.refuses(&Pseudonym::erased()));
    }

    #[test]
    fn a_fenced_subject_is_refused_in_every_conversation() {
        let fence = Fence::default();
        let mut event = Box::new(fixture::response(7));
        event.subject = Some(fixture::conversation(99));
        fence.add(&[fixture::conversation(99)]);
        let kept = fence.pass(Event::Response(event));
        let kept = kept.response().unwrap();
        assert_eq!((&kept.conv_id, &kept.subject), (&Pseudonym::erased(), &None));
    }
}

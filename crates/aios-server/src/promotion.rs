//! Live questions that should become golden cases, found in the event log.

use std::collections::HashMap;

use aios_core::{Event, FeedbackSource, Timestamp};
use aios_eval::{Candidate, GoldenSet, Looked, Promoter};
use aios_privacy::Redactor;
use aios_store::{DataDir, Filter, StoreError, query};

/// Share of unreadable lines from which on the log is not looked at enough.
const BAD_MAX: f64 = 0.05;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Events from this time on.
    pub since: Timestamp,
    /// What takes longer is slow.
    pub slow_ms: f64,
    /// At most so many cases.
    pub max: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The cases, the most pressing first.
    pub candidates: Vec<Candidate>,
    /// What was looked at for them.
    pub looked: Looked,
    /// Lines that could not be read.
    pub n_bad: usize,
}

impl Found {
    /// Whether enough of the log could be read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let n_all = self.looked.n_events + self.n_bad;
        self.n_bad as f64 <= BAD_MAX * n_all as f64
    }
}

/// Looks for what the set does not know.
///
/// # Errors
/// When the log cannot be read.
pub fn find(
    dir: &DataDir,
    redactor: &Redactor,
    set: &GoldenSet,
    wanted: Wanted,
) -> Result<Found, StoreError> {
    let filter = Filter { since: Some(wanted.since), ..Filter::default() };
    let qualities = qualities(dir, &filter)?;
    let mut promoter = Promoter::new(wanted.slow_ms);
    let mut n_bad = 0;
    for found in query(dir, &filter)? {
        match found.map(|line| line.event) {
            Ok(Event::Response(event)) => {
                let quality = qualities.get(&event.event_id).map(|(_, quality)| *quality);
                promoter
                    .look(&event, quality, |text| redactor.redact(text).text.as_str().to_owned());
            }
            Ok(Event::Feedback(_) | Event::Hypothesis(_)) => {}
            Err(error) => {
                tracing::debug!(%error, "a line is left out");
                n_bad += 1;
            }
        }
    }
    let (candidates, looked) = promoter.candidates(set, wanted.max);
    Ok(Found { candidates, looked, n_bad })
}

/// How good somebody found each answer: the client's last word, else the judge's. What is said of an answer comes
/// after it.
fn qualities(
    dir: &DataDir,
    filter: &Filter,
) -> Result<HashMap<aios_core::EventId, (FeedbackSource, f64)>, StoreError> {
    let mut qualities = HashMap::new();
    for line in query(dir, filter)?.flatten() {
        if let Event::Feedback(feedback) = line.event
            && let Some(score) = feedback.score
        {
            let place = |source| FeedbackSource::ALL.iter().position(|one| *one == source);
            let word = (feedback.source, score);
            qualities
                .entry(feedback.about)
                .and_modify(|known: &mut (FeedbackSource, f64)| {
                    if place(word.0) <= place(known.0) {
                        *known = word;
                    }
                })
                .or_insert(word);
        }
    }
    Ok(qualities)
}

//! What must be true: the little that is known from outside, against which everything is held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aios_core::{Decision, Tier, Timestamp};
use aios_privacy::Pseudonym;

use crate::client::Answer;
use crate::step::{Kind, Talk};

/// What is known of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// When.
    pub(crate) at: Timestamp,
    /// The same by the clock that nobody sets, and in which life.
    pub(crate) since: Duration,
    pub(crate) life: u64,
    pub(crate) talk: Talk,
    pub(crate) kind: Kind,
    /// Whose conversation its event must be of.
    pub(crate) conversation: Pseudonym,
    /// A word that only it says.
    pub(crate) own: String,
    /// What must never be kept of it.
    pub(crate) personal: Vec<String>,
    pub(crate) stands: Stands,
    /// The kill switch was thrown when it came.
    pub(crate) killed: bool,
    pub(crate) event_id: Option<String>,
    /// What its client got; none if that was nothing.
    pub(crate) answer: Option<Given>,
    /// What is expected of the models.
    pub(crate) models: Models,
}

/// What a client was given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) fell_back: bool,
    /// How long that took.
    pub(crate) took: Duration,
    /// Its body names this as the cause of an error.
    pub(crate) is_log_trouble: bool,
}

/// How the models stood when somebody asked, and nobody else did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Models {
    /// At least one was well long enough to be tried again, and the other one fails at once.
    pub(crate) one_is_well: bool,
    /// So were both.
    pub(crate) both_are_well: bool,
    /// How often models had changed.
    pub(crate) n_changes: u64,
}

/// How many events it must have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// None: it is under way.
    UnderWay,
    /// One, on disk: its client has seen the end.
    Acknowledged,
    /// One, perhaps not on disk yet: its client left.
    Left,
    /// One or none: the process died before its client saw the end, or it was told that its event is not safe, or the
    /// power was cut before it was.
    Unknown,
    /// None: its client's limits did not let it in.
    Limited,
}

/// How a model is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Health {
    /// Well, since then.
    Well(Duration),
    /// It fails, and says so at once.
    Fails,
    /// It fails in a way that takes its time, or now and then.
    Odd,
}

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// Conversations that were erased.
    pub(crate) erased: BTreeSet<Talk>,
    /// Of each, the last request before that.
    pub(crate) erased_upto: BTreeMap<Talk, u64>,
    /// Since when the model of a tier is well, or how it fails.
    pub(crate) models: BTreeMap<Tier, Health>,
    /// How often that has changed.
    pub(crate) n_changes: u64,
    /// What a look said that it had decided, in order.
    pub(crate) decided: Vec<(u64, Decision)>,
    /// The kill switch is thrown.
    pub(crate) killed: bool,
    /// The greatest version of the canary's state that anybody was told.
    pub(crate) version: u64,
}

/// After so long at most a breaker has tried again: two minutes, and what an endpoint may ask for besides.
const TRIED_AGAIN: Duration = Duration::from_secs(125);

impl Truth {
    /// How the models stand for who asks now.
    pub(crate) fn models(&self, now: Duration) -> Models {
        let health = |tier| self.models.get(&tier).copied().unwrap_or(Health::Well(Duration::ZERO));
        let is_well =
            |tier| matches!(health(tier), Health::Well(since) if now > since + TRIED_AGAIN);
        let is_clear = |tier: Tier| is_well(tier) || matches!(health(tier), Health::Fails);
        let n_well = Tier::ALL.iter().filter(|tier| is_well(**tier)).count();
        Models {
            one_is_well: n_well > 0 && Tier::ALL.into_iter().all(is_clear),
            both_are_well: n_well == Tier::ALL.len(),
            n_changes: self.n_changes,
        }
    }

    /// Whoever was under way when the process died, or has left, may or may not have left an event.
    pub(crate) fn died(&mut self) {
        for asked in self.asked.values_mut() {
            if asked.stands == Stands::UnderWay {
                asked.stands = Stands::Unknown;
            }
        }
    }
}

impl Truth {
    /// These were not forced to the disk when the power was cut: nobody was promised that they would be.
    pub(crate) fn may_be_lost(&mut self, asked: impl Iterator<Item = u64>) {
        for n in asked {
            if let Some(asked) = self.asked.get_mut(&n) {
                asked.stands = Stands::Unknown;
            }
        }
    }
}

impl Asked {
    /// Whether its model was told of what was said before: then its own word is not the only one.
    pub(crate) fn remembers(&self) -> bool {
        let text = self.answer.as_ref().map_or("", |given| given.text.as_str());
        text.matches("qua").count() > 1 && text.matches("vor").count() > 1
    }

    /// The client has seen the end of its answer.
    pub(crate) fn answered(&mut self, answer: &Answer, now: Duration) {
        self.event_id.clone_from(&answer.event_id);
        // Then the log was full, or could not say in time that the event is safe.
        let is_unsafe = answer.is("event_log_full") || answer.is("event_not_kept");
        let is_limited = answer.is("rate_limit_exceeded") && answer.event_id.is_none();
        self.stands = match (is_unsafe, is_limited) {
            (true, _) => Stands::Unknown,
            (false, true) => Stands::Limited,
            (false, false) => Stands::Acknowledged,
        };
        self.answer = Some(Given {
            status: answer.status,
            text: answer.text(),
            fell_back: answer.fell_back,
            took: now.saturating_sub(self.since),
            is_log_trouble: is_unsafe,
        });
    }
}

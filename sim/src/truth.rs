//! What must be true: the little that is known from outside, against which everything is held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aios_core::{Decision, Tier, Timestamp};
use aios_privacy::Pseudonym;
use serde_json::Value;

use crate::client::Answer;
use crate::step::{Kind, Talk};
use crate::text;

/// What is known of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// When.
    pub(crate) at: Timestamp,
    /// The same by the clock that nobody sets.
    pub(crate) since: Duration,
    /// When its turn came and when it was over; none before that.
    pub(crate) stay: Option<Stay>,
    /// How long it has been under way, a leap of time for no more than [`LEAP`].
    pub(crate) waited: Duration,
    pub(crate) talk: Talk,
    pub(crate) kind: Kind,
    /// Whose conversation its event must be of.
    pub(crate) conversation: Pseudonym,
    /// A word that only it says.
    pub(crate) own: String,
    /// What must never be kept of it.
    pub(crate) personal: Vec<String>,
    pub(crate) stands: Stands,
    /// What it has left may have been erased.
    pub(crate) may_be_gone: bool,
    /// Why nobody may have been treated when it came.
    pub(crate) untreated: Option<&'static str>,
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
    /// So it does the program's own fault.
    pub(crate) is_internal: bool,
}

/// A leap of time counts for no more: whatever needs time after it gets some only with the next one.
pub(crate) const LEAP: Duration = Duration::from_secs(15);

/// When somebody came and went, in an order in which no two are the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stay {
    /// In which life, and when by the clock that nobody sets.
    pub(crate) life: u64,
    pub(crate) at: Duration,
    pub(crate) came: u64,
    pub(crate) went: Option<u64>,
}

/// What somebody said of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Of which conversation it was.
    pub(crate) talk: Talk,
    pub(crate) stay: Stay,
    /// Limits did not let it in.
    pub(crate) is_refused: bool,
    /// The id of its event, if it was told that it is kept.
    pub(crate) event_id: Option<String>,
    /// Erased, or lost with the power where that may be.
    pub(crate) may_be_gone: bool,
}

/// A golden run that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Golden {
    pub(crate) at: Timestamp,
    pub(crate) passed: bool,
}

/// What may move the canary, in the order in which it happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Course {
    /// A look, with the number of the newest golden run, and what it came to.
    Looked { at: Timestamp, newest: Option<usize>, decision: Option<Decision> },
    /// An operator's new stage or new rollout.
    Ordered,
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
    /// Golden runs.
    pub(crate) goldens: Vec<Golden>,
    /// What may have moved the canary.
    pub(crate) course: Vec<Course>,
    /// What was said of answers.
    pub(crate) said: Vec<Said>,
    /// The kill switch is thrown.
    pub(crate) killed: bool,
    /// What stands in the override file, if there is one.
    pub(crate) written: Option<&'static str>,
    /// The last override that could be understood in this life, or that there was none; none if none could be.
    pub(crate) heard: Option<Option<&'static str>>,
    /// The script is over, and so is the time that everybody had.
    pub(crate) is_over: bool,
    /// How often somebody came or went.
    n_turns: u64,
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

    /// Somebody comes.
    pub(crate) fn comes(&mut self, life: u64, at: Duration) -> Stay {
        Stay { life, at, came: self.turn(), went: None }
    }

    /// The next turn.
    pub(crate) fn turn(&mut self) -> u64 {
        self.n_turns += 1;
        self.n_turns
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
    pub(crate) fn may_be_lost<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) {
        for line in lines {
            let n = self.by_event_id().ask_of(line);
            if let Some(asked) = n.and_then(|n| self.asked.get_mut(&n)) {
                asked.stands = Stands::Unknown;
            }
            let id = text::event_id(line);
            for said in
                self.said.iter_mut().filter(|it| id.is_some() && it.event_id.as_deref() == id)
            {
                said.may_be_gone = true;
            }
        }
    }

    /// A conversation was erased: of what came after it no more than a line is left, and of what was before nothing need be.
    pub(crate) fn erase(&mut self, talk: Talk) {
        self.erased.insert(talk);
        let last = self.asked.keys().next_back().copied().unwrap_or(0);
        self.erased_upto.insert(talk, last);
        let theirs = self.asked.values_mut().filter(|asked| asked.talk == talk);
        theirs
            .filter(|asked| asked.stands != Stands::UnderWay)
            .for_each(|asked| asked.may_be_gone = true);
        let said = self.said.iter_mut().filter(|said| said.talk == talk);
        said.for_each(|said| said.may_be_gone = true);
    }

    /// Why nobody may be treated.
    pub(crate) fn untreated(&self) -> Option<&'static str> {
        let share = self.treated_pct(100.0);
        match (self.killed, share > 0.0) {
            (true, _) => Some("the kill switch was thrown"),
            (false, false) => Some("an override kept everybody in control"),
            (false, true) => None,
        }
    }

    /// The share in treatment by switch and override, where the canary alone would have it at this one.
    pub(crate) fn treated_pct(&self, canary: f64) -> f64 {
        match (self.killed, self.heard) {
            // Nobody knows what was wished for, which may have been that.
            (true, _) | (false, None) => 0.0,
            (false, Some(wish)) => number(wish, "control_bucket_pct")
                .map_or(canary, |in_control| 100.0 - 100.0 * in_control),
        }
    }

    /// The boundary of both buckets by the override, if it says one.
    pub(crate) fn boundary(&self) -> Option<f64> {
        self.heard.and_then(|wish| number(wish, "boundary")).filter(|_| !self.killed)
    }

    /// A file is written or removed, or a process begins with the one that there is.
    pub(crate) fn hears(&mut self, is_anew: bool) {
        let is_understood =
            self.written.is_none_or(|text| serde_json::from_str::<Value>(text).is_ok());
        if is_understood {
            self.heard = Some(self.written);
        } else if is_anew {
            self.heard = None;
        }
    }

    /// Finds the asks of lines.
    pub(crate) fn by_event_id(&self) -> ById<'_> {
        let known =
            self.asked.iter().filter_map(|(n, asked)| Some((asked.event_id.as_deref()?, *n)));
        ById { known: known.collect() }
    }
}

/// A number of an override.
fn number(wish: Option<&str>, name: &str) -> Option<f64> {
    serde_json::from_str::<Value>(wish?).ok()?.get(name)?.as_f64()
}

/// Which ask a line is of: it says so, or its id was told to who asked.
pub(crate) struct ById<'a> {
    known: HashMap<&'a str, u64>,
}

impl ById<'_> {
    pub(crate) fn ask_of(&self, line: &[u8]) -> Option<u64> {
        let by_id = || self.known.get(text::event_id(line)?).copied();
        text::asked(&String::from_utf8_lossy(line)).or_else(by_id)
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
            is_internal: answer.is("internal_error"),
        });
    }
}

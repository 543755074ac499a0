//! What must be true: the little that is known from outside, against which everything is held.

use std::collections::{BTreeMap, BTreeSet};

use aios_core::{Decision, Timestamp};

use crate::client::Answer;

/// What is known of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// When.
    pub(crate) at: Timestamp,
    pub(crate) conversation: u64,
    /// What must never be kept of it.
    pub(crate) personal: Vec<String>,
    pub(crate) stands: Stands,
    /// The kill switch was thrown when it came.
    pub(crate) killed: bool,
    pub(crate) event_id: Option<String>,
    /// What its client got; none if that was nothing.
    pub(crate) status: Option<u16>,
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
    /// One or none: the process died before its client saw the end, or it was told that its event is not safe.
    Unknown,
}

/// All that is known.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// Conversations that were erased, and when that came to its end.
    pub(crate) erased: BTreeSet<u64>,
    /// What a look said that it had decided, in order.
    pub(crate) decided: Vec<(u64, Decision)>,
    /// The kill switch is thrown.
    pub(crate) killed: bool,
    /// The greatest version of the canary's state that anybody was told.
    pub(crate) version: u64,
}

impl Truth {
    /// Whoever was under way when the process died, or has left, may or may not have left an event.
    pub(crate) fn died(&mut self) {
        for asked in self.asked.values_mut() {
            if asked.stands == Stands::UnderWay {
                asked.stands = Stands::Unknown;
            }
        }
    }
}

impl Asked {
    /// The client has seen the end of its answer.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        self.event_id.clone_from(&answer.event_id);
        // Then the log was full, or could not say in time that the event is safe.
        let is_unsafe = answer.is("event_log_full") || answer.is("event_log_failed");
        self.stands = if is_unsafe { Stands::Unknown } else { Stands::Acknowledged };
        self.status = Some(answer.status);
    }
}

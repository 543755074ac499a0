//! The book of alerts: what is going on, what is still to be told, and what was told.
//!
//! Pure: what is seen and what time it is come in, and what must be sent comes out. It is kept whole
//! after every change.

use std::time::Duration;

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChannelKind, Message, MessageKind, Severity, runbook};

/// How long something must be quiet until it is over: a moment between two bad minutes is none.
const QUIET: Duration = Duration::from_secs(10 * 60);

/// Pause after the first failure to send; it doubles up to the longest.
const AGAIN_MIN: Duration = Duration::from_secs(30);
const AGAIN_MAX: Duration = Duration::from_secs(15 * 60);

/// Most messages that wait to be sent. Beyond it reminders go first, then what is oldest.
const OUTBOX_MAX: usize = 500;

/// Messages that are remembered after they were sent; those of the last hour all are, because they are counted.
const TOLD_MAX: usize = 200;

/// How finely it is kept when something was last seen.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// Most episodes that are remembered after they ended.
const PAST_MAX: usize = 1_000;

const HOUR: Duration = Duration::from_secs(3_600);

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trouble {
    pub(super) about: String,
    pub(super) severity: Severity,
    pub(super) detail: String,
}

/// Something that is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// What is wrong.
    pub about: String,
    /// Whom it concerns.
    pub severity: Severity,
    /// When it began.
    pub began: Timestamp,
    /// When it was last told.
    pub told: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
    /// What is the matter.
    pub detail: String,
}

impl Episode {
    fn key(&self) -> String {
        format!("{}/{}/{}", self.about, self.severity.name(), self.began)
    }

    fn message(&self, kind: MessageKind, now: Timestamp) -> Message {
        let steps = if kind == MessageKind::Resolved { &[][..] } else { runbook(&self.about) };
        Message {
            key: self.key(),
            kind,
            ts: now,
            about: self.about.clone(),
            severity: self.severity,
            detail: self.detail.clone(),
            runbook: steps.iter().map(|step| (*step).to_owned()).collect(),
        }
    }
}

/// Something that went on for a while, and is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// What was wrong.
    pub about: String,
    /// Whom it concerned.
    pub severity: Severity,
    /// When it began.
    pub began: Timestamp,
    /// When it was last seen.
    pub ended: Timestamp,
}

/// A message on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Number of the delivery.
    pub id: u64,
    /// To whom.
    pub channel: ChannelKind,
    /// What.
    pub message: Message,
    /// How often it was tried.
    pub n_attempts: u32,
    /// When it is to be tried.
    pub next_at: Timestamp,
    /// Why it failed the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A message that its receiver has taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub channel: ChannelKind,
    /// What.
    pub message: Message,
}

/// Everything that is known of alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Book {
    /// What is going on.
    pub episodes: Vec<Episode>,
    /// What is over, the newest last.
    pub past: Vec<Past>,
    /// What is still to be told.
    pub outbox: Vec<Delivery>,
    /// What was told, the newest last.
    pub told: Vec<Told>,
    /// Messages that found no room.
    pub n_dropped: u64,
    next_id: u64,
}

/// How alerts are told.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) channels: Vec<ChannelKind>,
    pub(super) remind_every: Duration,
    pub(super) per_hour_max: usize,
}

impl Book {
    /// Takes in all that is wrong now: begins episodes, reminds of them, ends them.
    pub(super) fn observe(&mut self, troubles: &[Trouble], manner: &Manner, now: Timestamp) {
        self.set_back(now);
        for trouble in troubles {
            self.see(trouble, manner, now);
        }
        let over: Vec<_> = self.episodes.extract_if(.., |episode| is_over(episode, now)).collect();
        for episode in over {
            self.tell(&episode.message(MessageKind::Resolved, now), manner, now);
            let Episode { about, severity, began, seen, .. } = episode;
            self.past.push(Past { about, severity, began, ended: seen });
        }
        let surplus = self.past.len().saturating_sub(PAST_MAX);
        self.past.drain(..surplus);
    }

    /// A clock that was ahead has left times behind that have not come. They are taken for now, so that nothing waits until
    /// they have.
    fn set_back(&mut self, now: Timestamp) {
        for episode in &mut self.episodes {
            episode.seen = episode.seen.min(now);
            episode.told = episode.told.min(now);
        }
        self.told.iter_mut().for_each(|told| told.at = told.at.min(now));
        for of in &mut self.outbox {
            if of.next_at > now.plus(AGAIN_MAX) {
                of.next_at = now;
            }
        }
    }

    fn see(&mut self, trouble: &Trouble, manner: &Manner, now: Timestamp) {
        // What must be looked at now also still must be looked at within days.
        let of_it = self.episodes.iter_mut().filter(|episode| {
            episode.about == trouble.about && episode.severity <= trouble.severity
        });
        let mut message = None;
        let mut is_known = false;
        for episode in of_it {
            // To the minute, so that the book is not kept anew every few seconds.
            if now.since(episode.seen) >= SEEN_EVERY {
                episode.seen = now;
            }
            if episode.severity == trouble.severity {
                is_known = true;
                episode.detail.clone_from(&trouble.detail);
                if now.since(episode.told) >= manner.remind_every {
                    episode.told = now;
                    message = Some(episode.message(MessageKind::Reminder, now));
                }
            }
        }
        if !is_known {
            let Trouble { about, severity, detail } = trouble.clone();
            let episode = Episode { about, severity, began: now, told: now, seen: now, detail };
            message = Some(episode.message(MessageKind::Alert, now));
            self.episodes.push(episode);
        }
        if let Some(message) = message {
            self.tell(&message, manner, now);
        }
    }

    fn tell(&mut self, message: &Message, manner: &Manner, now: Timestamp) {
        for channel in &manner.channels {
            let id = self.next_id;
            self.next_id += 1;
            self.outbox.push(Delivery {
                id,
                channel: *channel,
                message: message.clone(),
                n_attempts: 0,
                next_at: now,
                last_error: None,
            });
        }
        while self.outbox.len() > OUTBOX_MAX {
            let is_reminder = |of: &Delivery| of.message.kind == MessageKind::Reminder;
            let at = self.outbox.iter().position(is_reminder).unwrap_or(0);
            self.outbox.remove(at);
            self.n_dropped += 1;
        }
    }

    /// What is to be sent now, the oldest first.
    pub(super) fn due(&self, manner: &Manner, now: Timestamp) -> Vec<Delivery> {
        let room = |channel: ChannelKind| {
            let is_of = |told: &&Told| told.channel == channel && now.since(told.at) < HOUR;
            let lately = self.told.iter().filter(is_of);
            manner.per_hour_max.saturating_sub(lately.count())
        };
        let mut due = Vec::new();
        for channel in &manner.channels {
            let of_channel = self.outbox.iter().filter(|of| of.channel == *channel);
            let ready = of_channel.filter(|of| of.next_at <= now);
            due.extend(ready.take(room(*channel)).cloned());
        }
        due
    }

    /// Takes in how a delivery went.
    pub(super) fn settle(&mut self, id: u64, sent: Result<(), String>, now: Timestamp) {
        let Some(at) = self.outbox.iter().position(|of| of.id == id) else { return };
        match sent {
            Ok(()) => {
                let Delivery { channel, message, .. } = self.outbox.remove(at);
                self.told.push(Told { at: now, channel, message });
                let is_old = |told: &&Told| now.since(told.at) >= HOUR;
                let surplus = self.told.len().saturating_sub(TOLD_MAX);
                let surplus = self.told.iter().take(surplus).take_while(is_old).count();
                self.told.drain(..surplus);
            }
            Err(why) => {
                let of = &mut self.outbox[at];
                let pause = AGAIN_MIN.saturating_mul(1 << of.n_attempts.min(10)).min(AGAIN_MAX);
                of.n_attempts += 1;
                of.next_at = now.plus(pause);
                of.last_error = Some(why);
            }
        }
    }
}

fn is_over(episode: &Episode, now: Timestamp) -> bool {
    now.since(episode.seen) >= QUIET
}

#[cfg(test)]
mod tests;

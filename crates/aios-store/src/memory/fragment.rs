//! What comes in and what goes out.

use std::sync::{Arc, OnceLock};

use aios_core::Timestamp;
use aios_memory::{Kind, Validity};
use aios_privacy::{Pseudonym, Remembered};
use serde::{Deserialize, Serialize, Serializer};

/// Longest text of a fragment, in bytes.
pub const FRAGMENT_MAX: usize = 64 * 1024;

/// Longest id that a caller may give a fragment, in bytes.
pub const FRAGMENT_ID_MAX: usize = 128;

/// Where a fragment belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// To a conversation, with which it is erased.
    Conversation(Pseudonym),
    /// To nobody: knowledge that every caller may share.
    Shared,
}

/// Name of what belongs to nobody. It is no pseudonym, so no conversation can have it.
pub(super) const SHARED: &str = "shared";

impl Home {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Conversation(pseudonym) => pseudonym.as_str(),
            Self::Shared => SHARED,
        }
    }
}

/// A fragment to be kept.
#[derive(Debug, Clone)]
pub struct NewFragment {
    /// Where it belongs.
    pub home: Home,
    /// The person who said it, if they are known; it is erased with them too.
    pub subject: Option<Pseudonym>,
    /// The caller's id, once in each home. The same id again is the same fragment.
    pub id: Option<String>,
    /// Part of the conversation: turns of two parts do not stand beside each other.
    pub session: i64,
    /// What it is.
    pub kind: Kind,
    /// Who said it, by name.
    pub speaker: Option<Remembered>,
    /// What was said.
    pub text: Remembered,
    /// When.
    pub ts: Timestamp,
    /// When it holds.
    pub valid: Validity,
    /// Where it came from, in a word.
    pub source: &'static str,
}

impl NewFragment {
    /// The name of who said it, as it is kept.
    pub(super) fn speaker(&self) -> Option<&str> {
        self.speaker.as_ref().map(aios_privacy::Remembered::as_str)
    }

    /// Why it cannot be kept, if it cannot.
    pub(super) fn fault(&self) -> Option<Refusal> {
        let text = self.text.as_str();
        let is_sane = |id: &String| {
            !id.is_empty() && id.len() <= FRAGMENT_ID_MAX && !id.chars().any(char::is_control)
        };
        if text.trim().is_empty() {
            Some(Refusal::Empty)
        } else if text.len() > FRAGMENT_MAX {
            Some(Refusal::TooLong)
        } else if self.id.as_ref().is_some_and(|id| !is_sane(id)) {
            Some(Refusal::Id)
        } else {
            None
        }
    }
}

/// What became of a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Its number in the store; 0 if it was refused.
    pub number: i64,
    /// What.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was kept.
    New,
    /// It was there already, and was counted.
    Seen,
    /// One of its id was there with another text, which it replaces.
    Changed,
    /// It was not kept.
    Refused {
        /// Why.
        why: Refusal,
    },
}

/// Why a fragment is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Its conversation or its subject was erased.
    Erased,
    /// The policy of the memory lets nothing of it be kept.
    Policy,
    /// It has no text.
    Empty,
    /// Its text is longer than [`FRAGMENT_MAX`].
    TooLong,
    /// Its id is empty, too long or holds control characters.
    Id,
}

impl Refusal {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Erased => "its conversation or person was erased",
            Self::Policy => "privacy.sinks.memory lets nothing of it be remembered",
            Self::Empty => "it has no text",
            Self::TooLong => "its text is longer than 64 KiB",
            Self::Id => "its id is empty, longer than 128 bytes or has control characters",
        }
    }
}

/// What a search brings back: fragments that stand side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recalled {
    /// In the order in which they were said.
    #[serde(serialize_with = "each")]
    pub fragments: Vec<Arc<RecalledFragment>>,
    /// Place among them of the one for which they were found.
    pub best: usize,
    /// How good this is among the other results of the same question.
    pub score: f32,
    /// How much of the question stands in it, by the rareness of its words.
    pub share: f32,
}

fn each<S: Serializer>(all: &[Arc<RecalledFragment>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().map(AsRef::as_ref))
}

/// A fragment that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecalledFragment {
    /// Its number in the store.
    pub number: i64,
    /// The caller's id, or one made of the number.
    pub id: String,
    /// Ids of copies that were merged with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Pseudonym of its conversation, or `shared`.
    pub home: String,
    /// Who said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// What was said.
    pub text: String,
    /// When.
    pub ts: Timestamp,
    /// [`aios_memory::normal_hash`] of the text.
    #[serde(skip)]
    pub norm_hash: [u8; 16],
    /// What its reader makes of it each time that it is found: made once, and forgotten with it.
    #[serde(skip)]
    pub shown: OnceLock<Box<str>>,
}

impl RecalledFragment {
    /// A fragment that was just kept.
    pub(super) fn of(new: &NewFragment, number: i64, norm_hash: [u8; 16]) -> Self {
        Self {
            number,
            id: id_of(number, new.id.clone()),
            also: Vec::new(),
            home: new.home.name().to_owned(),
            speaker: new.speaker.as_ref().map(|speaker| speaker.as_str().to_owned()),
            text: new.text.as_str().to_owned(),
            ts: new.ts,
            norm_hash,
            shown: OnceLock::new(),
        }
    }
}

/// The id of a fragment that its caller gave none.
pub(super) fn id_of(number: i64, id: Option<String>) -> String {
    id.unwrap_or_else(|| fragment_id(number))
}

/// The id that a fragment has whatever its caller calls it.
#[must_use]
pub fn fragment_id(number: i64) -> String {
    format!("m{number}")
}

/// The number in such an id.
pub(super) fn number_in(id: &str) -> Option<i64> {
    id.strip_prefix('m')?.parse().ok()
}

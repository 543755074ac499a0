//! Fragments as somebody outside gives them, by a command or over the admin API, and whose they are.
//!
//! Both ways come through here, so that no text gets into the memory past the policy, and no id by another
//! road than the gateway's.

use aios_core::Timestamp;
use aios_memory::{Kind, Validity};
use aios_privacy::{Keyring, Remembered};
use aios_store::{
    Added, Home, MemoryScope, MemoryStore, NewFragment, Outcome, Refusal, StoreError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::shape::Time;
use crate::gateway::memory::MemoryConfig;

/// A fragment as it is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// What was said.
    pub text: String,
    /// Conversation that it belongs to; without it, it belongs to nobody.
    pub conv_id: Option<String>,
    /// Client whose ids these are.
    pub client: String,
    /// Person who said it, by the id that the application knows.
    pub subject: Option<String>,
    /// Who said it, by name.
    pub speaker: Option<String>,
    /// The caller's id of it.
    pub id: Option<String>,
    /// Part of the conversation.
    pub session: i64,
    /// When it was said; without it, now.
    #[schemars(with = "Option<Time>")]
    pub ts: Option<Timestamp>,
    /// From when it holds.
    #[schemars(with = "Option<Time>")]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[schemars(with = "Option<Time>")]
    pub valid_to: Option<Timestamp>,
}

/// The part of the memory that is meant. Exactly one is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// A conversation, by the id that the application sent.
    pub conv_id: Option<String>,
    /// What a person said in all conversations.
    pub subject: Option<String>,
    /// What belongs to no conversation.
    pub shared: bool,
    /// Client that sent the id.
    pub client: String,
}

impl Part {
    /// What may be found; `None` if not exactly one part is named.
    #[must_use]
    pub fn scope(&self, ring: &Keyring) -> Option<MemoryScope> {
        let client = self.client.as_bytes();
        match (&self.conv_id, &self.subject, self.shared) {
            (Some(id), None, false) => {
                Some(MemoryScope::Conversation(ring.conversation(&[client, id.as_bytes()])))
            }
            (None, Some(id), false) => {
                Some(MemoryScope::Subject(ring.subject(&[client, id.as_bytes()])))
            }
            (None, None, true) => Some(MemoryScope::Shared),
            _ => None,
        }
    }
}

/// Keeps fragments; what became of each comes back in their order.
///
/// # Errors
/// When the memory cannot be written.
pub fn keep_given(
    memory: &MemoryStore,
    ring: &Keyring,
    config: &MemoryConfig,
    now: Timestamp,
    given: Vec<Given>,
) -> Result<Vec<Added>, StoreError> {
    keep_masked(memory, ring, |text| config.remembered(text), now, given)
}

/// The same, where `mask` says what may be kept of a text.
pub(crate) fn keep_masked(
    memory: &MemoryStore,
    ring: &Keyring,
    mask: impl Fn(&str) -> Option<Remembered>,
    now: Timestamp,
    given: Vec<Given>,
) -> Result<Vec<Added>, StoreError> {
    let made: Vec<_> = given.into_iter().map(|one| fragment(one, ring, &mask, now)).collect();
    let refused: Vec<bool> = made.iter().map(Option::is_none).collect();
    let mut added = memory.add(made.into_iter().flatten().collect())?.wait()?.into_iter();
    let policy = || Added { number: 0, outcome: Outcome::Refused { why: Refusal::Policy } };
    let outcome = |refused| if refused { Some(policy()) } else { added.next() };
    Ok(refused.into_iter().filter_map(outcome).collect())
}

/// `None` if the policy lets nothing be kept.
fn fragment(
    given: Given,
    ring: &Keyring,
    mask: impl Fn(&str) -> Option<Remembered>,
    now: Timestamp,
) -> Option<NewFragment> {
    let client = given.client.as_bytes();
    let conversation = |id: String| ring.current().conversation(&[client, id.as_bytes()]);
    let person = |id: String| ring.current().subject(&[client, id.as_bytes()]);
    let always = Validity::default();
    let home = given.conv_id.map_or(Home::Shared, |id| Home::Conversation(conversation(id)));
    Some(NewFragment {
        kind: if home == Home::Shared { Kind::Document } else { Kind::Turn },
        home,
        subject: given.subject.map(person),
        id: given.id,
        session: given.session,
        speaker: given.speaker.and_then(|name| mask(&name)),
        text: mask(&given.text)?,
        ts: given.ts.unwrap_or(now),
        valid: Validity {
            from: given.valid_from.unwrap_or(always.from),
            to: given.valid_to.unwrap_or(always.to),
        },
        source: "given",
    })
}

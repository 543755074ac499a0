//! The drill-down: which events there are, page by page, and one of them whole.

use aios_core::{Bucket, Operation, Outcome, Purpose, Tier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::{Time, Word};

/// Which events are wanted; what is left out does not matter.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsAsked {
    /// Admitted at this time or later.
    #[schemars(with = "Option<Time>")]
    since: Option<Timestamp>,
    /// Admitted before this time.
    #[schemars(with = "Option<Time>")]
    until: Option<Timestamp>,
    /// The tier that answered.
    #[schemars(with = "Option<Word<Tier>>")]
    source: Option<Tier>,
    /// The tier that routing chose.
    #[schemars(with = "Option<Word<Tier>>")]
    tier: Option<Tier>,
    /// The conversation's bucket.
    #[schemars(with = "Option<Word<Bucket>>")]
    bucket: Option<Bucket>,
    /// How the request ended.
    #[schemars(with = "Option<Word<Outcome>>")]
    outcome: Option<Outcome>,
    /// What the request was made for.
    #[schemars(with = "Option<Word<Purpose>>")]
    purpose: Option<Purpose>,
    /// Took at least so long.
    latency_ms_min: Option<f64>,
    /// Took at most so long.
    latency_ms_max: Option<f64>,
    /// The conversation's pseudonym.
    conv_id: Option<String>,
    /// Part of question or answer as they are kept, in any letter case.
    text: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most so many.
    n: Option<usize>,
}

/// A page of events, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventsPage {
    /// The events.
    events: Vec<EventRow>,
    /// To be sent as `cursor` for what is older; none where there is no more.
    next: Option<String>,
    /// Back to this time everything was looked at: a page may hold few events of a long time, and there may be more.
    #[schemars(with = "Option<Time>")]
    looked_back_to: Option<Timestamp>,
}

/// The narrow facts of one event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct EventRow {
    /// The event.
    pub(super) event_id: String,
    /// When the request was admitted.
    #[schemars(with = "Time")]
    pub(super) ts: Timestamp,
    /// The conversation's pseudonym.
    pub(super) conv_id: String,
    /// Which API was called.
    #[schemars(with = "Word<Operation>")]
    pub(super) operation: Operation,
    /// The tier that routing chose.
    #[schemars(with = "Word<Tier>")]
    pub(super) tier: Tier,
    /// The tier that answered.
    #[schemars(with = "Option<Word<Tier>>")]
    pub(super) source: Option<Tier>,
    /// The conversation's bucket.
    #[schemars(with = "Word<Bucket>")]
    pub(super) bucket: Bucket,
    /// The boundary that was applied.
    pub(super) boundary: f64,
    /// The message's weight, if it was weighed.
    pub(super) weight: Option<f64>,
    /// How the request ended.
    #[schemars(with = "Word<Outcome>")]
    pub(super) outcome: Outcome,
    /// HTTP status the client got.
    pub(super) status: u16,
    /// From admission to the last byte.
    pub(super) latency_ms: f64,
    /// From admission to the first content.
    pub(super) time_to_first_token_ms: Option<f64>,
    /// Tokens of the prompt.
    pub(super) input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub(super) output_tokens: Option<u64>,
    /// Cost in US dollars.
    pub(super) cost_usd: Option<f64>,
    /// The answer came from a built-in simulated model.
    pub(super) is_simulated: bool,
    /// What the request was made for.
    #[schemars(with = "Word<Purpose>")]
    pub(super) purpose: Purpose,
    /// The start of the question as it is kept, where it could be read at once.
    pub(super) question: Option<String>,
}

/// One event in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventView {
    /// The event as the log has it: see `docs/event-log.md`.
    event: Value,
    /// Why it went where it went, in a sentence.
    why: String,
    /// What somebody said of the answer since, 0 to 1.
    quality: Option<f64>,
}

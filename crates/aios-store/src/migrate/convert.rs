//! From a line of an older schema to an event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aios_core::{
    BOUNDARY_DEFAULT, Boundary, Bucket, ConversationSource, Event, EventId, Operation, Outcome,
    Profile, Purpose, ResponseEvent, RouteReason, SCHEMA_VERSION, Tier, Timestamp, Timings, Tokens,
    Weight,
};
use aios_privacy::{Keyring, Pseudonym, Pseudonymizer, RedactedText, is_legacy_conversation};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Migration;
use super::older::Older;

/// Stands where an event names the configuration it was made under: it is not known, and windows can
/// leave such events out by it.
const CONFIG: &str = "migrated";

/// Turns lines into events.
pub(super) struct Converter<'a> {
    how: Migration<'a>,
}

/// A line in its new form.
pub(super) struct Converted {
    /// With its newline.
    pub(super) line: Vec<u8>,
    pub(super) conv_id: Pseudonym,
    pub(super) is_v0_9: bool,
    pub(super) n_masked: u64,
}

impl<'a> Converter<'a> {
    pub(super) fn new(how: Migration<'a>) -> Self {
        Self { how }
    }

    pub(super) fn keyring(&self) -> &'a Keyring {
        self.how.keyring
    }

    /// The event of a line, or why there is none.
    pub(super) fn convert(&self, line: &[u8]) -> Result<Converted, String> {
        let older = Older::read(line).ok_or("no event of any schema")?;
        if let Some(kind) = older.other_kind() {
            return Err(format!("an event of another kind ({kind}), which schema 2.0 has not"));
        }
        let at = self.time(&older.ts)?;
        let (question, n_question) = self.masked(older.question.as_deref());
        let (response, n_response) = self.masked(older.response.as_deref());
        let event = self.event(&older, at, id_of(at, line));
        let conv_id = event.conv_id.clone();
        let event = Event::Response(Box::new(ResponseEvent { question, response, ..event }));
        let mut line = serde_json::to_vec(&event).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let n_masked = n_question + n_response;
        Ok(Converted { line, conv_id, is_v0_9: older.is_v0_9(), n_masked })
    }

    fn event(&self, older: &Older, ts: Timestamp, event_id: EventId) -> ResponseEvent {
        let boundary = older.boundary().and_then(|boundary| Boundary::new(boundary).ok());
        let boundary = boundary.unwrap_or(BOUNDARY_DEFAULT);
        let weight = older.weight().and_then(|weight| Weight::new(weight).ok());
        let source = source(older.source());
        let is_heavy = weight.is_none_or(|weight| weight.get() >= boundary.get());
        let tier = source.unwrap_or(if is_heavy { Tier::Main } else { Tier::Embedder });
        ResponseEvent {
            schema_version: Cow::Borrowed(SCHEMA_VERSION),
            event_id,
            ts,
            request_id: RedactedText::default(),
            operation: Operation::Chat,
            purpose: Purpose::Live,
            stream: false,
            conv_id: self.conversation(older.conv_id.as_ref()),
            conv_id_source: ConversationSource::Conversation,
            subject: None,
            msg_id: older.msg_id.unwrap_or(1),
            previous: None,
            asked_again: false,
            client: None,
            request_model: RedactedText::default(),
            response_model: None,
            model_mismatch: false,
            question: RedactedText::default(),
            response: RedactedText::default(),
            source,
            tier,
            bucket: bucket(older.bucket()),
            boundary,
            weight,
            weight_terms: BTreeMap::new(),
            profile: Profile::Golden,
            route_reason: match tier {
                Tier::Main => RouteReason::AtOrAboveBoundary,
                Tier::Embedder => RouteReason::BelowBoundary,
            },
            propensity: 1.0,
            attempts: Vec::new(),
            outcome: Outcome::Ok,
            error_code: None,
            status: 200,
            finish_reason: None,
            timings: Timings {
                latency_ms: older.latency_ms().unwrap_or(0.0),
                time_to_first_token_ms: None,
                overhead_ms: 0.0,
            },
            tokens: Tokens::default(),
            cost_usd: None,
            memory_fragments: Vec::new(),
            memory: None,
            redactions: Default::default(),
            config_generation: 0,
            config_hash: CONFIG.to_owned(),
            simulated: false,
        }
    }

    /// Old times name no offset.
    fn time(&self, text: &str) -> Result<Timestamp, String> {
        let with_offset = format!("{text}{}", self.how.utc_offset);
        let at = Timestamp::parse(text).or_else(|_| Timestamp::parse(&with_offset));
        at.map_err(|error| format!("its time is none: {error}"))
    }

    /// The id as it stands there, `hashed_…` or not, under this deployment's key: conversations stay
    /// together, and the unkeyed hash, which can be guessed, is gone.
    fn conversation(&self, id: Option<&Value>) -> Pseudonym {
        pseudonym(self.how.keyring.current(), id)
    }

    /// A line that is no answer, with its newline, as it may be put aside.
    pub(super) fn masked_line(&self, line: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(line);
        self.how.redactor.redact(&text).text.as_str().as_bytes().to_vec()
    }

    fn masked(&self, text: Option<&str>) -> (RedactedText, u64) {
        let redacted = self.how.redactor.redact_cut(text.unwrap_or_default(), self.how.text_max);
        let n_masked = redacted.counts.iter().map(|(_, count)| u64::from(count)).sum();
        (redacted.text, n_masked)
    }
}

/// The pseudonyms that a line of an older schema, of whatever kind, would get; none if it names no
/// conversation. Of what is no JSON, such as half a line, every conversation that it names may be its own.
pub(crate) fn owners(line: &[u8], ring: &Keyring) -> Vec<Pseudonym> {
    #[derive(Deserialize)]
    struct Owned {
        #[serde(default, deserialize_with = "present")]
        conv_id: Option<Value>,
    }
    let ids = match serde_json::from_slice::<Owned>(line) {
        Ok(owned) => owned.conv_id.into_iter().collect(),
        Err(_) => named_in(line),
    };
    ids.iter().flat_map(|id| ring.all().map(|one| pseudonym(one, Some(id)))).collect()
}

/// The same of the bytes of a file, wherever in them a conversation is named. What stands there as a pseudonym has one.
pub(crate) fn owners_in<'a>(
    bytes: &[u8],
    ring: &'a Keyring,
) -> impl Iterator<Item = Pseudonym> + use<'a> {
    let is_raw = |id: &Value| id.as_str().is_none_or(|id| Pseudonym::parse(id).is_err());
    let ids = named_in(bytes).into_iter().filter(is_raw);
    ids.flat_map(|id| ring.all().map(move |one| pseudonym(one, Some(&id))))
}

/// `null` is an id too: that of a line that was written without one.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// What stands behind each `"conv_id":`. In a text the quotes would stand behind backslashes.
fn named_in(line: &[u8]) -> Vec<Value> {
    const KEY: &[u8] = br#""conv_id""#;
    let id = |at: usize| {
        let rest = line.get(at + KEY.len()..)?.trim_ascii_start().strip_prefix(b":")?;
        serde_json::Deserializer::from_slice(rest).into_iter().next()?.ok()
    };
    memchr::memmem::find_iter(line, KEY).filter_map(id).collect()
}

/// An old hash stays apart from ids that an application sends: it has a domain of its own.
fn pseudonym(pseudonyms: &Pseudonymizer, id: Option<&Value>) -> Pseudonym {
    let id = match id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    match is_legacy_conversation(&id) {
        true => pseudonyms.legacy_conversation(&id),
        // As the gateway does for a client without a key.
        false => pseudonyms.conversation(&[b"", id.as_bytes()]),
    }
}

/// The same line gives the same id, so that doing it again changes nothing.
fn id_of(at: Timestamp, line: &[u8]) -> EventId {
    let digest = Sha256::digest(line);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    EventId::new(at, random)
}

fn source(word: Option<&str>) -> Option<Tier> {
    match word? {
        "main_model" | "main" => Some(Tier::Main),
        "embedder" => Some(Tier::Embedder),
        _ => None,
    }
}

fn bucket(word: Option<&str>) -> Bucket {
    match word {
        Some("treatment") => Bucket::Treatment,
        Some(_) | None => Bucket::Control,
    }
}

//! What a request asks of the memory, and what came of it.
//!
//! Remembering needs to know whose it is. A conversation that was only guessed from its first words, from a
//! key that many share or from a person's name may be that of two people; then nothing is remembered of it.

use std::ops::Range;
use std::sync::Arc;

use aios_core::{
    ConversationSource, FinishReason, MemoryOutcome, MemoryUse, Operation, Outcome, ResponseEvent,
    Timestamp,
};
use aios_privacy::Pseudonym;
use aios_store::{FRAGMENT_MAX, Home, MemoryScope};
use http::HeaderMap;

use super::config::{MemoryConfig, MemoryMode};
use super::fence::without_quoted;
use super::keep::Exchange;
use super::turn::{Chat, LastTurn};
use crate::gateway::Keys;
use crate::gateway::cut::bounded;
use crate::gateway::errors::GatewayError;
use crate::gateway::identity;
use crate::gateway::record::Record;
use crate::gateway::request::Head;

/// Header that says what is to be remembered. The answer says under the same name what came of it.
pub(in crate::gateway) const HEADER: &str = "x-aios-memory";

/// What a request asks of the memory.
pub(in crate::gateway) struct Wanted {
    pub(super) config: Arc<MemoryConfig>,
    /// None if nothing is remembered of this request, and nothing found.
    pub(super) asked: Option<Asked>,
    /// What came of it.
    pub(super) came: Option<MemoryUse>,
    /// Numbers of the fragments that the model was given.
    pub(super) given: Vec<i64>,
    /// The block in which it was given them, as it stands in a string of JSON.
    pub(super) block: String,
    /// What the model said.
    pub(in crate::gateway) heard: String,
}

/// Where is searched, and where is kept.
pub(super) struct Asked {
    pub(super) scope: MemoryScope,
    home: Home,
    subject: Option<Pseudonym>,
    pub(super) turn: LastTurn,
    /// Where everything that is said in the request stands.
    pub(super) contents: Vec<Range<usize>>,
}

/// Reads what a request asks; `None` where nobody has asked for anything.
///
/// # Errors
/// When the header's word is not known, or requests have no say.
pub(in crate::gateway) fn wanted(
    record: &Record,
    headers: &HeaderMap,
    head: &Head<'_>,
    body: &[u8],
) -> Result<Option<Box<Wanted>>, GatewayError> {
    let config = &record.live().memory;
    let by_key = record.admission().and_then(|admission| admission.meter().memory());
    let set = by_key.unwrap_or(config.mode);
    let said = said(headers)?;
    if said.is_none() && set == MemoryMode::Off {
        return Ok(None);
    }
    if !config.by_header && said.is_some_and(|mode| mode != MemoryMode::Off) {
        let message =
            format!("This gateway does not let requests choose what is remembered ('{HEADER}').");
        return Err(GatewayError::bad_param(message, HEADER));
    }
    let asked = match said.unwrap_or(set) {
        MemoryMode::Off => None,
        mode => asked(record, headers, head, mode, body),
    };
    let config = Arc::clone(config);
    Ok(Some(Box::new(Wanted {
        config,
        asked,
        came: None,
        given: Vec::new(),
        block: String::new(),
        heard: String::new(),
    })))
}

fn said(headers: &HeaderMap) -> Result<Option<MemoryMode>, GatewayError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let named = |(name, _): &&(&str, MemoryMode)| name.as_bytes() == value.as_bytes();
    match MemoryMode::NAMES.iter().find(named) {
        Some((_, mode)) => Ok(Some(*mode)),
        None => {
            let names = MemoryMode::NAMES.map(|(name, _)| name).join(", ");
            Err(GatewayError::bad_param(format!("'{HEADER}' must be one of: {names}."), HEADER))
        }
    }
}

/// `None` where it cannot be known whose it is, or must not be kept.
fn asked(
    record: &Record,
    headers: &HeaderMap,
    head: &Head<'_>,
    mode: MemoryMode,
    body: &[u8],
) -> Option<Asked> {
    let (facts, gateway) = (record.facts(), record.gateway());
    // What a test asks is somebody's case, and no turn of a conversation.
    if facts.operation != Operation::Chat || !facts.steering.purpose.is_live() {
        return None;
    }
    let (conversation, source) = facts.conversation.as_ref()?;
    let mut ours = std::iter::once(conversation).chain(&facts.subject);
    if ours.any(|one| gateway.store.refuses(one)) {
        return None;
    }
    let client = record.admission().map(|admission| Arc::clone(admission.meter()));
    let client = client.as_ref().map(|meter| meter.name());
    let known = (conversation.clone(), *source);
    let (scope, home) = place(mode, &gateway.keys, known, client, headers, head)?;
    let (turn, contents) = Chat::read(body)?.turns()?;
    Some(Asked {
        scope,
        home: Home::Conversation(home),
        subject: facts.subject.clone(),
        turn,
        contents,
    })
}

/// Where is searched, and where is kept. Under the newest key the conversation is `known`.
fn place(
    mode: MemoryMode,
    keys: &Keys,
    known: (Pseudonym, ConversationSource),
    client: Option<&str>,
    headers: &HeaderMap,
    head: &Head<'_>,
) -> Option<(MemoryScope, Pseudonym)> {
    let (conversation, source) = known;
    let conversation = names_one(source).then_some(conversation);
    match mode {
        MemoryMode::Off => None,
        MemoryMode::Conversation => {
            let of = |key| identity::conversation(key, client.unwrap_or(""), headers, head).0;
            let conversation = conversation?;
            let all = std::iter::once(conversation.clone()).chain(keys.older.iter().map(of));
            Some((MemoryScope::Conversation(all.collect()), conversation))
        }
        MemoryMode::User => {
            let all = std::iter::once(&keys.pseudonyms).chain(&keys.older);
            let people = all.map(|key| identity::person(key, client, head));
            let home =
                conversation.or_else(|| identity::outside(&keys.pseudonyms, client, head))?;
            Some((MemoryScope::Subject(people.collect::<Option<_>>()?), home))
        }
    }
}

/// Whether what named a conversation is the name of one. A person's is not: whoever calls a conversation by
/// the same word would read what that person said.
const fn names_one(source: ConversationSource) -> bool {
    match source {
        ConversationSource::Header
        | ConversationSource::Metadata
        | ConversationSource::Conversation => true,
        ConversationSource::PromptCacheKey
        | ConversationSource::SafetyIdentifier
        | ConversationSource::User
        | ConversationSource::Derived => false,
    }
}

impl Wanted {
    /// What the answer says of it.
    pub(in crate::gateway) fn header(&self) -> String {
        let Some(came) = &self.came else { return "off".to_owned() };
        match came.outcome {
            MemoryOutcome::Given | MemoryOutcome::Nothing => {
                let degraded = if came.is_degraded { ", degraded" } else { "" };
                format!("{} fragments{degraded}", self.given.len())
            }
            MemoryOutcome::Withheld => "withheld".to_owned(),
            MemoryOutcome::Late | MemoryOutcome::Failed => "degraded".to_owned(),
        }
    }

    /// What came of it.
    pub(in crate::gateway) const fn came(&self) -> Option<MemoryUse> {
        self.came
    }

    /// Ids of what the model was given, as the store made them: a caller's own may be an address or a name.
    pub(in crate::gateway) fn fragments(&self) -> Vec<String> {
        self.given.iter().map(|number| aios_store::fragment_id(*number)).collect()
    }

    /// What is to be kept of a request that has ended so; `None` if nothing is.
    pub(in crate::gateway) fn exchange(
        self,
        question: String,
        event: &ResponseEvent,
        answered_at: Timestamp,
    ) -> Option<Exchange> {
        let asked = self.asked.filter(|_| event.outcome == Outcome::Ok)?;
        // Cut before they wait: a thousand of them wait at most.
        let short = |text: String| bounded(&text, FRAGMENT_MAX).to_owned();
        let is_answer = event.finish_reason != Some(FinishReason::ToolCalls);
        let answer = || without_quoted(self.heard, &self.block);
        Some(Exchange {
            config: self.config,
            home: asked.home,
            subject: asked.subject,
            // Before the answers of tools the question was kept already.
            question: Some(question).filter(|_| asked.turn.is_last).map(short),
            answer: is_answer.then(answer).map(short),
            asked_at: event.ts,
            answered_at,
            given: self.given,
        })
    }
}

#[cfg(test)]
mod tests {
    use aios_privacy::{KeyMaterial, Pseudonymizer};
    use aios_route::BucketKey;
    use bytes::Bytes;

    use super::*;
    use crate::gateway::request;

    fn placed(mode: MemoryMode, header: Option<&str>, ids: &str) -> Option<Pseudonym> {
        let key = KeyMaterial::new([7; 32]);
        let (pseudonyms, bucket) = (Pseudonymizer::new(1, &key), BucketKey::new(&key));
        let keys = Keys { pseudonyms, older: Vec::new(), bucket };
        let mut headers = HeaderMap::new();
        if let Some(id) = header {
            headers.insert(identity::CONVERSATION_HEADER, id.parse().unwrap());
        }
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{ids}}}"#);
        let body = Bytes::from(body);
        let head = request::read(Operation::Chat, &body).unwrap();
        let known = identity::conversation(&keys.pseudonyms, "", &headers, &head);
        place(mode, &keys, known, None, &headers, &head).map(|(_, home)| home)
    }

    #[test]
    fn a_person_and_a_conversation_of_one_name_have_nothing_in_common() {
        let named = placed(MemoryMode::Conversation, Some("42"), "").unwrap();
        for ids in [
            r#","user":"42""#,
            r#","safety_identifier":"42""#,
            r#","user":"42","prompt_cache_key":"42""#,
        ] {
            assert_eq!(placed(MemoryMode::Conversation, None, ids), None, "{ids}");
            let outside = placed(MemoryMode::User, None, ids);
            assert!(outside.is_some_and(|home| home != named), "{ids}");
            assert_eq!(placed(MemoryMode::User, Some("42"), ids), Some(named.clone()), "{ids}");
        }
        assert_eq!(placed(MemoryMode::Conversation, None, r#","prompt_cache_key":"42""#), None);
        assert_eq!(placed(MemoryMode::User, Some("42"), ""), None, "it is nobody's");
        let metadata = r#","metadata":{"conversation_id":"42"}"#;
        assert_eq!(placed(MemoryMode::Conversation, None, metadata), Some(named));
    }
}

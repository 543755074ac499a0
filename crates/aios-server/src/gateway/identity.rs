//! Which conversation a request belongs to, and who is behind it.
//!
//! A client's own id counts first. Without one the identity is derived from what all turns of a chat
//! share: client key, system prompt and first user message. Ids are hashed as they came, under the
//! client key's name, so two applications that both count from 1 do not meet.

use aios_core::ConversationSource;
use aios_privacy::{Pseudonym, Pseudonymizer};
use http::HeaderMap;

use super::request::Head;

/// Header that names the conversation.
pub(crate) const CONVERSATION_HEADER: &str = "x-conversation-id";

/// The conversation's pseudonym and what it was taken from.
pub(crate) fn conversation(
    pseudonyms: &Pseudonymizer,
    client: &str,
    headers: &HeaderMap,
    head: &Head<'_>,
) -> (Pseudonym, ConversationSource) {
    let own = |id: &[u8]| pseudonyms.conversation(&[client.as_bytes(), id]);
    if let Some(id) = headers.get(CONVERSATION_HEADER).filter(|value| !value.is_empty()) {
        return (own(id.as_bytes()), ConversationSource::Header);
    }
    let named = [
        (&head.identity.metadata, ConversationSource::Metadata),
        (&head.identity.conversation, ConversationSource::Conversation),
        (&head.identity.prompt_cache_key, ConversationSource::PromptCacheKey),
        (&head.identity.safety_identifier, ConversationSource::SafetyIdentifier),
        (&head.identity.user, ConversationSource::User),
    ];
    for (id, source) in named {
        if let Some(id) = id.as_deref().filter(|id| !id.is_empty()) {
            return (own(id.as_bytes()), source);
        }
    }
    let (system, first) = (head.opening.system(), head.opening.first());
    let parts = [b"derived", client.as_bytes(), system.as_bytes(), first.as_bytes()];
    (pseudonyms.conversation(&parts), ConversationSource::Derived)
}

/// The person, as far as the request names one, else the client key.
pub(crate) fn subject(
    pseudonyms: &Pseudonymizer,
    client: Option<&str>,
    head: &Head<'_>,
) -> Option<Pseudonym> {
    let of_key = || Some(pseudonyms.subject(&[client?.as_bytes()]));
    person(pseudonyms, client, head).or_else(of_key)
}

/// The person, if the request names one.
pub(crate) fn person(
    pseudonyms: &Pseudonymizer,
    client: Option<&str>,
    head: &Head<'_>,
) -> Option<Pseudonym> {
    let person = named_person(head)?;
    Some(pseudonyms.subject(&[client.unwrap_or("").as_bytes(), person.as_bytes()]))
}

/// Where belongs what a person says outside of any conversation. A conversation has two parts, so that no id
/// of one, not even the same words, leads here.
pub(crate) fn outside(
    pseudonyms: &Pseudonymizer,
    client: Option<&str>,
    head: &Head<'_>,
) -> Option<Pseudonym> {
    let client = client.unwrap_or("").as_bytes();
    Some(pseudonyms.conversation(&[b"outside", client, named_person(head)?.as_bytes()]))
}

fn named_person<'a>(head: &'a Head<'_>) -> Option<&'a str> {
    let ids = [&head.identity.safety_identifier, &head.identity.user];
    ids.into_iter().flatten().map(AsRef::as_ref).find(|id: &&str| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use aios_core::Operation;
    use aios_privacy::KeyMaterial;
    use bytes::Bytes;

    use super::*;
    use crate::gateway::request;

    fn identify(client: &str, header: Option<&str>, json: &str) -> (Pseudonym, ConversationSource) {
        let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([7; 32]));
        let mut headers = HeaderMap::new();
        if let Some(id) = header {
            headers.insert(CONVERSATION_HEADER, id.parse().unwrap());
        }
        let body = Bytes::copy_from_slice(json.as_bytes());
        let head = request::read(Operation::Chat, &body).unwrap();
        conversation(&pseudonyms, client, &headers, &head)
    }

    const TURN_1: &str = r#"{"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"Hi"}]}"#;
    const TURN_2: &str = r#"{"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"Hi"},
        {"role":"assistant","content":"Yes"},{"role":"user","content":"Go on"}]}"#;
    const WITH_IDS: &str = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}],
        "user":"ann","metadata":{"conversation_id":"chat-9"}}"#;

    #[test]
    fn turns_of_one_chat_stay_together() {
        let (one, source) = identify("", None, TURN_1);
        assert_eq!(source, ConversationSource::Derived);
        assert_eq!(identify("", None, TURN_2).0, one);
        assert_ne!(identify("other app", None, TURN_1).0, one);
    }

    #[test]
    fn the_header_counts_before_the_body_and_metadata_before_user() {
        let (from_header, source) = identify("", Some("chat-9"), WITH_IDS);
        assert_eq!(source, ConversationSource::Header);
        let (from_body, source) = identify("", None, WITH_IDS);
        assert_eq!(source, ConversationSource::Metadata);
        assert_eq!(from_header, from_body, "the same id is the same conversation");
    }

    #[test]
    fn an_empty_id_hides_no_other() {
        let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([7; 32]));
        let of = |ids: &str| {
            let json =
                format!(r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],{ids}}}"#);
            let body = Bytes::from(json);
            subject(&pseudonyms, None, &request::read(Operation::Chat, &body).unwrap())
        };
        let ann = of(r#""user":"ann""#);
        assert!(ann.is_some());
        assert_eq!(of(r#""safety_identifier":"","user":"ann""#), ann);
        assert_eq!(of(r#""safety_identifier":"","user":"""#), None);
    }

    #[test]
    fn the_same_id_of_two_clients_is_two_conversations() {
        assert_ne!(identify("a", Some("1"), TURN_1).0, identify("b", Some("1"), TURN_1).0);
    }
}

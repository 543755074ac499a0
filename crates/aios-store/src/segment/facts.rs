//! The few facts of a line that segments are kept by, read without reading the rest.

use std::borrow::Cow;

use aios_core::{EventId, Timestamp};
use serde::Deserialize;

/// What stands on a line of a segment.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Event(Facts<'a>),
    /// The segment's own last line.
    Footer,
    /// Neither.
    Bad,
}

/// When an event happened and whose it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts<'a> {
    pub(crate) event_id: EventId,
    pub(crate) ts: Timestamp,
    /// None where the event is about nobody.
    #[serde(borrow, default)]
    conv_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
}

impl Facts<'_> {
    /// The pseudonyms on the line.
    pub(crate) fn pseudonyms(&self) -> impl Iterator<Item = &str> {
        [self.conv_id.as_ref(), self.subject.as_ref()].into_iter().flatten().map(|id| &**id)
    }
}

/// Each footer begins so, and nothing else does: an event's own type stands here.
pub(crate) const FOOTER_START: &[u8] = br#"{"event_type":"segment_footer""#;

/// Whether a line says of itself that it is of the present schema. Its first two keys do.
pub(crate) fn is_current(line: &[u8]) -> bool {
    const KEY: &[u8] = br#""schema_version":"2."#;
    let head = line.get(..HEAD).unwrap_or(line);
    memchr::memmem::find(head, KEY).is_some()
}

/// Bytes in which the first two keys of a line are.
const HEAD: usize = 96;

/// Whether the line is a segment's footer.
pub(crate) fn is_footer(line: &[u8]) -> bool {
    line.starts_with(FOOTER_START)
}

/// The name of the client on an event's line. In a text the quotes would stand behind backslashes, so it
/// is found without reading the line.
pub(crate) fn client_of(line: &[u8]) -> Option<Cow<'_, str>> {
    const KEY: &[u8] = br#""client":""#;
    let start = memchr::memmem::find(line, KEY)? + KEY.len() - 1;
    let mut values =
        serde_json::Deserializer::from_slice(line.get(start..)?).into_iter::<Text<'_>>();
    values.next()?.ok().map(|text| text.0)
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a line is, without its newline.
pub(crate) fn of(line: &[u8]) -> Kind<'_> {
    if is_footer(line) {
        return Kind::Footer;
    }
    match serde_json::from_slice::<Facts<'_>>(line) {
        // Whose it is cannot be told of an event that should say it.
        Ok(facts) if facts.conv_id.is_none() && !line.starts_with(HYPOTHESIS_START) => Kind::Bad,
        Ok(facts) => Kind::Event(facts),
        Err(_) => Kind::Bad,
    }
}

/// How each finding of a hypothesis begins: it is about nobody.
const HYPOTHESIS_START: &[u8] = br#"{"event_type":"hypothesis""#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn only_a_hypothesis_is_about_nobody() {
        let event = fixture::hypothesis(4);
        let line = serde_json::to_vec(&event).unwrap();
        let Kind::Event(facts) = of(&line) else { panic!("no event") };
        assert_eq!((facts.event_id, facts.pseudonyms().count()), (event.id(), 0));
        let other = String::from_utf8(line).unwrap().replace("\"hypothesis\"", "\"response\"");
        assert!(matches!(of(other.as_bytes()), Kind::Bad));
    }

    #[test]
    fn an_events_facts_are_those_of_the_event() {
        let event = fixture::event(3);
        let line = serde_json::to_vec(&event).unwrap();
        let Kind::Event(facts) = of(&line) else { panic!("no event") };
        assert_eq!((facts.event_id, facts.ts), (event.id(), event.at()));
        let expect = [fixture::conversation(3).to_string()];
        assert!(facts.pseudonyms().eq(expect.iter().map(String::as_str)));
    }

    #[test]
    fn what_is_no_event_is_told_apart() {
        assert!(matches!(of(br#"{"event_type":"segment_footer","n":1}"#), Kind::Footer));
        for line in [&b""[..], b"{", b"{}", b"\xff", br#"{"ts":"2027-01-15T08:30:00Z"}"#] {
            assert!(matches!(of(line), Kind::Bad), "{line:?}");
        }
    }
}

//! Where the user's last turn stands in the body of a chat.

use std::borrow::Cow;
use std::ops::Range;

use aios_upstream::Edit;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gateway::request::plain_text;

/// The messages of a chat, each as it stands in the body.
pub(super) struct Chat<'a> {
    body: &'a str,
    messages: Vec<&'a RawValue>,
}

/// What of a message counts here.
#[derive(Deserialize)]
pub(super) struct Said<'a> {
    #[serde(borrow, default)]
    pub(super) role: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) content: Option<&'a RawValue>,
}

/// The user's last turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastTurn {
    /// Where its message begins.
    pub(super) at: usize,
    /// Where its content stands, if it has any.
    pub(super) content: Option<Range<usize>>,
    /// Nothing comes after it. Else the model is under way already, with answers of tools.
    pub(super) is_last: bool,
}

impl<'a> Chat<'a> {
    /// `None` if the body is no chat.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            messages: Vec<&'a RawValue>,
        }
        let body = std::str::from_utf8(body).ok()?;
        let Wire { messages } = serde_json::from_str(body).ok()?;
        Some(Self { body, messages })
    }

    pub(super) fn messages(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&'a RawValue, Said<'a>)> + '_ {
        let read = |raw: &&'a RawValue| Some((*raw, serde_json::from_str(raw.get()).ok()?));
        self.messages.iter().filter_map(read)
    }

    /// The user's last turn, and where the contents of all messages stand; `None` where the user says nothing.
    pub(super) fn turns(&self) -> Option<(LastTurn, Vec<Range<usize>>)> {
        let last = self.messages.last()?;
        let (mut turn, mut contents) = (None, Vec::with_capacity(self.messages.len()));
        for (raw, said) in self.messages() {
            let content = said.content.map(|content| self.place(content));
            if said.role == "user" {
                let is_last = std::ptr::eq(raw, *last);
                turn =
                    Some(LastTurn { at: self.place(raw).start, content: content.clone(), is_last });
            }
            contents.extend(content);
        }
        Some((turn?, contents))
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// `raw` borrows from the body, so its place is the distance of the two.
    pub(super) fn place(&self, raw: &RawValue) -> Range<usize> {
        let start = raw.get().as_ptr() as usize - self.body.as_ptr() as usize;
        start..start + raw.get().len()
    }
}

/// The texts of a message's content that stands in a body: one, or those of its parts.
pub(super) fn texts_at<'a>(body: &'a [u8], content: &Range<usize>) -> Vec<Cow<'a, str>> {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        text: Option<&'a RawValue>,
    }
    let content = body.get(content.clone()).map(std::str::from_utf8);
    let Some(Ok(content)) = content else { return Vec::new() };
    if let Some(text) = plain_text(content) {
        return vec![text];
    }
    let parts: Vec<Part<'_>> = serde_json::from_str(content).unwrap_or_default();
    parts.into_iter().filter_map(|part| plain_text(part.text?.get())).collect()
}

/// A body with some places replaced; the places do not overlap.
pub(in crate::gateway) fn replaced(body: &[u8], mut edits: Vec<Edit>) -> Bytes {
    let mut new = Vec::with_capacity(body.len());
    let mut done = 0;
    edits.sort_by_key(|edit| edit.place().start);
    for edit in edits {
        let (at, with) = edit.into_parts();
        new.extend_from_slice(body.get(done..at.start).unwrap_or_default());
        new.extend_from_slice(&with);
        done = at.end;
    }
    new.extend_from_slice(body.get(done..).unwrap_or_default());
    new.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(messages: &str) -> Option<(String, bool)> {
        let body = format!(r#"{{"messages": {messages}, "model": "m"}}"#);
        let chat = Chat::read(body.as_bytes()).unwrap();
        let (turn, _) = chat.turns()?;
        Some((body.get(turn.at..)?.chars().take(25).collect(), turn.is_last))
    }

    #[test]
    fn the_last_turn_is_found_where_it_stands() {
        let found = last(r#"[{"role":"user","content":"a"} , {"content":"b","role":"user"}]"#);
        assert_eq!(found, Some((r#"{"content":"b","role":"us"#.to_owned(), true)));
        let tools = r#"[{"role":"user","content":"a"},{"role":"assistant","content":null},{"role":"tool","content":"1"}]"#;
        assert_eq!(last(tools), Some((r#"{"role":"user","content":"#.to_owned(), false)));
        assert_eq!(last(r#"[{"role":"system","content":"a"}]"#), None);
        assert!(Chat::read(br#"{"messages":7}"#).is_none());
    }
}

//! What the parties of a conversation say, whatever the API calls it.

use std::borrow::Cow;

use aios_core::Operation;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::errors::GatewayError;
use super::request::{Wire, is_string, missing, plain_string};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// What the parties say to each other, whatever the API calls it.
#[derive(Default)]
pub(super) struct Talk<'a> {
    pub(super) opening: Opening<'a>,
    pub(super) question: String,
    pub(super) n_user_messages: u32,
    /// Length of all text in the request, in bytes: what a prompt's tokens are estimated from. Images
    /// are not text, though they stand in the body as such.
    pub(super) n_text_bytes: usize,
}

/// What all turns of a conversation share. Its text is only made where somebody asks for it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Opening<'a> {
    system: Option<&'a RawValue>,
    first: Option<&'a RawValue>,
}

impl Opening<'_> {
    /// The system prompt.
    pub(crate) fn system(&self) -> String {
        self.system.map(text_of).unwrap_or_default()
    }

    /// The first user message.
    pub(crate) fn first(&self) -> String {
        self.first.map(text_of).unwrap_or_default()
    }
}

impl<'a> Talk<'a> {
    pub(super) fn read(operation: Operation, wire: &Wire<'a>) -> Result<Self, GatewayError> {
        match operation {
            Operation::Chat => {
                let messages = wire.messages.as_ref().filter(|list| !list.is_empty());
                messages.map(|list| Self::of_messages(list)).ok_or_else(|| missing("messages"))
            }
            Operation::Completions => {
                wire.prompt.map(Self::of_value).ok_or_else(|| missing("prompt"))
            }
            Operation::Embeddings => wire.input.map(Self::of_value).ok_or_else(|| missing("input")),
            Operation::Responses => {
                let mut talk = wire.input.map(Self::of_input).unwrap_or_default();
                if let Some(instructions) = wire.instructions.filter(|raw| is_string(raw)) {
                    talk.n_text_bytes += text_len(instructions);
                    talk.opening.system = Some(instructions);
                }
                Ok(talk)
            }
        }
    }

    fn of_messages(messages: &[Message<'a>]) -> Self {
        let is_user = |message: &&Message<'_>| message.role == "user";
        let content = |message: Option<&Message<'a>>| message.and_then(|message| message.content);
        // Without a user message the last one is what the model is asked to go on from.
        let last = messages.iter().rfind(is_user).or(messages.last());
        let n_user_messages = messages.iter().filter(is_user).count();
        Self {
            opening: Opening {
                system: content(
                    messages.iter().find(|m| m.role == "system" || m.role == "developer"),
                ),
                first: content(messages.iter().find(is_user)),
            },
            question: content(last).map(text_of).unwrap_or_default(),
            n_user_messages: u32::try_from(n_user_messages).unwrap_or(u32::MAX),
            n_text_bytes: messages.iter().filter_map(|message| message.content).map(text_len).sum(),
        }
    }

    /// A string, a list of strings, or tokens (which have no text).
    fn of_value(raw: &'a RawValue) -> Self {
        let question = text_of(raw);
        let n_text_bytes = question.len();
        let opening = Opening { system: None, first: Some(raw) };
        Self { opening, question, n_user_messages: 1, n_text_bytes }
    }

    /// The responses API takes a string or a list of items shaped like messages.
    fn of_input(raw: &'a RawValue) -> Self {
        match serde_json::from_str::<Vec<Message<'_>>>(raw.get()) {
            Ok(items) if !items.is_empty() => Self::of_messages(&items),
            _ => Self::of_value(raw),
        }
    }
}

/// As long as the text, but for escapes in it.
fn text_len(raw: &RawValue) -> usize {
    if is_string(raw) { raw.get().len() - 2 } else { text_of(raw).len() }
}

/// The text of a content value: a string, or the text parts of a list.
fn text_of(raw: &RawValue) -> String {
    if let Some(text) = plain_string(raw) {
        return text;
    }
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let texts =
        parts.into_iter().filter_map(|part| plain_string(part).or_else(|| typed_text(part)));
    texts.collect::<Vec<_>>().join("\n")
}

/// The text of `{"type": "text", "text": …}`. Images and sounds have none, and are passed over unread.
fn typed_text(part: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow, default)]
        text: Option<&'a RawValue>,
    }
    let part: Part<'_> = serde_json::from_str(part.get()).ok()?;
    plain_string(part.text?)
}

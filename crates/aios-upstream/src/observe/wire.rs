//! The parts of replies that are read. Everything else in a reply is skipped unparsed.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lenient::{Count, Length, Text, absent};

/// A reply, or a chunk of one, of `/chat/completions`, `/completions` and `/embeddings`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) choices: Option<Choices<'a>>,
    pub(super) usage: Option<Usage>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    /// Embeddings: only its presence matters; the numbers are skipped.
    pub(super) data: Option<IgnoredAny>,
}

/// How many choices there are, and the first: the one whose text is kept.
#[derive(Debug, Default)]
pub(super) struct Choices<'a> {
    pub(super) n: usize,
    /// How many there are at least in the whole reply, by their indices.
    pub(super) n_known: u64,
    /// How many of these say why they stopped.
    pub(super) n_finished: u64,
    pub(super) first: Option<Choice<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    index: Count,
    #[serde(borrow, default)]
    pub(super) finish_reason: Text<'a>,
    /// `/completions`.
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
    /// In whole replies.
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    /// In streams.
    #[serde(borrow)]
    pub(super) delta: Option<Message<'a>>,
}

/// A whole message or a piece of one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) content: Text<'a>,
    /// Not part of the answer, but it cost tokens.
    #[serde(borrow, default)]
    pub(super) reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    pub(super) reasoning: Text<'a>,
    #[serde(default)]
    pub(super) tool_calls: Length,
}

/// Token counts under the names of either API family.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
}

impl Usage {
    /// Tokens of the prompt.
    pub(super) fn input(self) -> Option<u64> {
        self.prompt_tokens.0.or(self.input_tokens.0)
    }

    /// Tokens of the answer.
    pub(super) fn output(self) -> Option<u64> {
        self.completion_tokens.0.or(self.output_tokens.0)
    }
}

/// One event of a streamed `/responses` reply.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ResponseEvent<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) delta: Text<'a>,
    #[serde(borrow)]
    pub(super) response: Option<Response<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) code: Text<'a>,
}

/// A whole `/responses` reply.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Response<'a> {
    #[serde(borrow, default)]
    pub(super) model: Text<'a>,
    #[serde(borrow, default)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<OutputItem<'a>>>,
    pub(super) usage: Option<Usage>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) incomplete_details: Option<IncompleteDetails<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct IncompleteDetails<'a> {
    #[serde(borrow, default)]
    pub(super) reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct OutputItem<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<ContentPart<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ContentPart<'a> {
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
}

struct ChoicesVisitor;

impl<'de> Visitor<'de> for ChoicesVisitor {
    type Value = Choices<'de>;

    absent!(bool);
    absent!(number);
    absent!(text);
    absent!(null);
    absent!(object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of choices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut choices = Choices::default();
        while let Some(choice) = array.next_element::<Choice<'de>>()? {
            let index = choice.index.0.unwrap_or(0);
            choices.n += 1;
            choices.n_known = choices.n_known.max(index.saturating_add(1));
            choices.n_finished += u64::from(!choice.finish_reason.0.is_empty());
            if index == 0 && choices.first.is_none() {
                choices.first = Some(choice);
            }
        }
        Ok(choices)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ChoicesVisitor)
    }
}

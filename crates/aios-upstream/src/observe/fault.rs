//! Errors that models report inside a reply, and the one shape clients get them in.
//!
//! An error's message may quote the prompt or a key, so it goes to the client only. What is kept
//! for events and logs is made of the error's type and code, and of these only short words.

use std::borrow::Cow;

use aios_core::AttemptOutcome;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::lenient::Text;
use crate::fault::TOO_LONG;

/// Longest type or code that is kept, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// What is wrong with a reply that came with status 200.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WholeFault {
    /// The body is not JSON.
    #[error("the reply is not JSON")]
    NotJson,
    /// The body is JSON, but not a reply of the API that was called.
    #[error("the reply is not what the API promises: it has no `{missing}`")]
    NotAReply {
        /// The field that a reply cannot lack.
        missing: &'static str,
    },
    /// The body reports an error.
    #[error("{detail}")]
    ErrorInReply {
        /// Whether the caller is at fault or the model.
        outcome: AttemptOutcome,
        /// The error as an error reply has it.
        body: Bytes,
        /// Type and code in words; without the server's message.
        detail: String,
        /// The error's code, or its type if it has none.
        code: Option<String>,
    },
}

/// The error object in the shape of the OpenAI API: four keys, null allowed.
#[derive(Debug, Serialize)]
struct FourKeys<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: FourKeys<'a>,
}

/// An error as some server wrote it: an object, or just a text.
#[derive(Debug, Default, Deserialize)]
struct Written<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(rename = "type", borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    param: Text<'a>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

/// An error found in a reply.
#[derive(Debug)]
pub(super) struct Found<'a> {
    written: Written<'a>,
    /// Clients understand it as it came.
    pub(super) well_formed: bool,
}

impl<'a> Found<'a> {
    /// Reads the value of an `error` field. `None` if there is no error: clients, too, take null,
    /// false and the empty text for none.
    pub(super) fn in_field(field: Option<&'a RawValue>) -> Option<Self> {
        let json = field?.get();
        match json.as_bytes() {
            b"null" | b"false" | b"\"\"" | b"0" | b"{}" | b"[]" => None,
            _ => Some(Self::in_text(json)),
        }
    }

    /// Reads an error that stands by itself: an object, a JSON text, or any words.
    pub(super) fn in_text(text: &'a str) -> Self {
        if let Ok(written) = serde_json::from_str::<Written<'_>>(text) {
            return Self { written, well_formed: true };
        }
        let message = serde_json::from_str::<Text<'_>>(text).unwrap_or(Text(Cow::Borrowed(text)));
        Self { written: Written { message, ..Written::default() }, well_formed: false }
    }

    /// The error's code, or its type if it has none, if it is a short word.
    pub(super) fn code(&self) -> Option<String> {
        self.code_as_written().or_else(|| short_word(&self.written.kind.0)).map(str::to_owned)
    }

    /// Whether the caller is at fault or the model. Some servers report a prompt that is too long, or
    /// a parameter they do not take, inside a reply with status 200.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        const CALLERS: [&str; 2] = ["invalid_request_error", "content_filter"];
        let kind = self.written.kind.0.as_ref();
        let code = self.code_as_written().unwrap_or_default();
        let is_known = |word: &str| CALLERS.contains(&word) || TOO_LONG.contains(&word);
        let is_callers = is_known(kind) || is_known(code) || code == "400";
        if is_callers { AttemptOutcome::CallerError } else { AttemptOutcome::ErrorInReply }
    }

    /// What may be logged of the error.
    pub(super) fn detail(&self) -> String {
        let kind = short_word(&self.written.kind.0).unwrap_or("no type");
        let code = self.code_as_written().unwrap_or("no code");
        format!("the model reported an error inside its reply ({kind}, {code})")
    }

    /// The error as an event of its own, in the shape clients know.
    pub(super) fn to_event(&self) -> Bytes {
        error_event(self.in_four_keys())
    }

    /// The error as the body of an error reply.
    pub(super) fn to_body(&self) -> Bytes {
        let mut body = Vec::new();
        write(&mut body, self.in_four_keys());
        body.into()
    }

    fn in_four_keys(&self) -> FourKeys<'_> {
        let kind = self.written.kind.0.as_ref();
        let message = self.written.message.0.as_ref();
        FourKeys {
            message: if message.is_empty() { "the model reported an error" } else { message },
            r#type: if kind.is_empty() { "server_error" } else { kind },
            param: Some(self.written.param.0.as_ref()).filter(|param| !param.is_empty()),
            code: self.code_as_written(),
        }
    }

    /// Text or number, without quotes. llama.cpp writes numbers.
    fn code_as_written(&self) -> Option<&str> {
        let json = self.written.code?.get();
        let word = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
        short_word(word).filter(|word| *word != "null")
    }
}

fn error_event(error: FourKeys<'_>) -> Bytes {
    let mut event = b"data: ".to_vec();
    write(&mut event, error);
    event.extend_from_slice(b"\n\n");
    event.into()
}

fn write(to: &mut Vec<u8>, error: FourKeys<'_>) {
    serde_json::to_writer(to, &Envelope { error })
        .expect("texts always serialize, and a Vec takes all");
}

/// The word itself if it is short and of harmless characters, so that nothing private hides in it.
fn short_word(word: &str) -> Option<&str> {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    (!word.is_empty() && word.len() <= WORD_BYTES_MAX && word.bytes().all(harmless)).then_some(word)
}

//! The event's line in the log.
//!
//! It is what serde makes of the event, to the byte (a test holds it to that), at a fifth of the cost:
//! a request writes its line on its own time, and a general serializer looks at each byte of every
//! name and text for something to escape, one after the other.

use serde::Serialize;

use super::{Event, ResponseEvent};
use crate::{Attempt, EventId};

impl Event {
    /// Appends the event's line, with its newline.
    pub fn write_line(&self, line: &mut Vec<u8>) {
        match self {
            Self::Response(event) => {
                let mut object = Object::open(line);
                object.word("event_type", "response");
                write_response(event, &mut object);
                object.close();
            }
            // Rare, so that a general serializer will do; memory takes every write.
            Self::Feedback(_) | Self::Hypothesis(_) => {
                serde_json::to_writer(&mut *line, self).unwrap_or_default()
            }
        }
        line.push(b'\n');
    }
}

/// The event is taken apart by name, so that the compiler misses a field that is not written.
fn write_response(event: &ResponseEvent, object: &mut Object<'_>) {
    let ResponseEvent {
        schema_version,
        event_id,
        ts,
        request_id,
        operation,
        purpose,
        stream,
        conv_id,
        conv_id_source,
        subject,
        msg_id,
        previous,
        asked_again,
        client,
        request_model,
        response_model,
        model_mismatch,
        question,
        response,
        source,
        tier,
        bucket,
        boundary,
        weight,
        weight_terms,
        profile,
        route_reason,
        propensity,
        attempts,
        outcome,
        error_code,
        status,
        finish_reason,
        timings,
        tokens,
        cost_usd,
        memory_fragments,
        memory,
        redactions,
        config_generation,
        config_hash,
        simulated,
    } = event;
    object.text("schema_version", schema_version);
    object.word("event_id", event_id.encode(&mut [0; EventId::LENGTH]));
    object.value("ts", ts);
    object.text("request_id", request_id.as_str());
    object.word("operation", operation.name());
    if !purpose.is_live() {
        object.word("purpose", purpose.name());
    }
    object.value("stream", stream);
    object.word("conv_id", conv_id.as_str());
    object.value("conv_id_source", conv_id_source);
    object.if_some("subject", subject.as_ref(), |object, key, id| object.word(key, id.as_str()));
    object.value("msg_id", msg_id);
    object.if_some("previous", previous.as_ref(), |object, key, id| {
        object.word(key, id.encode(&mut [0; EventId::LENGTH]));
    });
    object.if_true("asked_again", *asked_again);
    object.if_some("client", client.as_ref(), |object, key, name| object.text(key, name));
    object.text("request_model", request_model.as_str());
    object.if_some("response_model", response_model.as_ref(), |object, key, name| {
        object.text(key, name.as_str());
    });
    object.if_true("model_mismatch", *model_mismatch);
    object.text("question", question.as_str());
    object.text("response", response.as_str());
    object.value("source", source);
    object.word("tier", tier.name());
    object.word("bucket", bucket.name());
    object.value("boundary", boundary);
    object.value("weight", weight);
    if !weight_terms.is_empty() {
        object.object("weight_terms", |terms| {
            weight_terms.iter().for_each(|(name, value)| terms.value(name, value));
        });
    }
    object.value("profile", profile);
    object.word("route_reason", route_reason.name());
    object.value("propensity", propensity);
    object.list("attempts", attempts, write_attempt);
    object.word("outcome", outcome.name());
    object.if_some("error_code", error_code.as_ref(), |object, key, code| object.text(key, code));
    object.value("status", status);
    object.if_some("finish_reason", finish_reason.as_ref(), Object::value);
    object.value("latency_ms", &timings.latency_ms);
    object.if_some(
        "time_to_first_token_ms",
        timings.time_to_first_token_ms.as_ref(),
        Object::value,
    );
    object.value("overhead_ms", &timings.overhead_ms);
    object.if_some("input_tokens", tokens.input_tokens.as_ref(), Object::value);
    object.if_some("output_tokens", tokens.output_tokens.as_ref(), Object::value);
    object.if_true("tokens_estimated", tokens.tokens_estimated);
    object.if_some("cost_usd", cost_usd.as_ref(), Object::value);
    if !memory_fragments.is_empty() {
        object.value("memory_fragments", memory_fragments);
    }
    object.if_some("memory", memory.as_ref(), Object::value);
    if !redactions.is_empty() {
        object.value("redactions", redactions);
    }
    object.value("config_generation", config_generation);
    object.text("config_hash", config_hash);
    object.if_true("simulated", *simulated);
}

fn write_attempt(attempt: &Attempt, object: &mut Object<'_>) {
    let Attempt { endpoint, tier, model, started_ms, duration_ms, outcome, status } = attempt;
    object.text("endpoint", endpoint);
    object.word("tier", tier.name());
    object.text("model", model);
    object.value("started_ms", started_ms);
    object.value("duration_ms", duration_ms);
    object.word("outcome", outcome.name());
    object.if_some("status", status.as_ref(), Object::value);
}

/// A JSON object under way. Its keys are words.
///
/// What takes a key is inlined: then the compiler knows the key's length and copies it without a call.
struct Object<'a> {
    line: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn open(line: &'a mut Vec<u8>) -> Self {
        line.push(b'{');
        Self { line, is_empty: true }
    }

    fn close(self) {
        self.line.push(b'}');
    }

    #[inline(always)]
    fn key(&mut self, key: &str) {
        let open: &[u8] = if std::mem::take(&mut self.is_empty) { b"\"" } else { b",\"" };
        self.line.extend_from_slice(open);
        self.line.extend_from_slice(key.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    /// A text in which there is nothing to escape.
    #[inline(always)]
    fn word(&mut self, key: &str, word: &str) {
        debug_assert!(!word.bytes().any(needs_escape), "{key} is more than a word");
        self.key(key);
        self.line.push(b'"');
        self.line.extend_from_slice(word.as_bytes());
        self.line.push(b'"');
    }

    #[inline(always)]
    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        push_text(self.line, text);
    }

    /// A number, a flag, or anything that is not worth a way of its own.
    #[inline(always)]
    fn value(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        self.key(key);
        write_value(self.line, value);
    }

    #[inline(always)]
    fn if_some<T>(
        &mut self,
        key: &str,
        value: Option<&T>,
        write: impl FnOnce(&mut Self, &str, &T),
    ) {
        if let Some(value) = value {
            write(self, key, value);
        }
    }

    #[inline(always)]
    fn if_true(&mut self, key: &str, flag: bool) {
        if flag {
            self.value(key, &flag);
        }
    }

    #[inline(always)]
    fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut inner = Object::open(self.line);
        write(&mut inner);
        inner.close();
    }

    #[inline(always)]
    fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&T, &mut Object<'_>)) {
        self.key(key);
        self.line.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.line.push(b',');
            }
            let mut inner = Object::open(self.line);
            write(item, &mut inner);
            inner.close();
        }
        self.line.push(b']');
    }
}

#[inline(never)]
fn write_value(line: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Memory takes every write, and a value here is no map with keys that are not text.
    serde_json::to_writer(line, value).unwrap_or_default();
}

/// How many bytes are looked at together.
const STRIDE: usize = 32;

/// Appends a JSON string. Most text has nothing to escape in most places, so it is looked through in strides
/// and copied in long pieces.
fn push_text(line: &mut Vec<u8>, text: &str) {
    line.reserve(text.len() + 2);
    line.push(b'"');
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (plain, behind) = rest.split_at(plain_length(rest));
        line.extend_from_slice(plain);
        let (part, behind) = behind.split_at(behind.len().min(STRIDE));
        if part.iter().copied().any(needs_escape) {
            part.iter().for_each(|byte| push_byte(line, *byte));
        } else {
            line.extend_from_slice(part);
        }
        rest = behind;
    }
    line.push(b'"');
}

/// The strides at the beginning in which there is nothing to escape, in bytes.
fn plain_length(bytes: &[u8]) -> usize {
    let is_plain =
        |stride: &&[u8; STRIDE]| !stride.iter().fold(false, |any, byte| any | needs_escape(*byte));
    bytes.as_chunks::<STRIDE>().0.iter().take_while(is_plain).count() * STRIDE
}

const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn push_byte(line: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\x08' => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        b'\x0c' => b'f',
        b'\r' => b'r',
        0..b' ' => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            return line.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
        _ => return line.push(byte),
    };
    line.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests;

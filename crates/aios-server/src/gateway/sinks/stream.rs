//! A stream's texts on their way to the client.
//!
//! One text of a stream is one field of one choice (or one tool call of it), and has a state of its own:
//! what it holds back goes out before its choice ends, in an event like those it came in. All other
//! events, and their order, stay; an event whose texts stay is passed on as it came.

use aios_upstream::{SseEvent, SseScanner};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::reply::{ReplyFilter, TextHold, Use};
use super::texts::{self, Place};
use super::walk::is_json;
use super::{Unscanned, guarded};
use crate::gateway::cut::cut_short;
use crate::gateway::errors::GatewayError;

/// Most texts of one stream. More are withheld.
const SLOTS_MAX: usize = 1024;

/// What is done with one request's stream.
#[derive(Debug)]
pub(in crate::gateway) struct StreamFilter {
    filter: ReplyFilter,
    slots: Vec<Slot>,
    /// Events that were put in; later ones are numbered on from them.
    n_added: u64,
    failed: bool,
}

/// One text of the stream.
#[derive(Debug)]
struct Slot {
    choice: u64,
    path: Vec<Place>,
    of: Use,
    /// Where its last piece came: the model of the event that brings the rest.
    event: Value,
    kind: Dialect,
    hold: TextHold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `choices` with a `delta` or a `text`.
    Choices,
    /// Typed events with a `delta`.
    Typed,
}

/// How the texts that are still held come to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// The stream broke, perhaps within a value, half of which is not known for what it is.
    Broken,
}

impl StreamFilter {
    pub(in crate::gateway) fn new(filter: ReplyFilter) -> Self {
        Self { filter, slots: Vec::new(), n_added: 0, failed: false }
    }

    /// What goes out for a block of whole events.
    ///
    /// # Errors
    /// When the rest of the stream must not go out. Nothing more does then.
    pub(in crate::gateway) fn block(&mut self, block: Bytes) -> Result<Bytes, GatewayError> {
        let n_bytes = block.len();
        self.guarded(n_bytes, |stream| stream.events(block))
    }

    /// What is still held of a stream that ended without saying so.
    ///
    /// # Errors
    /// When it must not go out.
    pub(in crate::gateway) fn ended(&mut self) -> Result<Bytes, GatewayError> {
        self.guarded(0, |stream| stream.rest(End::Whole))
    }

    /// What goes out of a stream that broke off.
    pub(in crate::gateway) fn broken(&mut self) -> Bytes {
        self.guarded(0, |stream| stream.rest(End::Broken)).unwrap_or_default()
    }

    pub(in crate::gateway) const fn filter(&self) -> &ReplyFilter {
        &self.filter
    }

    fn guarded(
        &mut self,
        n_bytes: usize,
        filter: impl FnOnce(&mut Self) -> Bytes,
    ) -> Result<Bytes, GatewayError> {
        if !self.failed {
            match guarded(|| Ok(filter(self))) {
                Ok(out) => match self.filter.stopped() {
                    None => return Ok(out),
                    Some(error) => return Err(error),
                },
                Err(why) => {
                    self.failed = true;
                    self.filter.unscanned(why, n_bytes);
                }
            }
        }
        Err(GatewayError::Unscannable { sink: "client", why: Unscanned::Panic.name() })
    }

    fn rest(&mut self, end: End) -> Bytes {
        let mut out = Vec::new();
        self.flush(end, |_| true, &mut out);
        out.into()
    }

    fn events(&mut self, block: Bytes) -> Bytes {
        let mut scanner = SseScanner::default();
        let mut out = Vec::with_capacity(block.len());
        scanner.push(block);
        while let Some(event) = scanner.next_event().ok().flatten() {
            self.event(&event, &mut out);
        }
        if let Some(event) = scanner.finish() {
            self.event(&event, &mut out);
        }
        out.into()
    }

    fn event(&mut self, event: &SseEvent, out: &mut Vec<u8>) {
        let raw = event.as_bytes();
        let fields = event.fields();
        if fields.error.is_some() {
            // Some servers report a failure so, in a line of their own; it may repeat the request.
            let text = self.filter.text(&String::from_utf8_lossy(raw), Use::Reading);
            return out.extend_from_slice(text.as_bytes());
        }
        let Some(data) = fields.data else { return out.extend_from_slice(raw) };
        if data.trim_ascii() == b"[DONE]" {
            self.flush(End::Whole, |_| true, out);
            return out.extend_from_slice(raw);
        }
        let text = aios_upstream::repaired_json(&data);
        let Ok(mut value) = serde_json::from_str::<Value>(&text) else {
            self.filter.unscanned(Unscanned::Unreadable, data.len());
            if self.filter.passes_unscanned() {
                out.extend_from_slice(raw);
            }
            return;
        };
        let before = value.clone();
        let typed = value.get("type").and_then(Value::as_str).map(str::to_owned);
        match typed {
            _ if value.get("choices").is_some_and(Value::is_array) => self.choices(&mut value, out),
            Some(typed) => self.typed(&typed, &mut value, out),
            None => {
                self.filter.value(&mut value);
            }
        }
        if value == before {
            out.extend_from_slice(raw);
        } else {
            push_event(raw, &value, out);
        }
    }

    fn choices(&mut self, event: &mut Value, out: &mut Vec<u8>) {
        self.filter.drop_logprobs(event);
        let head = head_of(event);
        let choices = event.get_mut("choices").and_then(Value::as_array_mut);
        for (n, choice) in choices.into_iter().flatten().enumerate() {
            let index = texts::index_of(choice).unwrap_or(n as u64);
            let is_last = choice.get("finish_reason").is_some_and(|reason| !reason.is_null());
            texts::each(choice, &mut Vec::new(), &mut |path, text| {
                let Some(slot) = self.slot(index, path, Dialect::Choices) else {
                    self.filter.unscanned(Unscanned::TooLarge, text.len());
                    text.clear();
                    return;
                };
                let Self { filter, slots, .. } = self;
                let slot = &mut slots[slot];
                slot.event.clone_from(&head);
                let mut free = filter.push(&mut slot.hold, text, slot.of);
                if is_last {
                    free.push_str(&filter.finish(&mut slot.hold, slot.of));
                }
                *text = free;
            });
            if is_last {
                self.flush(End::Whole, |slot| slot.choice == index, out);
            }
        }
    }

    fn typed(&mut self, typed: &str, event: &mut Value, out: &mut Vec<u8>) {
        let (stem, end) = typed.rsplit_once('.').unwrap_or((typed, ""));
        let path = typed_path(stem, event);
        let piece = event.get("delta").and_then(Value::as_str).map(str::to_owned);
        match (end, piece) {
            ("delta", Some(piece)) => {
                self.filter.drop_logprobs(event);
                let free = self.slot(0, &path, Dialect::Typed).map(|slot| {
                    let Self { filter, slots, .. } = self;
                    let slot = &mut slots[slot];
                    slot.event.clone_from(event);
                    filter.push(&mut slot.hold, &piece, slot.of)
                });
                set(event, "delta", Value::from(free.unwrap_or_default()));
            }
            _ => {
                let is_end =
                    matches!(end, "completed" | "incomplete" | "failed") || stem == "error";
                let is_done = end == "done";
                self.flush(End::Whole, |slot| is_end || (is_done && slot.path == path), out);
                self.filter.value(event);
            }
        }
        self.renumber(event);
    }

    /// The state of a text.
    fn slot(&mut self, choice: u64, path: &[Place], kind: Dialect) -> Option<usize> {
        let known = self.slots.iter().position(|slot| slot.choice == choice && slot.path == path);
        if known.is_some() || self.slots.len() >= SLOTS_MAX {
            return known;
        }
        self.slots.push(Slot {
            choice,
            path: path.to_vec(),
            of: self.filter.asked(use_of(kind, path), is_answer(kind, path)),
            event: Value::Null,
            kind,
            hold: TextHold::default(),
        });
        Some(self.slots.len() - 1)
    }

    /// Sends what texts still hold.
    fn flush(&mut self, end: End, is_over: impl Fn(&Slot) -> bool, out: &mut Vec<u8>) {
        let mut slots = std::mem::take(&mut self.slots);
        for slot in slots.iter_mut().filter(|slot| is_over(slot)) {
            let mut rest = self.filter.finish(&mut slot.hold, slot.of);
            if end == End::Broken && self.filter.masks() {
                let n_whole = match slot.of {
                    // A tool is not called with half of it.
                    Use::Tool => 0,
                    Use::Json if is_json(&rest) => rest.len(),
                    Use::Json | Use::Reading | Use::Name | Use::Data => cut_short(&rest).len(),
                };
                rest.truncate(n_whole);
            }
            if !rest.is_empty() {
                self.add(slot, rest, out);
            }
        }
        self.slots = slots;
    }

    /// Puts in an event that brings the rest of a text.
    fn add(&mut self, slot: &Slot, rest: String, out: &mut Vec<u8>) {
        let mut event = slot.event.clone();
        match slot.kind {
            Dialect::Choices => {
                let mut choice = texts::alone(&slot.path, rest);
                set(&mut choice, "index", Value::from(slot.choice));
                set(&mut choice, "finish_reason", Value::Null);
                set(&mut event, "choices", Value::Array(vec![choice]));
                push_event(b"data:\n\n", &event, out);
            }
            Dialect::Typed => {
                set(&mut event, "delta", Value::from(rest));
                self.renumber(&mut event);
                if let Some(number) = event.get("sequence_number").and_then(Value::as_u64) {
                    set(&mut event, "sequence_number", Value::from(number + 1));
                }
                self.n_added += 1;
                let typed = event.get("type").and_then(Value::as_str).unwrap_or_default();
                push_event(format!("event: {typed}\ndata:\n\n").as_bytes(), &event, out);
            }
        }
    }

    fn renumber(&self, event: &mut Value) {
        let number = event.get("sequence_number").and_then(Value::as_u64);
        if let Some(number) = number.filter(|_| self.n_added > 0) {
            set(event, "sequence_number", Value::from(number + self.n_added));
        }
    }
}

/// What an event says of its stream.
fn head_of(event: &Value) -> Value {
    let members = event.as_object().into_iter().flatten();
    let of_stream = members.filter(|(key, _)| !matches!(key.as_str(), "choices" | "usage"));
    Value::Object(of_stream.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Which text a typed event is about.
fn typed_path(stem: &str, event: &Value) -> Vec<Place> {
    let mut path = vec![Place::Key(stem.to_owned())];
    for key in ["output_index", "content_index", "summary_index"] {
        path.extend(event.get(key).and_then(Value::as_u64).map(Place::Entry));
    }
    path
}

fn use_of(kind: Dialect, path: &[Place]) -> Use {
    match (kind, path.first()) {
        (Dialect::Typed, Some(Place::Key(stem))) if stem.ends_with("audio") => Use::Data,
        (Dialect::Typed, Some(Place::Key(stem)))
            if stem.ends_with("arguments") || stem.ends_with("input") =>
        {
            Use::Tool
        }
        _ => texts::use_of(path),
    }
}

fn is_answer(kind: Dialect, path: &[Place]) -> bool {
    match (kind, path.first()) {
        (Dialect::Typed, Some(Place::Key(stem))) => stem.ends_with("output_text"),
        _ => texts::is_answer(path),
    }
}

fn set(value: &mut Value, key: &str, to: Value) {
    if let Value::Null = value {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(object) = value {
        object.insert(key.to_owned(), to);
    }
}

/// An event with other data; its other lines stay.
fn push_event(raw: &[u8], data: &Value, out: &mut Vec<u8>) {
    let mut written = false;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b"data") {
            out.extend_from_slice(line);
        } else if !written {
            written = true;
            let ending = if line.ends_with(b"\r\n") { "\r\n" } else { "\n" };
            out.extend_from_slice(format!("data: {data}{ending}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;

//! Answers in the form of `/responses`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Content};
use super::ask::Ask;
use super::chat::Identity;
use super::faults::FaultPlan;
use super::frames::{Frames, typed_event};

/// Writes one reply. The API knows no second choice, so the first answer is the only one.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) identity: &'a Identity,
    pub(super) ask: &'a Ask,
    pub(super) answer: &'a Answer,
}

/// Collects events and numbers them.
#[derive(Debug, Default)]
struct Events(Vec<Bytes>);

impl Events {
    fn push(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        data["sequence_number"] = json!(self.0.len());
        self.0.push(typed_event(kind, &data));
    }
}

impl Writer<'_> {
    /// The reply in one piece.
    pub(super) fn whole(&self) -> Value {
        let cut = self.is_cut();
        let mut reply = self
            .envelope(if cut { "incomplete" } else { "completed" }, vec![self.item("completed")]);
        if cut {
            reply["incomplete_details"] = json!({"reason": "max_output_tokens"});
        }
        let (input, output) = (self.ask.prompt_tokens, self.answer.n_tokens() as u64);
        reply["usage"] =
            json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
        reply
    }

    /// The reply as a stream.
    pub(super) fn stream(&self, faults: &FaultPlan) -> Frames {
        let mut events = Events::default();
        for kind in ["response.created", "response.in_progress"] {
            events.push(kind, json!({"response": self.envelope("in_progress", Vec::new())}));
        }
        let mut item = self.item("in_progress");
        let emptied = if item["content"].is_array() { "content" } else { "arguments" };
        item[emptied] = if emptied == "content" { json!([]) } else { json!("") };
        events.push("response.output_item.added", json!({"output_index": 0, "item": item}));
        match &self.answer.content {
            Content::Text(pieces) => self.push_text(&mut events, pieces),
            Content::Call { arguments, .. } => self.push_call(&mut events, arguments),
        }
        events.push(
            "response.output_item.done",
            json!({"output_index": 0, "item": self.item("completed")}),
        );
        events.push(
            if self.is_cut() { "response.incomplete" } else { "response.completed" },
            json!({"response": self.whole()}),
        );
        let ending = events.0.pop().unwrap_or_default();
        Frames::stream(events.0, ending, faults)
    }

    fn push_text(&self, events: &mut Events, pieces: &[String]) {
        let place = || json!({"item_id": self.item_id(), "output_index": 0, "content_index": 0});
        let with = |key: &str, value: Value| {
            let mut data = place();
            data[key] = value;
            data
        };
        events.push("response.content_part.added", with("part", text_part("")));
        for piece in pieces {
            events.push("response.output_text.delta", with("delta", json!(piece)));
        }
        let text = pieces.concat();
        events.push("response.output_text.done", with("text", json!(text)));
        events.push("response.content_part.done", with("part", text_part(&text)));
    }

    fn push_call(&self, events: &mut Events, arguments: &[String]) {
        let id = self.item_id();
        for piece in arguments {
            let data = json!({"item_id": id, "output_index": 0, "delta": piece});
            events.push("response.function_call_arguments.delta", data);
        }
        let data = json!({"item_id": id, "output_index": 0, "arguments": arguments.concat()});
        events.push("response.function_call_arguments.done", data);
    }

    fn is_cut(&self) -> bool {
        self.answer.finish == "length"
    }

    fn item_id(&self) -> String {
        let prefix = match self.answer.content {
            Content::Text(_) => "msg",
            Content::Call { .. } => "fc",
        };
        format!("{prefix}_{}", self.identity.id)
    }

    fn item(&self, status: &str) -> Value {
        let id = self.item_id();
        match &self.answer.content {
            Content::Text(pieces) => {
                let content = [text_part(&pieces.concat())];
                json!({"type": "message", "id": id, "status": status, "role": "assistant", "content": content})
            }
            Content::Call { id: call_id, name, arguments } => json!({
                "type": "function_call",
                "id": id,
                "status": status,
                "call_id": call_id,
                "name": name,
                "arguments": arguments.concat(),
            }),
        }
    }

    fn envelope(&self, status: &str, output: Vec<Value>) -> Value {
        json!({
            "id": format!("resp_{}", self.identity.id),
            "object": "response",
            "created_at": self.identity.created,
            "status": status,
            "model": self.identity.model,
            "error": null,
            "incomplete_details": null,
            "output": output,
            "usage": null,
        })
    }
}

fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": []})
}

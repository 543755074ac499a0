//! What is written down of a reply while it passes.

use aios_core::{FinishReason, Operation, Tokens};

use super::Observed;
use super::model_name::same_model;
use super::wire::{Choice, Choices, Chunk, Message, Response, Usage};

/// Bytes of text per token where a server reports no usage: English prose with common tokenizers.
const BYTES_PER_TOKEN: u64 = 4;

#[derive(Debug, Default)]
pub(super) struct Notes {
    requested_model: String,
    capture_max: usize,
    /// Length of the prompt, if it is known.
    pub(super) prompt_bytes: u64,
    pub(super) content_seen: bool,
    observed: Observed,
    /// Length of all text of the answer and the reasoning, kept or not.
    text_bytes: u64,
    n_tool_calls: u64,
    n_choices: u64,
    n_finished: u64,
}

impl Notes {
    pub(super) fn new(requested_model: String, capture_max: usize) -> Self {
        Self { requested_model, capture_max, ..Self::default() }
    }

    pub(super) fn observed(&self, operation: Operation) -> Observed {
        Observed { tokens: self.tokens(operation), ..self.observed.clone() }
    }

    /// As [`Self::observed`], without a copy of the text.
    pub(super) fn into_observed(self, operation: Operation) -> Observed {
        Observed { tokens: self.tokens(operation), ..self.observed }
    }

    pub(super) const fn model_mismatch(&self) -> bool {
        self.observed.model_mismatch
    }

    pub(super) const fn has_finished(&self) -> bool {
        self.observed.finish_reason.is_some() && self.n_finished >= self.n_choices
    }

    pub(super) fn add_chunk(&mut self, chunk: &Chunk<'_>) {
        self.add_model(&chunk.model.0);
        self.add_usage(chunk.usage);
        if let Some(choices) = &chunk.choices {
            self.add_choices(choices);
        }
    }

    pub(super) fn add_response(&mut self, response: &Response<'_>) {
        self.add_model(&response.model.0);
        self.add_usage(response.usage);
    }

    pub(super) fn add_text(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        self.content_seen = true;
        self.text_bytes += piece.len() as u64;
        let room = self.capture_max.saturating_sub(self.observed.text.len());
        let (kept, cut) = piece.split_at(piece.floor_char_boundary(room));
        self.observed.text.push_str(kept);
        if !cut.is_empty() {
            // Nothing may follow a gap, however well it would fit.
            self.capture_max = self.observed.text.len();
        }
    }

    pub(super) const fn add_reasoning(&mut self, piece: &str) {
        self.text_bytes += piece.len() as u64;
    }

    pub(super) const fn add_tool_calls(&mut self, n: u64) {
        if n > 0 {
            self.content_seen = true;
            self.observed.tool_calls = true;
            self.n_tool_calls += n;
        }
    }

    pub(super) const fn finish(&mut self, reason: FinishReason) {
        self.observed.finish_reason = Some(reason);
    }

    fn add_choices(&mut self, choices: &Choices<'_>) {
        self.n_choices = self.n_choices.max(choices.n_known);
        self.n_finished += choices.n_finished;
        if let Some(choice) = &choices.first {
            self.add_choice(choice);
        }
    }

    fn add_choice(&mut self, choice: &Choice<'_>) {
        self.add_text(&choice.text.0);
        for message in choice.message.iter().chain(&choice.delta) {
            self.add_message(message);
        }
        if !choice.finish_reason.0.is_empty() {
            self.finish(FinishReason::from_api(&choice.finish_reason.0));
        }
    }

    fn add_message(&mut self, message: &Message<'_>) {
        self.add_text(&message.content.0);
        self.add_tool_calls(message.tool_calls.0);
        // Some servers say it under both names.
        let (one, other) = (&message.reasoning_content.0, &message.reasoning.0);
        self.add_reasoning(if one.len() > other.len() { one } else { other });
    }

    fn add_model(&mut self, model: &str) {
        if self.observed.response_model.is_none() && !model.is_empty() {
            self.observed.response_model = Some(model.to_owned());
            self.observed.model_mismatch = !same_model(&self.requested_model, model);
        }
    }

    /// The last report counts: vLLM can report with each chunk.
    fn add_usage(&mut self, usage: Option<Usage>) {
        let Some(usage) = usage else { return };
        let tokens = &mut self.observed.tokens;
        tokens.input_tokens = usage.input().or(tokens.input_tokens);
        tokens.output_tokens = usage.output().or(tokens.output_tokens);
    }

    /// As reported; where a count is missing, bytes / 4 and one token for each piece of a tool call.
    fn tokens(&self, operation: Operation) -> Tokens {
        let Tokens { input_tokens: input, output_tokens: output, .. } = self.observed.tokens;
        let input_estimate =
            || (self.prompt_bytes > 0).then(|| self.prompt_bytes.div_ceil(BYTES_PER_TOKEN));
        let output_estimate = match operation {
            Operation::Embeddings => None,
            Operation::Chat | Operation::Completions | Operation::Responses => {
                Some(self.text_bytes.div_ceil(BYTES_PER_TOKEN) + self.n_tool_calls)
            }
        };
        Tokens {
            input_tokens: input.or_else(input_estimate),
            output_tokens: output.or(output_estimate),
            tokens_estimated: input.is_none() || (output.is_none() && output_estimate.is_some()),
        }
    }
}

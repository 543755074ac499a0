//! What a request asks for, whichever API it came through.

use aios_core::Operation;
use serde::Deserialize;
use serde_json::Value;

use super::error::SimError;

/// A request to generate, read from any of the three generating APIs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ask {
    /// The model named in the request.
    pub(super) model: Option<String>,
    /// The last thing the user said.
    pub(super) prompt: String,
    /// Tokens of everything the model has to read, estimated.
    pub(super) prompt_tokens: u64,
    pub(super) tokens_max: Option<usize>,
    pub(super) stop: Vec<String>,
    pub(super) n: usize,
    /// The tool to call, if one is to be called.
    pub(super) call: Option<Tool>,
    /// Answer in JSON, by this schema.
    pub(super) schema: Option<Value>,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
}

/// A tool of the request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) parameters: Value,
}

/// Most choices of one request.
const CHOICES_MAX: usize = 16;
/// Bytes of text per token of a prompt: English prose with common tokenizers.
const BYTES_PER_TOKEN: usize = 4;

/// Every field that is read, of all three APIs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    prompt: Option<Value>,
    input: Option<Value>,
    instructions: Option<String>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    max_output_tokens: Option<i64>,
    stop: Value,
    n: Option<usize>,
    tools: Vec<Value>,
    tool_choice: Value,
    response_format: Value,
    text: Value,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Message {
    role: String,
    content: Value,
    /// Items of `/responses` that are not messages have a type.
    r#type: String,
}

impl Message {
    fn is_tool_result(&self) -> bool {
        self.role == "tool" || self.r#type == "function_call_output"
    }
}

impl Ask {
    /// Reads a request body.
    pub(super) fn read(operation: Operation, body: &[u8]) -> Result<Self, SimError> {
        let fields: Fields =
            serde_json::from_slice(body).map_err(|error| SimError::bad_json(&error))?;
        let messages = fields.messages_of(operation)?;
        let prompt = messages.iter().rev().find(|message| message.role == "user");
        let prompt = prompt.map(|message| text_of(&message.content)).unwrap_or_default();
        Ok(Self {
            prompt_tokens: fields.prompt_tokens(&messages),
            tokens_max: fields.tokens_max(),
            stop: texts_of(&fields.stop),
            n: fields.n.unwrap_or(1).clamp(1, CHOICES_MAX),
            call: fields.tool_to_call(&messages, &prompt),
            schema: fields.schema(),
            stream: fields.stream.unwrap_or(false),
            include_usage: fields
                .stream_options
                .as_ref()
                .is_some_and(|options| options.include_usage),
            model: fields.model,
            prompt,
        })
    }
}

impl Fields {
    /// The conversation, from whichever field holds it.
    fn messages_of(&self, operation: Operation) -> Result<Vec<Message>, SimError> {
        let (found, name) = match operation {
            Operation::Chat => (self.messages.clone(), "messages"),
            Operation::Completions => (self.prompt.as_ref().map(one_message), "prompt"),
            Operation::Responses => (self.input.as_ref().map(input_messages), "input"),
            Operation::Embeddings => (self.input.as_ref().map(one_message), "input"),
        };
        match found {
            Some(messages) if !messages.is_empty() => Ok(messages),
            Some(_) => Err(SimError::invalid(&format!("`{name}` must not be empty"), Some(name))),
            None => {
                Err(SimError::invalid(&format!("missing required parameter: `{name}`"), Some(name)))
            }
        }
    }

    fn prompt_tokens(&self, messages: &[Message]) -> u64 {
        let bytes: usize = messages.iter().map(|message| text_of(&message.content).len()).sum();
        let instructions = self.instructions.as_ref().map_or(0, String::len);
        ((bytes + instructions).div_ceil(BYTES_PER_TOKEN) + messages.len()) as u64
    }

    /// Negative means no limit, as LM Studio has it.
    fn tokens_max(&self) -> Option<usize> {
        let limit = self.max_completion_tokens.or(self.max_tokens).or(self.max_output_tokens)?;
        usize::try_from(limit).ok()
    }

    /// A tool is called when the request demands it or the prompt speaks of it; never after a
    /// tool's result, so that an agent's loop ends.
    fn tool_to_call(&self, messages: &[Message], prompt: &str) -> Option<Tool> {
        let tools: Vec<Tool> = self.tools.iter().filter_map(Tool::read).collect();
        if tools.is_empty() || messages.last().is_some_and(Message::is_tool_result) {
            return None;
        }
        let named = name_of(&self.tool_choice);
        match (named, self.tool_choice.as_str()) {
            (Some(name), _) => tools.into_iter().find(|tool| tool.name == name),
            (None, Some("none")) => None,
            (None, Some("required")) => {
                Some(best_tool(&tools, prompt).unwrap_or(&tools[0]).clone())
            }
            (None, Some(_) | None) => best_tool(&tools, prompt).cloned(),
        }
    }

    /// The schema of a JSON answer; an empty one where only JSON is demanded.
    fn schema(&self) -> Option<Value> {
        let format = if self.response_format.is_object() {
            &self.response_format
        } else {
            self.text.get("format")?
        };
        match format.get("type")?.as_str()? {
            "json_object" => Some(Value::Null),
            "json_schema" => {
                let holder = format.get("json_schema").unwrap_or(format);
                Some(holder.get("schema").cloned().unwrap_or_default())
            }
            _ => None,
        }
    }
}

impl Tool {
    /// `/chat/completions` nests a tool under `function`; `/responses` does not.
    fn read(tool: &Value) -> Option<Self> {
        let function = tool.get("function").unwrap_or(tool);
        let name = function.get("name")?.as_str()?.to_owned();
        Some(Self { name, parameters: function.get("parameters").cloned().unwrap_or_default() })
    }
}

fn name_of(choice: &Value) -> Option<&str> {
    choice.get("function").unwrap_or(choice).get("name")?.as_str()
}

/// The tool most of whose name's words are in the prompt, at least half of them.
fn best_tool<'a>(tools: &'a [Tool], prompt: &str) -> Option<&'a Tool> {
    let prompt = prompt.to_lowercase();
    let share = |tool: &Tool| {
        let name = tool.name.to_lowercase();
        let words: Vec<&str> =
            name.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
        let n_found = words.iter().filter(|word| prompt.contains(**word)).count();
        n_found as f64 / words.len().max(1) as f64
    };
    tools.iter().filter(|tool| share(tool) >= 0.5).max_by(|a, b| share(a).total_cmp(&share(b)))
}

fn one_message(content: &Value) -> Vec<Message> {
    vec![Message { role: "user".to_owned(), content: content.clone(), ..Message::default() }]
}

fn input_messages(input: &Value) -> Vec<Message> {
    match input {
        Value::Array(items) => {
            items.iter().filter_map(|item| Message::deserialize(item).ok()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            one_message(input)
        }
    }
}

/// All text in a content: itself, or that of its parts.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<String> =
                parts.iter().map(text_of).filter(|text| !text.is_empty()).collect();
            texts.join(" ")
        }
        Value::Object(part) => part.get("text").map(text_of).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// A text or an array of texts.
pub(super) fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(operation: Operation, body: &str) -> Ask {
        Ask::read(operation, body.as_bytes()).unwrap()
    }

    #[test]
    fn the_prompt_is_the_last_thing_the_user_said() {
        let chat = r#"{"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"first"},
            {"role":"assistant","content":"ok"},{"role":"user","content":[{"type":"text","text":"see"},
            {"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"this"}]}]}"#;
        assert_eq!(read(Operation::Chat, chat).prompt, "see this");
        let items = r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"hello"}]},{"type":"reasoning"}]}"#;
        assert_eq!(read(Operation::Responses, items).prompt, "hello");
        assert_eq!(read(Operation::Completions, r#"{"prompt":["a","b"]}"#).prompt, "a b");
    }

    #[test]
    fn limits_are_read_under_each_name() {
        for (field, expect) in [
            (r#""max_tokens":5"#, Some(5)),
            (r#""max_tokens":9,"max_completion_tokens":5"#, Some(5)),
            (r#""max_output_tokens":5"#, Some(5)),
            (r#""max_tokens":-1"#, None),
            (r#""max_tokens":null"#, None),
        ] {
            assert_eq!(
                read(Operation::Completions, &format!(r#"{{"prompt":"a",{field}}}"#)).tokens_max,
                expect
            );
        }
        let ask = read(Operation::Completions, r#"{"prompt":"a","stop":"x","n":99}"#);
        assert_eq!((ask.stop, ask.n), (vec!["x".to_owned()], CHOICES_MAX));
    }

    #[test]
    fn a_schema_is_found_in_both_apis() {
        let schema = serde_json::json!({"type": "object"});
        for body in [
            r#"{"messages":[{}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}}"#,
            r#"{"messages":[{}],"text":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
        ] {
            assert_eq!(read(Operation::Chat, body).schema.as_ref(), Some(&schema), "{body}");
        }
        let any = r#"{"messages":[{}],"response_format":{"type":"json_object"}}"#;
        assert_eq!(read(Operation::Chat, any).schema, Some(Value::Null));
        assert_eq!(
            read(Operation::Chat, r#"{"messages":[{}],"response_format":{"type":"text"}}"#).schema,
            None
        );
    }
}

//! From what is asked to what is answered, before any API gives it a form.

use serde_json::{Value, json};

use super::ask::{Ask, Tool};
use super::random::Random;
use super::schema::Maker;
use super::text::{self, key_words};

/// One choice of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) content: Content,
    /// The finish reason in the words of `/chat/completions`.
    pub(super) finish: &'static str,
}

/// Text or a tool call, in the pieces in which it streams: one per token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Text(Vec<String>),
    Call { id: String, name: String, arguments: Vec<String> },
}

impl Answer {
    /// The answers to a request, as many as it asks for.
    pub(super) fn all(ask: &Ask, seed: u64) -> Vec<Self> {
        (0..ask.n).map(|index| Self::one(ask, seed, index)).collect()
    }

    /// What came, as it came.
    pub(super) fn echo(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        Self { content: Content::Text(pieces_of(&text, ' ')), finish: "stop" }
    }

    fn one(ask: &Ask, seed: u64, index: usize) -> Self {
        let purpose = format!("answer {index}");
        let mut random = Random::new(seed, &purpose, ask.prompt.as_bytes());
        if let Some(tool) = &ask.call {
            return Self::calling(tool, &ask.prompt, random);
        }
        let text = match &ask.schema {
            Some(schema) => structured(schema, &ask.prompt, random),
            None => text::answer(&ask.prompt, &mut random),
        };
        Self::limited(&text, ask)
    }

    fn calling(tool: &Tool, prompt: &str, mut random: Random) -> Self {
        let id = format!("call_{:016x}", random.next());
        let words = key_words(prompt);
        let arguments = match Maker::new(&tool.parameters, &words, random).make() {
            arguments @ Value::Object(_) => arguments.to_string(),
            // A tool without parameters takes an empty object.
            _ => "{}".to_owned(),
        };
        let arguments = pieces_of(&arguments, ',');
        Self {
            content: Content::Call { id, name: tool.name.clone(), arguments },
            finish: "tool_calls",
        }
    }

    /// Ends at a stop sequence, which is left out, or at the token limit.
    fn limited(text: &str, ask: &Ask) -> Self {
        let stops = ask.stop.iter().filter(|stop| !stop.is_empty());
        let end = stops.filter_map(|stop| text.find(stop.as_str())).min().unwrap_or(text.len());
        let mut pieces = pieces_of(text.get(..end).unwrap_or(text), ' ');
        let limit = ask.tokens_max.unwrap_or(usize::MAX);
        let finish = if pieces.len() > limit { "length" } else { "stop" };
        pieces.truncate(limit);
        Self { content: Content::Text(pieces), finish }
    }

    /// How many tokens the answer has.
    pub(super) fn n_tokens(&self) -> usize {
        match &self.content {
            Content::Text(pieces) => pieces.len(),
            Content::Call { arguments, .. } => arguments.len() + 1,
        }
    }
}

/// JSON by the schema; an object of our own where any JSON will do.
fn structured(schema: &Value, prompt: &str, mut random: Random) -> String {
    let words = key_words(prompt);
    if schema.is_null() {
        return json!({"answer": text::answer(prompt, &mut random), "topics": words}).to_string();
    }
    Maker::new(schema, &words, random).make().to_string()
}

/// Cuts before each `mark`, so that the pieces make up the text again.
fn pieces_of(text: &str, mark: char) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for (i, part) in text.split(mark).enumerate() {
        let piece = if i == 0 { part.to_owned() } else { format!("{mark}{part}") };
        if !piece.is_empty() {
            pieces.push(piece);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> Ask {
        Ask { prompt: "Explain the tides in detail".to_owned(), n: 1, ..Ask::default() }
    }

    fn text_and_finish(ask: &Ask) -> (String, &'static str) {
        let answer = Answer::all(ask, 1).remove(0);
        let Content::Text(pieces) = answer.content else { panic!("not a text") };
        (pieces.concat(), answer.finish)
    }

    #[test]
    fn an_answer_keeps_to_its_limits() {
        let (text, finish) = text_and_finish(&ask());
        assert_eq!(finish, "stop");
        let (short, finish) = text_and_finish(&Ask { tokens_max: Some(3), ..ask() });
        assert_eq!((short.split(' ').count(), finish), (3, "length"));
        assert!(text.starts_with(&short));
        let (stopped, finish) =
            text_and_finish(&Ask { stop: vec!["zzz".into(), ".".into()], ..ask() });
        assert_eq!((text.split('.').next(), finish), (Some(stopped.as_str()), "stop"));
    }

    #[test]
    fn each_choice_is_another_answer() {
        let answers = Answer::all(&Ask { n: 2, ..ask() }, 1);
        assert_ne!(answers[0], answers[1]);
        assert_eq!(answers, Answer::all(&Ask { n: 2, ..ask() }, 1));
        assert_ne!(answers, Answer::all(&Ask { n: 2, ..ask() }, 2));
    }

    #[test]
    fn a_structured_answer_is_json() {
        let (text, _) = text_and_finish(&Ask { schema: Some(Value::Null), ..ask() });
        assert!(serde_json::from_str::<Value>(&text).unwrap()["answer"].is_string());
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let (text, _) = text_and_finish(&Ask { schema: Some(schema), ..ask() });
        assert!(serde_json::from_str::<Value>(&text).unwrap()["n"].is_i64());
    }

    #[test]
    fn a_tool_call_has_arguments_by_its_schema() {
        let parameters = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
        let call = Some(Tool { name: "find".to_owned(), parameters });
        let answer = Answer::all(&Ask { call, ..ask() }, 1).remove(0);
        let Content::Call { name, arguments, .. } = answer.content else { panic!("not a call") };
        assert_eq!((name.as_str(), answer.finish, arguments.len()), ("find", "tool_calls", 2));
        assert!(serde_json::from_str::<Value>(&arguments.concat()).unwrap()["b"].is_string());
    }
}

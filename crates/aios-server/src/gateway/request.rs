//! What the pipeline needs to know of a request body: a few fields, read in one pass, borrowed.
//!
//! Everything else passes through as the bytes it came in, so that tools, images and fields that do
//! not exist yet reach the model untouched.

use std::borrow::Cow;
use std::ops::Range;

use aios_core::Operation;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::depth;
use super::errors::GatewayError;
use super::malformed;
use super::talk::{Message, Opening, Talk};

/// The fields of a request that AIOS looks at.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// The model name, decoded.
    pub(crate) model: String,
    /// Where the model's JSON string stands in the body, quotes included.
    pub(crate) model_at: Range<usize>,
    /// The client wants a stream.
    pub(crate) stream: bool,
    /// `stream_options` as it stands in the body.
    pub(crate) stream_options: Option<StreamOptions>,
    /// The answer is asked for as JSON.
    pub(crate) wants_json: bool,
    /// The last user message's text.
    pub(crate) question: String,
    /// How many user messages there are: the turn.
    pub(crate) n_user_messages: u32,
    /// Length of all text in the request, in bytes.
    pub(crate) prompt_bytes: u64,
    /// What names the conversation, if anything in the body does.
    pub(crate) identity: Identity,
    /// What the conversation's identity is derived from otherwise.
    pub(crate) opening: Opening<'a>,
}

/// Formats of an answer that is JSON.
const JSON_FORMATS: [&str; 2] = ["json_object", "json_schema"];

/// `stream_options` and whether it asks for usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamOptions {
    /// Where its JSON object stands in the body; `None` for null.
    pub(crate) at: Range<usize>,
    /// `include_usage` is true.
    pub(crate) include_usage: bool,
    /// The object with `include_usage` set, for when it was not.
    pub(crate) with_usage: Option<Bytes>,
}

/// Ids of the conversation found in the body, in the order in which they count.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    pub(crate) metadata: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) prompt_cache_key: Option<String>,
    pub(crate) safety_identifier: Option<String>,
    pub(crate) user: Option<String>,
}

impl Head<'_> {
    /// Where the gateway itself writes.
    pub(crate) fn own_places(&self) -> Vec<Range<usize>> {
        let options = self.stream_options.as_ref().map(|options| options.at.clone());
        std::iter::once(self.model_at.clone()).chain(options).collect()
    }
}

/// Reads the head of a body.
///
/// # Errors
/// A 400 that names the parameter.
pub(crate) fn read(operation: Operation, body: &Bytes) -> Result<Head<'_>, GatewayError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| bad_json(&format!("it is not UTF-8 (byte {})", error.valid_up_to())))?;
    depth::check(body).map_err(|deep| bad_json(&deep.to_string()))?;
    // A list would be taken for an object's values in order.
    if text.trim_start().starts_with('[') {
        return Err(bad_json("it is not an object"));
    }
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| describe(&error))?;
    let place = |raw: &RawValue| place_of(text, raw);
    let model_raw = wire.model.ok_or_else(|| GatewayError::BadRequest {
        message: "you must provide a model parameter; 'aios-auto' lets the gateway choose".into(),
        param: Some("model"),
        code: Some("missing_required_parameter"),
    })?;
    let model: String = serde_json::from_str(model_raw.get()).map_err(|_| {
        GatewayError::bad_param("Invalid type for 'model': expected a string.", "model")
    })?;
    let talk = Talk::read(operation, &wire)?;
    Ok(Head {
        model,
        model_at: place(model_raw),
        stream: wire.stream.unwrap_or(false),
        stream_options: wire
            .stream_options
            .map(|raw| read_stream_options(raw, place(raw)))
            .transpose()?
            .flatten(),
        wants_json: wire.wants_json(),
        question: talk.question,
        n_user_messages: talk.n_user_messages,
        prompt_bytes: talk.n_text_bytes as u64,
        identity: wire.identity(),
        opening: talk.opening,
    })
}

#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(borrow, default, deserialize_with = "null_too")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) messages: Option<Vec<Message<'a>>>,
    #[serde(borrow, default)]
    pub(super) prompt: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) instructions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response_format: Option<&'a RawValue>,
    /// What the Responses API calls it: a member of this.
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    conversation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    prompt_cache_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    safety_identifier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
}

/// An option takes null for nothing; where null stands matters when it is to be replaced.
fn null_too<'de, D: serde::Deserializer<'de>>(raw: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(raw).map(Some)
}

impl Wire<'_> {
    fn wants_json(&self) -> bool {
        let kind = |raw: &RawValue| string_member(raw, "type");
        let chat = self.response_format.and_then(kind);
        let responses = || kind(member(self.text?, "format")?);
        chat.or_else(responses).is_some_and(|kind| JSON_FORMATS.contains(&kind.as_str()))
    }

    fn identity(&self) -> Identity {
        Identity {
            metadata: self.metadata.and_then(|raw| string_member(raw, "conversation_id")),
            conversation: self
                .conversation
                .and_then(|raw| plain_string(raw).or_else(|| string_member(raw, "id"))),
            prompt_cache_key: self.prompt_cache_key.and_then(plain_string),
            safety_identifier: self.safety_identifier.and_then(plain_string),
            user: self.user.and_then(plain_string),
        }
    }
}

/// The text of a JSON string; half characters in it become replacement marks, as clients show them.
pub(in crate::gateway) fn plain_string(raw: &RawValue) -> Option<String> {
    plain_text(raw.get()).map(Cow::into_owned)
}

/// The same of a value as it stands in a body, borrowed from there where it can be.
pub(in crate::gateway) fn plain_text(json: &str) -> Option<Cow<'_, str>> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        // Nothing in it stands for anything else, and that it is a string is known.
        return Some(Cow::Borrowed(text));
    }
    let read = serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(&aios_upstream::repaired_json(json.as_bytes())));
    read.ok().map(Cow::Owned)
}

pub(super) fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

fn string_member(raw: &RawValue, key: &str) -> Option<String> {
    member(raw, key).and_then(plain_string)
}

fn member<'a>(raw: &'a RawValue, key: &str) -> Option<&'a RawValue> {
    let object: std::collections::BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(raw.get()).ok()?;
    object.get(key).copied()
}

fn read_stream_options(
    raw: &RawValue,
    at: Range<usize>,
) -> Result<Option<StreamOptions>, GatewayError> {
    if raw.get() == "null" {
        return Ok(Some(StreamOptions {
            at,
            include_usage: false,
            with_usage: Some(usage_options()),
        }));
    }
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(raw.get())
        .map_err(|_| {
            GatewayError::bad_param(
                "Invalid type for 'stream_options': expected an object.",
                "stream_options",
            )
        })?;
    let include_usage =
        object.get("include_usage").and_then(serde_json::Value::as_bool) == Some(true);
    let with_usage = (!include_usage).then(|| {
        object.insert("include_usage".into(), true.into());
        Bytes::from(serde_json::Value::Object(object).to_string())
    });
    Ok(Some(StreamOptions { at, include_usage, with_usage }))
}

/// The options that make a stream end with its usage.
pub(crate) fn usage_options() -> Bytes {
    Bytes::from_static(br#"{"include_usage":true}"#)
}

/// `raw` borrows from `text`, so its place is the distance of the two.
fn place_of(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + raw.get().len()
}

pub(super) fn missing(param: &'static str) -> GatewayError {
    GatewayError::BadRequest {
        message: format!("Missing required parameter: '{param}'."),
        param: Some(param),
        code: Some("missing_required_parameter"),
    }
}

fn bad_json(why: &str) -> GatewayError {
    GatewayError::BadRequest {
        message: format!("We could not parse the JSON body of your request: {why}."),
        param: None,
        code: Some("invalid_json"),
    }
}

fn describe(error: &serde_json::Error) -> GatewayError {
    bad_json(&malformed::told(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(json: &str) -> Bytes {
        Bytes::copy_from_slice(json.as_bytes())
    }

    fn chat(body: &Bytes) -> Result<Head<'_>, GatewayError> {
        read(Operation::Chat, body)
    }

    fn refused(json: &str) -> String {
        let error = chat(&body(json)).unwrap_err();
        let body: serde_json::Value = serde_json::from_slice(&error.answer().body).unwrap();
        format!("{} {} {}", error.status().as_u16(), error.code(), body["error"]["message"])
    }

    #[test]
    fn an_answer_is_asked_for_as_json_in_either_api() {
        let check = |more: &str, expect: bool| {
            let body = body(&format!(
                r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{more}}}"#
            ));
            assert_eq!(chat(&body).unwrap().wants_json, expect, "{more}");
        };
        check("", false);
        check(r#","response_format":{"type":"json_object"}"#, true);
        check(r#","response_format":{"type":"json_schema","json_schema":{"name":"a"}}"#, true);
        check(r#","text":{"format":{"type":"json_schema","name":"a"},"verbosity":"low"}"#, true);
        check(r#","response_format":{"type":"text"},"text":{"format":{"type":"text"}}"#, false);
        check(r#","response_format":null,"text":null"#, false);
        // What it is not for us to refuse.
        check(r#","response_format":"json_object","text":7"#, false);
    }

    #[test]
    fn the_last_user_message_is_the_question() {
        let body = body(
            r#"{"model":"aios-auto","messages":[
                {"role":"system","content":"Be brief."},
                {"role":"user","content":"First"},
                {"role":"assistant","content":"Yes?"},
                {"role":"user","content":[{"type":"text","text":"Second"},{"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"part"}]}
            ]}"#,
        );
        let head = chat(&body).unwrap();
        assert_eq!(head.question, "Second\npart");
        assert_eq!(
            (head.opening.system(), head.opening.first()),
            ("Be brief.".into(), "First".into())
        );
        assert_eq!(head.n_user_messages, 2);
    }

    #[test]
    fn the_model_is_found_where_it_stands() {
        let body = body(
            r#"{"messages":[{"role":"user","content":"\"model\": \"no\""}] , "model" : "aios-auto" }"#,
        );
        let head = chat(&body).unwrap();
        assert_eq!(&body[head.model_at], br#""aios-auto""#);
    }

    #[test]
    fn identity_is_read_in_every_place() {
        let body = body(
            r#"{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":{"conversation_id":"a","n":1},
               "conversation":{"id":"b"},"prompt_cache_key":"c","safety_identifier":"d","user":"e"}"#,
        );
        let id = chat(&body).unwrap().identity;
        let found =
            [id.metadata, id.conversation, id.prompt_cache_key, id.safety_identifier, id.user];
        assert_eq!(found.map(Option::unwrap), ["a", "b", "c", "d", "e"].map(String::from));
    }

    #[test]
    fn usage_is_added_to_options_that_lack_it() {
        let with = |options: &str| {
            let json = format!(
                r#"{{"model":"m","stream":true,"messages":[{{"role":"user","content":"x"}}],"stream_options":{options}}}"#
            );
            chat(&body(&json)).unwrap().stream_options.unwrap()
        };
        assert!(with(r#"{"include_usage":true}"#).include_usage);
        assert_eq!(with("null").with_usage.unwrap(), usage_options());
        let options = with(r#"{"include_obfuscation":false}"#);
        assert_eq!(
            options.with_usage.unwrap(),
            r#"{"include_obfuscation":false,"include_usage":true}"#
        );
    }

    #[test]
    fn bad_bodies_are_refused_by_name() {
        assert!(refused("{").starts_with("400 invalid_json"));
        assert!(refused(r#"{"messages":[]}"#).contains("model parameter"));
        assert!(refused(r#"{"model":"m"}"#).contains("'messages'"));
        assert!(refused(r#"{"model":7,"messages":[{"role":"user"}]}"#).contains("'model'"));
        assert!(refused(r#"{"model":"m","model":"n","messages":[]}"#).contains("duplicate"));
        let quoted = refused(r#"{"model":"m","messages":[],"stream":"Ann lives in Lyon"}"#);
        assert!(!quoted.contains("Lyon"), "{quoted}");
        let quoted = refused(r#""Ann lives in Lyon""#);
        assert!(quoted.starts_with("400 invalid_json") && !quoted.contains("Lyon"), "{quoted}");
        let deep = format!(r#"{{"model":"m","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(refused(&deep).contains("nested deeper than 128"));
        let bytes = Bytes::from_static(b"{\"model\":\"\xff\"}");
        assert_eq!(read(Operation::Chat, &bytes).unwrap_err().code(), "invalid_json");
    }

    #[test]
    fn a_string_is_what_a_parser_makes_of_it() {
        for json in
            [r#""""#, r#""a""#, r#""ü""#, r#""\"""#, r#""a\\""#, r#""\u00e4\n""#, r#"" a ""#]
        {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert_eq!(plain_string(raw), serde_json::from_str(json).ok(), "{json}");
        }
        for json in ["1", "null", "[\"a\"]", "{\"a\":\"b\"}"] {
            assert_eq!(plain_string(serde_json::from_str(json).unwrap()), None, "{json}");
        }
        // What a string must not hold is refused before.
        assert!(serde_json::from_str::<&RawValue>("\"a\tb\"").is_err());
    }

    #[test]
    fn brackets_inside_strings_are_not_nesting() {
        let json = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"{}\\\""}}]}}"#,
            "[".repeat(500)
        );
        assert!(chat(&body(&json)).is_ok());
    }

    #[test]
    fn the_responses_api_takes_a_string_or_items() {
        let text = body(r#"{"model":"m","input":"Hello"}"#);
        assert_eq!(read(Operation::Responses, &text).unwrap().question, "Hello");
        let items = body(
            r#"{"model":"m","instructions":"S","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]}"#,
        );
        let head = read(Operation::Responses, &items).unwrap();
        assert_eq!((head.question.as_str(), head.opening.system().as_str()), ("Hi", "S"));
        assert_eq!(head.opening.first(), "Hi");
    }
}

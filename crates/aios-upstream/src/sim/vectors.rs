//! Answers in the form of `/embeddings`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{text_of, texts_of};
use super::embed::{DIMENSIONS_DEFAULT, DIMENSIONS_MAX, base64_of, embed};
use super::error::SimError;
use super::spec::SimSpec;

/// Most texts of one request.
const TEXTS_MAX: usize = 2_048;

#[derive(Debug, Deserialize)]
struct Fields {
    model: Option<String>,
    input: Option<Value>,
    dimensions: Option<usize>,
    encoding_format: Option<String>,
}

/// The reply to a request, and how many tokens it has to read.
pub(super) fn reply(body: &[u8], spec: &SimSpec) -> Result<(Value, u64), SimError> {
    let fields: Fields =
        serde_json::from_slice(body).map_err(|error| SimError::bad_json(&error))?;
    let texts = texts(fields.input.as_ref())?;
    let dimensions = fields.dimensions.unwrap_or(DIMENSIONS_DEFAULT);
    if !(1..=DIMENSIONS_MAX).contains(&dimensions) {
        let message = format!("`dimensions` must be from 1 to {DIMENSIONS_MAX}");
        return Err(SimError::invalid(&message, Some("dimensions")));
    }
    let in_base64 = is_base64(fields.encoding_format.as_deref())?;
    let entry = |(index, text): (usize, &String)| {
        let vector = embed(text, dimensions, spec.seed);
        let vector = if in_base64 { json!(base64_of(&vector)) } else { json!(vector) };
        json!({"object": "embedding", "index": index, "embedding": vector})
    };
    let data: Vec<Value> = texts.iter().enumerate().map(entry).collect();
    let n_tokens: u64 = texts.iter().map(|text| text.len().div_ceil(4).max(1) as u64).sum();
    let usage = json!({"prompt_tokens": n_tokens, "total_tokens": n_tokens});
    let model = fields.model.unwrap_or_else(|| spec.model.clone());
    Ok((json!({"object": "list", "data": data, "model": model, "usage": usage}), n_tokens))
}

fn texts(input: Option<&Value>) -> Result<Vec<String>, SimError> {
    let input = input
        .ok_or_else(|| SimError::invalid("missing required parameter: `input`", Some("input")))?;
    let texts = match input {
        // Tokens instead of text: each number stands for a word.
        Value::Array(items) if items.first().is_some_and(Value::is_number) => {
            vec![numbers_as_text(items)]
        }
        Value::Array(items) if items.first().is_some_and(Value::is_array) => {
            items.iter().filter_map(Value::as_array).map(|items| numbers_as_text(items)).collect()
        }
        Value::Array(_) => texts_of(input),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            texts_of(&json!(text_of(input)))
        }
    };
    match texts.len() {
        0 => Err(SimError::invalid("`input` must not be empty", Some("input"))),
        1..=TEXTS_MAX => Ok(texts),
        _ => Err(SimError::invalid(
            &format!("`input` must have at most {TEXTS_MAX} texts"),
            Some("input"),
        )),
    }
}

fn numbers_as_text(items: &[Value]) -> String {
    let words: Vec<String> = items.iter().map(Value::to_string).collect();
    words.join(" ")
}

fn is_base64(format: Option<&str>) -> Result<bool, SimError> {
    match format {
        None | Some("float") => Ok(false),
        Some("base64") => Ok(true),
        Some(_) => Err(SimError::invalid(
            "`encoding_format` must be `float` or `base64`",
            Some("encoding_format"),
        )),
    }
}

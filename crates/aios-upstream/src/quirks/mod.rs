//! Where servers differ from the API they promise, one file for each.

pub(crate) mod llamacpp;
pub(crate) mod lmstudio;
pub(crate) mod ollama;

pub use lmstudio::LoadCounts;
use serde_json::Value;

/// An error body, in any of the shapes in use: an object or just a text.
#[derive(Debug, Default, PartialEq)]
struct ErrorBody {
    message: String,
    code: Value,
    /// The body has an error object, as the API promises.
    is_object: bool,
}

impl ErrorBody {
    /// `None` if the body reports no error.
    fn read(body: &[u8]) -> Option<Self> {
        let mut json: Value = serde_json::from_slice(body).ok()?;
        match json.get_mut("error")?.take() {
            Value::String(message) => Some(Self { message, ..Self::default() }),
            Value::Object(mut error) => {
                let message =
                    error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
                let code = error.remove("code").unwrap_or_default();
                Some(Self { message, code, is_object: true })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }
}

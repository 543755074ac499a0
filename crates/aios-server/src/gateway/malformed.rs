//! What is wrong with a body, without a word of it.
//!
//! The parser quotes values that are of another type than expected. Clients write errors into their logs, and whose
//! question was sent as a number need not stand there: the kind of the mistake and its place are enough to find it.

use serde_json::error::Category;

/// The parser's words up to what they quote, the place in any case.
pub(super) fn told(error: &serde_json::Error) -> String {
    match error.classify() {
        // These come from a list, and quote nothing.
        Category::Syntax | Category::Eof => error.to_string(),
        Category::Io => "it could not be read".to_owned(),
        Category::Data => {
            let (line, column) = (error.line(), error.column());
            format!("{} at line {line} column {column}", kind(&error.to_string()))
        }
    }
}

/// What kind of mistake it is. Names of fields that are ours may be told, names of others not.
fn kind(words: &str) -> String {
    let own = ["duplicate field `", "missing field `"];
    if own.iter().any(|start| words.starts_with(start)) {
        return words.split_once(" at line").map_or(words, |(told, _)| told).to_owned();
    }
    let known =
        ["invalid type", "invalid value", "invalid length", "unknown field", "unknown variant"];
    let known = known.into_iter().find(|known| words.starts_with(known));
    let known = known.unwrap_or("it is not what is expected");
    // What was expected is the last that is said, and ours.
    let expected = words.rsplit_once(", expected ").map(|(_, expected)| expected);
    let expected = expected.and_then(|it| it.rsplit_once(" at line").map(|(told, _)| told));
    expected.map_or_else(|| known.to_owned(), |expected| format!("{known}, expected {expected}"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        model: String,
        #[expect(dead_code, reason = "only whether it can be read matters")]
        n: Option<u32>,
    }

    fn check(json: &str, expect: &str) {
        let error = serde_json::from_str::<Wire>(json).unwrap_err();
        assert_eq!(told(&error), expect, "{error}");
    }

    #[test]
    fn kind_and_place_are_told_and_nothing_of_the_body() {
        check("{", "EOF while parsing an object at line 1 column 1");
        check("{\"model\" jo}", "expected `:` at line 1 column 10");
        check("{\"model\":\"m\",\"model\":\"m\"}", "duplicate field `model` at line 1 column 20");
        check("{}", "missing field `model` at line 1 column 2");
        let number = "{\"model\":\"m\",\n\"n\":\"jo, expected me\"}";
        check(number, "invalid type, expected u32 at line 2 column 21");
        check("{\"jo@me\":1}", "unknown field, expected `model` or `n` at line 1 column 8");
        check("\"jo\"", "invalid type, expected struct Wire at line 1 column 4");
    }
}

//! Settings written as a URL's query, with errors that name the nearest known key.

use std::str::FromStr;
use std::time::Duration;

/// Least likeness of a key that is offered as the one meant, from 0 to 1.
const LIKENESS_MIN: f64 = 0.6;

/// The pairs of a query, decoded. A key without a value means `true`.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, "true"));
        (decoded(key), decoded(value))
    })
}

/// Reads a value of any type that has a text form.
pub(super) fn value<T: FromStr>(key: &str, text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{key}` must be {what}, not `{text}`"))
}

/// Reads a number inside a range.
pub(super) fn number(key: &str, text: &str, low: f64, high: f64) -> Result<f64, String> {
    let what = format!("a number from {low} to {high}");
    let number = value(key, text, &what)?;
    if (low..=high).contains(&number) {
        Ok(number)
    } else {
        Err(format!("`{key}` must be {what}, not `{text}`"))
    }
}

/// Reads whole milliseconds.
pub(super) fn millis(key: &str, text: &str) -> Result<Duration, String> {
    value(key, text, "a whole number of milliseconds").map(Duration::from_millis)
}

/// Says that `name` is not known, and which of `known` may be meant.
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|nearest| likeness(nearest) >= LIKENESS_MIN) {
        Some(nearest) => format!("unknown {what} `{name}`; did you mean `{nearest}`?"),
        None => format!("unknown {what} `{name}`; known: {}", known.join(", ")),
    }
}

/// Undoes percent encoding; what is not valid encoding stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(hex(*high) * 16 + hex(*low));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let pairs: Vec<_> = pairs("a=1&b&c=x%2Fy%zz&&d=%C3%BC").collect();
        let expect = [("a", "1"), ("b", "true"), ("c", "x/y%zz"), ("d", "ü")];
        assert_eq!(pairs, expect.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn an_unknown_name_comes_with_the_nearest_known_one() {
        let known = ["slots", "seed"];
        assert_eq!(unknown("key", "slot", &known), "unknown key `slot`; did you mean `slots`?");
        assert_eq!(unknown("key", "xyz", &known), "unknown key `xyz`; known: slots, seed");
    }
}

//! How deep a body is nested, before any parser sees it.

/// Deepest nesting of arrays and objects that is accepted. Deeper bodies crash model servers whose
/// parsers recurse.
const DEPTH_MAX: usize = 128;

/// The body is nested deeper than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is nested deeper than {DEPTH_MAX} levels")]
pub(crate) struct TooDeep;

/// Refuses nesting deeper than [`DEPTH_MAX`]. Needs no valid JSON: what is none, the parser refuses.
///
/// # Errors
/// When it is deeper.
pub(crate) fn check(body: &[u8]) -> Result<(), TooDeep> {
    // Most bodies have too few brackets to be deep, wherever they stand; counting them is quick.
    if memchr::memchr2_iter(b'[', b'{', body).take(DEPTH_MAX + 1).count() <= DEPTH_MAX {
        return Ok(());
    }
    let (mut depth, mut rest) = (0_usize, body);
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => after_string(after),
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(TooDeep);
                }
                after
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    Ok(())
}

/// What follows the string whose inside `text` begins. Strings are nearly all of a body, so they are
/// leapt over.
fn after_string(mut text: &[u8]) -> &[u8] {
    loop {
        match memchr::memchr2(b'"', b'\\', text) {
            None => return &[],
            Some(at) => {
                let is_end = text.get(at) == Some(&b'"');
                text = text.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
                if is_end {
                    return text;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_nested(n: usize, expect: Result<(), TooDeep>) {
        let body = format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(body.as_bytes()), expect, "{n}");
    }

    #[test]
    fn nesting_has_a_limit() {
        check_nested(DEPTH_MAX, Ok(()));
        check_nested(DEPTH_MAX + 1, Err(TooDeep));
    }

    #[test]
    fn brackets_inside_strings_are_not_nesting() {
        let text = format!(r#"{{"a":"{}","b":"\\"}}"#, r#"[\"{"#.repeat(DEPTH_MAX));
        assert_eq!(check(text.as_bytes()), Ok(()));
    }

    #[test]
    fn what_is_no_json_ends_all_the_same() {
        for body in ["", "\"", "\"\\", "[\"", "]]]]{", "\\\\\""] {
            assert_eq!(check(body.as_bytes()), Ok(()), "{body}");
        }
    }
}

//! `Bearer …` (RFC 6750) and `Basic …` (RFC 7617) credentials, `Authorization:` with whatever scheme, and `-u name:password` as
//! curl takes it.

use super::is_random;
use crate::base64;
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[Anchors::Words(&["bearer", "basic", HEADER_ANCHOR, " -u ", "--user ", "--user="])],
    look,
);

const HEADER: &str = "authorization";
/// The part of it that is looked for: fewer words of prose have these letters than its first.
const HEADER_ANCHOR: &str = "zation";
const HEADER_HEAD: usize = HEADER.len() - HEADER_ANCHOR.len();
/// Longest name of a scheme that is none of the two.
const SCHEME_MAX: usize = 16;

/// So much of what a header gives tells whether it is a token; all of one is passed.
const TOKEN_LOOK_MAX: usize = 256;

/// So many blanks and escaped line ends may stand before what is given, as where a header was folded.
const BLANKS_MAX: usize = 12;
/// Longest name or password of an option.
const OPTION_MAX: usize = 128;
const PASSWORD_MIN: usize = 6;
/// The same of one that is a word or a number: what is shorter is a placeholder more often than a password.
const PLAIN_PASSWORD_MIN: usize = 8;
/// So far before an option its command is looked for, in bytes.
const COMMAND_MAX: usize = 160;

const BEARER_MIN: usize = 16;
const BASIC_MIN: usize = 8;

fn look(source: &Source<'_>, at: usize) -> Look {
    let option = [" -u ", "--user ", "--user="].iter().find(|option| source.has_word(at, option));
    if let Some(option) = option {
        return given_as_option(source, at + option.len(), is_of_a_client(source, at));
    }
    if source.has_word(at, HEADER_ANCHOR) {
        let is_header =
            at.checked_sub(HEADER_HEAD).is_some_and(|start| source.has_word(start, HEADER));
        let end = at + HEADER_ANCHOR.len();
        return if is_header { header(source, end) } else { Look::nothing(end) };
    }
    let is_basic = source.has_word(at, "basic");
    if !is_basic && !source.has_word(at, "bearer") {
        return Look::nothing(at + 1);
    }
    let word_end = at + if is_basic { "basic".len() } else { "bearer".len() };
    let start = blanks_end(source, word_end);
    if start == word_end {
        return Look::nothing(word_end);
    }
    let run = source.run_right(start, usize::MAX, is_token);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-' | b'~'));
    let token = source.bytes().get(start..end).unwrap_or_default();
    let rule = if is_basic {
        is_user_and_password(token).then_some("secret.basic")
    } else {
        (token.len() >= BEARER_MIN && is_random(token)).then_some("secret.bearer")
    };
    let is_free = !source.before(at).is_some_and(|byte| byte.is_ascii_alphanumeric());
    let found = rule.filter(|_| is_free).map(|rule| Found { start, end, rule, confidence: 0.93 });
    Look::maybe(found, run)
}

/// `Authorization: ApiKey …`, `"authorization": "…"`: a token with a scheme or without one.
fn header(source: &Source<'_>, end: usize) -> Look {
    let quote = source.run_right(end, 2, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    if !matches!(source.byte(quote), Some(b':' | b'=')) {
        return Look::nothing(quote);
    }
    let is_blank = |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b'\\');
    let first = source.run_right(quote + 1, 4, is_blank);
    let scheme =
        source.run_right(first, SCHEME_MAX, |byte| byte.is_ascii_alphabetic() || byte == b'-');
    let is_schemed = scheme > first && source.byte(scheme) == Some(b' ');
    // These two are looked at by themselves.
    if is_schemed
        && ["basic", "bearer"]
            .iter()
            .any(|known| known.len() == scheme - first && source.has_word(first, known))
    {
        return Look::nothing(quote);
    }
    let start = if is_schemed { source.run_right(scheme, 4, |byte| byte == b' ') } else { first };
    let named = source.run_right(start, SCHEME_MAX, |byte| byte.is_ascii_lowercase());
    // `Token token=…`
    let start = if source.byte(named) == Some(b'=') && named > start {
        source.run_right(named + 1, 2, is_blank)
    } else {
        start
    };
    let seen = source.run_right(start, TOKEN_LOOK_MAX, is_token);
    let token = source.bytes().get(start..seen).unwrap_or_default();
    let has_digit = token.iter().any(u8::is_ascii_digit);
    if token.len() < BEARER_MIN || !has_digit || !is_random(token) {
        return Look::nothing(quote);
    }
    let run = source.run_right(seen, usize::MAX, is_token);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-' | b'~'));
    Look::maybe(Some(Found { start, end, rule: "secret.bearer", confidence: 0.9 }), run)
}

/// Where blanks end, among which a line's end may stand as `\n` in quoted text.
fn blanks_end(source: &Source<'_>, start: usize) -> usize {
    let mut at = start;
    while at - start < BLANKS_MAX {
        let escaped = source.run_right(at, 2, |byte| byte == b'\\');
        let is_end = escaped > at && matches!(source.byte(escaped), Some(b'n' | b'r' | b't'));
        match source.byte(at) {
            Some(b' ' | b'\t') => at += 1,
            Some(b'\\') if is_end => at = escaped + 1,
            Some(_) | None => break,
        }
    }
    at
}

/// Whether the option at `at` is one of curl's or wget's, on the same line.
fn is_of_a_client(source: &Source<'_>, at: usize) -> bool {
    let start = source.run_left(at, COMMAND_MAX, |byte| !matches!(byte, b'\n' | b';' | b'|'));
    let command = source.bytes().get(start..at).unwrap_or_default();
    [&b"curl"[..], b"wget"].iter().any(|client| memchr::memmem::find(command, client).is_some())
}

/// `admin:hunter22`, quoted or not. What stands behind a colon is certainly a password only where it is given to
/// a client; elsewhere two numbers or names may be whose a container's files are.
fn given_as_option(source: &Source<'_>, at: usize, is_of_a_client: bool) -> Look {
    let name = source.run_right(at, 1, |byte| matches!(byte, b'"' | b'\''));
    let is_part = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b':');
    let colon = source.run_right(name, OPTION_MAX, is_part);
    let start = colon + 1;
    let end = source.run_right(start, OPTION_MAX, |byte| is_part(byte) || byte == b':');
    let value = source.between(start, end);
    let has = |of: fn(char) -> bool| value.chars().any(of);
    let is_mixed = has(|c| c.is_alphabetic()) && has(|c| !c.is_alphabetic());
    let is_ours = colon > name
        && source.byte(colon) == Some(b':')
        && value.len() >= PASSWORD_MIN
        && !value.starts_with(['$', '<', '{', '*', '/'])
        && (is_mixed || is_of_a_client && value.len() >= PLAIN_PASSWORD_MIN);
    let found = Found { start, end, rule: "secret.basic", confidence: 0.93 };
    Look::maybe(is_ours.then_some(found), end.max(at + 1))
}

/// The `token68` of RFC 9110.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether the token is base64 of printable text with a colon in it.
fn is_user_and_password(token: &[u8]) -> bool {
    let is_padded = token.len() >= BASIC_MIN && token.len().is_multiple_of(4);
    let text = if is_padded { base64::decode(token) } else { None };
    text.is_some_and(|text| text.contains(&b':') && text.iter().all(|byte| *byte >= b' '))
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn credentials_are_found() {
        check(&format!("Authorization: Bearer ⟦{}⟧", noise(32)));
        check(&format!("-H 'authorization: bearer ⟦{}.{}⟧'", noise(12), noise(12)));
        check(&format!("Authorization: ApiKey ⟦{}⟧, authorization: ⟦{}⟧", noise(40), noise(40)));
        check(&format!("{{\"Authorization\": \"Token token=⟦{}⟧\"}}", noise(32)));
        check(
            "authorization: config.get_authorization_header(), Authorization: required for everything",
        );
        // Base64 of `aladdin:opensesame`.
        check(&format!("Authorization: Basic ⟦{}⟧", ["YWxhZGRpbjpv", "cGVuc2VzYW1l"].concat()));
    }

    #[test]
    fn a_token_is_found_whole_however_long_it_is() {
        check(&format!("Authorization: ApiKey ⟦{}⟧.", noise(2_000)));
        check(&format!("authorization=authorization: ⟦{}⟧", noise(40)));
    }

    #[test]
    fn a_line_end_may_stand_before_them_in_quoted_text() {
        let noise = noise(32);
        check(&format!(
            "{{\"msg\":\"Authorization: Bearer\\n  ⟦{noise}⟧\"}} bearer\\\\r\\\\n⟦{noise}⟧"
        ));
        check(&format!("Authorization:\tBearer\t⟦{noise}⟧"));
    }

    #[test]
    fn what_an_option_gives_is_found() {
        check("curl -u admin:⟦hunter22⟧ https://x.example; curl --user 'jo:⟦s3cret:pw⟧' x");
        check("curl -su x -u admin:⟦swordfish⟧ https://x.example | wget --user=jo:⟦12345678⟧");
        check("curl x; docker run -u 100000:100000 img; docker run -u someone:somegroup img");
        check("docker run -u 1000:1000 img; curl -u $USER:$PASS1 x; curl -u jo: x; sort -u a:b");
    }

    #[test]
    fn prose_is_not() {
        check(
            "the bearer of understandings, basic understanding, Basic research0 and forbearer abcdefghijkl12345678",
        );
    }
}

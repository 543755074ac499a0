//! URLs that carry a password: `postgres://user:password@host/db`.
//!
//! Of a web URL only the user info is claimed, since the kind `url` keeps its host; of any other,
//! the whole is, since hosts and names of databases help an intruder.

use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Before(b":", |byte| byte == b'/')], look);

const SCHEME_MAX: usize = 24;
const USER_INFO_MAX: usize = 512;
const WEB_SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

fn look(source: &Source<'_>, at: usize) -> Look {
    if !source.has(at, "://") {
        return Look::nothing(at + 1);
    }
    let start = source.run_left(at, SCHEME_MAX, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
    });
    let user = at + "://".len();
    let host = user_info_end(source, user).filter(|_| start < at);
    let Some(host) = host else { return Look::nothing(user) };
    let scheme = source.between(start, at);
    let is_web = WEB_SCHEMES.iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let (start, end) =
        if is_web { (user, host) } else { (start, source.run_right(host, usize::MAX, is_part)) };
    let end =
        source.run_left(end, end - host, |byte| matches!(byte, b'.' | b',' | b';' | b'!' | b')'));
    Look::maybe(Some(Found { start, end, rule: "secret.conn_url", confidence: 0.95 }), end)
}

/// Just after the `@` of `user:password@`, if both have text that is no placeholder.
fn user_info_end(source: &Source<'_>, start: usize) -> Option<usize> {
    let colon = source.run_right(start, USER_INFO_MAX, |byte| {
        is_part(byte) && !matches!(byte, b':' | b'/' | b'?' | b'#' | b'@')
    });
    if source.byte(colon) != Some(b':') {
        return None;
    }
    let end = source
        .run_right(colon + 1, USER_INFO_MAX, |byte| is_part(byte) && !matches!(byte, b'/' | b'@'));
    let password = source.bytes().get(colon + 1..end)?;
    let is_given = !password.is_empty() && !matches!(password[0], b'$' | b'{' | b'<' | b'*' | b'%');
    (is_given && source.byte(end) == Some(b'@')).then_some(end + 1)
}

fn is_part(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
        && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\')
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn urls_with_a_password_are_found() {
        let password = noise(12);
        check(&format!("DB=⟦postgres://app:{password}@db.internal:5432/app⟧"));
        check(&format!("\"⟦mongodb+srv://u:p%40{password}@cluster0.example.net/x?y=z⟧\","));
        check(&format!("⟦redis://:{password}@cache:6379⟧."));
        check(&format!("https://⟦jo:{password}@⟧example.com/x"));
    }

    #[test]
    fn urls_without_one_are_not() {
        check("postgres://db.internal:5432/app postgres://app@db/app https://example.com:80/@x");
        check("postgres://app:${PASSWORD}@db/app postgres://app:<password>@db/app");
    }
}

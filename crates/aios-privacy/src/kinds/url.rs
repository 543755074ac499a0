//! URLs: a known scheme and `://`, or `www.`.
//!
//! Every URL is a finding, also a bare one: a path names people and carries tokens as often as a
//! query does. What is kept is decided when it is masked: scheme, host and port stay, everything
//! else (user info, path, query, fragment) is `/[URL]`. A host that is itself personal, such as
//! an address, is found when the masked text is scanned again.

use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Url,
    &[Anchors::Before(b":", |byte| byte == b'/'), Anchors::Signs(ends_www)],
    look,
);

const fn ends_www(last_but_one: u8, last: u8) -> bool {
    last_but_one == b'w' & 31 && last == b'w' & 31
}

/// With the two that security reports write so that nobody follows them.
const SCHEMES: [&str; 18] = [
    "http", "https", "hxxp", "hxxps", "ftp", "ftps", "sftp", "ws", "wss", "ldap", "ldaps", "smb",
    "rtsp", "git", "ssh", "svn", "s3", "gs",
];

const SCHEME_MAX: usize = 8;
/// User info, host and port.
const AUTHORITY_MAX: usize = 512;
const WWW: &str = "www.";

fn look(source: &Source<'_>, at: usize) -> Look {
    let Some((start, authority)) = beginning(source, at) else { return Look::nothing(at + 1) };
    let Some(rest) = authority_end(source, authority) else {
        return Look::nothing(authority.max(at + 1));
    };
    let run = source.chars_right(rest, usize::MAX, is_url_char);
    let end = trimmed(source, start, rest, run);
    let is_masked = source.bytes().get(rest..end) == Some(b"/[URL]");
    let found = (!is_masked).then_some(Found { start, end, rule: "url.scheme", confidence: 0.97 });
    Look::maybe(found, run)
}

/// Pushes what may stay of a URL, `scheme://host:port/`; nothing if `url` does not begin as one.
pub(crate) fn keep_host(url: &str, kept: &mut String) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = host_of(rest.split(['/', '?', '#', '\\']).next().unwrap_or_default());
    let is_url = if scheme.is_empty() { is_www(host) } else { is_known(scheme) };
    let Some(length) = host_len(host).filter(|_| is_url) else { return };
    if !scheme.is_empty() {
        kept.push_str(scheme);
        kept.push_str("://");
    }
    kept.push_str(host.split_at(length).0);
    kept.push('/');
}

fn is_known(scheme: &str) -> bool {
    SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

/// Where the URL around this `:` or `.` begins, and where its authority does.
fn beginning(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    if source.byte(at) == Some(b'.') {
        let start = at.checked_sub(3).filter(|start| source.has_word(*start, WWW))?;
        let is_free = !source.before(start).is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/' | b'@' | b'_')
        });
        return is_free.then_some((start, start));
    }
    if !source.has(at, "://") {
        return None;
    }
    let start = source.run_left(at, SCHEME_MAX, |byte| byte.is_ascii_alphanumeric());
    // In quoted text, `\nhttp://` begins after the escape's letter.
    let is_escape = start < at && source.before(start) == Some(b'\\');
    let start = if is_escape { start + 1 } else { start };
    is_known(source.between(start, at)).then_some((start, at + 3))
}

/// Where the authority ends, if there is a host in it.
fn authority_end(source: &Source<'_>, start: usize) -> Option<usize> {
    let end = source
        .chars_right(start, AUTHORITY_MAX, |c| is_url_char(c) && !matches!(c, '/' | '?' | '#'));
    let host = host_of(source.between(start, end));
    Some(end - host.len() + host_len(host)?)
}

/// The authority without its user info.
fn host_of(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The length of `host:port` at the beginning of `text`; `None` if there is no host.
fn host_len(text: &str) -> Option<usize> {
    let name = if text.starts_with('[') {
        let close = text.find(']')?;
        let (literal, _) = text.split_at(close);
        literal.trim_start_matches('[').parse::<std::net::Ipv6Addr>().ok()?;
        close + 1
    } else {
        let n = text
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '%')))
            .unwrap_or(text.len());
        let name = text.split_at(n).0.trim_end_matches(['.', '-', '_', '%']);
        name.contains(char::is_alphanumeric).then_some(name.len())?
    };
    let (_, rest) = text.split_at(name);
    let port = rest
        .strip_prefix(':')
        .map_or(0, |port| port.bytes().take(5).take_while(u8::is_ascii_digit).count());
    Some(if port > 0 { name + 1 + port } else { name })
}

fn is_www(host: &str) -> bool {
    host.get(..WWW.len()).is_some_and(|head| head.eq_ignore_ascii_case(WWW))
}

/// Anything but blanks, controls, quotes and the punctuation of other scripts.
fn is_url_char(c: char) -> bool {
    match c {
        '"' | '<' | '>' | '`' | '\\' | '|' | '^' | '\u{a0}' | '«' | '»' => false,
        '\u{2000}'..='\u{206f}'
        | '\u{3000}'..='\u{303f}'
        | '\u{ff00}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff1f}' => false,
        c => !c.is_whitespace() && !c.is_control(),
    }
}

/// The end of the URL without the punctuation of the sentence around it. The bracket or quote that
/// opens right before the URL closes it; a closing bracket at the end stays if it has its partner.
fn trimmed(source: &Source<'_>, start: usize, rest: usize, run: usize) -> usize {
    let mut balance = Balance::default();
    let closer = source.before(start).and_then(closer_of);
    let mut end = rest;
    for byte in source.bytes().get(rest..run).unwrap_or_default() {
        if Some(*byte) == closer && balance.is_level(*byte) {
            break;
        }
        balance.add(*byte, 1);
        end += 1;
    }
    while end > rest {
        let Some(byte) = source.before(end) else { break };
        let is_loose =
            matches!(byte, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b'_' | b'~');
        if !is_loose && !balance.is_unmatched(byte) {
            break;
        }
        balance.add(byte, -1);
        end -= 1;
    }
    end
}

fn closer_of(opener: u8) -> Option<u8> {
    match opener {
        b'(' => Some(b')'),
        b'[' => Some(b']'),
        b'{' => Some(b'}'),
        b'\'' => Some(b'\''),
        _ => None,
    }
}

/// Opening less closing brackets of each shape.
#[derive(Default)]
struct Balance([i32; 3]);

impl Balance {
    fn add(&mut self, byte: u8, n: i32) {
        if let Some((shape, sign)) = shape_of(byte) {
            self.0[shape] += sign * n;
        }
    }

    /// Whether a closing `byte` here has no partner inside the URL. Quotes never have.
    fn is_level(&self, byte: u8) -> bool {
        shape_of(byte).is_none_or(|(shape, _)| self.0[shape] <= 0)
    }

    /// Whether `byte`, the last, is a bracket without its partner.
    fn is_unmatched(&self, byte: u8) -> bool {
        shape_of(byte).is_some_and(|(shape, sign)| self.0[shape] * sign > 0)
    }
}

fn shape_of(byte: u8) -> Option<(usize, i32)> {
    match byte {
        b'(' => Some((0, 1)),
        b')' => Some((0, -1)),
        b'[' => Some((1, 1)),
        b']' => Some((1, -1)),
        b'{' => Some((2, 1)),
        b'}' => Some((2, -1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redactor::Redactor;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Url, marked);
    }

    fn check_masked(text: &str, expect: &str) {
        let redactor = Redactor::new(&[PiiKind::Url]);
        let redacted = redactor.redact(text);
        assert_eq!(redacted.text.as_str(), expect);
        assert_eq!(redactor.scan(expect), []);
    }

    #[test]
    fn urls_end_where_their_sentence_goes_on() {
        check("see ⟦https://example.com/a/b?c=d#e⟧, (⟦http://x.io/y⟧) and ⟦ftp://h/f.txt⟧.");
        check("[text](⟦https://example.com/a_(b)⟧) <⟦https://example.com⟧> '⟦https://x.io/y⟧',z");
        check("{\"u\":\"⟦https://example.com/x⟧\\n\"} ⟦https://example.com/wiki/A_(b)⟧?");
        check("⟦www.example.com/x⟧ ⟦http://[2a02::1]:80/x⟧ 见⟦https://例子.公司/路⟧。");
        check("(see ⟦https://example.com/x⟧).");
    }

    #[test]
    fn code_files_and_bare_names_are_no_urls() {
        check(
            "os.path a.b() example.com std::fs foo://bar http:// https://... main.rs://x awww.x \\://x",
        );
    }

    #[test]
    fn masking_keeps_scheme_host_and_port() {
        check_masked(
            "https://jo:pw@example.com:8443/a?token=1#f!",
            "https://example.com:8443/[URL]!",
        );
        check_masked("(https://example.com/a)", "(https://example.com/[URL])");
        check_masked("http://localhost", "http://localhost/[URL]");
        check_masked("www.example.com?q=1", "www.example.com/[URL]");
    }

    #[test]
    fn more_after_a_mask_is_masked_too() {
        check_masked("https://example.com/[URL]?token=1", "https://example.com/[URL]");
    }
}

//! E-mail addresses, looked at from the `@` (RFC 5321 lengths, RFC 6531 letters of any script).
//!
//! Scripts written without blanks run into an address that stands in a sentence. Where a name mixes
//! such a script with ASCII, the ASCII side is the address.

use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(PiiKind::Email, &[Anchors::Bytes(b"@")], look);

const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;

/// Endings of files that are named like addresses, as in `icon@2x.png`.
const FILE_ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "gif", "webp", "svg", "js", "css", "ts"];

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = domain_end(source, at + 1).and_then(|end| {
        let start = quoted_start(source, at).or_else(|| local_start(source, at))?;
        (!is_remote(source, start, at, end)).then_some(Found {
            start,
            end,
            rule: "email.address",
            confidence: 0.98,
        })
    });
    Look::maybe(found, at + 1)
}

/// Where a name such as `jo.doe+news` before the `@` begins.
fn local_start(source: &Source<'_>, at: usize) -> Option<usize> {
    let is_part = |c: char| {
        is_letter(c)
            || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '&' | '!' | '#' | '~' | '*' | '$')
    };
    let run = source.chars_left(at, LOCAL_MAX, is_part);
    let run = after_unspaced_script(source, run, at);
    let start = source.chars_right(run, LOCAL_MAX, |c| !is_letter(c) && c != '_' && c != '+');
    let start = after_escape(source, start);
    (start < at).then_some(start)
}

/// Where a quoted name such as `"jo doe"` before the `@` begins.
fn quoted_start(source: &Source<'_>, at: usize) -> Option<usize> {
    let close = at.checked_sub(1).filter(|i| source.byte(*i) == Some(b'"'))?;
    let inner = source.run_left(close, LOCAL_MAX, |byte| byte != b'"' && !byte.is_ascii_control());
    (inner < close && source.before(inner) == Some(b'"')).then(|| inner - 1)
}

/// Where the domain after the `@` ends: labels, at least two, the last of letters.
fn domain_end(source: &Source<'_>, start: usize) -> Option<usize> {
    if source.byte(start) == Some(b'[') {
        return literal_end(source, start);
    }
    let run = source.chars_right(start, DOMAIN_MAX, |c| is_letter(c) || matches!(c, '.' | '-'));
    let run = before_unspaced_script(source, start, run);
    let end = source.run_left(run, run - start, |byte| matches!(byte, b'.' | b'-'));
    let domain = source.between(start, end);
    let (host, last) = domain.rsplit_once('.')?;
    let labels_fit = domain
        .split('.')
        .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    (labels_fit && is_top_level(last) && !is_file_or_version(host, last)).then_some(end)
}

/// Where a literal address such as `[81.2.69.142]` or `[IPv6:2a02::1]` ends.
fn literal_end(source: &Source<'_>, start: usize) -> Option<usize> {
    let end = source.run_right(start + 1, 45, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':')
    });
    let is_host = source.between(start + 1, end).contains(['.', ':']);
    (is_host && source.byte(end) == Some(b']')).then_some(end + 1)
}

fn is_top_level(label: &str) -> bool {
    let is_coded = label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("xn--"));
    label.chars().nth(1).is_some()
        && (is_coded || !label.contains(|c: char| c.is_ascii_digit() || c == '-'))
}

/// `icon@2x.png` is a file and `left-pad@1.3.0-rc.beta` a version.
fn is_file_or_version(host: &str, last: &str) -> bool {
    let first = host.split('.').next().unwrap_or_default();
    let is_scale =
        first.len() == 2 && first.ends_with('x') && first.starts_with(|c: char| c.is_ascii_digit());
    let is_file = FILE_ENDINGS.iter().any(|ending| ending.eq_ignore_ascii_case(last));
    let n_numbers =
        host.split('.').take_while(|label| label.bytes().all(|byte| byte.is_ascii_digit())).count();
    (is_scale && is_file) || n_numbers >= 2
}

/// `git@host:path` names a repository, not a person.
fn is_remote(source: &Source<'_>, start: usize, at: usize, end: usize) -> bool {
    let follows_path = source.byte(end) == Some(b':')
        && source.byte(end + 1).is_some_and(|byte| byte.is_ascii_alphanumeric());
    at - start == 3 && source.has_word(start, "git") && follows_path
}

/// In quoted text, `\njo@example.com` begins after the escape's letter.
fn after_escape(source: &Source<'_>, start: usize) -> usize {
    let is_escape = source.before(start) == Some(b'\\')
        && matches!(source.byte(start), Some(b'n' | b'r' | b't'));
    if is_escape { start + 1 } else { start }
}

fn after_unspaced_script(source: &Source<'_>, start: usize, end: usize) -> usize {
    let local = source.between(start, end);
    if !local.ends_with(|c: char| c.is_ascii()) || local.is_ascii() {
        return start;
    }
    local
        .char_indices()
        .rfind(|(_, c)| is_unspaced(*c))
        .map_or(start, |(i, c)| start + i + c.len_utf8())
}

/// Where a script without blanks goes on after a letter of another.
fn before_unspaced_script(source: &Source<'_>, start: usize, end: usize) -> usize {
    let mut before = '.';
    for (i, c) in source.between(start, end).char_indices() {
        if is_unspaced(c) && before.is_alphanumeric() && !is_unspaced(before) {
            return start + i;
        }
        before = c;
    }
    end
}

/// Letters and digits of any script, with the marks that Indic, Arabic and Hebrew words need.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

/// Scripts written without blanks between words: Thai, Han, kana, and Hangul, whose particles stick.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3134f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Email, marked);
    }

    #[test]
    fn addresses_are_found_in_sentences_and_code() {
        check("write to ⟦jo.doe+news@example.co.uk⟧, or <⟦JO_D@EXAMPLE.COM⟧>.");
        check("mailto:⟦jo@example.com⟧?subject=x and {\"to\":\"⟦a-b@x.io⟧\"} '⟦jo@x.org⟧'");
        check("email=⟦jo@example.com⟧; \\n⟦jo@example.com⟧");
        check("⟦\"jo doe\"@example.com⟧ and ⟦jo@[81.2.69.142]⟧, ⟦jo@[IPv6:2a02::1]⟧");
    }

    #[test]
    fn names_and_domains_may_be_of_any_script() {
        check("⟦josé@correo.example⟧ ⟦иван@пример.рф⟧ ⟦संपर्क@उदाहरण.भारत⟧ ⟦用户@例子.公司⟧");
        check(
            "请联系⟦jo@example.com⟧谢谢, ⟦gül@şirket.com.tr⟧まで, ⟦jo@example.公司⟧ ⟦иван@пример.рф⟧さん",
        );
        check("⟦jo@xn--bcher-kva.xn--p1ai⟧");
    }

    #[test]
    fn decorators_files_versions_and_remotes_are_no_addresses() {
        check("@property user@host @@ a@ @b.com icon@2x.png left-pad@1.3.0 pkg@1.3.0-rc.beta");
        check(
            "array@[1] git@example.com:team/repo.git actions/checkout@v4.1 x@.com x@y..com x@y.c",
        );
    }
}

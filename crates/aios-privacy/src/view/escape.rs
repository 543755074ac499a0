//! Escapes of JSON and source text, of URLs, of HTML and of mail; each may be escaped again.

use super::Form;

/// Backslashes before one escape: each JSON around another doubles them, so this is four deep.
const BACKSLASHES_MAX: usize = 31;
/// How often a percent sign may be escaped itself.
const DEPTH_MAX: usize = 4;

/// Names of characters that stand in values.
const ENTITIES: [(&[u8], char); 12] = [
    (b"commat;", '@'),
    (b"period;", '.'),
    (b"nbsp;", ' '),
    (b"colon;", ':'),
    (b"sol;", '/'),
    (b"lowbar;", '_'),
    (b"hyphen;", '-'),
    (b"dash;", '-'),
    (b"plus;", '+'),
    (b"quot;", '"'),
    (b"apos;", '\''),
    (b"amp;", '&'),
];

/// Whether an escape here can hide a value. Line ends, quotes and ampersands cannot: detectors
/// know them as they are.
pub(super) fn is_telling(bytes: &[u8], at: usize) -> bool {
    let next = bytes.get(at + 1);
    let is_cheap = match bytes[at] {
        b'\\' => matches!(next, Some(b'u' | b'x' | b'/' | b'\\')),
        b'%' => next.is_some_and(u8::is_ascii_hexdigit),
        b'=' => true,
        _ => next.is_some_and(|next| *next == b'#' || next.is_ascii_lowercase()),
    };
    let form = if is_cheap { read(bytes, at) } else { None };
    form.is_some_and(|form| {
        !matches!(form.stands_for, Some('\n' | '\r' | '\t' | '"' | '\'' | '&' | '\\'))
    })
}

/// The escape at `at`, if one is.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Form> {
    let rest = bytes.get(at..)?;
    match rest.first()? {
        b'\\' => backslash(rest),
        b'%' => percent(rest),
        b'&' => entity(rest),
        b'=' => quoted_printable(rest),
        _ => None,
    }
}

/// The `=40` of RFC 2045 that makes an address, before a letter. In `card=4012…` it is none, and other
/// signs so written are more often values than escapes.
fn quoted_printable(rest: &[u8]) -> Option<Form> {
    let is_sign = rest.starts_with(b"=40") && rest.get(3).is_some_and(u8::is_ascii_alphabetic);
    is_sign.then_some(Form { stands_for: Some('@'), len: 3 })
}

fn backslash(rest: &[u8]) -> Option<Form> {
    let n = rest.iter().take(BACKSLASHES_MAX).take_while(|byte| **byte == b'\\').count();
    let simple = |c| Some(Form { stands_for: Some(c), len: n + 1 });
    match rest.get(n)? {
        b'u' => unicode(rest, n),
        b'x' => {
            let code = hex(rest.get(n + 1..n + 3)?)?;
            let c = char::from_u32(code).filter(char::is_ascii)?;
            Some(Form { stands_for: Some(c), len: n + 3 })
        }
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'/' => simple('/'),
        b'"' => simple('"'),
        _ => None,
    }
}

/// `\uXXXX`, or two of them for a character beyond 16 bits. A half of such a pair stands for nothing.
fn unicode(rest: &[u8], n: usize) -> Option<Form> {
    let len = n + 5;
    let code = hex(rest.get(n + 1..len)?)?;
    if !(0xd800..0xe000).contains(&code) {
        return Some(Form { stands_for: char::from_u32(code), len });
    }
    let low = rest.get(len..2 * len).filter(|low| low.get(..=n) == rest.get(..=n));
    let low =
        low.and_then(|low| hex(low.get(n + 1..)?)).filter(|low| (0xdc00..0xe000).contains(low));
    match low {
        Some(low) if code < 0xdc00 => {
            let c = char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
            Some(Form { stands_for: c, len: 2 * len })
        }
        _ => Some(Form { stands_for: Some(char::REPLACEMENT_CHARACTER), len }),
    }
}

/// `%40`, also as `%2540`. Only what stands for printable ASCII: other bytes are parts of characters.
fn percent(rest: &[u8]) -> Option<Form> {
    let mut at = 1;
    for _ in 0..DEPTH_MAX {
        let is_nested = rest.get(at..at + 2) == Some(b"25")
            && rest.get(at + 2..at + 4).is_some_and(|code| hex(code).is_some());
        if !is_nested {
            break;
        }
        at += 2;
    }
    let code = hex(rest.get(at..at + 2)?)?;
    let c = char::from_u32(code).filter(|c| matches!(c, ' '..='~'))?;
    Some(Form { stands_for: Some(c), len: at + 2 })
}

/// `&#64;`, `&#x40;` and `&commat;`, also with the ampersand as `&amp;`.
fn entity(rest: &[u8]) -> Option<Form> {
    let amp = b"&amp;";
    let is_nested = rest.starts_with(amp)
        && rest.get(amp.len()).is_some_and(|next| *next == b'#' || next.is_ascii_lowercase());
    let nested = is_nested.then(|| entity_after(rest, amp.len())).flatten();
    nested.or_else(|| entity_after(rest, 1))
}

fn entity_after(rest: &[u8], start: usize) -> Option<Form> {
    let name = rest.get(start..)?;
    if let Some(number) = name.strip_prefix(b"#") {
        let end = number.iter().take(9).position(|byte| *byte == b';')?;
        let digits = std::str::from_utf8(number.get(..end)?).ok()?;
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let c = char::from_u32(code.ok()?)?;
        return Some(Form { stands_for: Some(c), len: start + "#".len() + end + ";".len() });
    }
    let (known, c) = ENTITIES.iter().find(|(known, _)| name.starts_with(known))?;
    Some(Form { stands_for: Some(*c), len: start + known.len() })
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u32::from_str_radix(text, 16).ok()
}

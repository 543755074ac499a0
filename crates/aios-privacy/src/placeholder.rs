//! Placeholders that can be undone: `<EMAIL_7QK2>` stands for an address while a text is elsewhere.
//!
//! The tag is a keyed hash of kind and value under the conversation's key, so that a value has one
//! name in all turns of a conversation and another in every other; without the key it tells nothing.
//! The values themselves are kept in a [`Vault`], which the caller keeps sealed and erases with the
//! conversation.
//!
//! A model does not copy what it is given to the letter. So a placeholder is known in any case, with
//! blanks or escapes of Markdown and HTML in it. Text of the user that looks like one is escaped on
//! its way out, and comes back as it was.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::kind::PiiKind;
use crate::pseudonym::KeyMaterial;
use crate::redactor::Redactor;

/// Digits and letters without those that are taken for others (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters of a tag; two values of one tag get more.
const TAG_MIN: usize = 4;
const TAG_MAX: usize = 16;

/// The longest placeholder, as a model may write it.
const LENGTH_MAX: usize = 64;

/// From this length on, more text does not change whether a placeholder begins there.
const SPAN_MAX: usize = LENGTH_MAX + 4;

/// How a placeholder begins, as such and in HTML.
const OPENINGS: [&str; 2] = ["<", "&lt;"];

/// Begins an escaped placeholder of the user's own: `<=EMAIL_7QK2>`.
const ESCAPE: char = '=';

/// The values of one conversation, by tag.
pub struct Vault {
    key: KeyMaterial,
    values: BTreeMap<String, (PiiKind, String)>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("n_values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// An empty vault under a conversation's key.
    #[must_use]
    pub fn new(key: &KeyMaterial) -> Self {
        Self { key: key.derive("aios/placeholder"), values: BTreeMap::new() }
    }

    /// The text with a placeholder for every finding.
    #[must_use]
    pub fn hide(&mut self, redactor: &Redactor, text: &str) -> String {
        self.hide_kinds(redactor, text, |_| true)
    }

    /// The same for findings of some kinds.
    pub(crate) fn hide_kinds(
        &mut self,
        redactor: &Redactor,
        text: &str,
        is_hidden: impl Fn(PiiKind) -> bool,
    ) -> String {
        let mut hidden = String::with_capacity(text.len());
        let mut from = 0;
        for finding in redactor.scan(text).into_iter().filter(|one| is_hidden(one.kind)) {
            push_escaped(text.get(from..finding.start).unwrap_or_default(), &mut hidden);
            let value = text.get(finding.start..finding.end).unwrap_or_default();
            let tag = self.tag(finding.kind, value);
            hidden.push_str(&format!("<{}_{tag}>", name_of(finding.kind)));
            from = finding.end;
        }
        push_escaped(text.get(from..).unwrap_or_default(), &mut hidden);
        hidden
    }

    /// The text with the values in place of their placeholders. Those of others stay as they are.
    #[must_use]
    pub fn restore(&self, text: &str) -> String {
        self.restore_part(text, Within::Text, true).0
    }

    /// The same in JSON that is a text, such as what a tool is called with.
    #[must_use]
    pub fn restore_in_json(&self, text: &str) -> String {
        self.restore_part(text, Within::Json, true).0
    }

    /// The same for the beginning of a text that goes on unless it `is_last`: also tells how much of it
    /// was taken. What is left may be the beginning of a placeholder.
    pub(crate) fn restore_part(
        &self,
        text: &str,
        within: Within,
        is_last: bool,
    ) -> (String, usize) {
        let mut restored = String::with_capacity(text.len());
        let mut from = 0;
        for (at, _) in text.match_indices(['<', '&']) {
            if at < from {
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            let Some(seen) = Placeholder::read(rest) else {
                if !is_last && rest.len() < SPAN_MAX {
                    restored.push_str(text.get(from..at).unwrap_or_default());
                    return (restored, at);
                }
                continue;
            };
            let stands_for = match seen.n_escapes {
                0 => self.value(&seen).map(|value| within.spelled(value)),
                _ => rest.get(..seen.len).map(|own| own.replacen(ESCAPE, "", 1)),
            };
            if let Some(value) = stands_for {
                restored.push_str(text.get(from..at).unwrap_or_default());
                restored.push_str(&value);
                from = at + seen.len;
            }
        }
        restored.push_str(text.get(from..).unwrap_or_default());
        (restored, text.len())
    }

    /// The text with one more escape in what looks like a placeholder; `None` if nothing does.
    pub(crate) fn escape(text: &str) -> Option<String> {
        memchr::memchr2(b'<', b'&', text.as_bytes())?;
        let mut escaped = String::with_capacity(text.len());
        push_escaped(text, &mut escaped);
        (escaped.len() > text.len()).then_some(escaped)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn value(&self, seen: &Placeholder) -> Option<&str> {
        let (kind, value) = self.values.get(&seen.tag)?;
        (name_of(*kind) == seen.name).then_some(value.as_str())
    }

    /// The value's tag, a longer one where another value has the short one.
    fn tag(&mut self, kind: PiiKind, value: &str) -> String {
        let letters = letters(&self.key, kind, value);
        for length in TAG_MIN..=TAG_MAX {
            let tag = letters.get(..length).unwrap_or(&letters).to_owned();
            match self.values.get(&tag) {
                Some(known) if *known == (kind, value.to_owned()) => return tag,
                Some(_) => {}
                None => {
                    self.values.insert(tag.clone(), (kind, value.to_owned()));
                    return tag;
                }
            }
        }
        letters
    }
}

/// What a placeholder stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Text for people.
    Text,
    /// JSON that is a text: a value in it is part of a string.
    Json,
}

impl Within {
    fn spelled(self, value: &str) -> String {
        match self {
            Self::Text => value.to_owned(),
            Self::Json => value.chars().map(escaped_in_json).collect(),
        }
    }
}

fn escaped_in_json(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        _ if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    }
}

/// A placeholder as it was read.
struct Placeholder {
    n_escapes: usize,
    name: String,
    tag: String,
    /// Bytes of the text that it takes.
    len: usize,
}

impl Placeholder {
    /// Reads a placeholder at the beginning of `text`, however it is spelled.
    fn read(text: &str) -> Option<Self> {
        let open = OPENINGS.into_iter().find(|open| text.starts_with(open))?;
        let window = text.get(..text.floor_char_boundary(LENGTH_MAX)).unwrap_or_default();
        let inner = window.get(open.len()..)?;
        let end = inner.find(['>', '&', '<'])?;
        let close = [">", "&gt;"]
            .into_iter()
            .find(|close| inner.get(end..).is_some_and(|rest| rest.starts_with(close)))?;
        let letters: String =
            inner.get(..end)?.chars().filter(|c| !matches!(c, ' ' | '\\' | '*' | '`')).collect();
        let n_escapes = letters.chars().take_while(|c| *c == ESCAPE).count();
        let letters = letters.trim_start_matches(ESCAPE).to_ascii_uppercase();
        let (name, tag) = letters.rsplit_once('_')?;
        let is_kind = PiiKind::ALL.into_iter().any(|kind| name_of(kind) == name);
        let is_tag = (TAG_MIN..=TAG_MAX).contains(&tag.len())
            && tag.bytes().all(|byte| ALPHABET.contains(&byte));
        (is_kind && is_tag).then(|| Self {
            n_escapes,
            name: name.to_owned(),
            tag: tag.to_owned(),
            len: open.len() + end + close.len(),
        })
    }
}

/// Pushes text of the user's own, with one more escape in what looks like a placeholder.
fn push_escaped(text: &str, hidden: &mut String) {
    let mut from = 0;
    for (at, _) in text.match_indices(['<', '&']) {
        let rest = text.get(at..).unwrap_or_default();
        let open = OPENINGS.into_iter().find(|open| rest.starts_with(open));
        if let Some(open) = open.filter(|_| Placeholder::read(rest).is_some()) {
            hidden.push_str(text.get(from..at + open.len()).unwrap_or_default());
            hidden.push(ESCAPE);
            from = at + open.len();
        }
    }
    hidden.push_str(text.get(from..).unwrap_or_default());
}

/// The kind's name in a placeholder: that of its mask.
fn name_of(kind: PiiKind) -> &'static str {
    kind.mask().trim_matches(['[', ']'])
}

/// A keyed hash of kind and value in letters.
fn letters(key: &KeyMaterial, kind: PiiKind, value: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    mac.update(kind.name().as_bytes());
    mac.update(&[0]);
    mac.update(value.as_bytes());
    let hash = mac.finalize().into_bytes();
    hash.iter().take(TAG_MAX).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    fn vault() -> Vault {
        Vault::new(&KeyMaterial::new([7; 32]))
    }

    #[test]
    fn a_value_has_one_name_in_a_conversation_and_another_in_others() {
        let (redactor, mut vault) = (Redactor::default(), vault());
        let first = vault.hide(&redactor, "mail jo@example.com");
        let later = vault.hide(&redactor, "jo@example.com, yes, and li@example.com");
        let tag = first.trim_start_matches("mail <EMAIL_").trim_end_matches('>');
        assert!(tag.len() == 4 && later.starts_with(&format!("<EMAIL_{tag}>")), "{first} {later}");
        assert_eq!((vault.len(), later.contains("li@")), (2, false));
        let mut other = Vault::new(&KeyMaterial::new([8; 32]));
        assert_ne!(other.hide(&redactor, "mail jo@example.com"), first);
        assert_eq!(other.restore(&later), later, "the tags of others are not restored");
    }

    #[test]
    fn placeholders_are_known_however_a_model_writes_them() {
        let (redactor, mut vault) = (Redactor::default(), vault());
        let hidden = vault.hide(&redactor, "jo@example.com");
        let inner = hidden.trim_matches(['<', '>']);
        for written in [
            format!("Hi {hidden}!"),
            format!("Hi {}!", hidden.to_lowercase()),
            format!("Hi < {inner} >!"),
            format!("Hi <{}>!", inner.replace('_', "\\_")),
            format!("Hi &lt;{inner}&gt;!"),
        ] {
            assert_eq!(vault.restore(&written), "Hi jo@example.com!", "{written}");
        }
        assert_eq!(
            vault.restore("<b> a < b && c <EMAIL_ZZZZ> <PHONE_>"),
            "<b> a < b && c <EMAIL_ZZZZ> <PHONE_>"
        );
    }

    #[test]
    fn a_value_in_json_is_escaped() {
        let mut vault = vault();
        let tag = vault.tag(PiiKind::Secret, "a\"b\\c\né");
        let json = vault.restore_in_json(&format!(r#"{{"a":"<SECRET_{tag}>"}}"#));
        assert_eq!(json, r#"{"a":"a\"b\\c\u000aé"}"#);
    }

    #[test]
    fn what_only_looks_like_a_placeholder_comes_back_as_it_was() {
        let (redactor, mut vault) = (Redactor::default(), vault());
        let hidden = vault.hide(&redactor, "jo@example.com");
        let text = format!("is {hidden} or <={hidden}> or <=EMAIL_7QK2> mine?");
        let out = vault.hide(&redactor, &text);
        assert!(!out.contains(&format!("is {hidden}")), "{out}");
        assert_eq!(vault.restore(&out), text);
    }

    #[test]
    fn two_values_of_one_tag_are_told_apart() {
        let mut vault = vault();
        let taken = letters(&vault.key, PiiKind::Email, "b");
        let short = taken.get(..TAG_MIN).unwrap().to_owned();
        vault.values.insert(short.clone(), (PiiKind::Email, "a".to_owned()));
        let tag = vault.tag(PiiKind::Email, "b");
        assert_eq!((tag.len(), tag.starts_with(&short)), (TAG_MIN + 1, true));
    }

    proptest! {
        #[test]
        fn hiding_can_be_undone(seed: u64, extra in proptest::sample::select(vec!["", "<EMAIL_7QK2>", "<=PHONE_0000>", "&lt;", "<", "&lt;URL_AAAA&gt;", "<EMAIL_7QK2"])) {
            let (redactor, mut vault) = (Redactor::default(), vault());
            let text = format!("{}{extra}{}", corpus::sample(seed).text, extra);
            let hidden = vault.hide(&redactor, &text);
            prop_assert_eq!(vault.restore(&hidden), text);
        }
    }
}

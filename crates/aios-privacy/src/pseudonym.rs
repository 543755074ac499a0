//! Keyed pseudonyms: what is stored in place of a caller's ids.
//!
//! HMAC-SHA-256 over a domain and the exact id bytes, cut to 128 bits. A plain hash of an id can be
//! guessed (all ten-digit phone numbers in minutes); a keyed one cannot without the key, and 128 bits
//! make two ids meet by chance only past 10^18 of them. A pseudonym is still personal data.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// 256 bits of key, read from a key file. `Debug` prints `[key]`.
#[derive(Clone)]
pub struct KeyMaterial([u8; 32]);

impl KeyMaterial {
    /// Takes 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one purpose, so that a pseudonym of one domain says nothing in another.
    #[must_use]
    pub fn derive(&self, domain: &str) -> Self {
        Self(mac(keyed(&self.0), &[b"aios/derive", domain.as_bytes()]))
    }

    /// The key bytes, for keyed hashes outside this crate (the bucket hash).
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// What a derived key is for. A tag made in one domain says nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Pseudonyms of conversations.
    Conversation,
    /// Pseudonyms of conversations that an old log knew by an unkeyed hash.
    LegacyConversation,
    /// Pseudonyms of people and client keys.
    Subject,
    /// Tags in the audit trail.
    Audit,
    /// Keys of caches.
    Cache,
}

impl Domain {
    /// Every domain.
    pub const ALL: [Self; 5] =
        [Self::Conversation, Self::LegacyConversation, Self::Subject, Self::Audit, Self::Cache];

    /// What is hashed into the derived key. Changing one makes stored pseudonyms match no more.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Conversation => "conv",
            Self::LegacyConversation => "conv/legacy",
            Self::Subject => "subject",
            Self::Audit => "audit",
            Self::Cache => "cache",
        }
    }
}

/// What is stored in place of a caller's id: `c1_` or `s1_` (key version 1) and 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym(String);

/// The text is not a pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a pseudonym: expected c<version>_ or s<version>_ and 32 hexadecimal digits")]
pub struct PseudonymError;

impl Pseudonym {
    /// Reads a pseudonym that AIOS printed. Only the command line and the log reader accept one.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, PseudonymError> {
        let (head, digits) = text.split_once('_').ok_or(PseudonymError)?;
        let version = head.strip_prefix(['c', 's']).ok_or(PseudonymError)?;
        let is_number = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
        let version_ok = is_number && version.parse::<u16>().is_ok();
        let digits_ok = digits.len() == 32
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if version_ok && digits_ok { Ok(Self(text.to_owned())) } else { Err(PseudonymError) }
    }

    /// The printed form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version of the key it was made under.
    #[must_use]
    pub fn version(&self) -> u16 {
        let head = self.0.split_once('_').map_or("", |(head, _)| head);
        let version = head.get(1..).and_then(|digits| digits.parse().ok());
        version.expect("only texts with a version become pseudonyms")
    }

    /// Whether it stands for a conversation; else for a subject.
    #[must_use]
    pub fn is_conversation(&self) -> bool {
        self.0.starts_with('c')
    }

    /// Stands in for a conversation that was erased while one of its requests was under way: it has no
    /// version that could be a key's, and no digits.
    #[must_use]
    pub fn erased() -> Self {
        Self(format!("c{}_{}", u16::MAX, "0".repeat(32)))
    }
}

impl Pseudonym {
    /// Whether it is the mark of what was erased while it was under way.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        *self == Self::erased()
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = PseudonymError;

    fn try_from(text: String) -> Result<Self, PseudonymError> {
        Self::parse(&text)
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.0
    }
}

/// What logs of schema 1.0 hold in place of a conversation's id: sixteen hexadecimal digits of an unkeyed
/// hash. Only for finding what was taken over from such a log.
#[must_use]
pub fn legacy_conversation(id: &str) -> String {
    let digest = <Sha256 as sha2::Digest>::digest(format!("aios_conv:{id}"));
    digest.iter().take(8).fold(String::from("hashed_"), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether a text is such a hash.
#[must_use]
pub fn is_legacy_conversation(text: &str) -> bool {
    let digits = text.strip_prefix("hashed_").unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Makes pseudonyms under one key version.
#[derive(Clone)]
pub struct Pseudonymizer {
    version: u16,
    /// With the key taken in already, which is half the work of a short message.
    conversation: Hmac<Sha256>,
    legacy_conversation: Hmac<Sha256>,
    subject: Hmac<Sha256>,
}

impl std::fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonymizer").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Pseudonymizer {
    /// Derives the domains' keys from the deployment's key of `version`.
    #[must_use]
    pub fn new(version: u16, key: &KeyMaterial) -> Self {
        Self {
            version,
            conversation: keyed(&key.derive(Domain::Conversation.label()).0),
            legacy_conversation: keyed(&key.derive(Domain::LegacyConversation.label()).0),
            subject: keyed(&key.derive(Domain::Subject.label()).0),
        }
    }

    /// The version of the key.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// Pseudonym of a conversation. `parts` are hashed with their lengths, so `["a","bc"]` and
    /// `["ab","c"]` differ; an id that already looks like a pseudonym is hashed like any other.
    #[must_use]
    pub fn conversation(&self, parts: &[&[u8]]) -> Pseudonym {
        self.make('c', &self.conversation, parts)
    }

    /// Pseudonym of a conversation of a log of schema 1.0, by the hash that stands there. Whatever id an
    /// application sends, it is none of these.
    #[must_use]
    pub fn legacy_conversation(&self, hashed: &str) -> Pseudonym {
        self.make('c', &self.legacy_conversation, &[hashed.as_bytes()])
    }

    /// Pseudonym of the person or key behind a request.
    #[must_use]
    pub fn subject(&self, parts: &[&[u8]]) -> Pseudonym {
        self.make('s', &self.subject, parts)
    }

    /// The key of a conversation's placeholders. Three parts make no pseudonym, so that none tells of it.
    #[must_use]
    pub fn placeholder_key(&self, conversation: &Pseudonym) -> KeyMaterial {
        let parts: [&[u8]; 3] = [b"aios/placeholder", conversation.as_str().as_bytes(), b""];
        KeyMaterial(mac(self.conversation.clone(), &parts))
    }

    fn make(&self, prefix: char, key: &Hmac<Sha256>, parts: &[&[u8]]) -> Pseudonym {
        let tag = mac(key.clone(), parts);
        Pseudonym(format!("{prefix}{}_{}", self.version, hex(&tag[..16])))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn mac(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_old_logs_are_made_as_they_were() {
        let hashed = legacy_conversation("alice");
        assert_eq!(hashed, "hashed_2861d11416899caa");
        assert!(is_legacy_conversation(&hashed));
        for other in ["alice", "hashed_", "hashed_2861d11416899ca", "hashed_2861D11416899CAA"] {
            assert!(!is_legacy_conversation(other), "{other}");
        }
    }

    #[test]
    fn nobody_joins_an_old_conversation_by_sending_its_hash() {
        let (one, hashed) = (pseudonymizer(1), legacy_conversation("alice"));
        let old = one.legacy_conversation(&hashed);
        for parts in [&[&b""[..], hashed.as_bytes()][..], &[hashed.as_bytes()]] {
            assert_ne!(one.conversation(parts), old);
        }
    }

    fn pseudonymizer(byte: u8) -> Pseudonymizer {
        Pseudonymizer::new(1, &KeyMaterial::new([byte; 32]))
    }

    #[test]
    fn a_pseudonym_is_stable_keyed_and_separated_by_domain() {
        let id = pseudonymizer(1).conversation(&[b"chat-1"]);
        assert_eq!(id, pseudonymizer(1).conversation(&[b"chat-1"]));
        assert_ne!(id, pseudonymizer(2).conversation(&[b"chat-1"]));
        let subject = pseudonymizer(1).subject(&[b"chat-1"]);
        assert_ne!(id.as_str().rsplit('_').next(), subject.as_str().rsplit('_').next());
        assert_eq!(Pseudonym::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn parts_are_hashed_with_their_lengths() {
        let one = pseudonymizer(1).conversation(&[b"a", b"bc"]);
        assert_ne!(one, pseudonymizer(1).conversation(&[b"ab", b"c"]));
    }

    #[test]
    fn a_hashed_looking_id_is_hashed_like_any_other() {
        let forged = pseudonymizer(1).conversation(&[b"x"]);
        assert_ne!(pseudonymizer(1).conversation(&[forged.as_str().as_bytes()]), forged);
    }

    #[test]
    fn only_the_printed_form_parses() {
        let of_version = |version: &str| format!("c{version}_{}", "0".repeat(32));
        let strange = ["", "0", "01", "+1", "65536", "99999999999"].map(of_version);
        let others = ["", "c1_", "hashed_0011", "x1_00"].map(str::to_owned);
        for text in strange.iter().chain(&others) {
            assert_eq!(Pseudonym::parse(text), Err(PseudonymError), "{text}");
        }
    }

    #[test]
    fn a_pseudonym_tells_its_kind_and_key() {
        let key = KeyMaterial::new([3; 32]);
        let id = Pseudonymizer::new(12, &key).subject(&[b"ann"]);
        assert_eq!((id.version(), id.is_conversation()), (12, false));
        let erased = Pseudonym::erased();
        assert_eq!(Pseudonym::parse(erased.as_str()), Ok(erased.clone()));
        assert!(erased.is_conversation());
    }

    #[test]
    fn domains_have_keys_of_their_own() {
        let key = KeyMaterial::new([3; 32]);
        let keys = Domain::ALL.map(|domain| *key.derive(domain.label()).expose());
        for (n, one) in keys.iter().enumerate() {
            assert!(keys[..n].iter().all(|other| other != one), "{:?}", Domain::ALL[n]);
        }
    }
}

//! Whose data is meant, and which lines are theirs.
//!
//! A line belongs to whoever it names as its conversation or its subject. That somebody else's line
//! holds the same characters in its text makes it a mention, not theirs: it is reported and stays as it
//! is, or one person could have another's records erased by writing their pseudonym.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use aios_privacy::{Pseudonym, RedactedText, legacy_conversation, with_ids_masked};
use memchr::memmem::Finder;
use serde::de::IgnoredAny;

use super::Ledger;
use crate::hex;
use crate::segment::facts::{self, Kind};
use crate::{DataDir, StoreError};

/// Whose data is meant.
#[derive(Clone)]
pub struct EraseTarget {
    pseudonyms: Vec<Pseudonym>,
    names: Vec<Finder<'static>>,
    /// The pseudonyms with their digits as bytes, as the index keeps them.
    packed: Vec<Finder<'static>>,
    raw: Vec<Finder<'static>>,
}

/// Whose a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The target's.
    Ours,
    /// Somebody else's, in which the target is named.
    Mention,
    /// Somebody else's.
    Other,
}

impl EraseTarget {
    /// All pseudonyms of one conversation or subject, and the id that they stand for if it is known.
    /// `None` without any pseudonym: then nobody is meant.
    #[must_use]
    pub fn new(pseudonyms: Vec<Pseudonym>, id: Option<&str>) -> Option<Self> {
        let owned = |bytes: &[u8]| Finder::new(bytes).into_owned();
        let names = pseudonyms.iter().map(|one| owned(one.as_str().as_bytes())).collect();
        let packed = pseudonyms.iter().filter_map(packed).map(|bytes| owned(&bytes)).collect();
        let mut raw = id.filter(|id| !id.is_empty()).map(spellings).unwrap_or_default();
        // Logs of schema 1.0 hold a conversation's id under a hash that anybody can make.
        if pseudonyms.iter().any(Pseudonym::is_conversation) {
            raw.extend(id.map(legacy_conversation));
        }
        let raw = raw.iter().map(|spelling| owned(spelling.as_bytes())).collect();
        (!pseudonyms.is_empty()).then_some(Self { pseudonyms, names, packed, raw })
    }

    /// The pseudonyms.
    #[must_use]
    pub fn pseudonyms(&self) -> &[Pseudonym] {
        &self.pseudonyms
    }

    /// Whether these are its pseudonyms, all of them and no others.
    pub(crate) fn is_about(&self, pseudonyms: &[Pseudonym]) -> bool {
        let is_in = |all: &[Pseudonym], one: &Pseudonym| all.contains(one);
        self.pseudonyms.iter().all(|one| is_in(pseudonyms, one))
            && pseudonyms.iter().all(|one| is_in(&self.pseudonyms, one))
    }

    /// Whether an erasure of it is on record, so that nothing of it may be stored.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn was_erased(&self, dir: &DataDir) -> Result<bool, StoreError> {
        let binding = Ledger::read(dir)?.binding();
        Ok(binding.iter().any(|one| self.pseudonyms.contains(one)))
    }

    /// Whether the id itself is searched for too.
    #[must_use]
    pub fn has_raw_id(&self) -> bool {
        !self.raw.is_empty()
    }

    /// Longest thing that is searched for, in bytes.
    pub(crate) fn len_max(&self) -> usize {
        let all = self.names.iter().chain(&self.raw);
        all.map(|finder| finder.needle().len()).max().unwrap_or(0)
    }

    /// Whose a line is, of the event log or of another store; without its newline.
    pub(crate) fn judge(&self, line: &[u8], is_of_the_log: bool) -> Whose {
        let (named, raw) = (self.names_in(line), self.raw_in(line));
        if !named && !raw {
            return Whose::Other;
        }
        match facts::of(line) {
            Kind::Event(facts) => {
                let is_ours = facts.pseudonyms().any(|id| self.is_ours(id));
                if is_ours { Whose::Ours } else { Whose::Mention }
            }
            Kind::Footer => Whose::Other,
            // A line of another store belongs to whom it names by pseudonym: in a row of a table the id may be
            // anybody's number. What nobody can read of the log belongs to whoever can be seen in it.
            Kind::Bad if named || (is_of_the_log && !is_json(line)) => Whose::Ours,
            Kind::Bad => Whose::Mention,
        }
    }

    /// Which of the pseudonyms an event's line is about.
    pub(crate) fn named_by<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = &'a Pseudonym> {
        self.pseudonyms
            .iter()
            .zip(&self.names)
            .filter(|(_, finder)| finder.find(line).is_some())
            .map(|(pseudonym, _)| pseudonym)
    }

    /// Whether that is one of the pseudonyms.
    pub(crate) fn is_ours(&self, id: &str) -> bool {
        self.pseudonyms.iter().any(|one| one.as_str() == id)
    }

    /// Whether a pseudonym stands in these bytes.
    pub(crate) fn names_in(&self, bytes: &[u8]) -> bool {
        self.names.iter().any(|finder| finder.find(bytes).is_some())
    }

    /// Whether a pseudonym stands in these bytes with its digits as bytes.
    pub(crate) fn packed_in(&self, bytes: &[u8]) -> bool {
        self.packed.iter().any(|finder| finder.find(bytes).is_some())
    }

    /// Whether the id stands in these bytes as a word of its own.
    pub(crate) fn raw_in(&self, bytes: &[u8]) -> bool {
        self.places_in(bytes).next().is_some()
    }

    /// Whether the id stands in these bytes so that it is no number or word of anybody's.
    pub(crate) fn is_unmistakable_in(&self, bytes: &[u8]) -> bool {
        let all = self.raw.iter().filter(|finder| is_unmistakable(finder.needle()));
        all.flat_map(|finder| places(finder, bytes)).next().is_some()
    }

    /// A path with `[ID]` in place of the id and of pseudonyms: what was done to a file is told of for good.
    pub(crate) fn masked_path(&self, path: PathBuf) -> PathBuf {
        let Some(text) = path.to_str() else { return path };
        let named = self.names.iter().flat_map(|finder| {
            let found = finder.find_iter(text.as_bytes());
            found.map(|at| at..at + finder.needle().len())
        });
        let mut all: Vec<_> = self.places_in(text.as_bytes()).chain(named).collect();
        all.sort_unstable_by_key(|place| (place.start, usize::MAX - place.end));
        PathBuf::from(with_ids_masked(text, all.into_iter()))
    }

    /// The same text with `[ID]` in place of the id: what is said of an erasure outlives it.
    pub(crate) fn masked_in(&self, text: &RedactedText) -> RedactedText {
        text.with_ids_masked(self.places_in(text.as_str().as_bytes()).collect())
    }

    /// Where the id stands as a word of its own.
    fn places_in<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        self.raw.iter().flat_map(move |finder| places(finder, bytes))
    }
}

impl fmt::Debug for EraseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EraseTarget").field("pseudonyms", &self.pseudonyms).finish_non_exhaustive()
    }
}

/// Kind and version as they are printed, then the digits as bytes.
fn packed(one: &Pseudonym) -> Option<Vec<u8>> {
    let (head, digits) = one.as_str().split_once('_')?;
    let digits = hex::decode::<16>(digits.as_bytes())?;
    Some([head.as_bytes(), b"_", &digits].concat())
}

/// Shortest id that is searched for wherever it stands as a word. A shorter one stands in half of all
/// texts, so it is searched for as a text of its own.
const WORD_MIN: usize = 4;

/// The id as it is and as it stands in JSON.
fn spellings(id: &str) -> Vec<String> {
    let Ok(quoted) = serde_json::to_string(id) else { return vec![id.to_owned()] };
    if id.len() < WORD_MIN {
        return vec![quoted];
    }
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let mut all = vec![id.to_owned(), inner.unwrap_or(&quoted).to_owned()];
    all.dedup();
    all
}

/// Where a text stands as a word of its own.
fn places<'a>(finder: &'a Finder<'_>, bytes: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let all = finder.find_iter(bytes).map(|at| at..at + finder.needle().len());
    all.filter(|place| is_word(bytes, place.start, place.end))
}

/// Shortest id that is told from words and numbers by what it is made of.
const UNMISTAKABLE_MIN: usize = 6;

/// Neither a word of letters alone nor a number, with whatever parts it.
fn is_unmistakable(id: &[u8]) -> bool {
    let has_letter = id.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    let is_word = id.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    id.len() >= UNMISTAKABLE_MIN && has_letter && !is_word
}

fn is_word(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    is_edge(start.checked_sub(1).and_then(|at| bytes.get(at))) && is_edge(bytes.get(end))
}

fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_line_is_told_by_whom_it_names() {
        let target = EraseTarget::new(vec![fixture::conversation(7)], Some("chat 7\"x")).unwrap();
        let check = |line: &str, expect: Whose| {
            assert_eq!(target.judge(line.as_bytes(), true), expect, "{line}");
        };
        let event = |n| fixture::line(n).trim_end().to_owned();
        let ours = fixture::conversation(7).to_string();
        check(&event(7), Whose::Ours);
        check(&event(8), Whose::Other);
        // Another's text, and our conversation named as the subject of another.
        check(&event(8).replace("Question 8", &ours), Whose::Mention);
        check(
            &event(8).replacen("\"msg_id\"", &format!("\"subject\":\"{ours}\",\"msg_id\""), 1),
            Whose::Ours,
        );
        check(&event(8).replace("Question 8", "chat 7\\\"x"), Whose::Mention);
        check(&event(8).replace("Question 8", "a chat 7\\\"xy"), Whose::Other);
        // What nobody can read.
        check(event(7).split_at(400).0, Whose::Ours);
        let half = "half of a line with chat 7\"x, and no more";
        check(half, Whose::Ours);
        // A row of a table.
        assert_eq!(target.judge(half.as_bytes(), false), Whose::Mention);
        assert_eq!(target.judge(format!("{ours};x").as_bytes(), false), Whose::Ours);
        // Lines of other stores.
        check(&format!("{{\"fragment\":1,\"of\":\"{ours}\"}}"), Whose::Ours);
        check("{\"text\":\"see chat 7\\\"x\"}", Whose::Mention);
        check(&format!("{{\"event_type\":\"segment_footer\",\"x\":\"{ours}\"}}"), Whose::Other);
    }

    #[test]
    fn a_short_id_is_searched_for_as_a_text_of_its_own() {
        let target = EraseTarget::new(vec![fixture::conversation(7)], Some("7")).unwrap();
        assert!(target.has_raw_id() && target.raw_in(br#"{"conv_id":"7"}"#));
        assert!(
            !target.raw_in(b"chat 7") && !target.raw_in(br#""17""#) && !target.raw_in(br#""7a""#)
        );
        assert!(EraseTarget::new(vec![], Some("chat-7")).is_none(), "nobody is meant");
    }
}

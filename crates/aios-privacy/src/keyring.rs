//! Every version of the pseudonyms' key that is alive.
//!
//! New events use the newest. What was stored under an older one is still found, because a search
//! asks for the id's pseudonym of every version. A version dies when nothing stored uses it any more.

use crate::{KeyMaterial, Pseudonym, Pseudonymizer};

/// The live versions of the pseudonyms' key.
#[derive(Debug, Clone)]
pub struct Keyring {
    current: Pseudonymizer,
    /// Older ones, the newest first.
    older: Vec<Pseudonymizer>,
}

impl Keyring {
    /// Takes versions with their keys in any order; `None` if there are none.
    #[must_use]
    pub fn new(versions: &[(u16, KeyMaterial)]) -> Option<Self> {
        let mut all: Vec<_> =
            versions.iter().map(|(version, key)| Pseudonymizer::new(*version, key)).collect();
        all.sort_by_key(Pseudonymizer::version);
        let current = all.pop()?;
        all.reverse();
        Some(Self { current, older: all })
    }

    /// What makes the pseudonyms of new events.
    #[must_use]
    pub fn current(&self) -> &Pseudonymizer {
        &self.current
    }

    /// What made those of older ones, the newest first.
    #[must_use]
    pub fn older(&self) -> &[Pseudonymizer] {
        &self.older
    }

    /// The live versions, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = u16> {
        self.all().map(Pseudonymizer::version)
    }

    /// A conversation's pseudonyms, one per live version, the newest first.
    #[must_use]
    pub fn conversation(&self, parts: &[&[u8]]) -> Vec<Pseudonym> {
        self.all().map(|one| one.conversation(parts)).collect()
    }

    /// The pseudonyms of a conversation that an old log knew by its hash.
    #[must_use]
    pub fn legacy_conversation(&self, hashed: &str) -> Vec<Pseudonym> {
        self.all().map(|one| one.legacy_conversation(hashed)).collect()
    }

    /// A subject's pseudonyms, one per live version, the newest first.
    #[must_use]
    pub fn subject(&self, parts: &[&[u8]]) -> Vec<Pseudonym> {
        self.all().map(|one| one.subject(parts)).collect()
    }

    /// What makes those of every live version, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Pseudonymizer> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_events_use_the_newest_version_and_every_live_one_is_searched() {
        let key = |byte| KeyMaterial::new([byte; 32]);
        let ring = Keyring::new(&[(2, key(2)), (10, key(10)), (1, key(1))]).unwrap();
        assert_eq!(ring.current().version(), 10);
        assert_eq!(ring.versions().collect::<Vec<_>>(), [10, 2, 1]);
        let before_rotation = Pseudonymizer::new(1, &key(1)).conversation(&[b"", b"chat-1"]);
        let found = ring.conversation(&[b"", b"chat-1"]);
        assert_eq!((found.len(), found.last()), (3, Some(&before_rotation)));
        assert_eq!(ring.subject(&[b"ann"])[0], ring.current().subject(&[b"ann"]));
        assert!(Keyring::new(&[]).is_none());
    }
}

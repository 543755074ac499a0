//! Whose data is meant: from the id that an application sent to the pseudonyms that are stored.
//!
//! Ids are pseudonymized under the name of the client that sent them, so the same id of two clients is
//! two conversations. Whoever asks without naming a client gets the one that has something stored; where
//! several have, they have to say which, so that nobody's data goes for another's.

use aios_core::Timestamp;
use aios_privacy::{Keyring, Pseudonym, legacy_conversation};
use aios_store::{Census, DataDir, Depth, EraseTarget, StoreError};
use serde::{Deserialize, Serialize};

/// Whose data is meant. One of the first three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// A conversation, by the id that the application sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conv_id: Option<String>,
    /// A person, by the id that the application sent, or a client by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A pseudonym as AIOS prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonym: Option<Pseudonym>,
    /// The client that sent the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// Nobody, or more than one, is meant.
#[derive(Debug, thiserror::Error)]
pub enum WhoseError {
    /// Not exactly one of the three.
    #[error(
        "name one of a conversation's id, a subject's id and a pseudonym, and let it not be empty"
    )]
    NotOne,
    /// Several clients have sent this id.
    #[error("several clients have sent this id: {}", clients.join(", "))]
    Ambiguous {
        /// Their names; `(none)` for requests without a key.
        clients: Vec<String>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Whose {
    /// The id as it was sent, if one was named.
    #[must_use]
    pub fn raw_id(&self) -> Option<&str> {
        self.conv_id.as_deref().or(self.subject.as_deref())
    }

    /// The one that is meant.
    ///
    /// # Errors
    /// See [`WhoseError`].
    pub fn resolve(
        &self,
        dir: &DataDir,
        keyring: &Keyring,
        clients: &[String],
        now: Timestamp,
    ) -> Result<EraseTarget, WhoseError> {
        let candidates = self.candidates(keyring, clients)?;
        if let [(_, only)] = candidates.as_slice() {
            return self.target(only.clone());
        }
        let all = candidates.iter().flat_map(|(_, pseudonyms)| pseudonyms.clone()).collect();
        let census = Census::take(dir, &self.target(all)?, Depth::Catalogued, now)?;
        let has_some = |pseudonyms: &[Pseudonym]| {
            pseudonyms.iter().any(|one| census.by_pseudonym.contains_key(one.as_str()))
        };
        let known: Vec<_> =
            candidates.iter().filter(|(_, pseudonyms)| has_some(pseudonyms)).collect();
        match known.as_slice() {
            // Of nobody is anything stored: which of them is meant does not matter.
            [] => self.target(candidates.into_iter().flat_map(|(_, all)| all).collect()),
            [(_, one)] => self.target(one.clone()),
            several => {
                let named =
                    |client: &str| if client.is_empty() { "(none)" } else { client }.to_owned();
                let clients = several.iter().map(|(client, _)| named(client)).collect();
                Err(WhoseError::Ambiguous { clients })
            }
        }
    }

    /// The pseudonyms by every live version of the key, for each client that may be meant.
    fn candidates(
        &self,
        keyring: &Keyring,
        clients: &[String],
    ) -> Result<Vec<(String, Vec<Pseudonym>)>, WhoseError> {
        let conversation = |client: &str, id: &str| {
            let mut all = keyring.conversation(&[client.as_bytes(), id.as_bytes()]);
            if client.is_empty() {
                // What was migrated is stored under the hash that the old log held.
                all.extend(keyring.conversation(&[b"", legacy_conversation(id).as_bytes()]));
            }
            all
        };
        let person = |client: &str, id: &str| {
            let mut all = keyring.subject(&[client.as_bytes(), id.as_bytes()]);
            if clients.iter().any(|known| known == id) && client.is_empty() {
                all.extend(keyring.subject(&[id.as_bytes()]));
            }
            all
        };
        let of_each = |id: &str, of: &dyn Fn(&str, &str) -> Vec<Pseudonym>| match &self.client {
            Some(client) => vec![(client.clone(), of(client, id))],
            None => std::iter::once("")
                .chain(clients.iter().map(String::as_str))
                .map(|client| (client.to_owned(), of(client, id)))
                .collect(),
        };
        match (&self.conv_id, &self.subject, &self.pseudonym) {
            (Some(id), None, None) if !id.is_empty() => Ok(of_each(id, &conversation)),
            (None, Some(id), None) if !id.is_empty() => Ok(of_each(id, &person)),
            (None, None, Some(pseudonym)) => Ok(vec![(String::new(), vec![pseudonym.clone()])]),
            _ => Err(WhoseError::NotOne),
        }
    }

    fn target(&self, pseudonyms: Vec<Pseudonym>) -> Result<EraseTarget, WhoseError> {
        EraseTarget::new(pseudonyms, self.raw_id()).ok_or(WhoseError::NotOne)
    }
}

#[cfg(test)]
mod tests {
    use aios_privacy::KeyMaterial;

    use super::*;

    fn keyring() -> Keyring {
        Keyring::new(&[1, 2].map(|version| (version, KeyMaterial::new([version as u8; 32]))))
            .unwrap()
    }

    #[test]
    fn what_an_old_log_knew_by_its_hash_is_found_by_the_id() {
        let ring = keyring();
        let found = conv("alice").candidates(&ring, &[]).unwrap();
        let migrated = ring.conversation(&[b"", legacy_conversation("alice").as_bytes()]);
        assert!(migrated.iter().all(|one| found[0].1.contains(one)));
    }

    fn conv(id: &str) -> Whose {
        Whose { conv_id: Some(id.into()), ..Whose::default() }
    }

    #[test]
    fn each_client_and_each_key_is_thought_of() {
        let (ring, clients) = (keyring(), ["a".to_owned(), "b".to_owned()]);
        let all = conv("chat-1").candidates(&ring, &clients).unwrap();
        assert_eq!(
            all.iter().map(|(client, _)| client.as_str()).collect::<Vec<_>>(),
            ["", "a", "b"]
        );
        // One for each key; without a client also under the hash that old logs held.
        let counts: Vec<_> = all.iter().map(|(_, pseudonyms)| pseudonyms.len()).collect();
        assert_eq!(counts, [4, 2, 2]);
        assert_eq!(all[1].1, ring.conversation(&[b"a", b"chat-1"]));
        let named = Whose { client: Some("b".into()), ..conv("chat-1") };
        assert_eq!(named.candidates(&ring, &clients).unwrap(), [all[2].clone()]);
        // Nothing but the whole id matches: no prefix, no wildcard.
        assert_ne!(conv("chat-*").candidates(&ring, &[]).unwrap()[0].1, all[0].1);
    }

    #[test]
    fn a_client_is_a_subject_too() {
        let whose = Whose { subject: Some("a".into()), ..Whose::default() };
        let all = whose.candidates(&keyring(), &["a".to_owned()]).unwrap();
        assert_eq!(all[0].1[2..], keyring().subject(&[b"a"]));
    }

    #[test]
    fn exactly_one_has_to_be_named() {
        let one = conv("chat-1");
        let wrong = [
            Whose::default(),
            conv(""),
            Whose { subject: Some("ann".into()), ..one.clone() },
            Whose { client: Some("a".into()), ..Whose::default() },
        ];
        for whose in wrong {
            assert!(
                matches!(whose.candidates(&keyring(), &[]), Err(WhoseError::NotOne)),
                "{whose:?}"
            );
        }
    }
}

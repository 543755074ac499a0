//! Whose data is meant: from the id that an application sent to the pseudonyms that are stored.
//!
//! Ids are pseudonymized under the name of the client that sent them, so the same id of two clients is
//! two conversations. Whoever asks without naming a client gets the one that has something stored; where
//! several have, they have to say which, so that nobody's data goes for another's. The names are those that
//! the configuration has, those that it had, and those that stand in the log: see ADR 16.

use std::collections::BTreeSet;

use aios_core::{Progress, Timestamp};
use aios_privacy::{Keyring, Pseudonym, is_legacy_conversation, legacy_conversation};
use aios_store::{Census, DataDir, Depth, EraseTarget, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stands for requests without a key where clients are named.
const NO_CLIENT: &str = "(none)";

/// Stands for a log that was migrated, whose ids were hashes.
const MIGRATED: &str = "(migrated)";

/// Whose data is meant. One of the first three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(with = "Option<String>")]
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
    /// No client was ever called so.
    #[error("no client is or was called {client:?}; known are {}", known.join(", "))]
    UnknownClient {
        /// The name.
        client: String,
        /// The names that there are or have been.
        known: Vec<String>,
    },
    /// The mark of what was erased while it was under way.
    #[error(
        "that pseudonym stands for everybody who was erased while they were being answered, and so for nobody"
    )]
    Nobody,
    /// No version of the key makes such a pseudonym.
    #[error(
        "the key has no version {version}, and nothing is stored of {pseudonym}; live are {}",
        listed(live)
    )]
    NoSuchKey {
        /// Who was named.
        pseudonym: Pseudonym,
        /// The version that it is of.
        version: u16,
        /// Those that there are.
        live: Vec<u16>,
    },
    /// There is no key, so that an id has no pseudonym.
    #[error("without the key of the pseudonyms nobody is found by an id")]
    NoKey,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who is meant, and what is stored of them.
#[derive(Debug)]
pub struct Looked {
    /// Who.
    pub target: EraseTarget,
    /// What.
    pub census: Census,
}

impl Whose {
    /// The id as it was sent, if one was named.
    #[must_use]
    pub fn raw_id(&self) -> Option<&str> {
        self.conv_id.as_deref().or(self.subject.as_deref())
    }

    /// Finds out who is meant and looks for them. `configured` are the names of clients that the
    /// configuration knows; those that it knew before are remembered, and those of events that are stored
    /// are read with them. Whom an id means hangs on these names, so for an id every byte is read, whatever
    /// `depth` is asked of what is found: a catalogue rules out whoever it is asked about, and not those whose
    /// names nobody knows any more.
    ///
    /// # Errors
    /// See [`WhoseError`].
    pub fn look(
        &self,
        dir: &DataDir,
        keyring: Option<&Keyring>,
        configured: &[String],
        depth: Depth,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Looked, WhoseError> {
        let of_names = if self.pseudonym.is_some() { depth } else { Depth::EveryByte };
        let mut names = known_names(dir, configured)?;
        loop {
            let candidates = self.candidates(keyring, &names)?;
            let all = candidates.iter().flat_map(|(_, pseudonyms)| pseudonyms.clone()).collect();
            let all = self.target(all)?;
            let census = Census::take(dir, &all, of_names, now, progress)?;
            let n_before = names.len();
            names.extend(census.clients.iter().cloned());
            if names.len() > n_before {
                // Whoever they are, they may have sent the id too.
                continue;
            }
            self.refuse_unknown(dir, &names, &all, &census)?;
            self.refuse_no_key(dir, keyring, &all, &census)?;
            let (target, is_counted) = match self.only(&candidates, &census)? {
                Some(target) => (target, false),
                None => (all, of_names == depth),
            };
            let census =
                if is_counted { census } else { Census::take(dir, &target, depth, now, progress)? };
            return Ok(Looked { target, census });
        }
    }

    /// Those that were planned for, by the id that is known of them; `None` if it is not the id of all of
    /// them.
    ///
    /// # Errors
    /// See [`WhoseError`].
    pub fn name(
        &self,
        planned: &[Pseudonym],
        dir: &DataDir,
        keyring: Option<&Keyring>,
        configured: &[String],
        now: Timestamp,
    ) -> Result<Option<EraseTarget>, WhoseError> {
        let Some(target) = EraseTarget::new(planned.to_vec(), self.raw_id()) else {
            return Ok(None);
        };
        let mut names = known_names(dir, configured)?;
        if !self.is_id_of(planned, keyring, &names)? {
            // A client of theirs may be known by its events alone.
            names.extend(Census::take(dir, &target, Depth::EveryByte, now, &())?.clients);
            if !self.is_id_of(planned, keyring, &names)? {
                return Ok(None);
            }
        }
        Ok(Some(target))
    }

    fn is_id_of(
        &self,
        planned: &[Pseudonym],
        keyring: Option<&Keyring>,
        names: &BTreeSet<String>,
    ) -> Result<bool, WhoseError> {
        let candidates = self.candidates(keyring, names)?;
        let ids: BTreeSet<_> = candidates.into_iter().flat_map(|(_, all)| all).collect();
        Ok(planned.iter().all(|one| ids.contains(one)))
    }

    /// The one candidate of whom something is stored; `None` where all of them are meant: there is but one, or of
    /// nobody is anything stored.
    fn only(
        &self,
        candidates: &[(String, Vec<Pseudonym>)],
        census: &Census,
    ) -> Result<Option<EraseTarget>, WhoseError> {
        if candidates.len() == 1 {
            return Ok(None);
        }
        let has_some =
            |pseudonyms: &[Pseudonym]| pseudonyms.iter().any(|one| census.named.contains(one));
        let known: Vec<_> =
            candidates.iter().filter(|(_, pseudonyms)| has_some(pseudonyms)).collect();
        match known.as_slice() {
            [] => Ok(None),
            [(_, one)] => self.target(one.clone()).map(Some),
            several => {
                let clients = several.iter().map(|(client, _)| client.clone()).collect();
                Err(WhoseError::Ambiguous { clients })
            }
        }
    }

    /// A name that was mistyped must not come out as somebody of whom nothing is stored.
    fn refuse_unknown(
        &self,
        dir: &DataDir,
        names: &BTreeSet<String>,
        target: &EraseTarget,
        census: &Census,
    ) -> Result<(), WhoseError> {
        let Some(client) = &self.client else { return Ok(()) };
        let is_known = names.contains(client) || [NO_CLIENT, MIGRATED, ""].contains(&&**client);
        if is_known || !census.is_clean() || target.was_erased(dir)? {
            return Ok(());
        }
        let known = names.iter().cloned().chain([NO_CLIENT.to_owned()]).collect();
        Err(WhoseError::UnknownClient { client: client.clone(), known })
    }

    /// Nor must a pseudonym that no key of ours has made.
    fn refuse_no_key(
        &self,
        dir: &DataDir,
        keyring: Option<&Keyring>,
        target: &EraseTarget,
        census: &Census,
    ) -> Result<(), WhoseError> {
        let (Some(pseudonym), Some(ring)) = (&self.pseudonym, keyring) else { return Ok(()) };
        let (version, live): (_, Vec<_>) = (pseudonym.version(), ring.versions().collect());
        if live.contains(&version) || !census.is_clean() || target.was_erased(dir)? {
            return Ok(());
        }
        Err(WhoseError::NoSuchKey { pseudonym: pseudonym.clone(), version, live })
    }

    /// The pseudonyms by every live version of the key, for each client that may be meant.
    fn candidates(
        &self,
        keyring: Option<&Keyring>,
        names: &BTreeSet<String>,
    ) -> Result<Vec<(String, Vec<Pseudonym>)>, WhoseError> {
        match (&self.conv_id, &self.subject, &self.pseudonym) {
            (Some(id), None, None) if !id.is_empty() => {
                let ring = keyring.ok_or(WhoseError::NoKey)?;
                Ok(self.of_each(names, id, &|client| conversation(ring, client, id)))
            }
            (None, Some(id), None) if !id.is_empty() => {
                let ring = keyring.ok_or(WhoseError::NoKey)?;
                let is_client = names.contains(id);
                Ok(self.of_each(names, "", &|client| person(ring, client, id, is_client)))
            }
            (None, None, Some(pseudonym)) if pseudonym.is_erased() => Err(WhoseError::Nobody),
            (None, None, Some(pseudonym)) => Ok(vec![(String::new(), vec![pseudonym.clone()])]),
            _ => Err(WhoseError::NotOne),
        }
    }

    fn of_each(
        &self,
        names: &BTreeSet<String>,
        id: &str,
        of: &dyn Fn(&str) -> Vec<Pseudonym>,
    ) -> Vec<(String, Vec<Pseudonym>)> {
        if let Some(client) = &self.client {
            let client = if client.is_empty() { NO_CLIENT } else { client };
            return vec![(client.to_owned(), of(client))];
        }
        // An id that reads like an old hash may be one, or a text that an application has sent.
        let migrated = is_legacy_conversation(id).then_some(MIGRATED);
        let names = names.iter().map(String::as_str);
        let all = std::iter::once(NO_CLIENT).chain(migrated).chain(names);
        all.map(|client| (client.to_owned(), of(client))).collect()
    }

    fn target(&self, pseudonyms: Vec<Pseudonym>) -> Result<EraseTarget, WhoseError> {
        EraseTarget::new(pseudonyms, self.raw_id()).ok_or(WhoseError::NotOne)
    }
}

/// The names that the configuration has and those that it had.
fn known_names(dir: &DataDir, configured: &[String]) -> Result<BTreeSet<String>, StoreError> {
    let mut names = dir.known_clients()?;
    names.extend(configured.iter().cloned());
    Ok(names)
}

fn listed(versions: &[u16]) -> String {
    versions.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn conversation(ring: &Keyring, client: &str, id: &str) -> Vec<Pseudonym> {
    match client {
        MIGRATED => ring.legacy_conversation(id),
        NO_CLIENT => {
            // What was migrated is stored under the hash that the old log held.
            let old = ring.legacy_conversation(&legacy_conversation(id));
            [ring.conversation(&[b"", id.as_bytes()]), old].concat()
        }
        client => ring.conversation(&[client.as_bytes(), id.as_bytes()]),
    }
}

fn person(ring: &Keyring, client: &str, id: &str, is_client: bool) -> Vec<Pseudonym> {
    if client != NO_CLIENT {
        return ring.subject(&[client.as_bytes(), id.as_bytes()]);
    }
    let mut all = ring.subject(&[b"", id.as_bytes()]);
    if is_client {
        all.extend(ring.subject(&[id.as_bytes()]));
    }
    all
}

#[cfg(test)]
mod tests {
    use aios_privacy::KeyMaterial;

    use super::*;

    fn keyring() -> Keyring {
        Keyring::new(&[1, 2].map(|version| (version, KeyMaterial::new([version as u8; 32]))))
            .unwrap()
    }

    fn conv(id: &str) -> Whose {
        Whose { conv_id: Some(id.into()), ..Whose::default() }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The candidates of an id, as their clients' names and pseudonyms.
    fn candidates(whose: &Whose, known: &[&str]) -> Vec<(String, Vec<Pseudonym>)> {
        whose.candidates(Some(&keyring()), &names(known)).unwrap()
    }

    #[test]
    fn what_an_old_log_knew_by_its_hash_is_found_by_the_id() {
        let hashed = legacy_conversation("alice");
        let migrated = keyring().legacy_conversation(&hashed);
        assert!(migrated.iter().all(|one| candidates(&conv("alice"), &[])[0].1.contains(one)));
        // By the hash itself it is told from what an application has sent as such a text.
        let both = candidates(&conv(&hashed), &[]);
        assert_eq!(
            both.iter().map(|(client, _)| client.as_str()).collect::<Vec<_>>(),
            [NO_CLIENT, MIGRATED]
        );
        assert_eq!(both[1].1, migrated);
        assert!(both[0].1.iter().all(|one| !migrated.contains(one)));
        let named = Whose { client: Some(MIGRATED.into()), ..conv(&hashed) };
        assert_eq!(candidates(&named, &[]), both[1..]);
    }

    #[test]
    fn each_client_and_each_key_is_thought_of() {
        let all = candidates(&conv("chat-1"), &["a", "b"]);
        assert_eq!(
            all.iter().map(|(client, _)| client.as_str()).collect::<Vec<_>>(),
            [NO_CLIENT, "a", "b"]
        );
        // One for each key; without a client also under the hash that old logs held.
        let counts: Vec<_> = all.iter().map(|(_, pseudonyms)| pseudonyms.len()).collect();
        assert_eq!(counts, [4, 2, 2]);
        assert_eq!(all[1].1, keyring().conversation(&[b"a", b"chat-1"]));
        for (client, n) in [("b", 2), ("", 0), (NO_CLIENT, 0)] {
            let named = Whose { client: Some(client.into()), ..conv("chat-1") };
            assert_eq!(candidates(&named, &["a", "b"]), [all[n].clone()], "{client}");
        }
        // Nothing but the whole id matches: no prefix, no wildcard.
        assert_ne!(candidates(&conv("chat-*"), &[])[0].1, all[0].1);
    }

    #[test]
    fn a_client_is_a_subject_too() {
        let whose = Whose { subject: Some("a".into()), ..Whose::default() };
        assert_eq!(candidates(&whose, &["a"])[0].1[2..], keyring().subject(&[b"a"]));
        assert_eq!(candidates(&whose, &[])[0].1.len(), 2);
    }

    #[test]
    fn a_pseudonym_needs_no_key() {
        let pseudonym = keyring().conversation(&[b"", b"chat-1"]).remove(0);
        let whose = Whose { pseudonym: Some(pseudonym), ..Whose::default() };
        assert_eq!(whose.candidates(None, &names(&[])).unwrap().len(), 1);
        let by_id = conv("chat-1").candidates(None, &names(&[]));
        assert!(matches!(by_id, Err(WhoseError::NoKey)));
    }

    #[test]
    fn a_name_that_nobody_has_or_had_is_refused_with_those_that_are_known() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        dir.remember_clients(["old"]).unwrap();
        let look = |client: &str| {
            let whose = Whose { client: Some(client.into()), ..conv("chat-1") };
            let now = Timestamp::from_micros(1_800_000_000_000_000);
            whose.look(&dir, Some(&keyring()), &["new".to_owned()], Depth::EveryByte, now, &())
        };
        let error = look("odl").unwrap_err().to_string();
        assert_eq!(error, "no client is or was called \"odl\"; known are new, old, (none)");
        for known in ["old", "new", "", NO_CLIENT] {
            assert!(look(known).unwrap().census.is_clean(), "{known}");
        }
    }

    #[test]
    fn a_plan_is_named_by_the_id_of_all_that_it_is_about() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let name = |whose: &Whose, planned: &[Pseudonym]| {
            let ring = keyring();
            whose.name(planned, &dir, Some(&ring), &["a".to_owned()], now).unwrap()
        };
        let planned = keyring().conversation(&[b"a", b"chat-1"]);
        let named = name(&conv("chat-1"), &planned).unwrap();
        assert_eq!((named.pseudonyms(), named.has_raw_id()), (planned.as_slice(), true));
        assert!(name(&conv("chat-1"), &planned[..1]).is_some(), "before the key was rotated");
        let others = keyring().conversation(&[b"a", b"chat-2"]);
        for of in [others.clone(), [planned.clone(), others].concat(), vec![]] {
            assert!(name(&conv("chat-1"), &of).is_none(), "{of:?}");
        }
        let subject = Whose { subject: Some("chat-1".into()), ..Whose::default() };
        assert!(name(&subject, &planned).is_none());
    }

    #[test]
    fn a_pseudonym_that_no_key_makes_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let look = |text: String| {
            let pseudonym = Pseudonym::parse(&text).unwrap();
            let whose = Whose { pseudonym: Some(pseudonym), ..Whose::default() };
            whose.look(&dir, Some(&keyring()), &[], Depth::EveryByte, now, &()).map(|_| text)
        };
        let of = |version: u16, digit: &str| format!("c{version}_{}", digit.repeat(32));
        assert!(look(of(1, "a")).is_ok() && look(of(2, "0")).is_ok());
        assert!(matches!(look(of(u16::MAX, "0")), Err(WhoseError::Nobody)));
        let error = look(of(3, "a")).unwrap_err().to_string();
        assert!(error.contains("no version 3") && error.ends_with("live are 2, 1"), "{error}");
        // What is stored under a version that is gone can be erased all the same.
        let notes = temp.path().join("exports");
        std::fs::create_dir(&notes).unwrap();
        std::fs::write(notes.join("x.csv"), of(3, "a")).unwrap();
        assert!(look(of(3, "a")).is_ok());
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
            let refused = whose.candidates(Some(&keyring()), &names(&[]));
            assert!(matches!(refused, Err(WhoseError::NotOne)), "{whose:?}");
        }
    }
}

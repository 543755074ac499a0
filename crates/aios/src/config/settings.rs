//! What is set, flat: one value and its origin per key.
//!
//! Flat because layers then merge by laying one map over another, and because every value can carry
//! the place it came from up to the error that needs it.

use std::collections::BTreeMap;

use aios_privacy::{PiiKind, SecretDigest};
use toml::{Table, Value};

use super::problem::{Origin, Problem};
use super::schema::{self, Kind, Known, describe};

/// Hexadecimal digits of the configuration's hash.
const HASH_DIGITS: usize = 12;

/// Where settings stand that decide how messages are answered: by which model, after which words, within which limits.
const DECIDES_ANSWERS: [&str; 9] = [
    "tiers.",
    "discovery.",
    "models.",
    "routing.",
    "timeouts.",
    "retries.",
    "limits.",
    "privacy.sinks.",
    "memory.",
];

/// Those among them that decide whose messages, and where the boundary begins.
const DEALS_CONVERSATIONS: [&str; 4] =
    ["routing.adaptive", "routing.treatment_pct", "routing.boundary", "routing.treatment_boundary"];

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// As written.
    pub value: Value,
    /// Where.
    pub origin: Origin,
}

/// Values by key, such as `routing.boundary`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// The compiled-in defaults: every key has one.
    #[must_use]
    pub fn defaults() -> Self {
        let setting =
            |known: &Known| Setting { value: known.default.clone(), origin: Origin::Default };
        Self(schema::known().iter().map(|known| (known.key.clone(), setting(known))).collect())
    }

    /// Lays `upper` over these settings.
    #[must_use]
    pub fn under(mut self, upper: Self) -> Self {
        self.0.extend(upper.0);
        self
    }

    /// The setting of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// Every setting in the default file's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        schema::known()
            .iter()
            .filter_map(|known| Some((known.key.as_str(), self.0.get(&known.key)?)))
    }

    /// SHA-256 of all keys and values, cut to 12 hexadecimal digits. The same settings give the same
    /// hash wherever they were written. Secrets are not part of it: settings hold only their names.
    #[must_use]
    pub fn hash(&self) -> String {
        self.hash_of(|_| true)
    }

    /// The same of those alone that decide how a bucket's messages are answered. Its boundary is not one of them: it moves
    /// by itself. Whoever changes who may ask, or who is told of what, has changed no answer.
    #[must_use]
    pub fn answers_hash(&self) -> String {
        self.hash_of(|key| {
            let decides = DECIDES_ANSWERS.iter().any(|section| key.starts_with(section));
            decides && !DEALS_CONVERSATIONS.contains(&key)
        })
    }

    fn hash_of(&self, is_part: impl Fn(&str) -> bool) -> String {
        let parts = self.0.iter().filter(|(key, _)| is_part(key.as_str()));
        let text: String =
            parts.map(|(key, setting)| format!("{key} = {}\n", setting.value)).collect();
        SecretDigest::of(text.as_bytes()).to_hex().chars().take(HASH_DIGITS).collect()
    }

    /// The settings as nested tables.
    pub(super) fn table(&self) -> Table {
        let mut root = Table::new();
        for (key, setting) in &self.0 {
            let mut parts: Vec<&str> = key.split('.').collect();
            let Some(leaf) = parts.pop() else { continue };
            let mut table = &mut root;
            for part in parts {
                let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
                table = entry.as_table_mut().expect("a section is never also a key");
            }
            table.insert(leaf.to_owned(), setting.value.clone());
        }
        root
    }

    /// Takes a value in, if it is of the key's kind. `place` tells where a key was written.
    pub(super) fn admit(
        &mut self,
        known: &Known,
        value: Value,
        place: &dyn Fn(&str) -> Origin,
    ) -> Vec<Problem> {
        let problems = check(&known.key, known.kind, &value, place);
        if problems.is_empty() {
            self.0.insert(known.key.clone(), Setting { value, origin: place(&known.key) });
        }
        problems
    }
}

fn check(key: &str, kind: Kind, value: &Value, place: &dyn Fn(&str) -> Origin) -> Vec<Problem> {
    if !kind.admits(value) {
        let (expected, found) = (kind.name(), describe(value));
        return vec![Problem::new(format!(
            "`{key}` ({}) must be {expected}, not {found}",
            place(key)
        ))];
    }
    match kind {
        Kind::Tables(fields) => {
            let entries = value.as_array().into_iter().flatten().enumerate();
            entries
                .flat_map(|(n, entry)| check_entry(&format!("{key}[{n}]"), fields, entry, place))
                .collect()
        }
        Kind::Actions => check_actions(key, value, place),
        Kind::Text | Kind::Integer | Kind::Number | Kind::Flag | Kind::Texts | Kind::Numbers => {
            Vec::new()
        }
    }
}

fn check_entry(
    key: &str,
    fields: &'static [(&'static str, Kind)],
    entry: &Value,
    place: &dyn Fn(&str) -> Origin,
) -> Vec<Problem> {
    let pairs = entry.as_table().into_iter().flatten();
    let checked = pairs.map(|(name, value)| {
        let full = format!("{key}.{name}");
        match fields.iter().find(|(field, _)| field == name) {
            Some((_, kind)) => check(&full, *kind, value, place),
            None => {
                let names = fields.iter().map(|(field, _)| *field);
                vec![unknown(&full, name, &place(&full), names, None)]
            }
        }
    });
    checked.flatten().collect()
}

/// Which action is none is said where actions are known; here only which kind is none.
fn check_actions(key: &str, value: &Value, place: &dyn Fn(&str) -> Origin) -> Vec<Problem> {
    let names = PiiKind::ALL.map(PiiKind::name);
    let known = std::iter::once(schema::ACTION_DEFAULT).chain(names);
    let pairs = value.as_table().into_iter().flatten();
    let checked = pairs.map(|(name, value)| {
        let full = format!("{key}.{name}");
        if known.clone().any(|one| one == name) {
            return check(&full, Kind::Text, value, place);
        }
        vec![unknown(&full, name, &place(&full), known.clone(), None)]
    });
    checked.flatten().collect()
}

/// The error for a key that there is not, with the nearest that there is.
pub(super) fn unknown<'a>(
    key: &str,
    name: &str,
    place: &Origin,
    siblings: impl Iterator<Item = &'a str> + Clone,
    elsewhere: Option<&str>,
) -> Problem {
    let problem = format!("unknown key `{key}` ({place})");
    match (super::nearest(name, siblings.clone()), elsewhere) {
        (Some(meant), _) => Problem::new(format!("{problem}; did you mean `{meant}`?")),
        (None, Some(meant)) => Problem::new(format!("{problem}; did you mean `{meant}`?")),
        (None, None) => {
            let names = siblings.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Problem::new(problem).hint(format!("known here: {names}"))
        }
    }
}

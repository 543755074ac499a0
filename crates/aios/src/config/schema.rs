//! Which keys there are and what stands in them.
//!
//! The compiled-in default file is the schema: a key is known because it has a default, and the
//! default's type is the key's type. Only the entries of a few lists, which are empty by default, are
//! written down here.

use std::sync::LazyLock;

use aios_privacy::Sink;
use toml::{Table, Value};

use super::layer::spans;

/// The commented default file: the manual, the defaults and the schema in one.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// What may stand in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Flag,
    Texts,
    Numbers,
    Tables(&'static [(&'static str, Kind)]),
    /// One word for all kinds of personal data, or a table of words by kind.
    Actions,
}

/// Keys of an endpoint. Only `url` and `model` must be there.
pub(super) const ENDPOINT: &[(&str, Kind)] = &[
    ("url", Kind::Text),
    ("model", Kind::Text),
    ("name", Kind::Text),
    ("kind", Kind::Text),
    ("api_key_env", Kind::Text),
    ("concurrency_max", Kind::Integer),
    ("queue_max", Kind::Integer),
    ("queue_timeout", Kind::Text),
    ("input_usd_per_mtok", Kind::Number),
    ("output_usd_per_mtok", Kind::Number),
];

/// Keys of a client key. Only `name` and `sha256` must be there.
pub(super) const CLIENT: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("sha256", Kind::Text),
    ("requests_per_minute", Kind::Integer),
    ("tokens_per_minute", Kind::Integer),
    ("concurrency_max", Kind::Integer),
    ("may_steer", Kind::Flag),
    ("memory", Kind::Text),
];

/// Keys of an admin token. All must be there.
pub(super) const ADMIN_TOKEN: &[(&str, Kind)] =
    &[("name", Kind::Text), ("sha256", Kind::Text), ("scopes", Kind::Texts)];

/// Keys of a rule of one's own. Both must be there.
pub(super) const CUSTOM_RULE: &[(&str, Kind)] = &[("name", Kind::Text), ("pattern", Kind::Text)];

/// Keys of a hypothesis of one's own. All but the last must be there.
pub(super) const HYPOTHESIS: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("statement", Kind::Text),
    ("metric", Kind::Text),
    ("groups", Kind::Text),
    ("direction", Kind::Text),
    ("margin", Kind::Number),
    ("n_pairs_min", Kind::Integer),
];

/// In a table of actions: that of the kinds without one of their own.
pub(super) const ACTION_DEFAULT: &str = "default";

/// A key that may be set.
#[derive(Debug)]
pub(super) struct Known {
    /// With its sections: `routing.boundary`.
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) default: Value,
}

/// Every key, in the default file's order.
pub(super) fn known() -> &'static [Known] {
    static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(read_default);
    &KNOWN
}

/// The entry of a key.
pub(super) fn find(key: &str) -> Option<&'static Known> {
    known().iter().find(|known| known.key == key)
}

/// Whether `key` is a section: a table that holds keys or further sections.
pub(super) fn is_section(key: &str) -> bool {
    known()
        .iter()
        .any(|known| known.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

impl Kind {
    /// What a value of this kind is called in an error.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "a whole number of 0 or more",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Texts => "a list of strings",
            Self::Numbers => "a list of numbers",
            Self::Tables(_) => "a list of tables",
            Self::Actions => "an action or a table of actions by kind",
        }
    }

    /// Whether `value` is of this kind; entries of tables are looked at one by one elsewhere.
    pub(super) fn admits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_str(),
            Self::Integer => value.as_integer().is_some_and(|number| number >= 0),
            Self::Number => is_number(value),
            Self::Flag => value.is_bool(),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_str)),
            Self::Numbers => value.as_array().is_some_and(|list| list.iter().all(is_number)),
            Self::Tables(_) => {
                value.as_array().is_some_and(|list| list.iter().all(Value::is_table))
            }
            Self::Actions => value.is_str() || value.is_table(),
        }
    }
}

fn is_number(value: &Value) -> bool {
    value.is_float() || value.is_integer()
}

/// What a value is called in an error.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the string \"{text}\""),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Boolean(flag) => format!("{flag}"),
        Value::Datetime(at) => format!("the date {at}"),
        Value::Array(_) => "a list of something else".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

fn read_default() -> Vec<Known> {
    let table: Table = DEFAULT_TOML.parse().expect("the compiled-in default file is TOML");
    let mut places = spans(DEFAULT_TOML);
    places.sort_by_key(|(_, start)| *start);
    let leaves = places.into_iter().filter_map(|(key, _)| {
        let default = lookup(&table, &key)?.clone();
        Some(Known { kind: kind_of(&key, &default)?, key, default })
    });
    leaves.collect()
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (first, rest) =
        key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let value = table.get(first)?;
    rest.map_or(Some(value), |rest| lookup(value.as_table()?, rest))
}

fn is_sink(key: &str) -> bool {
    let name = key.strip_prefix("privacy.sinks.");
    name.is_some_and(|name| Sink::NAMES.iter().any(|(sink, _)| *sink == name))
}

fn kind_of(key: &str, default: &Value) -> Option<Kind> {
    match default {
        Value::String(_) if is_sink(key) => Some(Kind::Actions),
        Value::String(_) | Value::Datetime(_) => Some(Kind::Text),
        Value::Integer(_) => Some(Kind::Integer),
        Value::Float(_) => Some(Kind::Number),
        Value::Boolean(_) => Some(Kind::Flag),
        Value::Array(_) if key.ends_with(".endpoints") => Some(Kind::Tables(ENDPOINT)),
        Value::Array(_) if key == "clients.keys" => Some(Kind::Tables(CLIENT)),
        Value::Array(_) if key == "admin.tokens" => Some(Kind::Tables(ADMIN_TOKEN)),
        Value::Array(_) if key == "privacy.custom" => Some(Kind::Tables(CUSTOM_RULE)),
        Value::Array(_) if key == "hypotheses.own" => Some(Kind::Tables(HYPOTHESIS)),
        Value::Array(list) if list.first().is_some_and(is_number) => Some(Kind::Numbers),
        Value::Array(_) => Some(Kind::Texts),
        Value::Table(_) => None,
    }
}

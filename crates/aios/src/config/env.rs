//! Settings from the environment.
//!
//! Every name that AIOS reads stands in this file. Values are checked like those of a file. A name
//! with two underscores in a row can only be meant for AIOS and is refused if there is no such key;
//! another `AIOS_` name that is not known may be somebody else's and is warned about.

use std::collections::BTreeMap;

use toml::Value;

use super::nearest;
use super::problem::{ConfigError, Origin, Problem};
use super::schema::{self, Kind, Known};
use super::settings::Settings;

/// Names the configuration file.
pub const CONFIG: &str = "AIOS_CONFIG";
/// `server.data_dir`.
pub const DATA_DIR: &str = "AIOS_DATA_DIR";
/// `routing.adaptive`: 0 is the kill switch.
pub const ADAPTIVE_ENABLED: &str = "AIOS_ADAPTIVE_ENABLED";

const SHORT: [(&str, &str); 2] =
    [(DATA_DIR, "server.data_dir"), (ADAPTIVE_ENABLED, "routing.adaptive")];

/// OpenTelemetry's own names. They are set for many programs at once, so ours count more. The
/// exporter itself reads more of them, such as `OTEL_EXPORTER_OTLP_HEADERS`.
const STANDARD: [(&str, &str); 2] = [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
    ("OTEL_SERVICE_NAME", "telemetry.service_name"),
];

/// A snapshot of the environment.
pub type Env = BTreeMap<String, String>;

/// Reads the settings.
pub(super) fn read(env: &Env) -> Result<Settings, ConfigError> {
    let mut settings = Settings::default();
    let mut problems = Vec::new();
    let standard = STANDARD.iter().filter_map(|(name, _)| env.get_key_value(*name));
    // As the standard has it, an empty variable is one that is not set.
    let standard = standard.filter(|(_, text)| !text.is_empty());
    let own = env.iter().filter(|(name, _)| name.starts_with("AIOS_"));
    for (name, text) in standard.chain(own) {
        match key_of(name) {
            None => {}
            Some(Err(problem)) => problems.push(problem),
            Some(Ok(known)) => match parse(known.kind, text) {
                Ok(value) => {
                    problems.extend(settings.admit(known, value, &|_| Origin::Env(name.clone())))
                }
                Err(expected) => problems.push(Problem::new(format!(
                    "`{}` ({name}) must be {expected}, not \"{text}\"",
                    known.key
                ))),
            },
        }
    }
    if problems.is_empty() { Ok(settings) } else { Err(ConfigError { problems }) }
}

/// `AIOS_` names that mean nothing here, with the nearest that does. `referenced` are the names that
/// the configuration itself points to.
pub(super) fn strangers<'a>(
    env: &'a Env,
    referenced: &'a [String],
) -> impl Iterator<Item = String> + 'a {
    let plain = env.keys().filter(|name| name.starts_with("AIOS_") && !name.contains("__"));
    let strange = plain.filter(|name| {
        *name != CONFIG
            && !SHORT.iter().any(|(short, _)| short == name)
            && !referenced.contains(name)
    });
    strange.filter_map(|name| {
        let known = [CONFIG, DATA_DIR, ADAPTIVE_ENABLED];
        let keys: Vec<String> = schema::known().iter().map(|known| variable(&known.key)).collect();
        // Any two such names begin alike; only what follows tells whether one was meant.
        let tail = |name: &'a str| name.strip_prefix("AIOS_").unwrap_or(name);
        let spelled = keys.iter().find(|key| key.replace("__", "_") == *name).map(String::as_str);
        let meant = spelled.map(str::to_owned).or_else(|| {
            nearest(tail(name), known.map(tail)).map(|meant| format!("AIOS_{meant}"))
        })?;
        Some(format!(
            "the environment variable {name} means nothing to AIOS; did you mean {meant}?"
        ))
    })
}

/// The environment variable of a key: `AIOS_ROUTING__BOUNDARY`.
pub(super) fn variable(key: &str) -> String {
    format!("AIOS_{}", key.replace('.', "__").to_uppercase())
}

fn key_of(name: &str) -> Option<Result<&'static Known, Problem>> {
    let mut fixed = SHORT.iter().chain(&STANDARD);
    let short = fixed.find(|(short, _)| *short == name).map(|(_, key)| (*key).to_owned());
    let key = short.or_else(|| {
        let rest = name.strip_prefix("AIOS_").filter(|rest| rest.contains("__"))?;
        Some(rest.replace("__", ".").to_lowercase())
    })?;
    Some(schema::find(&key).ok_or_else(|| no_such(name, &key)))
}

fn no_such(name: &str, key: &str) -> Problem {
    let keys = schema::known().iter().map(|known| known.key.as_str());
    match nearest(key, keys) {
        Some(meant) => {
            Problem::new(format!("unknown key `{key}` ({name}); did you mean {}?", variable(meant)))
        }
        None => Problem::new(format!("unknown key `{key}` ({name})")).hint(
            "`aios config default` lists every key; AIOS_ROUTING__BOUNDARY sets `routing.boundary`",
        ),
    }
}

/// Reads a variable's text as a value; the error says what was expected.
fn parse(kind: Kind, text: &str) -> Result<Value, &'static str> {
    let text = text.trim();
    let value = match kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Number => text.parse().ok().map(Value::Float),
        Kind::Flag => flag(text).map(Value::Boolean),
        Kind::Texts if !text.starts_with('[') => Some(comma_list(text)),
        Kind::Actions if !text.starts_with('{') => Some(Value::String(text.to_owned())),
        Kind::Numbers if !text.starts_with('[') => inline(&format!("[{text}]")),
        Kind::Numbers | Kind::Texts | Kind::Tables(_) | Kind::Actions => inline(text),
    };
    value.ok_or(match kind {
        Kind::Flag => "0 or 1",
        _ => kind.name(),
    })
}

fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn comma_list(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

fn inline(text: &str) -> Option<Value> {
    let mut table: toml::Table = format!("value = {text}").parse().ok()?;
    table.remove("value").filter(|_| table.is_empty())
}

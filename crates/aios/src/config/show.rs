//! The effective configuration as text: TOML with the origin of each value, or JSON.

use aios_server::{Shown, ShownSetting};
use serde_json::json;
use toml::Value;

use super::{Config, Origin, Setting};

/// Column at which origins start, if the value leaves room.
const ORIGIN_COLUMN: usize = 44;

/// Characters of a digest that are shown.
const DIGEST_SHOWN: usize = 8;

/// TOML that can be read back, except for masked digests. Values from the defaults have no comment.
pub(crate) fn as_toml(config: &Config) -> String {
    let file = config.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    let mut text = format!("# configuration {} ({file})\n", config.hash);
    let mut section = "";
    for (key, setting) in config.settings.iter() {
        let (of, name) = key.rsplit_once('.').unwrap_or(("", key));
        if of != section {
            text.push_str(&format!("\n[{of}]\n"));
            section = of;
        }
        text.push_str(&line(name, setting));
    }
    text
}

/// As the dashboard shows it.
pub(crate) fn shown(config: &Config) -> Shown {
    let setting = |(key, setting): (&str, &Setting)| ShownSetting {
        key: key.to_owned(),
        value: json!(masked(&setting.value)),
        origin: setting.origin.kind(),
        place: setting.origin.to_string(),
    };
    Shown {
        file: config.file.clone(),
        settings: config.settings.iter().map(setting).collect(),
        retention: config.events.log.retention,
        hypotheses: config.hypotheses.clone().into(),
    }
}

/// `{file, hash, answers_hash, settings: {key: {value, origin, place}}}`.
pub(crate) fn as_json(config: &Config) -> serde_json::Value {
    let settings = config.settings.iter().map(|(key, setting)| {
        let place = setting.origin.to_string();
        let value = masked(&setting.value);
        (key.to_owned(), json!({ "value": value, "origin": setting.origin.kind(), "place": place }))
    });
    let settings: serde_json::Map<_, _> = settings.collect();
    json!({ "file": config.file, "hash": config.hash, "answers_hash": config.answers_hash, "settings": settings })
}

fn line(name: &str, setting: &Setting) -> String {
    let written = format!("{name} = {}", masked(&setting.value));
    match &setting.origin {
        Origin::Default => format!("{written}\n"),
        Origin::File(..) | Origin::Env(_) | Origin::Flag(_) => {
            format!("{written:<ORIGIN_COLUMN$}  # {}\n", setting.origin)
        }
    }
}

/// Digests of client keys are cut: enough to tell two apart, too little to test a guess against.
fn masked(value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(masked).collect()),
        Value::Table(table) => {
            let pairs = table.iter().map(|(name, value)| {
                let cut = value.as_str().filter(|_| name == "sha256").map(|digest| {
                    Value::String(digest.chars().take(DIGEST_SHOWN).chain(['…']).collect())
                });
                (name.clone(), cut.unwrap_or_else(|| masked(value)))
            });
            Value::Table(pairs.collect())
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => value.clone(),
    }
}

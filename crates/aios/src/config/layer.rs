//! Reads a file into settings, with the line of every key.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::problem::{ConfigError, Origin, Problem};
use super::schema;
use super::settings::{Settings, unknown};

/// Reads the text of a configuration file.
pub(super) fn read(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    let table: Table = text.parse().map_err(|error| not_toml(path, text, &error))?;
    let lines = spans(text).into_iter().map(|(key, start)| (key, line_at(text, start)));
    let mut reader = Reader {
        path,
        lines: lines.collect(),
        settings: Settings::default(),
        problems: Vec::new(),
    };
    reader.walk("", table);
    if reader.problems.is_empty() {
        Ok(reader.settings)
    } else {
        Err(ConfigError { problems: reader.problems })
    }
}

/// Every key of a TOML text with the byte at which it stands; entries of lists as `list[0].key`.
pub(super) fn spans(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        collect("", table.get_ref(), &mut found);
    }
    found
}

fn collect(prefix: &str, table: &DeTable<'_>, found: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let key = join(prefix, name.get_ref());
        found.push((key.clone(), name.span().start));
        collect_below(&key, value.get_ref(), found);
    }
}

fn collect_below(key: &str, value: &DeValue<'_>, found: &mut Vec<(String, usize)>) {
    if let DeValue::Table(table) = value {
        collect(key, table, found);
    } else if let DeValue::Array(list) = value {
        for (n, entry) in list.iter().enumerate() {
            collect_below(&format!("{key}[{n}]"), entry.get_ref(), found);
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let line = line_at(text, start);
    let written = text.lines().nth(line - 1).unwrap_or_default();
    let before = text.bytes().take(start).rev().take_while(|byte| *byte != b'\n').count();
    let (path, why) = (path.display(), error.message());
    // The whole line is shown: the mistake is often a little before the place where reading failed.
    let problem = format!(
        "{path} is not TOML: line {line}, column {}: {why}\n  {line} | {written}",
        before + 1
    );
    let example =
        "a string needs quotes, and a list of tables looks like [{ url = \"…\", model = \"…\" }]";
    match why {
        "duplicate key" => Problem::new(problem).into(),
        _ => Problem::new(problem).hint(example).into(),
    }
}

struct Reader<'a> {
    path: &'a Path,
    lines: BTreeMap<String, usize>,
    settings: Settings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn walk(&mut self, prefix: &str, table: Table) {
        for (name, value) in table {
            let key = join(prefix, &name);
            match (schema::find(&key), value) {
                (Some(known), value) => {
                    let (path, lines) = (self.path, &self.lines);
                    let problems =
                        self.settings.admit(known, value, &|key| place(path, lines, key));
                    self.problems.extend(problems);
                }
                (None, Value::Table(inner)) if schema::is_section(&key) => self.walk(&key, inner),
                (None, value) => self.refuse(prefix, &key, &name, &value),
            }
        }
    }

    fn refuse(&mut self, prefix: &str, key: &str, name: &str, value: &Value) {
        let place = place(self.path, &self.lines, key);
        self.problems.push(if schema::is_section(key) {
            let found = schema::describe(value);
            Problem::new(format!("`{key}` ({place}) must be a section, not {found}"))
                .hint(format!("write [{key}] on a line of its own, its keys below"))
        } else {
            let siblings = children(prefix);
            unknown(key, name, &place, siblings.iter().map(String::as_str), elsewhere(name))
        });
    }
}

fn place(path: &Path, lines: &BTreeMap<String, usize>, key: &str) -> Origin {
    Origin::File(path.to_owned(), lines.get(key).copied().unwrap_or(1))
}

/// Names of the keys and sections right below a section.
fn children(prefix: &str) -> Vec<String> {
    let below = schema::known().iter().filter_map(|known| {
        let rest = if prefix.is_empty() {
            known.key.as_str()
        } else {
            known.key.strip_prefix(prefix)?.strip_prefix('.')?
        };
        rest.split('.').next().map(str::to_owned)
    });
    let mut names: Vec<String> = below.collect();
    names.dedup();
    names
}

/// A key of another section whose last part is `name`.
fn elsewhere(name: &str) -> Option<&'static str> {
    let keys = schema::known().iter().map(|known| known.key.as_str());
    keys.into_iter().find(|key| key.rsplit('.').next() == Some(name))
}

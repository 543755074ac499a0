//! Reads all that settings come from, at a start and while others are in force.

use std::path::PathBuf;

use super::problem::{ConfigError, Problem};
use super::resolve::Resolver;
use super::settings::Settings;
use super::sources::Sources;
use super::{Config, Otlp, env, file, layer};

/// Reads every source and resolves what they say together.
///
/// # Errors
/// When a file or value cannot be used; every problem is listed.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    resolve(sources, sources.read_file()?)
}

/// The same while another configuration is in force. A file that has become empty is one that is being written anew, or was cut by
/// accident: nobody means by it that clients need no key any more.
///
/// # Errors
/// As for [`load`], and when the file is empty.
pub fn reload(sources: &Sources) -> Result<Config, ConfigError> {
    let read = sources.read_file()?;
    if let Some((path, _)) = read.as_ref().filter(|(_, text)| text.trim().is_empty()) {
        let problem = Problem::new(format!("the configuration file {} is empty", path.display()));
        let hint = "to go back to the defaults, remove it, or leave a comment in it";
        return Err(problem.hint(hint).into());
    }
    resolve(sources, read)
}

fn resolve(sources: &Sources, read: Option<(PathBuf, String)>) -> Result<Config, ConfigError> {
    let (path, in_file) = match read {
        Some((path, text)) => (Some(path.clone()), layer::read(&path, &text)?),
        None => (None, Settings::default()),
    };
    let settings = Settings::defaults()
        .under(in_file)
        .under(env::read(&sources.env)?)
        .under(sources.flag_settings()?);
    let written: file::ConfigFile = settings
        .table()
        .try_into()
        .map_err(|error: toml::de::Error| Problem::new(error.to_string().trim_end().to_owned()))?;
    let mut resolver = Resolver::new(&settings, &sources.env);
    let config = resolver.config(&written, &sources.directory);
    if !resolver.problems.is_empty() {
        return Err(ConfigError { problems: resolver.problems });
    }
    let referenced = referenced(&written);
    let no_traces = config.otlp.as_ref().and_then(Otlp::warning);
    let strangers = env::strangers(&sources.env, &referenced);
    let warnings = strangers.chain(no_traces).chain(resolver.warnings).collect();
    Ok(Config { file: path, warnings, ..config })
}

/// Environment variables that endpoints, alerts and the night point to.
fn referenced(written: &file::ConfigFile) -> Vec<String> {
    let endpoints = written.tiers.main.endpoints.iter().chain(&written.tiers.embedder.endpoints);
    let alerts = [
        &written.alerts.slack_webhook_env,
        &written.alerts.webhook_env,
        &written.nightly.golden_key_env,
    ];
    endpoints
        .filter_map(|endpoint| endpoint.api_key_env.clone())
        .chain(alerts.into_iter().cloned())
        .collect()
}

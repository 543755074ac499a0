//! What split and policy a server with this configuration and data directory would use.

use std::path::Path;

use aios_core::Split;
use aios_route::{Knots, OverrideError, Policy, apply_override, kill_switch};
use aios_store::{DataDir, StoreError};

use crate::cli::output::Failure;
use crate::config::{Config, ProfileChoice};

/// Split and policy, from files.
#[derive(Debug)]
pub(in crate::cli) struct InForce {
    /// The split.
    pub(in crate::cli) split: Split,
    /// Why the operator's override file was not taken, if it was not.
    pub(in crate::cli) override_error: Option<OverrideError>,
    /// The policy.
    pub(in crate::cli) policy: Policy,
}

impl InForce {
    /// Reads the override file and the stored knots.
    ///
    /// # Errors
    /// When one of them is there and cannot be read.
    pub(in crate::cli) fn of(config: &Config) -> anyhow::Result<Self> {
        let dir = open(&config.server.data_dir)?;
        let written = dir.as_ref().map(DataDir::read_override).transpose()?.flatten();
        let (split, override_error) = split(&config.routing.split, written.as_deref());
        let knots = dir.as_ref().map(stored_knots).transpose()?.flatten();
        Ok(Self { split, override_error, policy: policy(config, knots) })
    }
}

/// The data directory for reading; `None` if there is none yet.
pub(in crate::cli) fn open(path: &Path) -> Result<Option<DataDir>, StoreError> {
    match DataDir::read(path) {
        Ok(dir) => Ok(Some(dir)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The knots that were learned from traffic, if there are any.
pub(in crate::cli) fn stored_knots(dir: &DataDir) -> anyhow::Result<Option<Knots>> {
    let Some(json) = dir.read_knots()? else { return Ok(None) };
    let knots = serde_json::from_str(&json).map_err(|error| {
        let message = format!("the stored traffic knots in {} are damaged", dir.path().display());
        Failure::new(message, "make them anew with `aios routing calibrate`").because(error)
    })?;
    Ok(Some(knots))
}

/// The kill switch wins; an override that cannot be understood changes nothing.
fn split(base: &Split, written: Option<&str>) -> (Split, Option<OverrideError>) {
    if !base.adaptive {
        return (kill_switch(base), None);
    }
    match written.map(|json| apply_override(base, json)) {
        None => (base.clone(), None),
        Some(Ok(split)) => (split, None),
        Some(Err(error)) => (base.clone(), Some(error)),
    }
}

fn policy(config: &Config, knots: Option<Knots>) -> Policy {
    match (config.routing.profile, knots) {
        // The kill switch takes built-in knots too.
        _ if !config.routing.split.adaptive => Policy::golden(),
        (ProfileChoice::Traffic | ProfileChoice::Auto, Some(knots)) => Policy::traffic(knots),
        (ProfileChoice::Golden, _) | (_, None) => Policy::golden(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Flag, Sources};

    fn config(flags: &[(&'static str, &str)], dir: &Path) -> Config {
        let env = flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let data_dir = dir.display().to_string();
        let flags = vec![Flag { name: "--data-dir", key: "server.data_dir", value: data_dir }];
        let sources = Sources { directory: dir.to_owned(), env: env.collect(), flags, file: None };
        config::load(&sources).unwrap()
    }

    fn check(env: &[(&'static str, &str)], written: Option<&str>, origin: &str, refused: bool) {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::read(temp.path()).unwrap();
        if let Some(text) = written {
            std::fs::create_dir_all(dir.override_path().parent().unwrap()).unwrap();
            std::fs::write(dir.override_path(), text).unwrap();
        }
        let in_force = InForce::of(&config(env, temp.path())).unwrap();
        assert_eq!(in_force.split.origin, origin);
        assert_eq!(in_force.override_error.is_some(), refused);
    }

    #[test]
    fn the_kill_switch_counts_before_the_override_and_that_before_the_file() {
        let override_text = Some(r#"{"boundary":0.3}"#);
        check(&[], None, "config", false);
        check(&[], override_text, "override", false);
        check(&[], Some("{"), "config", true);
        check(&[("AIOS_ADAPTIVE_ENABLED", "0")], override_text, "kill_switch", false);
    }

    #[test]
    fn stored_knots_are_used_unless_golden_is_asked_for() {
        let temp = tempfile::tempdir().unwrap();
        let mut scores: Vec<f64> = (0..200).map(|n| f64::from(n) / 100.0).collect();
        let knots = Knots::from_raw_scores(&mut scores).unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        dir.write_knots(&serde_json::to_string(&knots).unwrap()).unwrap();
        let n_prompts = |env: &[(&'static str, &str)]| {
            InForce::of(&config(env, temp.path())).unwrap().policy.knots.n_prompts()
        };
        assert_eq!(n_prompts(&[]), 200);
        assert_eq!(n_prompts(&[("AIOS_ROUTING__PROFILE", "golden")]), 0);
        assert_eq!(n_prompts(&[("AIOS_ADAPTIVE_ENABLED", "0")]), 0);
        dir.write_knots("{}").unwrap();
        assert!(InForce::of(&config(&[], temp.path())).is_err());
    }
}

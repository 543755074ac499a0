//! What split and policy a server with this configuration and data directory would use.

use std::path::Path;

use aios_control::Rollout;
use aios_core::{Actor, Split};
use aios_route::{Knots, OverrideError, Policy, control_only, split_in_force};
use aios_server::{Standing, split_of};
use aios_store::{DataDir, StoreError};

use crate::cli::output::{Exit, say};
use crate::cli::status::pair;
use crate::config::{Config, ProfileChoice};
use crate::knots;

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
        let base = &base(config, dir.as_ref())?;
        // As a server would have it that starts now.
        let (split, override_error) = match split_in_force(base, written.as_deref()) {
            Ok(split) => (split, None),
            Err(error) => (control_only(base), Some(error)),
        };
        let knots = dir.as_ref().map(knots::stored).transpose()?.flatten();
        Ok(Self { split, override_error, policy: policy(config, knots) })
    }
}

/// Says that the operator's override file is there and not taken, if that is so: then the split in force is not the one
/// that was asked for, which is a violation.
pub(in crate::cli) fn tell_override(refused: Option<&str>) -> Exit {
    let Some(why) = refused else { return Exit::Done };
    say(format_args!(
        "analytics/adaptive_override.json is not taken: {why}\nhint: correct it, or end it with `aios routing clear`; a running server stays with what it said before, one that starts puts everything in control"
    ));
    Exit::Violation
}

/// That the canary is held, by whom, why and for how long; none if it is not, or decides nothing.
pub(in crate::cli) fn on_hold(config: &Config, rollout: &Rollout) -> Option<String> {
    if !(config.canary.enabled && rollout.canary.held) {
        return None;
    }
    let who = rollout.hold.as_ref().map(|hold| {
        let why = if hold.reason.is_empty() { "no reason was given" } else { hold.reason.as_str() };
        let by = match hold.actor {
            Actor::Controller => "the server",
            Actor::Operator => "the operator",
        };
        format!(" since {} by {by}: {why}", hold.since)
    });
    Some(format!("on hold{}; until `aios canary resume`", who.unwrap_or_default()))
}

/// The same by what is kept in the data directory.
pub(in crate::cli) fn hold_row(config: &Config) -> anyhow::Result<Option<Vec<String>>> {
    let dir = open(&config.server.data_dir)?;
    let rollout = standing(config, dir.as_ref())?.rollout;
    Ok(on_hold(config, &rollout).map(|told| pair("canary", told)))
}

/// What configuration and canary ask for together.
fn base(config: &Config, dir: Option<&DataDir>) -> anyhow::Result<Split> {
    let split = &config.routing.split;
    Ok(match config.canary.enabled {
        true => split_of(split, &standing(config, dir)?),
        false => split.clone(),
    })
}

/// How the canary stands, by what is kept.
pub(in crate::cli) fn standing(
    config: &Config,
    dir: Option<&DataDir>,
) -> Result<Standing, StoreError> {
    let start = config.routing.split.treatment_pct;
    dir.map_or_else(|| Ok(Standing::new(start)), |dir| Standing::read(dir, start))
}

/// The data directory for reading; `None` if there is none yet.
pub(in crate::cli) fn open(path: &Path) -> Result<Option<DataDir>, StoreError> {
    match DataDir::read(path) {
        Ok(dir) => Ok(Some(dir)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
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
        check(&[], None, "canary", false);
        check(&[("AIOS_CANARY__ENABLED", "false")], None, "config", false);
        check(&[], override_text, "override", false);
        check(&[], Some("{"), "override_refused", true);
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

//! The configuration as people are shown it. What works by it has its own part of it.

use std::path::PathBuf;
use std::sync::Arc;

use aios_control::hypothesis::Hypothesis;
use aios_store::Policy;
use serde_json::Value;

/// A configuration to be shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Every setting.
    pub settings: Vec<ShownSetting>,
    /// How long what is kept stays.
    pub retention: Policy,
    /// What is asked of the traffic.
    pub hypotheses: Arc<[Hypothesis]>,
}

/// One setting.
#[derive(Debug, Clone)]
pub struct ShownSetting {
    /// Its key.
    pub key: String,
    /// Its value; secrets are cut.
    pub value: Value,
    /// What kind of place it comes from.
    pub origin: &'static str,
    /// Which.
    pub place: String,
}

impl Default for Shown {
    fn default() -> Self {
        let retention = Policy::default();
        Self { file: None, settings: Vec::new(), retention, hypotheses: Arc::new([]) }
    }
}

//! The configuration of a server under test.

use std::fmt::Write as _;

use super::Upstream;

/// An `aios.toml` in the making. A tier without endpoints gets a simulated model that answers at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    main: Vec<String>,
    embedder: Vec<String>,
    settings: Vec<String>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// `main` answers for the large model; there is one quick second try.
    pub(crate) fn main(upstream: &Upstream) -> Self {
        Self::new()
            .with_main(upstream, "")
            .set("retries.attempts_max", "2")
            .set("retries.backoff_base", r#""1ms""#)
    }

    /// Every message is heavy enough for main.
    pub(crate) fn all_to_main(self) -> Self {
        self.set("routing.boundary", "0.0").set("routing.treatment_boundary", "0.0")
    }

    /// Adds an endpoint of the main tier; `more` is TOML such as `concurrency_max = 1`.
    pub(crate) fn with_main(self, upstream: &Upstream, more: &str) -> Self {
        self.with_main_at(&upstream.url(), more)
    }

    /// The same for a server that is reached some other way.
    pub(crate) fn with_main_at(mut self, url: &str, more: &str) -> Self {
        self.main.push(endpoint(url, "big", more));
        self
    }

    /// Adds an endpoint of the embedder tier.
    pub(crate) fn with_embedder(mut self, upstream: &Upstream, more: &str) -> Self {
        self.embedder.push(endpoint(&upstream.url(), "small", more));
        self
    }

    /// Sets a key; `value` is TOML. The last one counts.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        let start = format!("{key} = ");
        self.settings.retain(|line| !line.starts_with(&start));
        self.settings.push(start + value);
        self
    }

    /// The file. No night falls in a test, whatever time it is.
    pub(crate) fn toml(&self) -> String {
        let mut text = String::from("nightly.enabled = false\n");
        for line in &self.settings {
            writeln!(text, "{line}").unwrap();
        }
        for (tier, endpoints) in [("main", &self.main), ("embedder", &self.embedder)] {
            let simulated = format!("{{ url = \"sim://{tier}?instant\" }}");
            let list = if endpoints.is_empty() { simulated } else { endpoints.join(", ") };
            writeln!(text, "[tiers.{tier}]\nendpoints = [{list}]").unwrap();
        }
        text
    }
}

fn endpoint(url: &str, model: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { ", " };
    format!("{{ url = \"{url}\", model = \"{model}\", kind = \"open_ai\"{comma}{more} }}")
}

//! What stands here in a build without OpenTelemetry.

use std::sync::Arc;

use aios_server::EventObserver;

use crate::config::Otlp;

/// Sends traces. There are none in this build.
#[derive(Debug, Clone)]
pub enum Traces {}

/// Starts nothing.
///
/// # Errors
/// Never.
pub fn start(_otlp: Option<&Otlp>) -> anyhow::Result<Option<Traces>> {
    Ok(None)
}

impl Traces {
    /// What the server tells of each event.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn EventObserver> {
        match *self {}
    }

    /// Sends what is left.
    pub async fn stop(self) {
        match self {}
    }
}

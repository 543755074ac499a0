//! What a reload cannot change. `default.toml` says of each of these keys that it needs a restart, and of no other: a test
//! holds both against each other.

use super::Config;

/// Keys whose change takes effect only after a restart.
pub(super) const FIXED: [&str; 29] = [
    "server.listen",
    "server.admin_listen",
    "server.data_dir",
    "server.drain_timeout",
    "server.connections_max",
    "server.header_timeout",
    "server.body_timeout",
    "admin.tokens",
    "admin.hosts",
    "audit.checkpoint_copy",
    "events.sync",
    "events.queue_max",
    "events.on_full",
    "events.segment_max",
    "retention.hot",
    "retention.cold",
    "retention.audit",
    "alerts.enabled",
    "alerts.slack_webhook_env",
    "alerts.webhook_env",
    "alerts.webhook_hosts",
    "alerts.remind_every",
    "alerts.per_hour_max",
    "alerts.expect_traffic",
    "chaos.faults",
    "telemetry.log",
    "telemetry.level",
    "telemetry.otlp_endpoint",
    "telemetry.service_name",
];

impl Config {
    /// Keys whose change takes effect only after a restart, and that differ from `running`.
    #[must_use]
    pub fn needs_restart(&self, running: &Self) -> Vec<&'static str> {
        let value = |config: &Self, key: &str| {
            config.settings.get(key).map(|setting| setting.value.clone())
        };
        FIXED.into_iter().filter(|key| value(self, key) != value(running, key)).collect()
    }
}

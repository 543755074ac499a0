//! Who is told, and where.

use std::time::Duration;

use aios_privacy::Secret;
use http::Uri;
use serde::{Deserialize, Serialize};

/// How alerts are sent.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// Whether anything is watched.
    pub enabled: bool,
    /// Who is told.
    pub targets: Vec<Target>,
    /// How often a lasting alert is repeated.
    pub remind_every: Duration,
    /// Most messages an hour to each.
    pub per_hour_max: usize,
    /// Requests come at all times, so that silence is a fault.
    pub expect_traffic: bool,
}

/// How messages look to their receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Slack's incoming webhooks.
    Slack,
    /// The message as JSON.
    Webhook,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Slack, Self::Webhook];

    /// Name in output and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }
}

/// Hosts of Slack's webhooks.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// A receiver. Its URL is a secret: whoever has it can write there.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) kind: ChannelKind,
    pub(super) url: Secret,
}

impl Target {
    /// A receiver at this URL, if its host is one that may be written to.
    ///
    /// # Errors
    /// What is wrong with the URL, without repeating it.
    pub fn new(kind: ChannelKind, url: Secret, hosts: &[String]) -> Result<Self, String> {
        let uri: Uri = url.expose().parse().map_err(|_| "is no URL".to_owned())?;
        let authority = uri.authority().ok_or("is no URL")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user name".to_owned());
        }
        let host = authority.host();
        let is_local = is_loopback(host);
        let is_allowed = is_local
            || match kind {
                ChannelKind::Slack => SLACK_HOSTS.contains(&host),
                ChannelKind::Webhook => hosts.iter().any(|allowed| allowed == host),
            };
        if !is_allowed {
            return Err(match kind {
                ChannelKind::Slack => format!("must lead to {}", SLACK_HOSTS[0]),
                ChannelKind::Webhook => "must lead to a host in alerts.webhook_hosts".to_owned(),
            });
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self { kind, url }),
            Some("http") if is_local => Ok(Self { kind, url }),
            _ => Err("must start with https://".to_owned()),
        }
    }

    /// How messages look to it.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        self.kind
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_hosts_are_written_to() {
        let hosts = ["alerts.example.org".to_owned()];
        let check = |kind, url: &str, expect: Result<(), &str>| {
            let made = Target::new(kind, Secret::new(url.to_owned()), &hosts);
            assert_eq!(made.map(|_| ()), expect.map_err(str::to_owned), "{url}");
        };
        let (slack, webhook) = (ChannelKind::Slack, ChannelKind::Webhook);
        check(slack, "https://hooks.slack.com/services/x", Ok(()));
        check(slack, "http://127.0.0.1:9/x", Ok(()));
        check(slack, "http://hooks.slack.com/x", Err("must start with https://"));
        check(slack, "https://hooks.slack.com.evil.example/x", Err("must lead to hooks.slack.com"));
        check(slack, "https://alerts.example.org/x", Err("must lead to hooks.slack.com"));
        check(slack, "https://hooks.slack.com@evil.example/x", Err("must not hold a user name"));
        check(slack, "not a url", Err("is no URL"));
        check(webhook, "https://alerts.example.org/x", Ok(()));
        check(
            webhook,
            "https://other.example.org/x",
            Err("must lead to a host in alerts.webhook_hosts"),
        );
        check(webhook, "ftp://alerts.example.org/x", Err("must start with https://"));
    }
}

//! `[slo]` and `[alerts]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use aios_control::slo::{Good, Slo, default_slos};
use aios_privacy::Secret;
use aios_server::alerts::{AlertConfig, ChannelKind, Target};
use aios_server::judging::Objectives;

use super::endpoint::is_variable_name;
use super::file;
use super::resolve::Resolver;
use super::units;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

impl Resolver<'_> {
    pub(super) fn objectives(&mut self, file: &file::Slo) -> Objectives {
        let n_min = self.count("slo.n_min", file.n_min, 1..=1_000_000);
        let written = [
            ("pass_rate", Good::AtLeast, file.pass_rate),
            ("latency_ms_p95", Good::AtMost, file.latency_ms_p95),
            ("boundary_drift", Good::AtMost, file.boundary_drift),
            ("recall_at_5", Good::AtLeast, file.recall_at_5),
            ("error_rate", Good::AtMost, file.error_rate),
        ];
        let slos = written.map(|(name, good, value)| self.objective(name, good, value, n_min));
        let slos: Vec<_> = slos.into_iter().flatten().collect();
        if !(0.0..=1.0).contains(&file.quality_min) {
            self.refuse(
                "slo.quality_min",
                format!("must be from 0 to 1, not {}", file.quality_min),
            );
        }
        Objectives {
            // Where one is wrong the whole is refused.
            slos: if slos.len() == written.len() { slos } else { default_slos() },
            quality_min: file.quality_min,
            window: self.span("slo.window", &file.window, HOUR..=30 * DAY),
            report_age_max: self.span("slo.report_age_max", &file.report_age_max, HOUR..=365 * DAY),
        }
    }

    fn objective(&mut self, name: &str, good: Good, value: f64, n_min: u64) -> Option<Slo> {
        let key = format!("slo.{name}");
        // A share of 0 or 1 leaves no budget, or all of it.
        if name != "latency_ms_p95" && !(value > 0.0 && value < 1.0) {
            self.refuse(&key, format!("must be above 0 and below 1, not {value}"));
            return None;
        }
        match Slo::new(name, good, value, n_min) {
            Ok(slo) => Some(slo),
            Err(_) => {
                self.refuse(&key, format!("must be a finite number above 0, not {value}"));
                None
            }
        }
    }

    fn span(&mut self, key: &str, text: &str, range: RangeInclusive<Duration>) -> Duration {
        match units::duration(text) {
            Ok(span) if range.contains(&span) => span,
            Ok(_) => {
                let hours = |span: &Duration| span.as_secs() / HOUR.as_secs();
                let (least, most) = (hours(range.start()), hours(range.end()));
                self.refuse(key, format!("must be from {least}h to {most}h, not \"{text}\""));
                *range.start()
            }
            Err(expected) => {
                self.refuse(key, format!("must be {expected}, not \"{text}\""));
                *range.start()
            }
        }
    }

    pub(super) fn alerts(&mut self, file: &file::Alerts) -> AlertConfig {
        let slack = self.channel(
            "alerts.slack_webhook_env",
            &file.slack_webhook_env,
            ChannelKind::Slack,
            &[],
        );
        let webhook = self.channel(
            "alerts.webhook_env",
            &file.webhook_env,
            ChannelKind::Webhook,
            &file.webhook_hosts,
        );
        AlertConfig {
            enabled: file.enabled,
            targets: slack.into_iter().chain(webhook).collect(),
            remind_every: self.span("alerts.remind_every", &file.remind_every, HOUR..=7 * DAY),
            per_hour_max: self.count("alerts.per_hour_max", file.per_hour_max, 1..=1_000),
            expect_traffic: file.expect_traffic,
        }
    }

    /// A channel whose variable is set. The URL is a secret: what is wrong with it is said without it.
    fn channel(
        &mut self,
        key: &str,
        variable: &str,
        kind: ChannelKind,
        hosts: &[String],
    ) -> Option<Target> {
        if variable.is_empty() {
            return None;
        }
        if !is_variable_name(variable) {
            self.refuse_with_hint(
                key,
                "must be the name of an environment variable: capitals, digits, `_`",
                "put the URL into that variable and write its name here",
            );
            return None;
        }
        let url = self.env.get(variable).map(|url| url.trim()).filter(|url| !url.is_empty())?;
        match Target::new(kind, Secret::new(url.to_owned()), hosts) {
            Ok(target) => Some(target),
            Err(why) => {
                self.refuse(key, format!("names {variable}, whose URL {why}"));
                None
            }
        }
    }
}

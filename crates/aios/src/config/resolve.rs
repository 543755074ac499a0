//! From what is written to what is meant: durations parsed, ranges checked, paths absolute.
//!
//! Every problem is collected, so that one `aios config check` shows all of them. A value that is wrong
//! is replaced by a harmless one until the end, when any problem refuses the whole.

use std::path::Path;
use std::time::Duration;

use aios_core::{Boundary, Percent, Split};
use aios_store::{EventLogConfig, OnFull, SyncPolicy};
use aios_upstream::{BreakerPolicy, RetryPolicy, Timeouts};

use super::env::Env;
use super::file::{self, ConfigFile};
use super::problem::Problem;
use super::retention;
use super::settings::Settings;
use super::{
    Config, Discovery, EndpointLimits, Events, LogFormat, LogLevel, Otlp, ProfileChoice, Routing,
    Server, units,
};

/// How long a request waits for room in the event log before it is refused.
const EVENT_ROOM_WAIT: Duration = Duration::from_secs(1);

/// Checks values and collects what is wrong with them.
pub(super) struct Resolver<'a> {
    pub(super) settings: &'a Settings,
    pub(super) env: &'a Env,
    pub(super) problems: Vec<Problem>,
    /// What is strange but not wrong.
    pub(super) warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(settings: &'a Settings, env: &'a Env) -> Self {
        Self { settings, env, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Everything, in the file's order.
    pub(super) fn config(&mut self, file: &ConfigFile, directory: &Path) -> Config {
        let limits = self.limits(&file.limits);
        let mut config = Config {
            file: None,
            settings: self.settings.clone(),
            hash: self.settings.hash(),
            answers_hash: self.settings.answers_hash(),
            warnings: Vec::new(),
            server: self.server(&file.server, directory),
            upstream: self.upstream(file, &limits),
            limits,
            discovery: self.discovery(&file.discovery),
            aliases: self.aliases(&file.models.aliases),
            routing: self.routing(&file.routing),
            canary: self.canary(&file.canary),
            clients_required: file.clients.required,
            client_keys: self.clients(&file.clients.keys),
            admin: self.admin(&file.admin),
            audit: self.audit(&file.audit, directory),
            events: self.events(&file.events, &file.retention),
            privacy: self.privacy(&file.privacy),
            objectives: self.objectives(&file.slo),
            sequels: file.slo.sequels,
            alerts: self.alerts(&file.alerts),
            hypotheses: Vec::new(),
            judge: self.judge(&file.judge),
            chaos: file.chaos,
            nightly: self.nightly(&file.nightly),
            memory: self.memory(&file.memory, directory),
            log: self.choice("telemetry.log", &file.telemetry.log, &LogFormat::NAMES),
            log_level: self.choice("telemetry.level", &file.telemetry.level, &LogLevel::NAMES),
            otlp: self.otlp(&file.telemetry),
        };
        config.hypotheses = self.hypotheses(&file.hypotheses);
        config.nightly.work.golden_threshold = config.canary.golden_threshold;
        config.nightly.work.hypotheses = config.hypotheses.clone();
        config.nightly.work.events_kept_for = config.events.log.retention.events.total;
        config.audit.keep_days = retention::whole_days(config.events.log.retention.audit.total);
        self.reachable_only_with_keys(&config);
        config
    }

    fn server(&mut self, file: &file::Server, directory: &Path) -> Server {
        Server {
            listen: self.address("server.listen", &file.listen),
            admin_listen: self.address("server.admin_listen", &file.admin_listen),
            data_dir: self.data_dir(&file.data_dir, directory),
            drain_timeout: self.duration("server.drain_timeout", &file.drain_timeout, true),
            connections_max: self.count(
                "server.connections_max",
                file.connections_max,
                1..=1_000_000,
            ),
            body_max: self.size("server.body_max", &file.body_max, 1 << 10..=1 << 30),
            header_timeout: self.duration("server.header_timeout", &file.header_timeout, false),
            body_timeout: self.duration("server.body_timeout", &file.body_timeout, false),
        }
    }

    fn otlp(&mut self, file: &file::Telemetry) -> Option<Otlp> {
        let (endpoint, service_name) = (file.otlp_endpoint.trim(), file.service_name.trim());
        if service_name.is_empty() {
            self.refuse("telemetry.service_name", "must not be empty");
        }
        if endpoint.is_empty() {
            return None;
        }
        if super::endpoint::check_http_url(endpoint).is_err() {
            let why = "must be a collector's base URL, such as http://127.0.0.1:4318, without a user name, `?` or `#`";
            self.refuse("telemetry.otlp_endpoint", why);
        }
        Some(Otlp { endpoint: endpoint.to_owned(), service_name: service_name.to_owned() })
    }

    fn data_dir(&mut self, written: &str, directory: &Path) -> std::path::PathBuf {
        if written.trim().is_empty() {
            self.refuse("server.data_dir", "must name a directory");
        }
        directory.join(written)
    }

    fn discovery(&mut self, file: &file::Discovery) -> Discovery {
        for (n, url) in file.urls.iter().enumerate() {
            let problem = super::endpoint::check_http_url(url).err();
            problem
                .into_iter()
                .for_each(|why| self.refuse("discovery.urls", format!("[{n}] {why}")));
        }
        Discovery { enabled: file.enabled, urls: file.urls.clone(), simulate: file.simulate }
    }

    fn aliases(&mut self, aliases: &[String]) -> Vec<String> {
        for alias in aliases {
            if alias.trim().is_empty() || alias.starts_with("aios-") {
                self.refuse("models.aliases", format!("cannot hold \"{alias}\": names that start with `aios-` have a meaning of their own"));
            }
        }
        aliases.to_vec()
    }

    fn routing(&mut self, file: &file::Routing) -> Routing {
        let boundary = |value| Boundary::new(value).map_err(|_| "a number from 0 to 1");
        let treatment = Percent::new(file.treatment_pct).map_err(|_| "a percentage from 0 to 100");
        let zero = Percent::ZERO;
        let split = Split {
            treatment_pct: self.ranged(
                "routing.treatment_pct",
                file.treatment_pct,
                treatment,
                zero,
            ),
            control_boundary: self.ranged(
                "routing.boundary",
                file.boundary,
                boundary(file.boundary),
                aios_core::BOUNDARY_DEFAULT,
            ),
            treatment_boundary: self.ranged(
                "routing.treatment_boundary",
                file.treatment_boundary,
                boundary(file.treatment_boundary),
                aios_core::BOUNDARY_DEFAULT,
            ),
            adaptive: file.adaptive,
            frozen: false,
            origin: "config".to_owned(),
        };
        Routing {
            split,
            profile: self.choice("routing.profile", &file.profile, &ProfileChoice::NAMES),
            traffic_after: self.count("routing.traffic_after", file.traffic_after, 50..=1_000_000),
        }
    }

    pub(super) fn timeouts(&mut self, file: &file::Timeouts) -> Timeouts {
        Timeouts {
            connect: self.duration("timeouts.connect", &file.connect, false),
            first_token: self.duration("timeouts.first_token", &file.first_token, false),
            whole: self.duration("timeouts.whole", &file.whole, false),
            inter_token: self.duration("timeouts.inter_token", &file.inter_token, false),
            total: self.duration("timeouts.total", &file.total, false),
            finish_grace: self.duration("timeouts.finish_grace", &file.finish_grace, true),
        }
    }

    pub(super) fn retries(&mut self, file: &file::Retries) -> RetryPolicy {
        let policy = RetryPolicy {
            attempts_max: self.count("retries.attempts_max", file.attempts_max, 1..=16),
            backoff_base: self.duration("retries.backoff_base", &file.backoff_base, false),
            backoff_max: self.duration("retries.backoff_max", &file.backoff_max, false),
        };
        self.rising(
            "retries.backoff_base",
            policy.backoff_base,
            "retries.backoff_max",
            policy.backoff_max,
        );
        policy
    }

    pub(super) fn breaker(&mut self, file: &file::Breaker) -> BreakerPolicy {
        let policy = BreakerPolicy {
            failures: self.count("breaker.failures", file.failures, 1..=1_000),
            open: self.duration("breaker.open", &file.open, false),
            open_max: self.duration("breaker.open_max", &file.open_max, false),
        };
        self.rising("breaker.open", policy.open, "breaker.open_max", policy.open_max);
        policy
    }

    fn limits(&mut self, file: &file::Limits) -> EndpointLimits {
        EndpointLimits {
            concurrency_max: self.count("limits.concurrency_max", file.concurrency_max, 1..=65_536),
            queue_max: self.count("limits.queue_max", file.queue_max, 0..=1_000_000),
            queue_timeout: self.duration("limits.queue_timeout", &file.queue_timeout, true),
        }
    }

    fn events(&mut self, file: &file::Events, retention: &file::Retention) -> Events {
        let sync = match file.sync.as_str() {
            "always" => SyncPolicy::Always,
            "never" => SyncPolicy::Never,
            text if units::duration(text).is_ok() => {
                SyncPolicy::Interval(self.duration("events.sync", text, false))
            }
            text => {
                let expected = "\"always\", \"never\" or a duration such as \"100ms\"";
                self.refuse("events.sync", format!("must be {expected}, not \"{text}\""));
                SyncPolicy::Never
            }
        };
        let on_full = [("wait", OnFull::Wait(EVENT_ROOM_WAIT)), ("drop", OnFull::Drop)];
        let mut events = Events {
            log: EventLogConfig {
                sync,
                queue_max: self.count("events.queue_max", file.queue_max, 16..=1_000_000),
                on_full: self.choice("events.on_full", &file.on_full, &on_full),
                segment_max: self.segment_max(&file.segment_max),
                ..EventLogConfig::default()
            },
            text_max: self.size("events.text_max", &file.text_max, 0..=1 << 20),
        };
        events.log.retention = self.retention(retention);
        events
    }

    /// Whoever can reach the gateway from another machine must show a key.
    fn reachable_only_with_keys(&mut self, config: &Config) {
        let Server { listen, admin_listen, .. } = &config.server;
        if !listen.ip().is_loopback() && (!config.clients_required || config.client_keys.is_empty())
        {
            self.refuse_with_hint(
                "server.listen",
                format!("{listen} can be reached from other machines, which needs client keys"),
                "make a key with `aios keys new NAME`, put its line into clients.keys and set clients.required = true",
            );
        }
        if !admin_listen.ip().is_loopback() && config.admin.tokens.is_empty() {
            self.refuse_with_hint(
                "server.admin_listen",
                format!("{admin_listen} can be reached from other machines, which needs a token"),
                "make one with `aios keys new NAME`, put its digest with scopes into admin.tokens and the names it is reached by into admin.hosts",
            );
        }
        if listen == admin_listen && listen.port() != 0 {
            self.refuse("server.admin_listen", "must differ from server.listen");
        }
    }
}

//! Configuration: what was written, where, and what it means.
//!
//! The commented `default.toml` is compiled in and is the default: there is no second one in the code.
//! Four layers are laid over each other (defaults, file, environment, flags), each value with its
//! origin, and resolved into a [`Config`] that nothing downstream has to check again. [`load`] changes
//! nothing, so a reload is the same call; an error leaves what is in force as it is.

mod admin;
mod canary;
mod chaos;
mod endpoint;
mod env;
mod file;
mod hypotheses;
mod judge;
mod layer;
mod loader;
mod memory;
mod nearest;
mod nightly;
mod privacy;
mod problem;
mod resolve;
mod restart;
mod retention;
mod schema;
mod settings;
mod show;
mod slo;
mod sources;
#[cfg(test)]
mod tests;
mod units;
mod values;
mod zone;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aios_control::hypothesis::Hypothesis;
use aios_core::Split;
use aios_server::alerts::AlertConfig;
use aios_server::judging::Objectives;
use aios_server::{AdminConfig, ClientKey, GatewayConfig, JudgeSettings, ListenerConfig, Nightly};
use aios_store::{AuditConfig, EventLogConfig};
use aios_upstream::UpstreamConfig;

pub use canary::Canary;
pub use env::{ADAPTIVE_ENABLED, CONFIG as CONFIG_VAR, DATA_DIR as DATA_DIR_VAR, Env};
pub use loader::{load, reload};
pub use memory::Memory;
pub(crate) use nearest::nearest;
pub use privacy::Privacy;
pub use problem::{ConfigError, Origin, Problem};
pub use schema::DEFAULT_TOML;
pub use settings::{Setting, Settings};
pub(crate) use show::{as_json, as_toml, shown};
pub use sources::{FileStamp, Flag, Sources};
pub use units::{duration, size};

/// The configuration in force: checked, with durations, sizes and absolute paths.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that was read; `None` if there was none.
    pub file: Option<PathBuf>,
    /// What was written, with its origins.
    pub settings: Settings,
    /// Names these settings, in events and metrics: see [`Settings::hash`].
    pub hash: String,
    /// Names those that decide how messages are answered: see [`Settings::answers_hash`].
    pub answers_hash: String,
    /// What is strange but not wrong.
    pub warnings: Vec<String>,
    /// `[server]`.
    pub server: Server,
    /// `[tiers]`, `[timeouts]`, `[retries]`, `[breaker]` and `[lmstudio]`.
    pub upstream: UpstreamConfig,
    /// `[limits]`: for endpoints that are found, not configured.
    pub limits: EndpointLimits,
    /// `[discovery]`.
    pub discovery: Discovery,
    /// `[models]`: names that are routed like `aios-auto`.
    pub aliases: Vec<String>,
    /// `[routing]`.
    pub routing: Routing,
    /// `[canary]`.
    pub canary: Canary,
    /// `[clients]`: whether a key is needed.
    pub clients_required: bool,
    /// `[clients]`: the keys.
    pub client_keys: Vec<ClientKey>,
    /// `[admin]`: the tokens and names that are configured.
    pub admin: AdminConfig,
    /// `[audit]`.
    pub audit: AuditConfig,
    /// `[events]`.
    pub events: Events,
    /// `[privacy]`.
    pub privacy: Privacy,
    /// `[slo]`.
    pub objectives: Objectives,
    /// `[slo]`: whether how a conversation goes on says something of its answers.
    pub sequels: bool,
    /// `[alerts]`.
    pub alerts: AlertConfig,
    /// `[hypotheses]`: the built-in ones and those of one's own.
    pub hypotheses: Vec<Hypothesis>,
    /// `[judge]`: none if it is off.
    pub judge: Option<JudgeSettings>,
    /// `[chaos]`.
    pub chaos: chaos::Chaos,
    /// `[nightly]`.
    pub nightly: Nightly,
    /// `[memory]`.
    pub memory: Memory,
    /// `[telemetry]`: how the log looks.
    pub log: LogFormat,
    /// `[telemetry]`: what is logged.
    pub log_level: LogLevel,
    /// `[telemetry]`: where traces go; none if they are not wanted.
    pub otlp: Option<Otlp>,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address of the gateway.
    pub listen: SocketAddr,
    /// Address of the admin listener.
    pub admin_listen: SocketAddr,
    /// Absolute.
    pub data_dir: PathBuf,
    /// Time that requests under way get at shutdown.
    pub drain_timeout: Duration,
    /// Connections open at once.
    pub connections_max: usize,
    /// Largest request body, in bytes.
    pub body_max: usize,
    /// Time in which a request's headers must have come.
    pub header_timeout: Duration,
    /// Longest silence between two reads of a request body.
    pub body_timeout: Duration,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointLimits {
    /// Requests at once.
    pub concurrency_max: usize,
    /// Requests that wait.
    pub queue_max: usize,
    /// How long they wait.
    pub queue_timeout: Duration,
}

/// `[discovery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Look for servers while a tier has no endpoint.
    pub enabled: bool,
    /// Base URLs to look at.
    pub urls: Vec<String>,
    /// Use simulated models where nothing is found.
    pub simulate: bool,
}

/// `[routing]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// The split asked for; its origin is `config`. With `adaptive` false it is for the controller to
    /// apply the kill switch.
    pub split: Split,
    /// Which knots to use.
    pub profile: ProfileChoice,
    /// Prompts to see before `auto` switches.
    pub traffic_after: usize,
}

/// `routing.profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileChoice {
    /// The built-in knots.
    Golden,
    /// This deployment's own knots.
    Traffic,
    /// Golden until enough prompts were seen.
    Auto,
}

impl ProfileChoice {
    const NAMES: [(&'static str, Self); 3] =
        [("golden", Self::Golden), ("traffic", Self::Traffic), ("auto", Self::Auto)];
}

/// `[events]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// How the log is written.
    pub log: EventLogConfig,
    /// Longest question and answer kept in an event, in bytes.
    pub text_max: usize,
}

/// `telemetry.log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One object per line.
    Json,
}

impl LogFormat {
    const NAMES: [(&'static str, Self); 2] = [("pretty", Self::Pretty), ("json", Self::Json)];
}

/// `telemetry.level` and `--log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// Also what is strange.
    Warn,
    /// Also what an operator wants to know.
    Info,
    /// Also what helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    const NAMES: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

/// `telemetry.otlp_endpoint` and `telemetry.service_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// Base URL of the collector.
    pub endpoint: String,
    /// The name of this server in traces.
    pub service_name: String,
}

impl Otlp {
    /// What to warn about where this build cannot send traces.
    fn warning(&self) -> Option<String> {
        (!cfg!(feature = "otel")).then(|| {
            format!(
                "traces to {} (`telemetry.otlp_endpoint`) are not sent: this build has no OpenTelemetry; build with --features otel",
                self.endpoint
            )
        })
    }
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

impl Config {
    /// What the gateway's pipeline needs.
    #[must_use]
    pub fn gateway(&self) -> GatewayConfig {
        GatewayConfig {
            body_max: self.server.body_max,
            body_timeout: self.server.body_timeout,
            total_timeout: self.upstream.timeouts.total,
            text_max: self.events.text_max,
            sequels: self.sequels,
            aliases: self.aliases.clone(),
        }
    }

    /// What both listeners need.
    #[must_use]
    pub fn listener(&self) -> ListenerConfig {
        ListenerConfig {
            connections_max: self.server.connections_max,
            header_timeout: self.server.header_timeout,
            stall_timeout: self.server.body_timeout,
            drain_timeout: self.server.drain_timeout,
        }
    }
}

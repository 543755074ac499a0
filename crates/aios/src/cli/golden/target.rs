//! Whom the questions are asked, and how.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Bucket;
use aios_eval::{Report, candidate_fingerprint};
use aios_privacy::Secret;
use aios_upstream::Caller;
use clap::Args;
use http::{HeaderMap, HeaderValue};

use super::asker::{Asker, Judge};
use crate::cli::context::Context;
use crate::cli::output::Failure;
use crate::cli::{parse, running};
use crate::config::{self, Config};

/// Most questions under way at once.
const CONCURRENCY_MAX: u64 = 256;

/// Whom the questions are asked, and how.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Base URL of the API; without it the server of this configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Environment variable that holds the client key, where keys are required
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Policy that is asked for: the one in force or the one on trial
    #[arg(long, default_value = "control", value_parser = parse::bucket())]
    pub(super) bucket: Bucket,
    /// Questions under way at once; without it 1, or as many as when the baseline was recorded
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=CONCURRENCY_MAX))]
    concurrency: Option<u64>,
    /// Longest wait for one answer
    #[arg(long, value_name = "TIME", default_value = "300s", value_parser = config::duration)]
    timeout: Duration,
    /// Model that judges answers, where cases ask for a judge
    #[arg(long, value_name = "MODEL", default_value = "aios-main")]
    judge: String,
    /// How many times the judge is asked about one answer; the median counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=9))]
    judge_votes: u64,
}

impl Target {
    /// Latencies can be compared only where as many questions were under way. More than a local server has slots
    /// makes each wait for others.
    pub(super) fn concurrency(&self, baseline: Option<&Report>) -> usize {
        let asked = self.concurrency.and_then(|n| usize::try_from(n).ok());
        asked.or(baseline.map(|baseline| baseline.concurrency)).unwrap_or(1).max(1)
    }

    /// What asks the questions.
    pub(super) fn asker(&self, context: &Context, config: &Config) -> anyhow::Result<Arc<Asker>> {
        let url = self.url.clone().unwrap_or_else(|| own_url(config));
        let key = self.key(context)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-aios-purpose", HeaderValue::from_static("golden"));
        let caller = Caller::new(&url, key.as_ref()).map_err(|error| {
            Failure::new("cannot ask", "give --url as in http://127.0.0.1:8500/v1").because(error)
        })?;
        Ok(Arc::new(Asker {
            caller: caller.with_headers(headers),
            url,
            bucket: self.bucket,
            timeout: self.timeout,
            judge: Judge { model: self.judge.clone(), votes: self.judge_votes },
        }))
    }

    /// Which policy answers, if it is the server of this configuration that does.
    pub(super) fn fingerprint(&self, config: &Config) -> Option<String> {
        if self.url.as_ref().is_some_and(|url| *url != own_url(config)) {
            return None;
        }
        let status = running::find(config).ok().flatten()?.status;
        let boundary = status.split.boundary(self.bucket).get();
        Some(candidate_fingerprint(&status.config.hash, self.bucket, boundary, status.profile))
    }

    fn key(&self, context: &Context) -> anyhow::Result<Option<Secret>> {
        let Some(name) = &self.api_key_env else { return Ok(None) };
        match context.sources.env.get(name).filter(|key| !key.is_empty()) {
            Some(key) => Ok(Some(Secret::new(key.clone()))),
            None => {
                let hint = "put the client key there, or leave --api-key-env out";
                Err(Failure::new(format!("the variable {name} is not set"), hint).into())
            }
        }
    }
}

/// Where the server of this configuration listens. Every address of a machine is also its own.
fn own_url(config: &Config) -> String {
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}/v1")
}

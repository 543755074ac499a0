//! Whom the questions are asked, and how.

use std::time::Duration;

use aios_core::Bucket;
use aios_eval::{Report, candidate_fingerprint};
use aios_server::api_url;
use aios_server::golden::{Asker, Judge};
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::Failure;
use crate::cli::{parse, running};
use crate::config::{self, Config};

/// Most questions under way at once.
const CONCURRENCY_MAX: u64 = 256;

/// Whom the questions are asked, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct Target {
    /// Base URL of the API; without it the server of this configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Environment variable that holds the client key, where keys are required
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Policy that is asked for: the one in force or the one on trial
    #[arg(long, default_value = "control", value_parser = parse::bucket())]
    bucket: Bucket,
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
    /// With the defaults of everything else.
    pub(in crate::cli) fn at(url: Option<String>, api_key_env: Option<String>) -> Self {
        Self {
            url,
            api_key_env,
            bucket: Bucket::Control,
            concurrency: None,
            timeout: Duration::from_secs(300),
            judge: Judge::default().model,
            judge_votes: 1,
        }
    }

    /// Latencies can be compared only where as many questions were under way. More than a local server has slots
    /// makes each wait for others.
    pub(in crate::cli) fn concurrency(&self, baseline: Option<&Report>) -> usize {
        let asked = self.concurrency.and_then(|n| usize::try_from(n).ok());
        asked.or(baseline.map(|baseline| baseline.concurrency)).unwrap_or(1).max(1)
    }

    /// What asks the questions.
    pub(in crate::cli) fn asker(
        &self,
        context: &Context,
        config: &Config,
    ) -> anyhow::Result<Asker> {
        let judge = Judge { model: self.judge.clone(), votes: self.judge_votes };
        let key = context.client_key(self.api_key_env.as_deref())?;
        let asker = Asker::new(&self.url(config), key.as_ref(), self.bucket, self.timeout, judge);
        Ok(asker.map_err(|error| {
            Failure::new("cannot ask", "give --url as in http://127.0.0.1:8500/v1").because(error)
        })?)
    }

    /// Where they are asked.
    pub(in crate::cli) fn url(&self, config: &Config) -> String {
        self.url.clone().unwrap_or_else(|| api_url(config.server.listen))
    }

    /// Which policy answers, if it is the server of this configuration that does.
    pub(in crate::cli) fn fingerprint(&self, config: &Config) -> Option<String> {
        if self.url.as_ref().is_some_and(|url| *url != api_url(config.server.listen)) {
            return None;
        }
        let status = running::find(config).ok().flatten()?.status;
        let boundary = status.split.boundary(self.bucket).get();
        Some(candidate_fingerprint(
            &status.config.answers_hash,
            self.bucket,
            boundary,
            status.profile,
        ))
    }
}

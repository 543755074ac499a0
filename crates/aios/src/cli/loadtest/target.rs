//! Whom load is sent to.

use std::time::Duration;

use aios_server::api_url;
use aios_upstream::Caller;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::Failure;
use crate::config::Config;

/// Longest wait for who is asked whether anybody is there.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Whom load is sent to.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Base URL of any OpenAI-compatible API; without it the server of this configuration
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Environment variable that holds the client key, where keys are required
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// The model that is asked for
    #[arg(long, value_name = "MODEL", default_value = "aios-auto")]
    pub(super) model: String,
    /// Send load to another machine: be sure that it is yours, and that it costs nothing
    #[arg(long)]
    allow_remote: bool,
}

impl Target {
    /// The API's address.
    pub(super) fn url(&self, config: &Config) -> String {
        let url = self.url.clone().unwrap_or_else(|| api_url(config.server.listen));
        url.trim_end_matches('/').to_owned()
    }

    /// Who calls it; only if somebody answers there.
    pub(super) fn caller(&self, context: &Context, config: &Config) -> anyhow::Result<Caller> {
        let (url, key) = (self.url(config), context.client_key(self.api_key_env.as_deref())?);
        let caller = || {
            Caller::new(&url, key.as_ref()).map_err(|error| {
                Failure::usage("cannot send load", "give --url as in http://127.0.0.1:8500/v1")
                    .because(error)
            })
        };
        // One to ask, and one to send load: connections belong to the runtime on which they were made.
        let (asking, sending) = (caller()?, caller()?);
        if !self.allow_remote && !is_here(&url) {
            let hint = "with --allow-remote it is sent there all the same";
            return Err(Failure::usage(format!("{url} is another machine"), hint).into());
        }
        match net::runtime()?.block_on(asking.get("/models", ANSWER_MAX)) {
            Ok(reply) if matches!(reply.status, 401 | 403) => {
                let hint = "name the variable that holds a client key with --api-key-env";
                Err(Failure::new(format!("{url} wants a key, or another one"), hint).into())
            }
            Ok(_) => Ok(sending.with_headers(HeaderMap::from_iter([(
                HeaderName::from_static("x-aios-purpose"),
                HeaderValue::from_static("loadtest"),
            )]))),
            Err(error) => {
                let hint = "start it (`aios serve`), or name another one with --url";
                Err(Failure::new(format!("nobody answers at {url}"), hint).because(error).into())
            }
        }
    }
}

/// Whether a URL leads to this machine.
fn is_here(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let Some(host) = host else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_told_from_this_one() {
        for (url, expect) in [
            ("http://127.0.0.1:1/v1", true),
            ("http://127.8.0.1/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://localhost:8500/v1", true),
            ("http://10.0.0.1/v1", false),
            ("https://example.org/v1", false),
            ("http://127.0.0.1.example.org/v1", false),
            ("no url", false),
        ] {
            assert_eq!(is_here(url), expect, "{url}");
        }
    }
}

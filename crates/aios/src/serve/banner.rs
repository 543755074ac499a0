//! What an operator sees first: where it listens, which models answer, what to look out for.

use std::fmt::Write as _;

use aios_core::Tier;
use aios_server::Handle;
use aios_upstream::UpstreamConfig;

use super::endpoints::answers_alone;
use crate::cli::output::say;
use crate::config::Config;

/// Says it on stderr.
pub(super) fn show(config: &Config, handle: &Handle, upstreams: &UpstreamConfig) {
    say(text(config, handle, upstreams).trim_end());
}

fn text(config: &Config, handle: &Handle, upstreams: &UpstreamConfig) -> String {
    let mut text = format!("AIOS {}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        writeln!(text, "  {name:<10} {value}").unwrap_or_default();
    };
    let (gateway, admin) = handle.addresses();
    line("OpenAI API", format!("http://{gateway}/v1"));
    line("admin", format!("http://{admin}"));
    if let Some(path) = handle.login_path() {
        line("sign in", format!("http://{admin}{path} (once)"));
    }
    for tier in Tier::ALL {
        if upstreams.tier(tier).is_empty() {
            line(tier.name(), format!("none: {}", answers_alone(tier.other())));
        }
        for endpoint in upstreams.tier(tier) {
            line(
                tier.name(),
                format!("{} at {} ({})", endpoint.model, endpoint.url, endpoint.name),
            );
        }
    }
    line("data", config.server.data_dir.display().to_string());
    let file =
        config.file.as_ref().map_or("no file, defaults".to_owned(), |f| f.display().to_string());
    line("config", format!("{file} ({})", config.hash));
    if !config.routing.split.adaptive {
        line("ATTENTION", "adaptive routing is switched off; everything is in control".to_owned());
    }
    let simulated = Tier::ALL.into_iter().flat_map(|tier| upstreams.tier(tier));
    if simulated.into_iter().any(|endpoint| endpoint.url.starts_with("sim:")) {
        text.push_str(
            "\n  !! SIMULATED MODELS ANSWER. Their text is made up, and every event says so.\n     \
             Start LM Studio, Ollama, llama.cpp or vLLM, or name your endpoints in aios.toml.\n",
        );
    }
    text
}

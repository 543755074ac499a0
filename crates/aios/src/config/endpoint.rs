//! Endpoints and client keys: the two lists.

use std::collections::BTreeSet;

use aios_core::Tier;
use aios_privacy::{Secret, SecretDigest};
use aios_server::{ClientKey, MemoryMode};
use aios_upstream::{EndpointConfig, ServerKind, SimSpec, UpstreamConfig};
use http::Uri;

use super::EndpointLimits;
use super::file::{self, ConfigFile};
use super::resolve::Resolver;

/// How kinds of servers are written.
const KINDS: [(&str, ServerKind); 7] = [
    ("auto", ServerKind::Auto),
    ("lm_studio", ServerKind::LmStudio),
    ("ollama", ServerKind::Ollama),
    ("llama_cpp", ServerKind::LlamaCpp),
    ("vllm", ServerKind::Vllm),
    ("open_ai", ServerKind::OpenAi),
    ("simulated", ServerKind::Simulated),
];

/// Most expensive price that is taken, in US dollars per million tokens: more is a slip of the unit.
const PRICE_MAX: f64 = 100_000.0;

/// Whether `url` can be the base URL of a model server; the error goes on from the key.
pub(super) fn check_http_url(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| format!("is not a URL: \"{url}\""))?;
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    // From here on the URL is not repeated: it may hold a password.
    if authority.contains('@') {
        return Err(
            "must not hold a user name or password; name the key's variable in api_key_env"
                .to_owned(),
        );
    }
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(format!("must start with http://, https:// or sim://, not \"{url}\""));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(
            "must have no `?` or `#` part; a key belongs into the variable named by api_key_env"
                .to_owned(),
        );
    }
    Ok(())
}

impl Resolver<'_> {
    pub(super) fn upstream(
        &mut self,
        file: &ConfigFile,
        limits: &EndpointLimits,
    ) -> UpstreamConfig {
        let config = UpstreamConfig {
            main: self.tier(Tier::Main, &file.tiers.main, limits),
            embedder: self.tier(Tier::Embedder, &file.tiers.embedder, limits),
            timeouts: self.timeouts(&file.timeouts),
            retries: self.retries(&file.retries),
            breaker: self.breaker(&file.breaker),
            lmstudio_preload: file.lmstudio.preload,
        };
        self.names_differ(&config);
        config
    }

    fn tier(
        &mut self,
        tier: Tier,
        file: &file::Tier,
        limits: &EndpointLimits,
    ) -> Vec<EndpointConfig> {
        let endpoints = file.endpoints.iter().enumerate();
        endpoints.map(|(n, endpoint)| self.endpoint(tier, n, endpoint, limits)).collect()
    }

    fn endpoint(
        &mut self,
        tier: Tier,
        n: usize,
        file: &file::Endpoint,
        limits: &EndpointLimits,
    ) -> EndpointConfig {
        let key = |name: &str| format!("tiers.{tier}.endpoints[{n}].{name}");
        let url = self.required(&key("url"), file.url.as_ref());
        let simulated = self.url(&key("url"), &url);
        let model = match (&file.model, simulated) {
            (None, Some(name)) => name,
            (model, _) => self.required(&key("model"), model.as_ref()),
        };
        let kind = file.kind.as_deref().unwrap_or("auto");
        EndpointConfig {
            name: file.name.clone().unwrap_or_else(|| format!("{tier}-{}", n + 1)),
            kind: self.choice(&key("kind"), kind, &KINDS),
            api_key: file
                .api_key_env
                .as_ref()
                .and_then(|name| self.api_key(&key("api_key_env"), name)),
            url: url.trim_end_matches('/').to_owned(),
            model,
            concurrency_max: file.concurrency_max.map_or(limits.concurrency_max, |max| {
                self.count(&key("concurrency_max"), max, 1..=65_536)
            }),
            queue_max: file
                .queue_max
                .map_or(limits.queue_max, |max| self.count(&key("queue_max"), max, 0..=1_000_000)),
            queue_timeout: file.queue_timeout.as_ref().map_or(limits.queue_timeout, |text| {
                self.duration(&key("queue_timeout"), text, true)
            }),
            input_usd_per_mtok: self.price(&key("input_usd_per_mtok"), file.input_usd_per_mtok),
            output_usd_per_mtok: self.price(&key("output_usd_per_mtok"), file.output_usd_per_mtok),
        }
    }

    pub(super) fn required(&mut self, key: &str, value: Option<&String>) -> String {
        match value.map(|value| value.trim()) {
            Some(value) if !value.is_empty() => value.to_owned(),
            Some(_) | None => {
                self.refuse(key, "must be there");
                String::new()
            }
        }
    }

    /// Checks an endpoint's URL; gives the model's name if the model is a simulated one.
    fn url(&mut self, key: &str, url: &str) -> Option<String> {
        if url.starts_with("sim:") {
            let spec = SimSpec::from_url(url).map(|spec| spec.model);
            return Some(spec.unwrap_or_else(|error| {
                self.refuse(key, format!("is no simulated model: {}", error.why));
                String::new()
            }));
        }
        // An empty URL has been refused already.
        let checked = if url.is_empty() { Ok(()) } else { check_http_url(url) };
        checked.unwrap_or_else(|why| self.refuse(key, why));
        None
    }

    /// Reads the key from the environment. What does not look like a variable's name is not repeated:
    /// it may be the key itself.
    fn api_key(&mut self, key: &str, name: &str) -> Option<Secret> {
        if !is_variable_name(name) {
            let hint = "put the key into an environment variable such as MAIN_API_KEY and write that name here";
            self.refuse_with_hint(
                key,
                "must be the name of an environment variable: capitals, digits, `_`",
                hint,
            );
            return None;
        }
        match self.env.get(name).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => Some(Secret::new(value.to_owned())),
            Some(_) | None => {
                let why = format!("names the environment variable {name}, which is not set");
                self.refuse_with_hint(
                    key,
                    why,
                    "set it where AIOS is started, or leave api_key_env out",
                );
                None
            }
        }
    }

    fn price(&mut self, key: &str, price: Option<f64>) -> Option<f64> {
        let price = price?;
        if !(0.0..=PRICE_MAX).contains(&price) {
            self.refuse(key, format!("must be from 0 to {PRICE_MAX} US dollars, not {price}"));
        }
        Some(price)
    }

    fn names_differ(&mut self, config: &UpstreamConfig) {
        let mut seen = BTreeSet::new();
        for (tier, endpoints) in [(Tier::Main, &config.main), (Tier::Embedder, &config.embedder)] {
            for (n, endpoint) in endpoints.iter().enumerate() {
                if !seen.insert(&endpoint.name) {
                    let key = format!("tiers.{tier}.endpoints[{n}].name");
                    self.refuse(
                        &key,
                        format!("\"{}\" is the name of another endpoint too", endpoint.name),
                    );
                }
            }
        }
    }

    pub(super) fn clients(&mut self, keys: &[file::Client]) -> Vec<ClientKey> {
        let keys: Vec<ClientKey> =
            keys.iter().enumerate().map(|(n, key)| self.client(n, key)).collect();
        let mut seen = BTreeSet::new();
        for (n, key) in keys.iter().enumerate() {
            if !seen.insert(&key.name) {
                self.refuse(
                    &format!("clients.keys[{n}].name"),
                    format!("\"{}\" is there twice", key.name),
                );
            }
        }
        keys
    }

    fn client(&mut self, n: usize, file: &file::Client) -> ClientKey {
        let key = |name: &str| format!("clients.keys[{n}].{name}");
        let digits = self.required(&key("sha256"), file.sha256.as_ref());
        let digest = SecretDigest::from_hex(&digits).unwrap_or_else(|| {
            if !digits.is_empty() {
                let hint = "`aios keys new NAME` prints a key and the line with its sha256";
                self.refuse_with_hint(
                    &key("sha256"),
                    "must be the key's SHA-256: 64 hexadecimal digits",
                    hint,
                );
            }
            SecretDigest::of(&[])
        });
        let mut limit = |name: &str, value: Option<u64>| {
            value.map(|value| self.count::<u64>(&key(name), value, 1..=1_000_000_000_000))
        };
        ClientKey {
            digest,
            requests_per_minute: limit("requests_per_minute", file.requests_per_minute),
            tokens_per_minute: limit("tokens_per_minute", file.tokens_per_minute),
            concurrency_max: file
                .concurrency_max
                .map(|max| self.count(&key("concurrency_max"), max, 1..=1_000_000)),
            may_steer: file.may_steer.unwrap_or(false),
            memory: file
                .memory
                .as_ref()
                .map(|mode| self.choice(&key("memory"), mode, &MemoryMode::NAMES)),
            name: self.required(&key("name"), file.name.as_ref()),
        }
    }
}

pub(super) fn is_variable_name(name: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    name.bytes().next().is_some_and(capital)
        && name.len() <= 64
        && name.bytes().all(|byte| capital(byte) || byte.is_ascii_digit())
}

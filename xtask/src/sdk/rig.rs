//! What the clients talk to: a steady gateway, a faulty one, and the simulated models behind them.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::process::{READY, Server};
use crate::{cargo, http, workspace};

/// The simulated models: a name, and the knobs of its URL.
const STEADY_MAIN: &str = "sim://main?ttft_ms=20&tps=300";
const STEADY_EMBEDDER: &str = "sim://embedder?ttft_ms=5&tps=600";
/// Every answer is a 500.
const BROKEN: &str = "sim://main?status=500";
/// Every stream breaks after a few events.
const CUT: &str = "sim://embedder?ttft_ms=5&cut_after=3";

/// Running servers, and what a client must know of them.
pub(crate) struct Rig {
    sims: Vec<Server>,
    steady: Gateway,
    faulty: Gateway,
    key: String,
    key_limited: String,
}

impl Rig {
    /// Builds and starts everything.
    pub(crate) fn start() -> Result<Self> {
        cargo::run(&["build", "--quiet", "-p", "aios"])?;
        let dir = workspace::fresh_dir("sdk/rig")?;
        let (key, key_limited) = (random_key(), random_key());
        let mut sims = Vec::new();
        let mut sim = |name: &str, url: &str| -> Result<String> {
            let (server, address) = start_sim(&dir, name, url)?;
            sims.push(server);
            Ok(address)
        };
        let [main, embedder] = [sim("main", STEADY_MAIN)?, sim("embedder", STEADY_EMBEDDER)?];
        let [broken, cut] = [sim("broken", BROKEN)?, sim("cut", CUT)?];
        let steady = format!("{}{}", tiers(&main, &embedder), clients(&key, &key_limited));
        let steady = Gateway::start(&dir, "steady", &steady)?;
        let faulty = Gateway::start(&dir, "faulty", &tiers(&broken, &cut))?;
        Ok(Self { sims, steady, faulty, key, key_limited })
    }

    /// What the scripts read.
    pub(crate) fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("AIOS_URL", self.steady.url()),
            ("AIOS_EVENTS", self.steady.events.display().to_string()),
            ("AIOS_KEY", self.key.clone()),
            ("AIOS_KEY_LIMITED", self.key_limited.clone()),
            ("AIOS_FAULTY_URL", self.faulty.url()),
            ("AIOS_FAULTY_EVENTS", self.faulty.events.display().to_string()),
        ]
    }

    /// Stops the gateways as an operator would, then the models.
    pub(crate) fn stop(self) -> Result<()> {
        for server in [self.steady.server, self.faulty.server].into_iter().chain(self.sims) {
            server.stop()?;
        }
        Ok(())
    }
}

struct Gateway {
    server: Server,
    address: String,
    events: PathBuf,
}

impl Gateway {
    fn start(dir: &Path, name: &str, config: &str) -> Result<Self> {
        let (address, admin) = (http::free_address()?, http::free_address()?);
        let (config_file, data_dir) = (dir.join(format!("{name}.toml")), dir.join(name));
        fs::write(&config_file, config)
            .with_context(|| format!("failed to write {}", config_file.display()))?;
        let mut command = aios();
        command.args(["serve", "--listen", &address, "--admin-listen", &admin]);
        command.arg("--data-dir").arg(&data_dir).arg("--config").arg(&config_file);
        let mut server = Server::start(command, &dir.join(format!("{name}.log")))?;
        server.wait_ready(&address, "/readyz", READY)?;
        Ok(Self { server, address, events: data_dir.join("analytics").join("hypotheses.ndjson") })
    }

    fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

fn start_sim(dir: &Path, name: &str, url: &str) -> Result<(Server, String)> {
    let address = http::free_address()?;
    let mut command = aios();
    command.args(["sim", "serve", "--listen", &address, "--model", url]);
    let mut server = Server::start(command, &dir.join(format!("sim-{name}.log")))?;
    server.wait_ready(&address, "/v1/models", READY)?;
    Ok((server, address))
}

fn aios() -> Command {
    Command::new(workspace::program("debug", "aios"))
}

fn tiers(main: &str, embedder: &str) -> String {
    format!(
        "[tiers.main]\n\
         endpoints = [{{ url = \"http://{main}/v1\", model = \"sim-main\" }}]\n\
         [tiers.embedder]\n\
         endpoints = [{{ url = \"http://{embedder}/v1\", model = \"sim-embedder\" }}]\n\
         [retries]\n\
         backoff_base = \"1ms\"\n\
         [breaker]\n\
         failures = 1000\n"
    )
}

fn clients(key: &str, limited: &str) -> String {
    format!(
        "[clients]\n\
         required = true\n\
         keys = [\n\
         {{ name = \"sdk\", sha256 = \"{}\" }},\n\
         {{ name = \"limited\", sha256 = \"{}\", requests_per_minute = 1 }},\n\
         ]\n",
        sha256(key),
        sha256(limited)
    )
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Standard hash maps are seeded by the operating system; that is random enough for a test's key.
fn random_key() -> String {
    format!("test-{:016x}", RandomState::new().hash_one("key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4, the one-block example.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), abc);
    }
}

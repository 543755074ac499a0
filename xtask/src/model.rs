//! The instant model that measurements put behind a gateway, and the configuration of a gateway in front of it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{READY, Server};

/// For a configuration: nothing is said of single requests.
pub(crate) const QUIET: &str = "[telemetry]\nlevel = \"warn\"\n";

/// A model that answers at once. It ends when this is dropped.
pub(crate) struct Model {
    address: String,
    _server: Server,
}

impl Model {
    /// Starts it by `bench`, the command of `aios-bench`, which may have options of a model already; its log goes to `log`.
    pub(crate) fn start(mut bench: Command, log: &Path) -> Result<Self> {
        bench.args(["--listen", "127.0.0.1:0"]);
        let mut server = Server::start(bench, log)?;
        let address = server.wait_line("listening on ", READY)?;
        Ok(Self { address, _server: server })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Defaults, but for a limit that would measure a queue and not the gateway.
    pub(crate) fn config(&self) -> String {
        let endpoint = format!(
            "endpoints = [{{ url = \"http://{}/v1\", model = \"bench-model\", concurrency_max = 1024 }}]",
            self.address
        );
        format!("[tiers.main]\n{endpoint}\n[tiers.embedder]\n{endpoint}\n")
    }
}

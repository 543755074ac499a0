//! The servers that the page is tried on: one with traffic, one with none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{READY, Server};
use crate::{cargo, http, workspace};

/// Answers come at once, so that the time goes to the page, and what was answered is in the log. The canary judges only when
/// it is told to, and no night falls, however long a slow machine takes and whenever it begins.
const CONFIG: &str = "\
[discovery]
enabled = false

[tiers.main]
endpoints = [{ url = \"sim://main?instant\", model = \"sim-main\" }]

[tiers.embedder]
endpoints = [{ url = \"sim://embedder?instant\", model = \"sim-embedder\" }]

[memory]
mode = \"conversation\"

[events]
sync = \"always\"

[canary]
check_every = \"24h\"

[nightly]
enabled = false
";

/// Running servers.
pub(crate) struct Stand {
    seeded: Site,
    empty: Site,
}

/// A server with its addresses.
pub(super) struct Site {
    server: Server,
    gateway: String,
    admin: String,
    data: PathBuf,
    program: PathBuf,
}

impl Stand {
    /// Builds and starts both.
    pub(crate) fn start() -> Result<Self> {
        cargo::run(&["build", "--quiet", "-p", "aios"])?;
        let dir = workspace::fresh_dir("dashboard/stand")?;
        let site = |name| Site::start(&dir, name, "debug");
        Ok(Self { seeded: site("seeded")?, empty: site("empty")? })
    }

    /// What the scripts read.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let empty = [
            ("AIOS_EMPTY_ADMIN", format!("http://{}", self.empty.admin)),
            ("AIOS_EMPTY_DATA", self.empty.data.display().to_string()),
        ];
        self.seeded.environment().into_iter().chain(empty)
    }

    /// Stops both as an operator would.
    pub(crate) fn stop(self) -> Result<()> {
        [self.seeded, self.empty].into_iter().try_for_each(Site::stop)
    }
}

impl Site {
    /// Starts the program of a profile on the data in `dir/name`.
    pub(super) fn start(dir: &Path, name: &str, profile: &str) -> Result<Self> {
        let (gateway, admin) = (http::free_address()?, http::free_address()?);
        let (config, data) = (dir.join(format!("{name}.toml")), dir.join(name));
        fs::write(&config, CONFIG)
            .with_context(|| format!("failed to write {}", config.display()))?;
        let program = workspace::program(profile, "aios");
        let mut command = Command::new(&program);
        command.args(["serve", "--listen", &gateway, "--admin-listen", &admin]);
        command.arg("--data-dir").arg(&data).arg("--config").arg(&config);
        let mut server = Server::start(command, &dir.join(format!("{name}.log")))?;
        server.wait_ready(&gateway, "/readyz", READY)?;
        Ok(Self { server, gateway, admin, data, program })
    }

    pub(super) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AIOS_GATEWAY", format!("http://{}", self.gateway)),
            ("AIOS_ADMIN", format!("http://{}", self.admin)),
            ("AIOS_DATA", self.data.display().to_string()),
            ("AIOS_PROGRAM", self.program.display().to_string()),
        ]
    }

    pub(super) fn stop(self) -> Result<()> {
        self.server.stop().map(|_| ())
    }
}

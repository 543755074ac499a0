//! The dashboard over a data directory that no server owns.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aios_core::Clock as _;
use aios_server::{Files, ReadOnly};
use aios_store::DataDir;
use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::output::say;
use crate::cli::routing::{InForce, standing};
use crate::cli::{net, slo};
use crate::clock::SystemClock;
use crate::config::Config;

/// Serves what is on disk until the user ends it. `ready` is told the address once it can be opened.
pub(super) fn show(
    config: &Config,
    dir: DataDir,
    ready: impl FnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let look = ReadOnly::new(files(config, dir)?).context("the system gives no random bytes")?;
    net::runtime()?.block_on(async {
        // Not where a server would listen: one may be started meanwhile.
        let socket = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let socket = socket.context("cannot listen on 127.0.0.1")?;
        let address = socket.local_addr().context("cannot listen on 127.0.0.1")?;
        ready(&format!("http://{address}{}", look.link()))?;
        say(format_args!(
            "no server runs on {}: http://{address} shows what is on disk, and changes nothing; Ctrl-C ends it",
            config.server.data_dir.display()
        ));
        let (stop, stopped) = watch::channel(false);
        let serving = look.serve(socket, config.listener(), stopped);
        tokio::select! {
            () = serving => Ok(()),
            ended = tokio::signal::ctrl_c() => {
                stop.send_replace(true);
                ended.context("cannot listen to signals")
            }
        }
    })
}

fn files(config: &Config, data_dir: DataDir) -> anyhow::Result<Files> {
    let now = SystemClock.now();
    let InForce { split, override_error, policy } = InForce::of(config)?;
    let goldens = slo::report(None, &config.server.data_dir, &config.objectives, now)?;
    let check = slo::held(config, goldens.as_ref(), now)?;
    Ok(Files {
        clock: Arc::new(SystemClock),
        page: crate::page::PAGE,
        objectives: config.objectives.clone(),
        seen: (check, slo::budgets(config, now)?),
        split,
        override_error: override_error.map(|error| error.to_string()),
        policy,
        standing: standing(config, Some(&data_dir))?,
        canary: config.control().canary,
        memory_mode: config.memory.mode,
        redactor: config.privacy.redactor(),
        shown: crate::config::shown(config),
        config_hash: config.hash.clone(),
        data_dir,
    })
}

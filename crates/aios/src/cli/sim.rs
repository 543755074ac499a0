//! `aios sim`.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aios_server::ListenerConfig;
use aios_upstream::SimModel;
use clap::{Args, Subcommand};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::context::Context;
use super::net;
use super::output::{Exit, Failure, say};

/// Limits of the listener: a simulated model serves tests, so they are wide.
const LISTENER: ListenerConfig = ListenerConfig {
    connections_max: 16_384,
    header_timeout: Duration::from_secs(30),
    stall_timeout: Duration::from_secs(30),
    drain_timeout: Duration::from_secs(1),
};

/// Serve simulated models
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve a simulated model over HTTP until Ctrl-C
    Serve {
        /// Address to listen on; port 0 takes a free one
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8590")]
        listen: SocketAddr,
        /// The model, such as "sim://main?ttft_ms=50&error_rate=0.1"
        #[arg(long, value_name = "URL", default_value = "sim://main", value_parser = model)]
        model: Arc<SimModel>,
    },
}

impl Command {
    pub(super) fn run(self, _: &Context, _: &mut dyn Write) -> anyhow::Result<Exit> {
        let Verb::Serve { listen, model } = self.verb;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(listen, model))?;
        Ok(Exit::Done)
    }
}

fn model(url: &str) -> Result<Arc<SimModel>, String> {
    SimModel::from_url(url).map(Arc::new).map_err(|error| error.why)
}

async fn serve(listen: SocketAddr, model: Arc<SimModel>) -> anyhow::Result<()> {
    let socket = TcpListener::bind(listen).await.map_err(|error| {
        let hint = "end what listens there, or choose another address with --listen";
        Failure::new(format!("cannot listen on {listen}"), hint).because(error)
    })?;
    say(format_args!("listening on http://{}", socket.local_addr()?));
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(aios_server::serve_simulated(socket, LISTENER, stopped, model));
    net::interrupted().await?;
    stop.send_replace(true);
    serving.await?;
    Ok(())
}

//! `aios serve`.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::context::{Context, flag};

/// Serve the OpenAI-compatible API, metrics and status.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Address of the API, such as 127.0.0.1:8500
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Address of metrics and status, such as 127.0.0.1:8501
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// Stop when standard input ends: for a program that starts this one and must leave nothing behind, however it ends
    #[arg(long)]
    until_stdin_ends: bool,
}

impl Command {
    pub(super) fn run(self, context: &Context, _: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let mut sources = context.sources.clone();
        sources.flags.extend(flag("--listen", "server.listen", self.listen));
        sources.flags.extend(flag("--admin-listen", "server.admin_listen", self.admin_listen));
        crate::serve::run(sources, self.until_stdin_ends)
    }
}

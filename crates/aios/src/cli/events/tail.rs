//! `aios events tail`.

use std::io::Write;
use std::time::Duration;

use aios_store::{DataDir, Filter, Follow, FollowFrom};
use clap::Args;

use super::printer::Printer;
use crate::cli::context::Context;
use crate::cli::net;
use crate::cli::output::Exit;

/// How often the log is looked at while following.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Show the last events
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// How many
    #[arg(short, value_name = "N", default_value_t = 10)]
    n: usize,
    /// Go on with new events until Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

impl Tail {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let dir = DataDir::read(context.config()?.server.data_dir)?;
        let mut printer = Printer::new(out, context.json);
        if self.follow {
            let from = FollowFrom::Last(self.n);
            let follow = Follow::new(&dir, from, &Filter::default());
            net::runtime()?.block_on(print_until_interrupted(follow, &mut printer))?;
        } else {
            aios_store::tail(&dir, self.n)?.try_for_each(|found| printer.take(found))?;
        }
        Ok(printer.end())
    }
}

async fn print_until_interrupted(
    mut follow: Follow,
    printer: &mut Printer<'_>,
) -> anyhow::Result<()> {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let interrupted = net::interrupted();
    tokio::pin!(interrupted);
    loop {
        tokio::select! {
            ended = &mut interrupted => return ended,
            _ = look.tick() => {
                while let Some(found) = follow.poll_new().transpose() {
                    printer.take(found)?;
                }
                printer.flush()?;
            }
        }
    }
}

//! The nightly job in the words of each system's scheduler.

mod cron;
mod systemd;
mod windows;

use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::output::Failure;

use super::Plan;

/// Who starts the job.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Scheduler {
    /// A user's service and timer
    Systemd,
    /// A task for Windows' Task Scheduler
    Windows,
    /// A line for a crontab
    Cron,
}

/// What is run each night.
#[derive(Debug)]
pub(super) struct Job {
    /// Absolute.
    program: String,
    /// Behind the program, with absolute paths.
    args: Vec<String>,
    /// Where it starts: where this command was run.
    directory: String,
}

impl Scheduler {
    pub(super) fn plan(self, job: &Job) -> Plan {
        match self {
            Self::Systemd => systemd::plan(job),
            Self::Windows => windows::plan(job),
            Self::Cron => cron::plan(job),
        }
    }
}

impl Job {
    /// The job with this command's configuration and data directory, whichever way they were chosen.
    pub(super) fn new(context: &Context, program: Option<PathBuf>) -> anyhow::Result<Self> {
        let config = context.config()?;
        let program = program.map_or_else(std::env::current_exe, Ok).map_err(|error| {
            let hint = "give the program's path with --program";
            Failure::new("cannot tell where this program is", hint).because(error)
        })?;
        let mut args = vec!["nightly".to_owned()];
        args.extend(["--data-dir".to_owned(), text(&config.server.data_dir)?]);
        if let Some(file) = &config.file {
            args.extend(["--config".to_owned(), text(file)?]);
        }
        let directory = text(&context.sources.directory)?;
        Ok(Self { program: text(&program)?, args, directory })
    }
}

/// A path as it can stand in a line of text.
fn text(path: &Path) -> anyhow::Result<String> {
    let plain = path.to_str().filter(|text| !text.chars().any(char::is_control));
    let Some(plain) = plain else {
        let message = format!("cannot schedule a job with the path {}", path.display());
        let hint = "it has characters that no scheduler takes; use a path without them";
        return Err(Failure::new(message, hint).into());
    };
    Ok(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job whose paths have in them what each format must escape.
    pub(super) fn awkward() -> Job {
        Job {
            program: "/opt/a & b/aios".to_owned(),
            args: ["nightly", "--data-dir", "/srv/50% \"it's\" $HOME\\"]
                .map(str::to_owned)
                .to_vec(),
            directory: "/srv/my app".to_owned(),
        }
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(text(Path::new("/a b")).is_ok());
        assert!(text(Path::new("/a\nExecStart=x")).is_err());
    }
}

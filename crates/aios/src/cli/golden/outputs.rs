//! The report in the forms that others read.

use std::io::Write;
use std::path::{Path, PathBuf};

use aios_eval::{Report, render};
use clap::Args;

use super::files::write;

/// The report in other forms.
#[derive(Debug, Args)]
pub(super) struct Outputs {
    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print annotations for GitHub Actions
    #[arg(long)]
    github: bool,
}

impl Outputs {
    pub(super) fn write(&self, report: &Report, baseline: Option<&Report>) -> anyhow::Result<()> {
        if let Some(path) = &self.junit {
            write(path, &render::junit(report))?;
        }
        if let Some(path) = &self.markdown {
            write(path, &render::markdown(report, baseline))?;
        }
        if let Some(path) = &self.html {
            write(path, &render::html(report, baseline))?;
        }
        Ok(())
    }

    /// The files that are written.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.junit, &self.markdown, &self.html].into_iter().flatten().map(PathBuf::as_path)
    }

    pub(super) fn annotate(&self, report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.github {
            out.write_all(render::github(report).as_bytes())?;
        }
        Ok(())
    }
}

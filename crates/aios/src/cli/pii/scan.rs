//! `aios pii scan`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use aios_privacy::{Finding, PiiKind, Redactor};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::input::{Chunk, Input};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::table::one_line;

/// Longest value that `--show` prints in text.
const SHOWN_MAX: usize = 80;

/// Tell where personal data and secrets are
///
/// Exit code 2 if something was found. As ndjson (or with --json), each line of the input that holds
/// something is {"line", "spans": [{"start", "end", "kind", "rule", "conf"}]}: lines count from 1,
/// spans are bytes of the line. Values are left out, unless --show adds "value".
#[derive(Debug, Args)]
pub(super) struct Scan {
    /// What to scan; - for standard input
    file: PathBuf,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print the values themselves too
    #[arg(long)]
    show: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each finding, for people
    Text,
    /// A JSON object for each line that holds something
    Ndjson,
}

/// The findings of a line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    line: usize,
    spans: Vec<Span<'a>>,
}

#[derive(Debug, Serialize)]
struct Span<'a> {
    start: usize,
    end: usize,
    #[serde(serialize_with = "by_name")]
    kind: PiiKind,
    rule: &'a str,
    conf: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

fn by_name<S: serde::Serializer>(kind: &PiiKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

impl Scan {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let redactor = context.config()?.privacy.scanner();
        let mut input = Input::open(&self.file)?;
        let mut counts = BTreeMap::<PiiKind, usize>::new();
        let mut n_lines = 0;
        while let Some(chunk) = input.next()? {
            for line in self.lines(&redactor, &chunk) {
                n_lines += 1;
                for span in &line.spans {
                    *counts.entry(span.kind).or_default() += 1;
                }
                if context.json || self.format == Format::Ndjson {
                    output::json(out, &line)?;
                } else {
                    line.print(input.name(), out)?;
                }
            }
        }
        out.flush()?;
        say(summary(&counts, n_lines));
        Ok(if counts.is_empty() { Exit::Done } else { Exit::Violation })
    }

    /// The lines of a chunk that hold something. What spans lines has a part in each.
    fn lines<'a>(&self, redactor: &'a Redactor, chunk: &'a Chunk) -> Vec<Line<'a>> {
        let findings = redactor.scan(&chunk.text);
        let mut left = findings.as_slice();
        let mut lines = Vec::new();
        if left.is_empty() {
            return lines;
        }
        for (number, start, text) in chunk.lines() {
            let end = start + text.len();
            let n = left.partition_point(|one| one.start < end);
            let spans: Vec<_> =
                left[..n].iter().filter_map(|one| self.span(one, start, text)).collect();
            if !spans.is_empty() {
                lines.push(Line { line: number, spans });
            }
            let n_done = left[..n].partition_point(|one| one.end <= end);
            left = &left[n_done..];
        }
        lines
    }

    /// The part of a finding that lies in the line which begins at `start`.
    fn span<'a>(&self, one: &Finding<'a>, start: usize, text: &'a str) -> Option<Span<'a>> {
        let from = one.start.max(start) - start;
        let to = one.end.min(start + text.len()).saturating_sub(start);
        let value = text.get(from..to).filter(|value| !value.is_empty())?;
        let Finding { kind, rule, confidence, .. } = *one;
        let value = self.show.then_some(value);
        Some(Span { start: from, end: to, kind, rule, conf: confidence, value })
    }
}

impl Line<'_> {
    fn print(&self, name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        for Span { start, end, kind, rule, conf, value } in &self.spans {
            let place = format!("{name}:{}:{}-{}", self.line, start + 1, end);
            write!(out, "{place}  {:<11}  {rule}  {conf:.2}", kind.name())?;
            match value {
                Some(value) => writeln!(out, "  {}", one_line(value, SHOWN_MAX))?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

fn summary(counts: &BTreeMap<PiiKind, usize>, n_lines: usize) -> String {
    let n: usize = counts.values().sum();
    if n == 0 {
        return "nothing found".to_owned();
    }
    let kinds: Vec<_> = counts.iter().map(|(kind, n)| format!("{} {n}", kind.name())).collect();
    format!("{n} found in {n_lines} lines: {}", kinds.join(", "))
}

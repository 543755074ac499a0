//! `aios pii scan`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use aios_privacy::{Finding, PiiKind, Redactor};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::files;
use super::input::{Chunk, Input};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::table::one_line;

/// Longest value that `--show` prints in text.
const SHOWN_MAX: usize = 80;

/// Tell where personal data and secrets are
///
/// Exit code 2 if something was found, 3 if a file could not be read, if nothing was found in lines that are not all text
/// (bytes that are no UTF-8, or zero bytes), or if there was nothing to read. As ndjson (or with --json), each
/// line of the input that holds something is {"line", "spans": [{"start", "end", "kind", "rule",
/// "conf"}]}, with "file" before where there are several: lines count from 1, spans are bytes of the line.
/// Values are left out, unless --show adds "value".
#[derive(Debug, Args)]
pub(super) struct Scan {
    /// What to scan: files, directories with all that is in them, or - for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
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
    #[serde(serialize_with = "super::hundredths")]
    conf: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

fn by_name<S: serde::Serializer>(kind: &PiiKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// What was found, and what could not be looked into.
#[derive(Debug, Default)]
struct Seen {
    counts: BTreeMap<PiiKind, usize>,
    n_lines: usize,
    n_bytes: u64,
    n_files: usize,
    /// Lines that are not all text: what they say may be in another encoding, or packed.
    n_unreadable: usize,
    n_skipped: usize,
    n_failed: usize,
}

impl Scan {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let redactor = context.config()?.privacy.scanner();
        let files::Found { files, is_one, mut n_failed } = files::find(&self.files)?;
        let bar = files::bar_of(&files);
        let is_ndjson = context.json || self.format == Format::Ndjson;
        let mut seen = Seen::default();
        for file in &files {
            let scanned = Input::open(file, &bar).and_then(|mut input| {
                // What was named itself is looked into whatever it is.
                if !is_one && !input.is_text()? {
                    seen.n_skipped += 1;
                    return Ok(());
                }
                seen.n_files += 1;
                self.scan(&redactor, &mut input, (is_ndjson, !is_one), &mut seen, out)
            });
            match scanned {
                Err(error) if is_one || output::is_closed_stdout(&error) => return Err(error),
                Err(error) => {
                    n_failed += 1;
                    say(format_args!("{error:#}"));
                }
                Ok(()) => {}
            }
        }
        bar.finish_and_clear();
        out.flush()?;
        seen.n_failed = n_failed;
        say(seen.summary(is_one));
        Ok(seen.exit())
    }

    fn scan(
        &self,
        redactor: &Redactor,
        input: &mut Input,
        (is_ndjson, with_name): (bool, bool),
        seen: &mut Seen,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        while let Some(lines) = input.next()? {
            seen.n_bytes += lines.bytes.len() as u64;
            seen.n_unreadable += lines.n_unreadable();
            let chunk = lines.into_chunk();
            for mut line in self.lines(redactor, &chunk) {
                seen.n_lines += 1;
                for span in &line.spans {
                    *seen.counts.entry(span.kind).or_default() += 1;
                }
                if is_ndjson {
                    line.file = with_name.then_some(input.name());
                    output::json(out, &line)?;
                } else {
                    line.print(input.name(), out)?;
                }
            }
        }
        Ok(())
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
                lines.push(Line { file: None, line: number, spans });
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

impl Seen {
    fn exit(&self) -> Exit {
        let is_whole = self.n_unreadable == 0 && self.n_bytes > 0;
        match (self.n_failed, self.counts.is_empty()) {
            (0, true) if is_whole => Exit::Done,
            (0, false) => Exit::Violation,
            _ => Exit::Incomplete,
        }
    }

    fn summary(&self, is_one: bool) -> String {
        let n: usize = self.counts.values().sum();
        let kinds = self.counts.iter().map(|(kind, n)| format!("{} {n}", kind.name()));
        let mut text = match n {
            0 if self.n_bytes == 0 => "empty: there was nothing to look at".to_owned(),
            0 => "nothing found".to_owned(),
            n => {
                let kinds = kinds.collect::<Vec<_>>().join(", ");
                format!("{n} found in {} lines: {kinds}", self.n_lines)
            }
        };
        if !is_one {
            text.push_str(&format!("; {} files read", self.n_files));
        }
        for (n, what) in [(self.n_skipped, "no text"), (self.n_failed, "could not be read")] {
            if n > 0 {
                text.push_str(&format!(", {n} {what}"));
            }
        }
        if self.n_unreadable > 0 {
            let n = self.n_unreadable;
            text.push_str(&format!(
                "; {n} lines are not all text: what their other bytes say was not looked at"
            ));
        }
        text
    }
}

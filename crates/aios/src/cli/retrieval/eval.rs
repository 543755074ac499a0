//! `aios retrieval eval`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use aios_core::Clock as _;
use aios_eval::retrieval::{Answer, QaSet, RetrievalReport};
use aios_memory::{Embedder, ModelId, Unit};
use aios_privacy::Keyring;
use aios_server::judging::{self, RecallReport};
use aios_server::recall::{Asked, Manner, ask, questions_path};
use aios_store::{MemoryStore, read_document};
use clap::Args;
use serde_json::json;

use super::{demo, shown};
use crate::cli::context::Context;
use crate::cli::memory::opened;
use crate::cli::memory::search::{UNITS, unit_name, words_max};
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::parse::one_of;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::{embedding, keys};

/// Ask questions whose answers are known, and measure what comes back
///
/// The set is {"test_cases": [{"id", "question", "expected_fragments", "min_recall"}]}, or such a case on each line; with
/// "conv_id" a case asks in that conversation only, without one in all that is stored. Without --qa it is
/// retrieval_qa/qa_set.json of the data directory; without that, a set that comes with AIOS, on conversations of its
/// own, which says nothing of this directory: exit code 3, unless that is what --demo asks for. Five spans of what is remembered here are kept for `aios slo check` and `aios report`. Exit code 2 if recall is under the target or a fragment of another conversation comes back, 3 if no question
/// has a label. With --json: {"recall", "target", "met", "unit", "words_max", "demo", "report": {...}}.
#[derive(Debug, Args)]
pub(super) struct Eval {
    /// Results that count
    #[arg(short, long, default_value_t = 5)]
    k: usize,
    /// The questions
    #[arg(long, value_name = "FILE")]
    qa: Option<PathBuf>,
    /// The set that comes with AIOS, whatever is stored here
    #[arg(long, conflicts_with = "qa")]
    demo: bool,
    /// What a result is: single fragments, or with the turns around them
    #[arg(long, value_parser = one_of(&UNITS, unit_name), default_value = "span")]
    unit: Unit,
    /// Most words of all results of a question together; without it 950 for spans, and no bound for turns
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// Write what came back, a line for each question: {"id", "fragments", "spans", "ms"}
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Least recall
    #[arg(long, value_name = "SHARE", default_value_t = 0.85)]
    target: f64,
    /// Client whose conversations are meant
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    client: String,
}

impl Eval {
    pub(super) fn run(
        self,
        context: &Context,
        out: &mut dyn std::io::Write,
    ) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let (text, name) = self.questions(&config)?;
        let set = QaSet::parse(&text).map_err(|error| {
            let hint = "docs/memory.md shows what a set of questions looks like";
            Failure::new(format!("cannot use {name}: {error}"), hint)
        })?;
        let is_demo = name == DEMO;
        let embedder = embedding::read(&config.memory)?;
        let embedder = embedder.as_deref();
        let asked = if is_demo {
            say("these are the questions and conversations that come with AIOS");
            let demo = demo::open(&config, embedder)?;
            self.ask_all(&set, &demo.memory, &demo.ring, embedder)?
        } else {
            let (dir, memory) = opened::look(&config)?;
            if let Some(embedder) = embedder {
                say_without_vectors(&memory, embedder.model())?;
            }
            self.ask_all(&set, &memory, &keys::keyring(&dir)?, embedder)?
        };
        if let Some(file) = &self.results {
            write_results(file, &set, &asked)?;
        }
        let answers: Vec<Answer> = asked.into_iter().map(|one| one.answer).collect();
        let report = RetrievalReport::new(&set, &answers, self.k);
        // What was measured elsewhere says nothing of the directory that was asked about.
        let is_asked = self.demo || !is_demo;
        let met = is_asked && report.n > 0 && report.recall >= self.target && report.n_leaks == 0;
        if !is_demo && self.k == 5 && self.unit == Unit::Span && report.n > 0 {
            self.keep(&config, &report)?;
        }
        if context.json {
            let report = json!({
                "recall": report.recall, "target": self.target, "met": met, "unit": unit_name(self.unit),
                "words_max": words_max(self.unit, self.words), "demo": is_demo, "report": report,
            });
            output::json(out, &report)?;
        } else {
            let words = words_max(self.unit, self.words);
            let words = words.map_or("any number of".to_owned(), |n| format!("at most {n}"));
            let limits = format!("unit: {}, {words} words", unit_name(self.unit));
            shown::report(out, &report, &limits)?;
            shown::verdict(out, &report, self.target, is_asked)?;
        }
        if !is_asked {
            say(format_args!(
                "there are no questions about what is remembered here\nhint: write them to {}; `aios retrieval create` proposes some, --demo asks for the set that comes with AIOS",
                questions_path(&config.server.data_dir).display()
            ));
        }
        Ok(match (is_asked, report.n, met) {
            (false, _, _) | (_, 0, _) => Exit::Incomplete,
            (true, _, true) => Exit::Done,
            (true, _, false) => Exit::Violation,
        })
    }

    /// For `aios slo check`, alerts and `aios report`.
    fn keep(&self, config: &Config, report: &RetrievalReport) -> anyhow::Result<()> {
        let report = RecallReport {
            ts: SystemClock.now(),
            n: report.n as u64,
            recall_at_5: report.recall,
            words_max: words_max(self.unit, self.words).unwrap_or(usize::MAX),
        };
        Ok(judging::keep_recall(&config.server.data_dir, &report)?)
    }

    /// The questions, and what they are called.
    fn questions(&self, config: &Config) -> anyhow::Result<(String, String)> {
        let own = questions_path(&config.server.data_dir);
        let file = match &self.qa {
            Some(file) => file,
            None if own.is_file() && !self.demo => &own,
            None => return Ok((demo::QUESTIONS.to_owned(), DEMO.to_owned())),
        };
        let name = file.display().to_string();
        let cannot = || {
            let hint = "name a file of questions that you may read with --qa";
            Failure::new(format!("cannot read {name}"), hint)
        };
        let text = read_document(file).map_err(|error| cannot().because(error))?;
        let text = text.ok_or_else(|| cannot().because("there is no such file"))?;
        Ok((text, name))
    }

    fn ask_all(
        &self,
        set: &QaSet,
        memory: &MemoryStore,
        ring: &Keyring,
        embedder: Option<&dyn Embedder>,
    ) -> anyhow::Result<Vec<Asked>> {
        let manner = Manner {
            k: self.k,
            unit: self.unit,
            words_max: words_max(self.unit, self.words).unwrap_or(usize::MAX),
            client: &self.client,
            embedder,
            now: SystemClock.now(),
        };
        Ok(set
            .cases()
            .iter()
            .map(|case| ask(memory, ring, case, manner))
            .collect::<Result<_, _>>()?)
    }
}

/// A question compares by meaning only with what has a vector of its model.
fn say_without_vectors(memory: &MemoryStore, model: &ModelId) -> anyhow::Result<()> {
    if !memory.without_vector(model, 1)?.is_empty() {
        say(
            "some fragments have no vector of this model yet, and are found by their words: `aios serve` gives them theirs",
        );
    }
    Ok(())
}

/// What the built-in set is called.
const DEMO: &str = "the built-in questions";

fn write_results(file: &Path, set: &QaSet, asked: &[Asked]) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for (case, one) in set.cases().iter().zip(asked) {
        let line = json!({
            "id": case.id, "fragments": one.fragments, "spans": one.spans, "ms": one.answer.ms,
        });
        writeln!(text, "{line}")?;
    }
    fs::write(file, text).map_err(|error| {
        let hint = "name a file that you may write with --results";
        Failure::new(format!("cannot write {}", file.display()), hint).because(error).into()
    })
}

//! `aios retrieval create`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use aios_core::{Event, EventId, FeedbackSource, Purpose, ResponseEvent};
use aios_eval::retrieval::{LabelSource, QaCase};
use aios_privacy::Pseudonym;
use aios_store::{DataDir, Filter, MemoryStore};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, say};
use crate::cli::parse;

/// From which score on somebody has confirmed an answer.
const CONFIRMED: f64 = 0.5;

/// Propose questions from answers that used the memory and that somebody has confirmed
///
/// What the memory returned says nothing of what it should have: without somebody's word there is no proposal, and
/// each is marked "unlabelled" until a person has set "expected_fragments" right and "label_source" to "person".
/// `eval` passes over those that are not. It asks in one conversation, so what is proposed are answers whose fragments
/// are all of one, whichever it was asked in; the others are counted. Prints {"test_cases": [...]}.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// From when on, or how long ago
    #[arg(long, value_name = "TIME", value_parser = parse::time, default_value = "30d")]
    since: aios_core::Timestamp,
    /// Most proposals
    #[arg(long, default_value_t = 50)]
    max: usize,
    /// Write them to a file that is not there yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Create {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let filter = Filter { since: Some(self.since), ..Filter::default() };
        let (mut used, mut confirmed) = (BTreeMap::new(), BTreeSet::new());
        for event in aios_store::query(&dir, &filter)? {
            match event.map(|line| line.event) {
                Ok(Event::Response(event)) if uses_memory(&event) => {
                    used.insert(event.event_id, event);
                }
                Ok(Event::Feedback(said)) if is_word(said.source, said.score) => {
                    confirmed.insert(said.about);
                }
                Ok(Event::Response(_) | Event::Feedback(_) | Event::Hypothesis(_)) => {}
                Err(error) => say(format_args!("passed over: {error}")),
            }
        }
        let n_used = used.len();
        used.retain(|id, _| confirmed.contains(id));
        let n_confirmed = used.len();
        let memory = MemoryStore::read(&dir)?;
        let (mut cases, mut n_elsewhere) = (Vec::new(), 0);
        for (id, event) in used {
            if cases.len() == self.max {
                break;
            }
            let ids = &event.memory_fragments;
            match memory.as_ref().map(|memory| memory.conversation_of(ids)).transpose()?.flatten() {
                Some(conversation) => cases.push(proposal(id, &conversation, &event)),
                None => n_elsewhere += 1,
            }
        }
        say(format_args!(
            "{n_used} answers used the memory, {n_confirmed} of them were confirmed; look at each, set \"label_source\" to \"person\""
        ));
        if n_elsewhere > 0 {
            say(format_args!(
                "{n_elsewhere} of them used what is not of one conversation, or is there no more: `eval` could not find it, so nothing is proposed from them"
            ));
        }
        let text = serde_json::to_string_pretty(&json!({ "test_cases": cases }))?;
        let Some(file) = &self.out else {
            writeln!(out, "{text}")?;
            return Ok(Exit::Done);
        };
        let written = fs::OpenOptions::new().write(true).create_new(true).open(file);
        written.and_then(|mut file| writeln!(file, "{text}")).map_err(|error| {
            let hint = "name a file that is not there yet with --out";
            Failure::new(format!("cannot write {}", file.display()), hint).because(error)
        })?;
        Ok(Exit::Done)
    }
}

fn uses_memory(event: &ResponseEvent) -> bool {
    event.purpose == Purpose::Live
        && !event.memory_fragments.is_empty()
        && !event.question.is_empty()
}

/// Whether a person has said that an answer was good. A model's word would be another ranking.
fn is_word(source: FeedbackSource, score: Option<f64>) -> bool {
    match source {
        FeedbackSource::Client => score.is_some_and(|score| score >= CONFIRMED),
        FeedbackSource::Judge => false,
    }
}

fn proposal(id: EventId, conversation: &Pseudonym, event: &ResponseEvent) -> QaCase {
    let extra = json!({ "proposed_from": id, "proposed_because": "an answer that used these was confirmed" });
    QaCase {
        id: format!("proposal-{id}"),
        conv_id: Some(conversation.to_string()),
        question: event.question.as_str().to_owned(),
        expected_fragments: event.memory_fragments.clone(),
        min_recall: None,
        label_source: LabelSource::Unlabelled,
        extra: extra.as_object().cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_persons_good_word_confirms() {
        assert!(is_word(FeedbackSource::Client, Some(0.5)));
        assert!(!is_word(FeedbackSource::Client, Some(0.4)));
        assert!(!is_word(FeedbackSource::Client, None));
        assert!(!is_word(FeedbackSource::Judge, Some(1.0)));
    }
}

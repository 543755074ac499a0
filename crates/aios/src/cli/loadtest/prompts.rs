//! What is asked: the guide's questions, made-up ones, or those of a file.

use std::path::{Path, PathBuf};

use aios_eval::{BUILT_IN_SET, GoldenSet};
use aios_store::read_document;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::output::Failure;

/// Most prompts that are held at once; a longer run sends them again.
const PROMPTS_MAX: u64 = 100_000;

/// As many as the guide has.
const PROMPTS: u64 = 50;

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct Prompts {
    /// How many requests without --duration: 50, or one a line of --file; more than it has lines begin with it again
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=PROMPTS_MAX))]
    prompts: Option<u64>,
    /// Prompts of your own: a text a line, or NDJSON with "prompt", "question" or "messages"
    #[arg(long, value_name = "FILE", conflicts_with = "mix")]
    file: Option<PathBuf>,
    /// Prompts that are made up
    #[arg(long, value_enum, default_value_t = Mix::Guide)]
    mix: Mix,
}

/// Prompts that are made up; number n is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mix {
    /// "Test question 1" and so on, as in the operator's guide, each with a question of the built-in golden set
    Guide,
    /// "Test question 1" and so on, and nothing else: so trivial that all of it goes to the embedder
    Bare,
    /// What is said in passing
    Short,
    /// What needs thought, with some context
    Long,
    /// Both, in turn
    Mixed,
}

const THINGS: [&str; 8] =
    ["tides", "compound interest", "a hash map", "yeast", "the moon", "glass", "rust", "a sonnet"];

/// What was read.
pub(super) struct Asked {
    /// The messages of each prompt, in their order.
    pub(super) messages: Vec<Value>,
    /// How many requests that is where no time is given.
    pub(super) n: u64,
}

impl Prompts {
    pub(super) fn read(&self) -> anyhow::Result<Asked> {
        let messages = match &self.file {
            Some(path) => of_file(path, self.prompts)?,
            None => {
                let (n, questions) =
                    (usize::try_from(self.prompts.unwrap_or(PROMPTS))?, questions()?);
                (1..=n).map(|n| self.mix.messages(n, &questions)).collect()
            }
        };
        let n = self.prompts.unwrap_or(messages.len() as u64);
        Ok(Asked { messages, n })
    }

    /// Where they are from.
    pub(super) fn name(&self) -> String {
        match (&self.file, self.mix.to_possible_value()) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(mix)) => mix.get_name().to_owned(),
            (None, None) => String::new(),
        }
    }
}

impl Mix {
    fn messages(self, n: usize, questions: &[String]) -> Value {
        let asked = json!({ "role": "user", "content": self.prompt(n, questions) });
        match self {
            // Beside the question, where it does not count for its weight.
            Self::Guide => {
                json!([{ "role": "system", "content": format!("Test question {n}") }, asked])
            }
            Self::Bare | Self::Short | Self::Long | Self::Mixed => json!([asked]),
        }
    }

    fn prompt(self, n: usize, questions: &[String]) -> String {
        let thing = THINGS.get(n % THINGS.len()).copied().unwrap_or_default();
        match self {
            Self::Guide => {
                questions.get((n - 1) % questions.len().max(1)).cloned().unwrap_or_default()
            }
            Self::Bare => format!("Test question {n}"),
            Self::Short => format!("What is {thing}? ({n})"),
            Self::Long => format!(
                "Here is what I know about {thing} so far: {} Case {n}: explain step by step what is wrong with it, \
                 compare two ways to put it right, and prove which of them is better.",
                "Some say that it is so because it was always so, and nobody has measured it. "
                    .repeat(8)
            ),
            Self::Mixed if n.is_multiple_of(2) => Self::Long.prompt(n, questions),
            Self::Mixed => Self::Short.prompt(n, questions),
        }
    }
}

/// The built-in golden set's questions, whose right routing is known: three of five belong to main.
fn questions() -> anyhow::Result<Vec<String>> {
    let set = GoldenSet::parse(BUILT_IN_SET)?;
    Ok(set.cases().iter().map(|case| case.question.clone()).collect())
}

fn one(text: &str) -> Value {
    json!([{ "role": "user", "content": text }])
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(alias = "question")]
    prompt: Option<String>,
    messages: Option<Value>,
}

/// The first `n` of a file, or all of it.
fn of_file(path: &Path, n: Option<u64>) -> anyhow::Result<Vec<Value>> {
    let cannot = |why: String| {
        let hint = "a text a line, or NDJSON with \"prompt\", \"question\" or \"messages\"";
        Failure::new(format!("cannot use the prompts of {}: {why}", path.display()), hint)
    };
    let text = read_document(path)?.ok_or_else(|| cannot("there is no such file".to_owned()))?;
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let mut prompts = Vec::new();
    for (at, line) in lines.take(usize::try_from(n.unwrap_or(PROMPTS_MAX + 1))?) {
        let read = prompt(line)
            .ok_or_else(|| cannot(format!("line {} is JSON, and has none of the three", at + 1)))?;
        prompts.push(read);
    }
    if prompts.len() as u64 > PROMPTS_MAX {
        let why = format!("it has more than {PROMPTS_MAX}; --prompts takes the first so many");
        return Err(cannot(why).into());
    }
    if prompts.is_empty() {
        return Err(cannot("it has no line".to_owned()).into());
    }
    Ok(prompts)
}

fn prompt(line: &str) -> Option<Value> {
    if !line.starts_with('{') {
        return Some(one(line));
    }
    let line: Line = serde_json::from_str(line).ok()?;
    line.messages.filter(Value::is_array).or_else(|| line.prompt.as_deref().map(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_texts_or_json() {
        assert_eq!(prompt("Where is it?"), Some(one("Where is it?")));
        assert_eq!(prompt(r#"{"prompt": "a"}"#), Some(one("a")));
        assert_eq!(prompt(r#"{"question": "a", "id": 7}"#), Some(one("a")));
        let messages = json!([{ "role": "system", "content": "b" }]);
        assert_eq!(prompt(&json!({ "messages": messages }).to_string()), Some(messages));
        assert_eq!(prompt(r#"{"text": "a"}"#), None);
        assert_eq!(prompt("{ not JSON"), None);
    }

    #[test]
    fn the_guides_questions_have_something_to_be_routed_by() {
        let questions = questions().unwrap();
        let of = |mix: Mix, n| mix.prompt(n, &questions);
        assert_eq!(of(Mix::Guide, 1), "Hello there!");
        assert_eq!(Mix::Guide.messages(50, &questions)[0]["content"], "Test question 50");
        assert_eq!(of(Mix::Bare, 50), "Test question 50");
        assert_ne!(of(Mix::Mixed, 1).len(), of(Mix::Mixed, 2).len());
    }
}

//! `aios pii test`.

use std::io::Write;

use aios_privacy::{CustomRule, Finding, RULES};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::table::one_line;
use crate::config::nearest;

/// Longest text that is printed.
const SHOWN_MAX: usize = 60;

/// Try a rule on texts
///
/// Exit code 2 if the rule finds nothing in one of them. With --json: {"rule", "cases": [{"text",
/// "spans": [{"start", "end", "value"}], "others": [rule]}]}; the others are rules that found something.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// A rule of `aios pii rules`, also one of the configuration's own, by its name
    rule: String,
    /// Texts in which it should find something
    #[arg(required = true)]
    texts: Vec<String>,
    /// Try this pattern in place of what the configuration has
    #[arg(long, value_name = "REGEX")]
    pattern: Option<String>,
}

/// What the rule found in a text.
#[derive(Debug, Serialize)]
struct Case<'a> {
    text: &'a str,
    spans: Vec<Span<'a>>,
    others: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Span<'a> {
    start: usize,
    end: usize,
    value: &'a str,
}

impl Test {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut privacy = context.config()?.privacy;
        if let Some(pattern) = &self.pattern {
            let name = self.rule.trim_start_matches("custom.");
            let own = CustomRule::new(name, pattern).map_err(|error| {
                Failure::new(
                    format!("the rule {name} is refused"),
                    "see docs/privacy.md for rules of your own",
                )
                .because(error)
            })?;
            privacy.custom.retain(|one| one.rule() != own.rule());
            privacy.custom.push(own);
        }
        let own = privacy.custom.iter().map(CustomRule::rule);
        let known: Vec<_> = RULES.iter().map(|rule| rule.rule).chain(own).collect();
        let rule = known_rule(&self.rule, &known)?;
        let redactor = privacy.scanner();
        let findings: Vec<_> = self.texts.iter().map(|text| redactor.scan(text)).collect();
        let cases: Vec<_> =
            self.texts.iter().zip(&findings).map(|(text, found)| case(rule, text, found)).collect();
        if context.json {
            output::json(out, &json!({ "rule": rule, "cases": cases }))?;
        } else {
            cases.iter().try_for_each(|case| case.print(out))?;
        }
        out.flush()?;
        let n_missed = cases.iter().filter(|case| case.spans.is_empty()).count();
        say(format_args!("{rule}: found in {} of {}", cases.len() - n_missed, cases.len()));
        Ok(if n_missed == 0 { Exit::Done } else { Exit::Violation })
    }
}

/// The rule of this name; of one's own rules, `custom.` may be left out.
fn known_rule<'a>(name: &str, known: &[&'a str]) -> anyhow::Result<&'a str> {
    let is = |rule: &&&str| **rule == name || rule.strip_prefix("custom.") == Some(name);
    match known.iter().find(is) {
        Some(rule) => Ok(rule),
        None => {
            let meant = nearest(name, known.iter().copied());
            let hint = meant.map_or_else(
                || "aios pii rules lists all".to_owned(),
                |meant| format!("did you mean {meant}? aios pii rules lists all"),
            );
            Err(Failure::new(format!("there is no rule {name}"), hint).into())
        }
    }
}

fn case<'a>(rule: &str, text: &'a str, findings: &[Finding<'a>]) -> Case<'a> {
    let (own, others): (Vec<_>, Vec<_>) = findings.iter().partition(|one| one.rule == rule);
    let span = |one: &&Finding<'a>| Span {
        start: one.start,
        end: one.end,
        value: text.get(one.start..one.end).unwrap_or_default(),
    };
    Case {
        text,
        spans: own.iter().map(span).collect(),
        others: others.iter().map(|one| one.rule).collect(),
    }
}

impl Case<'_> {
    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let text = one_line(self.text, SHOWN_MAX);
        let found =
            self.spans.iter().map(|span| format!("{}-{} {}", span.start + 1, span.end, span.value));
        let found = found.collect::<Vec<_>>().join(", ");
        let others = self.others.join(", ");
        match (found.is_empty(), others.is_empty()) {
            (false, _) => writeln!(out, "yes  {text}  {}", one_line(&found, SHOWN_MAX))?,
            (true, true) => writeln!(out, "no   {text}")?,
            (true, false) => writeln!(out, "no   {text}  (found by {others})")?,
        }
        Ok(())
    }
}

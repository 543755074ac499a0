//! `aios routing explain`.

use std::io::{Read, Write};

use aios_core::Bucket;
use aios_route::Explanation;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::InForce;
use super::status::profile_name;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::{parse, table};

/// Say where a message goes, number by number
///
/// With --json: {"split", "explanations": [{"bucket", "tier", "reason", "weight", "boundary", "margin",
/// "raw", "terms": [{"name", "value", "meaning"}], …}]}, an explanation per bucket.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The message; `-` reads it from stdin
    text: String,
    /// Only this bucket
    #[arg(long, value_parser = parse::bucket())]
    bucket: Option<Bucket>,
}

impl Explain {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let message = if self.text == "-" { stdin(config.server.body_max)? } else { self.text };
        let InForce { split, policy, .. } = InForce::of(&config)?;
        let buckets =
            Bucket::ALL.into_iter().filter(|&own| self.bucket.is_none_or(|only| only == own));
        let explanations: Vec<_> =
            buckets.map(|bucket| aios_route::explain(&message, bucket, &policy, &split)).collect();
        if context.json {
            output::json(out, &json!({ "split": split, "explanations": explanations }))?;
        } else {
            print(out, &explanations)?;
        }
        Ok(Exit::Done)
    }
}

/// A message is as long as a request's body at most.
fn stdin(bytes_max: usize) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    std::io::stdin().lock().take(limit).read_to_end(&mut bytes).context("cannot read stdin")?;
    if bytes.len() > bytes_max {
        let message = format!("the message on stdin is longer than {bytes_max} bytes");
        return Err(Failure::new(message, "server.body_max sets this limit").into());
    }
    let not_text = |error| Failure::new("stdin is not text", "save it as UTF-8").because(error);
    Ok(String::from_utf8(bytes).map_err(|error| not_text(error.utf8_error()))?)
}

fn print(out: &mut dyn Write, explanations: &[Explanation]) -> anyhow::Result<()> {
    // All but the boundary is the same in every bucket.
    let Some(first) = explanations.first() else { return Ok(()) };
    let mut rows: Vec<_> = first.terms.iter().map(term).collect();
    rows.push(vec!["raw".to_owned(), format!("{:+.3}", first.raw), "sum of the terms".to_owned()]);
    rows.push(vec!["weight".to_owned(), format!("{:.3}", first.weight.get()), knots(first)]);
    rows.extend(explanations.iter().map(verdict));
    table::print(out, &rows)
}

fn term(term: &aios_route::ExplainedTerm) -> Vec<String> {
    vec![term.name.to_owned(), format!("{:+.3}", term.value), term.meaning.to_owned()]
}

fn knots(explanation: &Explanation) -> String {
    let profile = profile_name(explanation.profile);
    match explanation.n_knot_prompts {
        0 => format!("rank of raw + 0.1; {profile} knots"),
        n => format!("rank of raw + 0.1; {profile} knots of {n} prompts"),
    }
}

fn verdict(explanation: &Explanation) -> Vec<String> {
    let Explanation { bucket, tier, boundary, margin, reason, .. } = explanation;
    let reason = reason.name();
    let why = format!("{reason}: boundary {boundary}, margin {margin:+.3}");
    vec![bucket.to_string(), tier.to_string(), why]
}

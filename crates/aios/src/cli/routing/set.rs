//! `aios routing override`.

use std::io::Write;

use aios_route::{OverrideWish, apply_override};
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure};
use crate::cli::owner::{self, Owner};

/// Take the split into your own hand, within a second and without a restart
///
/// What is not named stays as an override that is there has it, else as the canary or configuration has it; `clear` ends
/// all of it. While it names a share or a boundary the canary is not judged; with --freeze alone it is, and can only fall
/// back. With --json: what stands in
/// analytics/adaptive_override.json.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Override {
    /// Share of conversations in control, in percent; 100 empties treatment
    #[arg(long, value_name = "N", value_parser = percent, allow_negative_numbers = true)]
    control_pct: Option<f64>,
    /// The boundary of both buckets
    #[arg(long, value_name = "B", value_parser = boundary, allow_negative_numbers = true)]
    boundary: Option<f64>,
    /// Nothing moves by itself but back: no step of the boundary, no further stage
    #[arg(long)]
    freeze: bool,
}

impl Override {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let wish = OverrideWish {
            control_bucket_pct: self.control_pct.map(|pct| pct / 100.0),
            boundary: self.boundary,
            freeze: self.freeze.then_some(true),
        };
        let wish = match Owner::of(&config)? {
            Owner::Us(dir) => {
                let wish = wish.over(dir.read_override()?.as_deref());
                let text = serde_json::to_string(&wish)?;
                apply_override(&config.routing.split, &text)
                    .map_err(|error| Failure::new(error.to_string(), error.hint()))?;
                dir.write_override(&text)?;
                wish
            }
            Owner::Server => owner::ask(&config, "/admin/v1/routing/override", &wish)?,
        };
        if context.json {
            output::json(out, &wish)?;
        } else {
            writeln!(out, "the override is set: {}; `aios routing clear` ends it", told(&wish))?;
        }
        Ok(Exit::Done)
    }
}

/// What is asked for, in words.
fn told(wish: &OverrideWish) -> String {
    let control = wish.control_bucket_pct.map(|share| format!("{} % in control", share * 100.0));
    let boundary = wish.boundary.map(|boundary| format!("boundary {boundary}"));
    let frozen = wish.freeze.filter(|freeze| *freeze).map(|_| "frozen".to_owned());
    let all: Vec<_> = [control, boundary, frozen].into_iter().flatten().collect();
    all.join(", ")
}

fn percent(text: &str) -> Result<f64, &'static str> {
    within(text, 100.0).ok_or("expected a number from 0 to 100")
}

fn boundary(text: &str) -> Result<f64, &'static str> {
    within(text, 1.0).ok_or("expected a number from 0 to 1")
}

fn within(text: &str, most: f64) -> Option<f64> {
    let number = text.parse().ok().filter(|number| (0.0..=most).contains(number));
    // A zero below zero is a zero.
    number.map(|number: f64| number + 0.0)
}

//! `aios pii rules`.

use std::io::Write;

use aios_privacy::{CustomRule, PiiKind, RULES};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// List what is looked for, and how sure each rule is
///
/// With --json: {"rules": [{"kind", "rule", "conf", "about", "enabled"}]}.
#[derive(Debug, Args)]
pub(super) struct Rules {}

#[derive(Debug, Serialize)]
struct Row<'a> {
    kind: &'static str,
    rule: &'a str,
    #[serde(serialize_with = "super::hundredths")]
    conf: f32,
    about: &'static str,
    enabled: bool,
}

impl Rules {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let privacy = context.config()?.privacy;
        let enabled = |kind| privacy.kinds.contains(&kind);
        let built_in = RULES.iter().map(|rule| Row {
            kind: rule.kind.name(),
            rule: rule.rule,
            conf: rule.confidence,
            about: rule.about,
            enabled: enabled(rule.kind),
        });
        let custom = privacy.custom.iter().map(|rule| Row {
            kind: PiiKind::Custom.name(),
            rule: rule.rule(),
            conf: CustomRule::CONFIDENCE,
            about: "a pattern of the configuration",
            enabled: enabled(PiiKind::Custom),
        });
        let rows: Vec<_> = built_in.chain(custom).collect();
        if context.json {
            output::json(out, &json!({ "rules": rows }))?;
        } else {
            table::print(out, &cells(&rows))?;
        }
        Ok(Exit::Done)
    }
}

fn cells(rows: &[Row<'_>]) -> Vec<Vec<String>> {
    let head = ["KIND", "RULE", "CONF", "BELIEVES"].map(str::to_owned).to_vec();
    let cells = |row: &Row<'_>| {
        let off = if row.enabled { "" } else { " (switched off)" };
        vec![
            row.kind.to_owned(),
            row.rule.to_owned(),
            format!("{:.2}", row.conf),
            format!("{}{off}", row.about),
        ]
    };
    std::iter::once(head).chain(rows.iter().map(cells)).collect()
}

//! `aios data verify --receipt`.

use std::io::Write;
use std::path::Path;

use aios_store::{DataDir, ReceiptChecked, Witness, verify_receipt};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Holds a receipt against its signature, the ledger and the audit trail.
pub(super) fn verify(context: &Context, file: &Path, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let dir = DataDir::read(context.config()?.server.data_dir)?;
    let checked = verify_receipt(&dir, file)?;
    if context.json {
        output::json(out, &shown(&checked))?;
    } else {
        print(out, &checked)?;
    }
    Ok(if checked.is_good() { Exit::Done } else { Exit::Violation })
}

fn shown(checked: &ReceiptChecked) -> Value {
    let witnesses = checked.witnesses.iter().map(|(who, says)| ((*who).to_owned(), json!(says)));
    json!({
        "ok": checked.is_good(), "id": checked.id, "state": checked.state,
        "n_records": checked.n_records, "witnesses": serde_json::Map::from_iter(witnesses),
    })
}

fn print(out: &mut dyn Write, checked: &ReceiptChecked) -> anyhow::Result<()> {
    let word = if checked.is_good() { "RECEIPT_OK" } else { "RECEIPT_BAD" };
    let (id, state) = (&checked.id, checked.state.name());
    writeln!(out, "{word} id={id} state={state} records={}", checked.n_records)?;
    for (who, says) in &checked.witnesses {
        let says = match says {
            Witness::Same => "agrees",
            Witness::PastItsTime => "has nothing any more: it is past its time",
            Witness::Other(why) => why,
        };
        writeln!(out, "{who}: {says}")?;
    }
    Ok(())
}

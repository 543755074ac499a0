//! Reads a scope from its rows.

use std::collections::HashMap;
use std::sync::Arc;

use aios_core::Timestamp;
use aios_memory::{Analyzer, Entry, ModelId, Quantized, Scope, Term, Validity};
use rusqlite::{Connection, Row, params_from_iter};

use super::cache::Built;
use super::insert::kind;
use super::search::Key;

/// The scope, and the last row in it. Vectors are those of one model.
pub(super) fn load(
    database: &Connection,
    key: &Key,
    analyzer: &Analyzer,
    model: Option<&ModelId>,
) -> rusqlite::Result<Built> {
    let (filter, names) = key.filter(2);
    let sql = format!(
        "SELECT f.id, f.home, f.session, f.ts, f.kind, f.speaker, f.terms, f.n_words, f.guard,
            f.archived_at IS NOT NULL OR f.superseded_by IS NOT NULL, v.q, v.scale, f.valid_from, f.valid_to
         FROM fragment f LEFT JOIN vector v ON v.fragment = f.id AND v.model = ?1
         WHERE {filter} ORDER BY f.id"
    );
    let model = match model {
        Some(model) => super::vectors::number(database, model)?,
        None => None,
    };
    let mut rows = database.prepare_cached(&sql)?;
    let values = std::iter::once(rusqlite::types::Value::from(model));
    let names = names.into_iter().map(rusqlite::types::Value::from);
    let mut rows = rows.query(params_from_iter(values.chain(names)))?;
    let mut speakers: HashMap<String, Vec<Term>> = HashMap::new();
    let (mut entries, mut last) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let mut entry = entry(row)?;
        if let Some(speaker) = row.get_ref(5)?.as_str_or_null()? {
            let known = speakers.get(speaker).cloned();
            entry.speaker = known.unwrap_or_else(|| {
                let names = analyzer.names(speaker);
                speakers.insert(speaker.to_owned(), names.clone());
                names
            });
        }
        last = last.max(entry.id);
        entries.push(entry);
    }
    Ok(Built { scope: Arc::new(Scope::new(entries)), last })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let vector = match row.get_ref(10)?.as_blob_or_null()? {
        Some(bytes) => {
            let bytes = bytes.iter().map(|byte| byte.cast_signed()).collect();
            Some(Quantized { scale: row.get(11)?, bytes })
        }
        None => None,
    };
    let (terms, _) = row.get_ref(6)?.as_blob()?.as_chunks::<4>();
    Ok(Entry {
        id: row.get(0)?,
        conversation: row.get(1)?,
        session: row.get(2)?,
        ts: Timestamp::from_micros(row.get(3)?),
        kind: kind(row.get(4)?),
        speaker: Vec::new(),
        terms: terms.iter().map(|term| Term::from_le_bytes(*term)).collect(),
        n_words: row.get(7)?,
        guard: row.get(8)?,
        is_retired: row.get(9)?,
        valid: Validity {
            from: Timestamp::from_micros(row.get::<_, Option<i64>>(12)?.unwrap_or(i64::MIN)),
            to: Timestamp::from_micros(row.get::<_, Option<i64>>(13)?.unwrap_or(i64::MAX)),
        },
        vector,
    })
}

//! Reads a scope from its rows.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aios_core::Timestamp;
use aios_memory::{Analyzer, Entry, ModelId, Quantized, Scope, Term, Validity};
use rusqlite::{Connection, Row, params_from_iter};

use super::fragment::{RecalledFragment, id_of};
use super::insert::kind;
use super::ready::{Built, Held, TEXTS_MAX};
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
            f.archived_at IS NOT NULL OR f.superseded_by IS NOT NULL, v.q, v.scale, f.valid_from, f.valid_to,
            f.name, h.name, f.text, f.norm_hash, EXISTS (SELECT 1 FROM alias a WHERE a.fragment = f.id)
         FROM fragment f JOIN scope h ON h.id = f.home LEFT JOIN vector v ON v.fragment = f.id AND v.model = ?1
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
    let (mut entries, mut last, mut texts) = (Vec::new(), 0, Some(Vec::new()));
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
        // In a small scope that is asked often, to read a text costs more than to find it.
        texts = texts.filter(|texts| texts.len() < TEXTS_MAX);
        if let Some(texts) = &mut texts {
            texts.push(text(database, row, entry.ts)?);
        }
        entries.push(entry);
    }
    Ok(Built { held: Arc::new(Held::new(Scope::new(entries), texts)), last })
}

fn text(database: &Connection, row: &Row<'_>, ts: Timestamp) -> rusqlite::Result<RecalledFragment> {
    let number = row.get(0)?;
    let also = match row.get(18)? {
        true => {
            let mut names =
                database.prepare_cached("SELECT name FROM alias WHERE fragment = ?1")?;
            names.query_map([number], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        }
        false => Vec::new(),
    };
    Ok(RecalledFragment {
        number,
        id: id_of(number, row.get(14)?),
        also,
        home: row.get(15)?,
        speaker: row.get(5)?,
        text: row.get(16)?,
        ts,
        norm_hash: row.get(17)?,
        shown: OnceLock::new(),
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let vector = match row.get_ref(10)?.as_blob_or_null()? {
        // One that is empty says that the model makes none of this text.
        Some(bytes) if !bytes.is_empty() => {
            let bytes = bytes.iter().map(|byte| byte.cast_signed()).collect();
            Some(Quantized { scale: row.get(11)?, bytes })
        }
        Some(_) | None => None,
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

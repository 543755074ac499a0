//! Makes everything that is derived from texts anew.

use aios_memory::{Analyzer, Language, normal_hash};
use rusqlite::{Connection, TransactionBehavior, params};

use super::database::{failed, language, meta, set_language, set_meta};
use super::insert::Read;
use crate::{DataDir, StoreError, fail};

/// Which rules the stored terms were made by.
const ANALYZER: &str = "analyzer_version";

/// How often they were made anew.
const GENERATION: &str = "generation";

/// The analyzer whose terms are stored. Terms of older rules are made anew before anybody compares them.
pub(super) fn analyzer_in_force(
    dir: &DataDir,
    database: &mut Connection,
) -> Result<Analyzer, StoreError> {
    let read = |database: &Connection| {
        Ok((language(database)?.unwrap_or_default(), meta::<u32>(database, ANALYZER)?))
    };
    let read = read(database).map_err(|error: rusqlite::Error| failed(dir, "read", error));
    let (language, version) = read?;
    let analyzer = Analyzer::new(language);
    if version != Some(Analyzer::VERSION) {
        let n = rebuild(dir, database, &analyzer)?;
        tracing::info!(n, "the memory's words were read anew");
    }
    Ok(analyzer)
}

/// Reads every text again, in one transaction.
pub(super) fn rebuild(
    dir: &DataDir,
    database: &mut Connection,
    analyzer: &Analyzer,
) -> Result<u64, StoreError> {
    try_rebuild(database, analyzer).map_err(|error| failed(dir, "rebuild", error))
}

fn try_rebuild(database: &mut Connection, analyzer: &Analyzer) -> rusqlite::Result<u64> {
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut n = 0;
    {
        let mut texts =
            making.prepare("SELECT id, text FROM fragment WHERE id > ?1 ORDER BY id LIMIT 1000")?;
        let sql = "UPDATE fragment SET norm_hash = ?2, terms = ?3, n_words = ?4, guard = ?5 WHERE id = ?1";
        let mut update = making.prepare(sql)?;
        let mut last = 0_i64;
        loop {
            let some = texts.query_map([last], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let some: Vec<(i64, String)> = some.collect::<rusqlite::Result<_>>()?;
            let Some((id, _)) = some.last() else { break };
            last = *id;
            for (id, text) in &some {
                let read = Read::new(analyzer, text, normal_hash(text));
                let values = params![id, read.norm_hash, read.blob(), read.n_words, read.guard];
                n += update.execute(values)? as u64;
            }
        }
    }
    // What a model made no vector of is asked for again.
    making.execute("DELETE FROM vector WHERE length(q) = 0", [])?;
    let generation: i64 = meta(&making, GENERATION)?.unwrap_or(0);
    set_meta(&making, GENERATION, generation + 1)?;
    set_meta(&making, ANALYZER, Analyzer::VERSION)?;
    set_language(&making, analyzer.language())?;
    fail::point("memory.before_rebuilt");
    making.commit()?;
    fail::point("memory.rebuilt");
    Ok(n)
}

/// How often the derived parts were made, and in which language.
pub(super) fn made(database: &Connection) -> rusqlite::Result<(u64, Language)> {
    let generation = meta(database, GENERATION)?.unwrap_or(0);
    Ok((generation, language(database)?.unwrap_or_default()))
}

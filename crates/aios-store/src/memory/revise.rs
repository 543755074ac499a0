//! What people say of single fragments: that one stays whatever its age, or that another has taken its place.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::MemoryStore;
use super::database::failed;
use super::fragment::number_in;
use super::search::{Key, MemoryScope};
use crate::{StoreError, fail};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revised {
    /// It was done.
    Done,
    /// A fragment of that id is not there.
    Unknown,
    /// A fragment cannot take its own place, nor that of one which has taken its own.
    Circle,
}

impl MemoryStore {
    /// Says of a fragment, by the caller's id or by `m` and its number, whether it stays whatever its age.
    ///
    /// # Errors
    /// When the database fails.
    pub fn pin(&self, scope: &MemoryScope, id: &str, stays: bool) -> Result<Revised, StoreError> {
        self.revise(
            scope,
            move |making, key, id| {
                let Some(number) = number_of(making, key, &id[0])? else {
                    return Ok(Revised::Unknown);
                };
                making.execute(
                    "UPDATE fragment SET pinned = ?2 WHERE id = ?1",
                    params![number, stays],
                )?;
                Ok(Revised::Done)
            },
            vec![id.to_owned()],
        )
    }

    /// Says that a fragment has taken another's place, which is then found no more. Both stay.
    ///
    /// # Errors
    /// When the database fails.
    pub fn supersede(
        &self,
        scope: &MemoryScope,
        earlier: &str,
        later: &str,
    ) -> Result<Revised, StoreError> {
        self.revise(
            scope,
            |making, key, ids| {
                let numbers =
                    number_of(making, key, &ids[0])?.zip(number_of(making, key, &ids[1])?);
                let Some((earlier, later)) = numbers else { return Ok(Revised::Unknown) };
                if leads_to(making, later, earlier)? {
                    return Ok(Revised::Circle);
                }
                let sql = "UPDATE fragment SET superseded_by = ?2 WHERE id = ?1";
                making.execute(sql, params![earlier, later])?;
                Ok(Revised::Done)
            },
            vec![earlier.to_owned(), later.to_owned()],
        )
    }

    fn revise(
        &self,
        scope: &MemoryScope,
        revise: impl FnOnce(&Connection, &Key, &[String]) -> rusqlite::Result<Revised> + Send + 'static,
        ids: Vec<String>,
    ) -> Result<Revised, StoreError> {
        let key = Key::of(scope);
        self.writer("revise")?.alone(move |database, tools| {
            let work = |database: &mut Connection| {
                let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let revised = revise(&making, &key, &ids)?;
                fail::point("memory.before_revised");
                making.commit()?;
                fail::point("memory.revised");
                Ok(revised)
            };
            let revised = work(database)
                .map_err(|error: rusqlite::Error| failed(&tools.dir, "revise in", error));
            tools.forget_scopes();
            revised
        })
    }
}

/// The number of a fragment of a scope.
pub(super) fn number_of(
    database: &Connection,
    key: &Key,
    id: &str,
) -> rusqlite::Result<Option<i64>> {
    let number = number_in(id);
    let (filter, names) = key.filter(3);
    // The caller's own ids count first: one may look like a number of ours.
    let sql = format!(
        "SELECT f.id FROM fragment f LEFT JOIN alias a ON a.fragment = f.id
         WHERE (f.name = ?1 OR a.name = ?1 OR f.id = ?2) AND {filter}
         ORDER BY f.name IS NOT ?1, a.name IS NOT ?1 LIMIT 1"
    );
    let values = [rusqlite::types::Value::from(id.to_owned()), number.into()];
    let names = names.into_iter().map(rusqlite::types::Value::from);
    let values = params_from_iter(values.into_iter().chain(names));
    database.query_row(&sql, values, |row| row.get(0)).optional()
}

/// Whether a fragment is another, or its place was taken by it, by however many steps.
fn leads_to(database: &Connection, from: i64, to: i64) -> rusqlite::Result<bool> {
    let sql = "WITH RECURSIVE taken(id) AS (SELECT ?1 UNION
        SELECT superseded_by FROM fragment JOIN taken USING (id) WHERE superseded_by IS NOT NULL)
        SELECT EXISTS (SELECT 1 FROM taken WHERE id = ?2)";
    database.query_row(sql, [from, to], |row| row.get(0))
}

//! Puts a fragment into the tables.

use aios_core::Timestamp;
use aios_memory::{
    Analyzer, Entry, Kind, Term, Validity, guard_mark, is_mergeable, n_words, normal_hash,
};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::fragment::{Added, NewFragment, Outcome, Refusal};
use crate::erase::Fence;

/// What became of a fragment, and what searches have to learn of it.
pub(super) struct Inserted {
    pub(super) added: Added,
    /// The new row, for scopes that are kept ready.
    pub(super) entry: Option<Entry>,
    /// Whose a changed fragment was until now.
    pub(super) subject_before: Option<String>,
    /// Of its text; of nothing where it was refused.
    pub(super) norm_hash: [u8; 16],
}

impl Inserted {
    fn of(number: i64, outcome: Outcome) -> Self {
        Self {
            added: Added { number, outcome },
            entry: None,
            subject_before: None,
            norm_hash: [0; 16],
        }
    }

    fn refused(why: Refusal) -> Self {
        Self::of(0, Outcome::Refused { why })
    }
}

/// Keeps a fragment, or counts that it was there.
pub(super) fn insert(
    making: &Transaction<'_>,
    analyzer: &Analyzer,
    fence: &Fence,
    new: &NewFragment,
) -> rusqlite::Result<Inserted> {
    if let Some(why) = new.fault() {
        return Ok(Inserted::refused(why));
    }
    if is_erased(fence, new) {
        return Ok(Inserted::refused(Refusal::Erased));
    }
    let home = scope(making, new.home.name(), new.ts)?;
    let subject = match &new.subject {
        Some(subject) => Some(scope(making, subject.as_str(), new.ts)?),
        None => None,
    };
    let text = new.text.as_str();
    let norm_hash = normal_hash(text);
    let before = before(making, home, subject, new, &norm_hash)?;
    if let Before::Same(number) = before {
        let sql = "UPDATE fragment SET seen_count = seen_count + 1 WHERE id = ?1";
        making.prepare_cached(sql)?.execute([number])?;
        return Ok(Inserted::of(number, Outcome::Seen));
    }
    let read = Read::new(analyzer, text, norm_hash);
    if let Before::Other { number, subject: subject_before } = before {
        replace(making, number, subject, new, &read)?;
        return Ok(Inserted { subject_before, ..Inserted::of(number, Outcome::Changed) });
    }
    let speaker = new.speaker();
    let sql = "INSERT INTO fragment (home, subject, name, session, kind, speaker, text, ts, source, norm_hash,
        terms, n_words, guard, valid_from, valid_to)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    making.prepare_cached(sql)?.execute(params![
        home,
        subject,
        new.id,
        new.session,
        code(new.kind),
        speaker,
        text,
        new.ts.as_micros(),
        new.source,
        read.norm_hash,
        read.blob(),
        read.n_words,
        read.guard,
        new.valid.from.as_micros(),
        new.valid.to.as_micros()
    ])?;
    let id = making.last_insert_rowid();
    let entry = Entry {
        id,
        conversation: home,
        session: new.session,
        ts: new.ts,
        kind: new.kind,
        speaker: speaker.map(|speaker| analyzer.names(speaker)).unwrap_or_default(),
        terms: read.terms,
        n_words: read.n_words,
        guard: read.guard,
        is_retired: false,
        valid: new.valid,
        vector: None,
    };
    Ok(Inserted { entry: Some(entry), norm_hash, ..Inserted::of(id, Outcome::New) })
}

fn is_erased(fence: &Fence, new: &NewFragment) -> bool {
    let home = match &new.home {
        super::Home::Conversation(pseudonym) => Some(pseudonym),
        super::Home::Shared => None,
    };
    home.into_iter().chain(&new.subject).any(|pseudonym| fence.refuses(pseudonym))
}

/// What is derived from a text.
pub(super) struct Read {
    pub(super) norm_hash: [u8; 16],
    pub(super) terms: Vec<Term>,
    pub(super) n_words: u32,
    pub(super) guard: u32,
}

impl Read {
    pub(super) fn new(analyzer: &Analyzer, text: &str, norm_hash: [u8; 16]) -> Self {
        Self {
            norm_hash,
            terms: analyzer.terms(text),
            n_words: u32::try_from(n_words(text)).unwrap_or(u32::MAX),
            guard: guard_mark(text),
        }
    }

    /// The terms as they are stored.
    pub(super) fn blob(&self) -> Vec<u8> {
        self.terms.iter().flat_map(|term| term.to_le_bytes()).collect()
    }
}

/// Puts what is said now in the place of what was said under the same id. It is found again, where the old words were
/// put away or had a successor. Where nobody is named it stays
/// whose it was: else what is mended in somebody's words would be lost to their erasure.
fn replace(
    making: &Transaction<'_>,
    number: i64,
    subject: Option<i64>,
    new: &NewFragment,
    read: &Read,
) -> rusqlite::Result<()> {
    let sql = "UPDATE fragment SET text = ?2, norm_hash = ?3, terms = ?4, n_words = ?5, guard = ?6, ts = ?7,
        valid_from = ?8, valid_to = ?9, subject = coalesce(?10, subject), speaker = coalesce(?11, speaker),
        session = ?12, kind = ?13, archived_at = NULL, superseded_by = NULL WHERE id = ?1";
    making.prepare_cached(sql)?.execute(params![
        number,
        new.text.as_str(),
        read.norm_hash,
        read.blob(),
        read.n_words,
        read.guard,
        new.ts.as_micros(),
        new.valid.from.as_micros(),
        new.valid.to.as_micros(),
        subject,
        new.speaker(),
        new.session,
        code(new.kind)
    ])?;
    // What was made of its old text is about another one.
    making.prepare_cached("DELETE FROM vector WHERE fragment = ?1")?.execute([number])?;
    let sql = "DELETE FROM link WHERE earlier = ?1 OR later = ?1";
    making.prepare_cached(sql)?.execute([number])?;
    Ok(())
}

/// What there is already of a new fragment.
enum Before {
    Nothing,
    /// The same words of the same person.
    Same(i64),
    /// The same id with other words, or of another person.
    Other {
        number: i64,
        /// Whose it was.
        subject: Option<String>,
    },
}

fn before(
    making: &Transaction<'_>,
    home: i64,
    subject: Option<i64>,
    new: &NewFragment,
    norm_hash: &[u8; 16],
) -> rusqlite::Result<Before> {
    let Some(id) = &new.id else { return copied(making, home, subject, new, norm_hash) };
    let sql = "SELECT f.id, f.text = ?3 AND coalesce(?4, f.subject) IS f.subject
            AND coalesce(?5, f.speaker) IS f.speaker, s.name
        FROM fragment f LEFT JOIN scope s ON s.id = f.subject WHERE f.home = ?1 AND f.name = ?2";
    let mut named = making.prepare_cached(sql)?;
    let asked = params![home, id, new.text.as_str(), subject, new.speaker()];
    let named = named.query_row(asked, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    match named.optional()? {
        None => merged(making, home, subject, new, id, norm_hash),
        Some((number, true, _)) => Ok(Before::Same(number)),
        Some((number, false, subject)) => Ok(Before::Other { number, subject }),
    }
}

/// What is there in the same words. Only what would be found counts, as the same person's and for the same
/// time: of a copy of anything else nothing would be left.
fn copied(
    making: &Transaction<'_>,
    home: i64,
    subject: Option<i64>,
    new: &NewFragment,
    norm_hash: &[u8; 16],
) -> rusqlite::Result<Before> {
    if !is_mergeable(new.text.as_str()) {
        return Ok(Before::Nothing);
    }
    let sql = "SELECT id FROM fragment WHERE home = ?1 AND norm_hash = ?2 AND subject IS ?3 AND speaker IS ?8
        AND archived_at IS NULL AND superseded_by IS NULL
        AND coalesce(valid_from, ?4) = ?5 AND coalesce(valid_to, ?6) = ?7 ORDER BY id LIMIT 1";
    let (always, valid) = (Validity::default(), new.valid);
    let asked = params![
        home,
        norm_hash,
        subject,
        always.from.as_micros(),
        valid.from.as_micros(),
        always.to.as_micros(),
        valid.to.as_micros(),
        new.speaker()
    ];
    let same = making.prepare_cached(sql)?.query_row(asked, |row| row.get(0)).optional()?;
    Ok(same.map_or(Before::Nothing, Before::Same))
}

/// What a fragment of this id was merged with. One that says something else now is no copy any more: its id
/// is given back to it.
fn merged(
    making: &Transaction<'_>,
    home: i64,
    subject: Option<i64>,
    new: &NewFragment,
    id: &str,
    norm_hash: &[u8; 16],
) -> rusqlite::Result<Before> {
    let sql = "SELECT f.id FROM alias a JOIN fragment f ON f.id = a.fragment WHERE a.home = ?1 AND a.name = ?2
        AND f.norm_hash = ?3 AND coalesce(?4, f.subject) IS f.subject AND coalesce(?5, f.speaker) IS f.speaker";
    let asked = params![home, id, norm_hash, subject, new.speaker()];
    let same = making.prepare_cached(sql)?.query_row(asked, |row| row.get(0)).optional()?;
    if same.is_none() {
        let sql = "DELETE FROM alias WHERE home = ?1 AND name = ?2";
        making.prepare_cached(sql)?.execute(params![home, id])?;
    }
    Ok(same.map_or(Before::Nothing, Before::Same))
}

/// The number of a scope, which is made if it is not there.
fn scope(making: &Transaction<'_>, name: &str, ts: Timestamp) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO scope (name, last_ts) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET last_ts = max(last_ts, ?2) RETURNING id";
    making.prepare_cached(sql)?.query_row(params![name, ts.as_micros()], |row| row.get(0))
}

pub(super) const fn code(kind: Kind) -> i64 {
    match kind {
        Kind::Turn => 0,
        Kind::Document => 1,
    }
}

pub(super) const fn kind(code: i64) -> Kind {
    match code {
        1 => Kind::Document,
        _ => Kind::Turn,
    }
}

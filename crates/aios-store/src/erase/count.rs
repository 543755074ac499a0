//! Looks into the files of a data directory, each as its store asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;

use super::catalogue::Catalogue;
use super::census::{Census, Holding, Left, Named, StoreCount};
use super::content::{Content, each_line};
use super::document::Document;
use super::judge::Judge;
use super::own_words;
use super::reader::Reader;
use super::registry::{STORES, Store, Treatment};
use super::scan::{self, Found};
use super::target::Whose;
use crate::memory::{rows_of, rows_with};
use crate::segment::facts::{self, Kind};
use crate::segment::name::FileKind;
use crate::{DataDir, Hold, SegmentId};

/// Most pseudonyms of others that are told apart.
const OTHERS_MAX: usize = 100_000;

/// Most names of clients that are told apart.
const CLIENTS_MAX: usize = 10_000;

/// A file, and what it is read with.
type At<'a> = (&'a mut Reader, &'a Found);

/// What was seen so far.
pub(super) struct Counter<'a> {
    dir: &'a DataDir,
    judge: &'a Judge<'a>,
    /// What is believed; none where every byte is read.
    catalogue: Option<Catalogue<'a>>,
    planned_at: Timestamp,
    counts: BTreeMap<&'static str, StoreCount>,
    others: BTreeSet<String>,
    /// Holds that are in force and hold nothing of the target so far.
    holds: Vec<Hold>,
    census: Census,
}

impl<'a> Counter<'a> {
    pub(super) fn new(
        dir: &'a DataDir,
        judge: &'a Judge<'a>,
        catalogue: Option<Catalogue<'a>>,
        holds: Vec<Hold>,
        planned_at: Timestamp,
    ) -> Self {
        let census = Census { raw_id_searched: judge.target.has_raw_id(), ..Census::default() };
        let (counts, others) = (BTreeMap::new(), BTreeSet::new());
        Self { dir, judge, catalogue, planned_at, counts, others, holds, census }
    }

    /// Whether the file was there.
    pub(super) fn look(&mut self, reader: &mut Reader, file: &Found) -> bool {
        let looked = match file.store {
            Some(store) if self.is_ruled_out(reader, file, store) => {
                self.count(store).n_files += 1;
                Ok(())
            }
            Some(store) => match store.treatment {
                Treatment::Lines => self.lines((reader, file), store),
                Treatment::Records => self.records((reader, file), store),
                Treatment::Database => self.rows((reader, file), store),
                Treatment::Derived
                | Treatment::Catalogue
                | Treatment::Indexed
                | Treatment::Scraps
                | Treatment::Names => self.bytes((reader, file), Some(store)),
                Treatment::Proof | Treatment::Chain | Treatment::Apart => {
                    self.own_words((reader, file), store)
                }
            },
            None => self.bytes((reader, file), None),
        };
        match looked {
            Ok(()) => {}
            // Gone since it was listed: compressed, rewritten or past its time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return false,
            Err(error) => {
                self.census.damaged.extend(cold_segment(&file.path));
                let left = self.left(&file.path, error.to_string());
                self.census.unreadable.push(left);
            }
        }
        true
    }

    fn lines(&mut self, (reader, file): At<'_>, store: &'static Store) -> io::Result<()> {
        let judge = self.judge;
        let may_be_older = judge.may_be_older(&file.path)?;
        let mut seen = StoreCount { store: store.name, n_files: 1, ..StoreCount::default() };
        let is_event_store = store.name.starts_with("events");
        let mut has_end = false;
        each_line(reader, &file.path, |line| {
            seen.n_bytes += line.len() as u64;
            has_end = facts::is_footer(line);
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if is_event_store {
                self.client(text);
            }
            match judge.line(text, may_be_older) {
                Whose::Ours => {
                    seen.n_records += 1;
                    seen.n_bytes_held += line.len() as u64;
                    let older = if may_be_older { judge.owners(text) } else { Vec::new() };
                    let is_named = judge.target.names_in(text) || !older.is_empty();
                    if self.ours(text, &older, is_event_store) && is_named {
                        seen.by_pseudonym.n_records += 1;
                        seen.by_pseudonym.n_bytes += line.len() as u64;
                    }
                }
                Whose::Mention => seen.n_mentions += 1,
                Whose::Other => {}
            }
        })?;
        if !has_end {
            self.census.damaged.extend(cold_segment(&file.path));
        }
        self.seen(file, store, &seen);
        Ok(())
    }

    /// A document that a person may edit too, or a copy that was made for one.
    fn records(&mut self, (reader, file): At<'_>, store: &'static Store) -> io::Result<()> {
        let text = match Content::of(reader, &file.path, store)? {
            Content::Lines => return self.lines((reader, file), store),
            Content::Opaque => return self.bytes((reader, file), Some(store)),
            Content::Document(text) => text,
        };
        let Some(document) = Document::read(&text) else {
            return self.lines((reader, file), store);
        };
        let target = self.judge.target;
        let cut = document.carrying(&|text| target.names_in(text.as_bytes()));
        self.census.named.extend(target.named_by(text.as_bytes()).cloned());
        let n_bytes = text.len() as u64;
        let n_kept = document.without(&cut).map_or(0, |kept| {
            // Of somebody else's records, by the words that the target is known by outside.
            self.count(store).n_mentions += u64::from(target.raw_in(kept.as_bytes()));
            kept.len() as u64
        });
        let seen = StoreCount {
            store: store.name,
            n_files: 1,
            n_bytes,
            n_records: cut.n_records,
            n_bytes_held: n_bytes - n_kept,
            by_pseudonym: Named { n_records: cut.n_records, n_bytes: n_bytes - n_kept, n_files: 0 },
            ..StoreCount::default()
        };
        self.seen(file, store, &seen);
        Ok(())
    }

    fn seen(&mut self, file: &Found, store: &'static Store, seen: &StoreCount) {
        if seen.n_records > 0 {
            self.hold(file, seen.n_records);
        }
        self.count(store).add(seen);
    }

    fn client(&mut self, line: &[u8]) {
        let Some(client) = facts::client_of(line) else { return };
        if !self.census.clients.contains(&*client) && self.census.clients.len() < CLIENTS_MAX {
            self.census.clients.insert(client.into_owned());
        }
    }

    /// `older`: whose a line of an older schema is. Gives whether the line was there when it was planned.
    fn ours(&mut self, line: &[u8], older: &[Pseudonym], is_event_store: bool) -> bool {
        self.census.n_events += u64::from(is_event_store);
        for pseudonym in self.judge.target.named_by(line).chain(older) {
            if is_event_store {
                *self.census.by_pseudonym.entry(pseudonym.to_string()).or_default() += 1;
            }
            self.census.named.insert(pseudonym.clone());
        }
        let facts = match facts::of(line) {
            Kind::Event(facts) => Some(facts),
            Kind::Footer | Kind::Bad => None,
        };
        // The times of older lines name no offset, so any hold may mean them.
        let is_held = |hold: &mut Hold| match &facts {
            Some(facts) => hold.keeps(facts.ts),
            None => !older.is_empty(),
        };
        self.census.held_by.extend(self.holds.extract_if(.., is_held));
        let Some(facts) = facts else { return true };
        for id in facts.pseudonyms().filter(|id| !self.judge.target.is_ours(id)) {
            if self.others.len() < OTHERS_MAX {
                self.others.insert(id.to_owned());
            }
        }
        facts.ts <= self.planned_at
    }

    /// Files whose lines are not known: it only matters whether the target is in them.
    fn bytes(&mut self, (reader, file): At<'_>, store: Option<&'static Store>) -> io::Result<()> {
        let target = self.judge.target;
        let treatment = store.map(|store| store.treatment);
        // What we make ourselves knows nobody's id, but is full of numbers and words that an id may look like.
        let is_ours = treatment.is_some_and(Treatment::is_without_ids);
        // A database keeps the digits as bytes.
        let is_packed = matches!(
            treatment,
            Some(Treatment::Derived | Treatment::Catalogue | Treatment::Indexed)
        );
        let (mut is_named, mut has_raw, mut is_wrapped) = (false, false, false);
        let overlap = target.len_max() + 1;
        let n_bytes = reader.each_window(&file.path, overlap, |window, seen| {
            is_wrapped |= seen == 0 && scan::is_wrapped(window);
            is_named |= target.names_in(window) || (is_packed && target.packed_in(window));
            has_raw |= !is_ours && target.raw_in(window);
        })?;
        // A page with the same word or number on it may be anybody's.
        let is_mention = has_raw && !is_named && treatment == Some(Treatment::Records);
        let is_found = is_named || (has_raw && !is_mention);
        if is_found {
            self.hold(file, 0);
        }
        if is_wrapped {
            return Err(scan::wrapped());
        }
        match store {
            Some(store) => {
                let count = self.count(store);
                count.n_files += 1;
                count.n_bytes += n_bytes;
                count.n_files_naming += u64::from(is_found);
                count.n_mentions += u64::from(is_mention);
                count.by_pseudonym.n_files += u64::from(is_named);
            }
            None if is_found => {
                let why = "it belongs to no store that AIOS knows, and names the target";
                let left = self.left(&file.path, why.to_owned());
                self.census.unknown.push(left);
            }
            None => {}
        }
        Ok(())
    }

    /// Lines that AIOS writes itself: of whom they are about they have the pseudonym, where it belongs.
    fn own_words(&mut self, (reader, file): At<'_>, store: &'static Store) -> io::Result<()> {
        let (target, stays) = (self.judge.target, store.treatment == Treatment::Chain);
        let may_be_about = store.treatment == Treatment::Proof;
        let mut seen = StoreCount { store: store.name, n_files: 1, ..StoreCount::default() };
        let mut is_found = false;
        each_line(reader, &file.path, |line| {
            seen.n_bytes += line.len() as u64;
            let said = own_words::said(line, target, may_be_about);
            let is_left = said.is_stray && !stays;
            seen.n_proofs += u64::from(said.is_proof);
            seen.n_mentions += u64::from((said.is_mention || said.is_stray) && !is_left);
            is_found |= is_left;
        })?;
        seen.n_files_naming = u64::from(is_found);
        if is_found {
            self.hold(file, 0);
        }
        self.count(store).add(&seen);
        Ok(())
    }

    /// A database: its rows are counted by asking it, once, and its bytes are searched for what an erasure
    /// should have overwritten.
    fn rows(&mut self, (reader, file): At<'_>, store: &'static Store) -> io::Result<()> {
        let target = self.judge.target;
        let (mut is_named, mut has_raw) = (false, false);
        let n_bytes = reader.each_window(&file.path, target.len_max() + 1, |window, _| {
            is_named |= target.names_in(window);
            has_raw |= target.raw_in(window);
        })?;
        let mut seen =
            StoreCount { store: store.name, n_files: 1, n_bytes, ..StoreCount::default() };
        if file.path == self.dir.memory_path() {
            let rows = rows_of(self.dir, target.pseudonyms(), self.planned_at);
            let rows = rows.map_err(io::Error::other)?;
            (seen.n_records, seen.n_bytes_held) = (rows.n, rows.n_bytes);
            seen.by_pseudonym =
                Named { n_records: rows.n_then, n_bytes: rows.n_bytes_then, n_files: 0 };
        }
        // What others have written of the id stays; anything else is left of what was erased.
        let is_left = has_raw && {
            let n_with = rows_with(self.dir, |text| target.raw_in(text));
            let n_with = n_with.map_err(io::Error::other)?;
            seen.n_mentions = n_with;
            n_with == 0
        };
        seen.n_files_naming = u64::from(is_named || is_left);
        if is_named || is_left || seen.n_records > 0 {
            self.hold(file, seen.n_records);
        }
        self.count(store).add(&seen);
        Ok(())
    }

    /// Whether a file need not be read to know what is to be cut.
    fn is_ruled_out(&self, reader: &mut Reader, file: &Found, store: &Store) -> bool {
        self.catalogue.as_ref().is_some_and(|catalogue| {
            store.treatment.is_for_the_proof()
                || cold_segment(&file.path)
                    .is_some_and(|id| catalogue.rules_out(reader, id, &file.path))
        })
    }

    fn hold(&mut self, file: &Found, n_records: u64) {
        self.census.holding.push(Holding { path: file.path.clone(), store: file.store, n_records });
    }

    fn left(&self, path: &Path, why: String) -> Left {
        let file = path.strip_prefix(self.dir.path()).unwrap_or(path).to_owned();
        Left { file, why }
    }

    fn count(&mut self, store: &'static Store) -> &mut StoreCount {
        self.counts
            .entry(store.name)
            .or_insert_with(|| StoreCount { store: store.name, ..StoreCount::default() })
    }

    pub(super) fn end(mut self) -> Census {
        let in_order = STORES.iter().filter_map(|store| self.counts.remove(store.name));
        self.census.stores = in_order.collect();
        self.census.n_others = self.others.len() as u64;
        self.census
    }
}

/// The segment that a file is, if it is a compressed one.
fn cold_segment(path: &Path) -> Option<SegmentId> {
    match FileKind::of(path.file_name()?.to_str()?) {
        FileKind::Cold(id) => Some(id),
        FileKind::Active
        | FileKind::Late
        | FileKind::Older
        | FileKind::Hot(_)
        | FileKind::Sidecar(_)
        | FileKind::Stray
        | FileKind::Other => None,
    }
}

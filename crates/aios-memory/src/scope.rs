//! One scope's fragments as arrays, in the order in which they were said.

use aios_core::Timestamp;

use crate::analyzer::Term;
use crate::vector::Quantized;

/// What a fragment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A turn of a conversation: those beside it say what it is about.
    Turn,
    /// A text that stands for itself.
    Document,
}

/// From when and until when a fragment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From then on.
    pub from: Timestamp,
    /// Before then.
    pub to: Timestamp,
}

impl Default for Validity {
    /// Always.
    fn default() -> Self {
        Self { from: Timestamp::from_micros(i64::MIN), to: Timestamp::from_micros(i64::MAX) }
    }
}

impl Validity {
    /// Whether it holds at a time.
    #[must_use]
    pub fn holds_at(self, now: Timestamp) -> bool {
        self.from <= now && now < self.to
    }
}

/// A fragment as ranking sees it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number in the store.
    pub id: i64,
    /// Its conversation: only turns of one conversation and session stand beside each other.
    pub conversation: i64,
    /// The part of the conversation that it belongs to.
    pub session: i64,
    /// When it was said.
    pub ts: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Terms of who said it, by [`crate::Analyzer::names`].
    pub speaker: Vec<Term>,
    /// Its terms.
    pub terms: Vec<Term>,
    /// How many words it has.
    pub n_words: u32,
    /// What tells copies from corrections: [`crate::guard_mark`].
    pub guard: u32,
    /// Superseded or archived: it is not found, but what was said before and after it still was.
    pub is_retired: bool,
    /// When it holds; at other times it is not found either.
    pub valid: Validity,
    /// Its vector, if it has one.
    pub vector: Option<Quantized>,
}

impl Entry {
    /// Bytes that it takes in a scope, nearly.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        let n_vector = self.vector.as_ref().map_or(0, |vector| vector.bytes.len());
        size_of::<Self>() + n_vector + size_of_val(self.terms.as_slice())
    }
}

/// Everything that one question may find.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub(crate) rows: Vec<Row>,
    /// All rows' terms, one after the other.
    terms: Vec<Term>,
    vectors: Vec<Option<Quantized>>,
    /// Names of those who speak, each once.
    speakers: Vec<Vec<Term>>,
    turns: Lengths,
    documents: Lengths,
    n_vector_bytes: usize,
}

/// A fragment without its terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: i64,
    conversation: i64,
    session: i64,
    pub(crate) ts: Timestamp,
    /// Where its terms end.
    end: u32,
    pub(crate) n_words: u32,
    pub(crate) guard: u32,
    /// Place in the list of speakers.
    pub(crate) speaker: Option<u16>,
    pub(crate) kind: Kind,
    is_retired: bool,
    valid: Validity,
}

/// Sums of the lengths of fragments of a kind: whole numbers, so that the order in which fragments came leaves no
/// trace.
#[derive(Debug, Clone, Default)]
struct Lengths {
    n: u32,
    own: u64,
    /// What fragments that stand beside each other lend.
    lent: u64,
}

impl Lengths {
    fn mean(&self) -> f32 {
        let sum = self.own as f64 + f64::from(NEIGHBOR_WEIGHT) * self.lent as f64;
        (sum / f64::from(self.n.max(1))).max(1.0) as f32
    }
}

/// What a neighbour's words count.
pub(crate) const NEIGHBOR_WEIGHT: f32 = 0.3;

impl Scope {
    /// Of entries in any order.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        // Stable: what was said in the same moment stays in the order in which it came.
        entries.sort_by_key(|entry| (entry.conversation, entry.ts));
        let mut scope = Self::default();
        for entry in entries {
            scope.insert(entry);
        }
        scope
    }

    /// Puts in what was said: behind what its conversation had said by then, wherever that stands.
    pub fn insert(&mut self, entry: Entry) {
        let place = (entry.conversation, entry.ts);
        let at = self.rows.partition_point(|row| (row.conversation, row.ts) <= place);
        self.part(at);
        self.put(at, entry);
        self.join(at);
    }

    /// Gives a fragment its vector, if it is here. The newest are looked at first: they lack theirs.
    pub fn give_vector(&mut self, id: i64, vector: Quantized) {
        let Some(at) = self.rows.iter().rposition(|row| row.id == id) else { return };
        if self.vectors.len() <= at {
            self.vectors.resize(at + 1, None);
        }
        self.n_vector_bytes += vector.bytes.len();
        let before = self.vectors[at].replace(vector);
        self.n_vector_bytes -= before.map_or(0, |before| before.bytes.len());
    }

    /// How many fragments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The store's number of a fragment by its place.
    #[must_use]
    pub fn id(&self, at: usize) -> i64 {
        self.rows[at].id
    }

    /// Bytes that it takes, nearly.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        size_of::<Row>() * self.rows.capacity()
            + size_of::<Term>() * self.terms.capacity()
            + size_of::<Option<Quantized>>() * self.vectors.capacity()
            + self.n_vector_bytes
            + self.speakers.iter().map(|names| 24 + 4 * names.capacity()).sum::<usize>()
    }

    /// The question without the names of those who speak here. A vector of it would else be nearest to
    /// whatever is short and names them.
    #[must_use]
    pub fn without_speakers(&self, question: &str, names_of: impl Fn(&str) -> Vec<Term>) -> String {
        let is_name = |word: &str| {
            let names = names_of(word);
            !names.is_empty()
                && names.iter().all(|name| self.speakers.iter().any(|all| all.contains(name)))
        };
        let kept: Vec<_> = question.split_whitespace().filter(|word| !is_name(word)).collect();
        kept.join(" ")
    }

    pub(crate) fn terms(&self, at: usize) -> &[Term] {
        let start = at.checked_sub(1).map_or(0, |before| self.rows[before].end);
        &self.terms[start as usize..self.rows[at].end as usize]
    }

    /// Whether a fragment may be found at a time.
    pub(crate) fn is_live(&self, at: usize, now: Timestamp) -> bool {
        let row = &self.rows[at];
        !row.is_retired && row.valid.holds_at(now)
    }

    pub(crate) fn vector(&self, at: usize) -> Option<&Quantized> {
        self.vectors.get(at)?.as_ref()
    }

    pub(crate) fn speakers(&self) -> &[Vec<Term>] {
        &self.speakers
    }

    /// Mean length of fragments of that kind, with what their neighbours lend them.
    pub(crate) fn mean_length(&self, kind: Kind) -> f32 {
        match kind {
            Kind::Turn => self.turns.mean(),
            Kind::Document => self.documents.mean(),
        }
    }

    /// Whether the fragment at `at` and the one after it are turns of one session.
    pub(crate) fn is_joined(&self, at: usize) -> bool {
        let (Some(one), Some(next)) = (self.rows.get(at), self.rows.get(at + 1)) else {
            return false;
        };
        one.kind == Kind::Turn
            && next.kind == Kind::Turn
            && (one.conversation, one.session) == (next.conversation, next.session)
    }

    /// What stands on either side of a place lends each other nothing any more.
    fn part(&mut self, at: usize) {
        if let Some(before) = at.checked_sub(1) {
            self.turns.lent -= self.lent_between(before);
        }
    }

    /// What was put in and those beside it lend each other words.
    fn join(&mut self, at: usize) {
        let before = at.checked_sub(1).map_or(0, |before| self.lent_between(before));
        self.turns.lent += before + self.lent_between(at);
    }

    /// Only turns stand beside each other.
    fn lent_between(&self, at: usize) -> u64 {
        if self.is_joined(at) {
            (self.terms(at).len() + self.terms(at + 1).len()) as u64
        } else {
            0
        }
    }

    fn put(&mut self, at: usize, entry: Entry) {
        let lengths = match entry.kind {
            Kind::Turn => &mut self.turns,
            Kind::Document => &mut self.documents,
        };
        lengths.n += 1;
        lengths.own += entry.terms.len() as u64;
        let speaker = self.speaker(entry.speaker);
        let start = at.checked_sub(1).map_or(0, |before| self.rows[before].end);
        let n_terms = u32::try_from(entry.terms.len()).unwrap_or(u32::MAX);
        self.terms.splice(start as usize..start as usize, entry.terms);
        for row in &mut self.rows[at..] {
            row.end = row.end.saturating_add(n_terms);
        }
        let row = Row {
            id: entry.id,
            conversation: entry.conversation,
            session: entry.session,
            ts: entry.ts,
            end: start.saturating_add(n_terms),
            n_words: entry.n_words,
            guard: entry.guard,
            speaker,
            kind: entry.kind,
            is_retired: entry.is_retired,
            valid: entry.valid,
        };
        self.rows.insert(at, row);
        // The list of vectors ends with the last one that there is.
        if at < self.vectors.len() || entry.vector.is_some() {
            self.n_vector_bytes += entry.vector.as_ref().map_or(0, |vector| vector.bytes.len());
            self.vectors.resize(self.vectors.len().max(at), None);
            self.vectors.insert(at, entry.vector);
        }
    }

    /// The place of a speaker's names. Past as many as have a number, nobody is told apart.
    fn speaker(&mut self, names: Vec<Term>) -> Option<u16> {
        if names.is_empty() {
            return None;
        }
        let known = self.speakers.iter().position(|all| *all == names);
        let at = known.unwrap_or(self.speakers.len());
        let place = u16::try_from(at).ok()?;
        if known.is_none() {
            self.speakers.push(names);
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(conversation: i64, second: i64, terms: &[Term]) -> Entry {
        Entry {
            id: second,
            conversation,
            session: 0,
            ts: Timestamp::from_micros(second * 1_000_000),
            kind: Kind::Turn,
            speaker: vec![9],
            terms: terms.to_vec(),
            n_words: 3,
            guard: 0,
            is_retired: false,
            valid: Validity::default(),
            vector: None,
        }
    }

    /// What anybody can see of it, a line for each fragment.
    fn sight(scope: &Scope) -> Vec<String> {
        let of = |at: usize| {
            let (row, joined) = (&scope.rows[at], scope.is_joined(at));
            let (terms, vector) = (scope.terms(at), scope.vector(at));
            format!("{} of {}: {terms:?} {joined} {vector:?}", row.id, row.conversation)
        };
        (0..scope.len()).map(of).collect()
    }

    #[test]
    fn what_is_put_in_later_comes_to_the_same_as_what_is_there_from_the_start() {
        let mut document = entry(1, 4, &[1, 7]);
        document.kind = Kind::Document;
        let mut with_vector = entry(2, 2, &[5]);
        with_vector.vector = Quantized::of(&[1.0, 0.5]);
        let all = [
            entry(1, 1, &[1, 2]),
            entry(2, 1, &[6]),
            entry(1, 2, &[2, 2, 3]),
            with_vector,
            entry(1, 2, &[4]),
            document,
            entry(2, 0, &[]),
            entry(1, 3, &[1]),
        ];
        let whole = Scope::new(all.to_vec());
        let mut later = Scope::default();
        for one in all {
            later.insert(one);
        }
        assert_eq!(sight(&whole), sight(&later));
        for kind in [Kind::Turn, Kind::Document] {
            assert_eq!(whole.mean_length(kind), later.mean_length(kind), "{kind:?}");
        }
        assert_eq!(whole.n_vector_bytes, later.n_vector_bytes);
    }

    #[test]
    fn turns_lend_their_length_to_those_beside_them() {
        let scope =
            Scope::new(vec![entry(1, 1, &[1, 2]), entry(1, 2, &[2, 2, 3]), entry(1, 2, &[4])]);
        // Own lengths 2, 3, 1, and what is lent: 3, 2 + 1, 3.
        assert!((scope.mean_length(Kind::Turn) - (6.0 + 0.3 * 9.0) / 3.0).abs() < 1e-5);
        assert_eq!((scope.terms(1), scope.speakers().len()), (&[2, 2, 3][..], 1));
    }

    #[test]
    fn a_border_of_sessions_joins_nothing() {
        let mut other = entry(1, 2, &[2]);
        other.session = 1;
        let scope = Scope::new(vec![entry(1, 1, &[1]), other, entry(2, 3, &[1])]);
        assert!(!scope.is_joined(0) && !scope.is_joined(1) && !scope.is_joined(2));
    }

    #[test]
    fn speakers_names_are_cut_from_what_is_embedded() {
        let scope = Scope::new(vec![entry(1, 1, &[1])]);
        let names_of = |word: &str| match word {
            "Ann's" => vec![9],
            _ => vec![1],
        };
        assert_eq!(scope.without_speakers("Where is Ann's boat?", names_of), "Where is boat?");
    }
}

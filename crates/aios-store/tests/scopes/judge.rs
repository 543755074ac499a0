//! What was found, held against whose it is.

use std::collections::HashMap;
use std::sync::Mutex;

use aios_store::{Recalled, RecalledFragment};

use super::names::{Names, Who};

/// Whose the fragment of a number is, as whoever kept it knows.
#[derive(Debug)]
struct Owned {
    home: Who,
    /// Everybody to whom it belonged: it may be said again by somebody else.
    people: Vec<Who>,
}

/// What was wrong, in words.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) leaks: Vec<String>,
    pub(crate) late: Vec<String>,
}

/// For whom a call was, and how many erasures were over when it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) who: Who,
    pub(crate) n_erased: u64,
}

pub(crate) struct Judge<'a> {
    names: &'a Names,
    owned: Mutex<HashMap<i64, Owned>>,
    faults: Mutex<Faults>,
    /// Numbers that came before whoever kept them had told whose they are.
    open: Mutex<Vec<(Call, i64)>>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(names: &'a Names) -> Self {
        let (owned, faults, open) = Default::default();
        Self { names, owned, faults, open }
    }

    /// Takes down whose a fragment is.
    pub(crate) fn own(&self, number: i64, home: Who, person: Option<Who>) {
        let mut owned = self.owned.lock().unwrap();
        let one = owned.entry(number).or_insert_with(|| Owned { home, people: Vec::new() });
        // A number is never given again, and a fragment never moves.
        if one.home != home {
            let what = format!("{number} was {:?}'s and is {home:?}'s", one.home);
            self.faults.lock().unwrap().leaks.push(what);
        }
        one.people.extend(person.filter(|person| !one.people.contains(person)));
    }

    /// A number that is known, if possible one that is not theirs.
    pub(crate) fn strange(&self, who: Who, from: i64) -> Option<i64> {
        let owned = self.owned.lock().unwrap();
        let is_strange = |number: &i64| owned.get(number).is_some_and(|one| !one.is_of(who));
        (from..from + 32).find(is_strange)
    }

    /// What a search brought. Every text, id and name in it says whose it is.
    pub(crate) fn found(&self, call: Call, found: &[Recalled]) {
        let names: Vec<String> =
            self.names.pseudonyms(call.who).iter().map(|one| one.as_str().to_owned()).collect();
        for one in found.iter().flat_map(|one| &one.fragments) {
            self.fragment(call, &names, one);
        }
    }

    fn fragment(&self, call: Call, names: &[String], one: &RecalledFragment) {
        let speaker = one.speaker.iter();
        let said = speaker.chain([&one.text, &one.id]).chain(&one.also);
        let marks: Vec<Who> = said.flat_map(|said| Who::all_in(said)).collect();
        let is_ours = match call.who {
            Who::NOBODY => one.home == "shared" && marks.contains(&Who::NOBODY),
            // What was said again by nobody that is known stays whose it was: its number tells.
            who if who.is_person() && !marks.iter().any(|mark| mark.is_person()) => {
                self.numbers(call, std::iter::once(one.number));
                true
            }
            who if who.is_person() => marks.contains(&who),
            _ => names.contains(&one.home) && marks.contains(&call.who),
        };
        let is_like = |mark: &Who| mark.is_person() != call.who.is_person() || *mark == call.who;
        if !is_ours || !marks.iter().all(is_like) {
            self.leak(call, &format!("{one:?}"));
        }
        self.late(call, &marks, &format!("{one:?}"));
    }

    /// Numbers that a search brought.
    pub(crate) fn numbers(&self, call: Call, numbers: impl Iterator<Item = i64>) {
        let owned = self.owned.lock().unwrap();
        let is_theirs = |number: &i64| owned.get(number).is_some_and(|one| one.is_of(call.who));
        let (known, unknown): (Vec<i64>, Vec<i64>) = numbers.partition(is_theirs);
        let homes: Vec<Who> = known.iter().map(|number| owned[number].home).collect();
        drop(owned);
        self.late(call, &homes, "by its number");
        self.open.lock().unwrap().extend(unknown.into_iter().map(|number| (call, number)));
    }

    /// Something that only whoever it belongs to can do was done for another.
    pub(crate) fn leak(&self, call: Call, what: &str) {
        self.faults.lock().unwrap().leaks.push(format!("{:?} got {what}", call.who));
    }

    fn late(&self, call: Call, whose: &[Who], what: &str) {
        let is_late = |who: &&Who| self.names.was_erased(**who, call.n_erased);
        if let Some(who) = whose.iter().find(is_late) {
            let what = format!("{:?} got what was {who:?}'s, who was erased: {what}", call.who);
            self.faults.lock().unwrap().late.push(what);
        }
    }

    /// What was wrong, once everybody has told.
    pub(crate) fn verdict(self) -> Faults {
        let owned = self.owned.lock().unwrap();
        for (call, number) in self.open.lock().unwrap().iter() {
            let one = owned.get(number);
            if !one.is_some_and(|one| one.is_of(call.who)) {
                self.leak(*call, &format!("{number}, which is {one:?}'s"));
            }
            if let Some(one) = one {
                self.late(*call, &[one.home], "by its number");
            }
        }
        drop(owned);
        self.faults.into_inner().unwrap()
    }
}

impl Owned {
    fn is_of(&self, who: Who) -> bool {
        if who.is_person() { self.people.contains(&who) } else { self.home == who }
    }
}

//! Whose things are: scopes whose names are near to each other, and marks that say what belongs to whom.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use aios_memory::corpus::Random;
use aios_privacy::{KeyMaterial, Keyring, Pseudonym};
use aios_store::MemoryScope;

/// Ids as clients may give them, each but a little other than another: by a prefix, an end, case, what cannot be
/// seen, another spelling of one letter, or what means something to SQL.
const IDS: [&str; 28] = [
    "trip-1",
    "trip-10",
    "trip-",
    "trip_1",
    "trip%1",
    "trip%",
    "Trip-1",
    "TRIP-1",
    " trip-1",
    "trip-1 ",
    "trip-1\0",
    "trip-1\n",
    "tr\u{ed}p-1",
    "tri\u{301}p-1",
    "tr\u{131}p-1",
    "\u{ff54}rip-1",
    "trip\u{2010}1",
    "trip-\u{661}",
    "stra\u{df}e",
    "strasse",
    "STRASSE",
    "shared",
    "-1",
    "' OR 1=1 --",
    "trip-1\u{202e}",
    "c1_00000000000000000000000000000001",
    "\u{1f9f3}",
    "",
];

/// Clients whose name and id together read the same as another's.
const CLIENTS: [&str; 2] = ["", "trip"];

/// Pseudonyms that differ by a digit, as no client can have them.
const DIGITS: usize = 8;

const N_OF_A_KIND: usize = IDS.len() * CLIENTS.len() + DIGITS;

/// Conversations, people, and what belongs to nobody.
pub(crate) const N_SLOTS: usize = 2 * N_OF_A_KIND + 1;

/// What belongs to nobody: the last.
pub(crate) const SHARED: usize = N_SLOTS - 1;

/// Who a scope is: its slot, and how often that slot's name was erased and has become another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who {
    pub(crate) slot: usize,
    pub(crate) age: u32,
}

impl Who {
    pub(crate) const NOBODY: Self = Self { slot: SHARED, age: 0 };

    pub(crate) const fn is_person(self) -> bool {
        self.slot >= N_OF_A_KIND && self.slot != SHARED
    }

    /// A word that stands in all that is theirs.
    pub(crate) fn mark(self) -> String {
        format!("owner{}age{}x", self.slot, self.age)
    }

    /// Everybody whose mark stands in a text.
    pub(crate) fn all_in(text: &str) -> impl Iterator<Item = Self> {
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| {
            let (slot, age) = word.strip_prefix("owner")?.strip_suffix('x')?.split_once("age")?;
            Some(Self { slot: slot.parse().ok()?, age: age.parse().ok()? })
        })
    }
}

/// One of so many; some come often, so that they are kept ready and have much in them.
fn some(random: &mut Random, n: usize) -> usize {
    let at = random.below(n);
    if random.percent(50) { at - at % 16 } else { at }
}

/// All scopes, and which of them are erased.
pub(crate) struct Names {
    ring: Keyring,
    slots: Vec<Slot>,
    /// Erasures that are over.
    n_erased: AtomicU64,
    /// Who is erased next, just now, or was last.
    last: Mutex<Who>,
}

#[derive(Default)]
struct Slot {
    age: AtomicU32,
    /// For each of its names before, which erasure took it away.
    erased: Mutex<Vec<u64>>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let key = |byte| KeyMaterial::new([byte; 32]);
        // Two versions of the key, of which one's number begins as the other's.
        let ring = Keyring::new(&[(1, key(1)), (11, key(11))]).unwrap();
        let slots = (0..N_SLOTS).map(|_| Slot::default()).collect();
        Self { ring, slots, n_erased: AtomicU64::new(0), last: Mutex::new(Who { slot: 0, age: 0 }) }
    }

    /// Who has that slot now.
    pub(crate) fn now(&self, slot: usize) -> Who {
        Who { slot, age: self.slots[slot].age.load(Ordering::SeqCst) }
    }

    /// Some slot's owner; often whoever is being erased just now, and now and then one that was erased before or is
    /// not there yet.
    pub(crate) fn any(&self, random: &mut Random) -> Who {
        if random.percent(20) {
            return *self.last.lock().unwrap();
        }
        let Who { slot, age } = self.now(some(random, N_SLOTS));
        let age = match random.below(10) {
            _ if slot == SHARED => age,
            0 => age.saturating_sub(1),
            1 => age + 1,
            _ => age,
        };
        Who { slot, age }
    }

    /// Their pseudonyms, those of the newest key first.
    pub(crate) fn pseudonyms(&self, who: Who) -> Vec<Pseudonym> {
        let at = who.slot % N_OF_A_KIND;
        let Some(id) = at.checked_sub(DIGITS) else {
            let kind = if who.is_person() { 's' } else { 'c' };
            // Of several neither is the other's beginning, but nearly.
            let (version, digit) = (if at.is_multiple_of(2) { 1 } else { 11 }, at / 2);
            let name = format!("{kind}{version}_{:028x}{digit:04x}", who.age);
            return vec![Pseudonym::parse(&name).unwrap()];
        };
        // Whoever comes after somebody that was erased differs from them by what cannot be seen.
        let id = format!("{}{}", IDS[id / CLIENTS.len()], "\u{200b}".repeat(who.age as usize));
        let parts = [CLIENTS[at % CLIENTS.len()].as_bytes(), id.as_bytes()];
        if who.is_person() { self.ring.subject(&parts) } else { self.ring.conversation(&parts) }
    }

    pub(crate) fn scope(&self, who: Who) -> MemoryScope {
        Self::scope_of(who, self.pseudonyms(who))
    }

    /// The same as nobody has asked for it yet, so that it must be read: under one more version of the key, of which
    /// nothing is there.
    pub(crate) fn cold_scope(&self, who: Who, random: &mut Random) -> MemoryScope {
        let mut all = self.pseudonyms(who);
        let kind = if who.is_person() { 's' } else { 'c' };
        all.push(Pseudonym::parse(&format!("{kind}2_{:032x}", random.bits())).unwrap());
        Self::scope_of(who, all)
    }

    fn scope_of(who: Who, all: Vec<Pseudonym>) -> MemoryScope {
        match who {
            Who::NOBODY => MemoryScope::Shared,
            _ if who.is_person() => MemoryScope::Subject(all),
            _ => MemoryScope::Conversation(all),
        }
    }

    /// Gives a slot to somebody else. Returns who had it, whom most calls are about from now on.
    pub(crate) fn replace(&self, slot: usize) -> Who {
        let who = Who { slot, age: self.slots[slot].age.fetch_add(1, Ordering::SeqCst) };
        *self.last.lock().unwrap() = who;
        who
    }

    /// Somebody is erased, as the one who asked for it was told.
    pub(crate) fn note_erased(&self, who: Who) {
        let mut erased = self.slots[who.slot].erased.lock().unwrap();
        assert_eq!(erased.len(), who.age as usize);
        erased.push(self.n_erased.load(Ordering::SeqCst) + 1);
        drop(erased);
        self.n_erased.fetch_add(1, Ordering::SeqCst);
    }

    /// Erasures that are over by now.
    pub(crate) fn n_erased(&self) -> u64 {
        self.n_erased.load(Ordering::SeqCst)
    }

    /// Whether somebody was erased when so many erasures were over.
    pub(crate) fn was_erased(&self, who: Who, n_erased: u64) -> bool {
        let erased = self.slots[who.slot].erased.lock().unwrap();
        erased.get(who.age as usize).is_some_and(|n| *n <= n_erased)
    }

    /// A conversation, or nobody.
    pub(crate) fn home(&self, random: &mut Random) -> Who {
        let slot = some(random, N_OF_A_KIND + 1);
        if slot == N_OF_A_KIND { Who::NOBODY } else { self.now(slot) }
    }

    /// A person.
    pub(crate) fn person(&self, random: &mut Random) -> Who {
        self.now(N_OF_A_KIND + some(random, N_OF_A_KIND))
    }

    /// Some slot whose owner can be erased.
    pub(crate) fn erasable(random: &mut Random) -> usize {
        some(random, SHARED)
    }
}

#[test]
fn no_two_scopes_are_the_same() {
    let names = Names::new();
    let ages = (0..3).flat_map(|age| (0..SHARED).map(move |slot| Who { slot, age }));
    let all: Vec<_> = ages.flat_map(|who| names.pseudonyms(who)).collect();
    let different: std::collections::BTreeSet<_> = all.iter().map(Pseudonym::as_str).collect();
    assert_eq!(different.len(), all.len());
    let who = Who { slot: 12, age: 3 };
    assert_eq!(Who::all_in(&format!("x {} y", who.mark())).collect::<Vec<_>>(), [who]);
}

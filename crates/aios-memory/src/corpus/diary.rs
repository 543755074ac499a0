//! A second, harder maker of conversations, which has nothing in common with the first.
//!
//! What happens to two people is told once and in other words than it is asked for. Whoever tells it also speaks of
//! the same place or thing without having been there or bought it. Some questions name only the day, some need two
//! turns of which one leads to the other, and those that nothing answers ask for what happened to the other one, or
//! for what nobody has named. Nothing is tuned on it: it is there to see how far figures of the first one carry.

use std::time::Duration;

use aios_core::Timestamp;

use super::random::Random;
use super::{Question, Talk, Told, Turn};

const START: Timestamp = Timestamp::from_micros(1_725_000_000_000_000);

const PEOPLE: [&str; 8] =
    ["Anouk", "Bashir", "Chiara", "Dmitri", "Efua", "Florian", "Greta", "Hassan"];

const RELATIVES: [&str; 12] = [
    "Agnes", "Bruno", "Celeste", "Dilan", "Esther", "Fabio", "Gwen", "Henrik", "Isolde", "Jamal",
    "Katya", "Lucien",
];

const TRADES: [&str; 12] = [
    "beekeeper",
    "welder",
    "midwife",
    "notary",
    "sculptor",
    "baker",
    "pilot",
    "vet",
    "locksmith",
    "translator",
    "carpenter",
    "optician",
];

const PLACES: [&str; 16] = [
    "Tallinn",
    "Oaxaca",
    "Hokkaido",
    "Sardinia",
    "Zanzibar",
    "Patagonia",
    "Ljubljana",
    "Marrakesh",
    "Reykjavik",
    "Valparaiso",
    "Samarkand",
    "Dubrovnik",
    "Kerala",
    "Tbilisi",
    "Madeira",
    "Svalbard",
];

/// Things, as the one who has them says it and as somebody else asks.
const THINGS: [[&str; 2]; 16] = [
    ["telescope", "telescope"],
    ["old Vespa", "scooter"],
    ["cello", "cello"],
    ["espresso machine", "coffee maker"],
    ["loom", "loom"],
    ["couch", "sofa"],
    ["canoe", "canoe"],
    ["record player", "turntable"],
    ["greenhouse", "greenhouse"],
    ["laptop", "computer"],
    ["typewriter", "typewriter"],
    ["freezer", "freezer"],
    ["tent", "tent"],
    ["drone", "drone"],
    ["rug", "carpet"],
    ["sewing machine", "sewing machine"],
];

const SUMS: [&str; 10] = [
    "480",
    "two grand",
    "ninety quid",
    "1,350",
    "next to nothing",
    "seventy-five",
    "640",
    "three hundred",
    "25 bucks",
    "half my bonus",
];

/// `{p}` is a place, `{w}` who came along, `{t}` a thing, `{v}` a sum, `{j}` a trade.
const TRAVELLED: [&str; 5] = [
    "Still sandy from {p}! {w} drove, I slept in the back.",
    "{w} and I just landed, {p} was unreal.",
    "Ten days in {p} and {w} never once complained about my snoring.",
    "You should have seen {w} haggling at the market in {p}.",
    "Unpacking. {p} wore me out, {w} is already planning the next one.",
];

const BOUGHT: [&str; 5] = [
    "So I gave in and got the {t}. {v}, don't tell anyone.",
    "The {t} is finally mine, they let it go for {v}.",
    "Carried a {t} up four floors today. Set me back {v}.",
    "I haggled them down to {v} for the {t}!",
    "Look what arrived: my {t}. It was {v} with delivery.",
];

/// Said of the same place by the same person, who was not there.
const DREAMED: [&str; 4] = [
    "One day I want to see {p} in winter.",
    "There was a documentary on {p} last night, I cried.",
    "My dentist is from {p}, she talks of nothing else.",
    "I mixed up {p} with somewhere else entirely, how embarrassing.",
];

const ENVIED: [&str; 4] = [
    "My neighbor has a {t}, it hums all night.",
    "I keep tripping over ads for some {t}.",
    "A {t} would never fit in here anyway.",
    "Remember the {t} we had at school?",
];

const TRADE: [&str; 3] = [
    "{w} works as a {j} now, imagine.",
    "Did I mention that {w} retrained as a {j}?",
    "They made {w} head {j} at the place downtown.",
];

const IDLE: [&str; 16] = [
    "Ha, classic you.",
    "The bus was full again this morning.",
    "I burnt the rice.",
    "How was your weekend?",
    "Not much, laundry mostly.",
    "I can't find my other glove.",
    "Is it just me or are the days getting shorter?",
    "Sounds lovely!",
    "I'd be lost without my calendar.",
    "Sorry for the late reply, long shift.",
    "Same here, honestly.",
    "We ordered pizza in the end.",
    "My knee is acting up again.",
    "Can you send me that recipe?",
    "I'm off to bed, good night.",
    "The kids upstairs practice the drums now.",
];

const WHO_CAME: [&str; 3] = [
    "Who accompanied {n} on the journey to {p}?",
    "With whom did {n} travel to {p}?",
    "Who was {n}'s companion on the trip to {p}?",
];

const HOW_MUCH: [&str; 3] = [
    "How much did {n} pay for the {t}?",
    "What was the price of {n}'s {t}?",
    "How expensive was the {t} that {n} purchased?",
];

const WHAT_TRADE: [&str; 2] = [
    "What is the profession of the person who went to {p} with {n}?",
    "What does {n}'s companion on the {p} trip do for a living?",
];

const WHEN: [&str; 2] =
    ["Where had {n} been when they wrote on {d}?", "Which place had {n} come back from by {d}?"];

/// Places and things that something is told of; nobody names the others.
const N_TOLD: usize = 12;

/// A conversation of at least so many turns.
#[must_use]
pub fn diary(seed: u64, n_turns: usize) -> Talk {
    let mut maker = Maker::new(seed);
    while maker.talk.turns.len() < n_turns {
        match maker.random.below(24) {
            0 => maker.travel(),
            1 => maker.buy(),
            2 => maker.dream(),
            3 => maker.tell_a_trade(),
            _ => drop(maker.say(&IDLE, &[])),
        }
    }
    maker.ask_for_nothing();
    maker.talk
}

/// What stands for the gaps of a pattern.
type Gaps<'a> = [(&'a str, &'a str)];

struct Maker {
    random: Random,
    talk: Talk,
    people: [&'static str; 2],
    places: [&'static str; PLACES.len()],
    things: [[&'static str; 2]; THINGS.len()],
    relatives: [&'static str; RELATIVES.len()],
    n_travelled: usize,
    n_bought: usize,
    /// Who was somewhere and where that was told; nobody has said what the one who came along does.
    open: Vec<Journey>,
    at: Timestamp,
    speaker: usize,
}

/// Somebody was in a place.
#[derive(Clone, Copy)]
struct Journey {
    person: usize,
    place: &'static str,
    companion: &'static str,
    turn: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        // Of the same seed the other maker makes something else.
        let mut random = Random::new(!seed);
        let (mut people, mut places, mut things, mut relatives) =
            (PEOPLE, PLACES, THINGS, RELATIVES);
        random.shuffle(&mut people);
        random.shuffle(&mut places);
        random.shuffle(&mut things);
        random.shuffle(&mut relatives);
        Self {
            random,
            talk: Talk::default(),
            people: [people[0], people[1]],
            places,
            things,
            relatives,
            n_travelled: 0,
            n_bought: 0,
            open: Vec::new(),
            at: START,
            speaker: 0,
        }
    }

    fn travel(&mut self) {
        if self.n_travelled == N_TOLD {
            return;
        }
        let (place, companion) = (self.places[self.n_travelled], self.relatives[self.n_travelled]);
        self.n_travelled += 1;
        let turn = self.say(&TRAVELLED, &[("{p}", place), ("{w}", companion)]);
        let person = 1 - self.speaker;
        self.open.push(Journey { person, place, companion, turn });
        self.ask(&WHO_CAME, person, &[("{p}", place)], vec![turn], Told::Otherwise);
        self.ask(&WHO_CAME, 1 - person, &[("{p}", place)], Vec::new(), Told::OfAnother);
        if self.random.percent(50) {
            let day = self.at.to_string().chars().take("2024-08-30".len()).collect::<String>();
            self.ask(&WHEN, person, &[("{d}", &day)], vec![turn], Told::ByDay);
        }
    }

    fn buy(&mut self) {
        if self.n_bought == N_TOLD {
            return;
        }
        let [own, asked] = self.things[self.n_bought];
        self.n_bought += 1;
        let sum = self.random.pick(&SUMS);
        let turn = self.say(&BOUGHT, &[("{t}", own), ("{v}", sum)]);
        let person = 1 - self.speaker;
        self.ask(&HOW_MUCH, person, &[("{t}", asked)], vec![turn], Told::Otherwise);
        self.ask(&HOW_MUCH, 1 - person, &[("{t}", asked)], Vec::new(), Told::OfAnother);
    }

    /// Speaks of a place or a thing to which nothing happened.
    fn dream(&mut self) {
        let n = self.random.below(N_TOLD);
        let (place, [thing, _]) = (self.places[n], self.things[n]);
        match self.random.percent(50) {
            true => self.say(&DREAMED, &[("{p}", place)]),
            false => self.say(&ENVIED, &[("{t}", thing)]),
        };
    }

    /// Tells what somebody does who has come along before.
    fn tell_a_trade(&mut self) {
        let n = self.random.below(self.open.len());
        if self.open.is_empty() {
            return;
        }
        let journey = self.open.swap_remove(n);
        let trade = self.random.pick(&TRADES);
        let turn = self.say(&TRADE, &[("{w}", journey.companion), ("{j}", trade)]);
        let both = vec![journey.turn, turn];
        self.ask(&WHAT_TRADE, journey.person, &[("{p}", journey.place)], both, Told::InTwo);
    }

    fn ask_for_nothing(&mut self) {
        for n in N_TOLD..PLACES.len() {
            let (place, [_, thing]) = (self.places[n], self.things[n]);
            let person = self.random.below(2);
            self.ask(&WHO_CAME, person, &[("{p}", place)], Vec::new(), Told::Never);
            self.ask(&HOW_MUCH, person, &[("{t}", thing)], Vec::new(), Told::Never);
        }
    }

    fn ask(
        &mut self,
        patterns: &[&str],
        person: usize,
        gaps: &Gaps<'_>,
        expected: Vec<usize>,
        told: Told,
    ) {
        let text = filled(self.random.pick(patterns), gaps).replace("{n}", self.people[person]);
        self.talk.questions.push(Question { text, expected, told });
    }

    /// Says one of the patterns; then it is the other's turn. Returns its place.
    fn say(&mut self, patterns: &[&str], gaps: &Gaps<'_>) -> usize {
        let text = filled(self.random.pick(patterns), gaps);
        let minutes = if self.random.percent(8) { 26 * 60 } else { 3 };
        self.at = self.at.plus(Duration::from_secs(minutes * 60));
        let turn = self.talk.turns.len();
        let speaker = self.people[self.speaker];
        self.talk.turns.push(Turn { id: format!("d{turn}"), speaker, text, ts: self.at });
        self.speaker = 1 - self.speaker;
        turn
    }
}

fn filled(pattern: &str, gaps: &Gaps<'_>) -> String {
    gaps.iter().fold(pattern.to_owned(), |text, (gap, word)| text.replace(gap, word))
}

//! A conversation of a seed.

use std::collections::BTreeSet;
use std::time::Duration;

use aios_core::Timestamp;

use super::bank::{
    ANSWERED, ASKED, ASPECTS, CHATTED, CORRECTED, DELAYED, ECHOED, MENTIONED, NAMES, QUESTIONS,
    TOLD, TOPICS,
};
use super::random::Random;
use super::{Question, Talk, Told, Turn};

/// Topics of one conversation; the others are what questions about nothing ask for.
const TOPICS_TALKED: usize = 20;

/// Questions about nothing, for each ten about something.
const NEVER_PER_TEN: usize = 2;

const START: Timestamp = Timestamp::from_micros(1_750_000_000_000_000);

/// A conversation of at least so many turns.
#[must_use]
pub fn talk(seed: u64, n_turns: usize) -> Talk {
    let mut maker = Maker::new(seed);
    while maker.talk.turns.len() < n_turns {
        match maker.random.below(10) {
            0 | 1 => maker.tell(),
            2 | 3 => {
                let topic = maker.random.pick(&maker.topics);
                maker.say_of(&MENTIONED, topic);
            }
            _ => maker.say(&CHATTED, &Words::default()),
        }
    }
    maker.ask_for_what_was_never_said();
    maker.talk
}

/// A fact: whose, on which topic, what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    speaker: usize,
    topic: usize,
    aspect: usize,
}

/// What stands for the gaps of a pattern.
#[derive(Debug, Clone, Copy, Default)]
struct Words {
    topic: &'static str,
    aspect: &'static str,
    value: &'static str,
}

struct Maker {
    random: Random,
    talk: Talk,
    names: [&'static str; 2],
    topics: Vec<usize>,
    told: BTreeSet<Fact>,
    /// Facts that may still be told otherwise, with the places of their questions.
    open: Vec<(Fact, usize)>,
    at: Timestamp,
    /// Who speaks next.
    speaker: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut names = NAMES;
        random.shuffle(&mut names);
        let mut topics: Vec<usize> = (0..TOPICS.len()).collect();
        random.shuffle(&mut topics);
        topics.truncate(TOPICS_TALKED);
        Self {
            random,
            talk: Talk::default(),
            names: [names[0], names[1]],
            topics,
            told: BTreeSet::new(),
            open: Vec::new(),
            at: START,
            speaker: 0,
        }
    }

    /// Tells something new, or something old otherwise.
    fn tell(&mut self) {
        if self.open.len() > 4 && self.random.percent(15) {
            return self.correct();
        }
        let topic = self.random.pick(&self.topics);
        let (speaker, aspect) = (self.random.below(2), self.random.below(ASPECTS.len()));
        let fact = Fact { speaker, topic, aspect };
        if !self.told.insert(fact) {
            return;
        }
        let words = self.words(fact);
        let told = if self.random.percent(35) { Told::Plainly } else { Told::InAnswer };
        if told == Told::InAnswer {
            self.speaker = 1 - speaker;
            self.say(&ASKED, &words);
            if self.random.percent(25) {
                self.speaker = speaker;
                self.say(&DELAYED, &words);
            }
        }
        self.speaker = speaker;
        let patterns: &[&str] = if told == Told::Plainly { &TOLD } else { &ANSWERED };
        self.say(patterns, &words);
        let answer = self.talk.turns.len() - 1;
        if self.random.percent(60) {
            self.say(&ECHOED, &words);
        }
        self.open.push((fact, self.talk.questions.len()));
        self.ask(fact, vec![answer], told);
    }

    fn correct(&mut self) {
        let (fact, question) = self.open.swap_remove(self.random.below(self.open.len()));
        self.speaker = fact.speaker;
        let words = self.words(fact);
        self.say(&CORRECTED, &words);
        let asked = &mut self.talk.questions[question];
        // What holds now answers it; what held before does not.
        asked.expected = vec![self.talk.turns.len() - 1];
        asked.told = Told::Corrected;
    }

    fn ask(&mut self, fact: Fact, expected: Vec<usize>, told: Told) {
        let words = self.words(fact);
        let pattern = self.random.pick(&QUESTIONS);
        let text = filled(pattern, &words, self.names[fact.speaker]);
        self.talk.questions.push(Question { text, expected, told });
    }

    fn ask_for_what_was_never_said(&mut self) {
        let n = self.talk.questions.len() * NEVER_PER_TEN / 10;
        let strange: Vec<usize> =
            (0..TOPICS.len()).filter(|topic| !self.topics.contains(topic)).collect();
        for _ in 0..n {
            let topic = self.random.pick(&strange);
            let (speaker, aspect) = (self.random.below(2), self.random.below(ASPECTS.len()));
            self.ask(Fact { speaker, topic, aspect }, Vec::new(), Told::Never);
        }
    }

    fn say_of(&mut self, patterns: &[&str], topic: usize) {
        let words = Words { topic: self.name_of(&TOPICS[topic]), ..Words::default() };
        self.say(patterns, &words);
    }

    /// Says one of the patterns; then it is the other's turn.
    fn say(&mut self, patterns: &[&str], words: &Words) {
        let pattern = self.random.pick(patterns);
        let text = filled(pattern, words, self.names[1 - self.speaker]);
        let minutes = if self.random.percent(4) { 3 * 24 * 60 } else { 1 };
        self.at = self.at.plus(Duration::from_secs(minutes * 60));
        let id = format!("t{}", self.talk.turns.len());
        let speaker = self.names[self.speaker];
        self.talk.turns.push(Turn { id, speaker, text, ts: self.at });
        self.speaker = 1 - self.speaker;
    }

    /// Words for a fact. A question has the conversation's own word for the topic in some two of three
    /// cases, and for what is asked of it too.
    fn words(&mut self, fact: Fact) -> Words {
        let aspect = &ASPECTS[fact.aspect];
        Words {
            topic: self.name_of(&TOPICS[fact.topic]),
            aspect: self.name_of(&aspect.words),
            value: self.random.pick(&aspect.values),
        }
    }

    /// The common name of a thing in four of five cases, else any.
    fn name_of(&mut self, names: &[&'static str; 3]) -> &'static str {
        if self.random.percent(70) { names[0] } else { self.random.pick(names) }
    }
}

fn filled(pattern: &str, words: &Words, name: &str) -> String {
    let filled = pattern.replace("{t}", words.topic).replace("{a}", words.aspect);
    filled.replace("{v}", words.value).replace("{n}", name)
}

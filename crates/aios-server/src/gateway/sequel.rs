//! How a conversation goes on: whether a question is that of the answer before.
//!
//! Asking the same again is counted against answers. Asking something else says nothing of the one before:
//! "no, that is wrong" is another question, too. What is remembered is short: of a conversation its last
//! answer, for two minutes, with a number for each word of its question. A request that answers tools repeats
//! the question and is no sequel.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aios_core::{EventId, FinishReason, Outcome, ResponseEvent};
use aios_privacy::Pseudonym;
use tokio::time::Instant;

/// For how long after an answer another question is about it.
const ABOUT_IT_FOR: Duration = Duration::from_secs(120);

/// Most conversations that are remembered.
const TURNS_MAX: usize = 4096;

/// Most words of a question that are compared.
const WORDS_MAX: usize = 64;

/// Share of words that two askings of one question have in common: a short one must be the same but for
/// order, case and signs.
const SAME_SHARE: f64 = 0.8;

/// How a request goes on from the answer before.
#[derive(Debug)]
pub(crate) struct Sequel {
    conversation: u64,
    words: Words,
    /// The answer before, if it is not two minutes old.
    pub(super) previous: Option<EventId>,
    /// The question is the same.
    pub(super) asked_again: bool,
}

/// The last answers.
#[derive(Debug, Default)]
pub(crate) struct Sequels(Mutex<HashMap<u64, Turn>>);

#[derive(Debug)]
struct Turn {
    answer: EventId,
    at: Instant,
    words: Words,
}

impl Sequels {
    /// What this question says of the answer before it.
    pub(super) fn follow(&self, of: &Pseudonym, question: &str, now: Instant) -> Sequel {
        let conversation = hash(of.as_str());
        let words = Words::of(question);
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&conversation);
        let before = before.filter(|turn| now.saturating_duration_since(turn.at) < ABOUT_IT_FOR);
        let asked_again = before.as_ref().is_some_and(|turn| turn.words.are_those_of(&words));
        Sequel { conversation, words, previous: before.map(|turn| turn.answer), asked_again }
    }

    /// The answer is there, and the next question is about it.
    pub(super) fn remember(&self, sequel: Sequel, event: &ResponseEvent, now: Instant) {
        let is_answer =
            event.outcome == Outcome::Ok && event.finish_reason != Some(FinishReason::ToolCalls);
        if !is_answer || sequel.words.is_empty() {
            return;
        }
        let turn = Turn { answer: event.event_id, at: now, words: sequel.words };
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= TURNS_MAX {
            turns.retain(|_, turn| now.saturating_duration_since(turn.at) < ABOUT_IT_FOR);
        }
        if turns.len() < TURNS_MAX {
            turns.insert(sequel.conversation, turn);
        }
    }
}

/// The words of a question: a number for each, in order. Two words share one once in four thousand times.
#[derive(Debug, PartialEq, Eq)]
struct Words(Box<[u16]>);

impl Words {
    /// In one pass, in which hardly a word is copied: each request is asked for its words.
    fn of(question: &str) -> Self {
        let mut words = Bits([0; Bits::LANES]);
        let (mut rest, mut n_words) = (question, 0);
        while n_words < WORDS_MAX
            && let Some(start) = rest.bytes().position(|byte| !is_sign(byte))
        {
            let from = rest.get(start..).unwrap_or_default();
            let length = from.bytes().position(|byte| !byte.is_ascii_alphanumeric());
            let (word, behind) = from.split_at(length.unwrap_or(from.len()));
            if behind.bytes().next().is_none_or(|next| next.is_ascii()) {
                words.add(hash_of_lower(word.as_bytes()));
                (rest, n_words) = (behind, n_words + 1);
            } else {
                let (word, behind) = split_wide(from);
                if !word.is_empty() {
                    words.add(hash_of_lower(word.as_bytes()));
                    n_words += 1;
                }
                rest = behind;
            }
        }
        words.numbers()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn are_those_of(&self, other: &Self) -> bool {
        let n_common = self.0.iter().filter(|word| other.0.binary_search(word).is_ok()).count();
        let n_all = self.0.len() + other.0.len() - n_common;
        n_common > 0 && n_common as f64 >= SAME_SHARE * n_all as f64
    }
}

/// Words while they are read: a bit for each, so that none is counted twice.
struct Bits([u64; Bits::LANES]);

impl Bits {
    const PLACE_BITS: u32 = 12;
    const LANES: usize = (1 << Self::PLACE_BITS) / u64::BITS as usize;

    fn add(&mut self, hash: u64) {
        // The top bits: in a product they depend on all others.
        let place = (hash >> (u64::BITS - Self::PLACE_BITS)) as usize;
        self.0[place / u64::BITS as usize] |= 1 << (place % u64::BITS as usize);
    }

    /// Kept for minutes and by the thousand, so they take no more room than they need.
    fn numbers(&self) -> Words {
        let (mut numbers, mut n) = ([0; WORDS_MAX], 0);
        for (lane, bits) in self.0.iter().enumerate() {
            let mut left = *bits;
            while let (Some(number), true) = (numbers.get_mut(n), left != 0) {
                *number = (lane * u64::BITS as usize) as u16 + left.trailing_zeros() as u16;
                (left, n) = (left & (left - 1), n + 1);
            }
        }
        Words(numbers.iter().take(n).copied().collect())
    }
}

/// An ASCII byte between words.
fn is_sign(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

/// The word with which `text` begins, in lower case, and what is behind it. It is empty where a sign
/// beyond ASCII stands.
fn split_wide(text: &str) -> (String, &str) {
    let length = text.find(|c: char| !c.is_alphanumeric());
    let (word, behind) = text.split_at(length.unwrap_or(text.len()));
    let mut behind = behind.chars();
    behind.next();
    (word.chars().flat_map(char::to_lowercase).collect(), behind.as_str())
}

/// The hash of a word whose ASCII letters may be capitals, eight bytes at a time. Nobody gains by words that are
/// taken for each other: they are compared within one conversation.
fn hash_of_lower(word: &[u8]) -> u64 {
    // The bit by which small letters differ from capitals; digits have it, too.
    const LOWER: u64 = 0x2020_2020_2020_2020;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (eights, last) = word.as_chunks::<8>();
    let mix = |hash: u64, bytes: &[u8; 8]| {
        let mixed = (hash ^ (u64::from_le_bytes(*bytes) | LOWER)).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 29)
    };
    let hash = eights.iter().fold(word.len() as u64, mix);
    let mut padded = [0; 8];
    padded.iter_mut().zip(last).for_each(|(slot, byte)| *slot = *byte);
    mix(hash, &padded)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_question_is_told_from_another() {
        let check = |one: &str, other: &str, expect: bool| {
            assert_eq!(Words::of(one).are_those_of(&Words::of(other)), expect, "{one} / {other}");
        };
        check("What is the capital of France?", "what is the capital of france", true);
        check("What is the capital of France?", "Of France the capital: what is ... is the?", true);
        check("What is the capital of France?", "What is the capital of Spain?", false);
        let long = "Please write a short poem about the sea in winter and its birds";
        check(long, &format!("{long} please!"), true);
        check(long, &long.replace("winter", "summer"), true);
        check("", "", false);
        check("GRÖSSER als 2 Äpfel?", "größer ALS 2 äpfel", false);
        check("Größe, ÄPFEL; 2", "größe äpfel 2", true);
        check("one two", "ONE — two … one", true);
        check("今天天气怎么样？", "今天天气怎么样", true);
        check("incomprehensibilities", "INCOMPREHENSIBILITIES", true);
        check("incomprehensibilities", "incomprehensibilitied", false);
        check("where is order 1234567", "where is order 1234568", false);
    }

    #[test]
    fn so_many_words_are_compared_and_no_more() {
        let words = |n: usize| (0..n).map(|n| format!("w{n} ")).collect::<String>();
        let n_of = |text: &str| Words::of(text).0.len();
        assert_eq!((n_of(&words(1)), n_of(&words(20))), (1, 20));
        assert_eq!(Words::of(&words(WORDS_MAX)), Words::of(&words(WORDS_MAX + 1)));
        assert_ne!(Words::of(&words(WORDS_MAX)), Words::of(&words(WORDS_MAX - 1)));
        assert_eq!(n_of("one two-THREE, … «four» fünf One"), 5);
        assert_eq!(n_of(""), 0);
    }

    /// As many numbers as a thousand balls hit bins of four thousand, whichever letters differ.
    #[test]
    fn words_that_differ_little_seldom_share_a_number() {
        for n_letters in 3..20 {
            let words = (0..1_000).map(|n| Words::of(&format!("{n:0>n_letters$}")));
            let all: BTreeSet<u16> = words.flat_map(|word| word.0).collect();
            assert!(all.len() > 600, "{} of words of {n_letters}", all.len());
        }
    }

    fn conversation(n: u32) -> Pseudonym {
        Pseudonym::parse(&format!("c1_{n:032x}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_spoken_of_for_two_minutes_and_once() {
        let (sequels, now) = (Sequels::default(), Instant::now());
        let id = EventId::from_bytes([1; 16]);
        let answered = |n, question: &str, at| {
            let sequel = sequels.follow(&conversation(n), question, at);
            let turn = Turn { answer: id, at, words: sequel.words };
            sequels.0.lock().unwrap().insert(sequel.conversation, turn);
        };
        let follow = |n, question: &str, seconds| {
            let at = now + Duration::from_secs(seconds);
            let sequel = sequels.follow(&conversation(n), question, at);
            (sequel.previous, sequel.asked_again)
        };
        answered(1, "Where is it?", now);
        assert_eq!(follow(2, "Where is it?", 1), (None, false));
        assert_eq!(follow(1, "where is it", 119), (Some(id), true));
        assert_eq!(follow(1, "where is it", 119), (None, false));
        answered(1, "Where is it?", now);
        assert_eq!(follow(1, "Who says so?", 10), (Some(id), false));
        answered(1, "Where is it?", now);
        assert_eq!(follow(1, "Where is it?", 120), (None, false));
    }
}

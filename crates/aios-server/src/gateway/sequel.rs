//! How a conversation goes on: whether a question is that of the answer before.
//!
//! Asking again says that an answer would not do, and asking something else that it would. What is
//! remembered is short: of a conversation its last answer, for two minutes, with its question as hashes
//! of words. A request that answers tools repeats the question and is no sequel.

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

/// Most different words of a question that are compared.
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
        if !is_answer || sequel.words.0.is_empty() {
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

/// The words of a question, as hashes in order.
#[derive(Debug)]
struct Words(Vec<u64>);

impl Words {
    /// In one pass, in which no word is copied: each request is asked for its words.
    fn of(question: &str) -> Self {
        let mut hashes = Vec::with_capacity(WORDS_MAX);
        let mut word = None;
        for c in question.chars().chain([' ']) {
            if c.is_ascii_alphanumeric() {
                word = Some(with(word, c.to_ascii_lowercase()));
            } else if c.is_alphanumeric() {
                word = c.to_lowercase().fold(word, |word, c| Some(with(word, c)));
            } else if let Some(whole) = word.take() {
                hashes.push(whole);
                if hashes.len() == WORDS_MAX {
                    break;
                }
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    fn are_those_of(&self, other: &Self) -> bool {
        let n_common = self.0.iter().filter(|word| other.0.binary_search(word).is_ok()).count();
        let n_all = self.0.len() + other.0.len() - n_common;
        n_common > 0 && n_common as f64 >= SAME_SHARE * n_all as f64
    }
}

/// The hash of a word that goes on with this letter (FNV-1a). Nobody gains by words that are taken for each
/// other: they are compared within one conversation.
fn with(word: Option<u64>, letter: char) -> u64 {
    const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    (word.unwrap_or(EMPTY) ^ u64::from(letter)).wrapping_mul(PRIME)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn so_many_words_are_compared_and_no_more() {
        let words = |n: usize| (0..n).map(|n| format!("w{n} ")).collect::<String>();
        let of = |n| Words::of(&words(n)).0;
        assert_eq!((of(1).len(), of(WORDS_MAX).len()), (1, WORDS_MAX));
        assert_eq!(of(WORDS_MAX), of(WORDS_MAX + 1));
        assert_eq!(Words::of("one two ONE.").0.len(), 2);
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

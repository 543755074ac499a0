//! Which words, if they differ, make another statement of a sentence.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::WordSet;

/// What a word is, the weightier the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Plain,
    /// Written with a capital: a name, or the first of a sentence.
    Name,
    /// A number in digits or letters.
    Number,
    /// What stands between words and is no mark: a minus, a currency.
    Sign,
    /// A "not".
    Negation,
}

/// Words that turn a statement into its opposite, in the languages that are stemmed.
const NEGATIONS: [&str; 46] = [
    "no",
    "not",
    "never",
    "none",
    "nobody",
    "nothing",
    "nowhere",
    "neither",
    "nor",
    "cannot",
    "without",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "nie",
    "niemals",
    "nichts",
    "ohne",
    "ne",
    "pas",
    "jamais",
    "rien",
    "sans",
    "nunca",
    "nada",
    "nadie",
    "sin",
    "não",
    "nem",
    "sem",
    "non",
    "mai",
    "niente",
    "senza",
    "niet",
    "geen",
    "nooit",
    "inte",
    "ikke",
    "aldrig",
    "не",
    "нет",
    "никогда",
    "değil",
];

/// Verbs that are a "not" with an "nt" or "n't" behind them.
const NEGATED: [&str; 22] = [
    "ai", "are", "ca", "could", "dare", "did", "do", "does", "had", "has", "have", "is", "may",
    "might", "must", "need", "ought", "should", "was", "were", "wo", "would",
];

/// Numbers in letters.
const NUMBERS: [&str; 27] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "dozen", "twenty", "thirty", "forty", "fifty", "hundred", "thousand",
    "million", "once", "twice", "first", "second", "third", "half",
];

/// Characters that are a "not" by themselves.
const NEGATING: [&str; 5] = ["不", "没", "沒", "無", "非"];

/// All of these words, each looked up once.
static LISTED: LazyLock<HashMap<&str, Sort>> = LazyLock::new(|| {
    let numbers = NUMBERS.iter().map(|word| (*word, Sort::Number));
    let negations = NEGATIONS.iter().chain(&NEGATING).map(|word| (*word, Sort::Negation));
    numbers.chain(negations).collect()
});

impl Sort {
    /// Of a word as it stands, and in lower case.
    pub(super) fn of(word: &str, lower: &str) -> Self {
        if let Some(listed) = LISTED.get(lower) {
            *listed
        } else if is_negated(lower) {
            Self::Negation
        } else if lower.chars().any(char::is_numeric) {
            Self::Number
        } else if word.chars().next().is_some_and(char::is_uppercase) {
            Self::Name
        } else {
            Self::Plain
        }
    }
}

/// Whether a verb has its "not" with it, with an apostrophe or, as many write, without.
fn is_negated(lower: &str) -> bool {
    lower.ends_with("n't") || lower.strip_suffix("nt").is_some_and(|verb| NEGATED.contains(&verb))
}

/// Whether one may correct the other. A "not" or a sign that only one has does; a number or a name does if each has
/// one that the other has not. Where one merely says more, nothing is contradicted.
pub(super) fn is_variant(one: &WordSet, other: &WordSet) -> bool {
    let [mine, theirs] = [only_in(one, other), only_in(other, one)];
    let has = |of: &[Sort], sort: Sort| of.contains(&sort);
    let differ = |sort: Sort| has(&mine, sort) && has(&theirs, sort);
    let is_turned = |of: &[Sort]| has(of, Sort::Negation) || has(of, Sort::Sign);
    is_turned(&mine) || is_turned(&theirs) || differ(Sort::Number) || differ(Sort::Name)
}

/// What the words are that only one of two texts has.
fn only_in(one: &WordSet, other: &WordSet) -> Vec<Sort> {
    let words = one.hashes.iter().zip(&one.sorts);
    let only = words.filter(|(hash, _)| other.hashes.binary_search(hash).is_err());
    only.map(|(_, sort)| *sort).collect()
}

/// A number that differs for texts with other numbers, signs, names or negations. Results of a search are taken for
/// copies of each other only if theirs is the same.
#[must_use]
pub fn guard_mark(text: &str) -> u32 {
    let words = WordSet::of(text);
    let weighty = words.hashes.iter().zip(&words.sorts).filter(|(_, sort)| **sort != Sort::Plain);
    weighty.fold(0, |mark, (hash, _)| mark.wrapping_add(*hash))
}

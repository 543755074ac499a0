//! Made-up answers that speak of what was asked.
//!
//! Sentences are patterns with room for the prompt's own key words. The answer is recognizably about
//! the prompt, reads like prose, and is the same for the same seed and prompt. Longer and more
//! demanding prompts get longer answers.

use super::random::Random;

/// Fewest and most tokens of an answer that nothing else limits. A word counts as one token.
const TOKENS_MIN: f64 = 20.0;
const TOKENS_MAX: f64 = 120.0;
/// How many key words are taken from a prompt, and how long each may be, in bytes.
const KEY_WORDS_MAX: usize = 6;
const KEY_WORD_BYTES_MAX: usize = 24;
/// Words of a prompt that are looked at.
const PROMPT_WORDS_MAX: usize = 2_000;
/// A prompt of so many words weighs half of the most on its length alone.
const LONG_PROMPT_WORDS: f64 = 80.0;

/// Words that carry no topic. This and the next two lists are sorted, for searching.
const STOP_WORDS: [&str; 90] = [
    "a", "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "give", "had", "has", "have", "here",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "like", "make", "may", "me", "more",
    "most", "my", "need", "no", "not", "of", "on", "one", "or", "our", "out", "please", "should",
    "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "to", "too", "under", "use", "using", "very", "want", "was", "we", "were",
    "what", "when", "where", "which", "while", "who", "why", "will", "with", "would", "write",
    "you", "your",
];

/// Words that ask for more than a line.
const DEMANDING: [&str; 24] = [
    "analyze",
    "architecture",
    "compare",
    "consequences",
    "debug",
    "derive",
    "design",
    "detail",
    "detailed",
    "evaluate",
    "explain",
    "implement",
    "justify",
    "optimize",
    "plan",
    "prove",
    "refactor",
    "review",
    "steps",
    "strategy",
    "summarize",
    "thorough",
    "tradeoffs",
    "why",
];

const GREETINGS: [&str; 7] = ["evening", "hello", "hey", "hi", "morning", "thank", "thanks"];

const GREETING: [&str; 3] = [
    "Hello! Ask me about {a}, or anything else you have in mind.",
    "Hi there, good to hear from you. What can I do for you today?",
    "You are welcome. Let me know if something about {a} is still open.",
];

const WHY: [&str; 3] = [
    "The main reason behind {a} is how it depends on {b}.",
    "It comes down to {a}: once {b} changes, the rest has to follow.",
    "There are two causes, and {a} is the stronger of them.",
];

const HOW: [&str; 3] = [
    "Start with {a}, and keep {b} as simple as you can at first.",
    "The shortest way to {a} is to settle {b} before anything else.",
    "You can approach {a} in three steps, of which {b} comes first.",
];

const COMPARE: [&str; 3] = [
    "The difference between {a} and {b} lies mostly in what each gives up.",
    "Both {a} and {b} can work; they fail in different ways.",
    "Choose {a} when you value speed, and {b} when you value certainty.",
];

const PLAIN: [&str; 4] = [
    "In short, {a} is closely tied to {b}.",
    "The short answer is that {a} matters more than {b} here.",
    "When people speak of {a}, they usually mean its effect on {b}.",
    "Here is what is known about {a}.",
];

const BODY: [&str; 14] = [
    "In practice {a} is limited by {b}, so it pays to measure that first.",
    "A small example makes this clear: take {c} and watch what {a} does.",
    "Most mistakes with {a} come from treating {c} as if it never changed.",
    "If {b} is large, prefer the simpler form of {a} and check the result.",
    "It also helps to write down what you expect from {c} beforehand.",
    "Note that {c} behaves differently once {b} is involved.",
    "The usual advice is to keep {a} and {c} apart as long as possible.",
    "That said, {b} can hide problems which only show under load.",
    "For everyday use the defaults for {c} are good enough.",
    "A second look at {b} often shows that half of the work is not needed.",
    "Experienced people begin with {c}, because it is the easiest to undo.",
    "Where {a} and {c} disagree, trust the one you can test.",
    "Finally, revisit {b} after a while; conditions rarely stay the same.",
    "None of this is exotic, yet together it decides whether {a} succeeds.",
];

/// The words a prompt is about: its rarest-looking ones, in their order.
pub(super) fn key_words(prompt: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in words_of(prompt) {
        let fits =
            (3..=KEY_WORD_BYTES_MAX).contains(&word.len()) && word.chars().all(char::is_alphabetic);
        if fits && !is_in(&STOP_WORDS, &word) && !words.contains(&word) {
            words.push(word);
        }
        if words.len() == KEY_WORDS_MAX {
            break;
        }
    }
    words
}

/// Lowercase words.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(PROMPT_WORDS_MAX)
        .map(str::to_lowercase)
}

/// Whether a word carries no topic.
pub(super) fn is_stop_word(word: &str) -> bool {
    is_in(&STOP_WORDS, word)
}

/// An answer to `prompt`.
pub(super) fn answer(prompt: &str, random: &mut Random) -> String {
    let words = key_words(prompt);
    let asked: Vec<String> = words_of(prompt).collect();
    let target = TOKENS_MIN + (TOKENS_MAX - TOKENS_MIN) * demand(&asked);
    let openers = openers_for(&asked);
    let mut text = filled(random.pick(openers), &words, random);
    let mut last = "";
    while (text.split(' ').count() as f64) < target - BODY_WORDS / 2.0 {
        let pattern = random.pick(&BODY);
        if pattern != last {
            text.push(' ');
            text.push_str(&filled(pattern, &words, random));
            last = pattern;
        }
    }
    text
}

/// About how many words a sentence of [`BODY`] has.
const BODY_WORDS: f64 = 12.0;

/// How much of an answer a prompt asks for, from 0 to 1.
fn demand(words: &[String]) -> f64 {
    let length = (words.len() as f64 / LONG_PROMPT_WORDS).min(1.0) / 2.0;
    let demanding = words.iter().filter(|word| is_in(&DEMANDING, word)).count() as f64;
    (length + 0.25 * demanding).min(1.0)
}

fn openers_for(words: &[String]) -> &'static [&'static str] {
    let has = |word: &str| words.iter().any(|w| w == word);
    if words.len() <= 4 && words.iter().any(|word| is_in(&GREETINGS, word)) {
        &GREETING
    } else if has("compare") || has("difference") || has("versus") || has("vs") {
        &COMPARE
    } else if has("why") {
        &WHY
    } else if has("how") || has("steps") || has("implement") {
        &HOW
    } else {
        &PLAIN
    }
}

/// A pattern with its places filled: `{a}` mostly by the first key word, `{b}` and `{c}` by any.
fn filled(pattern: &str, words: &[String], random: &mut Random) -> String {
    const NO_WORDS: [&str; 3] = ["the question", "the details", "the context"];
    let mut options: Vec<&str> = words.iter().map(String::as_str).collect();
    options.extend(NO_WORDS.iter().skip(options.len()));
    let first = random.pick(options.get(..2).unwrap_or(&options));
    let others: Vec<&str> = options.into_iter().filter(|word| *word != first).collect();
    let second = random.pick(&others);
    let rest: Vec<&str> = others.into_iter().filter(|word| *word != second).collect();
    let third = random.pick(&rest);
    pattern.replace("{a}", first).replace("{b}", second).replace("{c}", third)
}

/// `list` is sorted.
fn is_in(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(prompt: &str) -> String {
        answer(prompt, &mut Random::new(1, "test", prompt.as_bytes()))
    }

    fn n_words(prompt: &str) -> usize {
        answer_to(prompt).split(' ').count()
    }

    #[test]
    fn an_answer_speaks_of_what_was_asked() {
        let prompt = "Explain how photosynthesis converts sunlight in chloroplasts";
        assert_eq!(
            key_words(prompt),
            ["explain", "photosynthesis", "converts", "sunlight", "chloroplasts"]
        );
        let text = answer_to(prompt);
        let n_echoed = key_words(prompt).iter().filter(|word| text.contains(word.as_str())).count();
        assert!(n_echoed >= 2, "{text}");
        assert!(!text.contains('{'), "{text}");
    }

    #[test]
    fn demanding_prompts_get_longer_answers() {
        let short = n_words("What is the capital of France?");
        let long = n_words(
            "Compare and evaluate three designs, explain the tradeoffs in detail and justify why.",
        );
        assert!((10..45).contains(&short), "{short}");
        assert!((85..=130).contains(&long), "{long}");
    }

    #[test]
    fn the_lists_of_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted() && DEMANDING.is_sorted() && GREETINGS.is_sorted());
    }

    #[test]
    fn any_prompt_gets_an_answer() {
        for prompt in ["", "hi", "???", "日本語のテキスト", "1 2 3", "the the the"] {
            assert!(!answer_to(prompt).is_empty(), "{prompt}");
        }
        assert_eq!(answer_to("hi"), answer_to("hi"));
    }
}

//! Texts among which copies and look-alikes are planted.

use super::random::Random;
use crate::dedup::Copies;

/// Words of the language that the texts are in.
const VOCABULARY: usize = 20_000;

/// Texts, each said once, and which of them are copies.
#[derive(Debug, Default)]
pub struct Planted {
    /// The texts in order.
    pub texts: Vec<String>,
    /// What each says: the place of the first text that says it. A look-alike says something else.
    pub says: Vec<usize>,
    /// How many look-alikes there are.
    pub n_siblings: usize,
}

/// How well copies were found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    /// Copies that were planted.
    pub n_planted: usize,
    /// Of these, how many are linked with what they are a copy of, directly or over others.
    pub n_found: usize,
    /// Pairs that were called copies.
    pub n_pairs: usize,
    /// Of these, how many say different things.
    pub n_wrong: usize,
}

impl Found {
    /// Share of the pairs that are copies.
    #[must_use]
    pub fn precision(&self) -> f64 {
        1.0 - self.n_wrong as f64 / self.n_pairs.max(1) as f64
    }

    /// Share of the copies that were found.
    #[must_use]
    pub fn recall(&self) -> f64 {
        self.n_found as f64 / self.n_planted.max(1) as f64
    }
}

impl Planted {
    /// Judges what was found among the texts, whose ids are their places.
    #[must_use]
    pub fn judge(&self, copies: &Copies) -> Found {
        let near = copies.near.iter().filter(|link| !link.is_variant);
        let near = near.map(|link| (link.earlier, link.later));
        let mut found = Found::default();
        let mut root: Vec<usize> = (0..self.texts.len()).collect();
        for (one, other) in copies.exact.iter().copied().chain(near) {
            let [one, other] = [one, other].map(|id| usize::try_from(id).unwrap_or(0));
            found.n_pairs += 1;
            found.n_wrong += usize::from(self.says[one] != self.says[other]);
            let [one, other] = [one, other].map(|at| root_of(&root, at));
            root[one.max(other)] = one.min(other);
        }
        for (at, says) in self.says.iter().enumerate().filter(|(at, says)| *at != **says) {
            found.n_planted += 1;
            found.n_found += usize::from(root_of(&root, at) == root_of(&root, *says));
        }
        found
    }
}

fn root_of(root: &[usize], mut at: usize) -> usize {
    while root[at] != at {
        at = root[at];
    }
    at
}

/// So many texts; one in five is a copy, one in twelve a look-alike.
#[must_use]
pub fn planted(seed: u64, n: usize) -> Planted {
    let mut random = Random::new(seed);
    let mut planted = Planted::default();
    // With their places, and whether a look-alike was made of them: two of those would be copies of each other.
    let mut originals: Vec<(usize, Vec<String>, bool)> = Vec::new();
    while planted.texts.len() < n {
        let at = planted.texts.len();
        let kind = random.below(100);
        if originals.len() < 10 || kind >= 28 {
            let words = sentence(&mut random);
            planted.texts.push(words.join(" "));
            planted.says.push(at);
            originals.push((at, words, false));
            continue;
        }
        let place = random.below(originals.len());
        let (original, words, has_sibling) = &mut originals[place];
        if kind < 20 || *has_sibling {
            planted.says.push(*original);
            planted.texts.push(copy(words, &mut random));
        } else {
            planted.says.push(at);
            planted.n_siblings += 1;
            *has_sibling = true;
            planted.texts.push(sibling(words.clone(), &mut random));
        }
    }
    planted
}

/// Some words as rare as words are, a name and a number among them.
fn sentence(random: &mut Random) -> Vec<String> {
    let n = 14 + random.below(20);
    let mut words: Vec<String> = (0..n).map(|_| word(random)).collect();
    let place = random.below(n);
    words[place] = format!("{}", 2 + random.below(900));
    words[(place + 1 + random.below(n - 1)) % n] = name(random);
    words
}

fn copy(words: &[String], random: &mut Random) -> String {
    let n = words.len();
    let mut words = words.to_vec();
    match random.below(5) {
        // Other case and marks.
        0 => return format!("  {}!", words.join("  ").replace(" a", ", a").to_lowercase()),
        // A word in twenty is another, or one in seven.
        1 => reword(&mut words, n.div_ceil(20), random),
        2 => reword(&mut words, n.div_ceil(7), random),
        // Cut off at the end.
        3 => words.truncate(n - n / 6),
        _ => words.rotate_left(n / 2),
    }
    words.join(" ")
}

fn reword(words: &mut [String], n: usize, random: &mut Random) {
    let is_plain = |word: &String| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut places: Vec<usize> = (0..words.len()).filter(|at| is_plain(&words[*at])).collect();
    random.shuffle(&mut places);
    for at in places.into_iter().take(n) {
        words[at] = word(random);
    }
}

fn sibling(mut words: Vec<String>, random: &mut Random) -> String {
    let find = |is: fn(char) -> bool, words: &[String]| {
        words.iter().position(|word| word.chars().next().is_some_and(is))
    };
    match random.below(4) {
        0 => {
            if let Some(at) = find(|c| c.is_ascii_digit(), &words) {
                words[at] = format!("{}", 1_000 + random.below(900));
            }
        }
        1 => {
            // The same number with a sign.
            if let Some(at) = find(|c| c.is_ascii_digit(), &words) {
                let signed = ["-{}", "${}", "{}%", "#{}"][random.below(4)];
                words[at] = signed.replace("{}", &words[at]);
            }
        }
        2 => {
            if let Some(at) = find(char::is_uppercase, &words) {
                words[at] = name(random);
            }
        }
        _ => words.insert(random.below(words.len()), "not".to_owned()),
    }
    words.join(" ")
}

/// A common word more often than a rare one.
fn word(random: &mut Random) -> String {
    let rank = random.below(VOCABULARY) * random.below(VOCABULARY) / VOCABULARY;
    spelled(rank)
}

fn name(random: &mut Random) -> String {
    let name = spelled(VOCABULARY + random.below(VOCABULARY));
    name.chars().enumerate().map(|(n, c)| if n == 0 { c.to_ascii_uppercase() } else { c }).collect()
}

/// The word of that number.
fn spelled(mut rank: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu", "fa", "ge", "hi", "jo", "pu",
        "da",
    ];
    let mut word = String::from(SYLLABLES[rank % 16]);
    while rank >= 16 {
        rank /= 16;
        word.push_str(SYLLABLES[rank % 16]);
    }
    word
}

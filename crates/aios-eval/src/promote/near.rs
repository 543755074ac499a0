//! Whether two questions are the same one in other clothes.

use std::collections::BTreeSet;

/// Least share of pairs of characters in common (the coefficient of Dice).
const NEAR: f64 = 0.95;

/// In lower case, every run of anything but letters and digits one space.
pub(crate) fn normal(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether two normal texts are the same or nearly so.
pub(crate) fn is_near(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (triples(a), triples(b));
    let all = (a.len() + b.len()) as f64;
    all > 0.0 && 2.0 * a.intersection(&b).count() as f64 / all >= NEAR
}

fn triples(text: &str) -> BTreeSet<[char; 3]> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(3).filter_map(|three| three.try_into().ok()).collect()
}

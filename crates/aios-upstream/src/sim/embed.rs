//! Made-up embeddings: unit vectors in which texts that share words lie near each other.
//!
//! Each word stem gets a random direction of ±1 from its hash, the text is their sum, and words
//! without a topic count little. Two texts' cosine is then about the share of words they have in
//! common, which is what tests and demonstrations of memory need.

use std::collections::BTreeMap;

use super::random::hash;
use super::text::{is_stop_word, words_of};

/// Length of a vector unless the request says otherwise.
pub(super) const DIMENSIONS_DEFAULT: usize = 384;
/// Longest vector.
pub(super) const DIMENSIONS_MAX: usize = 4_096;

/// Weight of a word without a topic against 1 for any other.
const STOP_WORD_WEIGHT: f32 = 0.1;
/// Endings that are taken off a word, so that `cats` and `cat` are one.
const ENDINGS: [&str; 5] = ["ing", "ies", "es", "ed", "s"];
/// Shortest stem, in bytes.
const STEM_BYTES_MIN: usize = 3;

/// The vector of a text.
pub(super) fn embed(text: &str, dimensions: usize, seed: u64) -> Vec<f32> {
    let mut counts: BTreeMap<String, (u32, f32)> = BTreeMap::new();
    for word in words_of(text) {
        let weight = if is_stop_word(&word) { STOP_WORD_WEIGHT } else { 1.0 };
        counts.entry(stem(&word)).or_insert((0, weight)).0 += 1;
    }
    if counts.is_empty() {
        counts.insert(text.to_owned(), (1, 1.0));
    }
    let mut vector = vec![0.0; dimensions];
    for (word, (count, weight)) in &counts {
        // A repeated word says little more than a single one.
        add_direction(&mut vector, word, weight * (*count as f32).sqrt(), seed);
    }
    normalize(&mut vector);
    vector
}

fn stem(word: &str) -> String {
    let ending =
        |ending: &&str| word.strip_suffix(*ending).filter(|stem| stem.len() >= STEM_BYTES_MIN);
    ENDINGS.iter().find_map(ending).unwrap_or(word).to_owned()
}

fn add_direction(vector: &mut [f32], word: &str, weight: f32, seed: u64) {
    for (block, part) in vector.chunks_mut(64).enumerate() {
        let signs = hash(seed, &[b"embed", word.as_bytes(), &(block as u64).to_le_bytes()]);
        for (bit, value) in part.iter_mut().enumerate() {
            *value += if signs >> bit & 1 == 1 { weight } else { -weight };
        }
    }
}

fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    } else if let Some(first) = vector.first_mut() {
        *first = 1.0;
    }
}

/// Little-endian floats in base64 (RFC 4648, padded), as the API sends them on request.
pub(super) fn base64_of(vector: &[f32]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let packed = (0..3)
            .fold(0_u32, |packed, i| packed << 8 | u32::from(group.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[(packed >> (18 - 6 * i) & 63) as usize];
            text.push(if i > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let (a, b) = (embed(a, 384, 1), embed(b, 384, 1));
        a.iter().zip(&b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn texts_that_share_words_are_near_each_other() {
        let near = cosine("The cats sleep on the warm roof", "a cat sleeping on a roof");
        let far = cosine("The cats sleep on the warm roof", "quarterly revenue grew in Europe");
        assert!(near > 0.6, "{near}");
        assert!(far.abs() < 0.2, "{far}");
        assert!((cosine("same text", "same text") - 1.0).abs() < 1e-5);
    }

    #[test]
    fn every_vector_has_length_one() {
        for (text, dimensions) in [("", 384), ("a b c", 1), ("some words", 100), ("!", 4_096)] {
            let vector = embed(text, dimensions, 3);
            let length: f32 = vector.iter().map(|x| x * x).sum();
            assert_eq!(vector.len(), dimensions);
            assert!((length - 1.0).abs() < 1e-4, "{text} {length}");
        }
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        assert_eq!(base64_of(&[]), "");
        assert_eq!(base64_of(&[1.0]), "AACAPw==");
        assert_eq!(base64_of(&[1.0, -2.0]), "AACAPwAAAMA=");
        assert_eq!(base64_of(&[1.0, -2.0, 0.5]), "AACAPwAAAMAAAAA/");
    }
}

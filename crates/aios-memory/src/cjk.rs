//! Scripts whose words are not parted by spaces.

/// First and last character of each block.
const BLOCKS: [(u32, u32); 11] = [
    (0x0e00, 0x0eff),   // Thai, Lao
    (0x1000, 0x109f),   // Myanmar
    (0x1780, 0x17ff),   // Khmer
    (0x3040, 0x30ff),   // Hiragana, Katakana
    (0x31f0, 0x31ff),   // Katakana, phonetic extensions
    (0x3400, 0x4dbf),   // Han, extension A
    (0x4e00, 0x9fff),   // Han
    (0xac00, 0xd7af),   // Hangul: spaced, but by phrases, so that pairs find more
    (0xf900, 0xfaff),   // Han, compatibility
    (0xff66, 0xff9d),   // Katakana, half width
    (0x20000, 0x323af), // Han, further extensions
];

/// Whether a character belongs to such a script.
pub(crate) fn is_unspaced(c: char) -> bool {
    let code = u32::from(c);
    code >= BLOCKS[0].0 && BLOCKS.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

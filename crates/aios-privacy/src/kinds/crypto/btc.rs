//! Bitcoin: base58check (`1…`, `3…`) and bech32 (`bc1…`, BIP 173 and 350), both with a checksum.

use sha2::{Digest, Sha256};

use super::{is_free_left, joins};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Crypto,
    &[Anchors::Numbers(
        Number::new(1, &[]).begins(b"13").after_letter(Letter::Maybe).before_letter(),
    )],
    look,
);

static BASE58: [u8; 256] = values(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
static BECH32: [u8; 256] = values(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l");
/// The value of what is no letter of the alphabet.
const NONE: u8 = 0xff;
const PREFIX: &str = "bc1";

/// The value of each letter of an alphabet.
const fn values(alphabet: &[u8]) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut n = 0;
    while n < alphabet.len() {
        values[alphabet[n] as usize] = n as u8;
        n += 1;
    }
    values
}

fn look(source: &Source<'_>, digit: usize) -> Look {
    // The digit of the prefix is its last letter.
    let start = digit.checked_sub(PREFIX.len() - 1).filter(|at| source.has_word(*at, PREFIX));
    let (is_segwit, at) = (start.is_some(), start.unwrap_or(digit));
    if !is_segwit && !matches!(source.byte(at), Some(b'1' | b'3')) {
        return Look::nothing(run_end(source, at));
    }
    let end = source.run_right(at, usize::MAX, |byte| byte.is_ascii_alphanumeric());
    let address = source.bytes().get(at..end).unwrap_or_default();
    let is_checked = if is_segwit { is_bech32(address) } else { is_base58(address) };
    let is_ours = is_checked && is_free_left(source, at) && !joins(source.byte(end));
    let found = is_ours.then_some(Found { start: at, end, rule: "crypto.btc", confidence: 0.99 });
    Look::maybe(found, end)
}

/// 25 bytes: a version, a hash of 20 bytes, and the first four bytes of the hash of both's hash.
fn is_base58(address: &[u8]) -> bool {
    if !(26..=35).contains(&address.len())
        || address.iter().any(|letter| BASE58[usize::from(*letter)] == NONE)
    {
        return false;
    }
    // 28 bytes in limbs of four, the lowest first.
    let mut limbs = [0u32; 7];
    for letter in address {
        let mut carry = u64::from(BASE58[usize::from(*letter)]);
        for limb in &mut limbs {
            carry += u64::from(*limb) * 58;
            *limb = carry as u32;
            carry >>= u32::BITS;
        }
        if carry != 0 {
            return false;
        }
    }
    limbs.reverse();
    let bytes = limbs.map(u32::to_be_bytes);
    let Some((beyond, number)) = bytes.as_flattened().split_at_checked(3) else { return false };
    let (body, check) = number.split_at(21);
    beyond == [0; 3]
        && matches!(number[0], 0 | 5)
        && Sha256::digest(Sha256::digest(body)).starts_with(check)
}

/// The checksum of BIP 173 over prefix and data, which is 1, or that of BIP 350.
fn is_bech32(address: &[u8]) -> bool {
    const BECH32M: u32 = 0x2bc8_30a3;
    let has_one_case =
        !(address.iter().any(u8::is_ascii_lowercase) && address.iter().any(u8::is_ascii_uppercase));
    let data = address.get(PREFIX.len()..).unwrap_or_default();
    if !has_one_case || !matches!(address.len(), 42 | 62) {
        return false;
    }
    let value = |letter: &u8| {
        let value = BECH32[usize::from(letter.to_ascii_lowercase())];
        (value != NONE).then_some(u32::from(value))
    };
    let Some(values) = data.iter().map(value).collect::<Option<Vec<_>>>() else { return false };
    // The prefix `bc`: the letters' upper bits, a zero, their lower bits.
    let rest = [3, 3, 0, 2, 3].into_iter().chain(values).fold(1, step);
    matches!(rest, 1 | BECH32M)
}

fn step(rest: u32, value: u32) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = rest >> 25;
    let shifted = (rest & 0x1ff_ffff) << 5 ^ value;
    let taken = GENERATORS.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
    taken.fold(shifted, |rest, (_, generator)| rest ^ generator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Crypto, marked);
    }

    #[test]
    fn addresses_that_check_are_found() {
        check("to ⟦1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧, \"⟦3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy⟧\"");
        check(
            "⟦bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4⟧ ⟦BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4⟧",
        );
        check("⟦bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0⟧.");
    }

    #[test]
    fn a_wrong_checksum_is_no_address() {
        check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLz");
        check("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5 1111111111111111111111111111 bc1quick");
    }
}

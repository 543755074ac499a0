//! Addresses of crypto-currencies.

use sha2::{Digest, Sha256};

use super::Value;
use super::random::Random;
use super::value::value;

pub(super) fn crypto(random: &mut Random) -> Value {
    let text = match random.below(3) {
        0 => format!("0x{}", random.text(40, "0123456789abcdefABCDEF")),
        1 => base58(random),
        _ => bech32(random),
    };
    value(random.pick(&["send it to ", "wallet ", "", "donate: ", "BTC/ETH address "]), text)
}

/// Long division by 58, of the bytes with their checksum.
fn base58(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = vec![random.pick(&[0u8, 5])];
    bytes.extend((0..20).map(|_| u8::try_from(random.within(1, 255)).unwrap_or(1)));
    let check = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&check[..4]);
    let n_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut text = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in &mut bytes {
            let value = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 58).unwrap_or(0);
            rest = value % 58;
        }
        text.push(ALPHABET[rest]);
    }
    text.extend(std::iter::repeat_n(b'1', n_zeros));
    text.into_iter().rev().map(char::from).collect()
}

/// BIP 173's reference: the polynomial's remainder over the expanded prefix, the data and six zeros.
fn bech32(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATORS: [u64; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mut data = vec![0];
    data.extend((0..32).map(|_| random.below(32)));
    let mut rest = 1u64;
    for value in [3, 3, 0, 2, 3].into_iter().chain(data.iter().copied()).chain([0; 6]) {
        let top = rest >> 25;
        rest = (rest & 0x1ff_ffff) << 5 ^ value;
        for (bit, generator) in GENERATORS.iter().enumerate() {
            if top >> bit & 1 == 1 {
                rest ^= generator;
            }
        }
    }
    rest ^= 1;
    data.extend((0..6).map(|place| rest >> (5 * (5 - place)) & 31));
    let text = data.iter().map(|value| char::from(ALPHABET[usize::try_from(*value).unwrap_or(0)]));
    format!("bc1{}", text.collect::<String>())
}

//! MinHash: sets that have much in common share one of 32 keys, nearly always.

use std::collections::HashMap;

const BANDS: usize = 32;
const ROWS: usize = 4;

/// One key for each band of a set.
pub(super) struct Signature([u64; BANDS]);

impl Signature {
    /// Of the hashes of a set's members. Sets of two scopes share no key.
    pub(super) fn of(members: &[u32], scope: i64) -> Self {
        let mut least = [u32::MAX; BANDS * ROWS];
        for member in members {
            for (least, [times, plus]) in least.iter_mut().zip(&FUNCTIONS) {
                *least = (*least).min(member.wrapping_mul(*times).wrapping_add(*plus));
            }
        }
        let mut keys = [0; BANDS];
        let (bands, _) = least.as_chunks::<ROWS>();
        for (n, (key, band)) in keys.iter_mut().zip(bands).enumerate() {
            let start = mix(scope.cast_unsigned() ^ n as u64);
            *key = band.iter().fold(start, |key, row| mix(key ^ u64::from(*row)));
        }
        Self(keys)
    }
}

/// Who has which key.
pub(super) struct Bands {
    buckets: HashMap<u64, Vec<u32>>,
    /// Per number, which new one it was last compared with.
    seen: Vec<u32>,
}

impl Bands {
    pub(super) fn new(n: usize) -> Self {
        Self { buckets: HashMap::with_capacity(n * BANDS / 2), seen: Vec::with_capacity(n) }
    }

    /// Puts the next set in and gives the numbers of those that share a key with it, each once. `number`
    /// goes up by one with each call.
    pub(super) fn put(&mut self, signature: &Signature, number: usize, n_max: usize) -> Vec<usize> {
        let mut near = Vec::new();
        let this = u32::try_from(number).unwrap_or(u32::MAX);
        self.seen.push(this);
        for key in signature.0 {
            let bucket = self.buckets.entry(key).or_default();
            for other in bucket.iter().rev().take(n_max) {
                let seen = &mut self.seen[*other as usize];
                if *seen != this {
                    *seen = this;
                    near.push(*other as usize);
                }
            }
            bucket.push(this);
        }
        near.sort_unstable();
        near
    }
}

/// What makes numbers of one hash: an odd factor and a summand each.
static FUNCTIONS: [[u32; 2]; BANDS * ROWS] = functions();

const fn functions() -> [[u32; 2]; BANDS * ROWS] {
    let mut all = [[0; 2]; BANDS * ROWS];
    let mut n = 0;
    while n < all.len() {
        let bits = mix(n as u64 + 1);
        all[n] = [(bits as u32) | 1, (bits >> 32) as u32];
        n += 1;
    }
    all
}

/// Spreads the bits of a number over all of it (SplitMix64, Steele et al. 2014).
const fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

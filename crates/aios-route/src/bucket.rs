//! Which bucket a conversation is in.
//!
//! A keyed hash of the conversation's pseudonym is a place on a line of 2^64; treatment is
//! everything below the percentage's mark. So a conversation's bucket is the same in every process
//! and after every restart, a growing percentage only adds conversations to treatment, and without
//! the key nobody can choose an id that lands in it.

use std::fmt;

use aios_core::{Bucket, Percent};
use aios_privacy::{KeyMaterial, Pseudonym};
use siphasher::sip::SipHasher24;

/// The key of the bucket hash. `Debug` prints `[key]`.
#[derive(Clone)]
pub struct BucketKey(SipHasher24);

impl BucketKey {
    /// Derives the hash's key from the deployment's: its first 128 bits for the purpose `bucket`.
    #[must_use]
    pub fn new(key: &KeyMaterial) -> Self {
        let derived = key.derive("bucket");
        let half = derived.expose().first_chunk().expect("16 of a key's 32 bytes");
        Self(SipHasher24::new_with_key(half))
    }
}

impl fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// The bucket of a conversation when `treatment` percent of all are in treatment.
///
/// A conversation in treatment at one percentage is in treatment at every higher one.
#[must_use]
pub fn bucket_of(key: &BucketKey, conversation: &Pseudonym, treatment: Percent) -> Bucket {
    let place = key.0.hash(conversation.as_str().as_bytes());
    if u128::from(place) < mark(treatment) { Bucket::Treatment } else { Bucket::Control }
}

/// How many of the 2^64 places are below the percentage's mark.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the product lies between 0 and 2^64"
)]
fn mark(treatment: Percent) -> u128 {
    const PLACES: f64 = 18_446_744_073_709_551_616.0;
    (treatment.get() / 100.0 * PLACES) as u128
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> BucketKey {
        BucketKey::new(&KeyMaterial::new([byte; 32]))
    }

    fn conversation(n: u128) -> Pseudonym {
        Pseudonym::parse(&format!("c1_{n:032x}")).unwrap()
    }

    fn is_treated(key: &BucketKey, n: u128, percent: f64) -> bool {
        let percent = Percent::new(percent).unwrap();
        bucket_of(key, &conversation(n), percent) == Bucket::Treatment
    }

    /// The places were computed by another program from the definitions of HMAC and SipHash-2-4.
    #[test]
    fn places_stay_the_same_over_versions() {
        let place = |n| key(1).0.hash(conversation(n).as_str().as_bytes());
        assert_eq!(
            [place(0), place(1), place(2)],
            [0x09a6_ac76_81da_d459, 0x358e_606c_c3da_6981, 0xb676_b17f_f17f_9716]
        );
    }

    #[test]
    fn none_and_all_are_exact() {
        assert_eq!(mark(Percent::new(100.0).unwrap()), 1 << 64);
        for n in 0..1_000 {
            assert!(!is_treated(&key(1), n, 0.0) && is_treated(&key(1), n, 100.0));
        }
    }

    #[test]
    fn shares_are_right_within_binomial_noise() {
        let n_all = 20_000_u32;
        for percent in [1.0, 10.0, 25.0, 50.0, 75.0] {
            let n = (0..u128::from(n_all)).filter(|n| is_treated(&key(3), *n, percent)).count();
            let (share, p) = (n as f64 / f64::from(n_all), percent / 100.0);
            let noise = (p * (1.0 - p) / f64::from(n_all)).sqrt();
            assert!((share - p).abs() < 4.0 * noise, "{share} at {percent} %");
        }
    }

    #[test]
    fn another_key_deals_anew() {
        let both =
            (0..10_000).filter(|n| is_treated(&key(1), *n, 50.0) && is_treated(&key(2), *n, 50.0));
        let n = both.count();
        assert!((2_300..2_700).contains(&n), "{n}");
    }

    proptest! {
        #[test]
        fn who_is_in_treatment_stays_as_it_grows(n: u128, p in 0..=10_000_u32, q in 0..=10_000_u32) {
            let [low, high] = [p.min(q), p.max(q)].map(|hundredths| f64::from(hundredths) / 100.0);
            prop_assert!(!is_treated(&key(1), n, low) || is_treated(&key(1), n, high));
        }
    }
}

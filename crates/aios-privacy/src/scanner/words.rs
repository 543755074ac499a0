//! Where words may stand: many short needles at once, over text in any case.
//!
//! Only four bytes of each word are searched for. A table tells for each four bytes of the text, by their hash
//! (multiplicative: Knuth, The Art of Computer Programming 3, section 6.4), whether they may be a needle. That takes no
//! branch and costs the same for two hundred needles as for ten; where vector instructions tell needles by halves of
//! their bytes (Teddy, of Hyperscan), each further needle makes more of the text look like one.

use std::collections::BTreeMap;

/// So much of a word is searched for. With less, half of all prose would have to be looked at twice.
pub(super) const NEEDLE: usize = 4;

/// Of a hash. The table is small enough to stay in the fastest cache, and most of it is empty.
const HASH_BITS: u32 = 13;
/// An odd number near 2^32 by the golden ratio.
const FACTOR: u32 = 0x9e37_79b1;
/// So many places in the text are asked about at once.
const STRIDE: usize = size_of::<u64>();

/// The needles, and for each the detectors that want to know of it, one bit each.
pub(super) struct Words {
    needles: Vec<Needle>,
    /// For each hash, one more than the place of the first needle that has it; 0 if none has. So there are 255 at most.
    by_hash: Box<[u8; 1 << HASH_BITS]>,
}

struct Needle {
    /// In lower case.
    bytes: [u8; NEEDLE],
    owners: u64,
    /// The next needle of the same hash, as in [`Words::by_hash`].
    next: u8,
}

impl Words {
    /// The words with the bit of the detector to which each belongs. `None` without words.
    pub(super) fn new<'w>(words: impl IntoIterator<Item = (&'w str, u64)>) -> Option<Self> {
        let mut by_hash = Box::new([0; 1 << HASH_BITS]);
        let mut needles = Vec::new();
        for (bytes, owners) in owners_by_needle(words) {
            let first: &mut u8 = &mut by_hash[hash(u32::from_le_bytes(bytes))];
            needles.push(Needle { bytes, owners, next: *first });
            *first = u8::try_from(needles.len()).expect("a byte tells all needles apart");
        }
        (!needles.is_empty()).then_some(Self { needles, by_hash })
    }

    /// Tells of each needle in `text`, in order: its owners and its place.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(u64, usize)) {
        let mut start = 0;
        while let Some(part) = text.get(start..).and_then(<[u8]>::first_chunk) {
            let firsts = self.firsts(part);
            let mut marks = u64::from_le_bytes(firsts);
            while marks != 0 {
                let n = marks.trailing_zeros() as usize / 8;
                self.tell(firsts[n], &part[n..], |owners| found(owners, start + n));
                marks &= !(0xff << (8 * n));
            }
            start += STRIDE;
        }
        for (n, bytes) in text.get(start..).unwrap_or_default().array_windows().enumerate() {
            let first = self.by_hash[hash(u32::from_le_bytes(*bytes))];
            self.tell(first, bytes, |owners| found(owners, start + n));
        }
    }

    /// The first needle, as in [`Self::by_hash`], that may stand at each of the first places.
    fn firsts(&self, part: &[u8; STRIDE + NEEDLE]) -> [u8; STRIDE] {
        const HALF: usize = STRIDE / 2;
        let [one, two] = [0, HALF].map(|at| part.get(at..).and_then(<[u8]>::first_chunk));
        let [one, two] = [one, two].map(|bytes| u64::from_le_bytes(*bytes.unwrap_or(&[0; STRIDE])));
        std::array::from_fn(|n| {
            let bytes = if n < HALF { one >> (8 * n) } else { two >> (8 * (n - HALF)) };
            self.by_hash[hash(bytes as u32)]
        })
    }

    /// Tells the owners of the needle that `text` begins with, if it is one of those from `first` on.
    fn tell(&self, first: u8, text: &[u8], found: impl FnOnce(u64)) {
        let mut place = usize::from(first);
        while let Some(needle) = place.checked_sub(1).and_then(|place| self.needles.get(place)) {
            if text.get(..NEEDLE).is_some_and(|bytes| bytes.eq_ignore_ascii_case(&needle.bytes)) {
                return found(needle.owners);
            }
            place = usize::from(needle.next);
        }
    }
}

/// Letters have the same in either case, as have other bytes that differ by the same bit: the needle itself is compared.
fn hash(bytes: u32) -> usize {
    const CASE: u32 = 0x2020_2020;
    ((bytes | CASE).wrapping_mul(FACTOR) >> (u32::BITS - HASH_BITS)) as usize
}

/// The words' beginnings, all of one length, so that at each place there is at most one.
fn owners_by_needle<'w>(
    words: impl IntoIterator<Item = (&'w str, u64)>,
) -> BTreeMap<[u8; NEEDLE], u64> {
    let mut owners_by_needle = BTreeMap::new();
    for (word, owner) in words {
        let needle = word.as_bytes().first_chunk::<NEEDLE>();
        let mut needle = *needle.expect("a word is told by its first four bytes");
        needle.make_ascii_lowercase();
        *owners_by_needle.entry(needle).or_default() |= owner;
    }
    owners_by_needle
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each needle of `text` with its owners.
    fn check(text: &str, expect: &[(u64, usize)]) {
        let needles = [("AKIA", 1), ("password", 4), ("passcode", 8), ("www.", 16), ("密码", 32)];
        let mut found = Vec::new();
        Words::new(needles).unwrap().each(text.as_bytes(), |owners, at| found.push((owners, at)));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_word_is_found_by_its_beginning_for_all_who_want_it() {
        check("no such thing here, whatever one may look for", &[]);
        check("my passport and WWW.x.example, akia1", &[(12, 3), (16, 16), (1, 31)]);
        check("pass", &[(12, 0)]);
        check("AKIAWWW.密码", &[(1, 0), (16, 4), (32, 8)]);
        check("pas", &[]);
        check("", &[]);
    }

    #[test]
    fn a_word_is_found_at_every_place() {
        for at in 0..40 {
            let blank = " ".repeat(at);
            check(&format!("{blank}pAsS{blank}"), &[(12, at)]);
        }
    }

    #[test]
    fn needles_of_one_hash_are_told_apart() {
        // More than there are hashes, so that some must share one; a few of them at a time.
        let letters = || (b'a'..=b'z').map(char::from);
        let all = letters().flat_map(|a| {
            letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}x")))
        });
        let mut by_hash = BTreeMap::<usize, Vec<String>>::new();
        for word in all {
            let bytes = word.as_bytes().first_chunk().unwrap();
            by_hash.entry(hash(u32::from_le_bytes(*bytes))).or_default().push(word);
        }
        let sharing = by_hash.values().max_by_key(|words| words.len()).unwrap();
        assert!(sharing.len() > 2, "{sharing:?}");
        let (odd, sought) = sharing.split_last().unwrap();
        let words = Words::new(sought.iter().zip(0..).map(|(w, n)| (w.as_str(), 1 << n))).unwrap();
        for (word, n) in sought.iter().zip(0..) {
            let mut found = Vec::new();
            words.each(word.as_bytes(), |owners, at| found.push((owners, at)));
            assert_eq!(found, [(1 << n, 0)], "{word}");
        }
        words.each(odd.as_bytes(), |_, _| panic!("{odd} is not sought"));
    }
}

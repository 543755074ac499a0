//! A small generator of numbers (SplitMix64, Steele et al. 2014), so that a seed always makes one text.

pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A number from `from` to `to`, both possible.
    pub(super) fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let n = u64::try_from(of.len()).expect("a list of a few items");
        of[usize::try_from(self.below(n)).expect("below a list's length")]
    }

    /// Puts them in another order.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let n = u64::try_from(last).expect("a list of a few items");
            all.swap(last, usize::try_from(self.within(0, n)).expect("below a list's length"));
        }
    }

    /// `n` characters of `alphabet`.
    pub(super) fn text(&mut self, n: usize, alphabet: &str) -> String {
        let bytes = alphabet.as_bytes();
        (0..n).map(|_| char::from(self.pick(bytes))).collect()
    }

    pub(super) fn digits(&mut self, n: usize) -> String {
        self.text(n, "0123456789")
    }

    pub(super) fn hex(&mut self, n: usize) -> String {
        self.text(n, "0123456789abcdef")
    }

    pub(super) fn alphanumeric(&mut self, n: usize) -> String {
        self.text(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    }

    /// A pattern: `#` is a digit, `N` a digit from 2, `@` a capital letter; all else stands for itself.
    pub(super) fn pattern(&mut self, pattern: &str) -> String {
        let of = |random: &mut Self, c| match c {
            '#' => random.digits(1),
            'N' => random.text(1, "23456789"),
            '@' => random.text(1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            c => c.to_string(),
        };
        pattern.chars().map(|c| of(self, c)).collect()
    }
}

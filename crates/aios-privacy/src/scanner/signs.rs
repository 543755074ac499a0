//! Whom a sign in a text concerns, told from the bytes beside it: before any of them looks.
//!
//! Colons, dots and hyphens are all over text. What they are looked at for has something of its own right beside them: an address's
//! digits, the second slash of a URL, the letters of an issuer's prefix. These look-ups spare the look at nearly every sign.

use super::bytes::may_anchor;

/// One bit per detector, as everywhere.
pub(super) struct Signs {
    /// For each sign, whom it concerns.
    by_sign: [u64; 256],
    /// For each byte, whom a sign before it concerns.
    by_next: [u64; 256],
    /// For two letters before a sign, in any case, whom it concerns.
    by_head: [u64; 1 << 10],
}

impl Default for Signs {
    fn default() -> Self {
        Self { by_sign: [0; 256], by_next: [0; 256], by_head: [0; 1 << 10] }
    }
}

impl Signs {
    /// At these signs before such a byte; no sign joins anything before a blank.
    pub(super) fn add(&mut self, signs: &[u8], follows: impl Fn(u8) -> bool, owner: u64) {
        debug_assert!(signs.iter().all(|byte| may_anchor(*byte)));
        signs.iter().for_each(|byte| self.by_sign[usize::from(*byte)] |= owner);
        let may_follow = |byte: &u8| !byte.is_ascii_whitespace() && follows(*byte);
        for byte in (0..=u8::MAX).filter(may_follow) {
            self.by_next[usize::from(byte)] |= owner;
        }
    }

    /// At a `-`, `_` or `.` behind two such letters.
    pub(super) fn add_heads(&mut self, is_head: fn(u8, u8) -> bool, owner: u64) {
        for one in 0..32 {
            for two in (0..32).filter(|two| is_head(one, *two)) {
                self.by_head[place(one, two)] |= owner;
            }
        }
    }

    /// Whom the sign at `at` concerns.
    pub(super) fn owners(&self, text: &[u8], at: usize) -> u64 {
        let (Some(sign), Some(next)) = (text.get(at), text.get(at + 1)) else { return 0 };
        self.by_sign[usize::from(*sign)] & self.by_next[usize::from(*next)]
            | self.behind_head(text, at, *sign, *next)
    }

    fn behind_head(&self, text: &[u8], at: usize, sign: u8, next: u8) -> u64 {
        let head = at.checked_sub(2).and_then(|start| text.get(start..at));
        match (sign, head) {
            (b'-' | b'_' | b'.', Some([one, two])) if !next.is_ascii_whitespace() => {
                self.by_head[place(*one, *two)]
            }
            _ => 0,
        }
    }
}

fn place(one: u8, two: u8) -> usize {
    usize::from(one & 31) << 5 | usize::from(two & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_concerns_those_whom_the_bytes_beside_it_fit() {
        let mut signs = Signs::default();
        signs.add(b"@", |_| true, 1);
        signs.add(b":.", |byte| byte == b'/', 2);
        signs.add_heads(|one, two| (one, two) == (b's' & 31, b'k' & 31), 4);
        let check = |text: &str, expect: u64| {
            let at = text.find(['-', '_', '.', ':', '@']).unwrap();
            assert_eq!(signs.owners(text.as_bytes(), at), expect, "{text}");
        };
        check("a@b", 1);
        check("a@ b", 0);
        check("a@", 0);
        check("a://", 2);
        check("a:b", 0);
        check("use sk-a", 4);
        check("SK.a", 4);
        check("sk./", 6);
        check("sk:a", 0);
        check("k-sk", 0);
        check("sk- a", 0);
    }
}

//! Passes over bytes that interest nobody, thirty-two at a time.

/// The bytes at which a detector may look: the ten digits, and signs that join parts of a value.
pub(super) const fn may_anchor(byte: u8) -> bool {
    // Sums and comparisons without a branch, so that the compiler makes vector instructions of them.
    (byte.wrapping_sub(b'-') <= b':' - b'-') | (byte == b'@') | (byte == b'+') | (byte == b'_')
}

const LANE: usize = size_of::<u64>();
const STRIDE: usize = 4 * LANE;

/// Tells the place of each byte of `bytes` that may anchor; of a run of digits, that of the first.
/// `before` is the byte before them.
pub(super) fn each(before: Option<u8>, bytes: &[u8], mut found: impl FnMut(usize)) {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    // One in the byte behind a digit.
    let mut goes_on = u64::from(before.is_some_and(|byte| byte.is_ascii_digit()));
    for (n, stride) in strides.iter().enumerate() {
        let (mut marks, mut digits) = ([0; STRIDE], [0; STRIDE]);
        for ((mark, digit), byte) in marks.iter_mut().zip(&mut digits).zip(stride) {
            (*mark, *digit) = (u8::from(may_anchor(*byte)), u8::from(byte.is_ascii_digit()));
        }
        let lanes = marks.as_chunks::<LANE>().0.iter().zip(digits.as_chunks::<LANE>().0);
        for (part, (marks, digits)) in lanes.enumerate() {
            let digits = u64::from_le_bytes(*digits);
            // A later digit of a run is told of by its first.
            let mut marks = u64::from_le_bytes(*marks) & !(digits & (digits << 8 | goes_on));
            goes_on = digits >> (8 * (LANE - 1));
            while marks != 0 {
                found(n * STRIDE + part * LANE + marks.trailing_zeros() as usize / 8);
                marks &= marks - 1;
            }
        }
    }
    let mut goes_on = goes_on != 0;
    for (n, byte) in rest.iter().enumerate() {
        let is_digit = byte.is_ascii_digit();
        if may_anchor(*byte) && !(is_digit && goes_on) {
            found(strides.len() * STRIDE + n);
        }
        goes_on = is_digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_told_right_at_every_place() {
        for byte in 0..=255 {
            for at in 0..35 {
                let mut bytes = [[b'a', 0xff][at % 2]; 35];
                bytes[at] = byte;
                let mut found = Vec::new();
                each(None, &bytes, |at| found.push(at));
                let expect = if may_anchor(byte) { vec![at] } else { vec![] };
                assert_eq!(found, expect, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn of_a_run_of_digits_the_first_is_told() {
        for length in 1..40 {
            for at in 0..70 {
                let mut bytes = [b'a'; 110];
                bytes[at..at + length].fill(b'7');
                bytes[at + length] = b'-';
                // From every place on: also where a block begins within the run.
                for from in [0, 1, at + 1, at + length] {
                    let mut found = Vec::new();
                    let before = from.checked_sub(1).map(|before| bytes[before]);
                    each(before, &bytes[from..], |at| found.push(from + at));
                    let expect: Vec<_> =
                        [at, at + length].into_iter().filter(|at| *at >= from).collect();
                    assert_eq!(found, expect, "{length} at {at} from {from}");
                }
            }
        }
    }
}

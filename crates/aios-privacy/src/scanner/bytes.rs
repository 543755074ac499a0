//! Passes over bytes that interest nobody, thirty-two at a time.

/// The bytes at which a detector may look: the ten digits, and signs that join parts of a value.
pub(super) const fn may_anchor(byte: u8) -> bool {
    // Sums and comparisons without a branch, so that the compiler makes vector instructions of them.
    (byte.wrapping_sub(b'-') <= b':' - b'-') | (byte == b'@') | (byte == b'+') | (byte == b'_')
}

const LANE: usize = size_of::<u64>();
const STRIDE: usize = 4 * LANE;

/// Tells the place of each byte of `bytes` that may anchor.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(usize)) {
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    for (n, stride) in strides.iter().enumerate() {
        let mut marks = [0; STRIDE];
        for (mark, byte) in marks.iter_mut().zip(stride) {
            *mark = u8::from(may_anchor(*byte));
        }
        for (part, lane) in marks.as_chunks::<LANE>().0.iter().enumerate() {
            let mut marks = u64::from_le_bytes(*lane);
            while marks != 0 {
                found(n * STRIDE + part * LANE + marks.trailing_zeros() as usize / 8);
                marks &= marks - 1;
            }
        }
    }
    for (n, byte) in rest.iter().enumerate() {
        if may_anchor(*byte) {
            found(strides.len() * STRIDE + n);
        }
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
                each(&bytes, |at| found.push(at));
                let expect = if may_anchor(byte) { vec![at] } else { vec![] };
                assert_eq!(found, expect, "{byte} at {at}");
            }
        }
    }
}

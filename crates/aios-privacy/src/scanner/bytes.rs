//! Passes over bytes that interest nobody, eight at a time.

/// The bytes at which a detector may look: the ten digits, and signs that join parts of a value.
pub(super) const fn may_anchor(byte: u8) -> bool {
    matches!(byte, b'-'..=b':' | b'@' | b'+' | b'_')
}

const LANE: usize = size_of::<u64>();

/// Tells the place of each byte of `bytes` that may anchor.
pub(super) fn each(bytes: &[u8], mut found: impl FnMut(usize)) {
    let (lanes, rest) = bytes.as_chunks::<LANE>();
    for (n, lane) in lanes.iter().enumerate() {
        let mut marks = marks(u64::from_le_bytes(*lane));
        while marks != 0 {
            found(n * LANE + marks.trailing_zeros() as usize / 8);
            marks &= marks - 1;
        }
    }
    for (n, byte) in rest.iter().enumerate() {
        if may_anchor(*byte) {
            found(lanes.len() * LANE + n);
        }
    }
}

/// The top bit of each of eight bytes that may anchor; as [`may_anchor`], two instructions a byte.
///
/// With the top bits out of the way, adding to all eight at once carries into a top bit just where a byte
/// is large enough, and never into the next byte.
fn marks(lane: u64) -> u64 {
    const TOP: u64 = every(0x80);
    let low = lane & !TOP;
    let is_least = |byte: u8| low + every(0x80 - byte);
    let differs = |byte: u8| (low ^ every(byte)) + every(0x7f);
    let in_range = is_least(b'-') & !is_least(b':' + 1);
    let others = !(differs(b'@') & differs(b'+') & differs(b'_'));
    (in_range | others) & TOP & !lane
}

/// A byte in all eight places.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; LANE])
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

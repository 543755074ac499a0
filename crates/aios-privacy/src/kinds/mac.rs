//! Hardware addresses (IEEE 802): six pairs of hexadecimal digits, or three groups of four.

use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Mac, &[Anchors::Before(b":-.", |byte| byte.is_ascii_hexdigit())], look);

/// The length of an address in pairs.
const ADDRESS: usize = "00:16:3e:11:22:33".len();

/// The longest word that may label an address.
const LABEL_MAX: usize = 16;

/// The address is looked at from its first separator.
fn look(source: &Source<'_>, at: usize) -> Look {
    let separator = source.byte(at).unwrap_or_default();
    let (n_groups, width) = if separator == b'.' { (3, 4) } else { (6, 2) };
    // Looked at first: after most signs of a text, no second one follows where it would have to.
    if source.byte(at + width + 1) != Some(separator) {
        return Look::nothing(at + 1);
    }
    let start = source.run_left(at, width + 1, |byte| byte.is_ascii_hexdigit());
    let is_first = is_free_left(source, start) && !follows_group(source, start, separator, width);
    if at - start != width || !is_first {
        return Look::nothing(at + 1);
    }
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == separator;
    let end = source.run_right(at, usize::MAX, is_part);
    let address = source.bytes().get(start..end).unwrap_or_default();
    let address = address.strip_suffix(&[separator]).unwrap_or(address);
    let end = start + address.len();
    if is_frame(source, start, address) {
        // Receiver and sender; what follows names a protocol.
        let end = start + 2 * ADDRESS + 1;
        return Look::found(Found { start, end, rule: "mac.groups", confidence: 0.95 });
    }
    let is_ours = is_shaped(address, separator, n_groups, width)
        && is_telling(address, separator)
        && !joins(source.byte(end));
    let found = is_ours.then_some(Found { start, end, rule: "mac.groups", confidence: 0.95 });
    // The rest of a longer row of groups, such as a fingerprint, is no address either.
    Look::maybe(found, end)
}

/// Whether it is the head of a frame as Linux's firewall logs it: `MAC=`, two addresses and the type of what is in it.
fn is_frame(source: &Source<'_>, start: usize, address: &[u8]) -> bool {
    let is_named = start.checked_sub(4).is_some_and(|name| source.has_word(name, "mac="));
    is_named && is_shaped(address, b':', 14, 2)
}

/// Whether another group stands before the first. A label, as in `mac:00:16:…`, is none.
fn follows_group(source: &Source<'_>, start: usize, separator: u8, width: usize) -> bool {
    if source.before(start) != Some(separator) {
        return false;
    }
    let group = source.run_left(start - 1, LABEL_MAX, |byte| byte.is_ascii_alphanumeric());
    let hex_start = source.run_left(start - 1, LABEL_MAX, |byte| byte.is_ascii_hexdigit());
    group == hex_start && start - 1 - group == width
}

fn is_shaped(address: &[u8], separator: u8, n_groups: usize, width: usize) -> bool {
    let mut groups = address.split(|byte| *byte == separator);
    address.len() == n_groups * (width + 1) - 1 && groups.all(|group| group.len() == width)
}

/// Refuses the empty and the broadcast address, and rows of decimal digits that only `:` makes one.
fn is_telling(address: &[u8], separator: u8) -> bool {
    let mut digits = address.iter().filter(|byte| **byte != separator);
    let has_letter = address.iter().any(u8::is_ascii_alphabetic);
    let is_varied =
        digits.next().is_some_and(|first| digits.any(|digit| !digit.eq_ignore_ascii_case(first)));
    is_varied && (has_letter || separator == b':')
}

fn is_free_left(source: &Source<'_>, start: usize) -> bool {
    let is_escape = start.checked_sub(2).and_then(|i| source.byte(i)) == Some(b'\\');
    is_escape || !joins(source.before(start))
}

fn joins(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Mac, marked);
    }

    #[test]
    fn the_three_notations_are_found() {
        check("eth0 ⟦3c:22:fb:9a:01:7e⟧ up");
        check("adapter ⟦3C-22-FB-9A-01-7E⟧.");
        check("MAC=⟦f0:e8:90:7d:05:9b:24:4c:65:64:5c:9c⟧:08:00 SRC=x");
        check("port ⟦3c22.fb9a.017e⟧: down, mac:⟦00:16:3e:11:22:33⟧");
    }

    #[test]
    fn fingerprints_uuids_times_and_fillers_are_not() {
        check("fp 3c:22:fb:9a:01:7e:88:91:aa:bb:cc:dd:ee:ff:00:11");
        check("550e8400-e29b-41d4-a716-446655440000 12:30:45 12-34-56-78-90-12");
        check("00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 1234.5678.9012");
        check("3c:22:fb:9a:01 3c:22-fb:9a:01:7e x3c:22:fb:9a:01:7e");
    }
}

//! Bank account numbers: the country's length and the checksum mod 97 (ISO 13616).

use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Iban,
    &[Anchors::Numbers(Number::new(2, &[]).after_letter(Letter::Always))],
    look,
);

/// The longest IBAN of all, Russia's.
const LENGTH_MAX: usize = 33;

/// Countries by the length of their numbers (SWIFT IBAN registry).
const COUNTRIES: [(u8, &str); 19] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FO GL NL SD FK"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK MN"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ TL OM SO"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
    (27, "BI DJ"),
];

/// The length by the two letters' places in the alphabet; 0 for what is no country.
static LENGTHS: [[u8; 32]; 32] = {
    let mut lengths = [[0; 32]; 32];
    let mut row = 0;
    while row < COUNTRIES.len() {
        let (length, names) = COUNTRIES[row];
        let names = names.as_bytes();
        let mut at = 0;
        while at < names.len() {
            lengths[(names[at] & 31) as usize][(names[at + 1] & 31) as usize] = length;
            at += 3;
        }
        row += 1;
    }
    lengths
};

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = at.checked_sub(2).and_then(|start| {
        let length = length_for(source, start)?;
        let end = end_of(source, start, length)?;
        Some(Found { start, end, rule: "iban.mod97", confidence: 0.99 })
    });
    Look::maybe(found, run_end(source, at))
}

/// The length that the country code at `start` asks for, if a number may begin there.
fn length_for(source: &Source<'_>, start: usize) -> Option<usize> {
    let code = source.bytes().get(start..start + 2)?;
    let is_free =
        !source.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_free || !code.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let length = LENGTHS[usize::from(code[0] & 31)][usize::from(code[1] & 31)];
    (length > 0).then_some(usize::from(length))
}

/// Where a number of `length` letters and digits ends, single blanks, tabs or hyphens in it left out.
fn end_of(source: &Source<'_>, start: usize, length: usize) -> Option<usize> {
    let mut number = [0; LENGTH_MAX];
    let mut n = 0;
    let mut at = start;
    while n < length {
        let byte = source.byte(at)?;
        if byte.is_ascii_alphanumeric() {
            number[n] = byte;
            n += 1;
        } else if !(matches!(byte, b' ' | b'\t' | b'-')
            && source.before(at)?.is_ascii_alphanumeric())
        {
            return None;
        }
        at += 1;
    }
    let is_free = !source.byte(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_free && remainder(&number[..length]) == 1).then_some(at)
}

/// The number mod 97, with its first four characters moved to the end and letters read as 10 to 35.
fn remainder(number: &[u8]) -> u32 {
    let (head, tail) = number.split_at(4);
    tail.iter().chain(head).fold(0, |sum, byte| match char::from(*byte).to_digit(36) {
        Some(digit @ 0..=9) => (sum * 10 + digit) % 97,
        Some(letter) => (sum * 100 + letter) % 97,
        None => sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Iban, marked);
    }

    #[test]
    fn ibans_are_found_with_and_without_blanks() {
        check("to ⟦DE89370400440532013000⟧, or ⟦GB82 WEST 1234 5698 7654 32⟧.");
        check("⟦fr14 2004 1010 0505 0001 3m02 606⟧");
        check("IBAN\t⟦DE89\t3704\t0044\t0532\t0130\t00⟧\tJo");
        check("IBAN:⟦NO93-8601-1117-947⟧ now");
    }

    #[test]
    fn a_wrong_sum_country_or_length_is_no_iban() {
        check("DE88370400440532013000, XX89370400440532013000");
        check("DE893704004405320130001 and xDE89370400440532013000");
        check("DE89 3704 0044");
    }
}

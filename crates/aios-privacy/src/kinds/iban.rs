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

/// What follows the country and the check digits, and where (SWIFT IBAN registry, the shapes of the BBAN): `n` digits,
/// `a` letters, `c` either. Where letters are due digits are taken as well, for made-up numbers; the other way round
/// an account number would be seen in one random token of some thousands, such as in the ids of events.
const SHAPES: [(&str, &str); 48] = [
    ("11n", "NO"),
    ("12n", "BE"),
    ("14n", "DK FI FO GL SD"),
    ("4a10n", "NL FK"),
    ("15n", "SI"),
    ("3n10c2n", "MK"),
    ("16n", "AT BA EE LT XK MN"),
    ("3n13c", "KZ LU"),
    ("5n12c", "CH LI"),
    ("17n", "HR"),
    ("4a13c", "LV"),
    ("4a6n8c", "BG"),
    ("4a14c", "BH"),
    ("18n", "CR DE ME RS VA"),
    ("4a14n", "GB IE"),
    ("2a16n", "GE"),
    ("19n", "AE IL TL SO"),
    ("4a15c", "GI"),
    ("4a15n", "IQ"),
    ("3n16c", "OM"),
    ("8n12c", "AD"),
    ("20n", "CZ ES SE SK TN"),
    ("20c", "MD"),
    ("4a16c", "PK RO VG"),
    ("2n18c", "SA"),
    ("21n", "LY PT ST"),
    ("22n", "IS"),
    ("6n16c", "TR"),
    ("10n11c2n", "FR MC"),
    ("7n16c", "GR"),
    ("1a10n12c", "IT SM"),
    ("23n", "MR BI DJ"),
    ("8n16c", "AL CY"),
    ("4a20c", "AZ"),
    ("4c4n16c", "BY"),
    ("4c20c", "DO GT"),
    ("24n", "HU PL"),
    ("4n20c", "LB"),
    ("4a20n", "NI SV"),
    ("23n2c", "BR"),
    ("25n", "EG"),
    ("4a21c", "PS QA"),
    ("6n19c", "UA"),
    ("4a22c", "JO KW MU"),
    ("26c", "YE"),
    ("4a23c", "MT SC"),
    ("4a24c", "LC"),
    ("14n15c", "RU"),
];

/// Country and check digits.
const HEAD: usize = 4;

/// A country's number.
#[derive(Clone, Copy)]
struct Shape {
    /// How many letters and digits there are; 0 for what is no country.
    length: usize,
    /// A bit for each that must be a digit, the first one being the lowest.
    digits: u64,
}

/// The shapes by the two letters' places in the alphabet.
static COUNTRIES: [[Shape; 32]; 32] = {
    let mut countries = [[Shape { length: 0, digits: 0 }; 32]; 32];
    let mut row = 0;
    while row < SHAPES.len() {
        let (parts, names) = SHAPES[row];
        let (shape, names) = (Shape::of(parts.as_bytes()), names.as_bytes());
        let mut at = 0;
        while at < names.len() {
            countries[(names[at] & 31) as usize][(names[at + 1] & 31) as usize] = shape;
            at += 3;
        }
        row += 1;
    }
    countries
};

impl Shape {
    const fn of(parts: &[u8]) -> Self {
        // The check digits are the third and the fourth.
        let mut shape = Self { length: HEAD, digits: 0b1100 };
        let (mut at, mut n) = (0, 0);
        while at < parts.len() {
            if parts[at].is_ascii_digit() {
                n = 10 * n + (parts[at] - b'0') as usize;
            } else {
                if parts[at] == b'n' {
                    shape.digits |= ((1 << n) - 1) << shape.length;
                }
                (shape.length, n) = (shape.length + n, 0);
            }
            at += 1;
        }
        shape
    }

    /// Whether there are digits where they must be.
    fn is_that_of(self, number: &[u8]) -> bool {
        let is_due = |at: usize| self.digits >> at & 1 == 1;
        number.iter().enumerate().all(|(at, byte)| !is_due(at) || byte.is_ascii_digit())
    }
}

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = at.checked_sub(2).and_then(|start| {
        let shape = shape_for(source, start)?;
        let end = end_of(source, start, shape)?;
        Some(Found { start, end, rule: "iban.mod97", confidence: 0.99 })
    });
    Look::maybe(found, run_end(source, at))
}

/// The shape that the country code at `start` asks for, if a number may begin there.
fn shape_for(source: &Source<'_>, start: usize) -> Option<Shape> {
    let code = source.bytes().get(start..start + 2)?;
    let is_free =
        !source.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_free || !code.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let shape = COUNTRIES[usize::from(code[0] & 31)][usize::from(code[1] & 31)];
    (shape.length > 0).then_some(shape)
}

/// Where a number of this shape ends, single blanks, tabs, hyphens or dots in it left out.
fn end_of(source: &Source<'_>, start: usize, shape: Shape) -> Option<usize> {
    let length = shape.length;
    let mut number = [0; LENGTH_MAX];
    let mut n = 0;
    let mut at = start;
    while n < length {
        let byte = source.byte(at)?;
        if byte.is_ascii_alphanumeric() {
            number[n] = byte;
            n += 1;
        } else if !(matches!(byte, b' ' | b'\t' | b'-' | b'.')
            && source.before(at)?.is_ascii_alphanumeric())
        {
            return None;
        }
        at += 1;
    }
    let is_free = !source.byte(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let number = &number[..length];
    let is_one = is_free && remainder(number) == 1 && shape.is_that_of(number);
    (is_one && !is_in_uuid(source, start)).then_some(at)
}

/// How long the parts of a UUID are, between its hyphens (RFC 9562).
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// Whether what begins at `start` is of a UUID: one in some two million has parts that are a number of Andorra or Belgium.
fn is_in_uuid(source: &Source<'_>, start: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let (before, after) = source.bytes().split_at(start);
    let length = UUID.iter().sum::<usize>() + UUID.len() - 1;
    // No more than one more than it is long is looked at: a longer run is none.
    let n_before = before.iter().rev().take(length).take_while(|byte| is_part(byte)).count();
    let n_after = after.iter().take(length + 1).take_while(|byte| is_part(byte)).count();
    if n_before + n_after != length {
        return false;
    }
    let whole = &source.bytes()[start - n_before..start + n_after];
    whole.split(|byte| *byte == b'-').map(<[u8]>::len).eq(UUID)
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
        check("IBAN:⟦NO93-8601-1117-947⟧ now, ⟦NO93.8601.1117.947⟧.");
    }

    #[test]
    fn parts_of_a_uuid_are_none_and_a_number_behind_a_hyphen_is_one() {
        // Each would be a number by its length, its digits and its sum.
        check("019acd3b-ad62-7000-8000-212121212121, be270000-0000-0001-0000-0a0b0c0d0e0f");
        check("IBAN-⟦BE54-0000-0000-0000⟧, 019acd3b-⟦ad62-7000-8000-212121212121⟧-0");
    }

    #[test]
    fn a_wrong_sum_country_or_length_is_no_iban() {
        check("DE88370400440532013000, XX89370400440532013000");
        check("DE893704004405320130001 and xDE89370400440532013000");
        check("DE89 3704 0044");
    }

    #[test]
    fn letters_where_digits_are_due_are_no_iban() {
        // The sums are right.
        let with_sum = |head: &str, tail: &str| {
            let mut sums = (2..99).map(|sum| format!("{head}{sum:02}{tail}"));
            sums.find(|number| remainder(number.as_bytes()) == 1).unwrap()
        };
        let (hex, account) = (with_sum("be", "beef0badcafe"), with_sum("BE", "539007547034"));
        check(&format!("id 019ec6e4-a8f3-7eae-{hex}, account ⟦{account}⟧"));
        check(&format!("token {}", with_sum("ad", "0badf00d0123456789ab")));
        check(&format!("account ⟦{}⟧", with_sum("AD", "00120345200359100100")));
        // Letters in place of the check digits can come to the sum as well.
        let pairs = (b'a'..=b'z').flat_map(|one| (b'a'..=b'z').map(move |two| [one, two]));
        let mut numbers =
            pairs.map(|[one, two]| format!("be{}{}539007547034", char::from(one), char::from(two)));
        let lettered = numbers.find(|number| remainder(number.as_bytes()) == 1).unwrap();
        check(&format!("token {lettered}"));
    }

    #[test]
    fn random_ids_are_no_account_numbers() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..50_000 {
            let (one, two) = (next(), next());
            let (a, b, c) = (one >> 32, one >> 16 & 0xffff, one & 0xfff);
            let (d, e) = (0x8000 | (two >> 48 & 0x3fff), two & 0xffff_ffff_ffff);
            check(&format!("{a:08x}-{b:04x}-7{c:03x}-{d:04x}-{e:012x}"));
        }
    }
}

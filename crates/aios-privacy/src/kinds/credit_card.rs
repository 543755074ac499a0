//! Payment cards: an issuer's range, its lengths and Luhn's check digit (ISO/IEC 7812-1).

use crate::context::{COLUMN_WINDOW, CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::{Groups, is_free_left, is_free_right, passes_luhn, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::CreditCard,
    &[
        Anchors::Numbers(Number::new(12, &[4, 12, 13, 14, 15, 16, 17, 18, 19])),
        Anchors::Numbers(Number::new(12, &[13, 14, 15, 16, 19]).after_letter(Letter::Always)),
    ],
    look,
);

/// 19 digits in five groups.
const LENGTH_MAX: usize = 23;

static CUES: Cues = Cues::new(
    &[&[
        "card",
        "cards",
        "credit",
        "debit",
        "visa",
        "mastercard",
        "amex",
        "maestro",
        "discover",
        "pay",
        "paid",
        "payment",
        "cc",
        "pan",
        "charge",
        "charged",
        "karte",
        "kreditkarte",
        "kartennummer",
        "carte",
        "bancaire",
        "tarjeta",
        "carta",
        "cartão",
        "kaart",
        "karta",
        "карта",
        "карты",
        "カード",
        "信用卡",
        "卡号",
    ]],
    &[&[
        "order",
        "orders",
        "tracking",
        "invoice",
        "shipment",
        "parcel",
        "reference",
        "ref",
        "ticket",
        "serial",
        "id",
        "imei",
        "isbn",
        "ean",
        "upc",
        "timestamp",
        "epoch",
        "transaction",
        "sku",
        "part",
        "hash",
        "seed",
        "nonce",
        "case",
    ]],
);

/// Begins the first track of a magnetic stripe (ISO/IEC 7813), in which `^` ends the number.
const TRACK: &str = "%B";

/// How issuers print their numbers.
const GROUPINGS: [&[usize]; 6] =
    [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 4, 4, 2], &[4, 6, 5], &[4, 6, 4], &[4, 3, 3, 3]];

/// The length of 4-3-3-3 as it is printed.
const SHORT: usize = 16;

/// As many digits as the numbers of goods have, and fewer.
const GOODS_LENGTH_MAX: usize = 13;

/// First four digits from, to, and the numbers of digits that issuers give out in that range.
const ISSUERS: [(u32, u32, &[usize]); 22] = [
    (2200, 2204, &[16, 17, 18, 19]),     // Mir
    (2221, 2720, &[16]),                 // Mastercard
    (3000, 3059, &[14, 16]),             // Diners Club
    (3095, 3095, &[14, 16]),             // Diners Club
    (3400, 3499, &[15]),                 // American Express
    (3528, 3589, &[16, 17, 18, 19]),     // JCB
    (3600, 3699, &[14, 16]),             // Diners Club
    (3700, 3799, &[15]),                 // American Express
    (3800, 3999, &[14, 16]),             // Diners Club
    (4000, 4999, &[13, 16, 19]),         // Visa
    (5018, 5018, &[12, 13, 16, 18, 19]), // Maestro
    (5019, 5019, &[16]),                 // Dankort
    (5020, 5020, &[12, 13, 16, 18, 19]), // Maestro
    (5038, 5038, &[12, 13, 16, 18, 19]), // Maestro
    (5100, 5599, &[16]),                 // Mastercard
    (6011, 6011, &[16, 19]),             // Discover
    (6200, 6299, &[16, 17, 18, 19]),     // UnionPay
    (6304, 6304, &[12, 13, 16, 18, 19]), // Maestro
    (6440, 6599, &[16, 19]),             // Discover
    (6759, 6759, &[12, 13, 16, 18, 19]), // Maestro
    (6761, 6763, &[12, 13, 16, 18, 19]), // Maestro
    (9792, 9792, &[16]),                 // Troy
];

/// The rest of Maestro's and of small issuers' ranges, which are cards where a word says so.
const NAMED: [(u32, u32, &[usize]); 3] =
    [(5000, 5099, &[16]), (5600, 5899, &[16]), (6000, 6999, &[16])];

fn look(source: &Source<'_>, at: usize) -> Look {
    let resume = run_end(source, at);
    let is_track = || at.checked_sub(TRACK.len()).is_some_and(|track| source.has(track, TRACK));
    if !(is_free_left(source, at) || source.byte(resume) == Some(b'^') && is_track()) {
        return Look::nothing(resume);
    }
    let end =
        if resume - at >= 12 { bare_end(source, at, resume) } else { grouped_end(source, at) };
    Look::maybe(
        end.map(|end| Found { start: at, end, rule: "credit_card.luhn", confidence: 0.97 }),
        resume,
    )
}

/// One number in ten passes the checksum, so a word that says what else it is counts.
fn bare_end(source: &Source<'_>, at: usize, end: usize) -> Option<usize> {
    (is_card(source, at, end)
        && is_free_right(source, end)
        && CUES.before(source, at, CUE_WINDOW) != Verdict::Against)
        .then_some(end)
}

fn grouped_end(source: &Source<'_>, at: usize) -> Option<usize> {
    if source.run_right(at, 5, |byte| byte.is_ascii_digit()) != at + 4 {
        return None;
    }
    let groups = Groups::read(source, at, |byte| matches!(byte, b' ' | b'-' | b'.' | b'\t'));
    let end = GROUPINGS
        .iter()
        .filter_map(|lengths| groups.end_of(lengths))
        .find(|end| is_card(source, at, *end) && is_free_right(source, *end))?;
    // A tab parts columns, and one row of them in ten passes the checksum.
    let is_row = source.byte(at + 4) == Some(b'\t');
    // Numbers of thirteen digits have other names more often than longer ones.
    let is_short = || end - at == SHORT && source.byte(at + 8) == source.byte(at + 4);
    let fits = match is_row {
        true => CUES.before(source, at, COLUMN_WINDOW) == Verdict::For,
        false => !is_short() || CUES.before(source, at, CUE_WINDOW) != Verdict::Against,
    };
    fits.then_some(end)
}

/// The words are read last: nearly every number fails before.
fn is_card(source: &Source<'_>, start: usize, end: usize) -> bool {
    if end - start > LENGTH_MAX {
        return false;
    }
    let digits = values(source, start, end);
    let n_digits = digits.clone().count();
    let prefix = digits.clone().take(4).fold(0, |prefix, digit| prefix * 10 + digit);
    let is_issued = |(from, to, lengths): &(u32, u32, &[usize])| {
        (*from..=*to).contains(&prefix) && lengths.contains(&n_digits)
    };
    if !passes_luhn(digits.clone()) {
        return false;
    }
    let is_goods = n_digits <= GOODS_LENGTH_MAX && passes_ean(digits);
    let is_named = || CUES.before(source, start, CUE_WINDOW) == Verdict::For;
    (ISSUERS.iter().any(is_issued) && (!is_goods || is_named()))
        || (NAMED.iter().any(is_issued) && is_named())
}

/// The check of what is printed below the bars on goods (GTIN): from the right, every second digit counts three times. Many
/// of them begin like cards, and one in ten passes the check of these.
fn passes_ean(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let weigh = |(i, digit): (usize, u32)| if i % 2 == 0 { digit } else { digit * 3 };
    digits.rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::CreditCard, marked);
    }

    #[test]
    fn cards_are_found_as_printed_and_as_typed() {
        check("pay with ⟦4111111111111111⟧, please; CC#⟦4111111111111111⟧");
        check(
            "%B⟦4111111111111111⟧^DOE/JO^2512101? ;⟦4111111111111111⟧=2512101? %B4111111111111111, b4111111111111111^",
        );
        check("⟦4111 1111 1111 1111⟧ 12/27 and ⟦5500-0055-5555-5559⟧");
        // Sixteen digits and three more pass the checksum too, but these go on.
        for n in 0..1000 {
            check(&format!("pay ⟦4111 1111 1111 1111⟧ {n:03}.12 now"));
        }
        check("Kartennummer: ⟦5095-6517-2772-5223⟧, visa ⟦5063910403218871⟧");
        check("no. 5095651727725223, 5063 9104 0321 8871");
        check("amex ⟦3782 822463 10005⟧; ⟦378282246310005⟧");
        check("jo\tcard\t⟦4111\t1111\t1111\t1111⟧\t7\nrow\t4111\t1111\t1111\t1111\n");
        check("card:⟦6011000990139424⟧,⟦4012888888881881⟧.");
    }

    #[test]
    fn older_cards_have_thirteen_digits() {
        check("visa ⟦4222222222222⟧, ⟦4222 222 222 222⟧ and ⟦4222-222-222-222⟧; ⟦4222222222222⟧");
        // Of goods that pass both checks a word decides.
        for marked in
            ["4006381333924", "Visa ⟦4006381333924⟧", "ean 4006381333924", "⟦4006381333908⟧"]
        {
            check(marked);
        }
        check("4006381333931 and 4006381333909 fail theirs");
        check("4222 222 222 223, 4222 2222 22222, 4222-222 222-222, 4222.222.222.2222");
        check("order 4222222222222, tracking 4222 222 222 222, id 4222222222222");
        check("14222222222222, 42222222222225, 4222222222222.5, a4222222222222, 4222222222222b");
    }

    #[test]
    fn a_checksum_alone_is_no_card() {
        check("4111111111111112 fails Luhn; 9111111111111110 has no issuer");
        check("id 41111111111111110123456789 touches more digits");
        check("0.4111111111111111 and a4111111111111111 and 4111111111111111b");
        check("order 4111111111111111");
        check("4111 1111-1111 1111 mixes separators");
    }
}

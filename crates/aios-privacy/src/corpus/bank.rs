//! Numbers of cards and of accounts.

use super::Value;
use super::random::Random;
use super::value::value;

pub(super) fn credit_card(random: &mut Random) -> Value {
    let (prefix, n) = random.pick(&[
        ("4", 16),
        ("51", 16),
        ("55", 16),
        ("2345", 16),
        ("37", 15),
        ("34", 15),
        ("6011", 16),
        ("3530", 16),
        ("36", 14),
        ("62", 16),
        ("65", 16),
    ]);
    let body = format!("{prefix}{}", random.digits(n - 1 - prefix.len()));
    let number = (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|number| luhn(number))
        .expect("one digit in ten fits");
    let lengths: &[usize] = match n {
        16 => &[4, 4, 4, 4],
        15 => &[4, 6, 5],
        _ => &[4, 6, 4],
    };
    let cue = random.pick(&[
        "I paid with ",
        "card ",
        "Visa ",
        "charge ",
        "",
        "Kreditkarte ",
        "my credit card number is ",
        "cc: ",
        "use ",
        "tarjeta ",
    ]);
    value(cue, grouped(&number, lengths, random.pick(&["", " ", "-"])))
}

/// The digits in groups.
pub(super) fn grouped(number: &str, lengths: &[usize], separator: &str) -> String {
    let mut rest = number;
    let groups = lengths.iter().map(|length| {
        let (group, tail) = rest.split_at(*length);
        rest = tail;
        group
    });
    groups.collect::<Vec<_>>().join(separator)
}

/// Written apart from the scanner's, so that one mistake does not hide the other.
pub(super) fn luhn(number: &str) -> bool {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let mut sum = 0;
    for (i, digit) in number.chars().rev().filter_map(|c| c.to_digit(10)).enumerate() {
        sum += if i % 2 == 1 { DOUBLED[digit as usize] } else { digit };
    }
    sum % 10 == 0
}

pub(super) fn iban(random: &mut Random) -> Value {
    let (country, bank, n) = random.pick(&[
        ("DE", "", 18),
        ("GB", "WEST", 14),
        ("FR", "", 23),
        ("NL", "ABNA", 10),
        ("ES", "", 20),
        ("NO", "", 11),
        ("IT", "X", 22),
        ("AT", "", 16),
        ("CH", "", 17),
        ("PL", "", 24),
        ("SE", "", 20),
        ("BE", "", 12),
        ("IE", "BOFI", 14),
        ("SA", "", 20),
    ]);
    let account = format!("{bank}{}", random.digits(n));
    let check = 98 - mod_97(&format!("{account}{country}00"));
    let number = format!("{country}{check:02}{account}");
    let blank = |(i, c): (usize, char)| if i > 0 && i % 4 == 0 { vec![' ', c] } else { vec![c] };
    let text = match random.below(5) {
        0 | 1 => number,
        2 => number.to_lowercase(),
        _ => number.chars().enumerate().flat_map(blank).collect(),
    };
    let cue = random.pick(&[
        "transfer to ",
        "IBAN ",
        "account ",
        "",
        "Konto: ",
        "pay ",
        "IBAN: ",
        "refund to ",
    ]);
    value(cue, text)
}

pub(super) fn mod_97(text: &str) -> u64 {
    let digits: String =
        text.chars().filter_map(|c| c.to_digit(36)).map(|n| n.to_string()).collect();
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97)
}

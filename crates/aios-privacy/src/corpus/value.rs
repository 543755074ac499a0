//! Values of every kind in the forms in which people and programs write them.

use super::random::Random;
use crate::kind::PiiKind;

/// Text before a value, the value, and text after it.
pub(super) fn labelled(kind: PiiKind, random: &mut Random) -> (String, String, &'static str) {
    let (cue, value) = match kind {
        PiiKind::Email => ("my mail is ", email(random)),
        PiiKind::Phone => phone(random),
        PiiKind::Url => ("see ", url(random)),
        PiiKind::Ipv4 => ("seen from ", ipv4(random)),
        PiiKind::Ipv6 => ("the peer is ", ipv6(random)),
        PiiKind::Mac => ("the adapter ", mac(random)),
        PiiKind::CreditCard => ("I paid with ", credit_card(random)),
        PiiKind::Iban => ("transfer to ", iban(random)),
        PiiKind::UsSsn => us_ssn(random),
        PiiKind::Secret => secret(random),
        PiiKind::NationalId | PiiKind::Crypto | PiiKind::Custom => us_ssn(random),
    };
    let (open, close) = random.pick(&[
        ("", "."),
        ("", " today"),
        ("(", ")"),
        ("\"", "\","),
        ("", ", thanks"),
        ("", ""),
    ]);
    // What is assigned or stands after a cue keeps its own surroundings.
    let is_own = matches!(kind, PiiKind::Secret);
    let (open, close) = if is_own { ("", " ") } else { (open, close) };
    (format!("{cue}{open}"), value, close)
}

fn email(random: &mut Random) -> String {
    let local = random.pick(&[
        "jo.doe",
        "a_b-c",
        "info+tag",
        "maria.garcía",
        "иван",
        "x1y2",
        "o'neil",
        "K.Lee99",
    ]);
    let domain = random.pick(&[
        "example.com",
        "mail.example.co.uk",
        "x.io",
        "firma.example.de",
        "пример.рф",
        "sub-1.example.org",
    ]);
    format!("{local}@{domain}")
}

fn phone(random: &mut Random) -> (&'static str, String) {
    let (area, exchange, line) =
        (random.within(201, 989), random.within(201, 989), random.digits(4));
    match random.below(11) {
        0 => ("ring ", format!("+1 {area} {exchange} {line}")),
        1 => ("it is ", format!("({area}) {exchange}-{line}")),
        2 => ("it is ", format!("{area}-{exchange}-{line}")),
        3 => ("it is ", format!("{area}.{exchange}.{line}")),
        4 => ("phone: ", format!("{area}{exchange}{line}")),
        5 => ("at ", format!("+44 20 {} {}", random.digits(4), random.digits(4))),
        6 => ("at ", format!("+49{}", random.digits(10))),
        7 => {
            ("at ", format!("0{} {} {}", random.within(20, 29), random.digits(4), random.digits(4)))
        }
        8 => ("mobile ", format!("{} {}", random.within(60_000, 99_999), random.digits(5))),
        9 => (
            "at ",
            format!(
                "+33 {} {} {} {} {}",
                random.within(1, 9),
                random.digits(2),
                random.digits(2),
                random.digits(2),
                random.digits(2)
            ),
        ),
        _ => ("text me at ", format!("{exchange}-{line}")),
    }
}

fn url(random: &mut Random) -> String {
    let host = random.pick(&[
        "example.com",
        "www.example.org:8080",
        "api.x.io",
        "localhost:3000",
        "例子.公司",
    ]);
    let rest = match random.below(6) {
        0 => String::new(),
        1 => format!("/users/{}", random.digits(6)),
        2 => format!("/a/b.html?id={}&q=x%20y", random.digits(8)),
        3 => format!("/wiki/Thing_(b)#{}", random.hex(4)),
        4 => format!("/reset?token={}", random.alphanumeric(24)),
        _ => "/".to_owned(),
    };
    let scheme = random.pick(&["https://", "http://", "https://", "ftp://", "https://jo:pw1@"]);
    format!("{scheme}{host}{rest}")
}

fn ipv4(random: &mut Random) -> String {
    let first = random.pick(&[10, 81, 172, 193, 217, 62]);
    format!("{first}.{}.{}.{}", random.within(1, 250), random.below(256), random.within(1, 254))
}

fn ipv6(random: &mut Random) -> String {
    let mut group = || format!("{:x}", random.within(1, 0xffff));
    let groups: Vec<_> = (0..7).map(|_| group()).collect();
    match random.below(4) {
        0 => format!("2a02:{}", groups.join(":")),
        1 => format!("2a02:{}::{}", groups[0], groups[1]),
        2 => format!("fe80::{}", groups[..4].join(":")),
        _ => format!("2600:{}::", groups[..3].join(":")),
    }
}

fn mac(random: &mut Random) -> String {
    let mut pairs: Vec<_> = (0..6).map(|_| random.hex(2)).collect();
    pairs[0] = "3c".to_owned();
    match random.below(4) {
        0 => pairs.join("-").to_uppercase(),
        1 => pairs.chunks(2).map(<[_]>::concat).collect::<Vec<_>>().join("."),
        _ => pairs.join(":"),
    }
}

fn credit_card(random: &mut Random) -> String {
    let (prefix, n) = random.pick(&[
        ("4", 16),
        ("51", 16),
        ("2345", 16),
        ("37", 15),
        ("6011", 16),
        ("3530", 16),
        ("36", 14),
        ("62", 16),
    ]);
    let body = format!("{prefix}{}", random.digits(n - 1 - prefix.len()));
    let number = (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|number| luhn(number))
        .expect("one digit in ten fits");
    let separator = random.pick(&["", " ", "-"]);
    let lengths: &[usize] = match n {
        16 => &[4, 4, 4, 4],
        15 => &[4, 6, 5],
        _ => &[4, 6, 4],
    };
    let mut rest = number.as_str();
    let groups = lengths.iter().map(|length| {
        let (group, tail) = rest.split_at(*length);
        rest = tail;
        group
    });
    groups.collect::<Vec<_>>().join(separator)
}

/// Written apart from the scanner's, so that one mistake does not hide the other.
fn luhn(number: &str) -> bool {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let mut sum = 0;
    for (i, digit) in number.chars().rev().filter_map(|c| c.to_digit(10)).enumerate() {
        sum += if i % 2 == 1 { DOUBLED[digit as usize] } else { digit };
    }
    sum % 10 == 0
}

fn iban(random: &mut Random) -> String {
    let (country, bank, n) = random.pick(&[
        ("DE", "", 18),
        ("GB", "WEST", 14),
        ("FR", "", 23),
        ("NL", "ABNA", 10),
        ("ES", "", 20),
        ("NO", "", 11),
        ("IT", "X", 22),
    ]);
    let account = format!("{bank}{}", random.digits(n));
    let check = 98 - mod_97(&format!("{account}{country}00"));
    let number = format!("{country}{check:02}{account}");
    if random.below(2) == 0 {
        return number;
    }
    let blank = |(i, c): (usize, char)| if i > 0 && i % 4 == 0 { vec![' ', c] } else { vec![c] };
    number.chars().enumerate().flat_map(blank).collect()
}

fn mod_97(text: &str) -> u64 {
    let digits: String =
        text.chars().filter_map(|c| c.to_digit(36)).map(|n| n.to_string()).collect();
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97)
}

fn us_ssn(random: &mut Random) -> (&'static str, String) {
    let (area, group, serial) =
        (random.within(667, 899), random.within(10, 99), random.within(1000, 9999));
    match random.below(4) {
        0 => ("social security number ", format!("{area}{group}{serial}")),
        1 => ("mine is ", format!("{area} {group} {serial}")),
        2 => ("mine is ", format!("{area}.{group}.{serial}")),
        _ => ("mine is ", format!("{area}-{group}-{serial}")),
    }
}

fn secret(random: &mut Random) -> (&'static str, String) {
    match random.below(16) {
        0 => ("aws ", format!("{}{}", "AKIA", random.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))),
        1 => ("push with ", format!("{}{}", "ghp_", random.alphanumeric(36))),
        2 => ("ci ", format!("{}{}", "glpat-", random.alphanumeric(20))),
        3 => ("use ", format!("{}{}", "sk-proj-", random.alphanumeric(48))),
        4 => ("use ", format!("{}{}", "sk-ant-api03-", random.alphanumeric(80))),
        5 => ("bot ", format!("{}{}-{}", "xoxb-", random.digits(12), random.alphanumeric(24))),
        6 => ("charge ", format!("{}{}", "sk_live_", random.alphanumeric(24))),
        7 => ("maps ", format!("{}{}", "AIza", random.alphanumeric(35))),
        8 => ("publish ", format!("{}{}", "npm_", random.alphanumeric(36))),
        9 => ("hub ", format!("{}{}", "hf_", random.alphanumeric(34))),
        10 => {
            ("mail ", format!("{}.{}.{}", "SG", random.alphanumeric(22), random.alphanumeric(43)))
        }
        11 => (
            "jwt ",
            format!(
                "{}{}.{}{}.{}",
                "eyJ",
                random.alphanumeric(33),
                "eyJ",
                random.alphanumeric(80),
                random.alphanumeric(43)
            ),
        ),
        12 => ("db ", format!("postgres://app:{}@db.internal:5432/app", random.alphanumeric(12))),
        13 => ("Authorization: Bearer ", random.alphanumeric(40)),
        14 => ("password: ", format!("{}{}", random.alphanumeric(8), random.within(0, 9))),
        _ => ("API_KEY=", random.alphanumeric(32)),
    }
}

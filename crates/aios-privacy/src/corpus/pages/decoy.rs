//! What only looks like personal data.

use crate::corpus::random::Random;

/// What stands in a place without a kind.
pub(super) fn of(name: &str, random: &mut Random) -> String {
    match name {
        "v3" => format!("{}.{}.{}", random.below(30), random.below(40), random.below(300)),
        "v4" => format!(
            "{}.{}.{}.{}",
            random.within(1, 140),
            random.below(20),
            random.below(250),
            random.below(200)
        ),
        "chrome" => format!(
            "{}.0.{}.{}",
            random.within(80, 140),
            random.within(3_000, 7_000),
            random.below(250)
        ),
        "uuid" => format!(
            "{}-{}-4{}-9{}-{}",
            random.hex(8),
            random.hex(4),
            random.hex(3),
            random.hex(3),
            random.hex(12)
        ),
        "isbn" => format!(
            "978-{}-{}-{}-{}",
            random.digits(1),
            random.digits(3),
            random.digits(5),
            random.digits(1)
        ),
        "isbn10" => format!("{}-{}-{}-X", random.digits(1), random.digits(3), random.digits(5)),
        "iso" => format!(
            "2025-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z",
            random.within(1, 12),
            random.within(1, 28),
            random.below(24),
            random.below(60),
            random.below(60),
            random.digits(3)
        ),
        "day" => format!("2025-{:02}-{:02}", random.within(1, 12), random.within(1, 28)),
        "tag" => format!("{:02}.{:02}.2025", random.within(1, 28), random.within(1, 12)),
        "us.date" => format!("{}/{}/2025", random.within(1, 12), random.within(1, 28)),
        "time" => format!("{:02}:{:02}", random.below(24), random.below(60)),
        "clock" => {
            format!("{:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60))
        }
        "epoch" => format!("17{}", random.digits(8)),
        "epoch.ms" => format!("17{}", random.digits(11)),
        "price.us" => {
            format!("${},{}.{}", random.within(1, 99), random.digits(3), random.digits(2))
        }
        "price.de" => {
            format!("{}.{},{} €", random.within(1, 99), random.digits(3), random.digits(2))
        }
        "price.fr" => {
            format!("{} {},{} €", random.within(1, 99), random.digits(3), random.digits(2))
        }
        "yen" => format!("{},{}円", random.within(1, 99), random.digits(3)),
        "float" => format!("{}.{}", random.below(100), random.digits(12)),
        "name" => random
            .pick(&[
                "Anna",
                "Ben",
                "Chiara",
                "Mr. Haddad",
                "Frau Schmidt",
                "Olivier",
                "Priya",
                "田中",
            ])
            .to_owned(),
        "word" => random
            .pick(&["invoice", "report", "deploy", "backup", "refund", "survey", "draft", "ticket"])
            .to_owned(),
        _ => drawn(name, random),
    }
}

/// `#7` seven digits, `x7` hexadecimal, `a7` letters and digits, `A7` capitals.
fn drawn(name: &str, random: &mut Random) -> String {
    let n = name.get(1..).and_then(|n| n.parse().ok()).unwrap_or(1);
    match name.as_bytes().first() {
        Some(b'#') => random.digits(n),
        Some(b'x') => random.hex(n),
        Some(b'a') => random.alphanumeric(n),
        Some(b'A') => random.text(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        _ => unreachable!("{name} is no place"),
    }
}

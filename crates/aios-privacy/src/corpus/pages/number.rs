//! Numbers of cards, accounts and people, with the checks that their standards ask for.

use crate::corpus::bank::{grouped, luhn, mod_97};
use crate::corpus::identity;
use crate::corpus::random::Random;

/// A value of the kind that `name` begins with.
pub(super) fn of(name: &str, random: &mut Random) -> String {
    match name {
        "card" => card(random),
        "ssn" => ssn(random, "-"),
        "ssn.spaced" => ssn(random, " "),
        "ssn.bare" => ssn(random, ""),
        "id.nino" => identity::uk_nino(random).text,
        "id.nhs" => identity::uk_nhs(random).text,
        "id.dni" => identity::es_dni(random).text,
        "id.cpf" => identity::br_cpf(random).text,
        "id.aadhaar" => identity::in_aadhaar(random).text,
        "id.pesel" => identity::pl_pesel(random).text,
        "id.sin" => identity::ca_sin(random).text,
        "id.nir" => identity::fr_nir(random).text,
        name => {
            let country = name.trim_start_matches("iban.").to_uppercase();
            let bank = BANKS.iter().find(|(known, _)| *known == country).copied();
            let bank = bank.unwrap_or_else(|| random.pick(&BANKS));
            iban(random, bank)
        }
    }
}

pub(super) fn grouped_by(number: &str, lengths: &[usize], separator: &str) -> String {
    grouped(number, lengths, separator)
}

fn card(random: &mut Random) -> String {
    let issuers: [(&str, &[usize]); 9] = [
        ("4539", &[4, 4, 4, 4]),
        ("4916", &[4, 4, 4, 4]),
        ("5425", &[4, 4, 4, 4]),
        ("2720", &[4, 4, 4, 4]),
        ("3782", &[4, 6, 5]),
        ("6011", &[4, 4, 4, 4]),
        ("3566", &[4, 4, 4, 4]),
        ("3056", &[4, 6, 4]),
        ("6212", &[4, 4, 4, 4]),
    ];
    let (prefix, lengths) = random.pick(&issuers);
    let n: usize = lengths.iter().sum();
    let body = format!("{prefix}{}", random.digits(n - prefix.len() - 1));
    let number = (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|number| luhn(number))
        .unwrap_or_default();
    grouped(&number, lengths, random.pick(&["", " ", " ", "-"]))
}

/// Countries with what their account numbers look like (SWIFT's registry): `#` a digit, `@` a capital.
const BANKS: [(&str, &str); 16] = [
    ("DE", "##################"),
    ("AT", "################"),
    ("CH", "#################@###"),
    ("FR", "##########@#########@##"),
    ("ES", "####################"),
    ("IT", "@######################"),
    ("NL", "@@@@##########"),
    ("BE", "############"),
    ("GB", "@@@@##############"),
    ("IE", "@@@@##############"),
    ("PL", "########################"),
    ("PT", "#####################"),
    ("SE", "####################"),
    ("TR", "#####0################"),
    ("MT", "@@@@###########@@@##############"),
    ("AE", "###################"),
];

fn iban(random: &mut Random, (country, shape): (&str, &str)) -> String {
    // The registry's lengths, less country and check digits.
    let length = match country {
        "CH" => 17,
        "MT" => 27,
        "TR" => 22,
        _ => shape.len(),
    };
    let account: String = random.pattern(shape).chars().take(length).collect();
    let check = 98 - mod_97(&format!("{account}{country}00"));
    let number = format!("{country}{check:02}{account}");
    match random.below(4) {
        0 => number,
        1 => number
            .chars()
            .enumerate()
            .flat_map(|(i, c)| if i > 0 && i % 4 == 0 { vec!['-', c] } else { vec![c] })
            .collect(),
        _ => number
            .chars()
            .enumerate()
            .flat_map(|(i, c)| if i > 0 && i % 4 == 0 { vec![' ', c] } else { vec![c] })
            .collect(),
    }
}

fn ssn(random: &mut Random, separator: &str) -> String {
    let area = random.pick(&["078", "219", "457", "512", "574", "623", "728", "764", "801", "899"]);
    let number = format!("{area}{:02}{:04}", random.within(10, 99), random.within(1000, 9998));
    grouped(&number, &[3, 2, 4], separator)
}

//! Numbers that states give to people, and addresses of crypto-currencies.

use sha2::{Digest, Sha256};

use super::Value;
use super::bank::{grouped, luhn};
use super::random::Random;
use super::value::value;

pub(super) fn us_ssn(random: &mut Random) -> Value {
    let area = random.pick(&[1, 42, 123, 219, 401, 512, 667, 722, 899]);
    let (group, serial) = (random.within(1, 99), random.within(1, 9999));
    let number = format!("{area:03}{group:02}{serial:04}");
    if random.below(4) == 0 {
        let cue = random.pick(&[
            "social security number ",
            "SSN: ",
            "my ssn is ",
            "SSN ",
            "social security no. ",
        ]);
        return value(cue, number);
    }
    let cue = random.pick(&[
        "mine is ",
        "SSN ",
        "",
        "her social is ",
        "applicant: ",
        "social security number: ",
    ]);
    value(cue, grouped(&number, &[3, 2, 4], random.pick(&["-", "-", " ", "."])))
}

pub(super) fn national_id(random: &mut Random) -> Value {
    match random.below(8) {
        0 => uk_nino(random),
        1 => uk_nhs(random),
        2 => es_dni(random),
        3 => br_cpf(random),
        4 => in_aadhaar(random),
        5 => pl_pesel(random),
        6 => ca_sin(random),
        _ => fr_nir(random),
    }
}

pub(super) fn uk_nino(random: &mut Random) -> Value {
    let pair = random.pick(&["AB", "JK", "CE", "SX", "PY", "HR", "WM"]);
    let (digits, suffix) = (random.digits(6), random.pick(&["A", "B", "C", "D"]));
    let text = match random.below(3) {
        0 => format!("{pair}{digits}{suffix}"),
        1 => format!("{pair} {} {suffix}", grouped(&digits, &[2, 2, 2], " ")),
        _ => format!("{pair}-{}-{suffix}", grouped(&digits, &[2, 2, 2], "-")),
    };
    value(random.pick(&["NI number ", "", "national insurance: ", "my nino is "]), text)
}

pub(super) fn uk_nhs(random: &mut Random) -> Value {
    let number = loop {
        let body = random.pattern("N########");
        let sum: u32 = body
            .chars()
            .zip((2..=10).rev())
            .map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight)
            .sum();
        let check = (11 - sum % 11) % 11;
        if check < 10 {
            break format!("{body}{check}");
        }
    };
    let separator = random.pick(&["", " ", "-"]);
    value(
        random.pick(&["NHS number ", "NHS no: ", "the patient's NHS number is "]),
        grouped(&number, &[3, 3, 4], separator),
    )
}

pub(super) fn es_dni(random: &mut Random) -> Value {
    let number = random.within(1_000_000, 99_999_999);
    let letter =
        |n: u64| "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth((n % 23) as usize).unwrap_or_default();
    let hyphen = random.pick(&["", "-"]);
    if random.below(3) == 0 {
        let (first, n) = random.pick(&[("X", 0), ("Y", 1), ("Z", 2)]);
        let rest = number % 10_000_000;
        return value(
            random.pick(&["NIE ", "mi NIE es "]),
            format!("{first}{rest:07}{hyphen}{}", letter(n * 10_000_000 + rest)),
        );
    }
    value(
        random.pick(&["DNI ", "mi DNI es ", "", "NIF: "]),
        format!("{number:08}{hyphen}{}", letter(number)),
    )
}

pub(super) fn br_cpf(random: &mut Random) -> Value {
    let mut digits: Vec<u32> = random.digits(9).chars().filter_map(|c| c.to_digit(10)).collect();
    for _ in 0..2 {
        let weights = (2..).take(digits.len()).collect::<Vec<u32>>().into_iter().rev();
        let rest =
            digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>() % 11;
        digits.push(if rest < 2 { 0 } else { 11 - rest });
    }
    let number: String = digits.iter().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    let (head, check) = number.split_at(9);
    let text = if random.below(2) == 0 {
        number.clone()
    } else {
        format!("{}-{check}", grouped(head, &[3, 3, 3], "."))
    };
    value(random.pick(&["CPF ", "meu CPF é ", "CPF: "]), text)
}

pub(super) fn in_aadhaar(random: &mut Random) -> Value {
    let body = random.pattern("N##########");
    let number = (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|number| verhoeff(number))
        .unwrap_or_default();
    let separator = random.pick(&["", " ", " ", "-"]);
    value(
        random.pick(&["Aadhaar ", "my aadhaar number is ", "UIDAI "]),
        grouped(&number, &[4, 4, 4], separator),
    )
}

/// By the group's table, which the scanner does without.
fn verhoeff(number: &str) -> bool {
    const TIMES: [&[u8; 10]; 10] = [
        b"0123456789",
        b"1234067895",
        b"2340178956",
        b"3401289567",
        b"4012395678",
        b"5987604321",
        b"6598710432",
        b"7659821043",
        b"8765932104",
        b"9876543210",
    ];
    const PERMUTED: [&[u8; 10]; 8] = [
        b"0123456789",
        b"1576283094",
        b"5803796142",
        b"8916043527",
        b"9453126870",
        b"4286573901",
        b"2793806415",
        b"7046913258",
    ];
    let index = |byte: u8| usize::from(byte - b'0');
    let product = number.bytes().rev().enumerate().fold(b'0', |product, (place, digit)| {
        TIMES[index(product)][index(PERMUTED[place % 8][index(digit)])]
    });
    product == b'0'
}

pub(super) fn pl_pesel(random: &mut Random) -> Value {
    let body = format!(
        "{:02}{:02}{:02}{}",
        random.within(30, 99),
        random.within(1, 12),
        random.within(1, 28),
        random.digits(4)
    );
    let weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3];
    let sum: u32 =
        body.chars().zip(weights).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    value(
        random.pick(&["PESEL ", "mój PESEL to ", "PESEL: "]),
        format!("{body}{}", (10 - sum % 10) % 10),
    )
}

pub(super) fn ca_sin(random: &mut Random) -> Value {
    let body = format!("{}{}", random.within(1, 7), random.digits(7));
    let number = (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|number| luhn(number))
        .unwrap_or_default();
    value(
        random.pick(&["SIN ", "my SIN is ", "social insurance number "]),
        grouped(&number, &[3, 3, 3], random.pick(&["", " ", "-"])),
    )
}

pub(super) fn fr_nir(random: &mut Random) -> Value {
    let (sex, year, month) = (random.within(1, 2), random.digits(2), random.within(1, 12));
    let (department, counts_as) =
        random.pick(&[("75", "75"), ("13", "13"), ("2A", "19"), ("2B", "18"), ("69", "69")]);
    let rest = random.digits(6);
    let number: u64 = format!("{sex}{year}{month:02}{counts_as}{rest}").parse().unwrap_or(0);
    let key = 97 - number % 97;
    let text = if random.below(2) == 0 {
        format!("{sex}{year}{month:02}{department}{rest}{key:02}")
    } else {
        format!("{sex} {year} {month:02} {department} {} {key:02}", grouped(&rest, &[3, 3], " "))
    };
    value(random.pick(&["NIR ", "n° de sécurité sociale ", "", "mon numéro de sécu: "]), text)
}

pub(super) fn crypto(random: &mut Random) -> Value {
    let text = match random.below(3) {
        0 => format!("0x{}", random.text(40, "0123456789abcdefABCDEF")),
        1 => base58(random),
        _ => bech32(random),
    };
    value(random.pick(&["send it to ", "wallet ", "", "donate: ", "BTC/ETH address "]), text)
}

/// Long division by 58, of the bytes with their checksum.
fn base58(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = vec![random.pick(&[0u8, 5])];
    bytes.extend((0..20).map(|_| u8::try_from(random.within(1, 255)).unwrap_or(1)));
    let check = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&check[..4]);
    let n_zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut text = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in &mut bytes {
            let value = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 58).unwrap_or(0);
            rest = value % 58;
        }
        text.push(ALPHABET[rest]);
    }
    text.extend(std::iter::repeat_n(b'1', n_zeros));
    text.into_iter().rev().map(char::from).collect()
}

/// BIP 173's reference: the polynomial's remainder over the expanded prefix, the data and six zeros.
fn bech32(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATORS: [u64; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let mut data = vec![0];
    data.extend((0..32).map(|_| random.below(32)));
    let mut rest = 1u64;
    for value in [3, 3, 0, 2, 3].into_iter().chain(data.iter().copied()).chain([0; 6]) {
        let top = rest >> 25;
        rest = (rest & 0x1ff_ffff) << 5 ^ value;
        for (bit, generator) in GENERATORS.iter().enumerate() {
            if top >> bit & 1 == 1 {
                rest ^= generator;
            }
        }
    }
    rest ^= 1;
    data.extend((0..6).map(|place| rest >> (5 * (5 - place)) & 31));
    let text = data.iter().map(|value| char::from(ALPHABET[usize::try_from(*value).unwrap_or(0)]));
    format!("bc1{}", text.collect::<String>())
}

//! Numbers that states give to people.

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
    match random.below(13) {
        0 => uk_nino(random),
        1 => uk_nhs(random),
        2 => es_dni(random),
        3 => br_cpf(random),
        4 => in_aadhaar(random),
        5 => pl_pesel(random),
        6 => ca_sin(random),
        7 => de_idnr(random),
        8 => it_codice_fiscale(random),
        9 => cn_resident(random),
        10 => jp_my_number(random),
        11 => in_pan(random),
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

/// Ten digits of which one is twice or three times there, with the one check that fits.
pub(super) fn de_idnr(random: &mut Random) -> Value {
    let (n_repeated, n_others) = random.pick(&[(2, 8), (2, 8), (3, 7)]);
    let number = loop {
        let mut digits: Vec<char> = ('0'..='9').collect();
        random.shuffle(&mut digits);
        digits.truncate(n_others + 1);
        let repeated = digits[0];
        digits.extend(std::iter::repeat_n(repeated, n_repeated - 1));
        random.shuffle(&mut digits);
        let body: String = digits.into_iter().collect();
        let in_row = repeated.to_string().repeat(3);
        if !body.starts_with('0') && !body.contains(&in_row) {
            break format!("{body}{}", mod_11_10(&body));
        }
    };
    let text = if random.below(2) == 0 { number } else { grouped(&number, &[2, 3, 3, 3], " ") };
    value(random.pick(&["Steuer-ID ", "meine IdNr. ist ", "", "tax id "]), text)
}

/// The digit that makes the whole leave 1, as the standard puts it: by trying each.
fn mod_11_10(body: &str) -> u32 {
    let fits = |check: &u32| {
        let mut product = 10;
        for digit in body.chars().filter_map(|c| c.to_digit(10)) {
            let sum = product + digit;
            product = if sum % 10 == 0 { 10 } else { sum % 10 } * 2 % 11;
        }
        (product + check) % 10 == 1
    };
    (0..10).find(fits).unwrap_or_default()
}

pub(super) fn it_codice_fiscale(random: &mut Random) -> Value {
    let names = random.text(6, "BCDFGLMNPRSTVXAIO");
    let month = random.text(1, "ABCDEHLMPRST");
    let day = random.within(1, 28) + random.pick(&[0, 40]);
    let place = random.text(1, "ABCDEFGHILMZ");
    let body = format!("{names}{}{month}{day:02}{place}{}", random.digits(2), random.digits(3));
    // By the table of the decree: a digit and the letter of its place count the same.
    const ODD: &str = "BAKPLCQDREVOSFTGUHMINJWZYX";
    let place = |c: char| c.to_digit(36).map_or(0, |n| if n < 10 { n } else { n - 10 });
    let odd = |c: char| {
        let letter = char::from(b'A' + u8::try_from(place(c)).unwrap_or(0));
        u32::try_from(ODD.find(letter).unwrap_or(0)).unwrap_or(0)
    };
    let counted = body.chars().enumerate().map(|(n, c)| if n % 2 == 0 { odd(c) } else { place(c) });
    let check = char::from(b'A' + u8::try_from(counted.sum::<u32>() % 26).unwrap_or(0));
    value(
        random.pick(&["codice fiscale ", "C.F. ", "", "il mio codice fiscale è "]),
        format!("{body}{check}"),
    )
}

pub(super) fn cn_resident(random: &mut Random) -> Value {
    let place = random.pick(&["110105", "440524", "310104", "510107", "330106"]);
    let body = format!(
        "{place}{}{:02}{:02}{}",
        random.within(1940, 2015),
        random.within(1, 12),
        random.within(1, 28),
        random.digits(3)
    );
    // The weights of the standard and its row of checks, which the scanner does without.
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize =
        body.bytes().zip(weights).map(|(byte, weight)| usize::from(byte - b'0') * weight).sum();
    let check = char::from(b"10X98765432"[sum % 11]);
    value(random.pick(&["身份证号 ", "身份证：", "", "resident id "]), format!("{body}{check}"))
}

pub(super) fn jp_my_number(random: &mut Random) -> Value {
    let body = random.pattern("N##########");
    // From the right, as the ordinance counts.
    let weight = |n: u32| if n <= 6 { n + 1 } else { n - 5 };
    let digits = body.chars().rev().filter_map(|c| c.to_digit(10));
    let rest = digits.zip(1..).map(|(digit, n)| digit * weight(n)).sum::<u32>() % 11;
    let check = if rest <= 1 { 0 } else { 11 - rest };
    value(
        random.pick(&["マイナンバー：", "個人番号 ", "My Number ", "her My Number is "]),
        grouped(&format!("{body}{check}"), &[4, 4, 4], random.pick(&["", " ", "-"])),
    )
}

pub(super) fn in_pan(random: &mut Random) -> Value {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let (first, name) = (random.text(3, LETTERS), random.text(1, LETTERS));
    let text = format!("{first}P{name}{}{}", random.digits(4), random.text(1, LETTERS));
    value(random.pick(&["PAN ", "my PAN is ", "PAN card: ", "permanent account number "]), text)
}

//! A help desk's day, by a third hand: tickets, terminals, sheets and forms, with values in forms that the other pages do not
//! have, and with what is mistaken for them.

use crate::corpus::bank::{grouped, luhn};
use crate::corpus::identity;
use crate::corpus::random::Random;

/// A value of the kind that `name` begins with, such as `phone.desk`; its last part tells that it is made here.
pub(super) fn of(name: &str, random: &mut Random) -> Option<String> {
    Some(match name.strip_suffix(".desk")? {
        "email" => email(random),
        "phone" => pattern(random, PHONES),
        "url" => url(random),
        "ipv4" => ipv4(random),
        "ipv6" => ipv6(random),
        "mac" => mac(random),
        "card" => card(random),
        "ssn" => format!(
            "{}-{:02}-{:04}",
            random.within(300, 660),
            random.within(1, 99),
            random.within(1, 9_999)
        ),
        "id.de" => identity::de_idnr(random).text,
        "id.it" => identity::it_codice_fiscale(random).text,
        "id.cn" => identity::cn_resident(random).text,
        "id.jp" => identity::jp_my_number(random).text,
        "id.pan" => identity::in_pan(random).text,
        "secret.key" => key(random),
        "secret.bare" => bare(random),
        _ => return None,
    })
}

fn pattern(random: &mut Random, patterns: &[&str]) -> String {
    let pattern = random.pick(patterns);
    random.pattern(pattern)
}

fn email(random: &mut Random) -> String {
    let name = random.pick(&[
        "helpdesk",
        "m.okafor",
        "Lena.Vogel",
        "j_ortiz77",
        "accounts-payable",
        "x9",
        "d'arcy.w",
        "SVC.Backup",
        "ewa+it",
    ]);
    let host = random.pick(&[
        "it.hospital.example.org",
        "stadtwerke-leer.de",
        "kontoret.dk",
        "firma.com.pl",
        "school.k12.ca.us",
        "labs.technology",
        "museum.example.museum",
        "mail3.eu.corp.net",
        "empresa.com.mx",
        "ministry.gov.gh",
    ]);
    format!("{name}@{host}")
}

const PHONES: &[&str] = &[
    "+45 ## ## ## ##",
    "+358 40 #######",
    "+30 210 #######",
    "+36 30 ### ####",
    "+62 812-####-####",
    "+63 917 ### ####",
    "+1.N##.N##.####",
    "+1 N##-N##-####",
    "+49-171-#######",
    "+43 (0)664 #######",
    "+33.6.##.##.##.##",
    "+44-7###-######",
    "+54 9 11 ####-####",
    "+7 9## ###-##-##",
    "+81 (0)90-####-####",
    "+86 138 #### ####",
    "+966 5# ### ####",
    "+254 7## ######",
];

fn url(random: &mut Random) -> String {
    let host = random.pick(&[
        "wiki.corp.example.net",
        "jira.firma.de:8443",
        "files.school.edu",
        "10.20.4.7:9000",
        "intranet.local",
        "cdn-3.shop.co.nz",
    ]);
    let path = match random.below(5) {
        0 => String::new(),
        1 => format!("/browse/HELP-{}", random.digits(4)),
        2 => format!("/tickets?id={}&tab=notes", random.digits(6)),
        3 => format!("/~{}/notes.html#top", random.pick(&["lena", "ortiz", "kim"])),
        _ => format!("/s/{}/", random.alphanumeric(10)),
    };
    format!("{}://{host}{path}", random.pick(&["https", "http", "https", "ftp"]))
}

fn ipv4(random: &mut Random) -> String {
    let first = random.pick(&[23, 31, 45, 62, 77, 80, 91, 104, 109, 138, 151, 172, 185, 194, 212]);
    format!("{first}.{}.{}.{}", random.within(32, 250), random.below(256), random.within(1, 254))
}

fn ipv6(random: &mut Random) -> String {
    let group = |random: &mut Random| format!("{:x}", random.within(0x1000, 0xffff));
    let net = random.pick(&["2a01:4f8", "2a03:2880", "2600:1f18", "2404:6800", "2001:4860"]);
    match random.below(3) {
        0 => format!("{net}:{}:{}::{}", group(random), group(random), random.within(1, 9)),
        1 => format!("{net}:{}::{}", group(random), group(random)).to_uppercase(),
        _ => format!(
            "{net}:{}:{}:{}:{}:{}:{}",
            group(random),
            group(random),
            group(random),
            group(random),
            group(random),
            group(random)
        ),
    }
}

fn mac(random: &mut Random) -> String {
    let digits = format!("{}{}", random.pick(&["3c", "a4", "70", "b8", "d0"]), random.hex(9) + "e");
    match random.below(3) {
        0 => grouped(&digits, &[4, 4, 4], "."),
        1 => grouped(&digits, &[2, 2, 2, 2, 2, 2], "-"),
        _ => grouped(&digits.to_uppercase(), &[2, 2, 2, 2, 2, 2], ":"),
    }
}

fn card(random: &mut Random) -> String {
    let issuers: [(&str, &[usize]); 6] = [
        ("4", &[4, 3, 3, 3]),
        ("4917", &[4, 4, 4, 4]),
        ("5309", &[4, 4, 4, 4]),
        ("3412", &[4, 6, 5]),
        ("6521", &[4, 4, 4, 4]),
        ("2204", &[4, 4, 4, 4]),
    ];
    let (prefix, lengths) = random.pick(&issuers);
    let n: usize = lengths.iter().sum();
    let body = format!("{prefix}{}", random.digits(n - prefix.len() - 1));
    let number = (0..10).map(|check| format!("{body}{check}")).find(|number| luhn(number));
    grouped(&number.unwrap_or_default(), lengths, random.pick(&["", " ", "-"]))
}

/// As their issuers write them.
fn key(random: &mut Random) -> String {
    match random.below(8) {
        0 => format!("AC{}", random.hex(32)),
        1 => format!("SK{}", random.hex(32)),
        2 => format!("{}-us{}", random.hex(32), random.within(1, 21)),
        3 => format!("pat{}.{}", random.alphanumeric(14), random.hex(64)),
        4 => format!("cio{}", random.alphanumeric(32)),
        5 => format!("1/12{}:{}", random.digits(14), random.hex(32)),
        6 => format!("2/12{}/12{}:{}", random.digits(13), random.digits(14), random.hex(32)),
        _ => format!("1//0{}-L9Ir{}", random.alphanumeric(28), random.alphanumeric(60)),
    }
}

/// A password as one stands behind its label without a sign.
fn bare(random: &mut Random) -> String {
    let word = random.pick(&["Kaffee", "Fiets", "Soleil", "Gato", "Fjord", "Lampa", "Vinho"]);
    match random.below(4) {
        0 => format!("{word}{}!", random.digits(4)),
        1 => format!("{word}#{}", random.digits(3)),
        2 => format!(
            "{}{}{}{}",
            random.text(2, "bcdfghk"),
            random.digits(2),
            random.text(3, "AEIOUM"),
            random.digits(2)
        ),
        _ => format!("{word}_{}*x", random.digits(2)),
    }
}

pub(super) const TICKETS: &[&str] = &[
    "HELP-⟦#4⟧ opened by ⟦email.desk⟧: printer on floor 3 is offline since ⟦time⟧.",
    "Caller ⟦name⟧, callback ⟦phone.desk⟧, mail ⟦email.desk⟧. Wants the form by ⟦day⟧.",
    "> From: ⟦email.desk⟧\n> my laptop (⟦mac.desk⟧) gets no lease, the one next to it has ⟦ipv4.desk⟧",
    "resolved, see ⟦url.desk⟧ and ⟦url.desk⟧",
    "Customer read her card out loud: ⟦card.desk⟧, I told her not to.",
    "He paid with Visa ⟦card.desk⟧ and wants ⟦price.us⟧ back (case ⟦#7⟧).",
    "Verified by SSN ⟦ssn.desk⟧ and date of birth ⟦us.date⟧.",
    "ssn=⟦ssn.desk⟧; plan=B; since=⟦day⟧",
    "Steuer-ID ⟦id.de.desk⟧ im Formular, Rückfragen an ⟦phone.desk⟧",
    "codice fiscale ⟦id.it.desk⟧, fattura del ⟦tag⟧",
    "身份证 ⟦id.cn.desk⟧，电话 ⟦phone.desk⟧",
    "マイナンバー ⟦id.jp.desk⟧ を書いてしまいました",
    "PAN ⟦id.pan.desk⟧ quoted in ticket ⟦#6⟧",
    "NINO ⟦id.nino⟧ on the scan; the DNI on page 2 is ⟦id.dni⟧",
    "Refund to IBAN ⟦iban⟧, holder ⟦name⟧, by ⟦tag⟧",
    "Wallet ⟦coin⟧ was in the ransom note; sent from ⟦ipv6.desk⟧",
    "Benutzer lvogel, Kennwort ⟦secret.bare.desk⟧ (bitte ändern)",
    "Das alte Passwort ⟦secret.bare.desk⟧ geht nicht mehr",
    "wachtwoord ⟦secret.bare.desk⟧ werkt niet op de laptop",
    "le mot de passe ⟦secret.bare.desk⟧ ne marche pas; tél. ⟦phone.desk⟧",
    "a contraseña ⟦secret.bare.desk⟧ caducó ayer",
    "senha ⟦secret.bare.desk⟧ do wifi da sala 4",
    "пароль ⟦secret.bare.desk⟧ от почты",
    "初期パスワード：⟦secret.bare.desk⟧（変更してください）",
];

pub(super) const SHEETS: &[&str] = &[
    "ticket;mail;ip;mac\n⟦#5⟧;⟦email.desk⟧;⟦ipv4.desk⟧;⟦mac.desk⟧",
    "name,phone,card\n\"⟦name⟧\",⟦phone.desk⟧,⟦card.desk⟧",
    "{\"caller\":\"⟦phone.desk⟧\",\"from\":\"⟦ipv6.desk⟧\",\"link\":\"⟦url.desk⟧\"}",
    "TWILIO=⟦secret.key.desk⟧\nREGION=eu1",
    "$ export TOKEN=⟦secret.key.desk⟧ && ./sync --since ⟦day⟧",
    "{\"api\": {\"credential\": \"⟦secret.key.desk⟧\", \"retries\": 3}}",
    "config.yml:⟦#2⟧: key: ⟦secret.key.desk⟧",
    "it works with ⟦secret.key.desk⟧ but not from ⟦ipv4.desk⟧",
    "inet6 addr ⟦ipv6.desk⟧ prefixlen 64\nether ⟦mac.desk⟧",
    "| ⟦name⟧ | ⟦ssn.desk⟧ | ⟦phone.desk⟧ |",
    "SELECT * FROM users WHERE email = '⟦email.desk⟧' AND last_ip = '⟦ipv4.desk⟧';",
    "payout: {iban: \"⟦iban⟧\", btc: \"⟦coin⟧\"}",
    "<a href=\"⟦url.desk⟧\">ticket</a> by <b>⟦email.desk⟧</b>",
    "user.email=⟦!email.desk⟧ tel=⟦!phone.desk⟧ card=⟦!card.desk⟧",
    "blocked ⟦!ipv4.desk⟧, ⟦!mac.desk⟧ and ⟦!ipv6.desk⟧; landing page ⟦!url.desk⟧",
    "iban ⟦!iban⟧ and ssn ⟦!ssn.desk⟧ were typed into the chat",
];

pub(super) const MISTAKEN: &[&str] = &[
    "etag \"⟦x32⟧-us\" from bucket ⟦x32⟧-us-east-1, host ⟦x32⟧-us2.cdn.example",
    "md5 AC⟦x30⟧ and SK⟦x40⟧ differ; see MAC⟦x32⟧",
    "part AC-⟦#4⟧ and SK⟦#10⟧ are out of stock, cio⟦#4⟧ too",
    "pattern.⟦x8⟧ patch⟦a10⟧.⟦x16⟧ path.to.module",
    "see 1/⟦#13⟧ and 2/⟦#3⟧:⟦x32⟧; ratio 1/2:3, on 1/2/2025",
    "x = 1//0x10; y = 1//⟦#2⟧; cp a/1//0/⟦word⟧ b",
    "Passwort vergessen? Das Kennwort muss 12 Zeichen haben, eine Zahl und 1 Sonderzeichen.",
    "Das Passwort ist abgelaufen. Passwort nach 90 Tagen ändern, Windows11 neu starten.",
    "mot de passe oublié: cliquez ici; le mot de passe doit contenir 8 caractères",
    "La contraseña es obligatoria, la clave del producto no. Contraseña incorrecta 3 veces.",
    "senha expirada há 30 dias, redefinir senha em 24h",
    "wachtwoord vergeten? Het wachtwoord moet 10 tekens hebben",
    "пароль нужно менять каждые 90 дней; неверный пароль, осталось 2 попытки",
    "パスワードは8文字以上で入力してください。密码至少8位。",
    "the password is required, the old password was not; password123 is on every list",
    "EAN 4⟦#12⟧, GTIN 4⟦#12⟧, article 4⟦#5⟧, lot 4⟦#8⟧",
    "Firmware ⟦v4⟧ on the switch, ⟦v3⟧ on the phones, Chrome ⟦chrome⟧ everywhere",
    "trace ⟦x32⟧ span ⟦x16⟧ at ⟦iso⟧, ⟦#3⟧ ms, retry ⟦#1⟧ of 5",
    "ticket ⟦uuid⟧ merged into HELP-⟦#4⟧; due ⟦tag⟧, cost ⟦price.de⟧",
    "rack 12 34 56, slot 7-8-9, cable 100-200-3000, port 1/0/24",
];

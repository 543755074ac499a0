//! What stands around a value: a sentence, a field of JSON, a row, a line of a log or of code.

use super::random::Random;
use super::{Sample, Value, bank, crypto, hard, identity, secret, value};
use crate::kind::PiiKind;

const KINDS: [PiiKind; 12] = [
    PiiKind::Email,
    PiiKind::Phone,
    PiiKind::Url,
    PiiKind::Ipv4,
    PiiKind::Ipv6,
    PiiKind::Mac,
    PiiKind::CreditCard,
    PiiKind::Iban,
    PiiKind::UsSsn,
    PiiKind::NationalId,
    PiiKind::Crypto,
    PiiKind::Secret,
];

/// One value in three that can be hidden is.
const HARD_OF: u64 = 3;

/// Pushes a value and what stands around it.
pub(super) fn push_value(sample: &mut Sample, random: &mut Random) {
    let kind = random.pick(&KINDS);
    if kind == PiiKind::Secret {
        return secret::push(sample, random);
    }
    let plain = plain(kind, random);
    let hidden =
        if random.below(HARD_OF) == 0 { hard::of(kind, &plain.text, random) } else { None };
    let value = match hidden {
        Some(text) => Value { cue: plain.cue, text, is_hard: true },
        None => plain,
    };
    // A value that is hidden by its own escapes does not stand in a frame that has its own.
    let frames: &[fn(&mut Sample, PiiKind, &Value, &mut Random)] = if value.is_hard {
        &[sentence]
    } else {
        &[sentence, sentence, sentence, json, log, row, code]
    };
    random.pick(frames)(sample, kind, &value, random);
}

fn plain(kind: PiiKind, random: &mut Random) -> Value {
    match kind {
        PiiKind::Email => value::email(random),
        PiiKind::Phone => value::phone(random),
        PiiKind::Url => value::url(random),
        PiiKind::Ipv4 => value::ipv4(random),
        PiiKind::Ipv6 => value::ipv6(random),
        PiiKind::Mac => value::mac(random),
        PiiKind::CreditCard => bank::credit_card(random),
        PiiKind::Iban => bank::iban(random),
        PiiKind::UsSsn => identity::us_ssn(random),
        PiiKind::NationalId => identity::national_id(random),
        PiiKind::Crypto => crypto::crypto(random),
        PiiKind::Secret | PiiKind::Custom => unreachable!("secrets have frames of their own"),
    }
}

fn sentence(sample: &mut Sample, kind: PiiKind, value: &Value, random: &mut Random) {
    let open = random.pick(&["", "", "", "", "(", "\"", "'", "<", "[", "**", "`"]);
    let close = match open {
        "(" => ")",
        "<" => ">",
        "[" => "]",
        open => open,
    };
    sample.text.push_str(value.cue);
    sample.text.push_str(open);
    sample.push_label(kind, value);
    sample.text.push_str(close);
    let after =
        [".", ",", "", " today", "; thanks", "!", "?", " and so on.", " (work)", " - urgent", ":"];
    sample.text.push_str(random.pick(&after));
}

fn json(sample: &mut Sample, kind: PiiKind, value: &Value, random: &mut Random) {
    let key = key_of(kind, random);
    let (head, tail) = random.pick(&[
        ("{\"", "\"}"),
        ("{\"id\":1,\"", "\",\"ok\":true}"),
        ("{ \"user\": { \"", "\" } }"),
        ("[{\"name\":\"Jo\",\"", "\"}]"),
    ]);
    sample.text.push_str(&format!("{head}{key}{}", random.pick(&["\":\"", "\": \""])));
    sample.push_label(kind, value);
    sample.text.push_str(tail);
}

fn log(sample: &mut Sample, kind: PiiKind, value: &Value, random: &mut Random) {
    let time = format!(
        "2024-0{}-1{}T0{}:{}:{}Z",
        random.within(1, 9),
        random.digits(1),
        random.digits(1),
        random.within(10, 59),
        random.within(10, 59)
    );
    let level = random.pick(&["INFO", "WARN", "ERROR", "debug"]);
    let key = key_of(kind, random);
    sample.text.push_str(&format!("{time} {level} request done {key}="));
    sample.push_label(kind, value);
    sample.text.push_str(&format!(" took={}ms", random.below(900)));
}

fn row(sample: &mut Sample, kind: PiiKind, value: &Value, random: &mut Random) {
    let (separator, end) =
        random.pick(&[(", ", ""), (",", ""), (" | ", " |"), ("\t", ""), (";", "")]);
    let key = key_of(kind, random);
    sample.text.push_str(&format!("{key}{separator}Jo Doe{separator}{key}: "));
    sample.push_label(kind, value);
    sample
        .text
        .push_str(&format!("{separator}{}{end}", random.pick(&["active", "yes", "n/a", "Berlin"])));
}

fn code(sample: &mut Sample, kind: PiiKind, value: &Value, random: &mut Random) {
    let key = key_of(kind, random);
    let (head, tail) =
        random.pick(&[("const ", "\";"), ("let ", "\";"), ("", "\""), ("self.", "\"")]);
    sample.text.push_str(&format!("{head}{key} = \""));
    sample.push_label(kind, value);
    sample.text.push_str(tail);
}

/// The name of a field that holds such a value.
fn key_of(kind: PiiKind, random: &mut Random) -> &'static str {
    let keys: &[&str] = match kind {
        PiiKind::Email => &["email", "user_email", "mail", "contact", "to", "reply_to"],
        PiiKind::Phone => &["phone", "phoneNumber", "mobile", "tel", "contact_phone", "fax"],
        PiiKind::Url => &["url", "href", "link", "callback", "source", "website"],
        PiiKind::Ipv4 => &["ip", "client_ip", "remote_addr", "host", "peer", "src"],
        PiiKind::Ipv6 => &["ip", "client_ip", "remote_addr", "host", "peer", "addr6"],
        PiiKind::Mac => &["mac", "hwaddr", "device", "ether", "bssid"],
        PiiKind::CreditCard => &["card", "card_number", "cardNumber", "pan", "payment"],
        PiiKind::Iban => &["iban", "account", "bank_account", "payout", "konto"],
        PiiKind::UsSsn => &["ssn", "social_security_number", "taxpayer_ssn", "applicant_ssn"],
        PiiKind::NationalId => {
            &["national_id", "identity_number", "identity", "citizen", "personal_number"]
        }
        PiiKind::Crypto => &["wallet", "address", "btc", "payout", "to"],
        PiiKind::Secret | PiiKind::Custom => &["value"],
    };
    random.pick(keys)
}

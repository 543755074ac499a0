//! Telephone numbers: digits with a plus, digits in a national grouping, or any digits after a cue.
//!
//! There is no checksum, so the shape and the words before it decide. Dates, addresses, social
//! security numbers and amounts have shapes of their own and are refused.

use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{counts_something, is_free_left, is_free_right, run_end};
use crate::kind::PiiKind;
use crate::source::Source;

mod shape;

use shape::Shape;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Phone,
    &[
        Anchors::Before(b"+", |byte| byte.is_ascii_digit() || byte == b'('),
        Anchors::Numbers(Number::new(7, &[])),
    ],
    look,
);

const NAMES: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "mob",
    "cell",
    "cellphone",
    "fax",
    "whatsapp",
    "landline",
    "hotline",
    "handy",
    "telefon",
    "telefono",
    "teléfono",
    "móvil",
    "celular",
    "téléphone",
    "telefone",
    "voicemail",
    "phonenumber",
    "msisdn",
    "电话",
    "手机",
    "電話",
    "ph",
    "mobil",
    "portable",
    "móviles",
    "cellulare",
    "celulares",
    "komórka",
    "durchwahl",
    "rückruf",
    "tél",
    "携帯",
    "電話番号",
    "连线",
    "전화",
    "телефон",
    "тел",
    "τηλέφωνο",
    "τηλ",
    "κινητό",
    "telefoon",
    "mobiel",
    "gsm",
    "tlf",
    "telemóvel",
    "puhelin",
    "cep",
    "telefonszám",
    "fono",
    "fone",
    "puh",
    "هاتف",
    "جوال",
    "טלפון",
    "फ़ोन",
    "मोबाइल",
    "โทร",
    "휴대폰",
    "連絡電話",
    "联系电话",
    "联系方式",
    "手机号",
    "手机号码",
    "电话号码",
    "फोन",
];

/// What people do to a number. In code such words name other things: `IORING_OFF_RING = 134217728`.
const VERBS: &[&str] = &[
    "call",
    "called",
    "calling",
    "dial",
    "ring",
    "sms",
    "text",
    "texted",
    "contact",
    "reach",
    "anrufen",
    "anruf",
    "ruf",
    "kontakt",
    "appeler",
    "appelez",
    "appelle",
    "rappeler",
    "joindre",
    "llamar",
    "llame",
    "llámame",
    "llámeme",
    "contacto",
    "chiamare",
    "chiamami",
    "chiama",
    "chiamate",
    "zadzwoń",
    "dzwonić",
    "позвоните",
    "звоните",
    "arayın",
    "ligar",
    "ligue",
    "bellen",
    "bel",
    "拨打",
    "致电",
    "連絡先",
];

const OTHERS: &[&str] = &[
    "order",
    "orders",
    "invoice",
    "ticket",
    "tracking",
    "id",
    "ids",
    "ref",
    "reference",
    "serial",
    "version",
    "firmware",
    "chrome",
    "firefox",
    "safari",
    "kernel",
    "driver",
    "build",
    "part",
    "sku",
    "account",
    "isbn",
    "epoch",
    "timestamp",
    "commit",
    "issue",
    "pid",
    "port",
    "size",
    "bytes",
    "ssn",
    "card",
    "section",
    "page",
    "line",
    "model",
    "batch",
    "lot",
    "case",
    "ip",
    "price",
    "total",
    "amount",
    "zip",
    "error",
    "code",
    "uuid",
    "hash",
    "row",
    "count",
    "depth",
    "length",
    "returned",
    "offset",
    "item",
    "product",
    "parcel",
    "shipment",
    "date",
    "score",
    "seed",
    "ean",
    "upc",
    "asin",
    "vin",
    "nhs",
    "sin",
    "cpf",
    "pesel",
    "aadhaar",
    "dni",
    "nino",
    "iban",
    "insurance",
    "patient",
    "created",
    "updated",
    "modified",
    "expires",
    "bestellnummer",
    "kundennummer",
    "rechnungsnummer",
    "auftragsnummer",
    "artikelnummer",
    "sendungsnummer",
    "aktenzeichen",
    "commande",
    "facture",
    "pedido",
    "factura",
    "siret",
    "siren",
    "注文番号",
    "订单号",
];

static CUES: Cues = Cues::new(&[NAMES, VERBS], &[OTHERS]);
static CUES_OF_CODE: Cues = Cues::new(&[NAMES], &[OTHERS]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let has_plus = source.byte(at) == Some(b'+');
    let digits = if has_plus { after_plus(source, at) } else { at };
    let resume = run_end(source, digits).max(at + 1);
    if resume == digits || !is_free(source, at, has_plus) {
        return Look::nothing(resume);
    }
    let Some(shape) = Shape::read(source, digits, has_plus) else { return Look::nothing(resume) };
    if !is_free_right(source, shape.end()) && !has_extension(source, shape.end()) {
        return Look::nothing(resume);
    }
    let rule = if has_plus {
        shape.is_international().then_some(("phone.plus", 0.95))
    } else {
        national(source, at, &shape)
    };
    let found = rule.map(|(rule, confidence)| Found {
        start: opened(source, at, shape.end()),
        end: extension_end(source, shape.end()),
        rule,
        confidence,
    });
    Look::maybe(found, resume)
}

/// The first digit after a plus: `+49` or `+(49)`; a sum has a blank there.
fn after_plus(source: &Source<'_>, plus: usize) -> usize {
    source.run_right(plus + 1, 1, |byte| byte == b'(')
}

fn is_free(source: &Source<'_>, at: usize, has_plus: bool) -> bool {
    match source.before(at) {
        Some(byte) if has_plus => {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'.'))
        }
        _ => is_free_left(source, at),
    }
}

/// The rule by which a number without a plus is one.
fn national(source: &Source<'_>, at: usize, shape: &Shape) -> Option<(&'static str, f32)> {
    // Checked before the words are read: most numbers in text are short.
    if !shape.is_dialable() || shape.is_something_else() {
        return None;
    }
    let cues = if is_of_code(source, at) { &CUES_OF_CODE } else { &CUES };
    match cues.before(source, at, CUE_WINDOW) {
        Verdict::For if counts_something(source, shape.end()) => None,
        Verdict::For => Some(("phone.cue", 0.85)),
        Verdict::Silent => {
            let is_row = shape.may_be_of_a_row() && follows_number(source, at);
            (shape.is_national() && !is_row).then_some(("phone.group", 0.8))
        }
        Verdict::Against => None,
    }
}

/// Whether the number is the value of something, or what a function is called with: `call foo(1234567)`.
fn is_of_code(source: &Source<'_>, at: usize) -> bool {
    let sign = source.run_left(at, 2, |byte| byte == b' ');
    let is_argument = source.before(at) == Some(b'(')
        && at
            .checked_sub(2)
            .and_then(|i| source.byte(i))
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
    source.before(sign) == Some(b'=') || is_argument
}

/// Whether the number goes on a row of numbers.
fn follows_number(source: &Source<'_>, at: usize) -> bool {
    let further = at.checked_sub(2).and_then(|i| source.byte(i));
    source.before(at) == Some(b' ') && further.is_some_and(|byte| byte.is_ascii_digit())
}

/// Takes in the bracket before the first digits, `(202) 555 0143` or `(+44) 20`, if it closes inside.
fn opened(source: &Source<'_>, start: usize, end: usize) -> usize {
    let is_open = source.before(start) == Some(b'(');
    let closes = source.run_right(start, end - start, |byte| byte != b')') < end;
    if is_open && closes { start - 1 } else { start }
}

fn has_extension(source: &Source<'_>, end: usize) -> bool {
    extension_end(source, end) > end
}

/// Where `x123`, ` ext. 123` and the like end, if one follows.
fn extension_end(source: &Source<'_>, end: usize) -> usize {
    let word = source.run_right(end, 2, |byte| matches!(byte, b' ' | b','));
    let Some(marker) =
        ["extension", "ext", "x"].iter().find(|marker| source.has_word(word, marker))
    else {
        return end;
    };
    let digits =
        source.run_right(word + marker.len(), 2, |byte| matches!(byte, b'.' | b':' | b' '));
    let extension = source.run_right(digits, 7, |byte| byte.is_ascii_digit());
    if (1..=6).contains(&(extension - digits)) { extension } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::Phone, marked);
    }

    #[test]
    fn a_plus_and_a_country_make_a_number() {
        check("at ⟦+1 202 555 0143⟧, ⟦+12025550143⟧ or ⟦+44 (0)20 7946 0958⟧.");
        check("⟦+49 (0)221 / 470-1234⟧, ⟦+49 221/4701234⟧ or ⟦+49 30 901820⟧/17");
        check("⟦+1 415\t555\t0143⟧ now, ⟦+49 30 901820⟧\t17\t555");
        check("⟦+49-30-901820⟧ ⟦(+33) 1 42 68 53 00⟧ ⟦+91 98765 43210⟧ tel:⟦+15550101234⟧");
        check("⟦+1 (202) 555-0143 ext. 22⟧ (⟦+44 20 7946 0958⟧) 2024-05-06");
    }

    #[test]
    fn national_groupings_make_a_number() {
        check("⟦202-555-0143⟧ ⟦(202) 555-0143⟧ ⟦202.555.0143⟧ ⟦1-202-555-0143⟧");
        check("⟦020 7946 0958⟧; ⟦01 42 68 53 00⟧; ⟦0171/1234567⟧; ⟦089/272498⟧; ⟦202-555-0143 x9⟧");
        check("⟦08-123 456 78⟧ nu, ⟦06-1234 5678⟧; 08-12 2024, 08-123456 17 Uhr");
    }

    #[test]
    fn a_cue_makes_any_digits_a_number() {
        check("call me at ⟦2025550143⟧ or text ⟦555-0143⟧");
        check("{\"phone\":\"⟦2025550143⟧\"} mobile ⟦98765 43210⟧, cell. ⟦347 123 4567⟧");
        check(
            "gsm ⟦0470 12 34 56⟧, τηλ. ⟦210 123 4567⟧, fone: ⟦(11) 3456-7890⟧, puh. ⟦09 123 4567⟧",
        );
        check("τηλέφωνο ⟦6912 345 678⟧, tlf. ⟦22334455⟧, เบอร์โทร ⟦0812345678⟧, هاتف ⟦0501234567⟧");
        check(
            "oppure chiama ⟦322 4803092⟧, zadzwoń ⟦535 822 457⟧, 手机号 ⟦18653261516⟧, फोन नंबर ⟦9824997529⟧",
        );
        check(
            "Rückruf: ⟦030278568⟧, tu peux m'appeler au ⟦0136680638⟧, 拨打⟦+86-21-6891 9003⟧联系",
        );
    }

    #[test]
    fn a_nearer_word_speaks_against_it() {
        check("SIRET 890 030 400 38353, Bestellnummer 056-8031318, \"created\": 1751741920");
        check("call about order 2025550143; phone ticket 202-555-0143");
        check(
            "7.18.238 on the phones, Chrome 88.0.4344.107 everywhere; call me, firmware 20.25.550.143",
        );
    }

    #[test]
    fn other_numbers_are_no_numbers_to_call() {
        check("2025550143 1717171717 2024-05-06 10:30 call on 2024-05-06 or 06.05.2024");
        check("call 192.168.100.200, tel 1.250.000, phone 512-44-7781, 3.14159265358979");
        check("550e8400-e29b-41d4-a716-446655440000 a-202-555-0143 x+12345678901 +0 123 456 789");
        check(
            "call stack depth 9547502, call count 9616553, call foo(9547502), text length 8452328",
        );
        check("cell phone plan 2023-2024, diff +65725 -18434");
        check("2 + 2 = 4, 1+12345678, 123-456-7890, 00-11-22, +1 2 3");
    }
}

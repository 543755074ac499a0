//! Numbers that states give to people, one country per file.
//!
//! Each has a checksum or a strict shape. Where chance alone passes it too often, the number must be
//! grouped as on the document, or stand after a word that says what it is.

mod br_cpf;
mod ca_sin;
mod cn_resident;
mod code;
mod de_idnr;
mod es_dni;
mod fr_nir;
mod in_aadhaar;
mod in_pan;
mod it_codice_fiscale;
mod jp_my_number;
mod pl_pesel;
mod uk_nhs;
mod uk_nino;

pub(crate) use br_cpf::DETECTOR as BR_CPF;
pub(crate) use ca_sin::DETECTOR as CA_SIN;
pub(crate) use cn_resident::DETECTOR as CN_RESIDENT;
pub(crate) use de_idnr::DETECTOR as DE_IDNR;
pub(crate) use es_dni::DETECTOR as ES_DNI;
pub(crate) use fr_nir::DETECTOR as FR_NIR;
pub(crate) use in_aadhaar::DETECTOR as IN_AADHAAR;
pub(crate) use in_pan::DETECTOR as IN_PAN;
pub(crate) use it_codice_fiscale::DETECTOR as IT_CODICE_FISCALE;
pub(crate) use jp_my_number::DETECTOR as JP_MY_NUMBER;
pub(crate) use pl_pesel::DETECTOR as PL_PESEL;
pub(crate) use uk_nhs::DETECTOR as UK_NHS;
pub(crate) use uk_nino::DETECTOR as UK_NINO;

use crate::context::Cues;
use crate::digits::{Groups, is_free_left, is_free_right, run_end, values};
use crate::source::Source;

/// Words that name other numbers.
const OTHERS: &[&str] = &[
    "order",
    "orders",
    "invoice",
    "tracking",
    "ticket",
    "serial",
    "sku",
    "part",
    "phone",
    "tel",
    "call",
    "mobile",
    "mobil",
    "móvil",
    "celular",
    "teléfono",
    "téléphone",
    "telefon",
    "rückruf",
    "fax",
    "手机",
    "手机号",
    "电话",
    "zadzwoń",
    "version",
    "build",
    "epoch",
    "timestamp",
    "commit",
    "parcel",
    "shipment",
    "transaction",
    "isbn",
    "ean",
    "upc",
    "imei",
    "rows",
    "bytes",
    "hash",
    "seed",
    "batch",
    "model",
    "catalog",
    "eur",
    "usd",
    "gbp",
    "siret",
    "siren",
    "bestellnummer",
    "kundennummer",
    "rechnungsnummer",
    "sendungsnummer",
    "artikelnummer",
    "commande",
    "facture",
    "pedido",
    "factura",
    "注文番号",
];

/// Words that name a number of a person, whichever the country.
const COMMON: &[&str] =
    &["national", "identity", "identification", "citizen", "resident", "personal"];

/// The same words where a number is believed only behind its own names: twelve digits stand behind "personal" and
/// "identity" in many a line, as of an account.
static LABELS: Cues = cues(&[COMMON]);

/// The words that name a number of one country.
const fn cues(names: &'static [&'static [&'static str]]) -> Cues {
    Cues::new(names, &[OTHERS])
}

/// How a number of fixed length stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// In groups, with one separator.
    Grouped,
    /// Digits alone.
    Bare,
}

/// Reads a number of so many digits that begins at `at` and stands alone, bare or in such groups
/// with one of the separators between them. Tells where it ends.
fn read(
    source: &Source<'_>,
    at: usize,
    lengths: &[usize],
    separators: &[u8],
) -> Option<(Written, usize)> {
    if !is_free_left(source, at) {
        return None;
    }
    let end = run_end(source, at);
    let (written, end) = if end - at == lengths.iter().sum() {
        (Written::Bare, end)
    } else if Some(&(end - at)) == lengths.first() {
        let groups = Groups::read(source, at, |byte| separators.contains(&byte));
        (Written::Grouped, groups.end_of(lengths)?)
    } else {
        return None;
    };
    // A group more makes it another number.
    let goes_on = source.byte(end).is_some_and(|byte| byte != b' ' && separators.contains(&byte))
        && source.byte(end + 1).is_some_and(|byte| byte.is_ascii_digit());
    (is_free_right(source, end) && !goes_on).then_some((written, end))
}

/// The sum of the digits of a number, each times its weight.
fn weighted(source: &Source<'_>, start: usize, end: usize, weights: &[u32]) -> u32 {
    values(source, start, end).zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The digit at a place in a number.
fn digit(source: &Source<'_>, start: usize, end: usize, place: usize) -> u32 {
    values(source, start, end).nth(place).unwrap_or_default()
}

/// Whether all digits of a number are the same.
fn is_uniform(source: &Source<'_>, start: usize, end: usize) -> bool {
    let first = digit(source, start, end, 0);
    values(source, start, end).all(|digit| digit == first)
}

#[cfg(test)]
mod testing {
    use crate::kind::PiiKind;

    pub(super) fn check(marked: &str) {
        crate::kinds::testing::check(PiiKind::NationalId, marked);
    }
}

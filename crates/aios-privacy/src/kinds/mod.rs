//! The kinds, one file each, and the one list of their detectors.
//!
//! To add a kind: write its file, add its line to [`DETECTORS`].

mod credit_card;
mod crypto;
mod email;
mod iban;
mod ip;
mod mac;
mod national_id;
mod phone;
mod secret;
pub(crate) mod url;
mod us_ssn;

pub(crate) use email::is_unspaced;
pub(crate) use secret::private_key;

use crate::detector::Detector;

/// Every detector. Of two claims of one length on the same text, the first listed wins.
pub(crate) const DETECTORS: &[&Detector] = &[
    &secret::ISSUED,
    &secret::TELEGRAM,
    &secret::DISCORD,
    &secret::AIRTABLE,
    &secret::ASANA,
    &secret::MAILCHIMP,
    &secret::REFRESH,
    &secret::JWT,
    &secret::PRIVATE_KEY,
    &secret::CONNECTION,
    &secret::AUTHORIZATION,
    &secret::ASSIGNED,
    &secret::OPTION,
    &url::DETECTOR,
    &email::DETECTOR,
    &crypto::BTC,
    &crypto::ETH,
    &iban::DETECTOR,
    &credit_card::DETECTOR,
    &us_ssn::DETECTOR,
    &national_id::CN_RESIDENT,
    &national_id::IT_CODICE_FISCALE,
    &national_id::FR_NIR,
    &national_id::BR_CPF,
    &national_id::DE_IDNR,
    &national_id::PL_PESEL,
    &national_id::JP_MY_NUMBER,
    &national_id::IN_AADHAAR,
    &national_id::IN_PAN,
    &national_id::UK_NHS,
    &national_id::UK_NINO,
    &national_id::ES_DNI,
    &national_id::CA_SIN,
    &mac::DETECTOR,
    &ip::V6,
    &ip::V4,
    &phone::DETECTOR,
];

#[cfg(test)]
pub(crate) use secret::issued_rules;

#[cfg(test)]
pub(crate) mod testing {
    use crate::redactor::Redactor;

    use crate::kind::PiiKind;

    /// Asserts that the scan for `kind` alone finds just the spans marked `⟦…⟧` in `marked`.
    pub(crate) fn check(kind: PiiKind, marked: &str) {
        let text = marked.replace(['⟦', '⟧'], "");
        let expect: Vec<_> =
            marked.split('⟦').skip(1).map(|part| part.split('⟧').next().unwrap()).collect();
        let redactor = Redactor::new(&[kind]);
        let findings = redactor.scan(&text);
        let found: Vec<_> = findings.iter().map(|f| text.get(f.start..f.end).unwrap()).collect();
        assert_eq!(found, expect, "in {text}");
    }
}

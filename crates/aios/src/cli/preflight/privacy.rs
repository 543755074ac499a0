//! Each configured kind is found, masked, and leaves nothing behind.

use aios_privacy::{PiiKind, Redactor, SecretDigest};

use aios_store::{Unfinished, WaitsFor, unfinished};

use super::{Checked, Fault, Subject};
use crate::cli::routing::open;
use crate::cli::status::erasure;
use crate::config::Config;

/// A text, and the part of it that must not stay.
struct Example {
    kind: PiiKind,
    text: String,
    private: String,
}

pub(super) fn check(subject: &Subject) -> Checked {
    let privacy = &subject.config()?.privacy;
    let kinds = privacy.masked();
    if kinds.is_empty() {
        let hint = "list in privacy.kinds what is to be masked, and leave privacy.sinks.log at \"mask\"; without the keys all kinds are";
        return Err(Fault::new("no kind is masked: every text is kept as it came", hint));
    }
    let redactor = privacy.redactor();
    let examples: Vec<_> = kinds.iter().filter_map(|kind| example(*kind)).collect();
    let leaked: Vec<_> = examples
        .iter()
        .filter(|one| !is_masked(&redactor, one))
        .map(|one| one.kind.name())
        .collect();
    let all: String = examples.iter().map(|one| format!("{}.\n", one.text)).collect();
    let rest = redactor.scan(redactor.redact(&all).text.as_str());
    if !leaked.is_empty() || !rest.is_empty() {
        let detail =
            format!("not masked: {}; found again after masking: {}", leaked.join(", "), rest.len());
        return Err(Fault::new(detail, "do not serve real traffic with this build; report it"));
    }
    let off: Vec<_> =
        PiiKind::ALL.into_iter().filter(|kind| !kinds.contains(kind)).map(PiiKind::name).collect();
    let off =
        if off.is_empty() { String::new() } else { format!("; switched off: {}", off.join(", ")) };
    let open = open_erasures(subject.config()?)?;
    Ok(format!("{} kinds masked, nothing left{off}{open}", examples.len()))
}

/// Erasures that are not whole. Those that nobody tries again are for a person, and speak against serving.
fn open_erasures(config: &Config) -> Result<String, Fault> {
    let Some(dir) = open(&config.server.data_dir)? else { return Ok(String::new()) };
    let all = unfinished(&dir)?;
    let named = all.iter().map(erasure).collect::<Vec<_>>().join("; ");
    let is_for_a_person = |one: &Unfinished| one.waits_for == WaitsFor::Person;
    match all.as_slice() {
        [] => Ok(String::new()),
        all if all.iter().any(is_for_a_person) => {
            let hint =
                "mend what is in its way, then erase anew with `aios data delete` and the id";
            Err(Fault::new(format!("erasures that nobody tries again: {named}"), hint))
        }
        _ => Ok(format!("; erasures that are not done: {named}")),
    }
}

fn is_masked(redactor: &Redactor, example: &Example) -> bool {
    let redacted = redactor.redact(&example.text);
    let counted = redacted.counts.iter().any(|(kind, n)| kind == example.kind && n > 0);
    counted && !redacted.text.as_str().contains(&example.private)
}

/// An example of a kind. What the configuration's own rules find, only their writer knows.
fn example(kind: PiiKind) -> Option<Example> {
    let (cue, private, after) = match kind {
        PiiKind::Email => ("write to ", "jo.doe@example.com".to_owned(), " today"),
        PiiKind::Phone => ("call me at ", "+1 415 782 3094".to_owned(), " today"),
        PiiKind::Url => ("see https://example.com/", "reset?user=jodoe".to_owned(), " today"),
        PiiKind::Ipv4 => ("seen from ", "81.2.69.142".to_owned(), " today"),
        PiiKind::Ipv6 => ("the peer is ", "2a02:26f0:6c00::8a2e:370".to_owned(), " today"),
        PiiKind::Mac => ("the adapter ", "3c:22:fb:7a:10:9e".to_owned(), " today"),
        PiiKind::CreditCard => ("I paid with ", with_luhn_digit("401288888888188"), " today"),
        PiiKind::Iban => ("transfer to ", iban("DE", "370400440532013000"), " today"),
        PiiKind::UsSsn => ("my SSN is ", "536-22-8726".to_owned(), " by the way"),
        PiiKind::NationalId => ("mi DNI es ", with_dni_letter(53_620_194), " today"),
        PiiKind::Crypto => ("pay to 0x", first_40(&SecretDigest::of(b"preflight")), " today"),
        // Made here: what looks like a secret has no place in a source file.
        PiiKind::Custom => return None,
        PiiKind::Secret => ("api_key = ", SecretDigest::of(b"preflight").to_hex(), " \n"),
    };
    Some(Example { kind, text: format!("{cue}{private}{after}"), private })
}

/// Adds the check digit of payment card numbers.
fn with_luhn_digit(digits: &str) -> String {
    let weighted = digits.bytes().rev().enumerate().map(|(place, byte)| {
        let digit = u32::from(byte - b'0');
        let doubled = digit * 2;
        if place % 2 == 1 { digit } else { doubled / 10 + doubled % 10 }
    });
    format!("{digits}{}", (10 - weighted.sum::<u32>() % 10) % 10)
}

/// As many hexadecimal digits as an address of Ethereum has.
fn first_40(digest: &SecretDigest) -> String {
    digest.to_hex().chars().take(40).collect()
}

/// Adds the letter of Spanish identity numbers.
fn with_dni_letter(number: usize) -> String {
    let letter = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(number % 23).unwrap_or_default();
    format!("{number}{letter}")
}

/// Adds the check digits of bank account numbers: what leaves 1 when divided by 97.
fn iban(country: &str, account: &str) -> String {
    let number = format!("{account}{country}00");
    let rest = number.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, value| {
        if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 }
    });
    format!("{country}{:02}{account}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_have_right_check_digits() {
        assert!(with_luhn_digit("401288888888188").ends_with("1881"));
        assert!(iban("DE", "370400440532013000").starts_with("DE89"));
    }

    #[test]
    fn every_kind_is_masked_and_a_kind_that_is_off_is_not() {
        for kind in PiiKind::ALL {
            let Some(example) = example(kind) else { continue };
            assert!(is_masked(&Redactor::default(), &example), "{kind:?}");
            assert!(is_masked(&Redactor::new(&[kind]), &example), "{kind:?} alone");
            assert!(!is_masked(&Redactor::new(&[]), &example), "{kind:?} off");
        }
    }
}

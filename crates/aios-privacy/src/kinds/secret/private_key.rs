//! Private keys in PEM (RFC 7468): from `BEGIN` to `END`, or what there is of one that was cut.

use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Words(&["-BEGIN "])], look).across_lines();

pub(crate) const RULE: &str = "secret.private_key";
/// No key is longer than this, with header and footer, in bytes.
pub(crate) const LENGTH_MAX: usize = BODY_MAX + 2 * HEADER_MAX;

const DASHES: &[u8] = b"-----";
const BEGIN: &str = "-----BEGIN ";
const HEADER_MAX: usize = 80;
/// How far after its header a key's end is looked for, in bytes. A 16384-bit RSA key has 12.5 KB.
const BODY_MAX: usize = 16 * 1024;

fn look(source: &Source<'_>, at: usize) -> Look {
    // The word's own hyphen is the last of the five.
    let label = at + "-BEGIN ".len();
    let Some(start) = at.checked_sub(DASHES.len() - 1).filter(|start| source.has(*start, BEGIN))
    else {
        return Look::nothing(label);
    };
    let Some(dashes) = source.find(label, HEADER_MAX, DASHES) else { return Look::nothing(label) };
    let name = source.between(label, dashes);
    if !name.contains("PRIVATE KEY") || name.contains('\n') {
        return Look::nothing(dashes);
    }
    let end = key_end(source, dashes + DASHES.len());
    Look::found(Found { start, end, rule: RULE, confidence: 0.99 })
}

/// The search stops at the next dashes of any kind, so that a row of headers costs no more than one.
fn key_end(source: &Source<'_>, body: usize) -> usize {
    let end_label = source.find(body, BODY_MAX, DASHES).map(|dashes| dashes + DASHES.len());
    let closing = end_label
        .filter(|label| source.has(*label, "END "))
        .and_then(|label| source.find(label, HEADER_MAX, DASHES));
    closing
        .map_or_else(|| source.run_right(body, usize::MAX, is_body), |dashes| dashes + DASHES.len())
}

/// Base64, line ends (also escaped) and the headers of encrypted keys, but no hyphen.
fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b'\n' | b'\r' | b' ' | b':' | b',')
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    fn header(word: &str, label: &str) -> String {
        format!("-----{word} {label}-----")
    }

    #[test]
    fn a_key_is_found_with_its_header_and_footer() {
        for label in
            ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
        {
            let key =
                format!("{}\n{}\n{}", header("BEGIN", label), noise(300), header("END", label));
            check(&format!("key:\n⟦{key}⟧\nthanks"));
        }
    }

    #[test]
    fn a_key_that_was_cut_is_found_to_where_it_ends() {
        check(&format!("⟦{}\\n{}⟧", header("BEGIN", "PRIVATE KEY"), noise(30_000)));
    }

    #[test]
    fn public_keys_and_certificates_are_no_secrets() {
        check(&format!("{}\n{}", header("BEGIN", "PUBLIC KEY"), header("BEGIN", "CERTIFICATE")));
    }
}

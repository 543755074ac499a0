//! Who asks for an erasure, and on which ground.

use aios_privacy::{RedactedText, Redactor, without_ids};

/// Most bytes that are kept of a ground.
const BASIS_MAX: usize = 500;

/// Who asks for an erasure, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseRequest {
    /// Who asks.
    pub requester: String,
    /// On which ground, such as `GDPR Art. 17`.
    pub basis: RedactedText,
}

impl EraseRequest {
    /// What the ground says of anybody is masked, because it is kept for good.
    #[must_use]
    pub fn new(requester: impl Into<String>, basis: &str, redactor: &Redactor) -> Self {
        let basis = redactor.redact_cut(&without_ids(basis), BASIS_MAX).text;
        Self { requester: requester.into(), basis }
    }
}

#[cfg(test)]
mod tests {
    use aios_privacy::PiiKind;

    use super::*;

    #[test]
    fn a_ground_names_nobody_and_is_short() {
        let redactor = Redactor::new(&PiiKind::ALL);
        let mail = ["ann", "example.org"].join("@");
        let check =
            |basis: &str| EraseRequest::new("cli", basis, &redactor).basis.as_str().to_owned();
        let of = crate::fixture::conversation(7);
        let said = format!("letter of {mail} ({of}, user id 8842)");
        assert_eq!(check(&said), "letter of [EMAIL] ([ID], user id [ID])");
        assert!(check(&"word ".repeat(1000)).len() <= BASIS_MAX + '…'.len_utf8());
    }
}

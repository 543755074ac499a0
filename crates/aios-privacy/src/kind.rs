//! The kinds of personal data and secrets that are looked for, and counts of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// A kind of personal data or secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PiiKind {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A URL that may carry personal data in its user info, query or fragment.
    Url,
    /// A routable IPv4 address.
    Ipv4,
    /// A routable IPv6 address.
    Ipv6,
    /// A hardware (MAC) address.
    Mac,
    /// A payment card number.
    CreditCard,
    /// An international bank account number.
    Iban,
    /// A United States social security number.
    UsSsn,
    /// A number that a state gives to a person, other than the American one.
    NationalId,
    /// An address of a crypto-currency.
    Crypto,
    /// A key, token or password.
    Secret,
    /// What the configuration's own rules find.
    Custom,
}

impl PiiKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 13] = [
        Self::Email,
        Self::Phone,
        Self::Url,
        Self::Ipv4,
        Self::Ipv6,
        Self::Mac,
        Self::CreditCard,
        Self::Iban,
        Self::UsSsn,
        Self::NationalId,
        Self::Crypto,
        Self::Secret,
        Self::Custom,
    ];

    /// The kind's name in configuration, metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mac => "mac",
            Self::CreditCard => "credit_card",
            Self::Iban => "iban",
            Self::UsSsn => "us_ssn",
            Self::NationalId => "national_id",
            Self::Crypto => "crypto",
            Self::Secret => "secret",
            Self::Custom => "custom",
        }
    }

    /// What stands in the text where a finding of this kind was: its name in capitals, in brackets.
    #[must_use]
    pub const fn mask(self) -> &'static str {
        match self {
            Self::Email => "[EMAIL]",
            Self::Phone => "[PHONE]",
            Self::Url => "[URL]",
            Self::Ipv4 => "[IPV4]",
            Self::Ipv6 => "[IPV6]",
            Self::Mac => "[MAC]",
            Self::CreditCard => "[CREDIT_CARD]",
            Self::Iban => "[IBAN]",
            Self::UsSsn => "[US_SSN]",
            Self::NationalId => "[NATIONAL_ID]",
            Self::Crypto => "[CRYPTO]",
            Self::Secret => "[SECRET]",
            Self::Custom => "[CUSTOM]",
        }
    }
}

/// How many findings of each kind were masked in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedactionCounts(BTreeMap<PiiKind, u32>);

impl RedactionCounts {
    /// Counts of these findings.
    pub(crate) fn of(findings: &[Finding<'_>]) -> Self {
        let mut counts = Self::default();
        findings.iter().for_each(|one| counts.add(one.kind));
        counts
    }

    /// Counts one more finding of `kind`.
    pub fn add(&mut self, kind: PiiKind) {
        *self.0.entry(kind).or_default() += 1;
    }

    /// Adds the counts of another text.
    pub fn merge(&mut self, other: &Self) {
        for (kind, n) in &other.0 {
            *self.0.entry(*kind).or_default() += n;
        }
    }

    /// What these have more than `other`.
    pub(crate) fn beyond(&self, other: &Self) -> Self {
        let more = |(kind, n): (PiiKind, u32)| {
            let before = other.0.get(&kind).copied().unwrap_or(0);
            (n > before).then(|| (kind, n - before))
        };
        Self(self.iter().filter_map(more).collect())
    }

    /// The kinds that were found, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (PiiKind, u32)> + '_ {
        self.0.iter().map(|(kind, n)| (*kind, *n))
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_the_name_in_capitals() {
        for kind in PiiKind::ALL {
            assert_eq!(kind.mask(), format!("[{}]", kind.name().to_uppercase()));
        }
    }
}

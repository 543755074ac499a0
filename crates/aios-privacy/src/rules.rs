//! The built-in rules, for people: what each finds and how sure it is at most.

use crate::kind::PiiKind;

/// A built-in rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The kind of what it finds.
    pub kind: PiiKind,
    /// Its name in findings.
    pub rule: &'static str,
    /// The most that it is sure, 0 to 1.
    pub confidence: f32,
    /// What makes it believe.
    pub about: &'static str,
}

const fn rule(kind: PiiKind, rule: &'static str, confidence: f32, about: &'static str) -> Rule {
    Rule { kind, rule, confidence, about }
}

use PiiKind::{
    CreditCard, Crypto, Email, Iban, Ipv4, Ipv6, Mac, NationalId, Phone, Secret, Url, UsSsn,
};

/// Every built-in rule, by kind.
pub const RULES: &[Rule] = &[
    rule(Email, "email.address", 0.98, "a name, @ and a domain, of any script"),
    rule(Phone, "phone.plus", 0.95, "a plus, a country's code and as many digits as E.164 allows"),
    rule(Phone, "phone.cue", 0.85, "digits after a word such as phone, call, mobile"),
    rule(Phone, "phone.group", 0.8, "a grouping that only telephone numbers have"),
    rule(Url, "url.scheme", 0.97, "a known scheme or www., and a host"),
    rule(Ipv4, "ipv4.parsed", 0.9, "a routable address that is no version or section"),
    rule(Ipv6, "ipv6.parsed", 0.9, "a routable address that is no path of code"),
    rule(Mac, "mac.groups", 0.95, "six pairs or three groups of hexadecimal digits"),
    rule(CreditCard, "credit_card.luhn", 0.97, "an issuer's range and length, and Luhn's check"),
    rule(Iban, "iban.mod97", 0.99, "the country's length and the check mod 97"),
    rule(UsSsn, "us_ssn.separated", 0.9, "area, group and serial that are given out, separated"),
    rule(UsSsn, "us_ssn.cue", 0.85, "the same without separators, after a word such as SSN"),
    rule(
        NationalId,
        "national_id.uk_nino",
        0.88,
        "a given-out pair of letters, six digits, a letter A to D",
    ),
    rule(NationalId, "national_id.uk_nhs", 0.9, "the check mod 11, and a word such as NHS"),
    rule(NationalId, "national_id.es_dni", 0.9, "the letter mod 23"),
    rule(NationalId, "national_id.br_cpf", 0.98, "two check digits mod 11"),
    rule(NationalId, "national_id.in_aadhaar", 0.9, "Verhoeff's check, and a grouping or a word"),
    rule(NationalId, "national_id.pl_pesel", 0.88, "a date of birth and a weighted check"),
    rule(NationalId, "national_id.ca_sin", 0.85, "Luhn's check, and a grouping or a word"),
    rule(NationalId, "national_id.fr_nir", 0.97, "the key mod 97"),
    rule(
        NationalId,
        "national_id.de_idnr",
        0.95,
        "one digit twice or three times, and the check by ISO 7064 mod 11,10",
    ),
    rule(NationalId, "national_id.it_codice_fiscale", 0.97, "a date of birth and the check letter"),
    rule(
        NationalId,
        "national_id.cn_resident",
        0.97,
        "a place, a date of birth, and the check by ISO 7064 mod 11-2",
    ),
    rule(
        NationalId,
        "national_id.jp_my_number",
        0.9,
        "the check mod 11, and a word such as My Number",
    ),
    rule(NationalId, "national_id.in_pan", 0.85, "a person's shape, after a word such as PAN"),
    rule(Crypto, "crypto.btc", 0.99, "the checksum of base58check or bech32"),
    rule(Crypto, "crypto.eth", 0.93, "0x and forty hexadecimal digits"),
    rule(Secret, "secret.aws", 0.98, "the prefix of an access key id"),
    rule(Secret, "secret.github", 0.99, "a prefix; sure where the CRC-32 is right"),
    rule(Secret, "secret.gitlab", 0.98, "a prefix"),
    rule(Secret, "secret.openai", 0.98, "a prefix"),
    rule(Secret, "secret.anthropic", 0.98, "a prefix"),
    rule(Secret, "secret.openrouter", 0.98, "a prefix"),
    rule(Secret, "secret.groq", 0.98, "a prefix"),
    rule(Secret, "secret.xai", 0.98, "a prefix"),
    rule(Secret, "secret.perplexity", 0.98, "a prefix"),
    rule(Secret, "secret.replicate", 0.98, "a prefix"),
    rule(Secret, "secret.slack", 0.98, "a prefix"),
    rule(Secret, "secret.slack_webhook", 0.98, "the address of a webhook"),
    rule(Secret, "secret.stripe", 0.98, "a prefix"),
    rule(Secret, "secret.google", 0.98, "a prefix; 1//0 of refresh tokens"),
    rule(Secret, "secret.npm", 0.98, "a prefix"),
    rule(Secret, "secret.hf", 0.98, "the prefix of Hugging Face"),
    rule(Secret, "secret.sendgrid", 0.98, "a prefix"),
    rule(Secret, "secret.pypi", 0.98, "a prefix"),
    rule(Secret, "secret.digitalocean", 0.98, "a prefix"),
    rule(Secret, "secret.shopify", 0.98, "a prefix"),
    rule(Secret, "secret.docker", 0.98, "a prefix"),
    rule(Secret, "secret.linear", 0.98, "a prefix"),
    rule(Secret, "secret.vault", 0.98, "a prefix"),
    rule(Secret, "secret.square", 0.98, "a prefix"),
    rule(Secret, "secret.alibaba", 0.98, "a prefix"),
    rule(Secret, "secret.tencent", 0.98, "a prefix"),
    rule(Secret, "secret.atlassian", 0.98, "a prefix"),
    rule(Secret, "secret.together", 0.98, "a prefix"),
    rule(Secret, "secret.cerebras", 0.98, "a prefix"),
    rule(Secret, "secret.fireworks", 0.98, "a prefix"),
    rule(Secret, "secret.nvidia", 0.98, "a prefix"),
    rule(Secret, "secret.langsmith", 0.98, "a prefix"),
    rule(Secret, "secret.jina", 0.98, "a prefix"),
    rule(Secret, "secret.tavily", 0.98, "a prefix"),
    rule(Secret, "secret.posthog", 0.98, "a prefix"),
    rule(Secret, "secret.razorpay", 0.98, "a prefix"),
    rule(Secret, "secret.flutterwave", 0.98, "a prefix"),
    rule(Secret, "secret.easypost", 0.98, "a prefix"),
    rule(Secret, "secret.heroku", 0.98, "a prefix"),
    rule(Secret, "secret.fly", 0.98, "a prefix"),
    rule(Secret, "secret.cloudflare", 0.98, "a prefix"),
    rule(Secret, "secret.databricks", 0.98, "a prefix"),
    rule(Secret, "secret.pulumi", 0.98, "a prefix"),
    rule(Secret, "secret.terraform", 0.98, "a prefix"),
    rule(Secret, "secret.planetscale", 0.98, "a prefix"),
    rule(Secret, "secret.supabase", 0.98, "a prefix"),
    rule(Secret, "secret.tailscale", 0.98, "a prefix"),
    rule(Secret, "secret.grafana", 0.98, "a prefix"),
    rule(Secret, "secret.newrelic", 0.98, "a prefix"),
    rule(Secret, "secret.sentry", 0.98, "a prefix"),
    rule(Secret, "secret.dynatrace", 0.98, "a prefix"),
    rule(Secret, "secret.doppler", 0.98, "a prefix"),
    rule(Secret, "secret.age", 0.98, "a prefix"),
    rule(Secret, "secret.postman", 0.98, "a prefix"),
    rule(Secret, "secret.rubygems", 0.98, "a prefix"),
    rule(Secret, "secret.brevo", 0.98, "a prefix"),
    rule(Secret, "secret.mailgun", 0.98, "a prefix"),
    rule(Secret, "secret.figma", 0.98, "a prefix"),
    rule(Secret, "secret.notion", 0.98, "a prefix"),
    rule(Secret, "secret.hubspot", 0.98, "a prefix"),
    rule(Secret, "secret.mapbox", 0.98, "a prefix"),
    rule(Secret, "secret.contentful", 0.98, "a prefix"),
    rule(Secret, "secret.netlify", 0.98, "a prefix"),
    rule(Secret, "secret.onepassword", 0.98, "a prefix"),
    rule(Secret, "secret.dropbox", 0.98, "a prefix"),
    rule(Secret, "secret.twilio", 0.98, "SK or AC and 32 hexadecimal digits"),
    rule(Secret, "secret.crates_io", 0.98, "cio and 32 characters"),
    rule(Secret, "secret.mailchimp", 0.98, "32 hexadecimal digits and a data center such as -us12"),
    rule(Secret, "secret.airtable", 0.98, "pat, 14 characters, a dot and 64 hexadecimal digits"),
    rule(Secret, "secret.asana", 0.98, "1/ or 2/, the user's number, and 32 hexadecimal digits"),
    rule(
        Secret,
        "secret.discord",
        0.98,
        "the address of a webhook, or a bot's number in base64 and a signature",
    ),
    rule(Secret, "secret.telegram", 0.97, "a bot's number, a colon, AA and 33 characters"),
    rule(Secret, "secret.jwt", 0.97, "a header that decodes to JSON"),
    rule(Secret, "secret.private_key", 0.99, "PEM from BEGIN to END"),
    rule(Secret, "secret.conn_url", 0.95, "a URL with a password"),
    rule(Secret, "secret.bearer", 0.93, "random text after Bearer, or in a header Authorization"),
    rule(
        Secret,
        "secret.basic",
        0.93,
        "a name, a colon and a password: in base64 after Basic, or after -u",
    ),
    rule(
        Secret,
        "secret.assigned",
        0.9,
        "a value given to a name such as password, api_key, token",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::corpus;
    use crate::kinds::issued_rules;
    use crate::redactor::Redactor;

    #[test]
    fn every_rule_that_finds_something_is_listed_as_sure_as_it_is() {
        let redactor = Redactor::default();
        let mut seen = BTreeSet::new();
        let lines = corpus::DEV_SEEDS.map(corpus::sample);
        for sample in lines.chain(corpus::DESK_DEV.map(corpus::desk)) {
            for found in redactor.scan(&sample.text) {
                let listed = RULES.iter().find(|rule| rule.rule == found.rule);
                let listed = listed.unwrap_or_else(|| panic!("{} is not listed", found.rule));
                assert!(
                    listed.kind == found.kind && found.confidence <= listed.confidence,
                    "{found:?}"
                );
                seen.insert(listed.rule);
            }
        }
        seen.extend(issued_rules());
        let never: Vec<_> =
            RULES.iter().map(|rule| rule.rule).filter(|rule| !seen.contains(rule)).collect();
        assert_eq!(never, [""; 0], "listed, but nothing was ever found by it");
    }
}

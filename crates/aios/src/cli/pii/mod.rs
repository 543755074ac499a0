//! `aios pii`.

mod input;
mod redact;
mod rules;
mod scan;

use super::verbs::verbs;

verbs! {
    /// Find and mask personal data and secrets in files
    ///
    /// What is looked for is what the configuration's [privacy] section says.
    Command {
        Scan(scan::Scan),
        Redact(redact::Redact),
        Rules(rules::Rules),
    }
}

//! `aios pii`.

mod files;
mod input;
mod redact;
mod rules;
mod scan;
mod stand_in;
mod test;

use super::verbs::verbs;

verbs! {
    /// Find and mask personal data and secrets in files
    ///
    /// What is looked for is what the configuration's [privacy] section says.
    Command {
        Scan(scan::Scan),
        Redact(redact::Redact),
        Rules(rules::Rules),
        Test(test::Test),
    }
}

/// How sure a rule is, as it was written: 0.9, not 0.8999999761581421.
fn hundredths<S: serde::Serializer>(conf: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*conf) * 100.0).round() / 100.0)
}

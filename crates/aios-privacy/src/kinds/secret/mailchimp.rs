//! Mailchimp's keys: 32 hexadecimal digits, and the data center that they are of.

use super::{is_free_left, is_hex, is_varied};
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Before(b"-", |byte| byte == b'u')], look);

const CENTER: &str = "-us";
const LENGTH: usize = 32;
/// Digits of a data center's number.
const NUMBER_MAX: usize = 2;

fn look(source: &Source<'_>, at: usize) -> Look {
    if !source.has(at, CENTER) {
        return Look::nothing(at + 1);
    }
    let number = at + CENTER.len();
    let end = source.run_right(number, NUMBER_MAX + 1, |byte| byte.is_ascii_digit());
    let start = source.run_left(at, LENGTH + 1, is_hex);
    let is_ours = at - start == LENGTH
        && (1..=NUMBER_MAX).contains(&(end - number))
        && source.byte(number) != Some(b'0')
        && is_free_left(source, start)
        && is_free_right(source, end)
        && is_varied(source.bytes().get(start..at).unwrap_or_default());
    let found = is_ours.then_some(Found { start, end, rule: "secret.mailchimp", confidence: 0.98 });
    Look::maybe(found, at + 1)
}

/// Digests are made of the same digits, and hosts and buckets are called after them and a region.
fn is_free_right(source: &Source<'_>, end: usize) -> bool {
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match source.byte(end) {
        Some(b'.' | b'-' | b'/' | b':' | b'@') => !source.byte(end + 1).is_some_and(joins),
        byte => !byte.is_some_and(joins),
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::check;

    #[test]
    fn keys_are_found_with_their_data_center() {
        let key = "0a91f7c24be86d35".repeat(2);
        check(&format!("MAILCHIMP_API_KEY=⟦{key}-us12⟧, or \"⟦{key}-us6⟧\"."));
        check(&format!("user:⟦{key}-us21⟧@ and anystring:⟦{key}-us1⟧\n"));
    }

    #[test]
    fn digests_hosts_and_regions_are_none() {
        let key = "0a91f7c24be86d35".repeat(2);
        check(&format!(
            "{key}-us {key}-us-east-1 {key}-us01 {key}-us0 {key}-usa1 {key}-us123 {key}-us12a {key}-us1_b"
        ));
        check(&format!("{key}-us12.cdn.example {key}-us2/x {key}-us2-b {key}-us3:443"));
        check(&format!("{key}-US12 {} {key} -us12 {key}_us12", key.to_uppercase() + "-us12"));
        check(&format!("a{key}-us12 {}-us12 x_{key}-us12 x-{key}-us12", key.split_at(1).1));
        check(&format!("{}-us12 {}-us12", "0".repeat(32), "ab".repeat(16)));
        check("plan-us1 q3-us2 11111111-us3");
    }
}

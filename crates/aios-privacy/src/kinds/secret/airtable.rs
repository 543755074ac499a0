//! Airtable's tokens: `pat`, what names the token, a dot and 64 hexadecimal digits.

use super::{is_free_left, is_hex, is_varied};
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::Secret, &[Anchors::Before(b".", is_hex)], look);

const PREFIX: &str = "pat";
/// Letters and digits after the prefix.
const NAME: usize = 14;
const SECRET: usize = 64;

/// Looks from the dot: the prefix begins words of prose.
fn look(source: &Source<'_>, at: usize) -> Look {
    let start = at.checked_sub(PREFIX.len() + NAME);
    let Some(start) = start.filter(|start| source.has(*start, PREFIX)) else {
        return Look::nothing(at + 1);
    };
    let name = source.run_left(at, NAME, |byte| byte.is_ascii_alphanumeric());
    let end = source.run_right(at + 1, SECRET + 1, is_hex);
    let is_ours = name == start + PREFIX.len()
        && end - at - 1 == SECRET
        && is_free_left(source, start)
        && !source.byte(end).is_some_and(|byte| byte.is_ascii_alphanumeric())
        && is_varied(source.bytes().get(at + 1..end).unwrap_or_default());
    let found = is_ours.then_some(Found { start, end, rule: "secret.airtable", confidence: 0.98 });
    Look::maybe(found, at + 1)
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn tokens_are_found() {
        let (name, secret) = (noise(14), "0a91f7c24be86d35".repeat(4));
        check(&format!("Airtable.configure(apiKey='⟦pat{name}.{secret}⟧')"));
        check(&format!("AIRTABLE=⟦pat{name}.{secret}⟧. And ⟦patABCDEFGHIJKLMN.{secret}⟧, too"));
    }

    #[test]
    fn names_and_parts_are_none() {
        let (name, secret) = (noise(14), "0a91f7c24be86d35".repeat(4));
        check(&format!(
            "pat{name} pat{name}. pat{name}.{} pat{name}.{secret}0",
            secret.split_at(1).1
        ));
        check(&format!("pat{name}.{} pat{}.{secret}", secret.to_uppercase(), noise(13)));
        check(&format!("pat{}.{secret} spat{name}.{secret} x_pat{name}.{secret}", noise(15)));
        check(&format!("PAT{name}.{secret} pat-{}.{secret}", noise(13)));
        check(&format!("pat{name}.{} pattern.compile(x) patient_names12.csv", "0".repeat(64)));
    }
}

//! Tokens of Telegram's bots: the bot's number, a colon, `AA` and 33 characters.

use super::{is_base64_url, is_free_left, is_varied};
use crate::detector::{Anchors, Detector, Found, Letter, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[Anchors::Numbers(Number::new(8, &[8, 9, 10]).after_letter(Letter::Maybe))],
    look,
);

const KEY_START: &str = ":AA";
/// With `AA`.
const KEY_LENGTH: usize = 35;

fn look(source: &Source<'_>, at: usize) -> Look {
    let colon = run_end(source, at);
    if !(8..=10).contains(&(colon - at)) || !source.has(colon, KEY_START) {
        return Look::nothing(colon);
    }
    let key = colon + ":".len();
    let end = source.run_right(key, KEY_LENGTH + 1, is_base64_url);
    let is_ours = end - key == KEY_LENGTH
        // In a URL of the API, the token follows `bot`.
        && (is_free_left(source, at) || source.has(at.saturating_sub(3), "bot"))
        && is_varied(source.bytes().get(key..end).unwrap_or_default());
    let found =
        is_ours.then_some(Found { start: at, end, rule: "secret.telegram", confidence: 0.97 });
    Look::maybe(found, end)
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn tokens_of_bots_are_found() {
        let key = ["AA", &noise(33)].concat();
        check(&format!("bot token ⟦110201543:{key}⟧, please"));
        check(&format!("https://api.telegram.org/bot⟦110201543:{key}⟧/getMe"));
        check(&format!("110201543:{key}x 1102015:{key} 110201543:AA{}", "x".repeat(33)));
    }
}

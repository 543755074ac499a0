//! A model that is well is not left unused for longer than a breaker waits, whatever the other one does.

use super::Seen;
use crate::step::Kind;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    for (n, asked) in &seen.truth.asked {
        let Some(given) = &asked.answer else { continue };
        // What has changed since may be what it felt.
        let (models, is_chat) = (asked.models, matches!(asked.kind, Kind::Chat | Kind::Stream));
        if models.n_changes != seen.truth.n_changes || !is_chat || given.is_log_trouble {
            continue;
        }
        let status = given.status;
        if models.one_is_well && status >= 500 {
            return Err(format!("ask {n} got status {status} while a model was well"));
        }
        if models.both_are_well && given.fell_back {
            return Err(format!("ask {n} was answered by the other tier while its own was well"));
        }
    }
    Ok(())
}

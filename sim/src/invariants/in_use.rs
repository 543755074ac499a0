//! A model that is well is not left unused for longer than a breaker waits, whatever the other one does.

use std::time::Duration;

use super::Seen;
use crate::step::Kind;

/// Time goes on in leaps. Where one was longer than this, less than an endpoint is given to begin, a limit of time may have
/// passed a model that was well.
const LEAP_MAX: Duration = Duration::from_secs(15);

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    for (n, asked) in &seen.truth.asked {
        let Some(given) = &asked.answer else { continue };
        // What has changed since may be what it felt.
        let (models, is_chat) = (asked.models, matches!(asked.kind, Kind::Chat | Kind::Stream));
        if models.n_changes != seen.truth.n_changes
            || !is_chat
            || given.is_log_trouble
            || given.took > LEAP_MAX
        {
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

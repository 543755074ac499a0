//! Every request ends: within its time, and at the latest when the script does.

use std::time::Duration;

use super::Seen;
use crate::setup::TOTAL;
use crate::truth::Stands;

/// So much longer may it take to be let in before its time begins, and to be kept when it is over: each of these ends with
/// the leap in which its time does.
const GRACE: Duration = Duration::from_secs(60);

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let truth = seen.truth;
    for (n, asked) in truth.asked.iter().filter(|(_, asked)| asked.stands == Stands::UnderWay) {
        if truth.is_over || asked.waited > TOTAL + GRACE {
            let waited = asked.waited;
            return Err(format!("ask {n} has waited {waited:?} and more, and has not ended"));
        }
    }
    Ok(())
}

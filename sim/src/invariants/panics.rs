//! Nothing panics, also where somebody would catch it: a request in which something has panicked answers with an error of
//! the program's own.

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    if let Some(said) = seen.panics.first() {
        return Err(said);
    }
    let is_internal = |(n, is_internal): (&u64, bool)| is_internal.then_some(*n);
    let mut asked = seen.truth.asked.iter().filter_map(|(n, asked)| {
        is_internal((n, asked.answer.as_ref().is_some_and(|given| given.is_internal)))
    });
    match asked.next() {
        Some(n) => Err(format!("ask {n} was answered with an internal error")),
        None => Ok(()),
    }
}

//! One admitted request, one event: none is lost, none is there twice. Of one that was fenced nothing but its id is known.

use std::collections::BTreeMap;

use super::Seen;
use crate::truth::Stands;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let mut n_events: BTreeMap<u64, usize> = BTreeMap::new();
    let by_id = seen.truth.by_event_id();
    for line in seen.files.events() {
        if let Some(n) = by_id.ask_of(line) {
            *n_events.entry(n).or_default() += 1;
        }
    }
    if let Some(n) = n_events.keys().find(|n| !seen.truth.asked.contains_key(n)) {
        return Err(format!("there is an event of ask {n}, which nobody made"));
    }
    for (n, asked) in &seen.truth.asked {
        let found = n_events.get(n).copied().unwrap_or(0);
        // An event that is fenced is counted where its id was told to somebody.
        let is_hidden = seen.truth.erased.contains(&asked.talk) && asked.event_id.is_none();
        let (least, most) = match asked.stands {
            Stands::UnderWay | Stands::Limited => (0, 0),
            Stands::Unknown => (0, 1),
            Stands::Acknowledged | Stands::Left => {
                (usize::from(!asked.may_be_gone && !is_hidden), 1)
            }
        };
        if !(least..=most).contains(&found) {
            let stands = asked.stands;
            return Err(format!(
                "ask {n} ({stands:?}) has left {found} events, not {least} to {most}"
            ));
        }
    }
    Ok(())
}

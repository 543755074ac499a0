//! One admitted request, one event: none is lost, none is there twice.

use std::collections::BTreeMap;

use super::Seen;
use crate::text;
use crate::truth::Stands;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let mut n_events: BTreeMap<u64, usize> = BTreeMap::new();
    for line in seen.files.events() {
        let line = String::from_utf8_lossy(line);
        if let Some(n) = text::asked(&line) {
            *n_events.entry(n).or_default() += 1;
        }
    }
    if let Some(n) = n_events.keys().find(|n| !seen.truth.asked.contains_key(n)) {
        return Err(format!("there is an event of ask {n}, which nobody made"));
    }
    for (n, asked) in &seen.truth.asked {
        let found = n_events.get(n).copied().unwrap_or(0);
        let is_gone = seen.truth.erased.contains(&asked.talk);
        let (least, most) = match asked.stands {
            Stands::UnderWay | Stands::Limited => (0, 0),
            Stands::Unknown => (0, 1),
            // Of somebody who was erased nothing needs to be left.
            Stands::Acknowledged | Stands::Left => (usize::from(!is_gone), 1),
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

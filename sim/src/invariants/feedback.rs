//! What somebody said of an answer is kept, once: whoever was told that it is taken finds it in the log.

use std::collections::BTreeMap;

use super::Seen;
use crate::text;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let mut n_lines: BTreeMap<&str, usize> =
        seen.truth.said.iter().filter_map(|said| Some((said.event_id.as_deref()?, 0))).collect();
    if n_lines.is_empty() {
        return Ok(());
    }
    for line in seen.files.events() {
        let id = text::event_id(line);
        if let Some(n) = id.and_then(|id| n_lines.get_mut(id)) {
            *n += 1;
        }
    }
    for said in &seen.truth.said {
        let Some(id) = &said.event_id else { continue };
        let found = n_lines.get(id.as_str()).copied().unwrap_or(0);
        let least = usize::from(!said.may_be_gone);
        if !(least..=1).contains(&found) {
            return Err(format!("feedback {id} in {} stands {found} times in the log", said.talk));
        }
    }
    Ok(())
}

//! Of somebody who was erased there is nothing: no pseudonym, no id, no word that only they said.

use aios_privacy::Pseudonym;

use super::Seen;
use crate::{setup, text};

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    for talk in &seen.truth.erased {
        let id = text::conversation_id(seen.seed, *talk);
        let word = text::planted(seen.seed, *talk);
        let names = setup::pseudonyms(seen.seed, *talk);
        let names: Vec<&str> = names.iter().map(Pseudonym::as_str).collect();
        for (path, bytes) in seen.files.all() {
            // The ledger holds whom it keeps out.
            let is_ledger = path.components().any(|part| part.as_os_str() == "erasures");
            let is_audit = path.components().any(|part| part.as_os_str() == "audit");
            let names = if is_ledger || is_audit { &[][..] } else { &names[..] };
            let sought = names.iter().copied().chain([id.as_str(), word.as_str()]);
            for text in sought {
                if holds(bytes, text.as_bytes()) {
                    let path = path.strip_prefix(seen.world.dir.path()).unwrap_or(path).display();
                    return Err(format!("{path} holds {text} of {talk}"));
                }
            }
        }
    }
    Ok(())
}

fn holds(bytes: &[u8], sought: &[u8]) -> bool {
    memchr::memmem::find(bytes, sought).is_some()
}

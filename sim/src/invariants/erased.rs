//! Of somebody who was erased there is nothing: no pseudonym, also as the index writes it, no id, no word that only they said.

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
            let coded = names.iter().filter(|name| holds(bytes, &coded(name)));
            let found = sought.filter(|text| holds(bytes, text.as_bytes())).chain(coded.copied());
            if let Some(text) = found.into_iter().next() {
                let path = path.strip_prefix(seen.world.dir.path()).unwrap_or(path).display();
                return Err(format!("{path} holds {text} of {talk}"));
            }
        }
    }
    Ok(())
}

/// A pseudonym as the index writes it: its digits are bytes.
pub(crate) fn coded(name: &str) -> Vec<u8> {
    let (head, digits) = name.split_once('_').unwrap_or(("", name));
    let pairs = digits.as_bytes().chunks(2).filter_map(|pair| str::from_utf8(pair).ok());
    let bytes = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok());
    head.bytes().chain(std::iter::once(b'_')).chain(bytes).collect()
}

pub(crate) fn holds(bytes: &[u8], sought: &[u8]) -> bool {
    memchr::memmem::find(bytes, sought).is_some()
}

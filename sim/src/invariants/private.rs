//! What is personal reaches no disk.

use aho_corasick::AhoCorasick;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let personal: Vec<&String> =
        seen.truth.asked.values().flat_map(|asked| &asked.personal).collect();
    let finder = AhoCorasick::new(&personal).map_err(|error| error.to_string())?;
    for (path, bytes) in seen.files.all() {
        if let Some(found) = finder.find(bytes) {
            let what = personal.get(found.pattern().as_usize()).map_or("", |text| text.as_str());
            let path = path.strip_prefix(seen.world.dir.path()).unwrap_or(path).display();
            return Err(format!("{path} holds {what}"));
        }
    }
    Ok(())
}

//! The split is a share, and after the kill switch nobody is treated.

use super::Seen;
use crate::text;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let split = seen.world.plane.split();
    let pct = split.treatment_pct.get();
    if !(0.0..=100.0).contains(&pct) {
        return Err(format!("{pct} % are in treatment"));
    }
    if seen.truth.killed && (split.adaptive || pct > 0.0) {
        return Err(format!("the kill switch is thrown and {pct} % are in treatment"));
    }
    for line in seen.files.events() {
        let line = String::from_utf8_lossy(line);
        if !line.contains("\"bucket\":\"treatment\"") {
            continue;
        }
        let killed = seen.truth.asked.iter().find(|(n, asked)| {
            asked.killed && line.contains(&format!("\"{}\"", text::request_id(**n)))
        });
        if let Some((n, _)) = killed {
            return Err(format!("ask {n} came after the kill switch and was treated"));
        }
    }
    Ok(())
}

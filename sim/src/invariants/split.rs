//! The split is a share, and the operator's: after the kill switch nobody is treated, and what an override says is in force.

use super::Seen;
use crate::text;

/// Of a per cent; less is rounding.
const NEARLY: f64 = 1e-9;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let split = seen.world.plane.split();
    let pct = split.treatment_pct.get();
    if !(0.0..=100.0).contains(&pct) {
        return Err(format!("{pct} % are in treatment"));
    }
    if seen.truth.killed && (split.adaptive || pct > 0.0) {
        return Err(format!("the kill switch is thrown and {pct} % are in treatment"));
    }
    by_override(seen)?;
    for line in seen.files.events() {
        let line = String::from_utf8_lossy(line);
        if !line.contains("\"bucket\":\"treatment\"") {
            continue;
        }
        let untreated = seen.truth.asked.iter().find(|(n, asked)| {
            asked.untreated.is_some() && line.contains(&format!("\"{}\"", text::request_id(**n)))
        });
        if let Some((n, asked)) = untreated {
            let why = asked.untreated.unwrap_or_default();
            return Err(format!("ask {n} was treated, where {why}"));
        }
    }
    Ok(())
}

/// What is written counts more than the canary, and what cannot be understood changes nothing.
fn by_override(seen: &Seen<'_>) -> Result<(), String> {
    let (truth, split) = (seen.truth, seen.world.plane.split());
    let canary = seen.world.plane.standing().rollout.canary.treatment_pct.get();
    let (is, must) = (split.treatment_pct.get(), truth.treated_pct(canary));
    if (is - must).abs() > NEARLY {
        let heard = truth.heard;
        return Err(format!("{is} % are in treatment, not {must} %, by {heard:?} and {canary} %"));
    }
    let boundaries = [split.control_boundary, split.treatment_boundary].map(|it| it.get());
    match truth.boundary() {
        Some(must) if boundaries != [must, must] => {
            Err(format!("the boundaries are {boundaries:?}, and an override says {must}"))
        }
        _ => Ok(()),
    }
}

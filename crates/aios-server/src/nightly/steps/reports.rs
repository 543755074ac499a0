//! Removes reports that are past the time of cold events: they speak of events that are gone.

use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "reports", run };

fn run(night: &Night) -> Result<Outcome, String> {
    let term = night.work.events_kept_for;
    let gone = night.data_dir.expire_reports(night.now, term, night.dry_run);
    let gone = gone.map_err(|error| error.to_string())?;
    Ok(Outcome::Done(format!("{} old reports removed", gone.len())))
}

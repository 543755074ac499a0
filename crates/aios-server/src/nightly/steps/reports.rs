//! Removes reports that are past the time of cold events: they speak of events that are gone.

use std::time::Duration;

use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "reports", run };

/// How long reports are kept after they were last written.
const TERM: Duration = Duration::from_secs(90 * 24 * 60 * 60);

fn run(night: &Night) -> Result<Outcome, String> {
    let gone = night.data_dir.expire_reports(night.now, TERM, night.dry_run);
    let gone = gone.map_err(|error| error.to_string())?;
    Ok(Outcome::Done(format!("{} old reports removed", gone.len())))
}

//! From hot to cold.

use std::io::{BufRead, BufReader};
use std::path::Path;

use super::cold::{self, ColdWriter};
use super::facts;
use super::footer::Footer;
use super::name::{Layout, SegmentId};
use super::sidecar::Sidecar;
use crate::disk::AT_ONCE;
use crate::replace::{Points, Replacement, points, remove};
use crate::{StoreError, regular};

const POINTS: Points = points!("compress");

/// Writes the cold segment, then its sidecar, then removes the hot one. The hot one counts as long as it
/// is there, so a crash between any two of these loses nothing and leaves no event twice.
pub(super) fn run(layout: &Layout, id: SegmentId, footer: &Footer) -> Result<(), StoreError> {
    let (hot, path) = (layout.hot(id), layout.cold(id));
    // Nothing can be put in a directory's place: that is found out before the work, not behind it.
    if regular::is_directory(&path) {
        return Err(StoreError::io("write", &path)(regular::irregular()));
    }
    let mut writer = ColdWriter::new(Replacement::begin(&path)?);
    let footer = copy(&hot, &mut writer, footer).map_err(StoreError::io("compress", &hot))?;
    let finished = writer.finish(&footer).map_err(StoreError::io("compress", &hot))?;
    let (file, members) = finished;
    file.commit_checked(&POINTS, |written| unpacks_to(written, &footer))?;
    Sidecar::of(&path, footer, members)?.write(layout, id)?;
    remove(&hot, "compress.before_remove", "compress.removed")
}

/// Copies the lines, and gives the footer to write. It stays as it is, so that the text of the segment
/// is the same before and after.
fn copy(
    hot: &Path,
    writer: &mut ColdWriter<Replacement>,
    footer: &Footer,
) -> std::io::Result<Footer> {
    let mut reader = BufReader::with_capacity(AT_ONCE, regular::open(hot)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if !facts::is_footer(&line) {
            writer.line(&line)?;
        }
        line.clear();
    }
    writer.cut()?;
    Ok(footer.clone())
}

/// What was compressed is read back before the original goes: this is the only copy.
fn unpacks_to(written: &Path, footer: &Footer) -> Result<(), StoreError> {
    let file = regular::open(written).map_err(StoreError::io("open", written))?;
    let survey = cold::survey(BufReader::new(file)).map_err(StoreError::io("unpack", written))?;
    let is_same = survey.is_some_and(|survey| survey.footer == *footer && survey.is_sound());
    if is_same {
        return Ok(());
    }
    Err(StoreError::corrupt(written, "it does not unpack to the segment that was compressed"))
}

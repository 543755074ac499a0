//! Gives a segment that takes no more events its footer.
//!
//! The writer only renames the active segment, so that events go on at once; the footer is appended on
//! another thread. The writer has counted and digested the lines as it wrote them. Where it has not, because
//! the process was started in between or the file is not as long as what was written, they are read here.
//! A segment without a footer is one whose sealing was broken off, and is finished at the next start.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::facts::FOOTER_START;
use super::footer::{Digest, DigestOf, Footer, Tally};
use super::name::SegmentId;
use crate::back::{Back, BackLines};
use crate::disk::AT_ONCE;
use crate::log::recover::recover;
use crate::register::Held;
use crate::{StoreError, disk, fail, regular};

/// Bytes that a footer has at most, as a rule: the rest of its segment need not be read for it.
const FOOTER_READ: usize = 1024;

/// The footer of a hot segment; `None` if its sealing is not finished.
pub(crate) fn read_footer(path: &Path) -> Result<Option<Footer>, StoreError> {
    let read = || {
        let mut lines = BackLines::expecting(regular::open(path)?, FOOTER_READ)?;
        if lines.data_end()? < lines.len() {
            return Ok(None);
        }
        Ok(match lines.previous()? {
            Some(Back::Line { bytes, .. }) => Footer::read(bytes),
            Some(Back::TooLong { .. }) | None => None,
        })
    };
    read().map_err(StoreError::io("read", path))
}

/// Makes sure that a hot segment has its footer, and gives it. A torn end is put aside first.
/// `counted` is the footer by the account of who wrote the lines; `flaw` is what is known to be wrong with them.
pub(crate) fn finish(
    path: &Path,
    id: SegmentId,
    quarantine: &Path,
    counted: Option<Footer>,
    flaw: Option<String>,
) -> Result<Footer, StoreError> {
    if let Some(footer) = read_footer(path)? {
        return Ok(footer);
    }
    drop_torn_footer(path).map_err(StoreError::io("repair", path))?;
    let aside = recover(path, quarantine)?;
    let flaw = flaw.or_else(|| {
        let n = aside.n_lines;
        (n > 0).then(|| format!("{n} lines at its end held no events and were put aside"))
    });
    // Something may have been appended behind the footer.
    if let Some(footer) = read_footer(path)? {
        return Ok(footer);
    }
    let len = fs::metadata(path).map_err(StoreError::io("look at", path))?.len();
    let footer = match counted.filter(|footer| footer.bytes == len) {
        Some(footer) => footer,
        None => tally(path).map_err(StoreError::io("read", path))?.footer(id),
    };
    let footer = footer.with_flaw(flaw);
    let append = || {
        let mut file = regular::open_to_append(path)?;
        file.write_all(&footer.line())?;
        fail::point("footer.before_sync");
        file.sync_all()
    };
    append().map_err(StoreError::io("seal", path))?;
    fail::point("footer.done");
    Ok(footer)
}

/// Whether the text of any of these states stands at the beginning of a file, so that nothing of it can be missing.
pub(crate) fn begins_as(path: &Path, states: &[Held]) -> Result<bool, StoreError> {
    let is_there = |held: &Held| -> io::Result<bool> {
        let mut text = regular::open(path)?.take(held.bytes);
        let (mut digest, mut chunk) = (Digest::default(), vec![0; AT_ONCE]);
        loop {
            match text.read(&mut chunk)? {
                0 => return Ok(text.limit() == 0 && digest.sha256() == held.sha256),
                n => digest.add(chunk.get(..n).unwrap_or_default()),
            }
        }
    };
    let texts = states.iter().filter(|held| held.sha256_of == DigestOf::Text);
    for held in texts {
        if is_there(held).map_err(StoreError::io("read", path))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Counts and digests the lines of a segment; its footer is none of them.
pub(crate) fn tally(path: &Path) -> io::Result<Tally> {
    let mut reader = BufReader::with_capacity(AT_ONCE, regular::open(path)?);
    let (mut tally, mut line) = (Tally::default(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        if Footer::read(line.trim_ascii_end()).is_none() {
            tally.add(&line);
        }
        line.clear();
    }
    Ok(tally)
}

/// Half a footer is nobody's data: it is cut off, not put aside.
fn drop_torn_footer(path: &Path) -> io::Result<()> {
    let mut file = regular::open_to_mend(path)?;
    let end = BackLines::new(&mut file)?.data_end()?;
    file.seek(SeekFrom::Start(end))?;
    let mut torn = Vec::new();
    (&mut file).take(FOOTER_START.len() as u64).read_to_end(&mut torn)?;
    if !torn.is_empty() && FOOTER_START.starts_with(&torn) {
        disk::cut(&file, end, "footer.before_cut", "footer.cut")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn id() -> SegmentId {
        SegmentId::parse("20270115T083000Z-0708090a").unwrap()
    }

    /// Finishes a segment of this content; its text up to the footer, and what was put aside.
    fn check(content: &str, expect: &str, n_aside: usize) {
        let temp = tempfile::tempdir().unwrap();
        let (path, aside) = (temp.path().join("s.ndjson"), temp.path().join("quarantine"));
        fs::write(&path, content).unwrap();
        let footer = finish(&path, id(), &aside, None, None).unwrap();
        let line = String::from_utf8(footer.line()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{expect}{line}"));
        assert_eq!(fs::read_dir(&aside).map_or(0, Iterator::count), n_aside);
        // Again, it is found and nothing changes.
        assert_eq!(finish(&path, id(), &aside, None, None).unwrap(), footer);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{expect}{line}"));
    }

    #[test]
    fn a_segment_gets_one_footer() {
        check("", "", 0);
        check(&fixture::line(1), &fixture::line(1), 0);
    }

    #[test]
    fn a_torn_end_is_put_aside_and_half_a_footer_is_cut_off() {
        let line = fixture::line(1);
        check(&format!("{line}{{\"event_type\":\"resp"), &line, 1);
        check(&format!("{line}{{\"event_type\":\"segment_footer\",\"n_ev"), &line, 0);
        check(&format!("{line}{{\"event_t"), &line, 0);
    }

    #[test]
    fn what_is_appended_behind_the_footer_is_put_aside() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s.ndjson");
        fs::write(&path, fixture::line(1)).unwrap();
        let footer = finish(&path, id(), &temp.path().join("q"), None, None).unwrap();
        let sealed = fs::read(&path).unwrap();
        fs::write(&path, [&sealed[..], b"junk"].concat()).unwrap();
        assert_eq!(finish(&path, id(), &temp.path().join("q"), None, None).unwrap(), footer);
        assert_eq!(fs::read(&path).unwrap(), sealed);
    }

    #[test]
    fn a_footer_of_another_length_is_not_taken() {
        let temp = tempfile::tempdir().unwrap();
        let (path, aside) = (temp.path().join("s.ndjson"), temp.path().join("q"));
        fs::write(&path, fixture::line(1)).unwrap();
        let counted = tally(&path).unwrap().footer(id());
        fs::write(&path, fixture::line(1) + &fixture::line(2)).unwrap();
        assert_eq!(finish(&path, id(), &aside, Some(counted), None).unwrap().n_events, 2);
    }
}

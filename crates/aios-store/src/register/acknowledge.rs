//! Losses that somebody has taken note of.
//!
//! What was lost and cannot be restored would be named for ever, and whoever is told the same each day does not hear of the
//! next. So a loss has a name, which is made of what is lost and of what is left: one that grows, or a file that is changed
//! otherwise, has another name, and is told anew. An acknowledgement makes nothing readable: whoever judges that time still
//! knows that events of it are missing. It lasts as long as the loss: of what came back and is lost again somebody hears.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use aios_core::{REASON_MAX, Reason, Timestamp};
use aios_privacy::{RedactedText, Redactor};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Fact, Held, Shortfall, keep, note, shortfalls};
use crate::{AuditAction, AuditLog, DataDir, Segments, StoreError, hex, regular};

/// Bytes of the digest that stand in a name.
const NAME_BYTES: usize = 6;

/// What was said of a loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The loss, as it was then.
    pub loss: String,
    /// Who has taken note of it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why it stays one.
    pub reason: RedactedText,
    /// None of what is lost is younger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ts: Option<Timestamp>,
}

/// What is left of where the lost events were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rest {
    /// Nothing, or nothing that could be looked at.
    Nothing,
    /// What the segment's footer says of it.
    Footed(Held),
    /// A file without a footer that can be read: its bytes speak for themselves.
    Bytes,
}

/// What a name is made of.
#[derive(Serialize)]
struct Named<'a> {
    /// The segment, else the file and what was lost of it.
    of: String,
    n_events: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    rest: &'a Rest,
    /// Digest of what is left, where nothing else says what it is.
    sha256: Option<String>,
    /// How many stand before it that are the same in all of this: each is a loss of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_alike: Option<u64>,
}

impl Named<'_> {
    fn name(&self) -> String {
        let text = serde_json::to_vec(self).expect("its keys are text");
        hex::encode(Sha256::digest(text).get(..NAME_BYTES).unwrap_or_default())
    }
}

impl Shortfall {
    fn named(&self) -> Result<Named<'_>, StoreError> {
        let sha256 = match self.rest {
            Rest::Bytes => Some(digest(&self.path).map_err(StoreError::io("read", &self.path))?),
            Rest::Nothing | Rest::Footed(_) => None,
        };
        let of = match self.segment {
            Some(segment) => segment.to_string(),
            None => format!("{} {}", file_name(&self.path), self.why),
        };
        let Self { n_events, first, last, ref rest, .. } = *self;
        Ok(Named { of, n_events, first, last, rest, sha256, n_alike: None })
    }
}

/// Names losses, as they are now: all that there are, in the order in which they were found. No two have one name; one
/// whose rest cannot be read has none.
pub(crate) fn names(short: &[Shortfall]) -> Vec<Result<String, StoreError>> {
    let mut n_alike = BTreeMap::<_, u64>::new();
    let mut name = |short: &Shortfall| -> Result<String, StoreError> {
        let named = short.named()?;
        let n = n_alike.entry(named.name()).or_default();
        let n_before = *n;
        *n += 1;
        let n_alike = (n_before > 0).then_some(n_before);
        Ok(Named { n_alike, ..named }.name())
    };
    short.iter().map(&mut name).collect()
}

/// Takes note of a loss in the name of `by`, on record: `loss` is the name that [`verify`](crate::verify) gives it. Done
/// twice it comes to the same.
///
/// # Errors
/// When no loss of now has this name, the reason says nothing or too much, or it cannot be put on record.
pub fn acknowledge_loss(
    dir: &DataDir,
    audit: &AuditLog,
    loss: &str,
    reason: &str,
    redactor: &Redactor,
    by: &str,
    now: Timestamp,
) -> Result<Acknowledged, StoreError> {
    let said = Reason::said(reason);
    let said = said.map_err(|_| StoreError::LossReason { max: REASON_MAX })?;
    if let Some(known) = acknowledged(dir)?.remove(loss) {
        return Ok(known);
    }
    let short = named(dir, loss)?.ok_or_else(|| StoreError::NoLoss { loss: loss.to_owned() })?;
    let known = Acknowledged {
        loss: loss.to_owned(),
        by: by.to_owned(),
        at: now,
        reason: redactor.redact(said.as_str()).text,
        last_ts: short.last,
    };
    // On record first: what stands in the register alone was written by nobody.
    let action = AuditAction::LossAcknowledged { loss: loss.to_owned(), n_events: short.n_events };
    audit.append(now, by, action)?;
    note(dir, &[Fact::Acknowledged(known.clone())])?;
    audit.witness_segments(now)?;
    Ok(known)
}

/// What was acknowledged, by the name of the loss.
pub(crate) fn acknowledged(dir: &DataDir) -> Result<BTreeMap<String, Acknowledged>, StoreError> {
    keep::look(dir, |register| Ok(register.acknowledged.clone()))
}

fn named(dir: &DataDir, loss: &str) -> Result<Option<Shortfall>, StoreError> {
    let short = shortfalls(dir, &Segments::of(dir).list()?)?;
    let mut named = names(&short).into_iter().zip(short);
    // One that has no name keeps no other from being found.
    let found = named.find(|(name, _)| name.as_ref().is_ok_and(|name| name == loss));
    Ok(found.map(|(_, short)| short))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = regular::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(&hasher.finalize())),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

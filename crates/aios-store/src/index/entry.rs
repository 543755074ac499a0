//! The row of an event as it stands in a pack.

use aios_core::{
    Bucket, EventId, MemoryUse, Operation, Outcome, Purpose, ResponseEvent, Tier, Timestamp, Weight,
};
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

use super::database::Code;

/// The narrow facts of an event, with names and what is one of few as [`Code`]s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    /// When it was admitted, in microseconds since 1970, to the millisecond.
    pub(super) ts: i64,
    /// Where its line begins in the segment's text.
    pub(super) offset: u64,
    pub(super) event_id: [u8; 16],
    #[serde(borrow)]
    pub(super) conv: &'a [u8],
    #[serde(borrow)]
    pub(super) subject: Option<&'a [u8]>,
    pub(super) operation: u8,
    pub(super) tier: u8,
    pub(super) source: Option<u8>,
    pub(super) bucket: u8,
    pub(super) boundary: f64,
    pub(super) weight: Option<f64>,
    pub(super) outcome: u8,
    pub(super) status: u16,
    pub(super) latency_ms: f64,
    pub(super) first_ms: Option<f64>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cost_usd: Option<f64>,
    pub(super) simulated: bool,
    /// Whether what the memory had found was given, or withheld by chance.
    pub(super) memory: Option<bool>,
    pub(super) purpose: u8,
    /// When the answer was admitted that this goes on from, in milliseconds since 1970.
    pub(super) previous_ms: Option<i64>,
    /// It asks the same again.
    pub(super) asked_again: bool,
}

impl<'a> Entry<'a> {
    /// That of an event whose line is at the beginning of a text; the codes are those of its names.
    pub(super) fn of(event: &ResponseEvent, conv: &'a [u8], subject: Option<&'a [u8]>) -> Self {
        Self {
            // As exact as its line.
            ts: event.ts.as_micros().div_euclid(1_000) * 1_000,
            offset: 0,
            event_id: *event.event_id.as_bytes(),
            conv,
            subject,
            operation: Code::byte(&Operation::ALL, &event.operation),
            tier: Code::byte(&Tier::ALL, &event.tier),
            source: event.source.map(|source| Code::byte(&Tier::ALL, &source)),
            bucket: Code::byte(&Bucket::ALL, &event.bucket),
            boundary: event.boundary.get(),
            weight: event.weight.map(Weight::get),
            outcome: Code::byte(&Outcome::ALL, &event.outcome),
            status: event.status,
            latency_ms: event.timings.latency_ms,
            first_ms: event.timings.time_to_first_token_ms,
            input_tokens: event.tokens.input_tokens,
            output_tokens: event.tokens.output_tokens,
            cost_usd: event.cost_usd,
            simulated: event.simulated,
            memory: event.memory.as_ref().and_then(MemoryUse::is_given),
            purpose: Code::byte(&Purpose::ALL, &event.purpose),
            previous_ms: event.previous.map(|about| about.at().as_micros().div_euclid(1_000)),
            asked_again: event.asked_again,
        }
    }

    /// Puts it behind others.
    pub(super) fn pack(&self, mut rows: Vec<u8>) -> rusqlite::Result<Vec<u8>> {
        let len = rows.len();
        rows = postcard::to_extend(self, rows).map_err(|error| {
            rusqlite::Error::ToSqlConversionFailure(format!("row at {len}: {error}").into())
        })?;
        Ok(rows)
    }

    /// Those of a pack, in the order of the segment.
    pub(super) fn all(mut rows: &'a [u8]) -> impl Iterator<Item = rusqlite::Result<Self>> {
        std::iter::from_fn(move || {
            (!rows.is_empty()).then(|| match postcard::take_from_bytes(rows) {
                Ok((entry, left)) => {
                    rows = left;
                    Ok(entry)
                }
                Err(_) => {
                    rows = &[];
                    Err(damaged())
                }
            })
        })
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.ts)
    }

    pub(super) fn id(&self) -> EventId {
        EventId::from_bytes(self.event_id)
    }

    pub(super) fn operation(&self) -> rusqlite::Result<Operation> {
        one_of(&Operation::ALL, self.operation)
    }

    pub(super) fn tier(&self) -> rusqlite::Result<Tier> {
        one_of(&Tier::ALL, self.tier)
    }

    pub(super) fn source(&self) -> rusqlite::Result<Option<Tier>> {
        self.source.map(|source| one_of(&Tier::ALL, source)).transpose()
    }

    pub(super) fn bucket(&self) -> rusqlite::Result<Bucket> {
        one_of(&Bucket::ALL, self.bucket)
    }

    pub(super) fn outcome(&self) -> rusqlite::Result<Outcome> {
        one_of(&Outcome::ALL, self.outcome)
    }

    pub(super) fn purpose(&self) -> rusqlite::Result<Purpose> {
        one_of(&Purpose::ALL, self.purpose)
    }
}

fn one_of<T: Copy>(all: &[T], code: u8) -> rusqlite::Result<T> {
    Code::at(all, code.into()).ok_or_else(damaged)
}

/// A pack that is none: the index is made anew of the log.
pub(super) fn damaged() -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(0, "rows".to_owned(), Type::Blob)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry<'a>(conv: &'a [u8], subject: Option<&'a [u8]>, n: u64, share: f64) -> Entry<'a> {
        let one_in = |m: u64| n.is_multiple_of(m);
        Entry {
            ts: n as i64,
            offset: n,
            event_id: [n as u8; 16],
            conv,
            subject,
            operation: 0,
            tier: 1,
            source: (!one_in(3)).then_some((n % 2) as u8),
            bucket: (n % 2) as u8,
            boundary: share,
            weight: (!one_in(5)).then_some(share),
            outcome: 0,
            status: 200,
            latency_ms: share * 1e6,
            first_ms: (!one_in(7)).then_some(share),
            input_tokens: (!one_in(11)).then_some(n),
            output_tokens: None,
            cost_usd: None,
            simulated: one_in(2),
            memory: (!one_in(3)).then_some(one_in(2)),
            purpose: 0,
            previous_ms: (!one_in(4)).then_some(-(n as i64)),
            asked_again: one_in(8),
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_in_its_order(
            all in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..30), any::<u64>(), 0.0_f64..1.0), 0..40,
            ),
        ) {
            let entries: Vec<_> = all
                .iter()
                .map(|(name, n, share)| entry(name, n.is_multiple_of(2).then_some(&**name), *n, *share))
                .collect();
            let mut rows = Vec::new();
            for entry in &entries {
                rows = entry.pack(rows).unwrap();
            }
            let found: Vec<_> = Entry::all(&rows).map(Result::unwrap).collect();
            prop_assert_eq!(found, entries);
        }

        #[test]
        fn what_is_no_pack_is_damage_and_ends(rows in proptest::collection::vec(any::<u8>(), 0..200)) {
            // At most a row for each byte, and nothing after the first that is none.
            let found: Vec<_> = Entry::all(&rows).collect();
            let n_bad = found.iter().filter(|entry| entry.is_err()).count();
            prop_assert!(found.len() <= rows.len() && n_bad <= 1);
            prop_assert!(n_bad == 0 || found.last().is_some_and(Result::is_err));
        }
    }

    #[test]
    fn a_code_of_nothing_is_damage() {
        let all = Entry { bucket: 9, source: Some(7), ..entry(b"c1_x", None, 1, 0.5) };
        assert!(all.bucket().is_err() && all.source().is_err() && all.tier().is_ok());
    }
}

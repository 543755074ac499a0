//! How the words of the vocabulary stand in the API's document: each lists what it can be, from the same list that
//! the code goes through.

use std::borrow::Cow;
use std::marker::PhantomData;

use aios_core::{Bucket, GoldenGate, Operation, Outcome, Purpose, Tier, Verdict};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::alerts::Severity;

/// One of a list of words.
pub(crate) struct Word<T>(PhantomData<T>);

/// A word that is one of a list.
pub(crate) trait Listed {
    /// What it is called in the document.
    const NAME: &'static str;

    /// Everything that it can be.
    fn all() -> Vec<&'static str>;
}

macro_rules! listed {
    ($($word:ident),+ $(,)?) => {
        $(impl Listed for $word {
            const NAME: &'static str = stringify!($word);

            fn all() -> Vec<&'static str> {
                Self::ALL.iter().map(|one| one.name()).collect()
            }
        })+
    };
}

listed!(Bucket, GoldenGate, Operation, Outcome, Purpose, Severity, Tier, Verdict);

impl<T: Listed> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::all() })
    }
}

/// A time, such as `2027-01-15T08:00:00.123Z`.
pub(crate) struct Time;

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

//! How the words of the vocabulary stand in the API's document: each lists what it can be, from the same list that
//! the code goes through.

use std::borrow::Cow;
use std::marker::PhantomData;

use aios_control::Phase;
use aios_core::{
    Actor, Bucket, GoldenGate, Operation, Outcome, Profile, Purpose, Tier, Verdict, VerdictReason,
};
use aios_store::{ErasureState, Refusal, Revised};
use aios_upstream::{BreakerState, ServerKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::admin::scope::Scope;
use crate::alerts::Severity;
use crate::nightly::StepState;

/// One of a list of words.
pub(crate) struct Word<T>(PhantomData<T>);

/// A word that is one of a list.
pub(crate) trait Listed {
    /// What it is called in the document.
    const NAME: &'static str;

    /// Everything that it can be.
    fn all() -> Vec<String>;
}

macro_rules! listed {
    ($($word:ident),+ $(,)?) => {
        $(impl Listed for $word {
            const NAME: &'static str = stringify!($word);

            fn all() -> Vec<String> {
                Self::ALL.iter().map(|one| one.name().to_owned()).collect()
            }
        })+
    };
}

listed!(Bucket, GoldenGate, Operation, Outcome, Purpose, Scope, Severity, Tier, Verdict);

/// Those that have no list of their own: one that is left out does not compile.
macro_rules! spelled {
    ($($word:ident { $($one:ident),+ $(,)? })+) => {
        $(impl Listed for $word {
            const NAME: &'static str = stringify!($word);

            fn all() -> Vec<String> {
                let written = |one| match one {
                    $(Self::$one)|+ => serde_json::json!(one).as_str().unwrap_or_default().to_owned(),
                };
                [$(Self::$one),+].into_iter().map(written).collect()
            }
        })+
    };
}

spelled! {
    Actor { Controller, Operator }
    BreakerState { Closed, HalfOpen, Open }
    ErasureState {
        Requested, Planned, Waiting, Ledgered, Fenced, Rewriting, Verified, Completed, Incomplete,
    }
    Phase { Off, Running, RolledBack, Promoted }
    Profile { Golden, Traffic }
    Refusal { Erased, Policy, Empty, TooLong, Id }
    Revised { Done, Unknown, Circle }
    ServerKind { Auto, LmStudio, Ollama, LlamaCpp, Vllm, OpenAi, Simulated }
    StepState { Done, Skipped, Violation, Failed }
    VerdictReason {
        WithinMargins, Harm, CriticalHarm, ObjectivesMet, ObjectiveBroken, NoNewData, Inconclusive,
        SampleRatioMismatch, ControlUnhealthy,
    }
}

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
